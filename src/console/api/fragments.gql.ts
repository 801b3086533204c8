// Made by scripts/console-operations.mjs from the .graphql file beside it and the schema; not to be edited.
import type { Action, Collection } from "./schema.gql.ts"

export type ProfileName = {
  readonly segmentId: string
  readonly collection: Collection
  readonly traits: {
    readonly edges: ReadonlyArray<{ readonly node: { readonly key: string; readonly value: unknown | null } }>
  }
}

export type IdValue = { readonly type: string; readonly id: string; readonly collection: Collection }

export type Outcome = {
  readonly messageId: string
  readonly action: Action
  readonly demoted: number
  readonly mapped: number
  readonly merged: number
  readonly violations: number
  readonly reason: string | null
  readonly profile: { readonly segmentId: string } | null
}

// Made by scripts/console-operations.mjs from the .graphql file beside it and the schema; not to be edited.
import type { Operation } from "../api/operation.ts"
import type { SearchClass, SearchHitKind, SearchMatch } from "../api/schema.gql.ts"
import type { IdValue } from "../api/fragments.gql.ts"

export type ShellFactsData = {
  readonly space: {
    readonly profileCount: number
    readonly connections: ReadonlyArray<{ readonly source: { readonly id: string } }>
    readonly rules: { readonly version: number } | null
  } | null
}

export interface ShellFactsVariables {
  readonly space: string
}

export const shellFacts: Operation<ShellFactsData, ShellFactsVariables> = {
  name: "ShellFacts",
  text: "query ShellFacts($space: ID!) { space(id: $space) { profileCount connections { source { id } } rules { version } } }"
}

export type ShellPulseData = {
  readonly pulse: {
    readonly at: string
    readonly perSecond: number
    readonly lastMinute: ReadonlyArray<number>
    readonly discardedLastMinute: number
  }
}

export interface ShellPulseVariables {
  readonly space: string
}

export const shellPulse: Operation<ShellPulseData, ShellPulseVariables> = {
  name: "ShellPulse",
  text: "query ShellPulse($space: ID!) { pulse(spaceId: $space) { at perSecond lastMinute discardedLastMinute } }"
}

export type PaletteSearchData = {
  readonly search: {
    readonly class: SearchClass
    readonly identifier: IdValue | null
    readonly hits: ReadonlyArray<{
      readonly kind: SearchHitKind
      readonly match: SearchMatch
      readonly id: string
      readonly title: string
      readonly text: string
      readonly spaceId: string | null
      readonly profile: { readonly segmentId: string } | null
    }>
  }
}

export interface PaletteSearchVariables {
  readonly space: string
  readonly text: string
}

export const paletteSearch: Operation<PaletteSearchData, PaletteSearchVariables> = {
  name: "PaletteSearch",
  text: "query PaletteSearch($space: ID!, $text: String!) { search(spaceId: $space, text: $text) { class identifier { ...IdValue } hits { kind match id title text spaceId profile { segmentId } } } } fragment IdValue on ExternalIdValue { type id collection }"
}

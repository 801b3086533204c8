// Made by scripts/console-operations.mjs from the .graphql file beside it and the schema; not to be edited.
import type { Operation } from "./api/operation.ts"
import type { EventType, ProfileRef } from "./api/schema.gql.ts"

export type PersonData = {
  readonly profile: {
    readonly segmentId: string
    readonly traits: {
      readonly edges: ReadonlyArray<{
        readonly node: { readonly key: string; readonly value: unknown | null; readonly updatedAt: string }
      }>
    }
    readonly metadata: { readonly updatedAt: string; readonly mergeCount: number }
  } | null
}

export interface PersonVariables {
  readonly space: string
  readonly by: ProfileRef
}

export const person: Operation<PersonData, PersonVariables> = {
  name: "Person",
  text: "query Person($space: ID!, $by: ProfileRef!) { profile(spaceId: $space, by: $by) { segmentId traits(first: 200) { edges { node { key value updatedAt } } } metadata { updatedAt mergeCount } } }"
}

export type PersonEventsData = {
  readonly profile: {
    readonly events: {
      readonly edges: ReadonlyArray<{ readonly node: PersonEvent }>
      readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
    }
  } | null
}

export interface PersonEventsVariables {
  readonly space: string
  readonly by: ProfileRef
  readonly after?: string | null | undefined
}

export const personEvents: Operation<PersonEventsData, PersonEventsVariables> = {
  name: "PersonEvents",
  text: "query PersonEvents($space: ID!, $by: ProfileRef!, $after: String) { profile(spaceId: $space, by: $by) { events(first: 10, after: $after) { edges { node { ...PersonEvent } } pageInfo { hasNextPage endCursor } } } } fragment PersonEvent on Event { messageId type event timestamp }"
}

export type PersonEvent = {
  readonly messageId: string
  readonly type: EventType
  readonly event: string | null
  readonly timestamp: string
}

// Made by scripts/console-operations.mjs from the .graphql file beside it and the schema; not to be edited.
import type { Operation } from "../../api/operation.ts"
import type { EventType } from "../../api/schema.gql.ts"

export type SourceEventsData = {
  readonly liveEvents: ReadonlyArray<{
    readonly id: string
    readonly receivedAt: string
    readonly messageId: string | null
    readonly type: EventType | null
    readonly event: string | null
    readonly identifier: string | null
    readonly raw: unknown
  }>
}

export interface SourceEventsVariables {
  readonly space: string
  readonly source: string
}

export const sourceEvents: Operation<SourceEventsData, SourceEventsVariables> = {
  name: "SourceEvents",
  text: "query SourceEvents($space: ID!, $source: ID!) { liveEvents( spaceId: $space first: 30 filter: {statuses: [ACCEPTED], sourceIds: [$source]} ) { id receivedAt messageId type event identifier raw } }"
}

// Made by scripts/console-operations.mjs from the .graphql file beside it and the schema; not to be edited.
import type { Operation } from "../../api/operation.ts"
import type { EventStatus, EventType, LiveEventFilter } from "../../api/schema.gql.ts"
import type { Outcome } from "../../api/fragments.gql.ts"

export type LiveEventsData = {
  readonly liveEvents: ReadonlyArray<{
    readonly id: string
    readonly receivedAt: string
    readonly status: EventStatus
    readonly code: string | null
    readonly message: string | null
    readonly sourceId: string
    readonly sourceName: string
    readonly messageId: string | null
    readonly type: EventType | null
    readonly event: string | null
    readonly identifier: string | null
    readonly raw: unknown
    readonly sampledOneIn: number
    readonly outcome: Outcome | null
  }>
  readonly sourceSeries: {
    readonly from: string
    readonly accepted: ReadonlyArray<number>
    readonly discarded: ReadonlyArray<number>
    readonly duplicates: ReadonlyArray<number>
    readonly stepSeconds: number
  }
}

export interface LiveEventsVariables {
  readonly space: string
  readonly filter?: LiveEventFilter | null | undefined
}

export const liveEvents: Operation<LiveEventsData, LiveEventsVariables> = {
  name: "LiveEvents",
  text: "query LiveEvents($space: ID!, $filter: LiveEventFilter) { liveEvents(spaceId: $space, filter: $filter, first: 100) { id receivedAt status code message sourceId sourceName messageId type event identifier raw sampledOneIn outcome { ...Outcome } } sourceSeries(spaceId: $space, minutes: 60) { from accepted discarded duplicates stepSeconds } } fragment Outcome on EventOutcome { messageId action demoted mapped merged violations reason profile { segmentId } }"
}

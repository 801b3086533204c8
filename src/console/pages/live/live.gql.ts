// Made by scripts/console-operations.mjs from the .graphql file beside it and the schema; not to be edited.
import type { Operation } from "../../api/operation.ts"
import type {
  ErrorKind,
  EventStatus,
  EventType,
  LiveEventFilter,
  StopKind,
  SuccessKind,
  ViolationKind,
  Window
} from "../../api/schema.gql.ts"
import type { IdValue, Outcome } from "../../api/fragments.gql.ts"

export type LiveMessage = {
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
  readonly resume: string
  readonly outcome: Outcome | null
}

export type LiveEventsData = { readonly liveEvents: ReadonlyArray<LiveMessage> }

export interface LiveEventsVariables {
  readonly space: string
  readonly filter?: LiveEventFilter | null | undefined
}

export const liveEvents: Operation<LiveEventsData, LiveEventsVariables> = {
  name: "LiveEvents",
  text: "query LiveEvents($space: ID!, $filter: LiveEventFilter) { liveEvents(spaceId: $space, filter: $filter, first: 500) { ...LiveMessage } } fragment LiveMessage on LiveEvent { id receivedAt status code message sourceId sourceName messageId type event identifier raw sampledOneIn resume outcome { ...Outcome } } fragment Outcome on EventOutcome { messageId action demoted mapped merged violations reason profile { segmentId } }"
}

export type FollowLiveEventsData = { readonly liveEvents: LiveMessage }

export interface FollowLiveEventsVariables {
  readonly space: string
  readonly filter?: LiveEventFilter | null | undefined
  readonly resume?: string | null | undefined
}

export const followLiveEvents: Operation<FollowLiveEventsData, FollowLiveEventsVariables> = {
  name: "FollowLiveEvents",
  text: "subscription FollowLiveEvents($space: ID!, $filter: LiveEventFilter, $resume: String) { liveEvents(spaceId: $space, filter: $filter, resume: $resume) { ...LiveMessage } } fragment LiveMessage on LiveEvent { id receivedAt status code message sourceId sourceName messageId type event identifier raw sampledOneIn resume outcome { ...Outcome } } fragment Outcome on EventOutcome { messageId action demoted mapped merged violations reason profile { segmentId } }"
}

export type LiveOutcomesData = { readonly outcomes: ReadonlyArray<Outcome | null> }

export interface LiveOutcomesVariables {
  readonly space: string
  readonly ids: ReadonlyArray<string>
}

export const liveOutcomes: Operation<LiveOutcomesData, LiveOutcomesVariables> = {
  name: "LiveOutcomes",
  text: "query LiveOutcomes($space: ID!, $ids: [String!]!) { outcomes(spaceId: $space, messageIds: $ids) { ...Outcome } } fragment Outcome on EventOutcome { messageId action demoted mapped merged violations reason profile { segmentId } }"
}

export type LiveSeriesData = {
  readonly sourceSeries: {
    readonly from: string
    readonly accepted: ReadonlyArray<number>
    readonly discarded: ReadonlyArray<number>
    readonly duplicates: ReadonlyArray<number>
    readonly stepSeconds: number
  }
}

export interface LiveSeriesVariables {
  readonly space: string
  readonly sources?: ReadonlyArray<string> | null | undefined
}

export const liveSeries: Operation<LiveSeriesData, LiveSeriesVariables> = {
  name: "LiveSeries",
  text: "query LiveSeries($space: ID!, $sources: [ID!]) { sourceSeries(spaceId: $space, sourceIds: $sources, minutes: 60) { from accepted discarded duplicates stepSeconds } }"
}

export type LiveJourneyData = {
  readonly event: {
    readonly stops: ReadonlyArray<{ readonly kind: StopKind; readonly at: string | null; readonly text: string }>
    readonly resolution: {
      readonly summary: string
      readonly rulesVersion: number
      readonly violations: ReadonlyArray<{
        readonly id: string
        readonly violation: ViolationKind | null
        readonly error: ErrorKind | null
        readonly identifier: IdValue | null
        readonly breachedType: string | null
        readonly count: number | null
        readonly limit: number | null
        readonly window: Window | null
        readonly nextStep: string | null
      }>
      readonly successes: ReadonlyArray<{
        readonly id: string
        readonly success: SuccessKind | null
        readonly identifier: IdValue | null
      }>
    } | null
  } | null
}

export interface LiveJourneyVariables {
  readonly space: string
  readonly message: string
}

export const liveJourney: Operation<LiveJourneyData, LiveJourneyVariables> = {
  name: "LiveJourney",
  text: "query LiveJourney($space: ID!, $message: String!) { event(spaceId: $space, messageId: $message) { stops { kind at text } resolution { summary rulesVersion violations { id violation error identifier { ...IdValue } breachedType count limit window nextStep } successes { id success identifier { ...IdValue } } } } } fragment IdValue on ExternalIdValue { type id collection }"
}

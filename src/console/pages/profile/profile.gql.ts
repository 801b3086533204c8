// Made by scripts/console-operations.mjs from the .graphql file beside it and the schema; not to be edited.
import type { Operation } from "../../api/operation.ts"
import type {
  Collection,
  EventType,
  HistoryKind,
  SplitInput,
  TimeRange,
  TraitClass,
  Window
} from "../../api/schema.gql.ts"
import type { IdValue, ProfileName } from "../../api/fragments.gql.ts"
import type { Insight } from "../insights/insights.gql.ts"

export type ProfileHeadData = {
  readonly profile:
    | (ProfileName & {
        readonly requestedId: string
        readonly mergePath: ReadonlyArray<string>
        readonly masked: boolean
        readonly metadata: {
          readonly createdAt: string
          readonly updatedAt: string
          readonly lastMessageId: string | null
          readonly lastSourceId: string | null
          readonly mergeCount: number
          readonly mappingCount: number
        }
        readonly separatedFrom: ReadonlyArray<{ readonly segmentId: string }>
        readonly links: { readonly totalCount: number }
        readonly violationCount: { readonly totalCount: number }
      })
    | null
}

export interface ProfileHeadVariables {
  readonly space: string
  readonly collection: Collection
  readonly id: string
}

export const profileHead: Operation<ProfileHeadData, ProfileHeadVariables> = {
  name: "ProfileHead",
  text: 'query ProfileHead($space: ID!, $collection: Collection!, $id: ID!) { profile(spaceId: $space, collection: $collection, by: {segmentId: $id}) { ...ProfileName requestedId mergePath masked metadata { createdAt updatedAt lastMessageId lastSourceId mergeCount mappingCount } separatedFrom { segmentId } links(first: 1) { totalCount } violationCount: violations(first: 1) { totalCount } } } fragment ProfileName on Profile { segmentId collection traits( keys: ["name", "first_name", "last_name", "firstName", "lastName", "email"] first: 6 ) { edges { node { key value } } } }'
}

export type ProfileIdentitiesData = {
  readonly profile: {
    readonly identifierCounts: ReadonlyArray<{ readonly type: string; readonly count: number }>
    readonly externalIds: {
      readonly totalCount: number
      readonly edges: ReadonlyArray<{
        readonly node: {
          readonly mappingId: string
          readonly type: string
          readonly id: string
          readonly createdAt: string
          readonly addedAt: string
          readonly sourceName: string | null
          readonly firstMessageId: string | null
          readonly originSegmentId: string
        }
      }>
      readonly pageInfo: { readonly hasNextPage: boolean }
    }
    readonly merges: {
      readonly totalCount: number
      readonly edges: ReadonlyArray<{
        readonly node: {
          readonly id: string
          readonly from: string
          readonly into: string
          readonly at: string
          readonly messageId: string | null
          readonly eventName: string | null
          readonly eventType: EventType | null
          readonly active: boolean
        }
      }>
    }
    readonly links: {
      readonly totalCount: number
      readonly edges: ReadonlyArray<{
        readonly node: {
          readonly createdAt: string
          readonly to: ProfileName & {
            readonly externalIds: {
              readonly edges: ReadonlyArray<{ readonly node: { readonly type: string; readonly id: string } }>
            }
          }
        }
      }>
    }
  } | null
  readonly space: {
    readonly rules: {
      readonly version: number
      readonly identifiers: ReadonlyArray<{
        readonly type: string
        readonly collection: Collection
        readonly limit: number
        readonly window: Window
        readonly rank: number
        readonly enabled: boolean
      }>
    } | null
  } | null
}

export interface ProfileIdentitiesVariables {
  readonly space: string
  readonly collection: Collection
  readonly id: string
}

export const profileIdentities: Operation<ProfileIdentitiesData, ProfileIdentitiesVariables> = {
  name: "ProfileIdentities",
  text: 'query ProfileIdentities($space: ID!, $collection: Collection!, $id: ID!) { profile(spaceId: $space, collection: $collection, by: {segmentId: $id}) { identifierCounts { type count } externalIds(first: 100) { totalCount edges { node { mappingId type id createdAt addedAt sourceName firstMessageId originSegmentId } } pageInfo { hasNextPage } } merges(last: 20) { totalCount edges { node { id from into at messageId eventName eventType active } } } links(first: 20) { totalCount edges { node { createdAt to { ...ProfileName externalIds(first: 1) { edges { node { type id } } } } } } } } space(id: $space) { rules { version identifiers { type collection limit window rank enabled } } } } fragment ProfileName on Profile { segmentId collection traits( keys: ["name", "first_name", "last_name", "firstName", "lastName", "email"] first: 6 ) { edges { node { key value } } } }'
}

export type ProfileTraitsData = {
  readonly profile: {
    readonly traits: {
      readonly edges: ReadonlyArray<{
        readonly node: {
          readonly key: string
          readonly value: unknown | null
          readonly class: TraitClass
          readonly sourceName: string | null
          readonly updatedAt: string
          readonly messageId: string | null
        }
      }>
      readonly pageInfo: { readonly hasNextPage: boolean }
    }
  } | null
}

export interface ProfileTraitsVariables {
  readonly space: string
  readonly collection: Collection
  readonly id: string
}

export const profileTraits: Operation<ProfileTraitsData, ProfileTraitsVariables> = {
  name: "ProfileTraits",
  text: "query ProfileTraits($space: ID!, $collection: Collection!, $id: ID!) { profile(spaceId: $space, collection: $collection, by: {segmentId: $id}) { traits(first: 200) { edges { node { key value class sourceName updatedAt messageId } } pageInfo { hasNextPage } } } }"
}

export type ProfileEventsData = {
  readonly profile: {
    readonly events: {
      readonly edges: ReadonlyArray<{
        readonly node: {
          readonly messageId: string
          readonly type: EventType
          readonly event: string | null
          readonly timestamp: string
          readonly sourceId: string
          readonly properties: unknown | null
          readonly externalIds: ReadonlyArray<IdValue>
          readonly stampedSegmentId: string | null
          readonly raw: unknown
        }
      }>
      readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
    }
  } | null
}

export interface ProfileEventsVariables {
  readonly space: string
  readonly collection: Collection
  readonly id: string
  readonly types?: ReadonlyArray<EventType> | null | undefined
  readonly after?: string | null | undefined
}

export const profileEvents: Operation<ProfileEventsData, ProfileEventsVariables> = {
  name: "ProfileEvents",
  text: "query ProfileEvents($space: ID!, $collection: Collection!, $id: ID!, $types: [EventType!], $after: String) { profile(spaceId: $space, collection: $collection, by: {segmentId: $id}) { events(first: 40, after: $after, types: $types) { edges { node { messageId type event timestamp sourceId properties externalIds { ...IdValue } stampedSegmentId raw } } pageInfo { hasNextPage endCursor } } } } fragment IdValue on ExternalIdValue { type id collection }"
}

export type ProfileTimelineData = {
  readonly profile: {
    readonly events: {
      readonly edges: ReadonlyArray<{
        readonly node: {
          readonly messageId: string
          readonly type: EventType
          readonly event: string | null
          readonly timestamp: string
          readonly sourceId: string
          readonly properties: unknown | null
        }
      }>
      readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
    }
  } | null
}

export interface ProfileTimelineVariables {
  readonly space: string
  readonly collection: Collection
  readonly id: string
  readonly types?: ReadonlyArray<EventType> | null | undefined
  readonly after?: string | null | undefined
}

export const profileTimeline: Operation<ProfileTimelineData, ProfileTimelineVariables> = {
  name: "ProfileTimeline",
  text: "query ProfileTimeline($space: ID!, $collection: Collection!, $id: ID!, $types: [EventType!], $after: String) { profile(spaceId: $space, collection: $collection, by: {segmentId: $id}) { events(first: 100, after: $after, types: $types) { edges { node { messageId type event timestamp sourceId properties } } pageInfo { hasNextPage endCursor } } } }"
}

export type ProfileWeeksData = {
  readonly profile: { readonly eventWeeks: ReadonlyArray<{ readonly from: string; readonly events: number }> } | null
}

export interface ProfileWeeksVariables {
  readonly space: string
  readonly collection: Collection
  readonly id: string
}

export const profileWeeks: Operation<ProfileWeeksData, ProfileWeeksVariables> = {
  name: "ProfileWeeks",
  text: "query ProfileWeeks($space: ID!, $collection: Collection!, $id: ID!) { profile(spaceId: $space, collection: $collection, by: {segmentId: $id}) { eventWeeks { from events } } }"
}

export type ProfileHistoryData = {
  readonly profile: {
    readonly history: {
      readonly edges: ReadonlyArray<{
        readonly node: {
          readonly id: string
          readonly kind: HistoryKind
          readonly at: string
          readonly text: string
          readonly messageId: string | null
          readonly actor: string | null
          readonly data: unknown
        }
      }>
      readonly pageInfo: { readonly hasPreviousPage: boolean; readonly startCursor: string | null }
    }
  } | null
}

export interface ProfileHistoryVariables {
  readonly space: string
  readonly collection: Collection
  readonly id: string
  readonly before?: string | null | undefined
}

export const profileHistory: Operation<ProfileHistoryData, ProfileHistoryVariables> = {
  name: "ProfileHistory",
  text: "query ProfileHistory($space: ID!, $collection: Collection!, $id: ID!, $before: String) { profile(spaceId: $space, collection: $collection, by: {segmentId: $id}) { history(last: 100, before: $before) { edges { node { id kind at text messageId actor data } } pageInfo { hasPreviousPage startCursor } } } }"
}

export type ProfileViolationsData = {
  readonly profile: {
    readonly violations: { readonly totalCount: number; readonly edges: ReadonlyArray<{ readonly node: Insight }> }
  } | null
}

export interface ProfileViolationsVariables {
  readonly space: string
  readonly collection: Collection
  readonly id: string
  readonly range: TimeRange
}

export const profileViolations: Operation<ProfileViolationsData, ProfileViolationsVariables> = {
  name: "ProfileViolations",
  text: "query ProfileViolations($space: ID!, $collection: Collection!, $id: ID!, $range: TimeRange!) { profile(spaceId: $space, collection: $collection, by: {segmentId: $id}) { violations(first: 50, filter: {range: $range}) { totalCount edges { node { ...Insight } } } } } fragment Insight on InsightRecord { id at error violation success text nextStep identifier { ...IdValue } breachedType count limit window candidates profile { segmentId } messageId eventType eventName sourceId rulesVersion } fragment IdValue on ExternalIdValue { type id collection }"
}

export type PreviewUndoData = {
  readonly previewUndoMerge: { readonly remaining: unknown; readonly separated: unknown; readonly movedEvents: number }
}

export interface PreviewUndoVariables {
  readonly space: string
  readonly merge: string
}

export const previewUndo: Operation<PreviewUndoData, PreviewUndoVariables> = {
  name: "PreviewUndo",
  text: "query PreviewUndo($space: ID!, $merge: ID!) { previewUndoMerge(spaceId: $space, mergeId: $merge) { remaining separated movedEvents } }"
}

export type UndoMergeData = {
  readonly undoMerge: {
    readonly remaining: { readonly segmentId: string }
    readonly separated: { readonly segmentId: string }
    readonly audit: { readonly id: string }
  }
}

export interface UndoMergeVariables {
  readonly space: string
  readonly merge: string
  readonly keepApart: boolean
  readonly reason: string
}

export const undoMerge: Operation<UndoMergeData, UndoMergeVariables> = {
  name: "UndoMerge",
  text: "mutation UndoMerge($space: ID!, $merge: ID!, $keepApart: Boolean!, $reason: String!) { undoMerge( spaceId: $space mergeId: $merge keepApart: $keepApart reason: $reason ) { remaining { segmentId } separated { segmentId } audit { id } } }"
}

export type PreviewSplitData = {
  readonly previewSplit: { readonly remaining: unknown; readonly separated: unknown; readonly movedEvents: number }
}

export interface PreviewSplitVariables {
  readonly space: string
  readonly input: SplitInput
}

export const previewSplit: Operation<PreviewSplitData, PreviewSplitVariables> = {
  name: "PreviewSplit",
  text: "query PreviewSplit($space: ID!, $input: SplitInput!) { previewSplit(spaceId: $space, input: $input) { remaining separated movedEvents } }"
}

export type SplitProfileData = {
  readonly splitProfile: {
    readonly remaining: { readonly segmentId: string }
    readonly separated: { readonly segmentId: string }
    readonly audit: { readonly id: string }
  }
}

export interface SplitProfileVariables {
  readonly space: string
  readonly input: SplitInput
  readonly reason: string
}

export const splitProfile: Operation<SplitProfileData, SplitProfileVariables> = {
  name: "SplitProfile",
  text: "mutation SplitProfile($space: ID!, $input: SplitInput!, $reason: String!) { splitProfile(spaceId: $space, input: $input, reason: $reason) { remaining { segmentId } separated { segmentId } audit { id } } }"
}

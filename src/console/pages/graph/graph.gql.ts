// Made by scripts/console-operations.mjs from the .graphql file beside it and the schema; not to be edited.
import type { Operation } from "../../api/operation.ts"
import type { Collection, EventType, StitchMode, ThreadColumnKind } from "../../api/schema.gql.ts"
import type { IdValue } from "../../api/fragments.gql.ts"

export type ProfileThreadsData = {
  readonly profile: {
    readonly segmentId: string
    readonly threads: {
      readonly threads: ReadonlyArray<{
        readonly row: number
        readonly type: string
        readonly id: string
        readonly mappingId: string
        readonly addedAt: string
        readonly sourceId: string | null
        readonly firstMessageId: string | null
        readonly originSegmentId: string
        readonly column: number | null
        readonly merges: number
      }>
      readonly columns: ReadonlyArray<{
        readonly column: number
        readonly kind: ThreadColumnKind
        readonly effect: string
        readonly text: string
        readonly at: string
        readonly messageId: string | null
        readonly eventType: EventType | null
        readonly eventName: string | null
        readonly sourceId: string | null
        readonly rulesVersion: number | null
        readonly on: ReadonlyArray<{
          readonly row: number
          readonly mode: StitchMode
          readonly segmentId: string | null
        }>
        readonly demoted: ReadonlyArray<IdValue>
        readonly mergeIds: ReadonlyArray<string>
        readonly operation: string | null
        readonly actor: string | null
        readonly auditId: string | null
        readonly repeats: number
      }>
      readonly regions: ReadonlyArray<{
        readonly segmentId: string
        readonly firstRow: number
        readonly lastRow: number
        readonly createdAt: string
        readonly until: number | null
        readonly mergeId: string | null
        readonly into: string | null
      }>
      readonly weeks: ReadonlyArray<{
        readonly from: string
        readonly merges: number
        readonly identifiers: ReadonlyArray<{ readonly type: string; readonly count: number }>
      }>
      readonly columnCount: number
      readonly identifierCount: number
      readonly mergeCount: number
      readonly complete: boolean
    }
  } | null
}

export interface ProfileThreadsVariables {
  readonly space: string
  readonly collection: Collection
  readonly id: string
}

export const profileThreads: Operation<ProfileThreadsData, ProfileThreadsVariables> = {
  name: "ProfileThreads",
  text: "query ProfileThreads($space: ID!, $collection: Collection!, $id: ID!) { profile(spaceId: $space, collection: $collection, by: {segmentId: $id}) { segmentId threads(maxColumns: 400) { threads { row type id mappingId addedAt sourceId firstMessageId originSegmentId column merges } columns { column kind effect text at messageId eventType eventName sourceId rulesVersion on { row mode segmentId } demoted { ...IdValue } mergeIds operation actor auditId repeats } regions { segmentId firstRow lastRow createdAt until mergeId into } weeks { from merges identifiers { type count } } columnCount identifierCount mergeCount complete } } } fragment IdValue on ExternalIdValue { type id collection }"
}

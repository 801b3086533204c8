// Made by scripts/console-operations.mjs from the .graphql file beside it and the schema; not to be edited.
import type { Operation } from "../../api/operation.ts"
import type {
  Action,
  EventType,
  ProfileRef,
  RulesInput,
  StepKind,
  StopKind,
  ViolationKind
} from "../../api/schema.gql.ts"
import type { ProfileName } from "../../api/fragments.gql.ts"

export type Story = {
  readonly messageId: string | null
  readonly action: Action
  readonly profile: { readonly segmentId: string } | null
  readonly account: { readonly segmentId: string } | null
  readonly predictedSegmentId: string | null
  readonly rulesVersion: number
  readonly dryRun: boolean
  readonly summary: string
  readonly assumptions: ReadonlyArray<string>
  readonly steps: ReadonlyArray<{
    readonly n: number
    readonly kind: StepKind
    readonly text: string
    readonly data: unknown
  }>
  readonly record: unknown
  readonly violations: ReadonlyArray<{
    readonly id: string
    readonly violation: ViolationKind | null
    readonly nextStep: string | null
  }>
}

export type StoryProfile = ProfileName & {
  readonly externalIds: {
    readonly totalCount: number
    readonly edges: ReadonlyArray<{ readonly node: { readonly type: string; readonly id: string } }>
  }
}

export type StoredExplanationData = { readonly resolution: Story | null }

export interface StoredExplanationVariables {
  readonly space: string
  readonly message: string
}

export const storedExplanation: Operation<StoredExplanationData, StoredExplanationVariables> = {
  name: "StoredExplanation",
  text: "query StoredExplanation($space: ID!, $message: String!) { resolution(spaceId: $space, messageId: $message) { ...Story } } fragment Story on Explanation { messageId action profile { segmentId } account { segmentId } predictedSegmentId rulesVersion dryRun summary assumptions steps { n kind text data } record violations { id violation nextStep } }"
}

export type StoredEventData = {
  readonly event: {
    readonly type: EventType | null
    readonly event: string | null
    readonly timestamp: string | null
    readonly receivedAt: string | null
    readonly sourceName: string | null
    readonly raw: unknown | null
    readonly stops: ReadonlyArray<{ readonly kind: StopKind; readonly at: string | null; readonly text: string }>
  } | null
}

export interface StoredEventVariables {
  readonly space: string
  readonly message: string
}

export const storedEvent: Operation<StoredEventData, StoredEventVariables> = {
  name: "StoredEvent",
  text: "query StoredEvent($space: ID!, $message: String!) { event(spaceId: $space, messageId: $message) { type event timestamp receivedAt sourceName raw stops { kind at text } } }"
}

export type StoryProfilesData = {
  readonly users: ReadonlyArray<StoryProfile | null>
  readonly accounts: ReadonlyArray<StoryProfile | null>
}

export interface StoryProfilesVariables {
  readonly space: string
  readonly users: ReadonlyArray<ProfileRef>
  readonly accounts: ReadonlyArray<ProfileRef>
}

export const storyProfiles: Operation<StoryProfilesData, StoryProfilesVariables> = {
  name: "StoryProfiles",
  text: 'query StoryProfiles($space: ID!, $users: [ProfileRef!]!, $accounts: [ProfileRef!]!) { users: profiles(spaceId: $space, collection: USERS, refs: $users) { ...StoryProfile } accounts: profiles(spaceId: $space, collection: ACCOUNTS, refs: $accounts) { ...StoryProfile } } fragment StoryProfile on Profile { ...ProfileName externalIds(first: 6) { totalCount edges { node { type id } } } } fragment ProfileName on Profile { segmentId collection traits( keys: ["name", "first_name", "last_name", "firstName", "lastName", "email"] first: 6 ) { edges { node { key value } } } }'
}

export type RecentEventsData = {
  readonly liveEvents: ReadonlyArray<{
    readonly id: string
    readonly receivedAt: string
    readonly sourceName: string
    readonly type: EventType | null
    readonly event: string | null
    readonly identifier: string | null
    readonly raw: unknown
  }>
}

export interface RecentEventsVariables {
  readonly space: string
}

export const recentEvents: Operation<RecentEventsData, RecentEventsVariables> = {
  name: "RecentEvents",
  text: "query RecentEvents($space: ID!) { liveEvents(spaceId: $space, first: 20, filter: {statuses: [ACCEPTED]}) { id receivedAt sourceName type event identifier raw } }"
}

export type DryRunData = { readonly explain: Story }

export interface DryRunVariables {
  readonly space: string
  readonly event: unknown
  readonly rules?: RulesInput | null | undefined
}

export const dryRun: Operation<DryRunData, DryRunVariables> = {
  name: "DryRun",
  text: "query DryRun($space: ID!, $event: JSON!, $rules: RulesInput) { explain(spaceId: $space, event: $event, rules: $rules) { ...Story } } fragment Story on Explanation { messageId action profile { segmentId } account { segmentId } predictedSegmentId rulesVersion dryRun summary assumptions steps { n kind text data } record violations { id violation nextStep } }"
}

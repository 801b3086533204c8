// Made by scripts/console-operations.mjs from the .graphql file beside it and the schema; not to be edited.
import type { Operation } from "../../api/operation.ts"
import type {
  AuditFilter,
  Collection,
  ErrorKind,
  EventType,
  ExternalIdInput,
  InsightFilter,
  SuccessKind,
  ViolationKind,
  Window
} from "../../api/schema.gql.ts"
import type { IdValue, ProfileName } from "../../api/fragments.gql.ts"

export type Insight = {
  readonly id: string
  readonly at: string
  readonly error: ErrorKind | null
  readonly violation: ViolationKind | null
  readonly success: SuccessKind | null
  readonly text: string
  readonly nextStep: string | null
  readonly identifier: IdValue | null
  readonly breachedType: string | null
  readonly count: number | null
  readonly limit: number | null
  readonly window: Window | null
  readonly candidates: ReadonlyArray<string>
  readonly profile: { readonly segmentId: string } | null
  readonly messageId: string | null
  readonly eventType: EventType | null
  readonly eventName: string | null
  readonly sourceId: string | null
  readonly rulesVersion: number | null
}

export type ViolationsData = {
  readonly insights: {
    readonly errorsAndViolations: {
      readonly totalCount: number
      readonly more: boolean
      readonly edges: ReadonlyArray<{ readonly node: Insight }>
    }
  }
}

export interface ViolationsVariables {
  readonly space: string
  readonly filter?: InsightFilter | null | undefined
}

export const violations: Operation<ViolationsData, ViolationsVariables> = {
  name: "Violations",
  text: "query Violations($space: ID!, $filter: InsightFilter) { insights(spaceId: $space) { errorsAndViolations(first: 100, filter: $filter) { totalCount more edges { node { ...Insight } } } } } fragment Insight on InsightRecord { id at error violation success text nextStep identifier { ...IdValue } breachedType count limit window candidates profile { segmentId } messageId eventType eventName sourceId rulesVersion } fragment IdValue on ExternalIdValue { type id collection }"
}

export type SuccessesData = {
  readonly insights: {
    readonly successes: {
      readonly totalCount: number
      readonly more: boolean
      readonly edges: ReadonlyArray<{ readonly node: Insight }>
    }
  }
}

export interface SuccessesVariables {
  readonly space: string
  readonly filter?: InsightFilter | null | undefined
}

export const successes: Operation<SuccessesData, SuccessesVariables> = {
  name: "Successes",
  text: "query Successes($space: ID!, $filter: InsightFilter) { insights(spaceId: $space) { successes(first: 100, filter: $filter) { totalCount more edges { node { ...Insight } } } } } fragment Insight on InsightRecord { id at error violation success text nextStep identifier { ...IdValue } breachedType count limit window candidates profile { segmentId } messageId eventType eventName sourceId rulesVersion } fragment IdValue on ExternalIdValue { type id collection }"
}

export type AuditTrailData = {
  readonly insights: {
    readonly auditTrail: {
      readonly edges: ReadonlyArray<{
        readonly node: {
          readonly id: string
          readonly at: string
          readonly actor: string
          readonly action: string
          readonly target: string
          readonly reason: string | null
          readonly before: unknown | null
          readonly after: unknown | null
        }
      }>
      readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
    }
  }
}

export interface AuditTrailVariables {
  readonly space: string
  readonly filter?: AuditFilter | null | undefined
  readonly after?: string | null | undefined
}

export const auditTrail: Operation<AuditTrailData, AuditTrailVariables> = {
  name: "AuditTrail",
  text: "query AuditTrail($space: ID!, $filter: AuditFilter, $after: String) { insights(spaceId: $space) { auditTrail(first: 50, after: $after, filter: $filter) { edges { node { id at actor action target reason before after } } pageInfo { hasNextPage endCursor } } } }"
}

export type ContendedData = {
  readonly space: {
    readonly contendedIdentifiers: ReadonlyArray<{
      readonly externalId: IdValue
      readonly profiles: ReadonlyArray<string>
      readonly demotions: number
      readonly firstAt: string
      readonly lastAt: string
      readonly sources: ReadonlyArray<string>
    }>
    readonly profilesNearLimits: ReadonlyArray<{
      readonly profile: string
      readonly collection: Collection
      readonly type: string
      readonly count: number
      readonly limit: number
      readonly window: Window
    }>
  } | null
}

export interface ContendedVariables {
  readonly space: string
}

export const contended: Operation<ContendedData, ContendedVariables> = {
  name: "Contended",
  text: "query Contended($space: ID!) { space(id: $space) { contendedIdentifiers(first: 100) { externalId { ...IdValue } profiles demotions firstAt lastAt sources } profilesNearLimits(first: 100) { profile collection type count limit window } } } fragment IdValue on ExternalIdValue { type id collection }"
}

export type WhyNotMergedData = {
  readonly whyNotMerged: {
    readonly sameProfile: boolean
    readonly reason: string
    readonly text: string
    readonly records: ReadonlyArray<Insight>
  }
  readonly first: Holder | null
  readonly second: Holder | null
}

export interface WhyNotMergedVariables {
  readonly space: string
  readonly a: ExternalIdInput
  readonly b: ExternalIdInput
}

export const whyNotMerged: Operation<WhyNotMergedData, WhyNotMergedVariables> = {
  name: "WhyNotMerged",
  text: 'query WhyNotMerged($space: ID!, $a: ExternalIdInput!, $b: ExternalIdInput!) { whyNotMerged(spaceId: $space, a: $a, b: $b) { sameProfile reason text records { ...Insight } } first: profile(spaceId: $space, by: {externalId: $a}) { ...Holder } second: profile(spaceId: $space, by: {externalId: $b}) { ...Holder } } fragment Insight on InsightRecord { id at error violation success text nextStep identifier { ...IdValue } breachedType count limit window candidates profile { segmentId } messageId eventType eventName sourceId rulesVersion } fragment IdValue on ExternalIdValue { type id collection } fragment Holder on Profile { ...ProfileName externalIds(first: 12) { edges { node { type id } } } } fragment ProfileName on Profile { segmentId collection traits( keys: ["name", "first_name", "last_name", "firstName", "lastName", "email"] first: 6 ) { edges { node { key value } } } }'
}

export type Holder = ProfileName & {
  readonly externalIds: {
    readonly edges: ReadonlyArray<{ readonly node: { readonly type: string; readonly id: string } }>
  }
}

export type IdentifierSearchData = {
  readonly search: {
    readonly identifier: IdValue | null
    readonly hits: ReadonlyArray<{ readonly spaceId: string | null; readonly profile: Holder | null }>
  }
}

export interface IdentifierSearchVariables {
  readonly space: string
  readonly text: string
}

export const identifierSearch: Operation<IdentifierSearchData, IdentifierSearchVariables> = {
  name: "IdentifierSearch",
  text: 'query IdentifierSearch($space: ID!, $text: String!) { search(spaceId: $space, text: $text) { identifier { ...IdValue } hits { spaceId profile { ...Holder } } } } fragment IdValue on ExternalIdValue { type id collection } fragment Holder on Profile { ...ProfileName externalIds(first: 12) { edges { node { type id } } } } fragment ProfileName on Profile { segmentId collection traits( keys: ["name", "first_name", "last_name", "firstName", "lastName", "email"] first: 6 ) { edges { node { key value } } } }'
}

// Made by scripts/console-operations.mjs from the .graphql file beside it and the schema; not to be edited.
import type { Operation } from "../../api/operation.ts"
import type { ApplyMode, ClusterChange, Collection, RebuildKind, RebuildState, RunState } from "../../api/schema.gql.ts"
import type { RulesDocument } from "../rules/rules.gql.ts"
import type { IdValue } from "../../api/fragments.gql.ts"
import type { Story } from "../explain/explain.gql.ts"

export type RebuildFacts = {
  readonly id: string
  readonly kind: RebuildKind
  readonly state: RebuildState
  readonly progress: number
  readonly processed: number
  readonly total: number
  readonly errorCode: string | null
  readonly error: string | null
  readonly rulesVersion: number | null
  readonly actor: string
  readonly reason: string
  readonly requestedAt: string
  readonly finishedAt: string | null
  readonly whatIfId: string | null
}

export type RunFacts = {
  readonly id: string
  readonly state: RunState
  readonly progress: number
  readonly processed: number
  readonly total: number | null
  readonly baseVersion: number
  readonly actor: string
  readonly createdAt: string
  readonly finishedAt: string | null
  readonly reapplyOperations: boolean
  readonly scope: {
    readonly from: string | null
    readonly to: string | null
    readonly sources: ReadonlyArray<string> | null
    readonly identifiers: ReadonlyArray<{ readonly type: string; readonly id: string }> | null
    readonly profiles: ReadonlyArray<string> | null
  } | null
  readonly summary: unknown | null
  readonly error: string | null
  readonly appliedAs: ApplyMode | null
  readonly appliedVersion: number | null
  readonly rebuild: RebuildFacts | null
}

export type WhatIfRunsData = {
  readonly whatIfRuns: {
    readonly edges: ReadonlyArray<{
      readonly node: RunFacts & { readonly rules: RulesDocument; readonly baseRules: RulesDocument | null }
    }>
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
  }
}

export interface WhatIfRunsVariables {
  readonly space: string
  readonly after?: string | null | undefined
}

export const whatIfRuns: Operation<WhatIfRunsData, WhatIfRunsVariables> = {
  name: "WhatIfRuns",
  text: "query WhatIfRuns($space: ID!, $after: String) { whatIfRuns(spaceId: $space, first: 20, after: $after) { edges { node { ...RunFacts rules { ...RulesDocument } baseRules { ...RulesDocument } } } pageInfo { hasNextPage endCursor } } } fragment RunFacts on WhatIfRun { id state progress processed total baseVersion actor createdAt finishedAt reapplyOperations scope { from to sources identifiers { type id } profiles } summary error appliedAs appliedVersion rebuild { ...RebuildFacts } } fragment RebuildFacts on Rebuild { id kind state progress processed total errorCode error rulesVersion actor reason requestedAt finishedAt whatIfId } fragment RulesDocument on Rules { version savedAt autoAddIdentifiers readmitDemoted blockJunk spaceBlocked { kind value } identifiers { type collection rank explicitRank limit window blocked { kind value } origin enabled matchKeys locations } }"
}

export type WhatIfRunData = { readonly whatIf: RunFacts | null }

export interface WhatIfRunVariables {
  readonly id: string
}

export const whatIfRun: Operation<WhatIfRunData, WhatIfRunVariables> = {
  name: "WhatIfRun",
  text: "query WhatIfRun($id: ID!) { whatIf(id: $id) { ...RunFacts } } fragment RunFacts on WhatIfRun { id state progress processed total baseVersion actor createdAt finishedAt reapplyOperations scope { from to sources identifiers { type id } profiles } summary error appliedAs appliedVersion rebuild { ...RebuildFacts } } fragment RebuildFacts on Rebuild { id kind state progress processed total errorCode error rulesVersion actor reason requestedAt finishedAt whatIfId }"
}

export type WhatIfRulesData = {
  readonly whatIf: { readonly rules: RulesDocument; readonly baseRules: RulesDocument | null } | null
}

export interface WhatIfRulesVariables {
  readonly id: string
}

export const whatIfRules: Operation<WhatIfRulesData, WhatIfRulesVariables> = {
  name: "WhatIfRules",
  text: "query WhatIfRules($id: ID!) { whatIf(id: $id) { rules { ...RulesDocument } baseRules { ...RulesDocument } } } fragment RulesDocument on Rules { version savedAt autoAddIdentifiers readmitDemoted blockJunk spaceBlocked { kind value } identifiers { type collection rank explicitRank limit window blocked { kind value } origin enabled matchKeys locations } }"
}

export type WhatIfClustersData = {
  readonly whatIf: {
    readonly clusters: {
      readonly edges: ReadonlyArray<{
        readonly cursor: string
        readonly node: {
          readonly change: ClusterChange
          readonly collection: Collection
          readonly before: ReadonlyArray<string>
          readonly after: ReadonlyArray<string>
          readonly identifierCount: number
          readonly identifiers: ReadonlyArray<IdValue>
        }
      }>
      readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
    }
  } | null
}

export interface WhatIfClustersVariables {
  readonly id: string
  readonly change?: ReadonlyArray<ClusterChange> | null | undefined
  readonly minSize?: number | null | undefined
  readonly after?: string | null | undefined
}

export const whatIfClusters: Operation<WhatIfClustersData, WhatIfClustersVariables> = {
  name: "WhatIfClusters",
  text: "query WhatIfClusters($id: ID!, $change: [ClusterChange!], $minSize: Int, $after: String) { whatIf(id: $id) { clusters(change: $change, minSize: $minSize, first: 60, after: $after) { edges { cursor node { change collection before after identifierCount identifiers { ...IdValue } } } pageInfo { hasNextPage endCursor } } } } fragment IdValue on ExternalIdValue { type id collection }"
}

export type WhatIfClusterData = {
  readonly whatIf: {
    readonly clusters: {
      readonly edges: ReadonlyArray<{
        readonly node: {
          readonly before: ReadonlyArray<string>
          readonly after: ReadonlyArray<string>
          readonly identifierCount: number
          readonly collection: Collection
          readonly strands: ReadonlyArray<{
            readonly type: string
            readonly before: string | null
            readonly after: string | null
            readonly count: number
            readonly identifiers: ReadonlyArray<{ readonly id: string }>
          }>
          readonly firstDivergence: string | null
          readonly explanationBefore: Story | null
          readonly explanationAfter: Story | null
        }
      }>
    }
  } | null
}

export interface WhatIfClusterVariables {
  readonly id: string
  readonly change?: ReadonlyArray<ClusterChange> | null | undefined
  readonly minSize?: number | null | undefined
  readonly after?: string | null | undefined
}

export const whatIfCluster: Operation<WhatIfClusterData, WhatIfClusterVariables> = {
  name: "WhatIfCluster",
  text: "query WhatIfCluster($id: ID!, $change: [ClusterChange!], $minSize: Int, $after: String) { whatIf(id: $id) { clusters(change: $change, minSize: $minSize, first: 1, after: $after) { edges { node { before after identifierCount collection strands { type before after count identifiers { id } } firstDivergence explanationBefore { ...Story } explanationAfter { ...Story } } } } } } fragment Story on Explanation { messageId action profile { segmentId } account { segmentId } predictedSegmentId rulesVersion dryRun summary assumptions steps { n kind text data } record violations { id violation nextStep } }"
}

export type WhatIfExportData = {
  readonly whatIf: {
    readonly clusters: {
      readonly edges: ReadonlyArray<{
        readonly node: {
          readonly change: ClusterChange
          readonly collection: Collection
          readonly before: ReadonlyArray<string>
          readonly after: ReadonlyArray<string>
          readonly identifierCount: number
          readonly strands: ReadonlyArray<{
            readonly type: string
            readonly before: string | null
            readonly after: string | null
            readonly count: number
            readonly identifiers: ReadonlyArray<{ readonly id: string }>
          }>
          readonly firstDivergence: string | null
          readonly recordBefore: unknown | null
          readonly recordAfter: unknown | null
        }
      }>
      readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
    }
  } | null
}

export interface WhatIfExportVariables {
  readonly id: string
  readonly change?: ReadonlyArray<ClusterChange> | null | undefined
  readonly minSize?: number | null | undefined
  readonly after?: string | null | undefined
}

export const whatIfExport: Operation<WhatIfExportData, WhatIfExportVariables> = {
  name: "WhatIfExport",
  text: "query WhatIfExport($id: ID!, $change: [ClusterChange!], $minSize: Int, $after: String) { whatIf(id: $id) { clusters(change: $change, minSize: $minSize, first: 100, after: $after) { edges { node { change collection before after identifierCount strands { type before after count identifiers { id } } firstDivergence recordBefore recordAfter } } pageInfo { hasNextPage endCursor } } } }"
}

export type CancelWhatIfData = { readonly cancelWhatIf: { readonly id: string; readonly state: RunState } }

export interface CancelWhatIfVariables {
  readonly id: string
}

export const cancelWhatIf: Operation<CancelWhatIfData, CancelWhatIfVariables> = {
  name: "CancelWhatIf",
  text: "mutation CancelWhatIf($id: ID!) { cancelWhatIf(id: $id) { id state } }"
}

export type ApplyWhatIfData = { readonly applyWhatIf: { readonly id: string; readonly state: RunState } }

export interface ApplyWhatIfVariables {
  readonly id: string
  readonly mode: ApplyMode
  readonly reason: string
}

export const applyWhatIf: Operation<ApplyWhatIfData, ApplyWhatIfVariables> = {
  name: "ApplyWhatIf",
  text: "mutation ApplyWhatIf($id: ID!, $mode: ApplyMode!, $reason: String!) { applyWhatIf(id: $id, mode: $mode, reason: $reason) { id state } }"
}

export type RebuildsData = {
  readonly rebuilds: ReadonlyArray<RebuildFacts>
  readonly previousProfiles: { readonly replacedAt: string; readonly keptUntil: string } | null
}

export interface RebuildsVariables {
  readonly space: string
}

export const rebuilds: Operation<RebuildsData, RebuildsVariables> = {
  name: "Rebuilds",
  text: "query Rebuilds($space: ID!) { rebuilds(spaceId: $space) { ...RebuildFacts } previousProfiles(spaceId: $space) { replacedAt keptUntil } } fragment RebuildFacts on Rebuild { id kind state progress processed total errorCode error rulesVersion actor reason requestedAt finishedAt whatIfId }"
}

export type RollbackRebuildData = { readonly rollbackRebuild: { readonly id: string; readonly state: RebuildState } }

export interface RollbackRebuildVariables {
  readonly space: string
  readonly reason: string
}

export const rollbackRebuild: Operation<RollbackRebuildData, RollbackRebuildVariables> = {
  name: "RollbackRebuild",
  text: "mutation RollbackRebuild($space: ID!, $reason: String!) { rollbackRebuild(spaceId: $space, reason: $reason) { id state } }"
}

export type CancelRebuildData = { readonly cancelRebuild: { readonly id: string; readonly state: RebuildState } }

export interface CancelRebuildVariables {
  readonly space: string
  readonly id: string
  readonly reason: string
}

export const cancelRebuild: Operation<CancelRebuildData, CancelRebuildVariables> = {
  name: "CancelRebuild",
  text: "mutation CancelRebuild($space: ID!, $id: ID!, $reason: String!) { cancelRebuild(spaceId: $space, id: $id, reason: $reason) { id state } }"
}

// Made by scripts/console-operations.mjs from the .graphql file beside it and the schema; not to be edited.
import type { Operation } from "../../api/operation.ts"
import type { ApplyMode, ClusterChange, Collection, RunState } from "../../api/schema.gql.ts"
import type { IdValue } from "../../api/fragments.gql.ts"

export type WhatIfRunData = {
  readonly whatIf: {
    readonly id: string
    readonly state: RunState
    readonly progress: number
    readonly processed: number
    readonly total: number | null
    readonly baseVersion: number
    readonly summary: unknown | null
    readonly error: string | null
    readonly appliedAs: ApplyMode | null
  } | null
}

export interface WhatIfRunVariables {
  readonly id: string
}

export const whatIfRun: Operation<WhatIfRunData, WhatIfRunVariables> = {
  name: "WhatIfRun",
  text: "query WhatIfRun($id: ID!) { whatIf(id: $id) { id state progress processed total baseVersion summary error appliedAs } }"
}

export type WhatIfClustersData = {
  readonly whatIf: {
    readonly clusters: {
      readonly edges: ReadonlyArray<{
        readonly node: {
          readonly change: ClusterChange
          readonly collection: Collection
          readonly before: ReadonlyArray<string>
          readonly after: ReadonlyArray<string>
          readonly identifierCount: number
          readonly identifiers: ReadonlyArray<IdValue>
          readonly firstDivergence: string | null
        }
      }>
    }
  } | null
}

export interface WhatIfClustersVariables {
  readonly id: string
  readonly change?: ReadonlyArray<ClusterChange> | null | undefined
}

export const whatIfClusters: Operation<WhatIfClustersData, WhatIfClustersVariables> = {
  name: "WhatIfClusters",
  text: "query WhatIfClusters($id: ID!, $change: [ClusterChange!]) { whatIf(id: $id) { clusters(change: $change, first: 60) { edges { node { change collection before after identifierCount identifiers { ...IdValue } firstDivergence } } } } } fragment IdValue on ExternalIdValue { type id collection }"
}

export type ApplyWhatIfData = { readonly applyWhatIf: { readonly id: string; readonly state: RunState } }

export interface ApplyWhatIfVariables {
  readonly id: string
  readonly reason: string
}

export const applyWhatIf: Operation<ApplyWhatIfData, ApplyWhatIfVariables> = {
  name: "ApplyWhatIf",
  text: "mutation ApplyWhatIf($id: ID!, $reason: String!) { applyWhatIf(id: $id, mode: RULES_ONLY, reason: $reason) { id state } }"
}

// Made by scripts/console-operations.mjs from the .graphql file beside it and the schema; not to be edited.
import type { Operation } from "../../api/operation.ts"
import type { Collection, RulesInput, WhatIfScope, Window } from "../../api/schema.gql.ts"

export type RulesDocument = {
  readonly version: number
  readonly savedAt: string
  readonly autoAddIdentifiers: boolean
  readonly readmitDemoted: boolean
  readonly blockJunk: boolean
  readonly spaceBlocked: ReadonlyArray<{ readonly kind: string; readonly value: string }>
  readonly identifiers: ReadonlyArray<{
    readonly type: string
    readonly collection: Collection
    readonly rank: number
    readonly explicitRank: boolean
    readonly limit: number
    readonly window: Window
    readonly blocked: ReadonlyArray<{ readonly kind: string; readonly value: string }>
    readonly origin: string
    readonly enabled: boolean
    readonly matchKeys: ReadonlyArray<string>
    readonly locations: ReadonlyArray<string>
  }>
}

export type CurrentRulesData = { readonly space: { readonly rules: RulesDocument | null } | null }

export interface CurrentRulesVariables {
  readonly space: string
}

export const currentRules: Operation<CurrentRulesData, CurrentRulesVariables> = {
  name: "CurrentRules",
  text: "query CurrentRules($space: ID!) { space(id: $space) { rules { ...RulesDocument } } } fragment RulesDocument on Rules { version savedAt autoAddIdentifiers readmitDemoted blockJunk spaceBlocked { kind value } identifiers { type collection rank explicitRank limit window blocked { kind value } origin enabled matchKeys locations } }"
}

export type RulesVersionData = { readonly space: { readonly rules: RulesDocument | null } | null }

export interface RulesVersionVariables {
  readonly space: string
  readonly version: number
}

export const rulesVersion: Operation<RulesVersionData, RulesVersionVariables> = {
  name: "RulesVersion",
  text: "query RulesVersion($space: ID!, $version: Int!) { space(id: $space) { rules(version: $version) { ...RulesDocument } } } fragment RulesDocument on Rules { version savedAt autoAddIdentifiers readmitDemoted blockJunk spaceBlocked { kind value } identifiers { type collection rank explicitRank limit window blocked { kind value } origin enabled matchKeys locations } }"
}

export type RulesVersionsData = {
  readonly space: {
    readonly rulesVersions: ReadonlyArray<{
      readonly version: number
      readonly savedAt: string
      readonly origin: string
      readonly actor: string | null
    }>
  } | null
}

export interface RulesVersionsVariables {
  readonly space: string
}

export const rulesVersions: Operation<RulesVersionsData, RulesVersionsVariables> = {
  name: "RulesVersions",
  text: "query RulesVersions($space: ID!) { space(id: $space) { rulesVersions { version savedAt origin actor } } }"
}

export type RulesImpactData = {
  readonly rulesImpact: {
    readonly profiles: number
    readonly complete: boolean
    readonly types: ReadonlyArray<{ readonly type: string; readonly collection: Collection; readonly profiles: number }>
  }
}

export interface RulesImpactVariables {
  readonly space: string
  readonly rules: RulesInput
}

export const rulesImpact: Operation<RulesImpactData, RulesImpactVariables> = {
  name: "RulesImpact",
  text: "query RulesImpact($space: ID!, $rules: RulesInput!) { rulesImpact(spaceId: $space, rules: $rules) { profiles complete types { type collection profiles } } }"
}

export type SaveRulesData = { readonly saveRules: { readonly version: number } }

export interface SaveRulesVariables {
  readonly space: string
  readonly rules: RulesInput
  readonly version: number
  readonly reason?: string | null | undefined
}

export const saveRules: Operation<SaveRulesData, SaveRulesVariables> = {
  name: "SaveRules",
  text: "mutation SaveRules($space: ID!, $rules: RulesInput!, $version: Int!, $reason: String) { saveRules( spaceId: $space rules: $rules expectedVersion: $version reason: $reason ) { version } }"
}

export type StartWhatIfData = { readonly startWhatIf: { readonly id: string } }

export interface StartWhatIfVariables {
  readonly space: string
  readonly rules: RulesInput
  readonly scope?: WhatIfScope | null | undefined
}

export const startWhatIf: Operation<StartWhatIfData, StartWhatIfVariables> = {
  name: "StartWhatIf",
  text: "mutation StartWhatIf($space: ID!, $rules: RulesInput!, $scope: WhatIfScope) { startWhatIf(spaceId: $space, input: {rules: $rules, scope: $scope}) { id } }"
}

/**
 * What people change of destinations: each function is one change, audited under the name of who asks, in force in this process
 * when it is done and in every other within seconds. Who may ask is decided by the caller.
 */
import { Context, type Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { FieldChoices, OAuthTokens } from "../../catalog/runner.ts"
import type { FilterStep } from "../destination.ts"
import type { DestinationRefused } from "./refused.ts"
import type {
  ConsentCategoryChanges,
  ConsentCategoryView,
  CopySettings,
  DestinationChanges,
  DestinationView,
  EncryptionView,
  FilterChanges,
  FilterView,
  IntegrationFilter,
  MappingChanges,
  MappingView,
  NewDestination,
  NewFilter,
  NewMapping
} from "./views.ts"

type Answer<A> = Effect.Effect<A, DestinationRefused | SqlError.SqlError>

export class DestinationManagement extends Context.Service<
  DestinationManagement,
  {
    /** In the order in which they were made; of one source, or of all. */
    readonly destinations: (sourceId?: string) => Answer<ReadonlyArray<DestinationView>>
    readonly destination: (id: string) => Answer<DestinationView>
    readonly createDestination: (actor: string, destination: NewDestination) => Answer<DestinationView>
    readonly updateDestination: (actor: string, id: string, changes: DestinationChanges) => Answer<DestinationView>
    readonly deleteDestination: (actor: string, id: string) => Answer<void>
    readonly copySettings: (actor: string, id: string, copy: CopySettings) => Answer<DestinationView>
    /** With settings that are not saved yet, merged as by a change; else with those that are. Undefined: there is no test. */
    readonly testAuthentication: (
      id: string,
      settings?: Readonly<Record<string, unknown>>
    ) => Answer<{ readonly ok: boolean; readonly message: string } | undefined>
    /** DST-96. */
    readonly choices: (
      id: string,
      field: {
        /** Id or slug. */
        readonly action: string
        readonly key: string
        readonly payload?: unknown
        readonly page?: string | undefined
      }
    ) => Answer<FieldChoices>
    /** Tokens that a person got from the vendor (DST-10). */
    readonly connect: (actor: string, id: string, tokens: OAuthTokens) => Answer<DestinationView>

    readonly filters: (destinationId: string) => Answer<ReadonlyArray<FilterView>>
    readonly filter: (destinationId: string, id: string) => Answer<FilterView>
    readonly createFilter: (actor: string, destinationId: string, filter: NewFilter) => Answer<FilterView>
    readonly updateFilter: (
      actor: string,
      destinationId: string,
      id: string,
      changes: FilterChanges
    ) => Answer<FilterView>
    readonly deleteFilter: (actor: string, destinationId: string, id: string) => Answer<void>
    /** A filter that is not saved, as it would run; for previews (DST-63). */
    readonly filterSteps: (filter: {
      readonly if: string
      readonly actions: unknown
    }) => Effect.Effect<ReadonlyArray<FilterStep>, DestinationRefused>

    readonly mappings: (destinationId: string) => Answer<ReadonlyArray<MappingView>>
    readonly mapping: (destinationId: string, id: string) => Answer<MappingView>
    readonly createMapping: (actor: string, destinationId: string, mapping: NewMapping) => Answer<MappingView>
    readonly updateMapping: (
      actor: string,
      destinationId: string,
      id: string,
      changes: MappingChanges
    ) => Answer<MappingView>
    readonly deleteMapping: (actor: string, destinationId: string, id: string) => Answer<void>
    readonly duplicateMapping: (actor: string, destinationId: string, id: string) => Answer<MappingView>

    readonly encryption: (destinationId: string) => Answer<EncryptionView>
    readonly setEncryption: (
      actor: string,
      destinationId: string,
      encryption: { readonly enabled: boolean; readonly fields: ReadonlyArray<string> }
    ) => Answer<EncryptionView>
    /** The private key (PKCS#8 PEM) is told here and nowhere else (DEL-83). */
    readonly generateEncryptionKeys: (
      actor: string,
      destinationId: string
    ) => Answer<EncryptionView & { readonly privateKey: string }>

    readonly consentCategories: Answer<ReadonlyArray<ConsentCategoryView>>
    readonly createConsentCategory: (
      actor: string,
      category: { readonly id: string; readonly name: string; readonly metadataIds?: ReadonlyArray<string> | undefined }
    ) => Answer<ConsentCategoryView>
    readonly updateConsentCategory: (
      actor: string,
      id: string,
      changes: ConsentCategoryChanges
    ) => Answer<ConsentCategoryView>
    readonly deleteConsentCategory: (actor: string, id: string) => Answer<void>

    /** What is switched off in the schema of a source (DST-45). */
    readonly integrationFilters: (sourceId: string) => Answer<ReadonlyArray<IntegrationFilter>>
    /** Switches what is named; the rest stays. */
    readonly setIntegrationFilters: (
      actor: string,
      sourceId: string,
      changes: ReadonlyArray<IntegrationFilter & { readonly enabled: boolean }>
    ) => Answer<ReadonlyArray<IntegrationFilter>>
  }
>()("braid/destinations/DestinationManagement") {}

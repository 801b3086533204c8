/** Every request of the console to the Public API, by what it is about. */
import { at, change, list, picked, read, readAll } from "./public-api.ts"
import type {
  Alert,
  Channel,
  CountsView,
  DeliveryError,
  DeliveryErrorDetail,
  DeliverySummary,
  Grouping,
  OverviewData,
  OverviewStep,
  PipelineCounts,
  Replay,
  ReplayEstimate,
  ReplayRequest,
  SourceCounts,
  StepTableData
} from "./delivery-types.ts"
import type {
  AuthenticationTest,
  ConnectionMode,
  ConsentCategory,
  Destination,
  Entry,
  EntrySummary,
  EventFilters,
  FieldEncryption,
  Filter,
  FilterAction,
  IntegrationFilter,
  Label,
  Mapping,
  MappingSettings,
  Notification,
  OAuthApplication,
  Source,
  SourceEntry,
  TestResult
} from "./public-types.ts"

export const sources = list<Source>("/sources", "sources")
export const source = (id: string) => read<Source>(at`/sources/${id}`, "source")
export const sourceEntries = list<SourceEntry>("/catalog/sources", "sourcesCatalog")
export const addSource = (body: { slug: string; name: string; metadataId: string; enabled: boolean }) =>
  change<Source>("POST", "/sources", body, picked("source"))
export const changeSource = (id: string, body: { name?: string; slug?: string; enabled?: boolean }) =>
  change("PATCH", at`/sources/${id}`, body)
export const deleteSource = (id: string) => change("DELETE", at`/sources/${id}`)
export const addWriteKey = (id: string) => change("POST", at`/sources/${id}/writekey`)
export const removeWriteKey = (id: string, writeKey: string) =>
  change("DELETE", at`/sources/${id}/writekey/${writeKey}`)

export const setLabels = (id: string, labels: ReadonlyArray<Label>) =>
  change("PUT", at`/sources/${id}/labels`, { labels })
export const oauthApplications = list<OAuthApplication>("/oauth-applications", "oauthApplications")
export const oauthApplication = (id: string) =>
  read<OAuthApplication>(at`/oauth-applications/${id}`, "oauthApplication")
type NewKey = { name: string; publicKey: string }
type ApplicationBody = Pick<OAuthApplication, "name" | "tokenSeconds" | "scopes">
export const addOAuthApplication = (body: ApplicationBody & { key: NewKey }) =>
  change<OAuthApplication>("POST", "/oauth-applications", body, picked("oauthApplication"))
export const changeOAuthApplication = (id: string, body: ApplicationBody) =>
  change("PATCH", at`/oauth-applications/${id}`, body)
/** The service, too, wants the name to be typed. */
export const deleteOAuthApplication = (id: string, name: string) =>
  change("DELETE", at`/oauth-applications/${id}?name=${name}`)
export const addOAuthKey = (id: string, key: NewKey) => change("POST", at`/oauth-applications/${id}/keys`, key)
export const removeOAuthKey = (id: string, key: string) => change("DELETE", at`/oauth-applications/${id}/keys/${key}`)
export const revokeOAuthToken = (token: string) => change("POST", "/oauth-tokens/revoke", { token })
export const connectOAuth = (id: string, body: { applicationId: string; enabled: boolean }) =>
  change("PUT", at`/sources/${id}/oauth`, body)
export const disconnectOAuth = (id: string) => change("DELETE", at`/sources/${id}/oauth`)
export const eventFilters = (id: string) => read<EventFilters>(at`/sources/${id}/event-filters`, "eventFilters")
export const switchEvents = (
  id: string,
  changes: ReadonlyArray<{ type: string; name?: string | undefined; blocked: boolean }>
) => change("PATCH", at`/sources/${id}/event-filters`, { changes })
export const integrationFilters = (id: string) =>
  read<ReadonlyArray<IntegrationFilter>>(at`/sources/${id}/integration-filters`, "integrationFilters")
export const switchIntegrations = (
  id: string,
  filters: ReadonlyArray<IntegrationFilter & { readonly enabled: boolean }>
) => change("PUT", at`/sources/${id}/integration-filters`, { integrationFilters: filters })

export const notifications = readAll<{
  readonly notifications: ReadonlyArray<Notification>
  readonly unseen: number
}>("/notifications")
export const seeNotifications = (upTo: number) => change("POST", "/notifications/seen", { upTo })

/** Names and categories only: with settings and actions it is five megabytes. */
export const catalog = list<EntrySummary>("/catalog/destinations", "destinationsCatalog", { metadata: "summary" })
export const entry = (id: string) => read<Entry>(at`/catalog/destinations/${id}`, "destinationMetadata")

/** Without settings and actions of their entries. */
export const destinations = list<Destination>("/destinations", "destinations", { metadata: "summary" })
export const destination = (id: string) => read<Destination>(at`/destinations/${id}`, "destination")
export const addDestination = (body: {
  sourceId: string
  metadataId: string
  name: string
  enabled: boolean
  settings: Readonly<Record<string, unknown>>
}) => change<Destination>("POST", "/destinations", body, picked("destination"))
export const changeDestination = (
  id: string,
  body: {
    name?: string
    enabled?: boolean
    settings?: Readonly<Record<string, unknown>>
    maxEventsPerSecond?: number | null
    connectionMode?: ConnectionMode
  }
) => change<Destination>("PATCH", at`/destinations/${id}`, body, picked("destination"))
export const connectDestination = (id: string, tokens: { accessToken: string; refreshToken: string }) =>
  change("PUT", at`/destinations/${id}/oauth-tokens`, tokens)
export const deleteDestination = (id: string) => change("DELETE", at`/destinations/${id}`)
export const testAuthentication = (id: string) =>
  change<AuthenticationTest>("POST", at`/destinations/${id}/test-authentication`, {})
export const copySettings = (
  id: string,
  body: { fromDestinationId: string; secrets: boolean; mappings: boolean; filters: boolean }
) => change("POST", at`/destinations/${id}/copy-settings`, body)

export const encryption = (id: string) => read<FieldEncryption>(at`/destinations/${id}/encryption`, "encryption")
export const changeEncryption = (id: string, body: Pick<FieldEncryption, "enabled" | "fields">) =>
  change("PUT", at`/destinations/${id}/encryption`, body)
/** Answers the private key, which nobody can ask for again. */
export const makeEncryptionKeys = (id: string) =>
  change<string>("POST", at`/destinations/${id}/encryption/keys`, {}, picked("privateKey"))

export const consentCategories = read<ReadonlyArray<ConsentCategory>>("/consent-categories", "consentCategories")
export const addConsentCategory = (body: Pick<ConsentCategory, "id" | "name" | "metadataIds">) =>
  change("POST", "/consent-categories", body)
export const changeConsentCategory = (id: string, body: Partial<Omit<ConsentCategory, "id">>) =>
  change("PATCH", at`/consent-categories/${id}`, body)
export const deleteConsentCategory = (id: string) => change("DELETE", at`/consent-categories/${id}`)

export const mappings = (id: string) => list<Mapping>(at`/destinations/${id}/subscriptions`, "subscriptions")
export const addMapping = (
  id: string,
  body: { name: string; actionId: string; enabled: boolean; trigger: string; settings: MappingSettings }
) => change<Mapping>("POST", at`/destinations/${id}/subscriptions`, body, picked("destinationSubscription"))
export const changeMapping = (
  id: string,
  mapping: string,
  input: { name?: string; enabled?: boolean; trigger?: string; settings?: MappingSettings }
) => change("PATCH", at`/destinations/${id}/subscriptions/${mapping}`, { input })
export const deleteMapping = (id: string, mapping: string) =>
  change("DELETE", at`/destinations/${id}/subscriptions/${mapping}`)
export const duplicateMapping = (id: string, mapping: string) =>
  change("POST", at`/destinations/${id}/subscriptions/${mapping}/duplicate`)
export const testEvent = (id: string, body: object) =>
  change<TestResult>("POST", at`/destinations/${id}/test-event`, body)
export const choices = (id: string, body: object) =>
  change<{
    readonly choices: ReadonlyArray<{ readonly value: string; readonly label: string }>
    readonly error?: string
  }>("POST", at`/destinations/${id}/choices`, body)

type FilterBody = { title: string; if: string; actions: ReadonlyArray<FilterAction>; enabled: boolean }
export const filters = (id: string) => list<Filter>(at`/destination/${id}/filters`, "filters")
export const addFilter = (id: string, body: FilterBody & { sourceId: string }) =>
  change("POST", at`/destination/${id}/filters`, body)
export const changeFilter = (id: string, filter: string, body: Partial<FilterBody>) =>
  change("PATCH", at`/destination/${id}/filters/${filter}`, body)
export const deleteFilter = (id: string, filter: string) => change("DELETE", at`/destination/${id}/filters/${filter}`)
export const previewFilter = (filter: Pick<Filter, "if" | "actions">, payload: unknown) =>
  change<{ readonly inputPayload: unknown; readonly result: unknown; readonly error?: string }>(
    "POST",
    "/destination/filters/preview",
    { filter, payload }
  )

interface Span {
  readonly startTime: string
  readonly endTime: string
}

export const deliverySummary = (id: string, span: Span) =>
  readAll<DeliverySummary>(at`/destinations/${id}/delivery-summary`, { ...span })
export const deliveryErrors = (id: string, span: Span) =>
  read<ReadonlyArray<DeliveryError>>(at`/destinations/${id}/delivery-errors`, "errors", { ...span })
export const deliveryError = (id: string, code: string, state: string, span: Span) =>
  readAll<DeliveryErrorDetail>(at`/destinations/${id}/delivery-errors/${code}`, { ...span, state })
export const deliveryPipeline = (id: string, span: Span, subscriptionId: string | undefined) =>
  readAll<CountsView<PipelineCounts>>(at`/destinations/${id}/delivery-pipeline`, { ...span, subscriptionId })
export const deliveryTable = (
  id: string,
  span: Span,
  {
    step,
    by,
    subscriptionId,
    reason
  }: { step: OverviewStep; by: Grouping; subscriptionId: string | undefined; reason: string | undefined }
) =>
  readAll<StepTableData>(at`/destinations/${id}/delivery-table`, {
    ...span,
    step,
    by,
    subscriptionId,
    "filter[discardReason][0]": reason
  })
export const sourceOverview = (id: string, span: Span) =>
  readAll<CountsView<SourceCounts>>(at`/sources/${id}/overview`, { ...span })
/** The source's own steps, grouped as asked (DEL-37). */
export const sourceStep = (
  step: string,
  query: Span & { sourceId: string; granularity: string },
  by: Grouping,
  reason?: string
) =>
  readAll<OverviewData>(at`/delivery-overview/${step.replaceAll("_", "-")}`, {
    ...query,
    "groupBy[0]": by,
    "filter[discardReason][0]": reason,
    "pagination[count]": 200
  })

export const alerts = readAll<{
  readonly alerts: ReadonlyArray<Alert>
  /** What whoever runs Braid has set up: e-mail needs a server. */
  readonly channelTypes: ReadonlyArray<Channel["type"]>
}>("/alerts", { "pagination[count]": 1000 })
export const addAlert = (body: Pick<Alert, "type" | "resourceId" | "threshold" | "channels">) =>
  change("POST", "/alerts", body)
export const changeAlert = (id: string, body: Partial<Pick<Alert, "threshold" | "channels">>) =>
  change("PATCH", at`/alerts/${id}`, body)
export const deleteAlert = (id: string) => change("DELETE", at`/alerts/${id}`)

export const replays = list<Replay>("/replays", "replays")
export const startReplay = (body: ReplayRequest) => change("POST", "/replays", body)
export const estimateReplay = (body: ReplayRequest) =>
  change<ReplayEstimate>("POST", "/replays", { ...body, dryRun: true }, picked("estimate"))
export const steerReplay = (id: string, how: "pause" | "resume" | "cancel") => change("POST", at`/replays/${id}/${how}`)

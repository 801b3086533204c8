/**
 * Fields of the GraphQL schema with a text or JSON that never hold a personal value: names of types, traits, events, sources and
 * people of the workspace, codes, ids of messages, cursors, configuration. All other fields of such types are masked for viewers
 * without PII access (`personal-fields.ts`), and a test asks that each is either here or `@personal` in `graphql/*.graphql`.
 *
 * Cursors hold places and names of traits; the one that would hold a word of a name belongs to a search that is refused. Values that
 * are blocked, and statements of filters, are configuration: what is blocked identifies nobody.
 */
export const harmless: Readonly<Record<string, ReadonlyArray<string>>> = {
  PageInfo: ["startCursor", "endCursor"],
  TraitEdge: ["cursor"],
  ExternalIdEdge: ["cursor"],
  EventEdge: ["cursor"],
  LinkEdge: ["cursor"],
  MergeEdge: ["cursor"],
  HistoryEdge: ["cursor"],
  InsightEdge: ["cursor"],
  AuditEdge: ["cursor"],
  ProfileEdge: ["cursor"],
  ClusterEdge: ["cursor"],
  Trait: ["key", "sourceName", "messageId"],
  ExternalId: ["type", "encoding", "sourceName", "firstMessageId"],
  ExternalIdValue: ["type", "encoding"],
  ErasedIdentifier: ["type"],
  Event: ["messageId", "event"],
  EventOutcome: ["messageId"],
  LiveEvent: ["code", "message", "sourceName", "messageId", "resume"],
  EventJourney: ["messageId", "event", "sourceName"],
  ProfileChange: ["messageId", "resume"],
  Metadata: ["firstMessageId", "lastMessageId"],
  Merge: ["messageId", "eventName"],
  Explanation: ["messageId", "assumptions"],
  InsightRecord: ["breachedType", "messageId", "eventName", "resume"],
  Verdict: ["reason"],
  HistoryEntry: ["messageId", "actor"],
  NearLimit: ["type"],
  Thread: ["type", "firstMessageId"],
  ThreadColumn: ["effect", "messageId", "eventName", "operation", "actor"],
  TypeCount: ["type"],
  TypeImpact: ["type"],
  IdentifierRule: ["type", "origin", "matchKeys", "locations"],
  BlockedValue: ["kind", "value"],
  RulesVersion: ["origin", "actor"],
  EventFilter: ["name", "fql", "createdBy"],
  FilterPreview: ["error"],
  TraitWrite: ["messageId"],
  Space: ["dropCounters", "name", "slug", "kind", "createdBy", "connectionPolicy"],
  // Refused for masked viewers.
  SchemaFile: ["fileName", "content"],
  Source: ["slug", "name", "kind", "labels"],
  SourceReplay: ["error"],
  ConnectedSource: ["connectedBy"],
  Token: ["name", "scopes", "createdBy"],
  CreatedToken: ["secret"],
  Label: ["label", "description"],
  AuditEntry: ["actor", "action", "target"],
  Rebuild: ["errorCode", "error", "actor"],
  SkippedOperation: ["operation", "reason"],
  WhatIfRun: ["error", "actor"],
  Cluster: ["firstDivergence"],
  ClusterStrand: ["type"],
  WhatIfRunEdge: ["cursor"],
  ScopeIdentifier: ["type"]
}

/**
 * The identity graph: a projection of the journal, readable by people (spec 02 section 17).
 *
 * A graph is named by a `GraphId`; a space has one live graph and, during a rebuild, a second one that
 * is filled aside and then switched to. Only the space's actor writes.
 *
 * Every adapter passes `test/contract/identity-graph.ts`; what that suite does not check, callers must not rely on.
 */
import { Context, Data, type Effect } from "effect"
import type { Position } from "../log/event-log.ts"
import type { Collection } from "../workspace/rules.ts"
import type { Identifier, ProfileNo, ProfileView } from "./model.ts"

/** Space id and generation, e.g. `spa_0123456789abcdefghijkl.1`. */
export type GraphId = string

export interface ProfileRow {
  readonly no: ProfileNo
  readonly segmentId: string
  /** t of the creating event, ms. */
  readonly createdAt: number
  readonly source: number
  readonly messageId: string
}

export interface MappingRow extends Identifier {
  /** The profile that the identifier FIRST belonged to (origin); it stays there when that profile is merged away. */
  readonly profile: ProfileNo
  /** t of the mapping event, ms: `added_at` = `created_at`. */
  readonly addedAt: number
  readonly source: number
  readonly messageId: string
}

export interface MergeRow {
  /** `mrg_…` (IDR-111). */
  readonly id: string
  readonly position: Position
  readonly from: ProfileNo
  readonly into: ProfileNo
  readonly at: number
  readonly messageId: string
  readonly eventType: string
  readonly eventName: string | null
  readonly source: number
  readonly rulesVersion: number
  readonly matchedFrom: ReadonlyArray<Identifier>
  readonly matchedInto: ReadonlyArray<Identifier>
}

/** MEMBER_OF (IDR-120): numbers of the profiles as they were when the event was resolved. */
export interface LinkRow {
  readonly position: Position
  readonly user: ProfileNo
  readonly account: ProfileNo
  /** t of the group event, ms. */
  readonly createdAt: number
  readonly source: number
  readonly messageId: string
}

/**
 * A change that only an operation of a person makes, never an event. Profiles may be named by any of their numbers
 * where "canonical" is said. What names nothing (any more) changes nothing.
 */
export type GraphOperation =
  /** The mappings are removed; the identifiers are free (IDR-152). */
  | { readonly kind: "unmap"; readonly identifiers: ReadonlyArray<Identifier> }
  /** The mappings now belong to the profile `to`, which becomes their origin; all else of them stays (IDR-201). */
  | { readonly kind: "remap"; readonly identifiers: ReadonlyArray<Identifier>; readonly to: ProfileNo }
  /** The active merge that leads away from `from` is undone: `from` is canonical again, with all still merged into it (IDR-200). */
  | { readonly kind: "unmerge"; readonly from: ProfileNo }
  /** These links, between the profiles as they were named, are gone (IDR-202). */
  | {
      readonly kind: "unlink"
      readonly links: ReadonlyArray<{ readonly user: ProfileNo; readonly account: ProfileNo }>
    }
  /**
   * Both are kept apart from now on: a relation between them as they are named, which follows them to their canonical
   * profiles, through merges and un-merges (IDR-205). Inside one canonical profile it rests.
   */
  | {
      readonly kind: "separate"
      readonly a: ProfileNo
      readonly b: ProfileNo
      readonly audit: string
      readonly since: number
    }
  /** Every separation between the canonical profiles of both is lifted. */
  | { readonly kind: "lift"; readonly a: ProfileNo; readonly b: ProfileNo }
  /**
   * The canonical profile and all members become tombstones (IDR-162): mappings, links, separations and merge records
   * are gone; of each profile only number and segment id are kept, which stays issued and is found by nothing.
   */
  | { readonly kind: "erase"; readonly profile: ProfileNo }

/** What one or more journal entries do to the graph, in order: profiles, operations, merges, mappings, links. */
export interface GraphMutations {
  /** Journal position that the graph has reached once these are applied. */
  readonly position: Position
  readonly profiles: ReadonlyArray<ProfileRow>
  readonly mappings: ReadonlyArray<MappingRow>
  readonly merges: ReadonlyArray<MergeRow>
  readonly links: ReadonlyArray<LinkRow>
  /** In order; of one journal entry, which then is applied alone. */
  readonly operations?: ReadonlyArray<GraphOperation>
}

/** What `load` found: owners of identifiers and the canonical profiles in full. */
export interface Loaded {
  /** For `identifiers[i]` of the request: the canonical profile, or undefined when it is unmapped. */
  readonly owners: ReadonlyArray<ProfileNo | undefined>
  /** Every canonical profile of `owners` and of the asked `profiles`. */
  readonly profiles: ReadonlyArray<ProfileView>
}

/** By any segment id ever issued, any identifier, or any profile number (also of merged-away profiles). */
export type ProfileRef =
  | { readonly segmentId: string }
  | { readonly identifier: Identifier }
  | { readonly no: ProfileNo }

export interface MemberRow extends ProfileRow {
  /** Whether it was merged away. */
  readonly merged: boolean
}

/** A canonical profile with everything that was merged into it. */
export interface FoundProfile {
  readonly no: ProfileNo
  readonly segmentId: string
  readonly collection: Collection
  /** The canonical profile itself and all profiles merged into it, by number. */
  readonly members: ReadonlyArray<MemberRow>
}

/** An active mapping of a canonical profile. */
export interface ExternalIdRow extends MappingRow {
  readonly originSegmentId: string
}

/** A link as seen from one side: the canonical profile of the other side. Equal links count once, the earliest (IDR-104). */
export interface LinkedProfile {
  readonly no: ProfileNo
  readonly segmentId: string
  readonly createdAt: number
  readonly position: Position
}

/** A separation as seen from one canonical profile: the canonical profile of the other side (IDR-205). */
export interface SeparatedProfile {
  readonly no: ProfileNo
  readonly segmentId: string
  readonly audit: string
  readonly since: number
}

/** An active mapping with the canonical profile it leads to, for walking the whole graph. */
export interface OwnedIdentifier {
  readonly type: string
  readonly value: string
  readonly no: ProfileNo
  readonly segmentId: string
}

/** A canonical profile with many identifiers of one type. */
export interface CrowdedProfile {
  readonly no: ProfileNo
  readonly segmentId: string
  readonly type: string
  readonly count: number
}

export class GraphUnavailable extends Data.TaggedError("GraphUnavailable")<{
  readonly adapter: "postgres" | "neo4j"
  readonly code: string
  readonly cause: unknown
}> {
  override get message() {
    return `The identity graph (${this.adapter}) could not be reached or refused the statement (${this.code}). Events are accepted meanwhile and resolved when it is back; check that the database runs.`
  }
}

/** The graph is at another position than the writer believes: another process has written. The writer must start afresh. */
export class GraphFenced extends Data.TaggedError("GraphFenced")<{
  readonly graph: GraphId
  readonly expected: Position
  readonly found: Position
}> {
  override get message() {
    return `The graph ${this.graph} is at position ${this.found}, not at ${this.expected}: another process has written to it. This process starts over from the stored position.`
  }
}

export type GraphError = GraphUnavailable | GraphFenced

export class IdentityGraph extends Context.Service<
  IdentityGraph,
  {
    readonly adapter: "postgres" | "neo4j"
    /** True: `apply` takes part in the caller's Postgres transaction, so graph and journal commit together. */
    readonly transactional: boolean

    /** Creates what the adapter needs for the graph (tables, constraints); idempotent. Returns the position reached (0 when new). */
    readonly open: (graph: GraphId) => Effect.Effect<Position, GraphError>
    /** Removes everything of the graph, in bounded steps; idempotent. */
    readonly drop: (graph: GraphId) => Effect.Effect<void, GraphError>
    /**
     * Applies mutations and moves the graph from `from` to `mutations.position` in one transaction.
     * At `mutations.position` already: nothing happens (a retry after a lost answer). Anywhere else: `GraphFenced`.
     */
    readonly apply: (graph: GraphId, from: Position, mutations: GraphMutations) => Effect.Effect<void, GraphError>

    /** One read, whatever the number of identifiers and profiles. */
    readonly load: (
      graph: GraphId,
      request: { readonly identifiers: ReadonlyArray<Identifier>; readonly profiles: ReadonlyArray<ProfileNo> }
    ) => Effect.Effect<Loaded, GraphError>
    /** Which of these segment ids were ever issued, also to profiles that were erased. */
    readonly issued: (
      graph: GraphId,
      segmentIds: ReadonlyArray<string>
    ) => Effect.Effect<ReadonlySet<string>, GraphError>

    // Reading for people. Each is one store query, whatever the number of references or profiles (PRO-63); answers in input order.
    readonly find: (
      graph: GraphId,
      collection: Collection,
      refs: ReadonlyArray<ProfileRef>
    ) => Effect.Effect<ReadonlyArray<FoundProfile | null>, GraphError>
    /** All active mappings of each canonical profile, by (added_at, type, value). At most 1,000 each (IDR-87). */
    readonly externalIds: (
      graph: GraphId,
      profiles: ReadonlyArray<ProfileNo>
    ) => Effect.Effect<ReadonlyArray<ReadonlyArray<ExternalIdRow>>, GraphError>
    /** Linked profiles of each canonical profile after `after`, by (createdAt, position), at most `limit` each, and how many there are in all. */
    readonly links: (
      graph: GraphId,
      requests: ReadonlyArray<{
        readonly profile: ProfileNo
        readonly after: { readonly createdAt: number; readonly position: Position } | null
        readonly limit: number
      }>
    ) => Effect.Effect<
      ReadonlyArray<{ readonly total: number; readonly links: ReadonlyArray<LinkedProfile> }>,
      GraphError
    >
    /** Merges into each canonical profile, transitively, by position. */
    readonly merges: (
      graph: GraphId,
      profiles: ReadonlyArray<ProfileNo>
    ) => Effect.Effect<ReadonlyArray<ReadonlyArray<MergeRow>>, GraphError>
    /** The active merge with this id, or null. */
    readonly findMerge: (graph: GraphId, id: string) => Effect.Effect<MergeRow | null, GraphError>
    /** Separations of each canonical profile, by (since, no, audit). */
    readonly separations: (
      graph: GraphId,
      profiles: ReadonlyArray<ProfileNo>
    ) => Effect.Effect<ReadonlyArray<ReadonlyArray<SeparatedProfile>>, GraphError>
    /** Active mappings after `after`, in a fixed total order of the adapter's own; a short page is the last one. */
    readonly walk: (
      graph: GraphId,
      collection: Collection,
      after: { readonly type: string; readonly value: string } | null,
      limit: number
    ) => Effect.Effect<ReadonlyArray<OwnedIdentifier>, GraphError>
    /** Canonical profiles with at least `atLeast[type]` active identifiers of that type, the most first (IDR-211). */
    readonly crowded: (
      graph: GraphId,
      collection: Collection,
      atLeast: ReadonlyMap<string, number>,
      limit: number
    ) => Effect.Effect<ReadonlyArray<CrowdedProfile>, GraphError>
    /** Number of canonical profiles. */
    readonly count: (graph: GraphId, collection: Collection) => Effect.Effect<number, GraphError>
    /** A cheap round trip, for `/health` and `doctor`. */
    readonly ping: Effect.Effect<void, GraphUnavailable>
  }
>()("braid/identity/IdentityGraph") {}

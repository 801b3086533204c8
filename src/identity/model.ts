/**
 * The words of identity resolution (spec 02): what an event brings, what the graph knows, what was decided.
 *
 *     Message --extract--> Extraction --resolve(rules, neighbourhood)--> Resolution --> journal --> graph
 */
import type { MessageType } from "../event/message.ts"
import type { Position } from "../log/event-log.ts"
import type { Collection, Window } from "../workspace/rules.ts"

/**
 * The order of resolution in one space (`resolution_seq`, IDR-130): `max(last + 1, position)`. It is the log position
 * unless a replayed event or an operation came in between.
 */
export type Seq = number
export const nextSeq = (last: Seq, position: Position): Seq => Math.max(last + 1, position)

/**
 * Number of a profile inside its space: `2 * seq of the creating event or operation + (0 users, 1 accounts)`.
 * Its order is the order of creation (`created_seq`, IDR-100).
 */
export type ProfileNo = number
export const profileNo = (seq: Seq, collection: Collection): ProfileNo => seq * 2 + (collection === "users" ? 0 : 1)
export const collectionOf = (no: ProfileNo): Collection => (no % 2 === 0 ? "users" : "accounts")

export interface Identifier {
  readonly collection: Collection
  readonly type: string
  readonly value: string
}

/** An identifier as found on an event. `index` is the extraction index (IDR-36), `rank` the displayed rank (IDR-72). */
export interface ExtractedIdentifier extends Identifier {
  readonly from: string
  readonly index: number
  readonly rank: number
}

export type IgnoreReason =
  | "unsafe_number"
  | "invalid_unicode"
  | "not_a_string"
  | "too_long"
  | "not_an_object"
  | "missing_field"
  | "malformed_type"
  | "unknown_collection"
  | "unknown_encoding"
  | "wrong_collection"
  | "type_not_configured"
  | "type_switched_off"
  | "location_switched_off"
  | "not_an_array"
  | "too_many_types"

/** Something that could have been an identifier but was not promoted, with the reason (IDR-33, IDR-35). */
export interface Ignored {
  readonly collection: Collection | null
  readonly type: string | null
  readonly from: string
  readonly reason: IgnoreReason
}

/** What `extract` found, in extraction order, blocked values already apart. */
export interface Extraction {
  readonly users: ReadonlyArray<ExtractedIdentifier>
  readonly accounts: ReadonlyArray<ExtractedIdentifier>
  readonly blocked: ReadonlyArray<ExtractedIdentifier>
  readonly ignored: ReadonlyArray<Ignored>
}

/** What the resolver needs to know of an event besides its identifiers. */
export interface EventFacts {
  readonly position: Position
  readonly seq: Seq
  readonly messageId: string
  readonly type: MessageType
  /** Event name of a track, page or screen name; null otherwise. */
  readonly name: string | null
  /** Source id, e.g. `src_web`, and its number. */
  readonly sourceId: string
  readonly source: number
  /** Identity-relevant time, ms: the earlier of timestamp and receivedAt (IDR-22). */
  readonly t: number
  /** `timestamp` as stored, ms. */
  readonly timestamp: number
  readonly receivedAt: number
}

// What the graph knows ------------------------------------------------------------------------------------------

/** A canonical profile as the resolver sees it. */
export interface ProfileView {
  readonly no: ProfileNo
  readonly segmentId: string
  /** Distinct profiles merged into it, transitively and still active (IDR-87). */
  readonly merges: number
  /** Active mappings. */
  readonly mappings: number
  /** `added_at` (ms) of every active identifier, by type. */
  readonly added: ReadonlyMap<string, ReadonlyArray<number>>
  /** Canonical profiles that it is kept apart from (IDR-205); absent: none. */
  readonly apart?: ReadonlyArray<ProfileNo>
}

/** The part of the graph that an event can touch. Total for the identifiers it was loaded for: absent = unmapped. */
export interface Neighbourhood {
  /** Canonical profile that owns the identifier. */
  readonly owner: (identifier: Identifier) => ProfileView | undefined
  readonly keptApart: (a: ProfileNo, b: ProfileNo) => boolean
  /** Whether a segment id was ever issued in this graph (IDR-110). */
  readonly issued: (segmentId: string) => boolean
}

// What was decided ----------------------------------------------------------------------------------------------

export type Breach =
  | {
      readonly kind: "limit"
      readonly type: string
      readonly count: number
      readonly limit: number
      readonly window: Window
    }
  | { readonly kind: "kept_apart"; readonly profiles: readonly [ProfileNo, ProfileNo] }

/** One turn of the loop of section 7, for the record. */
export interface Iteration {
  readonly live: ReadonlyArray<ExtractedIdentifier>
  readonly matched: ReadonlyArray<{ readonly no: ProfileNo; readonly segmentId: string }>
  readonly unseen: ReadonlyArray<ExtractedIdentifier>
  readonly breach: Breach | null
  readonly demoted: ExtractedIdentifier | null
}

export type SkipCause = "PROFILE_MERGE_LIMIT" | "IDENTIFIER_MAPPING_LIMIT"

export interface MergeDecision {
  /** `mrg_…` (IDR-111). */
  readonly id: string
  readonly from: ProfileNo
  readonly fromSegmentId: string
  readonly into: ProfileNo
  readonly intoSegmentId: string
  /** The event's identifiers that matched each side (IDR-109). */
  readonly matchedFrom: ReadonlyArray<ExtractedIdentifier>
  readonly matchedInto: ReadonlyArray<ExtractedIdentifier>
}

export type ViolationKind =
  | "Identifier value limit exceeded"
  | "Identifier value time limit exceeded"
  | "ID value blocked"
  | "Profile merge limit exceeded"
  | "Identifier mapping limit exceeded"
  | "Profiles kept apart"

export interface Violation {
  readonly kind: ViolationKind
  readonly identifier: ExtractedIdentifier
  readonly breach: Breach | null
  /** Segment ids of the candidates. */
  readonly candidates: ReadonlyArray<string>
  /** Number of the loop's turn, 0 when it was not the loop. */
  readonly iteration: number
}

/** In the order of their numbers in the store; `unresolved` = no matching identifiers. */
export const actions = ["create", "add", "none", "merge", "unresolved"] as const
export type Action = Exclude<(typeof actions)[number], "unresolved">

export interface CollectionResolution {
  readonly collection: Collection
  readonly action: Action
  readonly target: ProfileNo
  readonly segmentId: string
  readonly merged: ReadonlyArray<MergeDecision>
  readonly mapped: ReadonlyArray<ExtractedIdentifier>
  /** Identifiers that map to the target after the resolution, in extraction order (IDR-39). */
  readonly promoted: ReadonlyArray<ExtractedIdentifier>
  readonly demoted: ReadonlyArray<{
    readonly identifier: ExtractedIdentifier
    readonly breach: Breach
    readonly iteration: number
  }>
  readonly skipped: ReadonlyArray<{ readonly no: ProfileNo; readonly segmentId: string; readonly cause: SkipCause }>
  readonly iterations: ReadonlyArray<Iteration>
}

/** The outcome for one event. Both collections null: no matching identifiers (IDR-141). */
export interface Resolution {
  readonly facts: EventFacts
  readonly rulesVersion: number
  readonly users: CollectionResolution | null
  readonly accounts: CollectionResolution | null
  readonly violations: ReadonlyArray<Violation>
  /** A `group` call that resolved both sides (IDR-120). */
  readonly linked: boolean
  /** Types that this event added to the table (IDR-37). */
  readonly autoAdded: ReadonlyArray<{ readonly type: string; readonly collection: Collection }>
  readonly extraction: Extraction
}

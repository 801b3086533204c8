/**
 * What the read model answers with: the same values for REST and GraphQL (PRO-68), before either gives them its
 * shape. Times are epoch milliseconds, sources their numbers.
 */
import type { JsonObject, MessageType } from "../event/message.ts"
import type { GraphId } from "../identity/graph.ts"
import type { Identifier, ProfileNo } from "../identity/model.ts"
import type { Trait } from "../identity/traits.ts"
import type { Position } from "../log/event-log.ts"

/** A space as the stores know it. */
export interface ReadSpace {
  readonly id: string
  readonly graph: GraphId
  /** Quoted schema name. */
  readonly schema: string
}

/** `at` is the time of the write, ms; `seq` that of the event that wrote it. */
export interface TraitView extends Trait {
  readonly key: string
}

export interface ExternalIdView extends Identifier {
  readonly mappingId: string
  /** `created_at` and `added_at` are both the t of the mapping event. */
  readonly createdAt: number
  readonly source: number
  readonly messageId: string
  readonly originSegmentId: string
}

/** The newest stamp of a profile, by (t, position) (IDR-105). */
export interface Activity {
  readonly t: number
  readonly position: Position
  readonly source: number
}

export interface MetadataView {
  readonly createdAt: number
  readonly updatedAt: number
  readonly firstMessageId: string
  readonly firstSource: number
  /** Null when that event has left the log. */
  readonly lastMessageId: string | null
  readonly lastSource: number | null
  readonly mergedSegmentIds: ReadonlyArray<string>
}

export interface EventView {
  readonly position: Position
  readonly messageId: string
  readonly type: MessageType
  /** Name as listed (PRO-23); null for calls without one. */
  readonly event: string | null
  /** As stored, and in ms. */
  readonly timestamp: string
  readonly at: number
  readonly source: number
  readonly externalIds: ReadonlyArray<Identifier>
  readonly context: JsonObject
  readonly properties: JsonObject | null
  /** The stored message, without consent preferences (PRO-26). */
  readonly raw: JsonObject
  /** Profiles that it was stamped with. */
  readonly user: ProfileNo | null
  readonly account: ProfileNo | null
}

export interface EventPage {
  readonly events: ReadonlyArray<EventView>
  /** The first event after this page, if there is one. */
  readonly next: EventView | undefined
}

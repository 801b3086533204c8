/**
 * Every event that was ever accepted and not erased: the days still in the log and the chunks of the archive as one.
 * Replay, what-if and rebuild read here; who only follows new events reads `EventLog`.
 *
 * Reads are exact or fail: a chunk that is missing or damaged is an error that names the object, never a gap.
 */
import { Context, Data, type Effect, type Stream } from "effect"
import type { LogEvent, LogUnavailable, Position } from "../log/event-log.ts"
import type { ObjectStoreFailed } from "./object-store.ts"

/** A chunk of the archive is not there or not what was written. */
export class ArchiveDamaged extends Data.TaggedError("ArchiveDamaged")<{
  readonly object: string
  readonly place: string
  readonly reason: string
  readonly events: { readonly first: Position; readonly last: Position }
}> {
  override get message() {
    return `The archive is damaged: object "${this.object}" in ${this.place} ${this.reason}. It holds the events at positions ${this.events.first} to ${this.events.last}, and nothing that needs them can go on without it. Restore this object from a backup (or its older version), then try again; Braid changes nothing until then.`
  }
}

/** The disk for what does not fit in memory while events are sorted. */
export class SortFailed extends Data.TaggedError("SortFailed")<{ readonly folder: string; readonly reason: string }> {
  override get message() {
    return `Events could not be sorted in ${this.folder}: ${this.reason}. Free space there (about a tenth of the size of the events is needed), or move BRAID_DATA_DIR to a larger disk.`
  }
}

export type HistoryFailed = LogUnavailable | ObjectStoreFailed | ArchiveDamaged

/** The place of an event in the order of a replay: ascending timestamp, receivedAt, messageId (IDR-134), position. */
export interface ReplayKey {
  /** Milliseconds since 1970, both. */
  readonly timestamp: number
  readonly receivedAt: number
  readonly messageId: string
  readonly position: Position
}

export interface ReplayEvent extends ReplayKey, LogEvent {}

export interface ReceivedRange {
  /** Milliseconds: `from <= receivedAt < to`, as the event itself says. */
  readonly receivedFrom: number
  readonly receivedTo: number
  readonly sources: ReadonlyArray<number>
  /** Only events up to this position: what arrives meanwhile stays out. Default: what is released now. */
  readonly upTo?: Position
}

export class History extends Context.Service<
  History,
  {
    /** As `EventLog.read`; also finds what the log has dropped. The bodies share memory: copy one to keep it. */
    readonly read: (options: {
      readonly after: Position
      readonly upTo: Position
      readonly limit: number
      readonly sources: ReadonlyArray<number>
    }) => Effect.Effect<ReadonlyArray<LogEvent>, HistoryFailed>
    /** As `EventLog.at`; only erased events and positions that never were are missing. */
    readonly at: (positions: ReadonlyArray<Position>) => Effect.Effect<ReadonlyArray<LogEvent>, HistoryFailed>
    /** As `EventLog.count`. */
    readonly count: (options: {
      readonly after: Position
      readonly upTo: Position
      readonly limit: number
      readonly sources: ReadonlyArray<number>
    }) => Effect.Effect<number, HistoryFailed>
    /** Position of the oldest event there is; undefined when there is none. */
    readonly firstPosition: Effect.Effect<Position | undefined, HistoryFailed>
    /**
     * Events received in a time range, in the order of a replay, in arrays of at most 1,000. The whole range is read
     * before the first array comes (a late event may carry the oldest timestamp); what does not fit in 32 MB is
     * sorted on disk. Goes on after a key with `after`.
     */
    readonly readByTime: (
      options: ReceivedRange & { readonly after?: ReplayKey }
    ) => Stream.Stream<ReadonlyArray<ReplayEvent>, HistoryFailed | SortFailed>
    /** How many events `readByTime` gives for the range. Reads them (50,000 a second and more), except whole chunks. */
    readonly countByTime: (options: ReceivedRange) => Effect.Effect<number, HistoryFailed>
    /** Removes events for good, from log and archive. Idempotent: after a failure, call it again with the same positions. */
    readonly erase: (positions: ReadonlyArray<Position>) => Effect.Effect<void, HistoryFailed>
  }
>()("braid/archive/History") {}

/** Negative when `a` is replayed before `b`. */
export const byReplayOrder = (a: ReplayKey, b: ReplayKey): number =>
  a.timestamp - b.timestamp ||
  a.receivedAt - b.receivedAt ||
  (a.messageId < b.messageId ? -1 : a.messageId > b.messageId ? 1 : a.position - b.position)

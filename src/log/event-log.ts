/**
 * The durable event log: every accepted event exactly once, in one order that all readers share.
 *
 *     tracking --offer--> [group commit] --> events (day partitions) --read--> identity, warehouses, ...
 *
 * - A position is `day * 2^32 + n`: larger means later, commit order = position order, so a plain
 *   position is a complete cursor. It fits a JavaScript number for thousands of years.
 * - A message id accepted within the last 24 h is not stored again (ING-64, ING-65).
 * - Readers see events up to `released()`, not up to `head()`: the message meter of ING-34 (2) holds the
 *   rest back, which makes the log itself the durable queue.
 */
import { Context, Data, type Effect, type Scope } from "effect"

export type Position = number

/** 2^32 positions a day; `day` counts from 1970-01-01 UTC. */
export const positionsPerDay = 2 ** 32
export const dayOf = (position: Position): number => Math.floor(position / positionsPerDay)

export interface NewEvent {
  /** Number of the source in the installation (`Source.no`). */
  readonly source: number
  /** What duplicates are recognised by: scope and message id (ING-64). */
  readonly dedupKey: string
  /** The stored message as UTF-8 JSON. */
  readonly body: Uint8Array
}

export interface LogEvent {
  readonly position: Position
  readonly source: number
  /** First 128 bits of SHA-256 of the dedup key, in uuid text form: the ledger key (IDR-132). */
  readonly hash: string
  readonly body: Uint8Array
}

/** All events of one request: durable together, refused together. */
export interface AppendRequest {
  readonly events: ReadonlyArray<NewEvent>
  /** Milliseconds; one `receivedAt` per request (ING-44). */
  readonly receivedAt: number
  /** Called exactly once. `duplicates` counts the events that were stored before (or twice in this request), `which` are they. */
  readonly done: (error: LogUnavailable | undefined, duplicates: number, which?: ReadonlyArray<number>) => void
}

/** Also of an error that was copied into a plain object on its way. */
const textOf = (cause: unknown): string =>
  typeof cause === "object" && cause !== null ? String((cause as { message?: unknown }).message) : String(cause)

export class LogUnavailable extends Data.TaggedError("LogUnavailable")<{
  readonly cause: unknown
}> {
  override get message() {
    return `The event log could not be written or read: ${textOf(this.cause)}. Braid retries by itself; check that PostgreSQL is running.`
  }
}

export class EventLog extends Context.Service<
  EventLog,
  {
    /**
     * Hands a request to the group commit; returns false when the queue in front of it is full
     * (then nothing was taken and `done` is never called). Plain and synchronous: the hot path.
     */
    readonly offer: (request: AppendRequest) => boolean
    /** Requests and bytes waiting in memory for their commit. */
    readonly queued: () => { readonly requests: number; readonly bytes: number }
    /** Accepted events that the message meter still holds back (ING-34). */
    readonly held: () => number
    /** Position of the newest durable event; 0 when empty. */
    readonly head: () => Position
    /** Readers may read up to here. `released() <= head()`. */
    readonly released: () => Position
    /** Events of these sources (absent: of all) with `after < position <= upTo`, ascending, at most `limit`. */
    readonly read: (options: {
      readonly after: Position
      readonly upTo: Position
      readonly limit: number
      readonly sources?: ReadonlyArray<number> | undefined
    }) => Effect.Effect<ReadonlyArray<LogEvent>, LogUnavailable>
    /** Events at exactly these positions, in any order; positions whose partition was dropped are missing. */
    readonly at: (positions: ReadonlyArray<Position>) => Effect.Effect<ReadonlyArray<LogEvent>, LogUnavailable>
    /** Number of events of these sources (absent: of all) with `after < position <= upTo`; counting stops at `limit`. */
    readonly count: (options: {
      readonly after: Position
      readonly upTo: Position
      readonly limit: number
      readonly sources?: ReadonlyArray<number> | undefined
    }) => Effect.Effect<number, LogUnavailable>
    /** Calls `listener` whenever `released()` moved; removed with the scope. */
    readonly onReleased: (listener: () => void) => Effect.Effect<void, never, Scope.Scope>
    /**
     * Drops whole days that ended more than `days` ago and that every cursor in `cursors` (archive
     * included, once there is one) has passed. Returns the dropped days.
     */
    readonly dropOldPartitions: (days: number) => Effect.Effect<ReadonlyArray<number>, LogUnavailable>
  }
>()("braid/log/EventLog") {}

/** A replay: archived events of one source, sent again to some of its destinations (DEL-70 to DEL-75, ING-171 to ING-174, ADM-121). */
import { Context, type Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { DestinationRefused } from "../manage/refused.ts"

export const replayStates = ["queued", "running", "paused", "done", "failed", "canceled"] as const
export type ReplayState = (typeof replayStates)[number]

export const replayModes = ["all", "failed"] as const
export type ReplayMode = (typeof replayModes)[number]

/** Events of a type; `name`: only those of this name. */
export interface Wanted {
  readonly type: string
  readonly name?: string
}

export interface ReplayRequest {
  readonly sourceId: string
  readonly destinationIds: ReadonlyArray<string>
  /** ms, `from <= receivedAt < to` (ING-174). */
  readonly from: number
  readonly to: number
  /** None: all. */
  readonly events: ReadonlyArray<Wanted>
  /** `failed`: only events that were discarded in Failed delivery. */
  readonly mode: ReplayMode
  readonly maxEventsPerSecond: number | undefined
}

export interface CodeCount {
  readonly code: string
  readonly count: number
}

/** Counts are of events, summed over the destinations. Times in ms. */
export interface ReplayView extends Omit<ReplayRequest, "maxEventsPerSecond"> {
  readonly id: string
  /** Grows. */
  readonly no: number
  readonly state: ReplayState
  /** It waits for a deletion of people, and goes on by itself. */
  readonly held: boolean
  readonly maxEventsPerSecond: number | null
  /** Null: not counted yet. */
  readonly total: number | null
  readonly sent: number
  /** Wait for another attempt. */
  readonly pending: number
  readonly filtered: ReadonlyArray<CodeCount>
  readonly failed: ReadonlyArray<CodeCount>
  readonly ratePerSecond: number | null
  readonly etaSeconds: number | null
  readonly createdAt: number
  readonly createdBy: string
  readonly startedAt: number | null
  readonly finishedAt: number | null
  readonly error: string | null
}

/** What a replay would send. */
export interface Estimate {
  /** For all destinations together, before filters and triggers. */
  readonly total: number
  /** ms of the oldest and the newest `timestamp`; null: there are no events. */
  readonly firstAt: number | null
  readonly lastAt: number | null
}

export type Steer = "pause" | "resume" | "cancel"

export class Replays extends Context.Service<
  Replays,
  {
    readonly create: (
      actor: string,
      request: ReplayRequest
    ) => Effect.Effect<ReplayView, DestinationRefused | SqlError.SqlError>
    readonly estimate: (request: ReplayRequest) => Effect.Effect<Estimate, DestinationRefused | SqlError.SqlError>
    /** Newest first. */
    readonly list: Effect.Effect<ReadonlyArray<ReplayView>, SqlError.SqlError>
    readonly find: (id: string) => Effect.Effect<ReplayView, DestinationRefused | SqlError.SqlError>
    readonly steer: (
      actor: string,
      id: string,
      how: Steer
    ) => Effect.Effect<ReplayView, DestinationRefused | SqlError.SqlError>
  }
>()("braid/destinations/Replays") {}

/** What is delivered: events as they were read, jobs made of them, the rows of those that wait. Plain data. */
import { hash } from "node:crypto"
import type { ReplayKey } from "../../archive/history.ts"
import type { Sample } from "../../delivery/samples.ts"
import type { Counted } from "../../delivery/steps.ts"
import { appVersionOf, eventNameOf } from "../../delivery/dimensions.ts"
import type { LogEvent, Position } from "../../log/event-log.ts"
import type { Payload } from "../pipeline/stopped.ts"

/** What a job keeps of its event. */
export interface JobEvent {
  readonly position: Position
  readonly source: number
  /** ms */
  readonly receivedAt: number
  readonly type: string
  readonly name: string
  readonly appVersion: string
  readonly userId: string | null
  readonly anonymousId: string | null
  /** In a replay: where it lies; `position` numbers the events of the replay. */
  readonly place?: ReplayKey
}

/** An event as the log has it, parsed once for all instances of its source. */
export interface FeedEvent extends JobEvent {
  /** The stored JSON. */
  readonly text: string
  readonly message: Payload
}

const decoder = new TextDecoder()
/** Columns cannot hold the character 0. */
const storable = (text: string): string => (text.includes("\0") ? text.replaceAll("\0", "\ufffd") : text)
const textOf = (value: unknown): string | null => (typeof value === "string" && value !== "" ? storable(value) : null)

export const feedEvent = ({ position, source, body }: LogEvent): FeedEvent => {
  const text = decoder.decode(body)
  const message = JSON.parse(text) as Payload
  return {
    position,
    source,
    receivedAt: Date.parse(String(message["receivedAt"])) || 0,
    type: storable(String(message["type"])),
    name: storable(eventNameOf(message)),
    appVersion: storable(appVersionOf(message)),
    userId: textOf(message["userId"]),
    anonymousId: textOf(message["anonymousId"]),
    text,
    message
  }
}

const longestKey = 200

/** Jobs of one key are delivered one after the other: those of one user and one mapping. */
export const keyOf = (mapping: string, { userId, anonymousId, position }: JobEvent): string => {
  const user = userId !== null ? `u ${userId}` : anonymousId !== null ? `a ${anonymousId}` : `p ${position}`
  return `${mapping} ${user.length > longestKey ? `h ${hash("sha256", user, "hex")}` : user}`
}

/** One event, one mapping (DEL-1). */
export interface Job {
  readonly event: JobEvent
  /** Id of the mapping; empty for classic destinations. */
  readonly mapping: string
  readonly key: string
  /** The payload after stage 13, as JSON (DST-34). */
  readonly text: string
  /** Of the event in memory; undefined: the job came from the table. */
  readonly slot: Slot | undefined
  /** The event has more jobs. */
  readonly several: boolean
  /** Begun so far. */
  attempts: number
  firstAt: number | undefined
  /** It has a row in the table. */
  stored: boolean
  /** When the call began that it is in; undefined: it waits in memory. */
  startedAt: number | undefined
}

/** An event in memory between reading and the commit that passes it. */
export interface Slot {
  readonly event: JobEvent
  readonly bytes: number
  jobs: ReadonlyArray<Job>
  /** Jobs that have neither ended nor become rows. */
  open: number
  /** One of its jobs was discarded. */
  failed: boolean
  readonly counted: Array<Counted>
  readonly rows: Array<JobRow>
}

/** A row of `delivery_jobs`. Times in ms. */
export interface JobRow {
  readonly job: Job
  /** Null: it waits behind an older one of its key. */
  readonly nextAt: number | null
  readonly code: string
  /** It is still under way (`engine.ts`). */
  readonly parked: boolean
}

/** What one instance wants committed: all of it with the cursor, or nothing. */
export interface Part {
  readonly destination: number
  readonly epoch: number
  readonly seq: number
  readonly from: Position
  readonly to: Position
  /** In a replay: the event at `to`, when the cursor moves. */
  readonly place: ReplayKey | undefined
  /** Events of which a job was discarded. */
  readonly discarded: ReadonlyArray<Position>
  readonly counted: ReadonlyArray<Counted>
  readonly samples: ReadonlyArray<Sample>
  readonly inserts: ReadonlyArray<JobRow>
  /** Stored jobs that wait again. */
  readonly updates: ReadonlyArray<JobRow>
  /** Stored jobs that ended. */
  readonly ends: ReadonlyArray<Ended>
  /** Of all these. */
  readonly keys: ReadonlySet<string>
}

export interface Ended {
  readonly job: Job
  /** How the event counts when this was its last job; undefined: it has no other. */
  readonly last: Counted | undefined
}

/** As jobs come back from the table. */
export interface StoredJob {
  readonly position: Position
  readonly mapping: string
  readonly key: string
  readonly source: number
  readonly payload: string
  readonly attempts: number
  readonly firstAt: number | null
  readonly receivedAt: number
  readonly type: string
  readonly name: string
  readonly appVersion: string
  readonly userId: string | null
  readonly anonymousId: string | null
  readonly several: boolean
}

export const jobOfRow = (row: StoredJob): Job => ({
  event: row,
  mapping: row.mapping,
  key: row.key,
  text: row.payload,
  slot: undefined,
  several: row.several,
  attempts: row.attempts,
  firstAt: row.firstAt ?? undefined,
  stored: true,
  startedAt: undefined
})

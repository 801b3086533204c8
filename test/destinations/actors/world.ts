/**
 * One instance in a world of plain values: a log, the rows and the cursor of a database, a destination that answers as the test says, and
 * a clock that jumps from one thing that happens to the next. A commit takes effect as the one in Postgres does: all or nothing,
 * compared with the cursor. `kill` loses whatever was in memory.
 */
import type { Outcome } from "../../../src/catalog/runner.ts"
import type { Counted } from "../../../src/delivery/steps.ts"
import { type Call, Engine, type EngineLimits } from "../../../src/destinations/actors/engine.ts"
import {
  type FeedEvent,
  feedEvent,
  type JobRow,
  type Part,
  type StoredJob
} from "../../../src/destinations/actors/job.ts"
import { normalBases, type RetryPolicy } from "../../../src/destinations/actors/retry.ts"
import type { Destination, Mapping } from "../../../src/destinations/destination.ts"
import { destination, entry } from "../given.ts"

const send = {
  id: "send",
  slug: "send",
  name: "Send",
  description: "",
  hidden: false,
  defaultTrigger: null,
  fields: [],
  batch: true,
  syncModes: [],
  hooks: []
}

export const mapping = (id: string, other: Partial<Mapping> = {}): Mapping => ({
  id,
  name: id,
  actionSlug: "send",
  enabled: true,
  trigger: "",
  fires: () => true,
  settings: {},
  batch: undefined,
  ...other
})

export const webhook = (other: Partial<Destination> = {}): Destination =>
  destination({}, { entry: entry({ actions: [send] }), mappings: [mapping("map_1")], ...other })

export const begin = Date.parse("2026-01-05T12:00:00.000Z")
export const delivered: Outcome = { kind: "delivered" }
export const failed = (code: string, retry: boolean, retryAfterMs?: number): Outcome => ({
  kind: "failed",
  code,
  message: `answered ${code}`,
  retry,
  retryAfterMs
})

interface Row {
  readonly row: JobRow
  attempts: number
  firstAt: number | undefined
  nextAt: number | null
  code: string
  failed: boolean
}

/** Something that was told to the destination. */
export interface Sent {
  readonly at: number
  readonly mapping: string
  readonly events: ReadonlyArray<{ readonly messageId: string; readonly userId: string }>
  readonly outcomes: ReadonlyArray<Outcome>
}

export interface WorldOptions {
  readonly destination?: Destination
  readonly answer: (
    call: Call,
    world: World
  ) => { readonly outcomes: ReadonlyArray<Outcome>; readonly afterMs?: number }
  readonly limits?: Partial<EngineLimits>
  readonly policy?: RetryPolicy
  readonly commitEveryMs?: number
  readonly random?: () => number
}

const limitsOf = { window: 200, waiting: 200_000, aheadEvents: 5_000, aheadBytes: 16 * 1024 * 1024 }
const encoder = new TextEncoder()
const rowKey = (position: number, mapping: string) => `${position} ${mapping}`

export class World {
  readonly options: WorldOptions
  destination: Destination
  closed: string | undefined
  now = begin
  readonly log: Array<FeedEvent> = []
  cursor = 0
  seq = 0
  epoch = 0
  readonly rows = new Map<string, Row>()
  readonly counted: Array<Counted> = []
  readonly sent: Array<Sent> = []
  engine: Engine
  #underWay: Array<{ readonly at: number; readonly call: Call; readonly outcomes: ReadonlyArray<Outcome> }> = []
  #commitAt = begin
  #dirty = true

  constructor(options: WorldOptions) {
    this.options = options
    this.destination = options.destination ?? webhook()
    this.engine = this.#open()
  }

  /** Accepts an event now. */
  append(message: { readonly userId: string; readonly [member: string]: unknown }): FeedEvent {
    const position = this.log.length + 1
    const at = new Date(this.now).toISOString()
    const full = { type: "track", event: "E", messageId: `m${position}`, context: {}, receivedAt: at, ...message }
    const body = encoder.encode(JSON.stringify(full))
    const event = feedEvent({ position, source: 1, hash: "", body })
    this.log.push(event)
    return event
  }

  configure(destination: Destination, closed?: string): void {
    this.destination = destination
    this.closed = closed
    this.engine.configure(destination, closed, this.now)
  }

  /** `<mapping> <messageId>` of what a kill may repeat: what the cursor has not passed, and rows whose end was not committed. */
  readonly repeatable = new Set<string>()

  /** The process ends without a word, and another one begins. */
  kill(): void {
    for (const { events, mapping } of this.sent)
      for (const { messageId } of events) {
        const position = Number(messageId.slice(1))
        if (position > this.cursor || this.rows.has(rowKey(position, mapping)))
          this.repeatable.add(`${mapping} ${messageId}`)
      }
    this.#underWay = []
    this.engine = this.#open()
  }

  /** Lets things happen until nothing is left to happen, or until `until` (ms since the beginning). */
  run(until = Number.POSITIVE_INFINITY, stop: () => boolean = () => false): void {
    const end = begin + until
    for (let turns = 0; !stop(); turns++) {
      if (turns > 2_000_000) throw new Error("the world does not come to rest")
      this.#turn()
      const next = this.#nextAt()
      if (next === undefined || next > end) {
        if (next !== undefined) this.now = end
        return
      }
      this.#dirty ||= next < this.#commitAt || next > this.now
      this.now = Math.max(this.now, next)
    }
  }

  #open(): Engine {
    this.epoch++
    const engine = new Engine({
      destination: this.destination,
      standing: { epoch: this.epoch, seq: this.seq, position: this.cursor },
      storedKeys: new Set([...this.rows.values()].map(({ row }) => row.job.key)),
      waiting: this.rows.size,
      limits: { ...limitsOf, ...this.options.limits },
      policy: () => this.options.policy ?? { attempts: 10, windowMs: 4 * 3_600_000, bases: normalBases },
      random: this.options.random ?? (() => 0.5),
      wantsSample: () => false
    })
    engine.configure(this.destination, this.closed, this.now)
    return engine
  }

  #turn(): void {
    const { engine, now } = this
    const ended = this.#underWay.filter(({ at }) => at <= now)
    this.#underWay = this.#underWay.filter(({ at }) => at > now)
    for (const { call, outcomes } of ended) engine.finished(call, outcomes, [], now)
    if (this.closed === undefined)
      while (engine.room > 0 && engine.readTo < this.log.length) engine.offer(this.log[engine.readTo]!, now)
    else engine.passTo(this.log.length)
    if (this.closed === undefined && engine.takesDue(now)) engine.due(...this.#due())
    for (let call = engine.next(now); call !== undefined; call = engine.next(now)) this.#call(call)
    if (this.#dirty && now >= this.#commitAt) {
      const part = engine.part(now, true)
      this.#dirty = part !== undefined
      if (part !== undefined) engine.committed(part, this.#commit(part), now)
      this.#commitAt = now + (this.options.commitEveryMs ?? 100)
    }
  }

  #call(call: Call): void {
    const { afterMs = 20, outcomes } = this.options.answer(call, this)
    const events = call.events.map((text) => JSON.parse(text) as Sent["events"][number])
    this.sent.push({ at: this.now, mapping: call.mapping?.id ?? "", events, outcomes })
    this.#underWay.push({ at: this.now + afterMs, call, outcomes })
  }

  #nextAt(): number | undefined {
    const { engine, now } = this
    const times = this.#underWay.map(({ at }) => at)
    const wakeAt = engine.wakeAt(now)
    if (wakeAt !== undefined) times.push(Math.max(wakeAt, now))
    const behind = engine.readTo < this.log.length && engine.room > 0
    if (this.#dirty) times.push(this.#commitAt)
    if (behind) times.push(now)
    return times.length === 0 ? undefined : Math.min(...times)
  }

  /** As `dueText` of the store. */
  #due(): [ReadonlyArray<StoredJob>, number | undefined] {
    const free = [...this.rows.values()].filter(({ row }) => !this.engine.claimed.has(row.job.key))
    const isDue = ({ nextAt }: Row) => nextAt !== null && nextAt <= this.now
    const due = free.filter(isDue).sort((a, b) => a.nextAt! - b.nextAt!)
    const keys = new Set([...new Set(due.map(({ row }) => row.job.key))].slice(0, 100))
    const found: Array<Row> = []
    for (const key of keys)
      found.push(
        ...free
          .filter(({ row }) => row.job.key === key)
          .sort((a, b) => a.row.job.event.position - b.row.job.event.position)
          .slice(0, 8)
      )
    found.sort((a, b) => a.row.job.event.position - b.row.job.event.position)
    const others = free.filter(({ nextAt, row }) => nextAt !== null && !keys.has(row.job.key))
    const next = others.length === 0 ? undefined : Math.min(...others.map(({ nextAt }) => nextAt!))
    const jobs = found.map(({ attempts, firstAt, row: { job } }) => ({
      ...job.event,
      mapping: job.mapping,
      key: job.key,
      payload: job.text,
      attempts,
      firstAt: firstAt ?? null,
      several: job.several
    }))
    return [jobs, next]
  }

  /** As the transaction of the store. Answers keys without rows. */
  #commit(part: Part): ReadonlySet<string> {
    if (part.from !== this.cursor || part.seq !== this.seq || part.epoch !== this.epoch) throw new Error("fenced")
    this.cursor = part.to
    this.seq = part.seq + 1
    this.counted.push(...part.counted)
    const write = (row: JobRow, wasFailed: boolean) => {
      const { job } = row
      this.rows.set(rowKey(job.event.position, job.mapping), {
        row,
        attempts: job.attempts,
        firstAt: job.firstAt,
        nextAt: row.nextAt,
        code: row.code,
        failed: wasFailed
      })
    }
    for (const row of part.updates) {
      const before = this.rows.get(rowKey(row.job.event.position, row.job.mapping))
      if (before !== undefined) write(row, before.failed)
    }
    for (const row of part.inserts) write(row, row.job.slot?.failed === true)
    const places = new Map<number, Array<Counted>>()
    const failedBefore = new Set<number>()
    for (const { job, last } of part.ends) {
      const { position } = job.event
      const key = rowKey(position, job.mapping)
      if (this.rows.get(key)?.failed === true) failedBefore.add(position)
      this.rows.delete(key)
      if (last === undefined) continue
      if (job.several) places.set(position, [...(places.get(position) ?? []), last])
      else this.counted.push(last)
    }
    for (const [position, lasts] of places) {
      const failure = lasts.find(({ step }) => step === "failed_delivery")
      const left = [...this.rows.values()].filter(({ row }) => row.job.event.position === position)
      if (failure !== undefined) for (const row of left) row.failed = true
      if (left.length > 0) continue
      this.counted.push(failure ?? (failedBefore.has(position) ? { ...lasts[0]!, step: "failed_delivery" } : lasts[0]!))
    }
    const drained = new Set<string>()
    for (const key of part.keys) {
      let head: Row | undefined
      for (const row of this.rows.values())
        if (row.row.job.key === key && (head === undefined || row.row.job.event.position < head.row.job.event.position))
          head = row
      if (head === undefined) drained.add(key)
      else head.nextAt ??= this.now
    }
    return drained
  }
}

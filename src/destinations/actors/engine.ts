/**
 * Delivery of one instance, without time, chance, network and database: all four come in from outside (`instance.ts`).
 *
 *     offer --route--> slot (one event) --jobs--> lanes --> [batches] --> ready --window--> call --> outcome
 *                        |                                                                              |
 *                        +------ ledger: cursor, counts, rows of what must wait, ends of rows <---------+
 *
 * - The cursor passes an event when each of its jobs is delivered, discarded, or a row of `delivery_jobs`; counts of an event are
 *   committed with the cursor that passes it. So a kill repeats what lies between, and counts nothing twice.
 * - A call that takes long would keep the cursor: after `parkAfterMs` its jobs become rows while it is still under way.
 * - What is in memory is bounded (`room`), and so are the rows (`limits.waiting`): beyond, nothing is read, and the log keeps it.
 * - Order (`lanes.ts`) holds for a user and a mapping: what waits for its retry goes in front of whatever was read later.
 */
import type { Exchange, Outcome } from "../../catalog/runner.ts"
import type { Step } from "../../delivery/steps.ts"
import type { Position } from "../../log/event-log.ts"
import type { Destination, Mapping } from "../destination.ts"
import type { Payload } from "../pipeline/stopped.ts"
import { Batches, batchKeyOf, single, type Unit } from "./batches.ts"
import { countedOf } from "./counting.ts"
import { type FeedEvent, type Job, jobOfRow, type Part, type Slot, type StoredJob } from "./job.ts"
import { type Lane, Lanes } from "./lanes.ts"
import { jobsOf, prepare, routeSafely } from "./stages.ts"
import { Ledger, type Standing, type WantsSample } from "./ledger.ts"
import { Line } from "./line.ts"
import { nextAttempt, type RetryPolicy } from "./retry.ts"
import { Window } from "./window.ts"

export interface EngineLimits {
  /** Requests on their way at most (DEL-6). */
  readonly window: number
  /** Rows at most before nothing more is read. */
  readonly waiting: number
  readonly aheadEvents: number
  readonly aheadBytes: number
}

export interface EngineOptions {
  readonly destination: Destination
  readonly standing: Standing
  /** Keys of the rows that there are, and their number. */
  readonly storedKeys: Iterable<string>
  readonly waiting: number
  readonly limits: EngineLimits
  readonly policy: () => RetryPolicy
  /** 0 to 1. */
  readonly random: () => number
  readonly wantsSample: WantsSample
}

/** One call to the executor. */
export interface Call {
  readonly jobs: ReadonlyArray<Job>
  readonly batch: boolean
  readonly mapping: Mapping | undefined
  /** In the order of `jobs`; encrypted where the destination says so. */
  readonly events: ReadonlyArray<string>
}

export const parkAfterMs = 2_000
const noJobs: ReadonlyArray<Job> = []

export class Engine {
  readonly #options: EngineOptions
  readonly #ledger: Ledger
  readonly #lanes: Lanes
  readonly #window: Window
  readonly #batches = new Batches()
  readonly #ready = new Line<Unit>()
  #destination: Destination
  #mappings: ReadonlyMap<string, Mapping> = new Map()
  /** Everything that has not begun is discarded with this code. */
  #closed: string | undefined
  #inFlight = 0
  #waiting: number
  /** When rows are due that are not in memory; undefined: there are none. */
  #dueAt: number | undefined

  constructor(options: EngineOptions) {
    this.#options = options
    this.#destination = options.destination
    this.#ledger = new Ledger(options.destination.no, options.standing, options.wantsSample)
    this.#lanes = new Lanes(options.storedKeys)
    this.#window = new Window(options.limits.window)
    this.#waiting = options.waiting
    this.#dueAt = options.waiting > 0 ? 0 : undefined
  }

  /** Takes over what the destination is from now on. `closed`: it was disabled or deleted, and takes nothing any more. */
  configure(destination: Destination, closed: string | undefined, now: number): void {
    this.#destination = destination
    this.#closed = closed
    this.#mappings = new Map(destination.mappings.filter(({ enabled }) => enabled).map((one) => [one.id, one]))
    this.#window.limit(destination.maxEventsPerSecond, now)
  }

  get destination(): Destination {
    return this.#destination
  }

  get standing(): Standing {
    return this.#ledger.standing
  }

  /** Up to here everything is committed. */
  get position(): Position {
    return this.#ledger.position
  }

  get readTo(): Position {
    return this.#ledger.readTo
  }

  get inFlight(): number {
    return this.#inFlight
  }

  /** Rows. */
  get waiting(): number {
    return this.#waiting
  }

  get window(): number {
    return this.#window.size
  }

  get pausedUntil(): number {
    return this.#window.pausedUntil
  }

  /** Too much waits: nothing more is read. */
  get isFull(): boolean {
    return this.#waiting >= this.#options.limits.waiting
  }

  /** Events in a batch of its mappings at most; 0: none batches. */
  get largestBatch(): number {
    let most = 0
    for (const { batch } of this.#mappings.values()) most = Math.max(most, batch?.size ?? 0)
    return most
  }

  /** Nothing is in memory or on its way. */
  get isIdle(): boolean {
    return this.#ledger.isEmpty && this.#inFlight === 0 && this.#ready.length === 0
  }

  /** Age of the oldest event that is in memory. */
  lagMs(now: number): number {
    const first = this.#ledger.first
    return first === undefined ? 0 : Math.max(0, now - first.event.receivedAt)
  }

  get bytes(): number {
    return this.#ledger.bytes
  }

  /** Events that may be offered now. */
  get room(): number {
    const { aheadBytes, aheadEvents } = this.#options.limits
    if (this.isFull || this.#ledger.bytes >= aheadBytes) return 0
    return Math.max(0, aheadEvents - this.#ledger.events)
  }

  /** The next event of its source. */
  offer(event: FeedEvent, now: number): void {
    if (event.position <= this.readTo) return
    const slot: Slot = { event, bytes: event.text.length, jobs: noJobs, open: 0, failed: false, counted: [], rows: [] }
    this.#ledger.push(slot)
    const routed = routeSafely(this.#destination, event)
    if (routed.stopped !== undefined) {
      const { code, detail } = routed.stopped
      const step = "filtered_at_destination"
      slot.counted.push(countedOf(this.#destination, event, step, code, "", 0))
      const problem = { step, code, state: "filtered", message: detail ?? "", exchanges: [] } as const
      this.#ledger.sample(event, event.text, "", problem, now)
      return
    }
    slot.jobs = jobsOf(event, slot, routed)
    slot.open = slot.jobs.length
    for (const job of slot.jobs) this.#submit(job, routed.event, now)
  }

  /** Everything up to here was offered, or is not to be delivered. */
  passTo(position: Position): void {
    this.#ledger.passTo(position)
  }

  /** Keys whose rows are in memory. */
  get claimed(): ReadonlySet<string> {
    return this.#lanes.claimed
  }

  /** True: read rows and call `due`; some are due, and not much is in front of the window. What is committed meanwhile is remembered. */
  takesDue(now: number): boolean {
    if (this.#dueAt === undefined || this.#dueAt > now || this.#ready.length >= this.#window.size) return false
    this.#dueAt = undefined
    return true
  }

  /** Rows that are due and those behind them, in the order of their positions; `nextAt`: when others are. */
  due(rows: ReadonlyArray<StoredJob>, nextAt: number | undefined): void {
    if (nextAt !== undefined) this.#dueBy(nextAt)
    const claimed = new Set(this.#lanes.claimed)
    const units = new Map<string, Unit>()
    for (const row of rows) {
      // Became a row while these were read, and is still under way.
      if (claimed.has(row.key)) continue
      const lane = this.#lanes.of(row.key)
      const job = jobOfRow(row)
      lane.stored = true
      this.#lanes.claim(lane, 1)
      const mapping = this.#mappings.get(row.mapping)
      const key = mapping?.batch === undefined ? undefined : batchKeyOf(mapping, JSON.parse(job.text))
      // What comes due together may go together (DEL-10), and waits for no others.
      const id = `${row.mapping}\n${key}`
      let unit = key === undefined ? undefined : units.get(id)
      if (unit !== undefined && unit.jobs.length >= mapping!.batch!.size) unit = undefined
      if (lane.active > 0 && (unit === undefined || lane.unit !== unit || lane.chain.length > 0)) {
        lane.chain.push(job)
        continue
      }
      if (unit === undefined) {
        unit = { ...single(job), jobs: [], batch: key !== undefined }
        units.set(id, unit)
        this.#ready.push(unit)
      }
      lane.active++
      lane.unit = unit
      unit.jobs.push(job)
    }
  }

  /** The next call that may begin now. */
  next(now: number): Call | undefined {
    this.#batches.close(this.#closed === undefined ? now : Number.POSITIVE_INFINITY)
    this.#takeClosed()
    while (this.#ready.length > 0) {
      if (this.#closed === undefined && this.#window.freeAt(this.#inFlight, now) !== now) return undefined
      const unit = this.#ready.shift()!
      const mapping = this.#mappings.get(unit.mapping)
      const jobs: Array<Job> = []
      const events: Array<string> = []
      for (const job of unit.jobs) {
        const text = this.#prepare(job, mapping, now)
        if (text === undefined) continue
        job.attempts++
        job.firstAt ??= now
        job.startedAt = now
        jobs.push(job)
        events.push(text)
      }
      if (jobs.length === 0) continue
      this.#inFlight++
      this.#window.spend(jobs.length)
      return { jobs, batch: unit.batch, mapping, events }
    }
    return undefined
  }

  /** What became of the jobs of a call, in their order. `blameless`: the executor failed, not the destination. */
  finished(
    { jobs }: Call,
    outcomes: ReadonlyArray<Outcome>,
    exchanges: ReadonlyArray<Exchange>,
    now: number,
    blameless = false
  ): void {
    this.#inFlight--
    this.#window.answered(outcomes, now, blameless)
    const lanes = new Set<Lane>()
    // One for all: what failed together comes due together, and goes together again (DST-101).
    const random = this.#options.random()
    for (const [i, job] of jobs.entries()) {
      const lane = this.#lanes.of(job.key)
      lanes.add(lane)
      lane.active--
      job.startedAt = undefined
      const outcome = outcomes[i]!
      if (outcome.kind === "delivered") {
        const latency = Math.max(0, now - job.event.receivedAt)
        this.#ledger.end(
          job,
          countedOf(this.#destination, job.event, "successful_delivery", "", job.mapping, job.attempts, latency)
        )
        continue
      }
      const { code, message, retry } = outcome
      const { attempts, firstAt } = job
      const failed = { attempts, firstAt: firstAt!, now, retryAfterMs: outcome.retryAfterMs, random }
      const nextAt = retry && this.#closed === undefined ? nextAttempt(this.#options.policy(), failed) : undefined
      if (nextAt === undefined) {
        this.#discard(job, "failed_delivery", retry ? (this.#closed ?? code) : code, message, exchanges, now)
        continue
      }
      const problem = { step: "failed_delivery", code, state: "awaiting_retry", message, exchanges } as const
      this.#ledger.sample(job.event, job.text, job.mapping, problem, now)
      if (this.#ledger.wait(job, nextAt, code)) lane.held++
      lane.waits = true
    }
    for (const lane of lanes) this.#advance(lane, now)
  }

  /** What is to be committed, if anything is; `idle`: also when only the cursor moves. */
  part(now: number, idle = false): Part | undefined {
    return this.#ledger.part((slot) => this.#park(slot, now), idle)
  }

  /** The part is committed; `drained`: keys of it that have no row any more. */
  committed(part: Part, drained: ReadonlySet<string>, now: number): void {
    this.#ledger.committed(part)
    this.#waiting = Math.max(0, this.#waiting + part.inserts.length - part.ends.length)
    const dueAt = new Map<string, number>()
    for (const { job, nextAt, parked } of part.inserts) {
      const lane = this.#lanes.of(job.key)
      lane.stored = true
      if (parked) continue
      lane.held--
      if (nextAt !== null) dueAt.set(job.key, nextAt)
    }
    for (const { job, nextAt } of part.updates) {
      this.#lanes.claim(this.#lanes.of(job.key), -1)
      if (nextAt !== null) dueAt.set(job.key, nextAt)
    }
    for (const { job } of part.ends) this.#lanes.claim(this.#lanes.of(job.key), -1)
    for (const key of part.keys) {
      const lane = this.#lanes.of(key)
      if (drained.has(key)) lane.stored = false
      else if (lane.claims === 0) this.#dueBy(dueAt.get(key) ?? now)
      this.#lanes.tidy(lane)
    }
  }

  /** When something is to be done even if nothing happens until then. */
  wakeAt(now: number): number | undefined {
    let at = this.#batches.nextAt
    const earlier = (other: number | undefined) => {
      if (other !== undefined && (at === undefined || other < at)) at = other
    }
    if (this.#ready.length > 0) earlier(this.#window.freeAt(this.#inFlight, now))
    if (this.#closed === undefined && this.#ready.length < this.#window.size) earlier(this.#dueAt)
    for (const { startedAt } of this.#ledger.first?.jobs ?? noJobs)
      if (startedAt !== undefined && startedAt + parkAfterMs > now) earlier(startedAt + parkAfterMs)
    return at
  }

  #dueBy(at: number): void {
    if (this.#dueAt === undefined || at < this.#dueAt) this.#dueAt = at
  }

  #submit(job: Job, payload: Payload, now: number): void {
    const lane = this.#lanes.of(job.key)
    if (lane.stored || lane.held > 0) return this.#hold(job, lane, now)
    if (lane.active === 0) return this.#activate(job, lane, payload, now)
    if (lane.chain.length > 0 || !this.#joins(job, lane, payload, now)) lane.chain.push(job)
  }

  /** An older one waits for its retry: the job becomes a row behind it. Its window has begun (DEL-2), or a lane would never end. */
  #hold(job: Job, lane: Lane, now: number): void {
    job.firstAt ??= now
    this.#ledger.wait(job, null, "")
    lane.held++
  }

  #activate(job: Job, lane: Lane, payload: Payload | undefined, now: number): void {
    lane.active++
    const mapping = this.#mappings.get(job.mapping)
    if (mapping?.batch !== undefined && !job.stored) {
      const key = batchKeyOf(mapping, payload ?? JSON.parse(job.text))
      if (key !== undefined) {
        lane.unit = this.#batches.add(job, mapping, key, now)
        return
      }
    }
    this.#ready.push(single(job))
  }

  /** Goes with the one before it of its lane, in the batch that is still open. */
  #joins(job: Job, lane: Lane, payload: Payload | undefined, now: number): boolean {
    if (lane.unit?.open !== true) return false
    const mapping = this.#mappings.get(job.mapping)
    if (mapping?.batch === undefined) return false
    const key = batchKeyOf(mapping, payload ?? JSON.parse(job.text))
    if (key === undefined || this.#batches.find(job, mapping, key) !== lane.unit) return false
    this.#batches.add(job, mapping, key, now)
    lane.active++
    return true
  }

  /** Lets the next of the lane through, or sends those behind one that waits to the table. */
  #advance(lane: Lane, now: number): void {
    if (lane.active > 0) return
    lane.unit = undefined
    const { chain, waits } = lane
    lane.waits = false
    if (waits) {
      for (const job of chain.splice(0))
        if (job.stored) this.#lanes.claim(lane, -1)
        else this.#hold(job, lane, now)
    } else if (chain.length > 0) {
      this.#activate(chain.shift()!, lane, undefined, now)
      while (chain.length > 0 && this.#joins(chain[0]!, lane, undefined, now)) chain.shift()
    }
    this.#lanes.tidy(lane)
  }

  /** What is told to the executor; undefined: the job was discarded. */
  #prepare(job: Job, mapping: Mapping | undefined, now: number): string | undefined {
    const prepared = prepare(this.#destination, mapping, job, this.#closed)
    if (typeof prepared === "string") return prepared
    const { code, message, step } = prepared
    const lane = this.#lanes.of(job.key)
    lane.active--
    this.#discard(job, step, code, message, [], now)
    this.#advance(lane, now)
    return undefined
  }

  #discard(job: Job, step: Step, code: string, message: string, exchanges: ReadonlyArray<Exchange>, now: number): void {
    const problem = { step, code, state: "discarded", message, exchanges } as const
    this.#ledger.sample(job.event, job.text, job.mapping, problem, now)
    this.#ledger.end(job, countedOf(this.#destination, job.event, step, code, job.mapping, job.attempts))
  }

  /** Makes rows of the jobs that keep the cursor, if all of them have been under way for long. */
  #park(slot: Slot, now: number): boolean {
    const open = slot.jobs.filter((job) => !job.stored && job.startedAt !== undefined)
    if (open.length < slot.open || open.some(({ startedAt }) => now - startedAt! < parkAfterMs)) return false
    for (const job of open) {
      const lane = this.#lanes.of(job.key)
      this.#ledger.park(job, now)
      lane.stored = true
      this.#lanes.claim(lane, 1)
      for (const behind of lane.chain.splice(0)) this.#hold(behind, lane, now)
    }
    return true
  }

  #takeClosed(): void {
    for (const unit of this.#batches.closed.splice(0)) this.#ready.push(unit)
  }
}

/**
 * What an instance has to tell the database: events in their order until the cursor may pass them, and what became of rows.
 * One part is under way at a time; the next one collects meanwhile (`committer.ts`).
 */
import type { Exchange } from "../../catalog/runner.ts"
import type { Sample, SampleState } from "../../delivery/samples.ts"
import type { Counted, Step } from "../../delivery/steps.ts"
import type { Position } from "../../log/event-log.ts"
import { countsOf, lastOf } from "./counting.ts"
import type { Ended, Job, JobEvent, JobRow, Part, Slot } from "./job.ts"
import { Line } from "./line.ts"

export interface Standing {
  readonly epoch: number
  readonly seq: number
  readonly position: Position
}

export type WantsSample = (destination: number, step: Step, code: string, at: number) => boolean

/** Something did not get through. */
export interface Problem {
  readonly step: Step
  readonly code: string
  readonly state: SampleState
  readonly message: string
  readonly exchanges: ReadonlyArray<Exchange>
}

export class Ledger {
  readonly #destination: number
  readonly #wantsSample: WantsSample
  readonly #epoch: number
  readonly #slots = new Line<Slot>()
  #position: Position
  #readTo: Position
  #seq: number
  #bytes = 0
  #counted: Array<Counted> = []
  #samples: Array<Sample> = []
  #updates: Array<JobRow> = []
  #ends: Array<Ended> = []
  #discarded: Array<Position> = []
  #committing = false

  constructor(destination: number, standing: Standing, wantsSample: WantsSample) {
    this.#destination = destination
    this.#wantsSample = wantsSample
    this.#epoch = standing.epoch
    this.#seq = standing.seq
    this.#position = this.#readTo = standing.position
  }

  /** As the next commit will compare it. */
  get standing(): Standing {
    return { epoch: this.#epoch, seq: this.#seq, position: this.#position }
  }

  get position(): Position {
    return this.#position
  }

  get readTo(): Position {
    return this.#readTo
  }

  /** Events and bytes in memory. */
  get events(): number {
    return this.#slots.length
  }

  get bytes(): number {
    return this.#bytes
  }

  /** The event that keeps the cursor. */
  get first(): Slot | undefined {
    return this.#slots.first
  }

  get isEmpty(): boolean {
    return this.#slots.length === 0 && !this.#committing && this.#ends.length === 0 && this.#updates.length === 0
  }

  push(slot: Slot): void {
    this.#readTo = slot.event.position
    this.#slots.push(slot)
    this.#bytes += slot.bytes
  }

  passTo(position: Position): void {
    if (position > this.#readTo) this.#readTo = position
  }

  /** The job is delivered or discarded. */
  end(job: Job, counted: Counted): void {
    const { slot } = job
    if (job.stored || slot === undefined) {
      this.#counted.push(counted)
      this.#ends.push({ job, last: lastOf(job, counted) })
      if (counted.step === "failed_delivery") this.#discarded.push(job.event.position)
      return
    }
    slot.counted.push(counted)
    slot.open--
    if (counted.step !== "successful_delivery") slot.failed = true
  }

  /** The job becomes a row, or its row changes. True: a new one. */
  wait(job: Job, nextAt: number | null, code: string): boolean {
    const row = { job, nextAt, code, parked: false }
    if (job.stored || job.slot === undefined) {
      this.#updates.push(row)
      return false
    }
    job.slot.rows.push(row)
    job.slot.open--
    return true
  }

  /** The job becomes a row and goes on; should the process end now, it is begun again. */
  park(job: Job, now: number): void {
    job.slot!.rows.push({ job, nextAt: now, code: "", parked: true })
    job.slot!.open--
    job.stored = true
  }

  sample(event: JobEvent, sent: string, mapping: string, problem: Problem, at: number): void {
    const { step, code } = problem
    if (!this.#wantsSample(this.#destination, step, code, at)) return
    const { receivedAt, source } = event
    this.#samples.push({ destination: this.#destination, source, mapping, at, receivedAt, sent, ...problem })
  }

  /** `settles`: makes rows of what keeps the cursor, or answers that it stays. `idle`: also when the cursor is all that moves. */
  part(settles: (slot: Slot) => boolean, idle: boolean): Part | undefined {
    if (this.#committing) return undefined
    const inserts: Array<JobRow> = []
    const counted = this.#counted
    const discarded = this.#discarded
    let to = this.#position
    let place: Part["place"]
    for (let slot = this.#slots.first; slot !== undefined; slot = this.#slots.first) {
      if (slot.open > 0 && !settles(slot)) break
      this.#slots.shift()
      this.#bytes -= slot.bytes
      to = slot.event.position
      place = slot.event.place
      for (const one of countsOf(slot)) counted.push(one)
      if (slot.counted.some(({ step }) => step === "failed_delivery")) discarded.push(to)
      for (const row of slot.rows) inserts.push(row)
    }
    const updates = this.#updates
    const ends = this.#ends
    const samples = this.#samples
    const hasContent = counted.length + inserts.length + updates.length + ends.length + samples.length > 0
    if (this.#slots.length === 0 && (hasContent || idle)) to = this.#readTo
    if (!hasContent && to === this.#position) return undefined
    const keys = new Set<string>()
    for (const rows of [inserts, updates, ends]) for (const { job } of rows) keys.add(job.key)
    this.#committing = true
    this.#counted = []
    this.#samples = []
    this.#updates = []
    this.#ends = []
    this.#discarded = []
    return {
      destination: this.#destination,
      epoch: this.#epoch,
      seq: this.#seq,
      from: this.#position,
      to,
      place,
      discarded,
      counted,
      samples,
      inserts,
      updates,
      ends,
      keys
    }
  }

  committed({ to, seq }: Part): void {
    this.#committing = false
    this.#position = to
    this.#seq = seq + 1
  }
}

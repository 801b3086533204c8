/**
 * What the door saw, kept in memory until it is written (`flush.ts`): a sample of the messages, and counts of all. Plain and
 * synchronous, because every message comes through here.
 *
 * - At most `perSecond` messages of a source a second are kept; above that one in so many. Discarded and blocked ones have a share of
 *   their own each, so that a flood of good ones never hides them (ING-123).
 * - Bodies wait within `maxBytes` for all sources together; beyond, messages are only counted.
 */
import { Context, Layer } from "effect"
import type { JsonObject, Message } from "../event/message.ts"
import { entryOf } from "./entry.ts"
import type { Seen } from "./seen.ts"

export interface Counts {
  readonly source: number
  /** Start of the second, ms. */
  readonly second: number
  accepted: number
  discarded: number
  duplicates: number
}

const perSecond = 100
const maxBytes = 2 * 1024 * 1024
/** Counts that wait; more sources than that are not counted one by one. */
const mostCounts = 20_000

/** Never throws: what is nested too deeply for `JSON.stringify` was refused for another reason, maybe. */
const written = (body: JsonObject, code: string): string => {
  try {
    return entryOf({ body, code }).body
  } catch {
    return '{"tooLarge":true}'
  }
}

class SourceMeter {
  second = 0
  /** Messages of this second and of the one before. */
  seen = 0
  before = 0
  kept = 0
  keptDiscarded = 0
  keptBlocked = 0
  oneIn = 1
}

export class Recorder {
  private readonly meters = new Map<number, SourceMeter>()
  private seen: Array<Seen> = []
  private counts = new Map<string, Counts>()
  private bytes = 0
  private readonly limit: number

  constructor(limit = perSecond) {
    this.limit = limit
  }

  /** `repeated`: which of the bodies were stored before. */
  accepted(
    source: number,
    bodies: ReadonlyArray<{ readonly body: Uint8Array }>,
    at: number,
    repeated?: ReadonlyArray<number>
  ): void {
    const counts = this.countsOf(source, at)
    const duplicates = repeated?.length ?? 0
    if (counts !== undefined) {
      counts.accepted += bodies.length - duplicates
      counts.duplicates += duplicates
    }
    const meter = this.meterOf(source, at)
    for (let i = 0; i < bodies.length; i++) {
      meter.seen += 1
      if (meter.kept >= this.limit || meter.seen % meter.oneIn !== 0) continue
      const { body } = bodies[i]!
      if (this.bytes + body.length > maxBytes) return
      meter.kept += 1
      this.bytes += body.length
      const status = duplicates > 0 && repeated!.includes(i) ? "duplicate" : "accepted"
      this.seen.push({ source, at, status, code: null, body, oneIn: meter.oneIn })
    }
  }

  discarded(source: number, code: string, item: unknown, at: number): void {
    const counts = this.countsOf(source, at)
    if (counts !== undefined) counts.discarded += 1
    const meter = this.meterOf(source, at)
    if (meter.keptDiscarded >= this.limit || this.bytes >= maxBytes) return
    meter.keptDiscarded += 1
    const sent =
      typeof item === "object" && item !== null && !Array.isArray(item)
        ? (item as JsonObject)
        : { value: item as never }
    // Written down at once: a parsed item may hold as much memory as a request, and nobody could count it.
    const body = Buffer.from(written(sent, code))
    this.bytes += body.length
    this.seen.push({ source, at, status: "discarded", code, body, oneIn: 1 })
  }

  /** Kept out by the schema of its source; counted there. */
  blocked(source: number, code: string, message: Message, at: number): void {
    const meter = this.meterOf(source, at)
    if (meter.keptBlocked >= this.limit || this.bytes >= maxBytes) return
    meter.keptBlocked += 1
    const body = Buffer.from(JSON.stringify(message))
    this.bytes += body.length
    this.seen.push({ source, at, status: "blocked", code, body, oneIn: 1 })
  }

  /** What has come since the last time; undefined: nothing. */
  take(): { readonly seen: ReadonlyArray<Seen>; readonly counts: ReadonlyArray<Counts> } | undefined {
    if (this.counts.size === 0 && this.seen.length === 0) return undefined
    const taken = { seen: this.seen, counts: [...this.counts.values()] }
    this.seen = []
    this.counts = new Map()
    this.bytes = 0
    return taken
  }

  private countsOf(source: number, at: number): Counts | undefined {
    const second = at - (at % 1000)
    const key = `${source} ${second}`
    let counts = this.counts.get(key)
    if (counts === undefined) {
      if (this.counts.size >= mostCounts) return undefined
      this.counts.set(key, (counts = { source, second, accepted: 0, discarded: 0, duplicates: 0 }))
    }
    return counts
  }

  private meterOf(source: number, at: number): SourceMeter {
    let meter = this.meters.get(source)
    if (meter === undefined) this.meters.set(source, (meter = new SourceMeter()))
    const second = Math.floor(at / 1000)
    if (second !== meter.second) {
      // As many as in the second before are expected.
      meter.before = second === meter.second + 1 ? meter.seen : 0
      meter.second = second
      meter.seen = 0
      meter.kept = 0
      meter.keptDiscarded = 0
      meter.keptBlocked = 0
      meter.oneIn = Math.max(1, Math.ceil(meter.before / this.limit))
    }
    return meter
  }
}

/** The one of this process: the door fills it, `flush.ts` empties it. */
export class LiveRecorder extends Context.Service<LiveRecorder, Recorder>()("braid/debugger/LiveRecorder") {
  static readonly layer = Layer.sync(this, () => new Recorder())
}

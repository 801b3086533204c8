/** Deterministic traffic of people who log in on several devices, belong to companies and share nothing else. */
import type { Service } from "./service.ts"

/** Mulberry32: small, fast, good enough for tests; the seed is printed by whoever fails. */
export const random = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296
}

export interface TrafficEvent {
  readonly type: string
  readonly messageId: string
  readonly [member: string]: unknown
}

/** Event `n` of a run: always the same for the same seed. */
export const makeTraffic = (seed: number, people: number) => {
  const next = random(seed)
  const pick = (n: number) => Math.floor(next() * n)
  let n = 0
  return (): TrafficEvent => {
    const messageId = `m-${seed}-${n++}`
    const person = pick(people)
    const anonymousId = `a-${person}-${pick(3)}`
    const known = next() < 0.5
    const ids = known ? { anonymousId, userId: `u-${person}` } : { anonymousId }
    const kind = next()
    if (kind < 0.15)
      return {
        type: "identify",
        messageId,
        ...ids,
        traits: { email: `p${person}@example.com`, plan: `plan-${pick(5)}`, n }
      }
    if (kind < 0.2)
      return {
        type: "group",
        messageId,
        ...ids,
        groupId: `g-${person % 7}`,
        traits: { name: `Company ${person % 7}`, seats: pick(100) }
      }
    if (kind < 0.35) return { type: "page", messageId, ...ids, name: "Home", properties: { path: `/${pick(20)}` } }
    return {
      type: "track",
      messageId,
      ...ids,
      event: ["Viewed", "Added", "Bought"][pick(3)],
      properties: { price: pick(500) }
    }
  }
}

/** Sends batches until told to stop; each is sent again until it is acknowledged, like a client library does. */
export class Sender {
  readonly acknowledged: Array<string> = []
  private stopped = false
  private readonly loops: Array<Promise<void>>

  constructor(
    service: Pick<Service, "batch">,
    next: () => TrafficEvent,
    options: { readonly loops: number; readonly batch: number }
  ) {
    this.loops = Array.from({ length: options.loops }, async () => {
      while (!this.stopped) {
        const batch = Array.from({ length: options.batch }, next)
        while (true) {
          const ok = await service.batch(batch).then(
            (response) => response.status === 200,
            () => false
          )
          if (ok) break
          await new Promise((resolve) => setTimeout(resolve, 20))
        }
        this.acknowledged.push(...batch.map((event) => event.messageId))
      }
    })
  }

  /** Stops after the batches in hand are acknowledged. */
  async finish(): Promise<void> {
    this.stopped = true
    await Promise.all(this.loops)
  }
}

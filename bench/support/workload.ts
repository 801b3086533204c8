/**
 * Stored messages of a shop: 80 % track, 10 % identify, 10 % page, about 950 bytes each. 4 % of the events bring a
 * new person, 1 % join two; who acts is distributed as 1/rank over the people so far.
 */

const random = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296
}

export interface WorkloadOptions {
  readonly seed: number
  /** People that exist before the first event; each has a user id, an e-mail and an anonymous id. */
  readonly people: number
  readonly newPeople?: number
  readonly merges?: number
}

export interface BenchEvent {
  readonly messageId: string
  /** What a client library sends. */
  readonly call: Readonly<Record<string, unknown>>
}

const encoder = new TextEncoder()
const products = Array.from({ length: 40 }, (_, i) => ({
  sku: `sku-${i}`,
  name: `Running shoe ${i}`,
  price: 40 + i,
  quantity: 1,
  category: "Shoes"
}))

const context = {
  library: { name: "@segment/analytics-node", version: "3.1.0" },
  locale: "en-US",
  userAgent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36",
  page: {
    path: "/shoes",
    url: "https://shop.example/shoes",
    title: "Shoes",
    referrer: "https://search.example/"
  }
}

/** Calls with message ids of their own. */
const writer = (run: string) => {
  let n = 0
  return (type: string, members: Record<string, unknown>): BenchEvent => {
    const messageId = `node-next-${1790000000000 + n}-${run}-${n}`
    n++
    return {
      messageId,
      call: { type, messageId, ...members, context, integrations: {}, timestamp: new Date().toISOString() }
    }
  }
}

/** The stored message, as the door would write it. */
export const stored = ({ call }: BenchEvent): Uint8Array => {
  const at = call["timestamp"]
  const added = { originalTimestamp: at, receivedAt: at, sentAt: at, version: 2, channel: "server" }
  return encoder.encode(JSON.stringify({ ...call, ...added }))
}

/** One identify per person: those who are there before the stream begins. */
export const everybody = ({ seed, people }: WorkloadOptions): ReadonlyArray<BenchEvent> => {
  const next = random(seed)
  const message = writer(`everybody${seed}`)
  return Array.from({ length: people }, (_, person) => message("identify", newcomer(person, next)))
}

/** An endless, deterministic stream of events. */
export const workload = ({ seed, people, newPeople = 0.04, merges = 0.01 }: WorkloadOptions): (() => BenchEvent) => {
  const next = random(seed)
  let known = people
  let devices = 0
  const message = writer(`stream${seed}`)
  const anyone = () => Math.floor(known ** next())
  return () => {
    const what = next()
    if (what < newPeople) {
      const person = known++
      return message("identify", newcomer(person, next))
    }
    if (what < newPeople + merges / 2) {
      // A visitor whom nobody knows yet ...
      return message("page", { anonymousId: `d-${devices}`, name: "Home", properties: { path: "/" } })
    }
    if (what < newPeople + merges) {
      // ... turns out to be somebody.
      const person = anyone()
      return message("identify", { userId: `u-${person}`, anonymousId: `d-${devices++}`, traits: {} })
    }
    const person = anyone()
    const ids = next() < 0.7 ? { userId: `u-${person}`, anonymousId: `a-${person}` } : { anonymousId: `a-${person}` }
    const kind = next()
    if (kind < 0.06) return message("identify", { ...ids, traits: traitsOf(person, next) })
    if (kind < 0.16)
      return message("page", {
        ...ids,
        name: "Product",
        properties: { path: `/p/${Math.floor(next() * 1000)}`, title: "Product" }
      })
    const product = products[Math.floor(next() * products.length)]!
    return message("track", {
      ...ids,
      event: ["Product Viewed", "Product Added", "Order Completed"][Math.floor(next() * 3)],
      properties: { ...product, currency: "EUR", cart_id: `c-${person}`, coupon: null }
    })
  }
}

const traitsOf = (person: number, next: () => number) => ({
  email: `person${person}@example.com`,
  first_name: `First${person}`,
  plan: ["free", "pro", "team"][Math.floor(next() * 3)],
  visits: Math.floor(next() * 100),
  city: "Berlin"
})

const newcomer = (person: number, next: () => number) => ({
  userId: `u-${person}`,
  anonymousId: `a-${person}`,
  traits: traitsOf(person, next)
})

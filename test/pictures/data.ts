/**
 * What the pictures show: a shoe shop of the demo, the worked cases of the specification, a person with fifty identifiers, and
 * a tablet of a store that a thousand visitors used. The same people, values and counts each time; times are counted back from
 * the last full hour.
 */
import type { DemoCall } from "../../src/demo/call.ts"
import { journeys } from "../../src/demo/journeys.ts"
import { type Random, seeded } from "../../src/demo/random.ts"

export const admin = "pt_pictures"
export const shop = "spa_Pictures0000000000Shop"
export const stores = "spa_Pictures000000000Store"

const names = { web: "Website", ios: "iOS app", android: "Android app", store: "Store tablets" } as const
type SourceSlug = keyof typeof names
const kinds = { web: "website", ios: "mobile", android: "mobile", store: "mobile" } as const
const keyOf = (source: SourceSlug) => `wk_${source}`

/** Stores share tablets: their space allows what the shop's would refuse. */
const wide = {
  identifiers: [
    { type: "user_id", rank: 1 },
    { type: "email", rank: 2, limit: 10 },
    { type: "phone", rank: 3, limit: 10, origin: "custom" },
    { type: "ios.id", limit: 100 },
    { type: "android.id", limit: 100 },
    { type: "ga_client_id", limit: 1000 },
    { type: "anonymous_id", limit: 1000 }
  ]
}

const space = (id: string, slug: string, name: string, kind: "dev" | "prod", more: object) => ({
  id,
  slug,
  name,
  kind,
  ...more
})

export const configuration = {
  sources: (Object.keys(names) as ReadonlyArray<SourceSlug>).map((slug) => ({
    id: `src_${slug}`,
    slug,
    name: names[slug],
    kind: kinds[slug],
    writeKeys: [keyOf(slug)],
    enabled: true
  })),
  spaces: [
    space(shop, "production", "Production", "prod", { sources: ["web", "ios", "android"] }),
    space(stores, "stores", "Stores", "dev", { sources: ["store"], rules: wide })
  ],
  tokens: [{ name: "pictures", space: "production", secret: admin, scopes: ["workspace:admin"] }],
  limits: { requestsPerSecond: 0, messagesPerSecond: 0, spaceEventsPerSecond: 0, profileApiPerSecond: 0 }
}

interface Message extends Readonly<Record<string, unknown>> {
  readonly source: SourceSlug
}

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

const libraries = {
  web: { name: "analytics.js", version: "npm:next-1.84.3" },
  ios: { name: "analytics-swift", version: "1.9.2" },
  android: { name: "analytics-kotlin", version: "1.24.0" },
  store: { name: "analytics-swift", version: "1.9.2" }
} as const

/** A message of a library: what it fills in by itself is there. */
const message = (source: SourceSlug, at: number, members: Readonly<Record<string, unknown>>): Message => {
  const { context } = members
  return {
    source,
    timestamp: new Date(at).toISOString(),
    ...members,
    context: { ...(context as object | undefined), library: libraries[source] }
  }
}

const crowd = (now: number): ReadonlyArray<Message> =>
  journeys({ people: 160, now, seed: 7 }).map(({ source, at, type, params }: DemoCall) =>
    message(source, at, { type, ...params })
  )

const iPhone = { context: { device: { type: "ios", id: "ios_abc123" }, app: { name: "SegKicks", version: "3.2.0" } } }
const pixel = {
  context: { device: { type: "android", id: "and_1a2b3c4d" }, app: { name: "SegKicks", version: "3.2.0" } }
}

/** W-5: one person moves from an iPhone to an Android phone and stays one profile; with a life around it. */
const jane = (now: number): ReadonlyArray<Message> => {
  const first = { anonymousId: "anon_123", ...iPhone }
  const userId = "abc123def"
  const second = { anonymousId: "anon_456", ...pixel }
  const third = { userId, anonymousId: "anon_789", ...pixel }
  const ios = (at: number, members: object) => message("ios", now - at, { ...first, ...members })
  const android = (at: number, members: object) => message("android", now - at, { ...second, ...members })
  return [
    ios(9 * day, { type: "track", event: "App Opened", messageId: "m-1" }),
    ios(9 * day - minute, {
      type: "track",
      event: "ShoeA Clicked",
      properties: { shoe_id: "SK-204" },
      messageId: "m-2"
    }),
    ios(9 * day - 2 * minute, {
      type: "identify",
      userId,
      traits: {
        email: "janedoe@example.com",
        first_name: "Jane",
        last_name: "Doe",
        plan: "pro",
        shoe_size: 39.5,
        city: "Utrecht",
        newsletter: true
      },
      messageId: "m-3"
    }),
    ios(9 * day - 20 * minute, { type: "screen", name: "Checkout", userId, messageId: "m-3a" }),
    ios(8 * day, {
      type: "group",
      userId,
      groupId: "run_utrecht",
      traits: { name: "Running Club Utrecht", plan: "team" },
      messageId: "m-3b"
    }),
    android(7 * day, { type: "track", event: "App Opened", messageId: "m-4" }),
    android(7 * day - minute, { type: "track", event: "Signed In", userId, messageId: "m-5" }),
    ...[6, 5, 5, 4, 3, 3, 3].map((days, i) =>
      android(days * day - i * 13 * minute, {
        type: "track",
        event: "Run Completed",
        userId,
        properties: { kilometers: 5 + ((i * 7) % 5), shoe_id: "SK-204" },
        messageId: `m-run-${i}`
      })
    ),
    message("android", now - 2 * day, { ...third, type: "track", event: "Run Started", messageId: "m-6" }),
    message("web", now - 4 * hour, {
      type: "page",
      userId,
      name: "Sneakers",
      properties: { path: "/sneakers", title: "Sneakers" },
      messageId: "m-7"
    }),
    message("web", now - 3 * hour, {
      type: "track",
      userId,
      event: "Order Completed",
      properties: { order_id: "o-20418", revenue: 139.9, currency: "EUR", products: [{ sku: "SK-204", quantity: 1 }] },
      messageId: "m-8"
    })
  ]
}

/** W-3: one address, two user ids. The second person is not joined to the first. */
const twoJanes = (now: number): ReadonlyArray<Message> => [
  message("web", now - 3 * day, {
    type: "identify",
    userId: "abc123",
    anonymousId: "anon_w3a",
    traits: { email: "jane@example1.com", name: "Jane Roe" },
    messageId: "w3-1"
  }),
  message("web", now - 50 * minute, {
    type: "identify",
    userId: "abc456",
    traits: { email: "jane@example1.com", name: "Jane Roe", plan: "pro" },
    messageId: "m-42"
  })
]

/** W-7: two visitors become one by an e-mail address. */
const kim = (now: number): ReadonlyArray<Message> => [
  message("web", now - 26 * hour, { type: "page", anonymousId: "5285bc35-05ef-4d21", name: "Home", messageId: "w7-1" }),
  message("web", now - 25 * hour, {
    type: "identify",
    anonymousId: "5285bc35-05ef-4d21",
    traits: { email: "jane.kim@segment.com", name: "Jane Kim" },
    messageId: "w7-2"
  }),
  message("web", now - 2 * hour, {
    type: "page",
    anonymousId: "b50e18a5-1b8d-451c",
    name: "Running Shoes",
    messageId: "w7-3"
  }),
  message("web", now - hour, {
    type: "identify",
    anonymousId: "b50e18a5-1b8d-451c",
    traits: { email: "jane.kim@segment.com", city: "Portland" },
    messageId: "w7-4"
  })
]

/** An address that a whole team uses, and a person who has as many devices as the rules allow. */
const shared = (now: number): ReadonlyArray<Message> => [
  ...Array.from({ length: 12 }, (_, i) =>
    message("web", now - (30 - i) * hour, {
      type: "identify",
      userId: `staff_${(i % 6) + 1}`,
      anonymousId: `desk_${(i % 6) + 1}`,
      traits: { email: "sales@segkicks.example", name: ["Mira", "Sven", "Ana", "Tom", "Lea", "Omid"][i % 6] },
      messageId: `team-${i}`
    })
  ),
  ...Array.from({ length: 5 }, (_, i) =>
    message("web", now - (20 - i) * hour, {
      type: "page",
      userId: "collector",
      anonymousId: `browser_${i + 1}`,
      name: "Home",
      messageId: `device-${i}`
    })
  )
]

/** What goes wrong: junk ids, forgotten names, calls without anybody, one sent twice. */
const accidents = (now: number): ReadonlyArray<Message> => [
  message("web", now - 40 * minute, { type: "track", userId: "null", event: "Heartbeat", messageId: "bad-1" }),
  message("web", now - 30 * minute, { type: "track", userId: "user_1003", messageId: "bad-2" }),
  message("android", now - 25 * minute, { type: "track", event: "Cart Viewed", messageId: "bad-3" }),
  message("web", now - 20 * minute, { type: "identify", userId: "user_1004", traits: "Ada", messageId: "bad-4" }),
  message("web", now - 3 * hour, { type: "track", userId: "abc123def", event: "Order Completed", messageId: "m-8" })
]

const device = (id: string) => ({ context: { device: { type: "ios", id } } })

/** One person with fifty identifiers and eight merges. */
const omar = (now: number): ReadonlyArray<Message> => {
  const random = seeded(50)
  const calls: Array<Message> = []
  let at = now - 90 * day
  const send = (members: Readonly<Record<string, unknown>>) => {
    calls.push(message("store", at, { ...members, messageId: `omar-${calls.length}` }))
    at += random.int(4, 40) * hour
  }
  send({ type: "track", event: "App Opened", anonymousId: random.hex(10), ...device(random.hex(10)) })
  send({ type: "identify", userId: "u_20418", traits: { email: "omar@example.com", name: "Omar Haddad" } })
  for (let visit = 0; visit < 9; visit++) {
    const anonymousId = random.hex(10)
    const phone = random.hex(10)
    send({ type: "track", event: "App Opened", anonymousId, ...device(phone) })
    for (let i = random.int(1, 2); i > 0; i--)
      send({ type: "page", name: "Shoes", anonymousId: random.hex(10), ...device(phone) })
    send({
      type: "track",
      event: visit % 3 === 2 ? "Order Completed" : "Signed In",
      userId: "u_20418",
      anonymousId,
      ...device(phone)
    })
    if (visit % 3 === 0) send({ type: "identify", userId: "u_20418", traits: { email: `omar.${visit}@example.net` } })
    send({ type: "page", name: "Home", userId: "u_20418", anonymousId: random.hex(10) })
  }
  return calls
}

/** A tablet in a store: each visitor brought a cookie of their own, the tablet was on every event. */
const tablet = (now: number): ReadonlyArray<Message> => {
  const random = seeded(1000)
  const calls: Array<Message> = []
  const pad = { context: { device: { type: "ios", id: "pad1" }, app: { name: "Store", version: "2.0" } } }
  const begin = now - 360 * day
  const send = (at: number, members: Readonly<Record<string, unknown>>) =>
    calls.push(message("store", at, { ...members, messageId: `tab-${calls.length}` }))
  send(begin, {
    type: "identify",
    userId: "kiosk_12",
    traits: { name: "Store kiosk 12", email: "desk12@example.com" },
    ...pad
  })
  const visitors = 905
  for (let i = 0; i < visitors; i++) {
    // More of them in summer.
    const at = begin + ((i + random.next()) / visitors) ** 0.85 * 350 * day
    const anonymousId = `${random.hex(8)}-${random.hex(4)}`
    const known = i % 10 === 3 && calls.length > 0
    if (known) send(at - hour, { type: "page", name: "Shoes", anonymousId })
    const ga = random.chance(0.07)
      ? {
          externalIds: [
            {
              id: `${random.int(1000, 9999)}.${random.int(10_000, 99_999)}`,
              type: "ga_client_id",
              collection: "users",
              encoding: "none"
            }
          ]
        }
      : {}
    send(at, {
      type: "track",
      event: known ? "Signed Up" : "Kiosk Touched",
      anonymousId,
      context: { ...pad.context, ...ga }
    })
  }
  return calls
}

/** Everything, in the order in which it is sent. */
export const messages = (now: number): ReadonlyArray<Message> =>
  [
    ...tablet(now),
    ...omar(now),
    ...crowd(now),
    ...jane(now),
    ...twoJanes(now),
    ...kim(now),
    ...shared(now),
    ...accidents(now)
  ].map((each, i) => ({ messageId: `demo-${String(i).padStart(5, "0")}`, ...each }))

const events = ["Product Viewed", "Product Added", "Coupon Applied", "Order Completed", "Search", "Run Started"]

/** What one visitor of an open shop does: most are known, some are new, some say who they are; now and then a call is wrong. */
const visit = (random: Random, messageId: string): Message => {
  const at = Date.now()
  const n = random.int(0, 159)
  const userId = `user_${1000 + n}`
  const anonymousId = `${random.hex(8)}-${random.hex(4)}`
  const web = (members: object) => message("web", at, { ...members, messageId })
  const chance = random.next()
  if (chance < 0.02) return web({ type: "track", userId })
  if (chance < 0.1) return web({ type: "page", anonymousId, name: "Home", properties: { path: "/" } })
  if (chance < 0.14)
    return web({
      type: "identify",
      anonymousId,
      userId: `user_${2000 + random.int(0, 9999)}`,
      traits: { plan: "free", city: "Lisbon" }
    })
  if (chance < 0.18) return web({ type: "track", anonymousId, userId, event: "Signed In" })
  if (chance < 0.2) return web({ type: "identify", userId: `user_${3000 + n}`, traits: { email: "jane@example1.com" } })
  if (chance < 0.4) return web({ type: "page", userId, name: "Sneakers", properties: { path: "/sneakers" } })
  const event = random.pick(events)
  return message(random.pick(["web", "ios", "android"] as const), at, {
    type: "track",
    userId,
    event,
    properties: { product: "Breeze 2", price: 60 + 10 * random.int(0, 7) },
    messageId
  })
}

/** One tick of a shop that is open. */
export const traffic = (random: Random, n: number): ReadonlyArray<Message> =>
  Array.from({ length: random.int(2, 7) }, (_, i) => visit(random, `live-${n}-${i}`))

/** The messages that pictures of single ones show, as the last that come. */
export const encore = (round: string): ReadonlyArray<Message> => [
  message("web", Date.now(), {
    type: "track",
    userId: "abc123def",
    event: "Order Completed",
    properties: { order_id: "o-20419", revenue: 89.5, currency: "EUR", products: [{ sku: "SK-101", quantity: 1 }] },
    messageId: `encore-order-${round}`
  }),
  message("web", Date.now(), {
    type: "identify",
    userId: "abc456",
    traits: { email: "jane@example1.com", name: "Jane Roe", plan: "pro" },
    messageId: `encore-jane-${round}`
  })
]

/** Sends messages to their sources, a batch at a time. */
export const send = async (url: string, sent: ReadonlyArray<Message>): Promise<void> => {
  // Neighbours of one source go together; the order stays.
  let batch: Array<Message> = []
  const flush = async () => {
    const [first] = batch
    if (first === undefined) return
    const response = await fetch(`${url}/v1/batch`, {
      method: "POST",
      headers: {
        authorization: `Basic ${Buffer.from(`${keyOf(first.source)}:`).toString("base64")}`,
        "content-type": "application/json"
      },
      body: JSON.stringify({ batch: batch.map((each) => ({ ...each, source: undefined })) })
    })
    if (!response.ok) throw new Error(`the batch was answered ${response.status}: ${await response.text()}`)
    batch = []
  }
  for (const each of sent) {
    if (batch.length >= 400 || (batch[0] !== undefined && batch[0].source !== each.source)) await flush()
    batch.push(each)
  }
  await flush()
}

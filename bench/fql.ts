/**
 * What a filter costs per event beside the same predicate written by hand in JavaScript, the least anyone could do. The
 * ratio of one run holds on any machine; nanoseconds do not. Both must match the same events, or this fails.
 *
 * `npm run bench fql` asks each 1,000 events 200 times a round; without `BENCH` once.
 */
import { evaluate, parseFql } from "../src/fql/fql.ts"

const full = process.env["BENCH"] !== undefined
const size = 1_000
const repeats = full ? 200 : 1
const rounds = full ? 7 : 1

interface Event {
  readonly type: string
  readonly event?: string
  readonly userId: string | null
  readonly receivedAt: string
  readonly context: { readonly page: { readonly url: string }; readonly app: { readonly version: string } }
  readonly properties?: { readonly [key: string]: unknown }
}

const names = ["Product Viewed", "Button Clicked", "Order Completed", "Video Heartbeat"]

/** As they come from the log: parsed from JSON, each type with members of its own. */
const events = Array.from({ length: size }, (_, n): Event => {
  const type = n % 10 === 0 ? "identify" : n % 10 === 1 ? "page" : "track"
  const email = n % 3 === 0 ? `jo${n}@example.com` : `jo${n}@example.org`
  return JSON.parse(
    JSON.stringify({
      type,
      messageId: `ajs-next-${n}-5c1c1a50-8e60-4d2f-9d2c-7b1d5e5a8f10`,
      anonymousId: `b50e18a5-1b8d-451c-${n}`,
      userId: n % 4 === 0 ? null : `user-${n}`,
      ...(type === "identify" ? { traits: { email, plan: "pro" } } : {}),
      ...(type === "track" ? { event: names[n % names.length] } : {}),
      ...(type === "identify"
        ? {}
        : { properties: { total: n % 100, email, features: ["dark-mode", "beta"], sku: "A-1" } }),
      context: {
        ip: "10.0.0.1",
        locale: "en-US",
        page: {
          path: "/",
          url: n % 5 === 0 ? "https://shop.example/internal/tools" : "https://shop.example/products/12"
        },
        app: { version: `1.${n % 20}.0` }
      },
      integrations: {},
      receivedAt: new Date(1_772_366_400_000 + n * 50).toISOString()
    })
  ) as Event
})

const isPlain = (value: unknown): value is string => typeof value === "string"
const internal = /^https:\/\/[^]*\/internal\/[^]*$/
const after = (version: string): boolean => {
  const [major = 0, minor = 0] = version.split(".").map(Number)
  return major > 1 || (major === 1 && minor >= 9)
}

const cases: ReadonlyArray<readonly [statement: string, byHand: (event: Event) => boolean]> = [
  ["type = 'track'", ({ type }) => type === "track"],
  ["length( userId ) < 1", ({ userId }) => userId === null || userId.length < 1],
  [
    "event = 'Order Completed' and contains( properties.email, '@example.com' )",
    ({ event, properties }) =>
      event === "Order Completed" && isPlain(properties?.["email"]) && properties["email"].includes("@example.com")
  ],
  [
    "type = 'track' and ( event = 'Product Viewed' or match( event, 'Button *' ) ) and properties.total >= 50",
    ({ type, event, properties }) =>
      type === "track" &&
      (event === "Product Viewed" || (isPlain(event) && event.startsWith("Button "))) &&
      (properties?.["total"] as number) >= 50
  ],
  [
    "!( event in [ 'Product Viewed', 'Video Heartbeat' ] ) and 'beta' in properties.features",
    ({ event, properties }) =>
      event !== "Product Viewed" &&
      event !== "Video Heartbeat" &&
      Array.isArray(properties?.["features"]) &&
      properties["features"].includes("beta")
  ],
  ["match( context.page.url, 'https://*/internal/*' )", ({ context }) => internal.test(context.page.url)],
  ["semver( context.app.version, '>=', '1.9' )", ({ context }) => after(context.app.version)],
  ["received_at >= '2026-03-01T12:00:20.000Z'", ({ receivedAt }) => receivedAt >= "2026-03-01T12:00:20.000Z"]
]

type Ask = (event: Event) => unknown

interface Timing {
  readonly ns: number
  readonly matched: number
}

/** CPU time per event, the median of the rounds; all in turns, so that what else the machine does is shared. */
const time = (...asked: ReadonlyArray<Ask>): ReadonlyArray<Timing> => {
  const all = asked.map((): Array<number> => [])
  const matched = asked.map(() => 0)
  // One round more than is counted: in the first V8 compiles.
  for (let round = 0; round <= rounds; round++)
    for (const [index, matches] of asked.entries()) {
      matched[index] = 0
      const before = process.cpuUsage()
      for (let i = 0; i < repeats; i++) for (const event of events) if (matches(event) === true) matched[index]!++
      const { user, system } = process.cpuUsage(before)
      if (round > 0) all[index]!.push(((user + system) * 1e3) / (repeats * size))
    }
  return all.map((ns, index) => ({ ns: ns.sort((a, b) => a - b)[rounds >> 1]!, matched: matched[index]! / repeats }))
}

const filterOf = (statement: string) => {
  const parsed = parseFql(statement)
  if (!parsed.ok) throw new Error(`${statement}: ${parsed.problem.message}`)
  return parsed.filter
}

const timings = cases.map(([statement, byHand]) => {
  const filter = filterOf(statement)
  const [asked, floor] = time((event) => evaluate(filter, event), byHand)
  return { statement, asked: asked!, floor: floor! }
})

let wrong = 0
console.log(`${size} events, ${cases.length} statements`)
console.log("    FQL    by hand   ratio   events/s   statement")
for (const { statement, asked, floor } of timings) {
  const ratio = (asked.ns / floor.ns).toFixed(1)
  const perSecond = (1e3 / asked.ns).toFixed(1)
  console.log(
    `${asked.ns.toFixed(0).padStart(4)} ns  ${floor.ns.toFixed(0).padStart(6)} ns  ${ratio.padStart(4)} x  ${perSecond.padStart(7)} M   ${statement}`
  )
  if (asked.matched !== floor.matched) {
    wrong++
    console.error(`matches ${asked.matched} events, by hand ${floor.matched}`)
  }
}

const filters = cases.map(([statement]) => filterOf(statement))
const ten = [...filters, ...filters.slice(0, 2)]
const [together] = time((event) => {
  let any = false
  for (const filter of ten) if (evaluate(filter, event) === true) any = true
  return any
})
console.log(
  `ten filters on one event: ${together!.ns.toFixed(0)} ns, ${(1e6 / together!.ns).toFixed(0)} thousand events/s`
)

const failing = filterOf("properties.email and type = 'track'")
const [errors] = time((event) => evaluate(failing, event))
console.log(`an error as the answer: ${errors!.ns.toFixed(0)} ns`)

const statements = cases.map(([statement]) => statement)
const [parsing] = time(() => parseFql(statements[0]!).ok)
console.log(`parse, check and compile "${statements[0]}": ${(parsing!.ns / 1e3).toFixed(1)} us`)
process.exitCode = wrong === 0 ? 0 : 1

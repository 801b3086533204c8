/**
 * Ten days of a shoe shop: people browse without a name on one device, sign in later or on another one, buy now and then.
 * Several share a household tablet, some belong to a running club. Everything comes from one seed and one "now".
 */
import type { DemoCall, DemoSource } from "./call.ts"
import { type Random, seeded } from "./random.ts"

const day = 24 * 60 * 60 * 1000
const minute = 60 * 1000

const firstNames = [
  "Ada",
  "Ben",
  "Chloe",
  "Diego",
  "Emma",
  "Farid",
  "Grace",
  "Hugo",
  "Ines",
  "Jonas",
  "Kira",
  "Liam",
  "Mina",
  "Noah",
  "Olga",
  "Paul",
  "Rosa",
  "Sven",
  "Tara",
  "Yusuf"
]
const lastNames = [
  "Adler",
  "Brandt",
  "Costa",
  "Dumont",
  "Eriksen",
  "Fischer",
  "Garcia",
  "Hansen",
  "Ito",
  "Jensen",
  "Keller",
  "Lopez",
  "Meyer",
  "Nowak",
  "Okafor",
  "Peters",
  "Rossi",
  "Silva",
  "Tanaka",
  "Weber"
]
const cities = ["Amsterdam", "Berlin", "Lisbon", "Madrid", "Oslo", "Paris", "Vienna", "Zurich"]
const products = ["Breeze 2", "Comet", "Dune Trail", "Feather", "Granite GTX", "Meteor", "Pace 5", "Summit Low"]
const campaigns = ["spring-sale", "newsletter", "marathon", undefined, undefined, undefined]

interface Device {
  readonly source: DemoSource
  readonly anonymousId: string
  readonly context: Readonly<Record<string, unknown>>
}

interface Person {
  readonly userId: string
  readonly traits: {
    readonly email: string
    readonly firstName: string
    readonly lastName: string
    readonly city: string
  }
  readonly devices: ReadonlyArray<Device>
  readonly club: string | undefined
}

const uuid = (random: Random) =>
  `${random.hex(8)}-${random.hex(4)}-4${random.hex(3)}-a${random.hex(3)}-${random.hex(12)}`

const makeDevice = (random: Random, source: DemoSource): Device => ({
  source,
  anonymousId: uuid(random),
  context:
    source === "web"
      ? { userAgent: "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0", locale: "en-GB" }
      : { device: { type: source, id: uuid(random) }, app: { name: "SegKicks", version: "3.2.0" }, locale: "en-GB" }
})

const makePerson = (random: Random, n: number, tablet: Device | undefined): Person => {
  const firstName = random.pick(firstNames)
  const lastName = random.pick(lastNames)
  const devices = [makeDevice(random, "web")]
  if (random.chance(0.6)) devices.push(makeDevice(random, random.chance(0.5) ? "ios" : "android"))
  if (random.chance(0.25)) devices.push(makeDevice(random, "web"))
  if (tablet !== undefined) devices.push(tablet)
  return {
    userId: `user_${1000 + n}`,
    traits: {
      email: `${firstName}.${lastName}.${n}@example.com`.toLowerCase(),
      firstName,
      lastName,
      city: random.pick(cities)
    },
    devices,
    club: random.chance(0.08) ? `club_${random.int(1, 5)}` : undefined
  }
}

/** One visit on one device; from the sign-in on, the person is known. */
const visit = (
  random: Random,
  person: Person,
  device: Device,
  start: number,
  signsIn: boolean,
  known: boolean
): ReadonlyArray<DemoCall> => {
  const calls: Array<DemoCall> = []
  let at = start
  let named = known
  const base = () => ({
    anonymousId: device.anonymousId,
    ...(named ? { userId: person.userId } : {}),
    timestamp: new Date(at).toISOString(),
    context: device.context
  })
  const track = (event: string, properties: Record<string, unknown>) =>
    calls.push({ source: device.source, at, type: "track", params: { ...base(), event, properties } })
  const look = (name: string) =>
    device.source === "web"
      ? calls.push({
          source: "web",
          at,
          type: "page",
          params: { ...base(), name, properties: { path: `/${name.toLowerCase()}` } }
        })
      : calls.push({ source: device.source, at, type: "screen", params: { ...base(), name } })
  const later = () => (at += random.int(1, 4) * minute)

  look("Home")
  const campaign = random.pick(campaigns)
  if (campaign !== undefined) track("Campaign Clicked", { campaign })
  const seen = Array.from({ length: random.int(1, 4) }, () => random.pick(products))
  for (const product of seen) {
    later()
    track("Product Viewed", { product, price: 60 + 10 * products.indexOf(product) })
  }
  if (signsIn) {
    later()
    named = true
    calls.push({
      source: device.source,
      at,
      type: "identify",
      params: { ...base(), userId: person.userId, traits: person.traits }
    })
    if (person.club !== undefined) {
      const params = {
        ...base(),
        userId: person.userId,
        groupId: person.club,
        traits: { name: `Running Club ${person.club.slice(5)}` }
      }
      calls.push({ source: device.source, at, type: "group", params })
    }
  }
  if (random.chance(0.4)) {
    later()
    track("Product Added", { product: seen[0]!, quantity: 1 })
    if (named && random.chance(0.6)) {
      later()
      track("Order Completed", {
        orderId: `order_${random.hex(8)}`,
        revenue: 60 + 10 * products.indexOf(seen[0]!),
        products: [seen[0]!]
      })
    }
  }
  return calls
}

/** Everything that `people` persons do in the ten days before `now`, oldest first. The same for the same arguments. */
export const journeys = (options: {
  readonly people: number
  readonly now: number
  readonly seed: number
}): ReadonlyArray<DemoCall> => {
  const random = seeded(options.seed)
  const calls: Array<DemoCall> = []
  let tablet: Device | undefined
  for (let n = 0; n < options.people; n++) {
    // Two neighbours in the list share one tablet now and then.
    const shared = tablet
    tablet = shared === undefined && random.chance(0.04) ? makeDevice(random, "ios") : undefined
    const person = makePerson(random, n, shared ?? tablet)
    const signedIn = new Set<Device>()
    let at = options.now - random.int(3, 10) * day + random.int(0, day / minute) * minute
    for (let visits = random.int(1, 5); visits > 0 && at < options.now - day / 4; visits--) {
      const device = random.pick(person.devices)
      const signsIn = !signedIn.has(device) && random.chance(0.55)
      calls.push(...visit(random, person, device, at, signsIn, signedIn.has(device)))
      if (signsIn) signedIn.add(device)
      at += random.int(4, 50) * 60 * minute
    }
  }
  return calls.sort((a, b) => a.at - b.at)
}

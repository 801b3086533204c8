/**
 * What extracting and resolving cost per event beside a bare Map over the same identifiers, the least anyone could
 * do; in memory, with limits, priorities and blocked values. The ratio of one run holds on any
 * machine; nanoseconds do not.
 *
 * `npm run bench resolve` takes 200,000 events after as many to fill the space; without `BENCH` it takes 2,000.
 */
import type { Message } from "../src/event/message.ts"
import { dropReason } from "../src/identity/drops.ts"
import { extract, factsOf } from "../src/identity/extract.ts"
import { entryOf, mutationsOf, needsEntry } from "../src/identity/journal.ts"
import type { EventFacts, Extraction } from "../src/identity/model.ts"
import { resolve } from "../src/identity/resolve.ts"
import { compileRules } from "../src/identity/rules.ts"
import { WorkingSet } from "../src/identity/working-set.ts"
import { defaultRules } from "../src/workspace/rules-document.ts"

const full = process.env["BENCH"] !== undefined
const size = full ? 200_000 : 2_000
const rounds = full ? 5 : 1
const spaceId = "spa_0123456789abcdefghijkl"
const options = { maxMerges: 100, maxMappings: 1000 }

/** Small and seeded, so that runs compare. */
let state = 42
const random = (below: number): number => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
  return Math.floor((state / 2 ** 32) * below)
}

/** 80 % track, 10 % page, 10 % identify; some of the people come back under a new anonymous id. */
const makeEvent = (n: number, people: number, freshIn: number): Message => {
  const person = random(people)
  const device = random(freshIn) === 0 ? `${person}-${n}` : String(person)
  const kind = random(10)
  const time = new Date(1_714_521_600_000 + n * 50).toISOString()
  return JSON.parse(
    JSON.stringify({
      type: kind === 0 ? "identify" : kind === 1 ? "page" : "track",
      messageId: `ajs-next-${n}-5c1c1a50-8e60-4d2f-9d2c-7b1d5e5a8f10`,
      anonymousId: `b50e18a5-1b8d-451c-${device}`,
      userId: `user-${person}`,
      ...(kind === 0 ? { traits: { email: `person${person}@example.com`, plan: "pro", name: "Jo" } } : {}),
      ...(kind > 1 ? { event: "Product Viewed", properties: { price: 12.5, sku: "A-1", currency: "EUR" } } : {}),
      context: {
        ip: "10.0.0.1",
        locale: "en-US",
        page: { path: "/", url: "https://shop.example/" },
        userAgent: "Mozilla"
      },
      integrations: {},
      timestamp: time,
      originalTimestamp: time,
      receivedAt: time,
      version: 2,
      channel: "browser"
    })
  ) as Message
}

const people = Math.max(10, size / 10)
const warmUp = Array.from({ length: size }, (_, n) => makeEvent(n, people, 50))
/** Everybody is known: the fast path. */
const known = Array.from({ length: size }, (_, n) => warmUp[(n * 7) % size]!)
/** 4 % bring a new identifier, some of which go beyond a limit. */
const mixed = Array.from({ length: size }, (_, n) => makeEvent(size + n, people, 25))

interface Timing {
  readonly ns: number
  readonly outcome: number
}

/** Nanoseconds per event, the median of the rounds, each over a space filled afresh; the outcome is printed, so that nothing is optimised away. */
const time = (events: number, prepare: () => () => number): Timing => {
  const all: Array<number> = []
  let outcome = 0
  for (let i = 0; i < rounds; i++) {
    const round = prepare()
    const start = process.hrtime.bigint()
    outcome = round()
    all.push(Number(process.hrtime.bigint() - start) / events)
  }
  return { ns: all.sort((a, b) => a - b)[rounds >> 1]!, outcome }
}

const touch = (map: Map<unknown, number>, value: unknown, n: number) => {
  if (value !== undefined && map.get(value) === undefined) map.set(value, n)
}

const bareMap = (events: ReadonlyArray<Message>) =>
  time(events.length, () => {
    const users = new Map<unknown, number>()
    const anonymous = new Map<unknown, number>()
    const emails = new Map<unknown, number>()
    const run = (list: ReadonlyArray<Message>) => {
      let n = 0
      for (const { userId, anonymousId, traits } of list) {
        n++
        touch(users, userId, n)
        touch(anonymous, anonymousId, n)
        if (traits !== undefined) touch(emails, traits["email"], n)
      }
      return users.size + anonymous.size + emails.size
    }
    run(warmUp)
    return () => run(events)
  })

const rules = compileRules(defaultRules, 1, [])

type Prepared = readonly [EventFacts, Extraction]

const prepared = (list: ReadonlyArray<Message>, from: number): ReadonlyArray<Prepared> =>
  list.map((message, i) => [
    factsOf(message, { position: from + i, source: 1 }, "src_web"),
    extract(message, rules).extraction
  ])

const decide = (set: WorkingSet, list: ReadonlyArray<Prepared>): number => {
  let entries = 0
  for (const [facts, extraction] of list) {
    const resolution = resolve(options, spaceId, rules, set, facts, extraction, [])
    set.apply(resolution)
    if (needsEntry(resolution)) entries += mutationsOf([entryOf(resolution)]).mappings.length + 1
  }
  return entries
}

const filled = (): WorkingSet => {
  const set = new WorkingSet(Number.POSITIVE_INFINITY)
  decide(set, prepared(warmUp, 1))
  return set
}

const extractAll = (list: ReadonlyArray<Message>): number => {
  let found = 0
  for (const message of list) {
    const facts = factsOf(message, { position: 1, source: 1 }, "src_web")
    if (dropReason(message, facts) === null) found += extract(message, rules).extraction.users.length
  }
  return found
}

const report = (name: string, events: ReadonlyArray<Message>) => {
  const floor = bareMap(events)
  const ready = prepared(events, warmUp.length + 1)
  const extracted = time(events.length, () => () => extractAll(events))
  const requested = time(events.length, () => {
    const set = filled()
    return () => set.request(ready.map(([, extraction]) => extraction)).identifiers.length
  })
  const resolved = time(events.length, () => {
    const set = filled()
    return () => decide(set, ready)
  })
  const show = (label: string, { ns, outcome }: Timing) =>
    console.log(
      `  ${label.padEnd(24)} ${ns.toFixed(0).padStart(6)} ns  ${(ns / floor.ns).toFixed(1).padStart(5)} x  (${outcome})`
    )
  console.log(`${name}, ${events.length} events, ${people} people`)
  show("bare Map", floor)
  show("facts, drops, extract", extracted)
  show("request what is missing", requested)
  show("resolve, apply, entry", resolved)
}

report("known people", known)
report("4 % new identifiers", mixed)

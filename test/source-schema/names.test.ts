/** What is counted of a message for the schema of its source (ING-130, ING-131): names only, each once a message, in bounded memory. */
import { describe, expect, it } from "vitest"
import type { JsonObject, Message } from "../../src/event/message.ts"
import { SchemaNames } from "../../src/source-schema/names.ts"

const at = 1_764_000_000_000

const message = (short: Pick<Message, "type"> & Partial<Message>): Message => ({
  messageId: "m",
  context: {},
  integrations: {},
  timestamp: "2025-11-24T16:00:00.000Z",
  originalTimestamp: "2025-11-24T16:00:00.000Z",
  receivedAt: "2025-11-24T16:00:00.000Z",
  version: 2,
  channel: "server",
  userId: "u",
  ...short
})

const counted = (names: SchemaNames, limit = 1_000_000) =>
  names.take(limit).map(({ name, allowed }) => {
    const path = name.event === undefined ? name.name : `${name.event.name} > ${name.name}`
    return `${name.kind} ${path} ${allowed}`
  })
const seen = (...messages: ReadonlyArray<Message>) => {
  const names = new SchemaNames()
  names.stored(
    messages.map((each) => names.of(1, each, at)),
    at
  )
  return names
}
const track = (properties: JsonObject, event = "E") => message({ type: "track", event, properties })

const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`p${i}`, i]))

describe("ING-130: what has a name", () => {
  it.each<[string, Message, ReadonlyArray<string>]>([
    [
      "track: its event and properties",
      track({ a: 1, b: null }),
      ["event E 1", "property E > a 1", "property E > b 1"]
    ],
    [
      "page",
      message({ type: "page", properties: { url: "/" } }),
      ["event Page Viewed 1", "property Page Viewed > url 1"]
    ],
    ["screen", message({ type: "screen", name: "Home" }), ["event Screen Viewed 1"]],
    ["identify: traits", message({ type: "identify", traits: { email: "a@x.io" } }), ["identify email 1"]],
    ["group: traits", message({ type: "group", groupId: "g", traits: { plan: "pro" } }), ["group plan 1"]],
    ["alias: nothing", message({ type: "alias", previousId: "p" }), []],
    [
      "nested properties, items of arrays once a message",
      track({ products: [{ id: 1 }, { id: 2, tags: ["x", "y"] }, 5], empty: [], deep: { er: { still: 1 } } }),
      [
        "event E 1",
        "property E > products 1",
        "property E > products.$ 1",
        "property E > products.$.id 1",
        "property E > products.$.tags 1",
        "property E > products.$.tags.$ 1",
        "property E > empty 1",
        "property E > deep 1",
        "property E > deep.er 1",
        "property E > deep.er.still 1"
      ]
    ],
    [
      "a literal dot",
      track({ "a.b": { "c.d": 1 } }),
      ["event E 1", "property E > a\\.b 1", "property E > a\\.b.c\\.d 1"]
    ],
    [
      "names of the language",
      track(JSON.parse('{"__proto__":{"x":1},"constructor":1}') as JsonObject),
      ["event E 1", "property E > __proto__ 1", "property E > __proto__.x 1", "property E > constructor 1"]
    ]
  ])("%s", (_, one, expected) => {
    expect(counted(seen(one))).toEqual(expected)
  })
})

it("counts what is stored: no duplicates, nothing of a request that was not stored", () => {
  const names = new SchemaNames()
  const three = [track({ a: 1 }), track({ a: 1, b: 1 }), track({ b: 1 })].map((each) => names.of(1, each, at))
  expect(counted(names)).toEqual([])
  names.stored(three, at, [1])
  expect(counted(names)).toEqual(["event E 2", "property E > a 1", "property E > b 1"])
  expect(counted(names)).toEqual([])
})

it("a round takes so many; the others and those that could not be written come with the next", () => {
  const names = seen(track({ a: 1, b: 1 }))
  const first = names.take(2)
  expect(first.map(({ name }) => name.name)).toEqual(["E", "a"])
  names.stored([names.of(1, track({ a: 1 }), at + 5)], at + 5)
  names.giveBack(first)
  const taken = names.take(10)
  expect(taken.map(({ name, allowed, lastSeen }) => [name.name, allowed, lastSeen])).toEqual([
    ["b", 1, at],
    ["E", 2, at + 5],
    ["a", 2, at + 5]
  ])
})

describe("memory is bounded", () => {
  it.each<[string, SchemaNames, number]>([
    ["properties of an event", seen(track(many(5_000))), 1 + 900],
    ["traits", seen(message({ type: "identify", traits: many(5_000) })), 900],
    ["events of a source", seen(...Array.from({ length: 13_000 }, (_, i) => track({}, `E${i}`))), 12_000],
    [
      "all sources",
      (() => {
        const names = new SchemaNames()
        for (let source = 1; source <= 200; source++)
          names.stored([names.of(source, message({ type: "identify", traits: many(900) }), at)], at)
        return names
      })(),
      100_000
    ]
  ])("%s", (_, names, expected) => {
    expect(names.take(1_000_000)).toHaveLength(expected)
  })
  it("long names of events are cut, long paths left out", () => {
    const long = "x".repeat(400)
    expect(counted(seen(track({ [long]: { [long]: 1 }, ["y".repeat(501)]: 1 }, "n".repeat(30_000))))).toEqual([
      `event ${"n".repeat(200)} 1`,
      `property ${"n".repeat(200)} > ${long} 1`
    ])
  })
  it("a name that the tables have no place for is forgotten with what hangs on it, and its scope takes no new ones for a while", () => {
    const names = seen(track({ a: { b: 1 } }))
    const a = names.take(9).find(({ name }) => name.name === "a")!.name
    names.refuse(a, at + 100)
    const again = (then: number) => {
      names.stored([names.of(1, track({ a: { b: 1 }, c: 1 }), then)], then)
      return counted(names)
    }
    expect(again(at + 99)).toEqual(["event E 1"])
    expect(again(at + 100)).toEqual(["event E 1", "property E > a 1", "property E > a.b 1", "property E > c 1"])
  })
})

import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { messageIdOf, timesOf } from "../../src/archive/event-times.ts"

const bytes = (text: string) => new TextEncoder().encode(text)
const at = (value: unknown) => (typeof value === "string" ? Date.parse(value) : Number.NaN)
const time = "2026-03-10T12:00:00.123Z"
const ms = Date.UTC(2026, 2, 10, 12, 0, 0, 123)

describe("times of a stored event", () => {
  it("are its top-level members, wherever they stand, whatever is nested", () => {
    const decoys = { timestamp: "1999-01-01T00:00:00.000Z", messageId: "no", a: [{ receivedAt: "no" }, "]}", '"'] }
    const event = {
      properties: decoys,
      messageId: "m-1",
      context: decoys,
      timestamp: time,
      receivedAt: time,
      version: 2
    }
    assert.deepStrictEqual(timesOf(bytes(JSON.stringify(event))), { timestamp: ms, receivedAt: ms, messageId: "m-1" })
  })

  it.each([
    ['{"type":"track","messageId":"m-1","properties":{"messageId":"no"}}', "m-1"],
    [String.raw`{"type":"track","messageId":"a\"bü😀","x":1}`, 'a"bü😀'],
    ['{"type":"tr\\"ack","messageId":"m-2"}', "m-2"],
    ['{"type":"track","messageId":7,"x":"messageId"}', ""],
    ['{"type":"track","messageId":"m', ""],
    ['{"type":"track","event":"e","messageId":"m-3"}', "m-3"]
  ])("the message id of %s is %s", (text, id) => {
    assert.strictEqual(messageIdOf(bytes(text)), id)
  })

  const odd: ReadonlyArray<readonly [string, string, object]> = [
    ["an empty object", "{}", { timestamp: Number.NaN, receivedAt: Number.NaN, messageId: "" }],
    [
      "white space",
      ` { "messageId" : "m", "timestamp": "${time}" }`,
      { timestamp: ms, receivedAt: Number.NaN, messageId: "m" }
    ],
    ["no JSON", "what?", { timestamp: Number.NaN, receivedAt: Number.NaN, messageId: "" }],
    ["nothing", "", { timestamp: Number.NaN, receivedAt: Number.NaN, messageId: "" }],
    ["a cut", '{"messageId":"m","timestamp":"20', { timestamp: Number.NaN, receivedAt: Number.NaN, messageId: "" }],
    [
      "other types",
      '{"messageId":7,"timestamp":null,"receivedAt":{"a":1}}',
      { timestamp: Number.NaN, receivedAt: Number.NaN, messageId: "" }
    ],
    [
      "a year of five digits",
      '{"timestamp":"+012026-03-10T12:00:00.000Z"}',
      { timestamp: Date.UTC(12026, 2, 10, 12), receivedAt: Number.NaN, messageId: "" }
    ],
    [
      "an early year",
      '{"timestamp":"0050-03-10T12:00:00.000Z"}',
      { timestamp: Date.parse("0050-03-10T12:00:00.000Z"), receivedAt: Number.NaN, messageId: "" }
    ]
  ]
  it.each(odd)("%s", (_, text, expected) => {
    const times = timesOf(bytes(text))
    assert.deepStrictEqual(times, expected)
    assert.strictEqual(messageIdOf(bytes(text)), times.messageId)
  })

  it("are what JSON.parse finds, for any event", () => {
    const member = fc.oneof(
      fc.tuple(
        fc.constantFrom("timestamp", "receivedAt"),
        fc.date({ noInvalidDate: true }).map((date) => date.toISOString())
      ),
      fc.tuple(fc.constant("messageId"), fc.string({ unit: "binary" })),
      fc.tuple(
        fc.string({ unit: "grapheme" }).filter((key) => key !== "__proto__"),
        fc.jsonValue()
      )
    )
    fc.assert(
      fc.property(fc.array(member), (members) => {
        const event = Object.fromEntries(members) as Record<string, unknown>
        const text = JSON.stringify(event)
        assert.strictEqual(messageIdOf(bytes(text)), timesOf(bytes(text)).messageId)
        const read = JSON.parse(text) as Record<string, unknown>
        assert.deepStrictEqual(timesOf(bytes(text)), {
          timestamp: at(read["timestamp"]),
          receivedAt: at(read["receivedAt"]),
          messageId: typeof read["messageId"] === "string" ? Buffer.from(read["messageId"]).toString() : ""
        })
      }),
      { numRuns: 500 }
    )
  })
})

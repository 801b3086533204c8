/** Event Tester, Mapping Tester, samples and previews (DEL-60 to DEL-65, DST-63). */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import type { CatalogField } from "../../src/catalog/entry.ts"
import { type ActionCall, type CallResult, DestinationRunner, type OAuthTokens } from "../../src/catalog/runner.ts"
import { type Destination, Destinations } from "../../src/destinations/destination.ts"
import { previewFilter } from "../../src/destinations/testing/preview.ts"
import { sampleEvent } from "../../src/destinations/testing/sample.ts"
import { nothingMatches, testEvent, type TestRequest } from "../../src/destinations/testing/test-event.ts"
import { compileFilters } from "../../src/destinations/compiled.ts"
import { destination, entry, type Event, field, track } from "./given.ts"

const exchange = {
  request: { method: "POST", url: "https://example.com/", headers: {}, body: "{}" },
  response: { status: 200, headers: {}, body: "ok" }
}
const delivered: CallResult = { outcomes: [{ kind: "delivered" }], exchanges: [exchange] }

/** Runs a test against an executor that answers as told; tells what it was asked and which tokens were stored. */
const tested = (
  request: TestRequest,
  answer: (call: ActionCall) => Effect.Effect<CallResult> = () => Effect.succeed(delivered)
) => {
  const calls: Array<ActionCall> = []
  const stored: Array<OAuthTokens> = []
  const unused = Effect.die(new Error("not asked"))
  const layers = Layer.merge(
    Layer.succeed(DestinationRunner, {
      call: (call) => Effect.suspend(() => (calls.push(call), answer(call))),
      testAuthentication: () => unused,
      choices: () => unused,
      hook: () => unused,
      deleteUser: () => unused
    }),
    Layer.succeed(Destinations, {
      current: () => ({ version: 1, all: [], byId: new Map(), bySource: new Map() }),
      refresh: Effect.void,
      onChange: () => Effect.void,
      storeTokens: (_, tokens) => Effect.sync(() => void stored.push(tokens))
    })
  )
  return Effect.map(Effect.provide(testEvent(request), layers), (result) => ({ result, calls, stored }))
}

const statuses = (result: {
  readonly results: ReadonlyArray<{
    readonly subscriptionId: string | null
    readonly status: string
    readonly code?: string
  }>
}) => result.results.map(({ code, status, subscriptionId }) => [subscriptionId, code ?? status])

describe("the Event Tester", () => {
  it.effect("AC4-58: only disabled mappings: the documented message, and nothing is sent", () =>
    Effect.gen(function* () {
      const { calls, result } = yield* tested({ destination: destination({ disabled: ["m1"] }), event: track("A") })
      assert.deepStrictEqual(
        [result.matched, result.message, result.results, calls],
        [0, "You may not have any subscriptions that match this event.", [], []]
      )
    })
  )

  it.effect("AC4-59: filters, consent and the integrations object are passed by", () =>
    Effect.gen(function* () {
      const to = destination(
        {
          filters: [{ if: "all", actions: [{ type: "DROP" }] }],
          triggers: ['event = "A"', 'event = "B"', 'type = "track"']
        },
        { consentCategories: ["ads"], missingSettings: ["apiKey"] }
      )
      const event = track("A", { integrations: { All: false }, context: { consent: { categoryPreferences: {} } } })
      const { calls, result } = yield* tested({ destination: to, event })
      assert.deepStrictEqual(statuses(result), [
        ["m1", "delivered"],
        ["m3", "delivered"]
      ])
      assert.deepStrictEqual([result.matched, result.calls], [2, 2])
      assert.deepStrictEqual(result.results[0]!.exchanges, [exchange])
      assert.deepStrictEqual(JSON.parse(calls[0]!.events[0]!), event)
      assert.isTrue(calls.every(({ batch, recordAll }) => !batch && recordAll === true))
    })
  )

  it.effect("an own event is completed as the door would have done", () =>
    Effect.gen(function* () {
      const { result } = yield* tested({ destination: destination(), event: { type: "identify", userId: "u" } })
      assert.match(String(result.event["messageId"]), /^test-/)
      assert.deepStrictEqual([result.event["timestamp"], result.event["context"]], ["1970-01-01T00:00:00.000Z", {}])
    })
  )

  it.effect.each<readonly [string, Partial<Destination>, unknown]>([
    ["storage", { entry: entry({ kind: "storage" }) }, track("A")],
    ["an entry that is gone", { unknownEntry: true }, track("A")],
    ["device mode", { connectionMode: "device" }, track("A")],
    ["no object", {}, "track"],
    ["no type", {}, { event: "A" }],
    ["no type that there is", {}, { type: "delete" }]
  ])("refuses: %s", ([, changes, event]) =>
    Effect.gen(function* () {
      const refused = yield* Effect.flip(tested({ destination: destination({}, changes), event }))
      assert.strictEqual(refused._tag, "TestRefused")
    })
  )

  it.effect("a classic destination gets one call without a mapping", () =>
    Effect.gen(function* () {
      const to = destination({ triggers: [] }, { entry: entry({ kind: "classic" }) })
      const { calls, result } = yield* tested({ destination: to, event: track("A") })
      assert.deepStrictEqual([statuses(result), calls[0]!.actionSlug], [[[null, "delivered"]], undefined])
    })
  )

  it.effect("failures are told for each mapping", () =>
    Effect.gen(function* () {
      const { result } = yield* tested(
        { destination: destination({ triggers: ['type != ""', 'type != ""'] }), event: track("A") },
        ({ mapping }) =>
          Effect.succeed(
            mapping === undefined
              ? delivered
              : { outcomes: [{ kind: "failed", code: "400", message: "Bad", retry: false }], exchanges: [exchange] }
          )
      )
      assert.deepStrictEqual(statuses(result), [
        ["m1", "400"],
        ["m2", "400"]
      ])
    })
  )

  it.effect("DEL-64: ends after 30 seconds, and begins nothing more", () =>
    Effect.gen(function* () {
      const to = destination({ triggers: Array.from({ length: 8 }, () => 'type != ""') })
      let asked = 0
      const late = Effect.delay(Effect.succeed(delivered), "40 seconds")
      const running = yield* Effect.forkChild(
        tested({ destination: to, event: track("A") }, () => (asked++ === 0 ? Effect.succeed(delivered) : late))
      )
      yield* TestClock.adjust("30 seconds")
      const { calls, result } = yield* Fiber.join(running)
      assert.deepStrictEqual(
        statuses(result).map(([, status]) => status),
        ["delivered", ...Array.from({ length: 7 }, () => "ETIMEDOUT")]
      )
      yield* TestClock.adjust("60 seconds")
      assert.strictEqual(calls.length, 6, "five at once, and one more when the first had ended")
    })
  )

  it.effect("DEL-12: refreshed tokens are stored", () =>
    Effect.gen(function* () {
      const refreshed = { accessToken: "new", refreshToken: "rotated" }
      const to = destination({}, { tokens: { accessToken: "old", refreshToken: "r" } })
      const { calls, stored } = yield* tested(
        { destination: to, event: track("A") },
        ({ onRefresh = () => Effect.void }) => Effect.as(onRefresh(refreshed), { ...delivered, refreshed })
      )
      assert.deepStrictEqual([stored, calls[0]!.instance], [[refreshed], to.id])
    })
  )

  it.effect("fields are encrypted as they would be; what cannot be is not sent", () =>
    Effect.gen(function* () {
      const encryption = { publicKey: "nonsense", fields: new Set(["email"]) }
      const to = destination({}, { encryption })
      const { calls, result } = yield* tested({ destination: to, event: track("A", { properties: { email: "a" } }) })
      assert.deepStrictEqual([statuses(result), calls], [[["m1", "FAILED_DATA_ENCRYPTION"]], []])
    })
  )
})

describe("the Mapping Tester", () => {
  it.effect("DEL-63: one mapping, enabled or not, saved or not, and its trigger counts", () =>
    Effect.gen(function* () {
      const to = destination({ triggers: ['event = "A"', 'event = "B"'], disabled: ["m2"] })
      const mapping = to.mappings[1]!
      const saved = yield* tested({ destination: to, mapping, event: track("B") })
      assert.deepStrictEqual(statuses(saved.result), [["m2", "delivered"]])
      const unsaved = yield* tested({ destination: to, mapping, saved: false, event: track("B") })
      assert.deepStrictEqual(statuses(unsaved.result), [[null, "delivered"]])
      const other = yield* tested({ destination: to, mapping, event: track("A") })
      assert.deepStrictEqual([other.result.message, other.calls], [nothingMatches, []])
    })
  )
})

const sample = (trigger: string, fields: ReadonlyArray<CatalogField>, recent: ReadonlyArray<Event> = []) =>
  sampleEvent({ recent, fires: destination({ triggers: [trigger] }).mappings[0]!.fires, trigger, fields, now: 0 })

describe("samples", () => {
  it("DEL-65: the newest event that the trigger accepts", () => {
    const recent = [track("C"), track("A", { messageId: "new" }), track("A", { messageId: "old" })]
    assert.deepStrictEqual(sample('event = "A"', [], recent), { event: recent[1]!, generated: false })
  })

  it("DEL-65: else one that the trigger accepts, with what the fields read", () => {
    const { event, generated } = sample('type = "track" and event = "Order Completed"', [
      field("mail", { default: { "@path": "$.properties.email" }, format: "email" }),
      field("total", {
        type: "number",
        default: {
          // Parsed: a literal with `then` is something to await.
          "@if": JSON.parse(
            '{"exists":{"@path":"$.properties.total"},"then":{"@path":"$.properties.total"}}'
          ) as unknown
        }
      }),
      field("text", { default: { "@template": "{{ properties.greeting }} {{event}}" } }),
      field("items", {
        type: "object",
        default: { "@arrayPath": ["$.properties.products", { sku: { "@path": "$.sku" } }] }
      }),
      field("who", { default: { "@path": "$.userId" } }),
      field("everything", { type: "object", default: { "@path": "$." } })
    ])
    assert.isTrue(generated)
    assert.deepStrictEqual([event["type"], event["event"], event["userId"]], ["track", "Order Completed", "user-1"])
    assert.deepStrictEqual(event["properties"], {
      email: "jane@example.com",
      total: 9.99,
      greeting: "text",
      products: [{ sku: "text" }]
    })
  })

  it("each type that a trigger can want", () => {
    for (const type of ["track", "identify", "page", "screen", "group"])
      assert.strictEqual(sample(`type = "${type}"`, []).event["type"], type)
  })
})

const preview = (statement: string, event: Event) =>
  previewFilter(compileFilters([{ id: "new", fql: statement, actions: [{ type: "DROP" }] }]), event)

describe("the preview of a filter", () => {
  it("AC4-23: null is dropped, an error says why, anything else is what would be sent", () => {
    const event = track("A", { properties: { title: "x" } })
    assert.deepStrictEqual(preview("event = 'A'", event), { inputPayload: event, result: null })
    assert.deepStrictEqual(preview("event = 'B'", event), { inputPayload: event, result: event })
    const { error, result } = preview("properties.title", event)
    assert.isNull(result)
    assert.match(error!, /must be true, false or null/)
  })
})

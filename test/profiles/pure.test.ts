/** The pure parts of the Profile API. */
import { Effect } from "effect"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  decodeEvent,
  decodeKey,
  decodeLink,
  decodeList,
  decodeMapping,
  decodeMerge,
  encodeEvent,
  encodeKey,
  encodeLink,
  encodeList,
  encodeMapping,
  encodeMerge
} from "../../src/profiles/cursors.ts"
import { compareBytes, parseTime } from "../../src/profiles/order.ts"
import { makeRateLimit } from "../../src/platform/rate-limit.ts"
import { makeDelete } from "../../src/profiles/rest-delete.ts"
import { maskedPath, Query } from "../../src/profiles/rest-request.ts"

import { OperationRefused } from "../../src/identity/operations/operation.ts"
import { defaultRules } from "../../src/workspace/rules-document.ts"
import type { AccessToken, Source, Space } from "../../src/workspace/workspace.ts"

const text = fc.string({ unit: "binary" })

describe("order", () => {
  it("PRO-15: compareBytes is the order of the UTF-8 bytes", () => {
    const unit = fc.constantFrom("a", "Z", "é", "\uD7FF", "\uE000", "\uFFFD", "😀", "\u{10FFFF}")
    fc.assert(
      fc.property(fc.array(unit), fc.array(unit), (x, y) => {
        const [a, b] = [x.join(""), y.join("")]
        expect(Math.sign(compareBytes(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)))
      })
    )
  })

  it.each([
    ["2006-01-02", "2006-01-02T00:00:00.000Z"],
    ["2006-01-02T03:04", "2006-01-02T03:04:00.000Z"],
    ["2006-01-02T03:04:05", "2006-01-02T03:04:05.000Z"],
    ["2006-01-02 03:04:05Z", "2006-01-02T03:04:05.000Z"],
    ["2006-01-02T03:04:05.6789Z", "2006-01-02T03:04:05.678Z"],
    ["2006-01-02T03:04:05+02:00", "2006-01-02T01:04:05.000Z"],
    ["2006-01-02T03:04:05-0530", "2006-01-02T08:34:05.000Z"],
    ["2024-02-29", "2024-02-29T00:00:00.000Z"],
    ["2023-02-29", undefined],
    ["2024-13-01", undefined],
    ["2024-01-32", undefined],
    ["2024-01-01T24:00", undefined],
    ["1704067200", undefined],
    ["yesterday", undefined],
    ["", undefined]
  ])("parseTime(%j) is %j", (given, expected) => {
    expect(parseTime(given)).toBe(expected === undefined ? undefined : Date.parse(expected))
  })
})

describe("cursors", () => {
  const time = fc.integer({ min: 0, max: 8_640_000_000_000_000 })
  const position = fc.maxSafeNat()
  it("come back as they were", () => {
    fc.assert(
      fc.property(
        time,
        position,
        position,
        text.filter((it) => it !== "" && it.isWellFormed()),
        (at, a, b, name) => {
          expect(decodeEvent(encodeEvent({ at, messageId: name }))).toEqual({ at, messageId: name })
          expect(decodeKey(encodeKey(name))).toBe(name)
          expect(decodeLink(encodeLink({ createdAt: at, position: a }))).toEqual({ createdAt: at, position: a })
          expect(decodeMerge(encodeMerge({ position: a, from: b }))).toEqual({ position: a, from: b })
          const mappingId = `map_${"0".repeat(27)}`
          expect(decodeMapping(encodeMapping({ createdAt: at, mappingId }))).toEqual({ createdAt: at, mappingId })
          for (const after of [null, { at, position: b }])
            expect(decodeList(encodeList({ asOf: a, part: 7, after }))).toEqual({ asOf: a, part: 7, after })
        }
      )
    )
  })

  it("nothing else is one, and nothing throws", () => {
    const decoders = [decodeEvent, decodeKey, decodeLink, decodeMerge, decodeMapping, decodeList]
    fc.assert(
      fc.property(fc.oneof(text, fc.base64String()), (given) => {
        for (const decode of decoders) {
          const isOne = decode(given) !== undefined
          expect(isOne && !Buffer.from(given, "base64").toString().includes(":")).toBe(false)
        }
      })
    )
  })
})

it.each(["next=%3D%2B%2F%3D", "next==+/="])("PRO-15: a cursor that was pasted as it is works, too: %s", (query) => {
  expect(new Query(query).cursor((text) => (text === "=+/=" ? "found" : undefined))).toBe("found")
})

describe("rate limit", () => {
  it("PRO-6: never more than the limit in any second, and never refused while there is room", () => {
    const requests = fc.array(fc.tuple(fc.integer({ min: 0, max: 400 }), fc.integer({ min: 1, max: 7 })))
    fc.assert(
      fc.property(requests, fc.integer({ min: 1, max: 5 }), (steps, limit) => {
        const rate = makeRateLimit()
        const taken: Array<number> = []
        let now = 0
        for (const [wait, units] of steps) {
          now += wait
          const wanted = Math.min(units, limit)
          const inWindow = taken.filter((at) => at > now - 1000).length
          const expected = inWindow + wanted <= limit
          expect(rate.take("spa_1", units, limit, now)).toBe(expected)
          if (expected) for (let i = 0; i < wanted; i++) taken.push(now)
        }
      })
    )
  })

  it("PRO-6: spaces do not share it; 0 is off", () => {
    const rate = makeRateLimit()
    expect([rate.take("a", 1, 1, 0), rate.take("a", 1, 1, 0), rate.take("b", 1, 1, 0)]).toEqual([true, false, true])
    expect(Array.from({ length: 100 }, () => rate.take("c", 1, 0, 0))).not.toContain(false)
  })
})

it.each([
  ["user_id:jane/traits", "user_id:***/traits"],
  ["email:jane@x.com/external_ids/delete", "email:***/external_ids/delete"],
  ["email%3Ajane%40x.com/events", "email:***/events"],
  ["email%253ajane%2540x.com/events", "email:***/events"],
  ["use_0ujsszwN8NRY24YaXiTIE2VWDTS/links", "use_0ujsszwN8NRY24YaXiTIE2VWDTS/links"],
  // Wrong ones, which hold the value all the same.
  ["jane@x.com/traits", "***/traits"],
  ["use_jane/traits", "***/traits"],
  ["name:a/jane@x.com/traits", "name:***/***"],
  ["", ""]
])("PRO-29: access logs show %s as %s", (id, shown) => {
  const before = "/v1/spaces/spa_1/collections/users/profiles/"
  expect(maskedPath(`${before}${id}`)).toBe(`${before}${shown}`)
})

describe("PRO-51: deleting an identifier, in the documented words", () => {
  const access: AccessToken = { id: "tok_1", name: "t", spaceId: "spa_1", scopes: new Set(["identifiers:delete"]) }
  const source: Source = { no: 1, id: "src_1", slug: "web", name: "Web", kind: "website", writeKeys: [], enabled: true }
  const space: Space = { id: "spa_1", slug: "s", name: "S", kind: "dev", sources: [source], rules: defaultRules }
  const segments = ["collections", "users", "profiles", "user_id:u", "external_ids", "delete"]
  const body = Buffer.from('{"delete_external_ids":[{"id":"a@x.io","type":"email"}]}')
  const answerTo = (code: OperationRefused["code"] | undefined, of: Space, path = segments) =>
    Effect.runPromise(
      Effect.flip(
        makeDelete(() => Effect.fail(new OperationRefused({ code: code ?? "INTERNAL", message: "as told" })))(
          access,
          of,
          path,
          body
        )
      )
    )
  it.each<[string, OperationRefused["code"], number, string, string]>([
    [
      "switched off",
      "IDENTIFIER_SWITCHED_OFF",
      403,
      "forbidden",
      "Deleted identifier not activated for space_id spa_1."
    ],
    ["of no profile", "NOT_FOUND", 404, "not_found", "The resource was not found."],
    ["of another profile", "IDENTIFIER_NOT_FOUND", 404, "eid_not_found", "External identifier not found."],
    ["of an account", "UNSUPPORTED_IDENTIFIER", 400, "unsupported_eid_type", "Unsupported external id type."],
    ["the look-up", "VALIDATION_FAILED", 400, "bad_request", "External id specification must differ from lookup id."],
    ["too slow", "TIMEOUT", 503, "server_error", "as told"],
    ["our fault", "INTERNAL", 500, "server_error", "Internal error."]
  ])("%s", async (_, refused, status, code, message) => {
    expect(await answerTo(refused, space)).toMatchObject({ status, code, message })
  })
  it("without a source there is nothing to delete from", async () => {
    expect(await answerTo(undefined, { ...space, sources: [] })).toMatchObject({
      status: 404,
      code: "source_id_not_found",
      message: "No source attached to space_id spa_1."
    })
  })
  it("the parts of the path are checked in the documented order", async () => {
    expect(await answerTo(undefined, space, segments.with(1, "things"))).toMatchObject({
      message: "Invalid collection: things."
    })
    expect(await answerTo(undefined, space, segments.with(3, ""))).toMatchObject({
      message: "Missing required parameters in URL."
    })
    expect(await answerTo(undefined, space, segments.with(3, "email:x"))).toMatchObject({
      message: "Invalid URL: valid `user_id` is required. Unsupported email."
    })
  })
  it("the hundred and first in a second is 429", async () => {
    const remove = makeDelete(() => Effect.succeed({ auditId: "aud_1", segmentId: "use_1" }))
    const real = performance.now
    performance.now = () => 1
    try {
      for (let i = 0; i < 100; i++) await Effect.runPromise(remove(access, space, segments, body))
      expect(await Effect.runPromise(Effect.flip(remove(access, space, segments, body)))).toMatchObject({
        status: 429,
        message: "Attempted to delete more than 100 IDs per second for a single profile."
      })
    } finally {
      performance.now = real
    }
  })
})

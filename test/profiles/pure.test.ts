/** The pure parts of the Profile API. */
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
import { makeRateLimit } from "../../src/profiles/rate-limit.ts"
import { maskedPath } from "../../src/profiles/rest-request.ts"

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
  ["user_id:jane", "user_id:***"],
  ["email:jane@x.com", "email:***"],
  ["email%3Ajane%40x.com", "email:***"],
  ["use_0ujsszwN8NRY24YaXiTIE2VWDTS", "use_0ujsszwN8NRY24YaXiTIE2VWDTS"]
])("PRO-29: access logs show %s as %s", (id, shown) => {
  expect(maskedPath(`/v1/spaces/spa_1/collections/users/profiles/${id}/traits`)).toBe(
    `/v1/spaces/spa_1/collections/users/profiles/${shown}/traits`
  )
})

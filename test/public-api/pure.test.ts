/** Pure parts of the Public API: tokens, queries, pages, texts. */
import { Schema } from "effect"
import { HttpApiEndpoint } from "effect/http-api"
import { describe, expect, it } from "vitest"
import { makeDecode } from "../../src/public-api/decode.ts"
import { jsonText, keepText } from "../../src/public-api/json-text.ts"
import { newestFirst, pageOf } from "../../src/public-api/pages.ts"
import type { PublicApiProblem } from "../../src/public-api/problem.ts"
import { makeRateLimit } from "../../src/public-api/rate-limit.ts"
import { makeRouteTable } from "../../src/public-api/route-table.ts"
import { isApiToken, newApiToken } from "../../src/public-api/token-text.ts"

const caught = (what: () => unknown): PublicApiProblem => {
  try {
    what()
  } catch (error) {
    return error as PublicApiProblem
  }
  throw new Error("nothing was thrown")
}

it("AC8-24, ADM-70: any character that is wrong is noticed by the checksum, without a look-up", () => {
  const token = newApiToken()
  expect(isApiToken(token)).toBe(true)
  expect(newApiToken()).not.toBe(token)
  for (let at = "cdp_pat_".length; at < token.length; at++) {
    const wrong = token[at] === "a" ? "b" : "a"
    expect(isApiToken(token.slice(0, at) + wrong + token.slice(at + 1))).toBe(false)
  }
  expect(["", "cdp_pat_", `${token}0`, ` ${token}`].some(isApiToken)).toBe(false)
})

describe("ADM-12: query parameters", () => {
  const texts = Schema.optionalKey(Schema.Array(Schema.String))
  const rules = Schema.Array(Schema.Struct({ type: Schema.String, version: Schema.Int }))
  const decode = makeDecode(
    HttpApiEndpoint.get("list", "/list", {
      query: {
        names: texts,
        rules: Schema.optionalKey(rules),
        on: Schema.optionalKey(Schema.Boolean),
        filter: Schema.optionalKey(Schema.Struct({ names: texts })),
        pagination: Schema.optionalKey(Schema.Struct({ count: Schema.optionalKey(Schema.Int) }))
      }
    })
  )
  const rows: ReadonlyArray<readonly [search: string, decoded: object, body: unknown]> = [
    ["names[0]=a&names[1]=b", { names: ["a", "b"] }, undefined],
    ["names[10]=b&names[2]=a", { names: ["a", "b"] }, undefined],
    ["names[]=a&names[]=b", { names: ["a", "b"] }, undefined],
    ["names=a&names=b", { names: ["a", "b"] }, undefined],
    ["names=a,b", { names: ["a", "b"] }, undefined],
    ["names=a", { names: ["a"] }, undefined],
    ["names[0]=a,b", { names: ["a,b"] }, undefined],
    ["names=a,b&names=c", { names: ["a,b", "c"] }, undefined],
    ["filter[names][0]=a%2Cb", { filter: { names: ["a,b"] } }, undefined],
    ["filter.names=a", { filter: { names: ["a"] } }, undefined],
    ["rules[0][type]=TRACK&rules[0][version]=1", { rules: [{ type: "TRACK", version: 1 }] }, undefined],
    ["pagination[count]=2&on=true", { pagination: { count: 2 }, on: true }, undefined],
    ["pagination.count=2", { pagination: { count: 2 } }, undefined],
    ["", { pagination: { count: 3 } }, { pagination: { count: 3 } }],
    ["pagination[count]=2", { pagination: { count: 2 } }, { pagination: { count: 3 } }],
    ["unknown=1&__proto__[x]=1&constructor=2", {}, undefined]
  ]
  it.each(rows)("%s", (search, decoded, body) => {
    expect(decode({ params: {}, search, body }).query).toEqual(decoded)
  })
  it("tells what is wrong where it is", () => {
    const { errors } = caught(() => decode({ params: {}, search: "rules[0][version]=x&on=maybe", body: undefined }))
    expect(errors.map(({ field }) => field)).toEqual(["rules[0].type", "rules[0].version", "on"])
  })
})

it("ADM-18: only what was sent and is not known is named", () => {
  const decode = makeDecode(
    HttpApiEndpoint.patch("change", "/change", {
      payload: Schema.Struct({
        name: Schema.optionalKey(Schema.NullOr(Schema.String)),
        settings: Schema.Record(Schema.String, Schema.Unknown),
        list: Schema.Array(Schema.Struct({ a: Schema.Int }))
      })
    })
  )
  const body = { name: null, settings: { any: { thing: 1 } }, list: [{ a: 1, b: 2 }], größe: 1 }
  expect(decode({ params: {}, search: "", body })).toMatchObject({
    payload: { name: null, settings: { any: { thing: 1 } }, list: [{ a: 1 }] },
    ignored: ["list[0].b", "gr%C3%B6%C3%9Fe"]
  })
  expect(caught(() => decode({ params: {}, search: "", body: [] })).errors).toMatchObject([
    { field: "", message: expect.stringContaining("The body must be") }
  ])
})

describe("ADM-16: pages", () => {
  const all = [1, 3, 5, 7, 9].map((n) => ({ n }))
  const at = (entries: typeof all, count: number, cursor?: string) =>
    pageOf("list", entries, ({ n }) => n, cursor === undefined ? { count } : { count, cursor })
  it("stay what they were when entries come and go before them", () => {
    const { pagination } = at(all, 2)
    const next = pagination.next!
    expect(at(all, 2, next).entries).toEqual([{ n: 5 }, { n: 7 }])
    expect(at([{ n: 2 }, ...all.slice(2)], 2, next).entries).toEqual([{ n: 5 }, { n: 7 }])
    expect(
      at(
        all.filter(({ n }) => n !== 5),
        2,
        next
      ).entries
    ).toEqual([{ n: 7 }, { n: 9 }])
    expect(at([], 2, next)).toMatchObject({ entries: [], pagination: { next: null, previous: null } })
    expect(at(all, 2, at([], 2).pagination.current).entries).toHaveLength(2)
  })
  it("of the newest first lead back and forth", () => {
    const { pageOf: page } = newestFirst("list", { count: 1 })
    const { pagination } = page([{ n: 9 }, { n: 7 }], [])
    expect(newestFirst("list", { cursor: pagination.next! }).from).toBe(7)
    expect(page([{ n: 7 }], [{ n: 9 }]).pagination).toMatchObject({ next: null, previous: expect.any(String) })
  })
})

it("routes: literal parts come before parameters, and two endpoints in one place are refused", () => {
  const places = [
    ["GET", "/destination/filters/preview"],
    ["GET", "/destination/:id/filters"],
    ["POST", "/destination/:id/filters"],
    ["GET", "/"]
  ].map(([method = "", path = ""]) => ({ method, path, value: `${method} ${path}` }))
  const find = makeRouteTable(places)
  expect(find("GET", ["destination", "filters", "preview"]).value).toBe("GET /destination/filters/preview")
  expect(find("GET", ["destination", "filters", "filters"])).toEqual({
    value: "GET /destination/:id/filters",
    params: { id: "filters" }
  })
  expect(find("GET", []).value).toBe("GET /")
  expect(caught(() => find("PUT", ["destination", "x", "filters"])).headers).toEqual({ Allow: "GET, POST" })
  expect(
    caught(() =>
      find(
        "GET",
        Array.from({ length: 50 }, () => "x")
      )
    ).status
  ).toBe(404)
  expect(() => makeRouteTable([...places, places[0]!])).toThrow("Two endpoints")
})

it("ADM-17: windows are whole minutes, and what was refused does not count", () => {
  let now = 61_000
  const limit = makeRateLimit({ publicApiPerMinute: 3, publicApiLimits: { costly: 2 } }, () => now)
  expect(limit("a", "costly")).toMatchObject({ "X-RateLimit-Consumed": "1", "X-RateLimit-Remaining": "1" })
  limit("a", "costly")
  const refused = caught(() => limit("a", "costly"))
  expect(refused.errors[0]!.data).toEqual({ remainingPoints: 0, msBeforeNext: 59_000, consumedPoints: 2 })
  expect(limit("b", "costly")).toMatchObject({ "X-RateLimit-Consumed": "1" })
  now = 120_000
  expect(limit("a", undefined)).toEqual({
    "X-RateLimit-Consumed": "1",
    "X-RateLimit-Remaining": "2",
    "X-RateLimit-Reset": "Thu, 01 Jan 1970 00:03:00 GMT"
  })
})

it("texts that are kept are used wherever their object is, and nobody can ask for them", () => {
  const kept = keepText({ big: "thing" })
  expect(JSON.parse(jsonText({ a: kept, list: [kept, { kept }], text: "$1 $& #0:1" }))).toEqual({
    a: kept,
    list: [kept, { kept }],
    text: "$1 $& #0:1"
  })
  expect(jsonText(kept)).toBe('{"big":"thing"}')
})

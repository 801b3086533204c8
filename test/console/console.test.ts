/** Pure parts of the console: addresses, identifiers, the story of an explanation, changes of rules, colours, generated types. */
import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import type { RulesDocument } from "../../src/console/pages/rules/rules.gql.ts"
import { changeRule, changesBetween, inputOf, moveRule } from "../../src/console/pages/rules/rules-draft.ts"
import { finding } from "../../src/console/pages/explain/finding.ts"
import { tell } from "../../src/console/pages/explain/tell.ts"
import { addressOfHit, clearHit, workspaceAddress } from "../../src/console/go.ts"
import { identifierIn, insightsSearch, liveSearch, profilesSearch, signInSearch } from "../../src/console/url-state.ts"

const root = join(import.meta.dirname, "../..")

describe("addresses", () => {
  it.each([
    ["profiles", profilesSearch({ q: 42, collection: "x", anonymous: "true" }), { q: "42", anonymous: true }],
    ["live", liveSearch({ status: "DISCARDED", type: "no", paused: "yes" }), { status: "DISCARDED" }],
    ["insights", insightsSearch({ range: "30d", event: "TRACK", id: "" }), { range: "30d", event: "TRACK" }],
    ["a way back inside", signInSearch({ next: "/s/x/live?q=1" }), { next: "/s/x/live?q=1" }],
    ["a way back elsewhere", signInSearch({ next: "//evil.example/" }), {}],
    ["a way back elsewhere, with a backslash", signInSearch({ next: "/\\evil.example" }), {}]
  ])("%s keeps what makes sense", (_, search, expected) => expect(search).toEqual(expected))

  it.each([
    ["Jane@Example.com", { type: "email", id: "jane@example.com" }],
    ["ios.id:AB", { type: "ios.id", id: "AB" }],
    ["Jane Doe", undefined]
  ])("PRO-73: %s", (text, expected) => expect(identifierIn(text)).toEqual(expected))
})

const email = { collection: "users", type: "email", id: "jane@example.com" }
const user = { collection: "users", type: "user_id", id: "abc456" }
const step = (kind: string, data: unknown, n = 1) => ({ n, kind, text: kind, data })

const hit = (match: "ID" | "HOLDS_IDENTIFIER" | "NAME", id: string) =>
  ({ kind: "PROFILE", match, id, title: id, text: "", spaceId: "spa_1", profile: null }) as const

describe("addresses that lead elsewhere", () => {
  it.each([
    ["s/demo/rules", "/s/demo/rules"],
    ["live", "/s/first/live"],
    ["", "/s/first/profiles"],
    ["audit", "/s/first/insights/audit"],
    ["destinations/x", "/s/first/destinations/x"],
    ["warehouses/x", undefined]
  ])("/w/acme/%s", (rest, expected) => expect(workspaceAddress(rest, "first")).toBe(expected))

  it("/go/…: one exact hit is gone to, several are shown", () => {
    const [held, named, other] = [hit("HOLDS_IDENTIFIER", "use_a"), hit("NAME", "use_b"), hit("ID", "use_c")]
    expect(clearHit([named, held])).toBe(held)
    expect(clearHit([named])).toBe(named)
    expect(clearHit([held, other])).toBeUndefined()
    expect(clearHit([])).toBeUndefined()
    expect(addressOfHit(held, [{ id: "spa_1", slug: "demo" }])).toBe("/s/demo/profiles/use_a/overview")
    expect(addressOfHit(held, [])).toBeUndefined()
  })
})

describe("story", () => {
  const story = tell(
    [
      step("EXTRACT", { identifier: user, from: "userId", rank: 1 }),
      step("EXTRACT", { identifier: email, from: "traits.email", rank: 2 }),
      step("LOOKUP", { identifier: user, segment_id: null }),
      step("LOOKUP", { identifier: email, segment_id: "use_1" }),
      step("LIMIT_CHECK", { collection: "users", turn: 1, live: [], matched: ["use_1"], counts: null, passed: false }),
      step("BREACH", {
        collection: "users",
        turn: 1,
        breach: { kind: "limit", type: "user_id", count: 2, limit: 1, window: "ever" }
      }),
      step("DEMOTE", { turn: 1, identifier: email }),
      step("LIMIT_CHECK", {
        collection: "users",
        turn: 2,
        live: ["user_id:abc456"],
        matched: [],
        counts: null,
        passed: true
      }),
      step("DECIDE", {
        collection: "users",
        action: "create",
        segment_id: "use_2",
        merged: [],
        mapped: ["user_id:abc456"]
      })
    ],
    false
  )

  it("W-3: one thread is caught and cut, the other ends in the decision", () => {
    const knots = (key: string) => story.items.flatMap(({ knots: of }) => of.get(key) ?? [])
    expect(knots("users:email:jane@example.com")).toEqual(["start", "pass", "match", "caught", "cut"])
    expect(knots("users:user_id:abc456")).toEqual(["start", "pass", "fresh", "caught", "pass", "fresh", "end"])
    expect(story.breach).toMatchObject({ type: "user_id", limit: 1 })
  })

  it("the title states the finding", () => {
    expect(finding("CREATE", story, undefined, "Jane Doe", false)).toBe(
      "Created a new profile instead of joining Jane Doe's"
    )
  })
})

const rule = (type: string, rank: number, explicitRank = true) => ({
  type,
  collection: "USERS" as const,
  rank,
  explicitRank,
  limit: 5,
  window: "EVER" as const,
  blocked: [],
  origin: "default",
  enabled: true,
  matchKeys: [],
  locations: []
})

describe("rules", () => {
  const rules: RulesDocument = {
    version: 1,
    savedAt: "2026-01-01T00:00:00.000Z",
    autoAddIdentifiers: true,
    readmitDemoted: false,
    blockJunk: false,
    spaceBlocked: [],
    identifiers: [rule("user_id", 1), rule("email", 2), rule("anonymous_id", 3, false)]
  }

  it("says what changed", () => {
    const next = changeRule(rules, { type: "email", collection: "USERS" }, { limit: 1 })
    expect(changesBetween(rules, next).map(({ type, text }) => `${type} ${text}`)).toEqual([
      "email limit 5 ever to 1 ever"
    ])
    expect(changesBetween(rules, rules)).toEqual([])
  })

  it("moving gives explicit places to what is above", () => {
    const next = moveRule(rules, { type: "anonymous_id", collection: "USERS" }, -1)
    expect(inputOf(next).identifiers.map(({ type, rank }) => [type, rank])).toEqual([
      ["user_id", 1],
      ["anonymous_id", 2],
      ["email", 3]
    ])
  })
})

const luminance = (hex: string): number => {
  const [r, g, b] = [1, 3, 5].map((i) => {
    const value = Number.parseInt(hex.slice(i, i + 2), 16) / 255
    return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

const contrast = (a: string, b: string) => {
  const [high, low] = [luminance(a), luminance(b)].toSorted((x, y) => y - x) as [number, number]
  return (high + 0.05) / (low + 0.05)
}

describe("colours", () => {
  const css = readFileSync(join(root, "src/console/styles/tokens.css"), "utf8")
  const pairs = new Map(
    [...css.matchAll(/--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)/g)].map(([, name, ...both]) => [name!, both])
  )
  const backgrounds = ["bg", "surface", "sunken", "hover", "selected"]
  const texts = [
    "ink",
    "ink-2",
    "ink-3",
    "accent",
    "good",
    "warn",
    "bad",
    "account",
    "contact",
    "device",
    "cookie",
    "group"
  ]

  it.each([0, 1])("WCAG 2.2: text has 4.5:1 on every background, fields 3:1 (theme %i)", (theme) => {
    for (const background of backgrounds) {
      const behind = pairs.get(background)![theme]!
      for (const text of texts)
        expect(contrast(pairs.get(text)![theme]!, behind), `${text} on ${background}`).toBeGreaterThanOrEqual(4.5)
      expect(contrast(pairs.get("edge")![theme]!, behind), `edge on ${background}`).toBeGreaterThanOrEqual(3)
    }
  })
})

const check = () =>
  execFileSync(process.execPath, [join(root, "scripts/console-operations.mjs"), "--check"], { stdio: "pipe" })

it("types of the console's documents are those of the schema", () => {
  expect(check).not.toThrow()
})

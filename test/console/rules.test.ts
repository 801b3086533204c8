/** Editing identity rules: undo, changes on top of others', blocked values, and problems at their places. */
import { describe, expect, it } from "vitest"
import { begin, edit, onTopOf, redo, undo } from "../../src/console/pages/rules/drafts.ts"
import type { RulesDocument } from "../../src/console/pages/rules/rules.gql.ts"
import {
  changeRule,
  changesBetween,
  inputOf,
  moveRule,
  placeProblems,
  rebase,
  suggestedBlocked,
  withBlocked
} from "../../src/console/pages/rules/rules-draft.ts"

const rule = (type: string, rank: number, more: Partial<RulesDocument["identifiers"][number]> = {}) => ({
  type,
  collection: "USERS" as const,
  rank,
  explicitRank: true,
  limit: 5,
  window: "EVER" as const,
  blocked: suggestedBlocked,
  origin: "default",
  enabled: true,
  matchKeys: [],
  locations: [],
  ...more
})

const rules: RulesDocument = {
  version: 7,
  savedAt: "2026-01-01T00:00:00.000Z",
  autoAddIdentifiers: true,
  readmitDemoted: false,
  blockJunk: true,
  spaceBlocked: [],
  identifiers: [rule("user_id", 1), rule("email", 2), rule("anonymous_id", 3, { explicitRank: false })]
}

const email = { type: "email", collection: "USERS" } as const
const user = { type: "user_id", collection: "USERS" } as const
const words = (before: RulesDocument, after: RulesDocument) =>
  changesBetween(before, after).map(({ type, text }) => `${type} ${text}`.trim())

describe("drafts", () => {
  it("undo and redo go step by step; a new change forgets what was undone", () => {
    const one = changeRule(rules, email, { limit: 1 })
    const two = changeRule(one, user, { window: "DAILY" })
    const drafts = edit(edit(begin(rules), one), two)
    expect(undo(drafts).now).toBe(one)
    expect(redo(undo(drafts)).now).toBe(two)
    expect(undo(undo(undo(drafts))).now).toBe(rules)
    expect(edit(undo(drafts), rules).future).toEqual([])
    expect(edit(drafts, two)).toBe(drafts)
  })

  it("what somebody else saves meanwhile stays, with my change on top of it", () => {
    const mine = edit(
      begin(rules),
      moveRule(changeRule(rules, email, { limit: 1 }), { ...email, type: "anonymous_id" }, -1)
    )
    const theirs = { ...changeRule(rules, user, { limit: 2 }), version: 8, readmitDemoted: true }
    const after = onTopOf(mine, theirs)
    expect(after.others).toMatchObject({ version: 8, changes: [{ type: "user_id" }, { type: "" }] })
    expect(words(theirs, after.now)).toEqual(["email limit 5 ever to 1 ever", "anonymous_id priority 3 to 2"])
    // My own version, once it is saved, leaves nothing to do.
    expect(onTopOf(mine, { ...mine.now, version: 8 })).toMatchObject({ others: undefined, past: [] })
  })

  it("settings and rows that I did not touch are theirs", () => {
    const mine = { ...rules, blockJunk: false }
    const theirs = { ...changeRule(rules, email, { limit: 3 }), spaceBlocked: [{ kind: "exact", value: "x" }] }
    const both = rebase(rules, mine, theirs)
    expect(both).toMatchObject({ blockJunk: false, spaceBlocked: [{ value: "x" }] })
    expect(words(theirs, both)).toEqual(["Values that look like none are blocked: off"])
  })
})

describe("blocked values", () => {
  const more = withBlocked(suggestedBlocked, [{ kind: "pattern", value: "(" }])

  it("are added once, and said in words, of one type and of all", () => {
    expect(withBlocked(more, [{ kind: "pattern", value: "(" }])).toBe(more)
    const next = { ...changeRule(rules, email, { blocked: more }), spaceBlocked: [{ kind: "exact", value: "void" }] }
    expect(words(rules, next)).toEqual(["email blocks (", "every type blocks void"])
    expect(words(next, rules)).toEqual(["email no longer blocks (", "every type no longer blocks void"])
  })

  it("IDR-158: what the service refuses stands at the value, the row or the space", () => {
    const input = inputOf({
      ...changeRule(rules, email, { blocked: more }),
      spaceBlocked: [{ kind: "pattern", value: "[" }]
    })
    const placed = placeProblems(
      [
        { path: "identifiers[1].blocked[4].value", expected: "no pattern" },
        { path: "identifiers[0].limit", expected: "a whole number" },
        { path: "spaceBlocked[0].value", expected: "no pattern" },
        { path: "identifiers", expected: "too many" }
      ],
      input
    )
    expect(placed).toEqual([
      { place: "USERS:email", blocked: "pattern (", expected: "no pattern" },
      { place: "USERS:user_id", blocked: undefined, expected: "a whole number" },
      { place: "space", blocked: "pattern [", expected: "no pattern" },
      { place: "", blocked: undefined, expected: "too many" }
    ])
  })
})

const types = (document: RulesDocument) => inputOf(document).identifiers.map(({ type }) => type)

it("IDR-37: a type that an event brought is no part of the document until somebody touches it", () => {
  const brought = rule("app_id", 4, { origin: "auto", explicitRank: false })
  const document = { ...rules, identifiers: [...rules.identifiers, brought] }
  expect(types(document)).not.toContain("app_id")
  expect(types(changeRule(document, brought, { limit: 1 }))).toContain("app_id")
  expect(types({ ...document, autoAddIdentifiers: false })).toContain("app_id")
})

import { describe, expect, it } from "vitest"
import { suggestedBlocked } from "../../src/workspace/default-types.ts"
import { type Answers, customRules, industries, outOfTheBoxRules } from "../../src/workspace/first-rules.ts"
import { defaultRules } from "../../src/workspace/rules-document.ts"
import type { RulesDocument } from "../../src/workspace/rules.ts"

const answers: Answers = { industry: "retail", mobileApp: false, canonicalUserId: true, otherUniqueId: false }

const rows = ({ identifiers }: RulesDocument) =>
  identifiers.map(({ type, rank, limit, window }) => `${rank ?? "-"} ${type} ${limit} ${window}`)

describe("IDR-7: the rules out of the box", () => {
  it("without a mobile app and a website business", () => {
    expect(rows(outOfTheBoxRules(answers).rules)).toEqual([
      "1 user_id 1 ever",
      "2 email 5 annually",
      "3 group_id 5 annually",
      "4 anonymous_id 5 weekly"
    ])
  })

  it("with a mobile app: the rows of the table in its order, and push tokens after them by name", () => {
    expect(rows(outOfTheBoxRules({ ...answers, mobileApp: true }).rules)).toEqual([
      "1 user_id 1 ever",
      "2 email 5 annually",
      "3 group_id 5 annually",
      "4 ios.idfa 2 weekly",
      "5 android.idfa 2 annually",
      "6 android.id 2 annually",
      "7 ios.id 2 annually",
      "8 anonymous_id 5 weekly",
      "- android.push_token 5 ever",
      "- ios.push_token 5 ever"
    ])
  })

  it.each(industries)("ga_client_id comes last for a website business, and for no other: %s", (industry) => {
    for (const mobileApp of [true, false]) {
      const { identifiers } = outOfTheBoxRules({ ...answers, industry, mobileApp }).rules
      const found = identifiers.flatMap(({ type, rank, limit, window }) =>
        type === "ga_client_id" ? [{ rank, limit, window }] : []
      )
      const expected = { rank: mobileApp ? 9 : 5, limit: 5, window: "monthly" }
      expect(found).toEqual(industry === "website_business" ? [expected] : [])
    }
  })

  it.each([
    [true, false, false],
    [true, true, true],
    [false, false, true],
    [false, true, true]
  ])("canonical user id %s, another unique id %s: needs review %s", (canonicalUserId, otherUniqueId, needsReview) => {
    expect(outOfTheBoxRules({ ...answers, canonicalUserId, otherUniqueId }).needsReview).toBe(needsReview)
  })

  it("IDR-52: the suggested values are blocked in every row; types left out may come by themselves (IDR-37)", () => {
    const { rules } = outOfTheBoxRules({ ...answers, industry: "website_business", mobileApp: true })
    for (const row of rules.identifiers) expect(row.blocked).toEqual(suggestedBlocked)
    expect(rules).toMatchObject({ autoAddIdentifiers: true, blockJunk: true })
  })
})

describe("IDR-6: custom rules", () => {
  it("are the 11 defaults with the limits of IDR-61, without what is left out", () => {
    expect(customRules([], true)).toEqual(defaultRules)
    const some = customRules(["email", "ios.id"], true)
    expect(some.identifiers.map(({ type }) => type)).toEqual(
      defaultRules.identifiers.map(({ type }) => type).filter((type) => type !== "email" && type !== "ios.id")
    )
  })

  it("IDR-52: the suggested blocked values can be taken away", () => {
    for (const row of customRules([], false).identifiers) expect(row.blocked).toEqual([])
  })
})

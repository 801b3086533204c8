/**
 * The rules that a new space begins with (IDR-6, IDR-7): out of the box by a few questions, or the defaults without the
 * types that somebody leaves out. A type left out is absent, not switched off, so events may bring it back (IDR-37).
 */
import { decodeRules, defaultRules } from "./rules-document.ts"
import type { RulesDocument, Window } from "./rules.ts"

export const industries = ["website_business", "b2b_software", "retail", "media", "finance", "travel", "other"] as const

export interface Answers {
  readonly industry: (typeof industries)[number]
  readonly mobileApp: boolean
  /** One id of a person that all systems agree on. */
  readonly canonicalUserId: boolean
  /** A unique identifier besides `user_id` and `email`. */
  readonly otherUniqueId: boolean
}

export interface FirstRules {
  readonly rules: RulesDocument
  /** A person should look at them before they are used. */
  readonly needsReview: boolean
}

interface Row {
  readonly type: string
  readonly limit: number
  readonly window: Window
  /** Absent: after the ranked ones, by name. */
  readonly unranked?: true
  readonly if?: (answers: Answers) => boolean
}

const mobile = ({ mobileApp }: Answers) => mobileApp

/** The table of IDR-7, the most trusted first. */
const table: ReadonlyArray<Row> = [
  { type: "user_id", limit: 1, window: "ever" },
  { type: "email", limit: 5, window: "annually" },
  { type: "group_id", limit: 5, window: "annually" },
  { type: "ios.idfa", limit: 2, window: "weekly", if: mobile },
  { type: "android.idfa", limit: 2, window: "annually", if: mobile },
  { type: "android.id", limit: 2, window: "annually", if: mobile },
  { type: "ios.id", limit: 2, window: "annually", if: mobile },
  { type: "anonymous_id", limit: 5, window: "weekly" },
  { type: "ga_client_id", limit: 5, window: "monthly", if: ({ industry }) => industry === "website_business" },
  { type: "android.push_token", limit: 5, window: "ever", unranked: true, if: mobile },
  { type: "ios.push_token", limit: 5, window: "ever", unranked: true, if: mobile }
]

/** IDR-7. Ranks are numbered without gaps; the suggested blocked values (IDR-52) are on in every row. */
export const outOfTheBoxRules = (answers: Answers): FirstRules => {
  const rows = table.filter((row) => row.if === undefined || row.if(answers))
  const identifiers = rows.map(({ type, limit, window, unranked }, i) => ({
    type,
    limit,
    window,
    rank: unranked === true ? null : i + 1
  }))
  return {
    rules: decodeRules({ identifiers }).document!,
    needsReview: !answers.canonicalUserId || answers.otherUniqueId
  }
}

/** The 11 defaults without some of them; `suggestedBlocked` false: no value is blocked at first (IDR-52). */
export const customRules = (leaveOut: ReadonlyArray<string>, suggestedBlocked: boolean): RulesDocument => ({
  ...defaultRules,
  identifiers: defaultRules.identifiers
    .filter(({ type }) => !leaveOut.includes(type))
    .map((row) => (suggestedBlocked ? row : { ...row, blocked: [] }))
})

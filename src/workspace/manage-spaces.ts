/** Making and changing spaces (IDR-1 to IDR-9). Each function is the body of one change; see `changes.ts`. */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import { texts } from "../platform/sql-arrays.ts"
import type { Change } from "./changes.ts"
import { type Answers, customRules, outOfTheBoxRules } from "./first-rules.ts"
import { labelForm, labelPattern } from "./labels.ts"
import { existingLabels } from "./manage-labels.ts"
import { checkName, type ChangeRefused, refuse } from "./refused.ts"
import { defaultRules } from "./rules-document.ts"
import type { RulesDocument } from "./rules.ts"
import { newSpaceId } from "./secrets.ts"
import { freeSlug } from "./slug.ts"
import { encodeRules } from "./stored.ts"

/** Where the rules of a new space come from (IDR-6); without, they are the defaults as a draft. */
export type RulesFrom =
  | { readonly outOfTheBox: Answers }
  | { readonly custom: { readonly leaveOut: ReadonlyArray<string>; readonly suggestedBlocked: boolean } }
  /** The rules of another space. */
  | { readonly imported: RulesDocument }

export interface NewSpace {
  readonly name: string
  readonly kind: "dev" | "prod"
  readonly rulesFrom?: RulesFrom
}

type Changed<A> = Effect.Effect<A, ChangeRefused | SqlError.SqlError>

interface SpaceRow {
  readonly id: string
  readonly slug: string
  readonly name: string
  readonly policy: ReadonlyArray<string>
  readonly draft: boolean
}

/** The space as it is now, or NOT_FOUND. */
export const findSpace = ({ sql }: Change, id: string): Changed<SpaceRow> =>
  Effect.gen(function* () {
    const [row] = yield* sql<SpaceRow>`
      select id, slug, name, policy::text[] as policy, rules_draft as draft from spaces where id = ${id} and removed_at is null`
    return row ?? (yield* refuse("NOT_FOUND", `There is no space ${id}.`))
  })

export interface SpaceDetails {
  readonly id: string
  /** Labels that sources must carry; empty = any source. */
  readonly policy: ReadonlyArray<string>
  /** Nobody has decided on the rules yet: no source can be connected. */
  readonly draft: boolean
  readonly createdAt: number
  readonly createdBy: string
}

/** What the snapshot does not have, of one space. */
export const readSpaceDetails = (
  sql: PgClient.PgClient,
  id: string
): Effect.Effect<SpaceDetails | undefined, SqlError.SqlError> =>
  Effect.map(
    sql<SpaceDetails>`
      select id, policy::text[] as policy, rules_draft as draft, (extract(epoch from created_at) * 1000)::float8 as "createdAt",
        created_by as "createdBy"
      from spaces where id = ${id} and removed_at is null`,
    ([row]) => row
  )

const firstRules = Effect.fnUntraced(function* (
  from: RulesFrom | undefined
): Effect.fn.Return<{ readonly text: string; readonly draft: boolean }, ChangeRefused> {
  if (from === undefined) return { text: encodeRules(defaultRules), draft: true }
  if ("outOfTheBox" in from) {
    const { rules, needsReview } = outOfTheBoxRules(from.outOfTheBox)
    return { text: encodeRules(rules), draft: needsReview }
  }
  if ("custom" in from) {
    const { leaveOut, suggestedBlocked } = from.custom
    const unknown = leaveOut.filter((type) => !defaultRules.identifiers.some((row) => row.type === type))
    if (unknown.length > 0)
      return yield* refuse("VALIDATION_FAILED", `Not among the default identifiers: ${unknown.join(", ")}.`)
    return { text: encodeRules(customRules(leaveOut, suggestedBlocked)), draft: false }
  }
  return { text: encodeRules(from.imported), draft: false }
})

/** `quota`: 0 = unlimited. Answers the id. */
export const createSpace = (change: Change, quota: number, { name, kind, rulesFrom }: NewSpace): Changed<string> =>
  Effect.gen(function* () {
    const { sql, at, actor, audit } = change
    const named = yield* checkName(name, "the space")
    const rows = yield* sql<{
      slug: string
      removed: boolean
    }>`select slug, removed_at is not null as removed from spaces`
    const count = rows.filter(({ removed }) => !removed).length
    if (quota > 0 && count >= quota)
      return yield* refuse(
        "SPACE_QUOTA",
        `The workspace has ${count} of ${quota} spaces. Whoever runs Braid can raise BRAID_SPACE_QUOTA (0 = unlimited).`
      )
    const rules = yield* firstRules(rulesFrom)
    const id = newSpaceId()
    // The slug of a space that is gone stays with it: its addresses may be in use.
    const slug = freeSlug(named, new Set(rows.map((row) => row.slug)))
    yield* sql`insert into spaces (id, slug, name, kind, origin, rules, rules_draft, created_at, created_by)
      values (${id}, ${slug}, ${named}, ${kind}, 'api', ${rules.text}, ${rules.draft}, ${new Date(at)}, ${actor})`
    audit({ space: id, action: "Space Created", target: `space ${id}`, after: { slug, name: named, kind } })
    return id
  })

/** `slug`: only accepted when it is the one that the space has (IDR-3). */
export const updateSpace = (
  change: Change,
  id: string,
  { name, slug }: { readonly name?: string; readonly slug?: string }
): Changed<void> =>
  Effect.gen(function* () {
    const space = yield* findSpace(change, id)
    if (slug !== undefined && slug !== space.slug)
      return yield* refuse(
        "SLUG_IMMUTABLE",
        `The slug of this space is "${space.slug}" and cannot become "${slug}", because addresses contain it. Send \`name\` alone to change the display name.`
      )
    const named = name === undefined ? space.name : yield* checkName(name, "the space")
    if (named === space.name) return
    yield* change.sql`update spaces set name = ${named} where id = ${id}`
    const [before, after] = [{ name: space.name }, { name: named }]
    change.audit({ space: id, action: "Space Modified", target: `space ${id}`, before, after })
  })

/** The labels that a source must carry to be connected, all of them; none = any source. Disconnects nothing (IDR-9). */
export const setConnectionPolicy = (change: Change, id: string, labels: ReadonlyArray<string>): Changed<void> =>
  Effect.gen(function* () {
    const space = yield* findSpace(change, id)
    const policy = [...new Set(labels)].sort()
    const malformed = policy.find((label) => !labelPattern.test(label))
    if (malformed !== undefined)
      return yield* refuse("VALIDATION_FAILED", `Expected ${labelForm}, found ${JSON.stringify(malformed)}.`)
    const known = new Set(yield* existingLabels(change.sql))
    const unknown = policy.filter((label) => !known.has(label))
    if (unknown.length > 0)
      return yield* refuse(
        "VALIDATION_FAILED",
        `There is no label ${unknown.join(", ")}. Make it first, or give it to a source.`
      )
    if (JSON.stringify(policy) === JSON.stringify(space.policy)) return
    yield* change.sql`update spaces set policy = ${texts(policy)} where id = ${id}`
    const [before, after] = [{ policy: space.policy }, { policy }]
    change.audit({ space: id, action: "Space Modified", target: `space ${id}`, before, after })
  })

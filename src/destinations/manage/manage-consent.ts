/** Categories of consent and the catalog entries that need them (PRV-60). What they do: `pipeline/consent.ts`. */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import { texts } from "../../platform/sql-arrays.ts"
import type { Change } from "../../workspace/changes.ts"
import { givenName } from "../../workspace/given-name.ts"
import { type DestinationRefused, invalid, refused } from "./refused.ts"
import { type Changed, difference, ms } from "./rows.ts"
import type { ConsentCategoryChanges, ConsentCategoryView } from "./views.ts"

const longestName = 20
const idPattern = /^[^\d\s][^\s]{0,33}$/
const maxCategories = 100
const maxEntries = 1000

/** In the order in which they were made. */
export const readCategories = (sql: PgClient.PgClient) =>
  sql.unsafe<ConsentCategoryView>(
    `select id, name, enabled, ${ms("created_at")} as "createdAt",
       (select coalesce(array_agg(metadata_id order by metadata_id), '{}') from consent_category_entries where category = id)::text[] as "metadataIds"
     from consent_categories order by n`
  )

export const findCategory = Effect.fnUntraced(function* (
  sql: PgClient.PgClient,
  id: string
): Effect.fn.Return<ConsentCategoryView, DestinationRefused | SqlError.SqlError> {
  const categories = yield* readCategories(sql)
  return (
    categories.find((category) => category.id === id) ??
    (yield* refused("not-found", "NOT_FOUND", `There is no consent category ${id}.`))
  )
})

const checkName = (name: string): Effect.Effect<string, DestinationRefused> => {
  const given = givenName(name, longestName)
  return given === undefined
    ? Effect.fail(
        invalid("CATEGORY_NAME", `Give the category a name of 1 to ${longestName} visible characters.`, "name")
      )
    : Effect.succeed(given)
}

const target = (id: string): string => `consent category ${id}`

const setEntries = Effect.fnUntraced(function* (
  { audit, sql }: Change,
  category: string,
  before: ReadonlyArray<string>,
  after: ReadonlyArray<string>
): Effect.fn.Return<void, DestinationRefused | SqlError.SqlError> {
  if (after.length > maxEntries)
    return yield* invalid("CATEGORY_LIMIT", `A category has at most ${maxEntries} destinations.`, "metadataIds")
  const added = [...new Set(after)].filter((id) => !before.includes(id))
  const removed = before.filter((id) => !after.includes(id))
  if (added.length > 0)
    yield* sql`insert into consent_category_entries (category, metadata_id) select ${category}, id from unnest(${texts(added)}) u (id)`
  if (removed.length > 0)
    yield* sql`delete from consent_category_entries where category = ${category} and metadata_id = any(${texts(removed)})`
  for (const metadataId of added)
    audit({ space: null, action: "Consent Category Mapping Created", target: target(category), after: { metadataId } })
  for (const metadataId of removed)
    audit({ space: null, action: "Consent Category Mapping Removed", target: target(category), before: { metadataId } })
})

export const createCategory = (
  change: Change,
  asked: { readonly id: string; readonly name: string; readonly metadataIds?: ReadonlyArray<string> | undefined }
): Changed<void> =>
  Effect.gen(function* () {
    const { actor, at, audit, sql } = change
    const { id } = asked
    if (!idPattern.test(id))
      return yield* invalid(
        "CATEGORY_ID",
        "The id has 1 to 34 characters without blanks, and does not start with a digit.",
        "id"
      )
    const name = yield* checkName(asked.name)
    const categories = yield* readCategories(sql)
    if (categories.some((category) => category.id === id))
      return yield* refused("conflict", "CATEGORY_EXISTS", `There is a consent category ${id} already.`, "id")
    if (categories.length >= maxCategories)
      return yield* invalid("CATEGORY_LIMIT", `There are at most ${maxCategories} consent categories.`)
    yield* sql`insert into consent_categories (id, name, enabled, created_at, created_by) values (${id}, ${name}, true, ${new Date(at)}, ${actor})`
    audit({ space: null, action: "Consent Category Created", target: target(id), after: { name, enabled: true } })
    yield* setEntries(change, id, [], asked.metadataIds ?? [])
  })

export const updateCategory = (change: Change, id: string, changes: ConsentCategoryChanges): Changed<void> =>
  Effect.gen(function* () {
    const { audit, sql } = change
    const { enabled: wasEnabled, metadataIds, name: former } = yield* findCategory(sql, id)
    const name = changes.name === undefined ? former : yield* checkName(changes.name)
    const enabled = changes.enabled ?? wasEnabled
    const differs = difference({ name: former }, { name })
    if (differs !== undefined || enabled !== wasEnabled)
      yield* sql`update consent_categories set name = ${name}, enabled = ${enabled} where id = ${id}`
    if (differs !== undefined)
      audit({ space: null, action: "Consent Category Modified", target: target(id), ...differs })
    if (enabled !== wasEnabled)
      audit({
        space: null,
        action: enabled ? "Consent Category Enabled" : "Consent Category Disabled",
        target: target(id),
        before: { enabled: wasEnabled },
        after: { enabled }
      })
    if (changes.metadataIds !== undefined) yield* setEntries(change, id, metadataIds, changes.metadataIds)
  })

export const deleteCategory = ({ audit, sql }: Change, id: string): Changed<void> =>
  Effect.gen(function* () {
    const { enabled, metadataIds, name } = yield* findCategory(sql, id)
    yield* sql`delete from consent_categories where id = ${id}`
    audit({
      space: null,
      action: "Consent Category Deleted",
      target: target(id),
      before: { name, enabled, metadataIds }
    })
  })

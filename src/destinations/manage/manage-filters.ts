/** Destination filters (DST-50 to DST-61): what may be saved. What they do: `pipeline/filters.ts`. */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { CatalogEntry } from "../../catalog/entry.ts"
import { parseFql } from "../../fql/fql.ts"
import type { Change } from "../../workspace/changes.ts"
import { givenName } from "../../workspace/given-name.ts"
import { newFilterId } from "../../workspace/secrets.ts"
import { type FilterAction } from "../compiled.ts"
import { deviceStatement } from "../../fql/device.ts"
import { conditionsOf } from "./conditions.ts"
import { parseActions } from "./filter-actions.ts"
import { type DestinationRefused, invalid, refused } from "./refused.ts"
import { type Changed, type DestinationRow, difference, findDestination, ms, touch } from "./rows.ts"
import type { FilterChanges, FilterView, NewFilter } from "./views.ts"

const maxFilters = 10
const longestTitle = 64
const longestDescription = 1000

interface Row extends Omit<FilterView, "actions" | "conditions" | "cloudModeOnly" | "sourceId" | "destinationId"> {
  readonly actions: string
}

const viewOf = ({ actions, ...row }: Row, { id, source }: DestinationRow): FilterView => ({
  ...row,
  sourceId: source,
  destinationId: id,
  actions: JSON.parse(actions) as ReadonlyArray<FilterAction>,
  conditions: conditionsOf(row.if, "filter") ?? null,
  cloudModeOnly: deviceStatement(row.if) === undefined
})

/** The oldest first. */
export const readFilters = (sql: PgClient.PgClient, destination: DestinationRow) =>
  sql
    .unsafe<Row>(
      `select id, title, description, enabled, fql as "if", actions, ${ms("created_at")} as "createdAt", ${ms("updated_at")} as "updatedAt"
       from destination_filters where destination = $1 order by n`,
      [destination.no]
    )
    .pipe(Effect.map((rows) => rows.map((row) => viewOf(row, destination))))

export const findFilter = Effect.fnUntraced(function* (
  sql: PgClient.PgClient,
  destination: DestinationRow,
  id: string
): Effect.fn.Return<FilterView, DestinationRefused | SqlError.SqlError> {
  const filters = yield* readFilters(sql, destination)
  return (
    filters.find((filter) => filter.id === id) ??
    (yield* refused("not-found", "NOT_FOUND", `There is no filter ${id} on this destination.`))
  )
})

/** The statement without blanks around it. */
export const checkStatement = (fql: string): Effect.Effect<string, DestinationRefused> => {
  const trimmed = fql.trim()
  const parsed = parseFql(trimmed)
  return parsed.ok
    ? Effect.succeed(trimmed)
    : Effect.fail(invalid("FQL_INVALID", `Column ${parsed.problem.column}: ${parsed.problem.message}`, "if"))
}

type Checked = Pick<FilterView, "title" | "description" | "if" | "actions" | "enabled">

const check = Effect.fnUntraced(function* (
  asked: Omit<NewFilter, "sourceId">
): Effect.fn.Return<Checked, DestinationRefused> {
  const title = givenName(asked.title, longestTitle)
  if (title === undefined)
    return yield* invalid(
      "FILTER_TITLE",
      `Give the filter a title of 1 to ${longestTitle} visible characters.`,
      "title"
    )
  const description = asked.description ?? null
  if (description !== null && [...description].length > longestDescription)
    return yield* invalid(
      "FILTER_DESCRIPTION",
      `The description is longer than ${longestDescription} characters.`,
      "description"
    )
  return {
    title,
    description,
    if: yield* checkStatement(asked.if),
    actions: yield* parseActions(asked.actions),
    enabled: asked.enabled
  }
})

const told = ({ actions, description, enabled, if: fql, title }: Checked) => ({
  title,
  description,
  enabled,
  if: fql,
  actions
})

const targetName = (id: string): string => `destination filter ${id}`

/** Answers the id. */
export const createFilter = (
  change: Change,
  entry: CatalogEntry,
  destinationId: string,
  asked: NewFilter
): Changed<string> =>
  Effect.gen(function* () {
    const { actor, at, audit, sql } = change
    const destination = yield* findDestination(sql, destinationId)
    if (asked.sourceId !== undefined && asked.sourceId !== destination.source)
      return yield* invalid(
        "FILTER_SOURCE",
        `The destination belongs to the source ${destination.source}; its filters do, too.`,
        "sourceId"
      )
    if (entry.kind === "storage")
      return yield* invalid("FILTER_STORAGE", `${entry.name} keeps everything: filters do not act on it.`)
    const filters = yield* readFilters(sql, destination)
    if (filters.length >= maxFilters)
      return yield* invalid(
        "FILTER_LIMIT",
        `A destination has at most ${maxFilters} filters. Delete one, or join two with \`or\`.`
      )
    const filter = yield* check(asked)
    const id = newFilterId()
    yield* sql`insert into destination_filters (id, destination, title, description, fql, actions, enabled, created_at, created_by, updated_at)
      values (${id}, ${destination.no}, ${filter.title}, ${filter.description}, ${filter.if}, ${JSON.stringify(filter.actions)}, ${filter.enabled},
        ${new Date(at)}, ${actor}, ${new Date(at)})`
    yield* touch(change, destination.no)
    audit({ space: null, action: "Destination Filter Created", target: targetName(id), after: told(filter) })
    return id
  })

export const updateFilter = (
  change: Change,
  destinationId: string,
  id: string,
  { actions, description, enabled, if: fql, title }: FilterChanges
): Changed<void> =>
  Effect.gen(function* () {
    const { at, audit, sql } = change
    const destination = yield* findDestination(sql, destinationId)
    const before = yield* findFilter(sql, destination, id)
    const after = yield* check({
      title: title ?? before.title,
      description: description === undefined ? before.description : description,
      if: fql ?? before.if,
      actions: actions ?? before.actions,
      enabled: enabled ?? before.enabled
    })
    const differs = difference(told({ ...before, enabled: after.enabled }), told(after))
    if (differs === undefined && before.enabled === after.enabled) return
    yield* sql`update destination_filters set title = ${after.title}, description = ${after.description}, fql = ${after.if},
      actions = ${JSON.stringify(after.actions)}, enabled = ${after.enabled}, updated_at = ${new Date(at)} where id = ${id}`
    yield* touch(change, destination.no)
    if (differs !== undefined)
      audit({ space: null, action: "Destination Filter Modified", target: targetName(id), ...differs })
    if (before.enabled !== after.enabled)
      audit({
        space: null,
        action: after.enabled ? "Destination Filter Enabled" : "Destination Filter Disabled",
        target: targetName(id),
        before: { enabled: before.enabled },
        after: { enabled: after.enabled }
      })
  })

export const deleteFilter = (change: Change, destinationId: string, id: string): Changed<void> =>
  Effect.gen(function* () {
    const destination = yield* findDestination(change.sql, destinationId)
    const filter = yield* findFilter(change.sql, destination, id)
    yield* change.sql`delete from destination_filters where id = ${id}`
    yield* touch(change, destination.no)
    change.audit({
      space: null,
      action: "Destination Filter Deleted",
      target: targetName(id),
      before: told(filter)
    })
  })

/**
 * Event filters (IDR-14): what matches an enabled one never reaches the space. The statement of a filter is never changed, so
 * that a name in the audit trail always means the same; delete it and make another.
 */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { Change } from "./changes.ts"
import { compileStatement, type FilterAnswer } from "./event-filters.ts"
import { findSpace } from "./manage-spaces.ts"
import { checkName, type ChangeRefused, refuse } from "./refused.ts"
import { newFilterId } from "./secrets.ts"

export const maxFilters = 10

export interface FilterView {
  readonly id: string
  readonly spaceId: string
  readonly name: string
  readonly fql: string
  readonly enabled: boolean
  readonly createdAt: number
  readonly createdBy: string
}

type Changed<A> = Effect.Effect<A, ChangeRefused | SqlError.SqlError>

/** The filters of a space, the oldest first. */
export const readFilters = (sql: PgClient.PgClient, spaceId: string) =>
  sql<FilterView>`
    select id, space as "spaceId", name, fql, enabled, (extract(epoch from created_at) * 1000)::float8 as "createdAt",
      created_by as "createdBy"
    from space_filters where space = ${spaceId} order by n`

const compiled = (fql: string) => {
  const { ask, problem } = compileStatement(fql)
  return problem === undefined
    ? Effect.succeed(ask)
    : Effect.fail(refuse("VALIDATION_FAILED", `The filter was refused: ${problem}`))
}

/** What a filter with this statement says about one event; writes nothing. */
export const previewFilter = (fql: string, event: unknown): Effect.Effect<FilterAnswer, ChangeRefused> =>
  Effect.flatMap(compiled(fql), (ask) =>
    typeof event === "object" && event !== null && !Array.isArray(event)
      ? Effect.succeed(ask(event))
      : Effect.fail(refuse("VALIDATION_FAILED", "The sample event must be a JSON object."))
  )

export interface NewFilter {
  readonly name: string
  readonly fql: string
  readonly enabled: boolean
}

/** Answers the id. */
export const createFilter = (change: Change, spaceId: string, { name, fql, enabled }: NewFilter): Changed<string> =>
  Effect.gen(function* () {
    const { sql, at, actor, audit } = change
    yield* findSpace(change, spaceId)
    const named = yield* checkName(name, "the filter")
    yield* compiled(fql)
    const filters = yield* readFilters(sql, spaceId)
    if (filters.length >= maxFilters)
      return yield* refuse("VALIDATION_FAILED", `A space has at most ${maxFilters} event filters. Delete one first.`)
    const id = newFilterId()
    yield* sql`insert into space_filters (id, space, name, fql, enabled, created_at, created_by)
      values (${id}, ${spaceId}, ${named}, ${fql}, ${enabled}, ${new Date(at)}, ${actor})`
    const after = { name: named, fql, enabled }
    audit({ space: spaceId, action: "Event Filter Created", target: `event filter ${id}`, after })
    return id
  })

const find = Effect.fnUntraced(function* (
  change: Change,
  spaceId: string,
  id: string
): Effect.fn.Return<FilterView, ChangeRefused | SqlError.SqlError> {
  const filters = yield* readFilters(change.sql, spaceId)
  const found = filters.find((filter) => filter.id === id)
  return found ?? (yield* refuse("NOT_FOUND", `There is no event filter ${id} in this space.`))
})

export const setFilterEnabled = (change: Change, spaceId: string, id: string, enabled: boolean): Changed<void> =>
  Effect.gen(function* () {
    const filter = yield* find(change, spaceId, id)
    if (filter.enabled === enabled) return
    yield* change.sql`update space_filters set enabled = ${enabled} where id = ${id}`
    const action = `Event Filter ${enabled ? "Enabled" : "Disabled"}`
    const [before, after] = [{ enabled: filter.enabled }, { enabled }]
    change.audit({ space: spaceId, action, target: `event filter ${id}`, before, after })
  })

export const deleteFilter = (change: Change, spaceId: string, id: string): Changed<void> =>
  Effect.gen(function* () {
    const { name, fql, enabled } = yield* find(change, spaceId, id)
    yield* change.sql`delete from space_filters where id = ${id}`
    const before = { name, fql, enabled }
    change.audit({ space: spaceId, action: "Event Filter Deleted", target: `event filter ${id}`, before })
  })

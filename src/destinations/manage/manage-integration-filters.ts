/** What the schema of a source keeps from its destinations (DST-45). What it does: `pipeline/integrations.ts`. */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { Change } from "../../workspace/changes.ts"
import { invalid } from "./refused.ts"
import { type Changed, readDestinations, touch } from "./rows.ts"
import type { IntegrationFilter } from "./views.ts"

/** Per destination. */
const maxNames = 5000
/** In one change, which all others wait for. */
const maxChanges = 1000
const longestName = 1000

export const readIntegrationFilters = (sql: PgClient.PgClient, sourceId: string) =>
  Effect.map(
    sql<{ destinationId: string; type: IntegrationFilter["type"]; name: string }>`
      select d.id as "destinationId", f.type, f.name from destination_schema_filters f join destinations d on d.no = f.destination
      where d.source = ${sourceId} and d.deleted_at is null order by d.no, f.type, f.name`,
    (rows) =>
      rows.map(({ name, ...filter }): IntegrationFilter => (filter.type === "track" ? { ...filter, name } : filter))
  )

/** Switches what is named; the rest stays. */
export const setIntegrationFilters = (
  change: Change,
  sourceId: string,
  changes: ReadonlyArray<IntegrationFilter & { readonly enabled: boolean }>
): Changed<void> =>
  Effect.gen(function* () {
    const { audit, sql } = change
    if (changes.length > maxChanges)
      return yield* invalid("INTEGRATION_FILTER_LIMIT", `Switch at most ${maxChanges} events at a time.`, "filters")
    const destinations = new Map((yield* readDestinations(sql, sourceId)).map((row) => [row.id, row]))
    const switched: Array<(typeof changes)[number]> = []
    const touched = new Set<number>()
    for (const [i, filter] of changes.entries()) {
      const { destinationId, enabled, type } = filter
      const destination = destinations.get(destinationId)
      if (destination === undefined)
        return yield* invalid(
          "NOT_FOUND",
          `The source has no destination ${destinationId}.`,
          `filters[${i}].destinationId`
        )
      const length = filter.name?.length ?? 0
      if (type === "track" && (length === 0 || length > longestName))
        return yield* invalid(
          "NAME_INVALID",
          `Name the event, in 1 to ${longestName} characters.`,
          `filters[${i}].name`
        )
      const name = type === "track" ? filter.name! : ""
      const rows = enabled
        ? yield* sql`delete from destination_schema_filters where destination = ${destination.no} and type = ${type} and name = ${name} returning 1`
        : yield* sql`insert into destination_schema_filters (destination, type, name) values (${destination.no}, ${type}, ${name})
            on conflict do nothing returning 1`
      if (rows.length === 0) continue
      switched.push(filter)
      touched.add(destination.no)
    }
    for (const no of touched) {
      const [count] = yield* sql<{
        n: number
      }>`select count(*)::int as n from destination_schema_filters where destination = ${no}`
      if (count!.n > maxNames)
        return yield* invalid(
          "INTEGRATION_FILTER_LIMIT",
          `At most ${maxNames} events can be switched off for a destination. Use a destination filter.`
        )
      yield* touch(change, no)
    }
    if (switched.length > 0)
      audit({
        space: null,
        action: "Source Settings Modified",
        target: `source ${sourceId}`,
        after: { integrationFilters: switched }
      })
  })

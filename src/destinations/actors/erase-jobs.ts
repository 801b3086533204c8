/** Takes the waiting jobs of deleted people out (PRV-8), those of replays too; those behind them of the same key move up. */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { Position } from "../../log/event-log.ts"
import { float8s, int4s, texts } from "../../platform/sql-arrays.ts"

interface Key {
  readonly destination: number
  readonly key: string
}

const moveUp = (sql: PgClient.PgClient, keys: ReadonlyArray<Key>) =>
  keys.length === 0
    ? Effect.void
    : Effect.asVoid(sql`
        update delivery_jobs j set next_at = now()
        from (select distinct u.d, u.k from unnest(${int4s(keys.map(({ destination }) => destination))}, ${texts(keys.map(({ key }) => key))}) u (d, k)) u
        where j.destination = u.d and j.key = u.k and j.next_at is null and not exists (
          select 1 from delivery_jobs o where o.destination = j.destination and o.key = j.key and o.position < j.position)`)

/** Of messages at these positions of the log. */
export const eraseJobsAt = (
  sql: PgClient.PgClient,
  positions: ReadonlyArray<Position>
): Effect.Effect<void, SqlError.SqlError> =>
  sql.withTransaction(
    Effect.flatMap(
      sql<Key>`delete from delivery_jobs where position = any(${float8s(positions)}::float8[]::bigint[])
        or log_position = any(${float8s(positions)}::float8[]::bigint[]) returning destination, key`,
      (keys) => moveUp(sql, keys)
    )
  )

/** Of messages up to `upTo` that name one of the users; `source`: of this one only. */
export const eraseJobsOf = (
  sql: PgClient.PgClient,
  userIds: ReadonlyArray<string>,
  { source, upTo }: { readonly source: number | null; readonly upTo: Position }
): Effect.Effect<void, SqlError.SqlError> =>
  sql.withTransaction(
    Effect.flatMap(
      sql<Key>`delete from delivery_jobs where user_id = any(${texts(userIds)}) and coalesce(log_position, position) <= ${upTo}::float8::bigint
        and (${source}::int is null or source = ${source}) returning destination, key`,
      (keys) => moveUp(sql, keys)
    )
  )

/** Reading events at known positions, also for a process that neither appends nor follows the log. */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { Database } from "../platform/database.ts"
import { sqlErrorText } from "../platform/database-layer.ts"
import { float8s } from "../platform/sql-arrays.ts"
import { type LogEvent, LogUnavailable, type Position } from "./event-log.ts"

export const unavailable = (error: SqlError.SqlError | LogUnavailable): LogUnavailable =>
  error instanceof LogUnavailable ? error : new LogUnavailable({ cause: new Error(sqlErrorText(error)) })

/** In any order; positions that the log does not have any more are missing. */
export const eventsAt =
  (sql: Database["Service"]["read"]) =>
  (positions: ReadonlyArray<Position>): Effect.Effect<ReadonlyArray<LogEvent>, LogUnavailable> =>
    positions.length === 0
      ? Effect.succeed([])
      : sql<LogEvent>`
          select e.pos::float8 as position, e.source, e.h::text as hash, e.body
          from unnest(${float8s(positions)}) u(p) join events e on e.pos = u.p::int8`.pipe(Effect.mapError(unavailable))

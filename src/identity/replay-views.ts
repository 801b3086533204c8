/** Replays of connected sources (IDR-12) as people see them, and going on with one that has failed. */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import { type Change } from "../workspace/changes.ts"
import { checkReplayDays } from "../workspace/manage-connections.ts"
import { type ChangeRefused, refuse } from "../workspace/refused.ts"
import { defaultReplayDays, type ReplayMode } from "../workspace/workspace.ts"

export interface ReplayView {
  readonly id: string
  readonly state: "replaying" | "failed" | "complete"
  readonly days: number
  readonly mode: ReplayMode
  readonly processed: number
  readonly skipped: number
  readonly total: number | null
  /** ms, all four. */
  readonly startedAt: number
  readonly finishedAt: number | null
  readonly estimatedEnd: number | null
  readonly retriesAt: number | null
  readonly error: string | null
}

export interface SourceView {
  /** The owner of the space reads the source, or its replay. */
  readonly admitted: boolean
  readonly replayDays: number
  /** Null before it is admitted, and of a source that was connected before there were replays. */
  readonly replay: ReplayView | null
}

interface Row extends Omit<ReplayView, "id" | "estimatedEnd"> {
  readonly source: string
  readonly id: string | null
  readonly admitted: boolean
  readonly replayDays: number
  readonly touchedAt: number | null
  readonly beganAt: number | null
  readonly beganProcessed: number
}

/** At the rate since the space was opened last. */
const estimatedEnd = ({ state, total, processed, touchedAt, beganAt, beganProcessed }: Row): number | null => {
  if (state !== "replaying" || total === null || touchedAt === null || beganAt === null) return null
  const done = processed - beganProcessed
  if (done <= 0 || touchedAt <= beganAt) return null
  return Math.round(touchedAt + ((total - processed) * (touchedAt - beganAt)) / done)
}

/** Of the connected sources of a space, by their ids. */
export const readReplays = (
  sql: PgClient.PgClient,
  spaceId: string
): Effect.Effect<ReadonlyMap<string, SourceView>, SqlError.SqlError> => {
  const ms = (column: string) => sql.literal(`(extract(epoch from r.${column}) * 1000)::float8`)
  return Effect.map(
    sql<Row>`
      select c.source, c.admitted, c.replay_days as "replayDays", r.id::text as id, r.state, r.days, r.mode, r.processed::float8 as processed,
        r.skipped::float8 as skipped, r.total::float8 as total, ${ms("started_at")} as "startedAt", ${ms("finished_at")} as "finishedAt",
        ${ms("retry_at")} as "retriesAt", ${ms("touched_at")} as "touchedAt", ${ms("began_at")} as "beganAt",
        r.began_processed::float8 as "beganProcessed", r.error
      from space_connections c left join space_replays r on r.id = c.replay where c.space = ${spaceId}`,
    (rows) =>
      new Map(
        rows.map((row): readonly [string, SourceView] => {
          const { source, admitted, replayDays, id, touchedAt: _, beganAt: __, beganProcessed: ___, ...replay } = row
          return [
            source,
            { admitted, replayDays, replay: id === null ? null : { ...replay, id, estimatedEnd: estimatedEnd(row) } }
          ]
        })
      )
  )
}

/**
 * The body of a change: asks for a replay of sources that are connected, as one stream (IDR-133). The owner of the space admits
 * them anew at the place where it stands, as if they were connected at this moment; until the replay is over their events wait.
 */
export const replaySources = (
  { at, audit, sql }: Change,
  spaceId: string,
  sourceIds: ReadonlyArray<string>,
  replayDays: number = defaultReplayDays,
  replayMode: ReplayMode = "skip_resolved"
): Effect.Effect<void, ChangeRefused | SqlError.SqlError> =>
  Effect.gen(function* () {
    yield* checkReplayDays(replayDays, 1)
    const rows = yield* sql<{ source: string; busy: boolean }>`
      select c.source, not c.admitted or (r.id is not null and r.finished_at is null) as busy
      from space_connections c left join space_replays r on r.id = c.replay where c.space = ${spaceId}`
    const connected = new Map(rows.map(({ source, busy }) => [source, busy]))
    for (const id of new Set(sourceIds)) {
      const busy = connected.get(id)
      if (busy === undefined) return yield* refuse("NOT_FOUND", `Source ${id} is not connected to this space.`)
      if (busy)
        return yield* refuse("CONFLICT", `A replay of source ${id} is under way or has failed. Let it end first.`)
      yield* sql`update space_connections set admitted = false, replay = null, replay_days = ${replayDays},
          replay_mode = ${replayMode}, replay_at = ${new Date(at)} where space = ${spaceId} and source = ${id}`
      const after = { source: id, replayDays, replayMode }
      audit({ space: spaceId, action: "Source Replay Requested", target: `source ${id}`, after })
    }
  })

/** The body of a change: the owner of the space looks at its replays whenever the workspace changes. */
export const resumeReplay = (
  { sql, audit }: Change,
  spaceId: string,
  sourceId: string
): Effect.Effect<void, ChangeRefused | SqlError.SqlError> =>
  Effect.gen(function* () {
    const [row] = yield* sql<{ id: number | null; state: string | null }>`
      select r.id::float8 as id, r.state from space_connections c left join space_replays r on r.id = c.replay
      where c.space = ${spaceId} and c.source = ${sourceId}`
    if (row === undefined) return yield* refuse("NOT_FOUND", `Source ${sourceId} is not connected to this space.`)
    if (row.state !== "failed") return yield* refuse("CONFLICT", `No replay of source ${sourceId} has failed.`)
    yield* sql`update space_replays set state = 'replaying', error = null, retry_at = null
      where id = ${row.id}::float8::bigint and state = 'failed'`
    audit({ space: spaceId, action: "Source Replay Resumed", target: `source ${sourceId}` })
  })

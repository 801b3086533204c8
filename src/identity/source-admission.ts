/**
 * Which sources a space reads, and the replays that begin with their connection (IDR-12), as rows:
 *
 *     connected -> admitted, with a replay up to where the space stands -> replayed -> what waited meanwhile -> read live
 *
 * Only the owner of a space admits, and moves a replay on, each time in a transaction that its epoch fences. Sources that
 * were connected together are one replay. Reading and resolving what is replayed: `space-replay.ts`.
 */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { ReplayKey } from "../archive/history.ts"
import type { LogEvent, Position } from "../log/event-log.ts"
import type { Database } from "../platform/database.ts"
import { float8s, uuids } from "../platform/sql-arrays.ts"
import { type AuditEntry, addAudit, auditId } from "../workspace/audit.ts"
import { pendingDeletions } from "../workspace/manage-regulations.ts"
import type { Connection, ReplayMode } from "../workspace/workspace.ts"
import { spaceSchema } from "./schema.ts"
import { type CommitHeader, readerName, type SpaceFenced, type SpaceStore } from "./space-store.ts"

const dayMs = 86_400_000

/** A replay that is not complete, as it was committed last. */
export interface Replay {
  readonly id: number
  readonly days: number
  readonly mode: ReplayMode
  /** ms */
  readonly receivedFrom: number
  /** Events up to here are replayed; later ones wait for it. */
  readonly upTo: Position
  readonly state: "replaying" | "failed"
  readonly error: string | null
  /** ms; null and failed: a person has to see to it. */
  readonly retryAt: number | null
  /** The event that was replayed last. */
  readonly key: ReplayKey | null
  /** Once all were replayed: what waited is resolved up to here. */
  readonly position: Position | null
  readonly processed: number
  /** Of those processed, the ones that the ledger had. */
  readonly skipped: number
  /** `Connection.no` */
  readonly connections: ReadonlyArray<number>
}

export interface Progress extends Pick<Replay, "id" | "key" | "position" | "processed" | "skipped"> {
  readonly at: number
  /** The first progress of this session, to estimate the end. */
  readonly began: { readonly at: number; readonly processed: number }
}

/** What every change of these rows compares: the place of the space and who owns it. */
export type Fence = Omit<CommitHeader, "to">

interface Row extends Omit<Replay, "key" | "connections"> {
  readonly key: string | null
  readonly connections: string
}

type KeyText = readonly [timestamp: number, receivedAt: number, messageId: string, position: Position]
const encodeKey = ({ timestamp, receivedAt, messageId, position }: ReplayKey): string =>
  JSON.stringify([timestamp, receivedAt, messageId, position] satisfies KeyText)
const decodeKey = (text: string): ReplayKey => {
  const [timestamp, receivedAt, messageId, position] = JSON.parse(text) as KeyText
  return { timestamp, receivedAt, messageId, position }
}

type Changed = Effect.Effect<void, SpaceFenced | SqlError.SqlError>

export const makeAdmission = (database: Database["Service"], spaceId: string, store: SpaceStore) => {
  const sql = database.write
  const stamps = `${spaceSchema(spaceId)}.stamps`

  /** A change that is a transaction of its own. */
  const fenced = (fence: Fence, change: Effect.Effect<unknown, SqlError.SqlError>): Changed =>
    sql
      .withTransaction(Effect.andThen(store.advance(fence), Effect.asVoid(change)))
      // Never cut in the middle, as a commit is not.
      .pipe(Effect.uninterruptible)

  const audit = (at: number, { id, days, mode, processed, skipped }: Replay, action: string, more: object) =>
    Effect.gen(function* () {
      const rows = yield* sql<{ source: string }>`
        select source from space_connections where replay = ${id}::float8::bigint order by n`
      const entry: AuditEntry = {
        id: auditId(at, `${spaceId}\n${action}\n${id}`),
        at,
        actor: "system",
        space: spaceId,
        action,
        target: `source ${rows.map(({ source }) => source).join(", ")}`,
        reason: null,
        before: null,
        after: { days, mode, processed, skipped, ...more }
      }
      yield* addAudit(sql, [entry])
    })

  return {
    fenced,

    /** Numbers of the connections that are admitted, and the replays that are not complete, the oldest first. */
    read: Effect.gen(function* () {
      const admitted = yield* sql<{ no: number }>`
        select n::float8 as no from space_connections where space = ${spaceId} and admitted`
      const rows = yield* sql<Row>`
        select r.id::float8 as id, r.days, r.mode, (extract(epoch from r.received_from) * 1000)::float8 as "receivedFrom",
          r.up_to::float8 as "upTo", r.state, r.error, (extract(epoch from r.retry_at) * 1000)::float8 as "retryAt", r.key,
          r.pos::float8 as position, r.processed::float8 as processed, r.skipped::float8 as skipped,
          (select coalesce(json_agg(c.n), '[]')::text from space_connections c where c.replay = r.id) as connections
        from space_replays r where r.space = ${spaceId} and r.finished_at is null order by r.id`
      return {
        admitted: new Set(admitted.map(({ no }) => no)),
        replays: rows.map((row): Replay => ({
          ...row,
          key: row.key === null ? null : decodeKey(row.key),
          connections: JSON.parse(row.connections) as ReadonlyArray<number>
        }))
      }
    }),

    /** A space that was read before sources were admitted goes on with those that it has, without a replay. */
    takeOver: ({ epoch }: Pick<Fence, "epoch">) =>
      sql`with old as (update cursors set admits = true
                       where reader = ${readerName(spaceId)} and epoch = ${epoch}::float8::bigint and not admits returning 1)
        update space_connections set admitted = true from old where space = ${spaceId}`,

    /** Those that were connected at one moment, with the same wish, become one replay of what lies up to `fence.from`. */
    admit: (connections: ReadonlyArray<Connection>, fence: Fence, now: number): Changed => {
      const groups = Map.groupBy(
        connections,
        ({ connectedAt, replayDays, replayMode }) => `${connectedAt} ${replayDays} ${replayMode}`
      )
      return fenced(
        fence,
        Effect.forEach(groups.values(), (group) => {
          const { connectedAt, replayDays, replayMode } = group[0]!
          // What was accepted since it was connected lies in it, too, even if nothing before is wanted.
          return sql`
            with made as (insert into space_replays (space, days, mode, received_from, up_to, started_at)
              values (${spaceId}, ${replayDays}, ${replayMode}, ${new Date(connectedAt - replayDays * dayMs)}, ${fence.from}::float8::bigint, ${new Date(now)})
              returning id)
            update space_connections set admitted = true, replay = made.id from made
            where n = any(${float8s(group.map(({ no }) => no))}::bigint[]) and not admitted`
        })
      )
    },

    setTotal: (id: number, total: number) =>
      sql`update space_replays set total = ${total}::float8::bigint where id = ${id}::float8::bigint`,

    /** Part of the transaction that commits what was replayed. */
    progress: ({ id, at, key, position, processed, skipped, began }: Progress) =>
      Effect.asVoid(sql`update space_replays set key = ${key === null ? null : encodeKey(key)}, pos = ${position}::float8::bigint,
          processed = ${processed}::float8::bigint, skipped = ${skipped}::float8::bigint, began_at = ${new Date(began.at)},
          began_processed = ${began.processed}::float8::bigint, touched_at = ${new Date(at)}, state = 'replaying', error = null, retry_at = null
        where id = ${id}::float8::bigint`),

    /** From here on the sources are read live. People are told when something was replayed. */
    complete: (replay: Replay, fence: Fence, at: number): Changed =>
      fenced(
        fence,
        Effect.andThen(
          sql`update space_replays set state = 'complete', finished_at = ${new Date(at)}, touched_at = ${new Date(at)}, total = processed,
              pos = ${fence.from}::float8::bigint, error = null, retry_at = null where id = ${replay.id}::float8::bigint`,
          replay.processed > 0 ? audit(at, replay, "Source Replay Completed", {}) : Effect.void
        )
      ),

    /** `retryAt`: when it is tried again by itself; null: once a person says so. */
    fail: (replay: Replay, error: string, retryAt: number | null, fence: Fence, at: number): Changed =>
      fenced(
        fence,
        Effect.andThen(
          sql`update space_replays set state = 'failed', error = ${error}, retry_at = ${retryAt === null ? null : new Date(retryAt)}
              where id = ${replay.id}::float8::bigint`,
          retryAt === null ? audit(at, replay, "Source Replay Failed", { error }) : Effect.void
        )
      ),

    /** Deletions of people that are not done, which replays wait for (IDR-163), and the number of the newest request there is. */
    deletions: Effect.all([
      pendingDeletions(sql),
      sql<{ n: number }>`select coalesce(max(n), 0)::float8 as n from regulations`
    ]).pipe(Effect.map(([pending, [newest]]) => ({ pending, newest: newest!.n }))),

    /** Positions at which the ledger has these messages, by ledger key (IDR-132). */
    known: (events: ReadonlyArray<LogEvent>): Effect.Effect<ReadonlyMap<string, Position>, SqlError.SqlError> =>
      Effect.map(
        sql.unsafe<{ h: string; pos: number }>(
          `select h::text as h, pos::float8 as pos from ${stamps} where h = any($1::uuid[])`,
          [uuids(events.map(({ hash }) => hash))]
        ),
        (rows) => new Map(rows.map(({ h, pos }) => [h, pos]))
      )
  }
}

/** A source whose live events wait: not admitted yet, or under replay. */
export interface WaitingSource {
  readonly space: string
  /** `Source.no` */
  readonly source: number
  /** Null: not admitted yet. */
  readonly replay: number | null
  /** Up to here its events are resolved, but for what is left of the replay. */
  readonly position: Position
  /** Events left to replay; at least one until the replay is complete. */
  readonly left: number
}

/** Of all spaces. */
export const readWaiting = (
  sql: PgClient.PgClient
): Effect.Effect<ReadonlyArray<WaitingSource>, SqlError.SqlError> => sql<WaitingSource>`
  select c.space, s.no as source, r.id::float8 as replay, coalesce(r.pos, r.up_to, 0)::float8 as position,
    greatest(case when r.pos is null then r.total - r.processed end, 1)::float8 as left
  from space_connections c join sources s on s.id = c.source and s.doc is not null left join space_replays r on r.id = c.replay
  where not c.admitted or r.finished_at is null and r.id is not null`

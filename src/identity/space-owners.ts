/**
 * Ownership of spaces, as locks of one PostgreSQL session per process (`platform/lock-session.ts`). The locks are the only
 * truth: nobody writes heartbeats, nobody compares clocks, and what the server says in `pg_locks` is the same for all.
 *
 *     lock (processes, n)  process n lives          lock (spaces, m)  the session that has it runs space m
 *
 * A lock picks the owner, it is no fence: a process that slept through its lease believes for a moment that it still owns.
 * The fence is the epoch in `cursors`, compared in every commit (`space-store.ts`), and the position of the graph.
 *
 * Not here: who should run what (`fair-share.ts`), starting and stopping actors (`space-actors.ts`).
 */
import type { PgClient } from "@effect/sql-pg"
import { Effect, type Redacted, type Scope } from "effect"
import type { SqlError } from "effect/sql"
import { texts } from "../platform/sql-arrays.ts"
import { type LockSessionError, openLockSession } from "../platform/lock-session.ts"
import type { ProcessNo, SpaceNo } from "./fair-share.ts"

/** First halves of the lock numbers: "brai", "braj" in ASCII. The second halves come from tables (`schema.ts`). */
const processes = 0x62_72_61_69
const spaces = 0x62_72_61_6a

export interface LiveProcess {
  readonly no: ProcessNo
  /** `host:pid` */
  readonly label: string
  /** Shares the spaces; a command beside services does not. */
  readonly serving: boolean
}

/** One look at all locks. */
export interface Owners {
  /** In the order in which they joined. */
  readonly live: ReadonlyArray<LiveProcess>
  readonly ownerOf: ReadonlyMap<SpaceNo, ProcessNo>
}

export interface Membership {
  readonly no: ProcessNo
  /** Who lives and who runs what; renews the lease. */
  readonly look: Effect.Effect<Owners, LockSessionError>
  /** Fails when the lease is over; renews it otherwise. */
  readonly confirm: Effect.Effect<void, LockSessionError>
  /** False: another process has it. */
  readonly take: (space: SpaceNo) => Effect.Effect<boolean, LockSessionError>
  readonly give: (space: SpaceNo) => Effect.Effect<void, LockSessionError>
}

const locksOfDatabase = `pg_locks l where l.locktype = 'advisory' and l.granted and l.objsubid = 2
  and l.database = (select d.oid from pg_database d where d.datname = current_database())`

/** Joins the processes that share a database; leaves, and gives everything away, with the scope. */
export const joinProcesses = (options: {
  readonly url: Redacted.Redacted
  readonly leaseMs: number
  readonly label: string
  readonly serving: boolean
}): Effect.Effect<Membership, LockSessionError, Scope.Scope> =>
  Effect.gen(function* () {
    const { run } = yield* openLockSession(options.url, options.leaseMs)
    // The number and its lock become visible together, so that nobody takes a newcomer for dead and clears its row.
    const [me] = yield* run<{ readonly no: ProcessNo }>(
      `with gone as (delete from space_processes p where not exists
         (select 1 from ${locksOfDatabase} and l.classid = ${processes} and l.objid = p.no)),
       me as (insert into space_processes (label, serving) values ($1, $2) returning no)
       select no, pg_advisory_lock(${processes}, no) from me`,
      [options.label, options.serving]
    )
    const { no } = me!
    const look = Effect.gen(function* () {
      const rows = yield* run<{
        readonly space: SpaceNo | null
        readonly process: ProcessNo
        readonly label: string
        readonly serving: boolean
      }>(
        `with held as (select l.classid::int8 as class, l.objid::int8::int4 as no, l.pid from ${locksOfDatabase}
           and l.classid in (${processes}, ${spaces}))
         select case when h.class = ${spaces} then h.no end as space, p.no as process, p.label, p.serving
         from held h join held o on o.pid = h.pid and o.class = ${processes} join space_processes p on p.no = o.no
         order by p.no`,
        []
      )
      const live: Array<LiveProcess> = []
      const ownerOf = new Map<SpaceNo, ProcessNo>()
      for (const { space, process, label, serving } of rows)
        if (space === null) live.push({ no: process, label, serving })
        else ownerOf.set(space, process)
      return { live, ownerOf }
    })
    return {
      no,
      look,
      confirm: Effect.asVoid(run("select 1", [])),
      take: (space) =>
        Effect.map(
          run<{ readonly ok: boolean }>(`select pg_try_advisory_lock(${spaces}, $1::int4) as ok`, [space]),
          ([row]) => row!.ok
        ),
      give: (space) => Effect.asVoid(run(`select pg_advisory_unlock(${spaces}, $1::int4)`, [space]))
    }
  })

/** Numbers of spaces by id; a space gets its number once. */
export const numberSpaces = (
  sql: PgClient.PgClient,
  ids: ReadonlyArray<string>
): Effect.Effect<ReadonlyMap<string, SpaceNo>, SqlError.SqlError> =>
  Effect.gen(function* () {
    yield* sql`insert into space_numbers (space) select u.space from unnest(${texts(ids)}) u (space)
      where not exists (select 1 from space_numbers n where n.space = u.space) on conflict (space) do nothing`
    const rows = yield* sql<{ no: SpaceNo; space: string }>`
      select no, space from space_numbers where space = any(${texts(ids)})`
    return new Map(rows.map(({ no, space }) => [space, no]))
  })

/** How many processes share the spaces of this database. */
export const countServing = (sql: PgClient.PgClient): Effect.Effect<number, SqlError.SqlError> =>
  Effect.map(
    sql.unsafe<{ n: number }>(
      `select count(*)::int as n from space_processes p where p.serving and exists
         (select 1 from ${locksOfDatabase} and l.classid = ${processes} and l.objid = p.no)`
    ),
    ([row]) => row!.n
  )

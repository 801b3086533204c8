/**
 * Ownership of items that processes share, as locks of one PostgreSQL session per process (`lock-session.ts`). The locks are the
 * only truth: nobody writes heartbeats, nobody compares clocks, and what the server says in `pg_locks` is the same for all.
 *
 *     lock (processes, n)  process n lives          lock (items, m)  the session that has it runs item m
 *
 * A lock picks the owner, it is no fence: a process that slept through its lease believes for a moment that it still owns.
 * The fence is the epoch in `cursors`, compared in every commit.
 *
 * Not here: who should run what (`fair-share.ts`), starting and stopping (`host.ts`).
 */
import type { PgClient } from "@effect/sql-pg"
import { Effect, type Redacted, type Scope } from "effect"
import type { SqlError } from "effect/sql"
import type { ItemNo, ProcessNo } from "./fair-share.ts"
import { type LockSessionError, openLockSession } from "./lock-session.ts"

/** What is shared: first halves of the lock numbers, and the table that numbers the processes (`no`, `label`, `serving`). */
export interface Kind {
  readonly processes: number
  readonly items: number
  readonly table: string
}

export interface LiveProcess {
  readonly no: ProcessNo
  /** `host:pid` */
  readonly label: string
  /** Shares the items; a command beside services does not. */
  readonly serving: boolean
}

/** One look at all locks. */
export interface Owners {
  /** In the order in which they joined. */
  readonly live: ReadonlyArray<LiveProcess>
  readonly ownerOf: ReadonlyMap<ItemNo, ProcessNo>
}

export interface Membership {
  readonly no: ProcessNo
  /** Who lives and who runs what; renews the lease. */
  readonly look: Effect.Effect<Owners, LockSessionError>
  /** Fails when the lease is over; renews it otherwise. */
  readonly confirm: Effect.Effect<void, LockSessionError>
  /** False: another process has it. */
  readonly take: (item: ItemNo) => Effect.Effect<boolean, LockSessionError>
  readonly give: (item: ItemNo) => Effect.Effect<void, LockSessionError>
}

const locksOfDatabase = `pg_locks l where l.locktype = 'advisory' and l.granted and l.objsubid = 2
  and l.database = (select d.oid from pg_database d where d.datname = current_database())`

/** Joins the processes that share a database; leaves, and gives everything away, with the scope. */
export const joinProcesses = (options: {
  readonly kind: Kind
  readonly url: Redacted.Redacted
  readonly leaseMs: number
  readonly label: string
  readonly serving: boolean
}): Effect.Effect<Membership, LockSessionError, Scope.Scope> =>
  Effect.gen(function* () {
    const { items, processes, table } = options.kind
    const { run } = yield* openLockSession(options.url, options.leaseMs)
    // The number and its lock become visible together, so that nobody takes a newcomer for dead and clears its row.
    const [me] = yield* run<{ readonly no: ProcessNo }>(
      `with gone as (delete from ${table} p where not exists
         (select 1 from ${locksOfDatabase} and l.classid = ${processes} and l.objid = p.no)),
       me as (insert into ${table} (label, serving) values ($1, $2) returning no)
       select no, pg_advisory_lock(${processes}, no) from me`,
      [options.label, options.serving]
    )
    const { no } = me!
    const look = Effect.gen(function* () {
      const rows = yield* run<{
        readonly item: ItemNo | null
        readonly process: ProcessNo
        readonly label: string
        readonly serving: boolean
      }>(
        `with held as (select l.classid::int8 as class, l.objid::int8::int4 as no, l.pid from ${locksOfDatabase}
           and l.classid in (${processes}, ${items}))
         select case when h.class = ${items} then h.no end as item, p.no as process, p.label, p.serving
         from held h join held o on o.pid = h.pid and o.class = ${processes} join ${table} p on p.no = o.no
         order by p.no`,
        []
      )
      const live: Array<LiveProcess> = []
      const ownerOf = new Map<ItemNo, ProcessNo>()
      for (const { item, process, label, serving } of rows)
        if (item === null) live.push({ no: process, label, serving })
        else ownerOf.set(item, process)
      return { live, ownerOf }
    })
    return {
      no,
      look,
      confirm: Effect.asVoid(run("select 1", [])),
      take: (item) =>
        Effect.map(
          run<{ readonly ok: boolean }>(`select pg_try_advisory_lock(${items}, $1::int4) as ok`, [item]),
          ([row]) => row!.ok
        ),
      give: (item) => Effect.asVoid(run(`select pg_advisory_unlock(${items}, $1::int4)`, [item]))
    }
  })

/** How many processes share the items. */
export const countServing = (
  sql: PgClient.PgClient,
  { processes, table }: Pick<Kind, "processes" | "table">
): Effect.Effect<number, SqlError.SqlError> =>
  Effect.map(
    sql.unsafe<{ n: number }>(
      `select count(*)::int as n from ${table} p where p.serving and exists
         (select 1 from ${locksOfDatabase} and l.classid = ${processes} and l.objid = p.no)`
    ),
    ([row]) => row!.n
  )

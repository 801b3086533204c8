/**
 * Asking for regulations, taking them back, and what they do to the suppression list (PRV-2 to PRV-5).
 *
 *     create --wait, can be cancelled--> INITIALIZED --start--> RUNNING --(privacy/deletions.ts)--> FINISHED, FAILED
 *
 * A suppression is in force from the moment it is asked for, so that nothing of the person comes in while it waits; cancelling
 * lifts it. Unsuppression takes effect when it starts: what is in doubt stays blocked. All changes wait for each other at the
 * one row of `suppression`, whose version tells every process (`suppressions.ts`).
 */
import type { PgClient } from "@effect/sql-pg"
import { Clock, Data, Effect } from "effect"
import type { SqlError } from "effect/sql"
import { hash128 } from "../platform/hash.ts"
import { int4s, texts, uuids } from "../platform/sql-arrays.ts"
import { addAudit, auditId } from "./audit.ts"
import { documentedQuota, type Regulation, regulationKinds, type RegulationType } from "./regulation.ts"
import { newRegulationId, newSeed } from "./secrets.ts"

type Sql = PgClient.PgClient

/** The regulation cannot be made or cancelled; nothing has changed. */
export class RegulationRefused extends Data.TaggedError("RegulationRefused")<{
  readonly code: "QUOTA" | "TOO_MANY_SUPPRESSED" | "NOT_FOUND" | "CONFLICT"
  readonly message: string
}> {}

type Changed<A> = Effect.Effect<A, RegulationRefused | SqlError.SqlError>

export interface RegulationLimits {
  /** Subjects in a calendar month and category; 0 = as many as you like. */
  readonly quota: number
  /** Suppressed ids at most: each costs memory in every process. */
  readonly maxSuppressed: number
  /** Milliseconds in which it can be cancelled. */
  readonly delayMs: number
}

const locked = (sql: Sql) => sql`select 1 from suppression for update`

const nextVersion = (sql: Sql) =>
  Effect.map(
    sql<{ version: number }>`update suppression set version = version + 1 returning version::float8 as version`,
    ([row]) => row!.version
  )

const typesOf = (category: "internal" | "forwarded") =>
  Object.entries(regulationKinds).flatMap(([type, kind]) => (kind.category === category ? [type] : []))

/** Subjects of this calendar month (UTC) in the category of the type, and when the next one begins. */
export const readQuota = Effect.fnUntraced(function* (sql: Sql, type: RegulationType) {
  const now = new Date(yield* Clock.currentTimeMillis)
  const month = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth()))
  const resetsAt = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1))
  const [row] = yield* sql<{ n: number }>`select coalesce(sum(subjects), 0)::float8 as n from regulations
    where created_at >= ${month} and type = any(${texts(typesOf(regulationKinds[type].category))})`
  return { used: row!.n, resetsAt }
})

const suppress = Effect.fnUntraced(function* (
  sql: Sql,
  options: {
    readonly n: number
    readonly source: string
    readonly hashes: ReadonlyArray<string>
    readonly ids: ReadonlyArray<string>
    readonly at: number
    readonly max: number
  }
) {
  const { n, source, hashes, ids, at, max } = options
  const version = yield* nextVersion(sql)
  // Who suppressed first keeps the row: cancelling the second must not lift what the first one asked for.
  yield* sql`insert into suppressed_users as s (source, h, user_id, regulation, version, since)
    select ${source}, u.h, u.id, ${n}::float8::bigint, ${version}::float8::bigint, ${new Date(at)} from unnest(${uuids(hashes)}, ${texts(ids)}) u (h, id)
    on conflict (h, source) do update set regulation = excluded.regulation, version = excluded.version, since = excluded.since, lifted_at = null
    where s.lifted_at is not null`
  const [count] = yield* sql<{
    n: number
  }>`select count(*)::int as n from suppressed_users where lifted_at is null`
  if (count!.n > max)
    return yield* new RegulationRefused({
      code: "TOO_MANY_SUPPRESSED",
      message: `No more than ${max} user ids can be suppressed. Lift some, or raise BRAID_MAX_SUPPRESSED; each takes about 50 bytes of memory in every process.`
    })
})

export interface NewRegulation {
  readonly type: RegulationType
  /** Id of a source, or null. */
  readonly source: string | null
  /** Normalised (IDR-35) and distinct. */
  readonly userIds: ReadonlyArray<string>
}

/** Answers its id. */
export const createRegulation = (
  sql: Sql,
  actor: string,
  { type, source, userIds }: NewRegulation,
  { quota, maxSuppressed, delayMs }: RegulationLimits
): Changed<string> =>
  sql.withTransaction(
    Effect.gen(function* () {
      yield* locked(sql)
      const { used } = yield* readQuota(sql, type)
      if (quota > 0 && used + userIds.length > quota)
        return yield* new RegulationRefused({
          code: "QUOTA",
          message: `The quota of ${quota} subjects a month is used up but for ${Math.max(0, quota - used)}; ${userIds.length} were asked for. Raise BRAID_REGULATION_QUOTA or wait for the next month.`
        })
      if (used < documentedQuota && used + userIds.length >= documentedQuota)
        yield* Effect.logWarning(`More than ${documentedQuota} subjects of regulations in this month`)
      const at = yield* Clock.currentTimeMillis
      const id = newRegulationId()
      const audit = auditId(at, newSeed())
      const deletes = regulationKinds[type].deletesMessages
      const [row] = yield* sql<{ n: number }>`
        insert into regulations (id, type, source, status, actor, audit, subjects, created_at, due_at, from_pos, scanned)
        select ${id}, ${type}, ${source}, 'INITIALIZED', ${actor}, ${audit}, ${userIds.length}, ${new Date(at)}, ${new Date(at + delayMs)}, l.pos, l.pos
        from (select case when ${deletes} then 0 else pos end as pos from log_head where log = 1) l returning n::float8 as n`
      const { n } = row!
      const hashes = userIds.map(hash128)
      yield* sql`insert into regulation_subjects (regulation, n, h, user_id)
        select ${n}::float8::bigint, u.* from unnest(${int4s(userIds.map((_, i) => i))}, ${uuids(hashes)}, ${texts(userIds)}) u`
      if (regulationKinds[type].suppresses)
        yield* suppress(sql, { n, source: source ?? "", hashes, ids: userIds, at, max: maxSuppressed })
      yield* addAudit(sql, [
        {
          id: audit,
          at,
          space: null,
          actor,
          action: source === null ? "Workspace Regulation Created" : "Source Regulation Created",
          target: `regulation ${id}`,
          reason: null,
          before: null,
          after: { regulationType: type, source, subjectIds: userIds }
        }
      ])
      return id
    })
  )

const columns = `r.n::float8 as n, r.id, r.type, r.source, r.status, r.subjects, r.actor, r.error,
  (extract(epoch from r.created_at) * 1000)::float8 as "createdAt", (extract(epoch from r.finished_at) * 1000)::float8 as "finishedAt"`

/** Made since `since`, ms. */
export const findRegulation = (sql: Sql, id: string, since: number) =>
  Effect.map(
    sql.unsafe<Regulation>(`select ${columns} from regulations r where r.id = $1 and r.created_at >= $2`, [
      id,
      new Date(since)
    ]),
    ([row]): Regulation | undefined => row
  )

export interface RegulationQuery {
  readonly since: number
  readonly statuses: ReadonlyArray<string> | null
  readonly types: ReadonlyArray<string> | null
  /** Only of this source; undefined: of any and of none. */
  readonly source?: string | undefined
  /** Only those about this user id. */
  readonly userId?: string | undefined
  readonly offset: number
  readonly count: number
}

/** Subjects of one regulation in a list of them. */
const subjectsShown = 100

export interface ListedRegulation extends Regulation {
  /** The first of its subjects; none once it has ended, for then nobody knows them any more. */
  readonly subjectIds: ReadonlyArray<string>
}

/** In the order of their creation, and how many there are in all. */
export const readRegulations = Effect.fnUntraced(function* (sql: Sql, query: RegulationQuery) {
  const where = `r.created_at >= $1 and ($2::text[] is null or r.status = any($2)) and ($3::text[] is null or r.type = any($3))
       and ($4::text is null or r.source = $4) and ($5::uuid is null or exists (select 1 from regulation_subjects s where s.regulation = r.n and s.h = $5))`
  const parameters = [
    new Date(query.since),
    query.statuses,
    query.types,
    query.source ?? null,
    query.userId === undefined ? null : hash128(query.userId)
  ]
  const [total] = yield* sql.unsafe<{ n: number }>(
    `select count(*)::int as n from regulations r where ${where}`,
    parameters
  )
  const regulations = yield* sql.unsafe<ListedRegulation>(
    `select ${columns}, array(select s.user_id from regulation_subjects s where s.regulation = r.n and s.user_id is not null and s.n < ${subjectsShown} order by s.n) as "subjectIds"
     from regulations r where ${where} order by r.n limit $6::int offset $7::float8::bigint`,
    [...parameters, query.count, query.offset]
  )
  return { regulations, total: total!.n }
})

export interface SuppressedUser {
  readonly userId: string
  /** Id of the only source that it holds for; empty: the whole workspace. */
  readonly source: string
  /** ms */
  readonly since: number
}

/** The suppression list, the newest last, and how long it is. */
export const readSuppressed = Effect.fnUntraced(function* (
  sql: Sql,
  { offset, count }: { readonly offset: number; readonly count: number }
) {
  const [total] = yield* sql<{
    n: number
  }>`select count(*)::int as n from suppressed_users where lifted_at is null`
  const users = yield* sql<SuppressedUser>`
    select user_id as "userId", source, (extract(epoch from since) * 1000)::float8 as since from suppressed_users
    where lifted_at is null order by version, h, source limit ${count} offset ${offset}::float8::bigint`
  return { users, total: total!.n }
})

/** Takes back a regulation that waits; as if it had never been asked for, but for the audit trail. */
export const cancelRegulation = (sql: Sql, actor: string, id: string): Changed<void> =>
  sql.withTransaction(
    Effect.gen(function* () {
      yield* locked(sql)
      const [row] = yield* sql<{ n: number; status: string; type: RegulationType; source: string | null }>`
        select n::float8 as n, status, type, source from regulations where id = ${id} for update`
      if (row === undefined)
        return yield* new RegulationRefused({ code: "NOT_FOUND", message: `There is no regulation ${id}.` })
      const { n, source, status, type } = row
      if (status !== "INITIALIZED")
        return yield* new RegulationRefused({
          code: "CONFLICT",
          message: `The regulation ${id} is ${status}; only one that is INITIALIZED can be deleted.`
        })
      const at = yield* Clock.currentTimeMillis
      if (regulationKinds[type].suppresses) {
        const version = yield* nextVersion(sql)
        // Somebody else may have asked for the same suppression meanwhile: then it is theirs from now on.
        yield* sql`update suppressed_users s set version = ${version}::float8::bigint,
            regulation = coalesce(o.n, s.regulation), lifted_at = case when o.n is null then ${new Date(at)} end
          from suppressed_users x left join lateral (
            select min(r.n) as n from regulations r join regulation_subjects u on u.regulation = r.n and u.h = x.h
            where r.n > x.regulation and coalesce(r.source, '') = x.source and r.type = any(${texts(suppressing)}) and r.status <> 'FAILED') o on true
          where x.regulation = ${n}::float8::bigint and x.lifted_at is null and s.h = x.h and s.source = x.source`
      }
      yield* sql`delete from regulations where n = ${n}::float8::bigint`
      yield* addAudit(sql, [
        {
          id: auditId(at, newSeed()),
          at,
          space: null,
          actor,
          action: "Regulation Deleted",
          target: `regulation ${id}`,
          reason: null,
          before: { regulationType: type, source },
          after: null
        }
      ])
    })
  )

const suppressing = Object.entries(regulationKinds).flatMap(([type, { suppresses }]) => (suppresses ? [type] : []))

/** Lifts a suppression; why it cannot be lifted, or undefined. A suppression of the whole workspace beats its sources (PRV-5). */
const unsuppress = Effect.fnUntraced(function* (sql: Sql, n: number, source: string | null, at: number) {
  if (source !== null) {
    const [above] = yield* sql<{ n: number }>`select count(*)::int as n from regulation_subjects u
      join suppressed_users s on s.h = u.h and s.source = '' and s.lifted_at is null where u.regulation = ${n}::float8::bigint`
    if (above!.n > 0)
      return `${above!.n} of the subjects are suppressed in the whole workspace, which no source can lift. Unsuppress them for the workspace.`
  }
  const version = yield* nextVersion(sql)
  yield* sql`update suppressed_users s set version = ${version}::float8::bigint, lifted_at = ${new Date(at)}
    from regulation_subjects u where u.regulation = ${n}::float8::bigint and s.h = u.h and s.source = ${source ?? ""} and s.lifted_at is null`
  return undefined
})

/** Starts what has waited long enough, in the order of the requests; whether anything was. */
export const startRegulations = (sql: Sql): Effect.Effect<boolean, SqlError.SqlError> =>
  sql.withTransaction(
    Effect.gen(function* () {
      const at = yield* Clock.currentTimeMillis
      const now = new Date(at)
      const [any] = yield* sql`select 1 from regulations where status = 'INITIALIZED' and due_at <= ${now} limit 1`
      if (any === undefined) return false
      yield* locked(sql)
      const due = yield* sql<{ n: number; type: RegulationType; source: string | null }>`
        select n::float8 as n, type, source from regulations where status = 'INITIALIZED' and due_at <= ${now} order by n limit 100`
      for (const { n, source, type } of due) {
        yield* sql`update regulations set status = 'RUNNING', started_at = ${now} where n = ${n}::float8::bigint`
        if (type === "UNSUPPRESS") yield* endRegulation(sql, n, yield* unsuppress(sql, n, source, at))
      }
      return due.length > 0
    })
  )

/** In one transaction: the end of a regulation, after which no subject is told in clear any more (PRV-8). */
export const endRegulation = (
  sql: Sql,
  n: number,
  error: string | undefined,
  /** Some of the destinations have not deleted (PRV-3). */
  partial = false
): Effect.Effect<void, SqlError.SqlError> =>
  sql.withTransaction(
    Effect.gen(function* () {
      const now = new Date(yield* Clock.currentTimeMillis)
      yield* sql`update regulations set status = ${error !== undefined ? "FAILED" : partial ? "PARTIAL_SUCCESS" : "FINISHED"}, finished_at = ${now}, error = ${error ?? null}
        where n = ${n}::float8::bigint`
      yield* sql`update audit a set after = jsonb_set(a.after::jsonb, '{subjectIds}', (
          select coalesce(jsonb_agg(encode(sha256(convert_to(s.user_id, 'UTF8')), 'hex') order by s.n), '[]')
          from regulation_subjects s where s.regulation = ${n}::float8::bigint))::text
        from regulations r where r.n = ${n}::float8::bigint and a.id = r.audit`
      yield* sql`update regulation_subjects set user_id = null where regulation = ${n}::float8::bigint`
      yield* sql`delete from regulation_positions where regulation = ${n}::float8::bigint`
      yield* sql`delete from regulation_parts where regulation = ${n}::float8::bigint`
    })
  )

/** Lifted suppressions that every process has taken over, and regulations that are shown no more. */
export const pruneRegulations = Effect.fnUntraced(function* (sql: Sql, shownForMs: number) {
  const now = yield* Clock.currentTimeMillis
  yield* sql`delete from suppressed_users where lifted_at < ${new Date(now - 86_400_000)}`
  yield* sql`delete from regulations where finished_at < ${new Date(now - shownForMs - 86_400_000)}`
})

/**
 * Regulations that have been asked for and have not yet removed what they remove. Nothing may be replayed from log or archive
 * meanwhile (IDR-163): ask before each page. A suppression removes what slipped in before every process knew of it (PRV-7).
 */
export const pendingDeletions = (sql: Sql): Effect.Effect<number, SqlError.SqlError> =>
  Effect.map(
    sql<{ n: number }>`select count(*)::int as n from regulations
      where status in ('INITIALIZED', 'RUNNING') and type = any(${texts(removing)})`,
    ([row]) => row!.n
  )

const removing = Object.entries(regulationKinds).flatMap(([type, { deletesMessages, suppresses }]) =>
  deletesMessages || suppresses ? [type] : []
)

/**
 * The audit trail (IDR-5, IDR-204, PRO-84): who changed what, when and why, with the values before and after. An entry is
 * written in the transaction of the change it tells of and never altered.
 */
import type { PgClient } from "@effect/sql-pg"
import { Context, Effect } from "effect"
import { ksuid } from "../platform/hash.ts"

/** Ids 300 to 399 belong to the workspace. */
export const auditMigrations = [
  {
    id: 300,
    name: "audit trail",
    statements: [
      `create table audit (
         n bigint generated always as identity primary key, id text not null unique, at timestamptz not null, space text, actor text not null,
         action text not null, target text not null, reason text, before text, after text, data text)`,
      `create index audit_space on audit (space, n desc)`
    ]
  },
  {
    id: 360,
    name: "origin of audit entries",
    statements: [`alter table audit add column request_id text, add column client_address text`]
  }
] as const

export interface AuditEntry {
  /** `aud_…`. */
  readonly id: string
  /** ms */
  readonly at: number
  /** Null: of the whole workspace. */
  readonly space: string | null
  readonly actor: string
  /** In the words of ADM-52 where there is one, e.g. `Source Connected To Space`. */
  readonly action: string
  /** What was changed, e.g. `profile use_…`. */
  readonly target: string
  readonly reason: string | null
  readonly before: unknown
  readonly after: unknown
  /** What an inverse operation needs to know. */
  readonly data?: unknown
}

/** An id of the shape `aud_` + 27 base62 characters; `seed` tells entries of one moment apart. */
export const auditId = (at: number, seed: string): string => `aud_${ksuid(at, seed)}`

const text = (value: unknown): string | null => (value === undefined || value === null ? null : JSON.stringify(value))

/** The request that a change comes from (ADM-53): provided where requests come in, undefined for what the service does itself. */
export const AuditOrigin = Context.Reference<{ readonly requestId: string; readonly address: string } | undefined>(
  "braid/workspace/AuditOrigin",
  { defaultValue: () => undefined }
)

/** Adds entries in the caller's transaction. */
export const addAudit = (sql: PgClient.PgClient, entries: ReadonlyArray<AuditEntry>) =>
  Effect.flatMap(AuditOrigin, (origin) =>
    Effect.forEach(
      entries,
      (entry) =>
        sql`insert into audit (id, at, space, actor, action, target, reason, before, after, data, request_id, client_address) values (
          ${entry.id}, ${new Date(entry.at)}, ${entry.space}, ${entry.actor}, ${entry.action}, ${entry.target}, ${entry.reason},
          ${text(entry.before)}, ${text(entry.after)}, ${text(entry.data)}, ${origin?.requestId ?? null}, ${origin?.address ?? null})`,
      { discard: true }
    )
  )

interface Row extends Omit<AuditEntry, "before" | "after" | "data"> {
  readonly n: number
  readonly before: string | null
  readonly after: string | null
  readonly data: string | null
}

const parsed = (value: string | null): unknown => (value === null ? null : JSON.parse(value))

const entryOf = ({ n, before, after, data, ...row }: Row): AuditEntry & { readonly n: number } => ({
  ...row,
  n,
  before: parsed(before),
  after: parsed(after),
  data: parsed(data)
})

const columns = `a.n::float8 as n, a.id, (extract(epoch from a.at) * 1000)::float8 as at, a.space, a.actor, a.action, a.target, a.reason, a.before, a.after, a.data`

export interface AuditQuery {
  readonly spaceId: string
  readonly actor?: string
  readonly actions?: ReadonlyArray<string>
  readonly from?: number
  readonly to?: number
  /** Id of what was changed: the last word of `target`. */
  readonly object?: string
  /** Entries older than the one with this number. */
  readonly before?: number
  readonly limit: number
}

/** The newest entries of a space first. */
export const readAudit = (sql: PgClient.PgClient, query: AuditQuery) =>
  sql
    .unsafe<Row>(
      `select ${columns} from audit a where a.space = $1 and ($2::text is null or a.actor = $2) and ($3::text[] is null or a.action = any($3))
         and ($4::timestamptz is null or a.at >= $4) and ($5::timestamptz is null or a.at < $5) and ($6::float8 is null or a.n < $6::float8::bigint)
         and ($8::text is null or a.target = $8 or right(a.target, length($8) + 1) = ' ' || $8)
       order by a.n desc limit $7`,
      [
        query.spaceId,
        query.actor ?? null,
        query.actions ?? null,
        query.from === undefined ? null : new Date(query.from),
        query.to === undefined ? null : new Date(query.to),
        query.before ?? null,
        query.limit,
        query.object ?? null
      ]
    )
    .pipe(Effect.map((rows) => rows.map(entryOf)))

/** One entry of a space by its id. */
export const findAudit = (sql: PgClient.PgClient, spaceId: string, id: string) =>
  sql
    .unsafe<Row>(`select ${columns} from audit a where a.space = $1 and a.id = $2`, [spaceId, id])
    .pipe(Effect.map((rows) => (rows[0] === undefined ? undefined : entryOf(rows[0]))))

export interface WorkspaceAuditQuery {
  readonly actor?: string | undefined
  readonly action?: string | undefined
  readonly from?: number | undefined
  readonly to?: number | undefined
  /** Id of what was changed, and its kind: the last word of `target`, and those before it. */
  readonly object?: string | undefined
  readonly objectType?: string | undefined
  /** Newest first from the entry with this number on; or what is newer than it, the oldest first. */
  readonly upTo?: number | undefined
  readonly newerThan?: number | undefined
  readonly limit: number
}

interface Origin {
  /** Null: by the service itself, or before this was noted. */
  readonly requestId: string | null
  readonly clientAddress: string | null
}

export type WorkspaceAuditEntry = AuditEntry & Origin & { readonly n: number }

/** Entries of the whole workspace, with those of all its spaces. */
export const readWorkspaceAudit = (sql: PgClient.PgClient, query: WorkspaceAuditQuery) => {
  const { actor, action, from, to, object, objectType, upTo, newerThan, limit } = query
  return sql
    .unsafe<Row & Origin>(
      `select ${columns}, a.request_id as "requestId", a.client_address as "clientAddress" from audit a where ($1::text is null or a.actor = $1) and ($2::text is null or a.action = $2)
         and ($3::timestamptz is null or a.at >= $3) and ($4::timestamptz is null or a.at < $4)
         and ($5::text is null or a.target = $5 or right(a.target, length($5) + 1) = ' ' || $5)
         and ($6::text is null or left(a.target, length($6) + 1) = $6 || ' ')
         and ($7::float8 is null or a.n <= $7::float8::bigint) and ($8::float8 is null or a.n > $8::float8::bigint)
       order by a.n ${newerThan === undefined ? "desc" : "asc"} limit $9`,
      [
        actor ?? null,
        action ?? null,
        from === undefined ? null : new Date(from),
        to === undefined ? null : new Date(to),
        object ?? null,
        objectType ?? null,
        upTo ?? null,
        newerThan ?? null,
        limit
      ]
    )
    .pipe(
      Effect.map((rows) =>
        rows.map((row): WorkspaceAuditEntry => {
          const { requestId, clientAddress } = row
          return { ...entryOf(row), requestId, clientAddress }
        })
      )
    )
}

/** Runs of what-if as rows: asked for, read, cancelled; what a run does is in `runner.ts`. */
import { Clock, Effect } from "effect"
import type { SqlError } from "effect/sql"
import { randomUUID } from "node:crypto"
import type { Database } from "../../platform/database.ts"
import { ksuid } from "../../platform/hash.ts"
import type { RulesDocument } from "../../workspace/rules.ts"
import { decodeEntry, type JournalEntry } from "../journal.ts"
import type { Cluster, ClusterChange } from "./partition-diff.ts"
import type { Scope } from "./scope.ts"

export type RunState = "queued" | "running" | "done" | "failed" | "cancelled" | "applied" | "expired"

export interface WhatIfRun {
  readonly n: number
  readonly id: string
  readonly spaceId: string
  readonly state: RunState
  readonly rules: RulesDocument
  /** Version of the live rules when the run was asked for. */
  readonly baseVersion: number
  readonly reapplyOperations: boolean
  /** Null: everything that the space has resolved. */
  readonly scope: Scope | null
  readonly actor: string
  /** ms */
  readonly createdAt: number
  readonly finishedAt: number | null
  readonly processed: number
  readonly total: number | null
  readonly summary: unknown
  readonly error: string | null
  readonly appliedAs: string | null
  /** Of the rules that were in force afterwards. */
  readonly appliedVersion: number | null
}

interface Row extends Omit<WhatIfRun, "rules" | "summary" | "scope"> {
  readonly rules: string
  readonly scope: string | null
  readonly summary: string | null
}

const columns = `w.n::float8 as n, w.id, w.space as "spaceId", w.state, w.rules, w.base_version as "baseVersion", w.reapply as "reapplyOperations", w.scope, w.actor,
  (extract(epoch from w.created_at) * 1000)::float8 as "createdAt", (extract(epoch from w.finished_at) * 1000)::float8 as "finishedAt",
  w.processed::float8 as processed, w.total::float8 as total, w.summary, w.error, w.applied_as as "appliedAs", w.applied_version as "appliedVersion"`

const runOf = (row: Row): WhatIfRun => ({
  ...row,
  rules: JSON.parse(row.rules) as RulesDocument,
  scope: row.scope === null ? null : (JSON.parse(row.scope) as Scope),
  summary: row.summary === null ? null : (JSON.parse(row.summary) as unknown)
})

/** Runs of a space that wait or are under way; more are refused. */
export const mostOpen = 5

export const startRun = Effect.fnUntraced(function* (
  { write: sql }: Database["Service"],
  options: {
    readonly spaceId: string
    readonly rules: RulesDocument
    readonly baseVersion: number
    readonly reapplyOperations: boolean
    readonly scope: Scope | null
    readonly actor: string
  }
): Effect.fn.Return<string | undefined, SqlError.SqlError> {
  const { spaceId, rules, baseVersion, reapplyOperations, scope, actor } = options
  const now = yield* Clock.currentTimeMillis
  const id = `wif_${ksuid(now, `${randomUUID()}`)}`
  const made = yield* sql<{
    id: string
  }>`insert into what_if_runs (id, space, state, rules, base_version, reapply, scope, actor, created_at)
    select ${id}, ${spaceId}, 'queued', ${JSON.stringify(rules)}, ${baseVersion}, ${reapplyOperations},
      ${scope === null ? null : JSON.stringify(scope)}, ${actor}, ${new Date(now)}
    where (select count(*) from what_if_runs where space = ${spaceId} and state in ('queued', 'running')) < ${mostOpen} returning id`
  return made[0]?.id
})

export const findRun = (
  database: Database["Service"],
  id: string
): Effect.Effect<WhatIfRun | undefined, SqlError.SqlError> =>
  Effect.map(database.read.unsafe<Row>(`select ${columns} from what_if_runs w where w.id = $1`, [id]), ([row]) =>
    row === undefined ? undefined : runOf(row)
  )

/** The newest first. `before`: number of the last one of the page before. */
export const readRuns = (
  { read: sql }: Database["Service"],
  { spaceId, before, limit }: { readonly spaceId: string; readonly before: number | null; readonly limit: number }
): Effect.Effect<ReadonlyArray<WhatIfRun>, SqlError.SqlError> =>
  Effect.map(
    sql.unsafe<Row>(
      `select ${columns} from what_if_runs w where w.space = $1 and ($2::float8 is null or w.n < $2::float8::bigint) order by w.n desc limit $3`,
      [spaceId, before, limit]
    ),
    (rows) => rows.map(runOf)
  )

/** Takes the oldest run that waits, or whose process has not been heard of for a while. */
export const takeRun = ({ write: sql }: Database["Service"]): Effect.Effect<WhatIfRun | undefined, SqlError.SqlError> =>
  Effect.map(
    sql.unsafe<Row>(
      `update what_if_runs w set state = 'running', touched_at = now(), processed = 0, shadow = true where w.n = (
         select n from what_if_runs where state = 'queued' or (state = 'running' and touched_at < now() - interval '30 seconds')
         order by n limit 1 for update skip locked) returning ${columns}`
    ),
    ([row]) => (row === undefined ? undefined : runOf(row))
  )

/** Cancels a run that waits or is under way; false: it has ended. */
export const cancelRun = ({ write: sql }: Database["Service"], id: string) =>
  Effect.map(
    sql`update what_if_runs set state = 'cancelled', finished_at = now() where id = ${id} and state in ('queued', 'running') returning n`,
    (rows) => rows.length > 0
  )

export interface StoredCluster extends Cluster {
  readonly n: number
  /** Message whose resolution diverged first; null when it is not known. */
  readonly divergence: string | null
  /** How that message was resolved, and would be; null: it decided nothing. */
  readonly entryBefore: JournalEntry | null
  readonly entryAfter: JournalEntry | null
}

interface ClusterRow {
  readonly n: number
  readonly change: ClusterChange
  readonly collection: Cluster["collection"]
  readonly before: string
  readonly after: string
  readonly identifiers: number
  readonly strands: string
  readonly divergence: string | null
  readonly rec_before: string | null
  readonly rec_after: string | null
}

/** Null also of runs of older versions, which kept the record only. */
const entryIn = (text: string | null): JournalEntry | null => {
  if (text === null) return null
  const { seq } = JSON.parse(text) as { readonly seq?: number }
  return seq === undefined ? null : decodeEntry(seq, text)
}

/** The largest first. `after`: the last one of the page before. */
export const readClusters = (
  { read: sql }: Database["Service"],
  query: {
    readonly run: number
    readonly changes: ReadonlyArray<ClusterChange> | null
    readonly minSize: number
    readonly after: { readonly identifiers: number; readonly n: number } | null
    readonly limit: number
  }
): Effect.Effect<ReadonlyArray<StoredCluster>, SqlError.SqlError> =>
  Effect.map(
    sql.unsafe<ClusterRow>(
      `select n, change, collection, before, after, identifiers, strands, divergence, rec_before, rec_after from what_if_clusters
       where run = $1 and ($2::text[] is null or change = any($2)) and identifiers >= $3
         and ($4::int is null or identifiers < $4 or (identifiers = $4 and n > $5)) order by identifiers desc, n limit $6`,
      [query.run, query.changes, query.minSize, query.after?.identifiers ?? null, query.after?.n ?? null, query.limit]
    ),
    (rows) =>
      rows.map(({ rec_before, rec_after, ...row }) => ({
        ...row,
        before: JSON.parse(row.before) as ReadonlyArray<string>,
        after: JSON.parse(row.after) as ReadonlyArray<string>,
        strands: JSON.parse(row.strands) as Cluster["strands"],
        entryBefore: entryIn(rec_before),
        entryAfter: entryIn(rec_after)
      }))
  )

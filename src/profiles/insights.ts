/**
 * Profiles Insights (PRO-80 to PRO-85): the newest records that match a filter.
 *
 *     errors, violations: rows of their own       successes: from the journal, which says nothing else
 *
 * Read from the newest backwards and filtered here, until 500 match or so many were looked at; then `more` is true. So a
 * filter that matches nothing costs the same in a space with a thousand violations a second.
 */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import { errorInsights, type Insight, successInsights } from "../identity/explain/insights.ts"
import { decodeRow, isOperation, type OperationEntry } from "../identity/operations/operation-entry.ts"
import type { Collection } from "../workspace/rules.ts"
import type { JournalEntry } from "../identity/journal.ts"
import type { ProfileNo, Seq } from "../identity/model.ts"
import { type ErrorData, successId, violationId } from "../identity/records.ts"
import { spaceSchema } from "../identity/schema.ts"
import { positionsPerDay } from "../log/event-log.ts"
import type { Database } from "../platform/database.ts"
import { float8s } from "../platform/sql-arrays.ts"
import { type InsightFilter, type InsightRow, matches } from "./insight-filter.ts"

/** PRO-80. */
export const mostRecords = 500
export const longestRangeMs = 30 * 86_400_000
export const defaultRangeMs = 86_400_000

const pageRows = 2_000
const mostLooked = 50_000
const dayMs = 86_400_000

export interface Insights {
  /** The newest first, at most 500. */
  readonly rows: ReadonlyArray<InsightRow>
  readonly more: boolean
}

interface ErrorRecord {
  readonly pos: Seq
  readonly n: number
  readonly at: number
  readonly kind: string
  readonly collection: Collection | null
  readonly type: string | null
  readonly value: string | null
  readonly rec: string
}

export const ofErrorRecord = ({ pos, n, at, kind, collection, type, value, rec }: ErrorRecord): InsightRow => {
  const data = JSON.parse(rec) as ErrorData
  return {
    id: violationId(pos, n),
    seq: pos,
    n,
    at,
    kind,
    class: type === null ? "error" : "violation",
    identifier: type === null ? null : { collection: collection!, type, value: value! },
    breach: data.breach,
    candidates: data.candidates,
    segmentId: data.segment_id,
    mergeId: null,
    iteration: data.iteration === 0 ? null : data.iteration,
    nextStep: data.next_step,
    messageId: data.message_id,
    eventType: data.event.type as InsightRow["eventType"],
    eventName: data.event.name,
    sourceId: data.event.source_id,
    rulesVersion: data.rules_version
  }
}

const ofEvent = (insight: Insight, seq: Seq, n: number): InsightRow => ({ ...insight, seq, n })

const shownSuccesses = new Set(["Profile split", "Identifier removed", "Profiles merged"])

const ofOperation = ({ seq, at, successes }: OperationEntry): ReadonlyArray<InsightRow> =>
  successes.flatMap(({ kind, segmentId, identifier }, n) =>
    shownSuccesses.has(kind)
      ? [
          {
            id: successId(seq, n),
            seq,
            n,
            at,
            kind,
            class: "success" as const,
            identifier:
              identifier === undefined
                ? null
                : { collection: "users" as const, type: identifier.type, value: identifier.id },
            breach: null,
            candidates: [],
            segmentId,
            mergeId: null,
            iteration: null,
            nextStep: null,
            messageId: null,
            eventType: null,
            eventName: null,
            sourceId: null,
            rulesVersion: null
          }
        ]
      : []
  )

/** In the order in which they happened. */
export const successRows = (entry: JournalEntry | OperationEntry): ReadonlyArray<InsightRow> =>
  isOperation(entry) ? ofOperation(entry) : successInsights(entry).map((each, n) => ofEvent(each, entry.seq, n))

interface JournalRow {
  readonly pos: Seq
  readonly rec: string
}

/** Errors and violations of an event; an operation has none. */
export const errorInsightsOf = (entry: JournalEntry | OperationEntry): ReadonlyArray<InsightRow> =>
  isOperation(entry) ? [] : errorInsights(entry).map((each, n) => ofEvent(each, entry.seq, n))

const errorsText = (s: string): string => `
select v.pos::float8 as pos, v.n::int4 as n, (extract(epoch from v.at) * 1000)::float8 as at, v.kind, v.collection, v.type, v.value, v.rec
from ${s}.violations v
where v.at >= $1 and v.at < $2 and ($3::timestamptz is null or (v.at, v.pos, v.n) < ($3, $4::float8::bigint, $5::int2))
order by v.at desc, v.pos desc, v.n desc limit $6`

const journalText = (s: string): string => `
select j.pos::float8 as pos, j.rec from ${s}.journal j
where j.pos >= $1::float8::bigint and j.pos < $2::float8::bigint order by j.pos desc limit $3`

/** Of some profiles only: what they were created by, and what tells of them. */
const toldText = (s: string): string => `
select j.pos::float8 as pos, j.rec from ${s}.journal j join (
  select p.pos from ${s}.journal_profiles p where p.profile = any($4::float8[]::bigint[])
  union select floor(u.no / 2)::bigint from unnest($4::float8[]) u (no)) x on x.pos = j.pos
where j.pos >= $1::float8::bigint and j.pos < $2::float8::bigint order by j.pos desc limit $3`

const plain = (map: ReadonlyMap<string, number>) => Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : 1)))

const add = (map: Map<string, number>, key: string, n: number) => map.set(key, (map.get(key) ?? 0) + n)

export const makeInsights = ({ read: sql }: Database["Service"]) => {
  const errors = Effect.fnUntraced(function* (
    spaceId: string,
    filter: InsightFilter
  ): Effect.fn.Return<Insights, SqlError.SqlError> {
    const rows: Array<InsightRow> = []
    let after: InsightRow | undefined
    for (let looked = 0; looked < mostLooked; looked += pageRows) {
      const page: ReadonlyArray<ErrorRecord> = yield* sql.unsafe<ErrorRecord>(errorsText(spaceSchema(spaceId)), [
        new Date(filter.from),
        new Date(filter.to),
        after === undefined ? null : new Date(after.at),
        after?.seq ?? 0,
        after?.n ?? 0,
        pageRows
      ])
      for (const record of page) {
        after = ofErrorRecord(record)
        if (!matches(filter, after)) continue
        if (rows.length === mostRecords) return { rows, more: true }
        rows.push(after)
      }
      if (page.length < pageRows) return { rows, more: false }
    }
    return { rows, more: true }
  })

  /** `about`: only what tells of these profiles; null: everything. Newest by the order of resolution. */
  const successes = Effect.fnUntraced(function* (
    spaceId: string,
    filter: InsightFilter,
    about: ReadonlyArray<ProfileNo> | null
  ): Effect.fn.Return<Insights, SqlError.SqlError> {
    const rows: Array<InsightRow> = []
    const s = spaceSchema(spaceId)
    // A place says on which day it was taken.
    const lowest = Math.floor(filter.from / dayMs) * positionsPerDay
    let before = (Math.floor(filter.to / dayMs) + 2) * positionsPerDay
    for (let looked = 0; looked < mostLooked; looked += pageRows) {
      const page: ReadonlyArray<JournalRow> =
        about === null
          ? yield* sql.unsafe<JournalRow>(journalText(s), [lowest, before, pageRows])
          : yield* sql.unsafe<JournalRow>(toldText(s), [lowest, before, pageRows, float8s(about)])
      for (const { pos, rec } of page) {
        before = pos
        for (const row of successRows(decodeRow(pos, rec)).toReversed()) {
          if (!matches(filter, row)) continue
          if (rows.length === mostRecords) return { rows, more: true }
          rows.push(row)
        }
      }
      if (page.length < pageRows) return { rows, more: false }
    }
    return { rows, more: true }
  })

  /** Of the newest 50,000 errors and violations of the range. */
  const summary = Effect.fnUntraced(function* (spaceId: string, from: number, to: number) {
    const rows = yield* sql.unsafe<{ kind: string; type: string | null; source: string; hour: Date; n: number }>(
      `select v.kind, v.type, v.rec::json -> 'event' ->> 'source_id' as source, date_trunc('hour', v.at) as hour, count(*)::int4 as n
       from (select x.* from ${spaceSchema(spaceId)}.violations x where x.at >= $1 and x.at < $2 order by x.at desc limit ${mostLooked}) v
       group by 1, 2, 3, 4`,
      [new Date(from), new Date(to)]
    )
    const sums = { kinds: new Map<string, number>(), types: new Map(), sources: new Map(), hours: new Map() }
    let total = 0
    for (const { kind, type, source, hour, n } of rows) {
      total += n
      add(sums.kinds, kind, n)
      if (type !== null) add(sums.types, type, n)
      add(sums.sources, source, n)
      add(sums.hours, hour.toISOString(), n)
    }
    return {
      total,
      complete: total < mostLooked,
      kinds: plain(sums.kinds),
      types: plain(sums.types),
      sources: plain(sums.sources),
      hours: plain(sums.hours)
    }
  })

  return { errors, successes, summary }
}

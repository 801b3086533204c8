/** Reading what the door saw: the newest entries, those behind a place, what is known of a message, and the counts. */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { Database } from "../platform/database.ts"
import { int2s, int4s, texts } from "../platform/sql-arrays.ts"
import { type Status, statuses } from "./seen.ts"

export interface LiveEntry {
  readonly n: number
  readonly source: number
  /** ms */
  readonly at: number
  readonly status: Status
  readonly code: string | null
  readonly messageId: string | null
  readonly type: string | null
  readonly event: string | null
  readonly identifier: string | null
  readonly oneIn: number
  readonly body: string
}

export interface LiveFilter {
  readonly sources: ReadonlyArray<number>
  readonly statuses: ReadonlyArray<Status> | null
  readonly types: ReadonlyArray<string> | null
  readonly events: ReadonlyArray<string> | null
  readonly messageId: string | null
  /** Any text of the message, whatever the case. */
  readonly text: string | null
}

interface Row extends Omit<LiveEntry, "status"> {
  readonly status: number
}

const columns = `l.n::float8 as n, l.source, (extract(epoch from l.at) * 1000)::float8 as at, l.status::int4 as status, l.code,
  l.message_id as "messageId", l.type, l.event, l.identifier, l.one_in as "oneIn", l.body`

const condition = `l.source = any($1::int4[]) and ($2::int2[] is null or l.status = any($2)) and ($3::text[] is null or l.type = any($3))
  and ($4::text[] is null or l.event = any($4)) and ($5::text is null or l.message_id = $5)
  and ($6::text is null or position(lower($6) in lower(l.body)) > 0)`

const entryOf = (row: Row): LiveEntry => ({ ...row, status: statuses[row.status]! })

const parameters = (filter: LiveFilter): ReadonlyArray<unknown> => [
  int4s(filter.sources),
  filter.statuses === null ? null : int2s(filter.statuses.map((status) => statuses.indexOf(status))),
  filter.types === null ? null : texts(filter.types),
  filter.events === null ? null : texts(filter.events),
  filter.messageId,
  filter.text
]

const minuteMs = 60_000

export interface Series {
  readonly accepted: ReadonlyArray<number>
  readonly discarded: ReadonlyArray<number>
  readonly duplicates: ReadonlyArray<number>
}

type Reading<A> = Effect.Effect<A, SqlError.SqlError>

interface CountRow {
  readonly at: number
  readonly accepted: number
  readonly discarded: number
  readonly duplicates: number
}

export const makeDebuggerReader = ({ read: sql }: Database["Service"]) => {
  const rows = (text: string, values: ReadonlyArray<unknown>) =>
    Effect.map(sql.unsafe<Row>(text, values), (found) => found.map(entryOf))

  const series = (table: string, column: string, stepMs: number) => {
    const text = `select (extract(epoch from c.${column}) * 1000)::float8 as at, sum(c.accepted)::int4 as accepted,
      sum(c.discarded)::int4 as discarded, sum(c.duplicates)::int4 as duplicates from ${table} c
      where c.${column} >= $1 and c.${column} < $2 and c.source = any($3::int4[]) group by 1`
    /** `count` steps from `from` on. */
    return (sources: ReadonlyArray<number>, from: number, count: number): Reading<Series> =>
      Effect.map(
        sql.unsafe<CountRow>(text, [new Date(from), new Date(from + count * stepMs), int4s(sources)]),
        (found) => {
          const at = new Map(found.map((row) => [Math.round((row.at - from) / stepMs), row]))
          const of = (name: "accepted" | "discarded" | "duplicates") =>
            Array.from({ length: count }, (_, i) => at.get(i)?.[name] ?? 0)
          return { accepted: of("accepted"), discarded: of("discarded"), duplicates: of("duplicates") }
        }
      )
  }

  return {
    /** The newest first. */
    newest: (filter: LiveFilter, limit: number): Reading<ReadonlyArray<LiveEntry>> =>
      rows(`select ${columns} from live_events l where ${condition} order by l.n desc limit $7`, [
        ...parameters(filter),
        limit
      ]),
    /** Behind number `after`, of any source, the oldest first. */
    after: (after: number, limit: number): Reading<ReadonlyArray<LiveEntry>> =>
      rows(`select ${columns} from live_events l where l.n > $1::float8::bigint order by l.n limit $2`, [after, limit]),
    /** Number of the newest entry; 0: there is none. */
    head: Effect.map(
      sql<{ n: number }>`select coalesce(max(l.n), 0)::float8 as n from live_events l`,
      ([row]) => row?.n ?? 0
    ),
    bySecond: series("source_seconds", "second", 1000),
    byMinute: series("source_minutes", "minute", minuteMs)
  }
}

export type DebuggerReader = ReturnType<typeof makeDebuggerReader>

/** The filter as a function, for entries that are at hand. */
export const passes = (filter: LiveFilter, entry: LiveEntry): boolean =>
  filter.sources.includes(entry.source) &&
  filter.statuses?.includes(entry.status) !== false &&
  (filter.types === null || filter.types.includes(entry.type ?? "")) &&
  (filter.events === null || filter.events.includes(entry.event ?? "")) &&
  (filter.messageId === null || entry.messageId === filter.messageId) &&
  (filter.text === null || entry.body.toLowerCase().includes(filter.text.toLowerCase()))

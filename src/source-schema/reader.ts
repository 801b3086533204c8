/** Reading what a source has sent in the last days (ING-130): events, the properties of one, traits. */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { Database } from "../platform/database.ts"
import { type Kind, kinds } from "./names.ts"

/** What can be asked for. */
export const periods = [7, 30] as const
export type Period = (typeof periods)[number]

export interface SchemaName {
  readonly id: number
  readonly name: string
  /** ms; null: it was added in advance. */
  readonly lastSeen: number | null
  /** ms */
  readonly archivedAt: number | null
  /** Messages of the period. */
  readonly allowed: number
  readonly blocked: number
}

export interface EventProperty extends SchemaName {
  readonly event: string
}

const dayMs = 86_400_000

/** The day of today in UTC and as many before it as the period says. ms. */
export const sinceOf = (now: number, period: Period): number => now - (now % dayMs) - period * dayMs

type Reading<A> = Effect.Effect<A, SqlError.SqlError>

const columns = `n.id, n.name, (extract(epoch from n.last_seen) * 1000)::float8 as "lastSeen", (extract(epoch from n.archived_at) * 1000)::float8 as "archivedAt",
  coalesce(d.allowed, 0)::float8 as allowed, coalesce(d.blocked, 0)::float8 as blocked`
const counts = `left join lateral (
  select sum(d.allowed) as allowed, sum(d.blocked) as blocked from schema_days d where d.name = n.id and d.day >= ($3::timestamptz at time zone 'UTC')::date) d on true`

const allText = `select ${columns} from schema_names n ${counts} where n.source = $1 and n.kind = $2 and n.event = 0 order by n.name`
const ofEventText = `select ${columns} from schema_names e join schema_names n on n.source = e.source and n.kind = 1 and n.event = e.id ${counts}
  where e.source = $1 and e.kind = 0 and e.event = 0 and e.name = $2 order by n.name`
const everyPropertyText = `select e.name as event, ${columns} from schema_names e join schema_names n on n.source = e.source and n.kind = $2 and n.event = e.id ${counts}
  where e.source = $1 and e.kind = 0 order by e.name, n.name`

export const makeSchemaReader = ({ read: sql }: Database["Service"]) => ({
  /** In the order of their names. */
  all: (source: number, kind: Exclude<Kind, "property">, since: number): Reading<ReadonlyArray<SchemaName>> =>
    sql.unsafe<SchemaName>(allText, [source, kinds.indexOf(kind), new Date(since)]),
  /** Empty when there is no such event. */
  propertiesOf: (source: number, event: string, since: number): Reading<ReadonlyArray<SchemaName>> =>
    sql.unsafe<SchemaName>(ofEventText, [source, event, new Date(since)]),
  everyProperty: (source: number, since: number): Reading<ReadonlyArray<EventProperty>> =>
    sql.unsafe<EventProperty>(everyPropertyText, [source, kinds.indexOf("property"), new Date(since)])
})

export type SchemaReader = ReturnType<typeof makeSchemaReader>

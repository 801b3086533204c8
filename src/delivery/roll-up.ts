/**
 * Takes what was counted into minutes, hours and days at once: one process at a time, each row exactly once, because it is removed and
 * added in one transaction. Readers add what waits, so nothing is seen late, twice or not at all.
 *
 * This is also where counts get their bounds: a destination tells apart as many labels (event type, name, version) as there is room
 * for. Beyond, first the version is not told, then the name; what is counted of one event is always folded alike.
 */
import type { PgClient } from "@effect/sql-pg"
import { Clock, Effect, Layer, Schedule } from "effect"
import type { SqlError } from "effect/sql"
import { Database } from "../platform/database.ts"
import { int2s, int4s, texts, timestamptzs } from "../platform/sql-arrays.ts"
import { supervise } from "../platform/supervise.ts"
import { other } from "./dimensions.ts"
import { dayMs, grains, hourMs, keptMs, lengthOf, startOf } from "./grains.ts"

const lock = 0x62_72_61_a0
const rollEvery = "5 seconds"
const sweepEveryMs = hourMs
const rowsAtOnce = 20_000
/** Of one destination, or source: with versions; and with the names that were not among them. */
const mostLabels = 4_000
const mostNamed = 5_000
export const sampleKeptMs = 14 * dayMs

type Sql = PgClient.PgClient
type Writing<A> = Effect.fn.Return<A, SqlError.SqlError>

interface Label {
  readonly destination: number
  readonly source: number
  readonly type: string
  readonly name: string
  readonly version: string
}

interface Fresh extends Label {
  /** ms */
  readonly at: number
  readonly step: number
  readonly code: string
  readonly mapping: string
  readonly attempts: number
  readonly n: number
}

const keyOf = ({ destination, source, type, version, name }: Label): string =>
  `${destination} ${source} ${type}\n${version}\n${name}`
const ownerOf = ({ destination, source }: Label): string => `${destination} ${source}`

const columnsOf = (labels: ReadonlyArray<Label>): ReadonlyArray<unknown> => [
  int4s(labels.map(({ destination }) => destination)),
  int4s(labels.map(({ source }) => source)),
  texts(labels.map(({ type }) => type)),
  texts(labels.map(({ name }) => name)),
  texts(labels.map(({ version }) => version))
]
const labelRows =
  "unnest($1::int4[], $2::int4[], $3::text[], $4::text[], $5::text[]) u (destination, source, event_type, event_name, app_version)"

/** What a label becomes when there is no room for it, and at last always a place. */
const folded = (label: Label): ReadonlyArray<Label> => {
  const unversioned = { ...label, version: label.version === "" ? "" : other }
  return [label, unversioned, { ...unversioned, name: label.name === "" ? "" : other }]
}

const distinct = (labels: ReadonlyArray<Label>): ReadonlyArray<Label> => [
  ...new Map(labels.map((label) => [keyOf(label), label])).values()
]

interface LabelRow extends Label {
  readonly id: number
}
const returned = `l.id, l.destination, l.source, l.event_type as type, l.event_name as name, l.app_version as version`

/** The number of the label that each key is counted under. */
const labelIds = Effect.fnUntraced(function* (
  sql: Sql,
  labels: ReadonlyArray<Label>
): Writing<ReadonlyMap<string, number>> {
  const wanted = distinct(labels)
  const known = yield* sql.unsafe<LabelRow>(
    `select ${returned} from ${labelRows} join delivery_labels l on l.destination = u.destination and l.source = u.source
       and l.event_type = u.event_type and l.event_name = u.event_name and l.app_version = u.app_version`,
    columnsOf(distinct(wanted.flatMap(folded)))
  )
  const ids = new Map(known.map((row) => [keyOf(row), row.id]))
  const missing = wanted.filter((label) => !ids.has(keyOf(label)))
  if (missing.length === 0) return ids
  const held = yield* sql.unsafe<Pick<Label, "destination" | "source"> & { n: number }>(
    `select l.destination, l.source, count(*)::int4 as n from delivery_labels l
     where (l.destination, l.source) in (select u.destination, u.source from ${labelRows}) group by 1, 2`,
    columnsOf(missing)
  )
  const sizes = new Map(held.map(({ destination, source, n }) => [`${destination} ${source}`, n]))
  const added = new Map<string, Label>()
  const chosen = new Map<string, string>()
  for (const label of missing) {
    const size = sizes.get(ownerOf(label)) ?? 0
    const [, unversioned, last] = folded(label)
    const place = size < mostLabels ? label : size < mostNamed || ids.has(keyOf(unversioned!)) ? unversioned! : last!
    const key = keyOf(place)
    chosen.set(keyOf(label), key)
    if (ids.has(key) || added.has(key)) continue
    added.set(key, place)
    sizes.set(ownerOf(label), size + 1)
  }
  if (added.size > 0) {
    const rows = yield* sql.unsafe<LabelRow>(
      `insert into delivery_labels as l (destination, source, event_type, event_name, app_version) select * from ${labelRows} returning ${returned}`,
      columnsOf([...added.values()])
    )
    for (const row of rows) ids.set(keyOf(row), row.id)
  }
  for (const [key, place] of chosen) ids.set(key, ids.get(place)!)
  return ids
})

interface SeriesKey {
  readonly label: number
  readonly step: number
  readonly code: string
  readonly mapping: string
  readonly attempts: number
}
const seriesKeyOf = ({ label, step, attempts, code, mapping }: SeriesKey): string =>
  `${label} ${step} ${attempts} ${code}\n${mapping}`
const seriesRows =
  "unnest($1::int4[], $2::int2[], $3::text[], $4::text[], $5::int2[]) u (label, step, code, mapping, attempts)"
const seriesReturned = "s.id, s.label, s.step::int4 as step, s.code, s.mapping, s.attempts::int4 as attempts"

const seriesIds = Effect.fnUntraced(function* (
  sql: Sql,
  series: ReadonlyMap<string, SeriesKey>
): Writing<ReadonlyMap<string, number>> {
  const columns = (wanted: ReadonlyArray<SeriesKey>) => [
    int4s(wanted.map(({ label }) => label)),
    int2s(wanted.map(({ step }) => step)),
    texts(wanted.map(({ code }) => code)),
    texts(wanted.map(({ mapping }) => mapping)),
    int2s(wanted.map(({ attempts }) => attempts))
  ]
  type Row = SeriesKey & { readonly id: number }
  const known = yield* sql.unsafe<Row>(
    `select ${seriesReturned} from ${seriesRows} join delivery_series s on s.label = u.label and s.step = u.step and s.code = u.code
       and s.mapping = u.mapping and s.attempts = u.attempts`,
    columns([...series.values()])
  )
  const ids = new Map(known.map((row) => [seriesKeyOf(row), row.id]))
  const missing = [...series].filter(([key]) => !ids.has(key)).map(([, each]) => each)
  if (missing.length === 0) return ids
  const rows = yield* sql.unsafe<Row>(
    `insert into delivery_series as s (label, step, code, mapping, attempts) select * from ${seriesRows} returning ${seriesReturned}`,
    columns(missing)
  )
  for (const row of rows) ids.set(seriesKeyOf(row), row.id)
  return ids
})

/** Sums by key and by bucket of each grain. */
class Sums {
  private readonly sums = new Map<string, readonly [key: number, at: number, grain: number, bin: number, n: number]>()

  add(key: number, at: number, n: number, bin = 0): void {
    for (let grain = 0; grain < grains.length; grain++) {
      const start = startOf(at, lengthOf[grains[grain]!])
      const place = `${key} ${grain} ${start} ${bin}`
      this.sums.set(place, [key, start, grain, bin, (this.sums.get(place)?.[4] ?? 0) + n])
    }
  }

  columns(): readonly [key: unknown, at: unknown, grain: unknown, bin: unknown, n: unknown] {
    const sums = [...this.sums.values()]
    return [
      int4s(sums.map(([key]) => key)),
      timestamptzs(sums.map(([, at]) => at)),
      int2s(sums.map(([, , grain]) => grain)),
      int2s(sums.map(([, , , bin]) => bin)),
      int4s(sums.map(([, , , , n]) => n))
    ]
  }
}

const taking = (table: string, columns: string) =>
  `delete from ${table} where ctid = any(array(select ctid from ${table} limit ${rowsAtOnce})) returning (extract(epoch from at) * 1000)::float8 as at, destination, n, ${columns}`

const rollCounts = Effect.fnUntraced(function* (sql: Sql): Writing<boolean> {
  const rows = yield* sql.unsafe<Fresh>(
    taking(
      "delivery_fresh",
      "source, step::int4 as step, code, mapping, event_type as type, event_name as name, app_version as version, attempts::int4 as attempts"
    )
  )
  if (rows.length === 0) return false
  const labels = yield* labelIds(sql, rows)
  const wanted = new Map<string, SeriesKey>()
  const keys = rows.map((row) => {
    const series = { ...row, label: labels.get(keyOf(row))! }
    const key = seriesKeyOf(series)
    wanted.set(key, series)
    return key
  })
  const ids = yield* seriesIds(sql, wanted)
  const sums = new Sums()
  rows.forEach(({ at, n }, i) => sums.add(ids.get(keys[i]!)!, at, n))
  const [series, at, grain, , n] = sums.columns()
  yield* sql.unsafe(
    `insert into delivery_counts as c (series, at, grain, n) select * from unnest($1::int4[], $2::timestamptz[], $3::int2[], $4::int4[])
     on conflict (series, grain, at) do update set n = c.n + excluded.n`,
    [series, at, grain, n]
  )
  return rows.length === rowsAtOnce
})

const rollLatencies = Effect.fnUntraced(function* (sql: Sql): Writing<boolean> {
  const rows = yield* sql.unsafe<{ at: number; destination: number; bin: number; n: number }>(
    taking("delivery_fresh_latencies", "bin::int4 as bin")
  )
  if (rows.length === 0) return false
  const sums = new Sums()
  for (const { at, bin, destination, n } of rows) sums.add(destination, at, n, bin)
  yield* sql.unsafe(
    `insert into delivery_latencies as l (destination, at, grain, bin, n)
     select * from unnest($1::int4[], $2::timestamptz[], $3::int2[], $4::int2[], $5::int4[])
     on conflict (destination, grain, at, bin) do update set n = l.n + excluded.n`,
    sums.columns()
  )
  return rows.length === rowsAtOnce
})

/** Only one process at a time, for as long as the transaction lasts; undefined: another one is at it. */
const alone = <A, E>(sql: Sql, work: Effect.Effect<A, E>): Effect.Effect<A | undefined, E | SqlError.SqlError> =>
  sql.withTransaction(
    Effect.gen(function* () {
      const [row] = yield* sql<{ ok: boolean }>`select pg_try_advisory_xact_lock(${lock}::int8) as ok`
      return row!.ok ? yield* work : undefined
    })
  )

/** Rolls up all that waits; false: another process is at it. */
export const rollUp = Effect.fnUntraced(function* ({ write: sql }: Database["Service"]): Writing<boolean> {
  for (;;) {
    const more = yield* alone(
      sql,
      Effect.gen(function* () {
        const counts = yield* rollCounts(sql)
        const latencies = yield* rollLatencies(sql)
        return counts || latencies
      })
    )
    if (more !== true) return more !== undefined
  }
})

/** What is no longer kept (DEL-38, DEL-23). */
export const sweepDelivery = (
  { write: sql }: Database["Service"],
  now: number
): Effect.Effect<void, SqlError.SqlError> =>
  Effect.asVoid(
    alone(
      sql,
      Effect.gen(function* () {
        for (const [grain, name] of grains.entries()) {
          const before = new Date(now - keptMs[name])
          yield* sql`delete from delivery_counts c using delivery_series s where c.series = s.id and c.grain = ${grain} and c.at < ${before}`
          yield* sql`delete from delivery_latencies l using (select distinct destination from delivery_labels) d
            where l.destination = d.destination and l.grain = ${grain} and l.at < ${before}`
        }
        yield* sql`delete from delivery_series s where not exists (select 1 from delivery_counts c where c.series = s.id)`
        yield* sql`delete from delivery_labels l where not exists (select 1 from delivery_series s where s.label = l.id)`
        yield* sql`delete from delivery_samples where hour < ${new Date(now - sampleKeptMs)}`
      })
    )
  )

/** Rolls up for as long as the process runs. */
export const deliveryRollUp = Layer.effectDiscard(
  Effect.gen(function* () {
    const database = yield* Database
    let sweptAt = 0
    const round = Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      if (!(yield* rollUp(database)) || now - sweptAt < sweepEveryMs) return
      sweptAt = now
      yield* sweepDelivery(database, now)
    })
    yield* Effect.forkScoped(
      supervise("delivery counts", Effect.asVoid(Effect.repeat(round, Schedule.spaced(rollEvery))))
    )
  })
)

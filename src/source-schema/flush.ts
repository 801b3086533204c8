/**
 * Writes the counts once a second: all processes into the same tables, one after the other, so that the limits hold for all of them
 * together. A round takes a bounded number of names; what could not be written is tried again with the next.
 */
import type { PgClient } from "@effect/sql-pg"
import { Clock, Effect, Layer, Schedule } from "effect"
import type { SqlError } from "effect/sql"
import { Database } from "../platform/database.ts"
import { float8s, int2s, int4s, texts, timestamptzs } from "../platform/sql-arrays.ts"
import { supervise } from "../platform/supervise.ts"
import { kinds, mostEvents, mostProperties, type Name, type SchemaNames, SourceSchemaNames } from "./names.ts"

const flushEvery = "1 second"
const namesARound = 10_000
/** Of a source in the tables, whatever its events are called: 4,000 events with 300 properties each would be a million. */
const mostOfSource = 50_000
/** How long nothing new is tried where the tables are full. */
const closedMs = 30_000
/** Longer than the longest period that can be asked for. */
const keptDays = 31
const sweepEveryMs = 3_600_000
/** Held by whoever writes names. */
export const schemaLock = 0x62_72_61_6e

type Writing<A> = Effect.Effect<A, SqlError.SqlError>
type Sql = PgClient.PgClient

const eventIdOf = ({ event }: Name): number => event?.id ?? 0
const keyOf = (name: Name): string => `${name.source} ${kinds.indexOf(name.kind)} ${eventIdOf(name)} ${name.name}`
const groupOf = (name: Name): string => `${name.source} ${kinds.indexOf(name.kind)} ${eventIdOf(name)}`

/** Source, kind, event and name as columns. */
const columnsOf = (names: ReadonlyArray<Name>): ReadonlyArray<unknown> => [
  int4s(names.map(({ source }) => source)),
  int2s(names.map(({ kind }) => kinds.indexOf(kind))),
  int4s(names.map(eventIdOf)),
  texts(names.map(({ name }) => name))
]
const asRows = "unnest($1::int4[], $2::int2[], $3::int4[], $4::text[]) u (source, kind, event, name)"

interface Row {
  readonly id: number
  readonly key: string
}
const keyColumn = `n.source || ' ' || n.kind || ' ' || n.event || ' ' || n.name as key`

/** Those that the tables know. Two names can be one in the tables: `$` is the items of an array, and may be a key. */
const lookUp = (sql: Sql, names: ReadonlyArray<Name>): Writing<void> =>
  Effect.map(
    sql.unsafe<Row>(
      `select n.id, ${keyColumn} from ${asRows} join schema_names n on n.source = u.source and n.kind = u.kind and n.event = u.event and n.name = u.name`,
      columnsOf(names)
    ),
    (rows) => {
      const ids = new Map(rows.map(({ id, key }) => [key, id]))
      for (const name of names) name.id = ids.get(keyOf(name)) ?? 0
    }
  )

/** How many the tables hold of each source and of each group of names that share a limit. */
const held = Effect.fnUntraced(function* (
  sql: Sql,
  names: ReadonlyArray<Name>
): Effect.fn.Return<
  { readonly groups: Map<string, number>; readonly sources: Map<number, number> },
  SqlError.SqlError
> {
  const one = [...new Map(names.map((name) => [groupOf(name), name])).values()]
  const groups = yield* sql.unsafe<{ key: string; count: number }>(
    `select n.source || ' ' || n.kind || ' ' || n.event as key, count(*)::int4 as count
     from ${asRows} join schema_names n on n.source = u.source and n.kind = u.kind and n.event = u.event group by 1`,
    columnsOf(one)
  )
  const sources = yield* sql.unsafe<{ source: number; count: number }>(
    "select source, count(*)::int4 as count from schema_names where source = any($1::int4[]) group by 1",
    [int4s([...new Set(names.map(({ source }) => source))])]
  )
  return {
    groups: new Map(groups.map(({ key, count }) => [key, count])),
    sources: new Map(sources.map(({ source, count }) => [source, count]))
  }
})

/** Gives the names their numbers, new ones as far as there is room for them (ING-131); answers those without. */
const number = Effect.fnUntraced(function* (
  sql: Sql,
  names: ReadonlyArray<Name>
): Effect.fn.Return<ReadonlyArray<Name>, SqlError.SqlError> {
  const unknown = names.filter(({ id }) => id === 0)
  if (unknown.length === 0) return []
  yield* lookUp(sql, unknown)
  const missing = unknown.filter(({ id }) => id === 0)
  if (missing.length === 0) return []
  const { groups, sources } = yield* held(sql, missing)
  const added = new Map<string, Name>()
  const refused: Array<Name> = []
  for (const name of missing) {
    if (added.has(keyOf(name))) continue
    const group = groups.get(groupOf(name)) ?? 0
    const all = sources.get(name.source) ?? 0
    if (group >= (name.kind === "event" ? mostEvents : mostProperties) || all >= mostOfSource) {
      refused.push(name)
      continue
    }
    groups.set(groupOf(name), group + 1)
    sources.set(name.source, all + 1)
    added.set(keyOf(name), name)
  }
  if (added.size > 0) {
    const rows = yield* sql.unsafe<Row>(
      `insert into schema_names as n (source, kind, event, name) select * from ${asRows} returning n.id, ${keyColumn}`,
      columnsOf([...added.values()])
    )
    const ids = new Map(rows.map(({ id, key }) => [key, id]))
    for (const name of missing) name.id = ids.get(keyOf(name)) ?? 0
  }
  return refused
})

/** Forgets the numbers that the tables do not have: the history was cleared, or a transaction came to nothing. */
const check = Effect.fnUntraced(function* (
  sql: Sql,
  names: ReadonlyArray<Name>
): Effect.fn.Return<void, SqlError.SqlError> {
  const numbered = names.filter(({ id }) => id !== 0)
  if (numbered.length === 0) return
  const rows = yield* sql.unsafe<{ id: number }>("select id from schema_names where id = any($1::int4[])", [
    int4s(numbered.map(({ id }) => id))
  ])
  const there = new Set(rows.map(({ id }) => id))
  for (const name of numbered) if (!there.has(name.id)) name.id = 0
})

const seenText = `
update schema_names n set last_seen = greatest(n.last_seen, u.at)
from (select id, max(at) as at from unnest($1::int4[], $2::timestamptz[]) x (id, at) group by id) u where n.id = u.id`

const countsText = `
insert into schema_days as old (name, day, allowed, blocked)
select u.id, (u.at at time zone 'UTC')::date, sum(u.allowed)::int4, sum(u.blocked)::int4
from unnest($1::int4[], $2::timestamptz[], $3::float8[], $4::float8[]) u (id, at, allowed, blocked)
group by 1, 2 on conflict (name, day) do update set allowed = old.allowed + excluded.allowed, blocked = old.blocked + excluded.blocked`

/** One round; nothing to write costs nothing. All that a name got between two rounds is counted on the day of the last. */
export const flushSchema = Effect.fnUntraced(function* (
  { write: sql }: Database["Service"],
  names: SchemaNames
): Effect.fn.Return<void, SqlError.SqlError> {
  const counted = names.take(namesARound)
  if (counted.length === 0) return
  const now = yield* Clock.currentTimeMillis
  const write = Effect.gen(function* () {
    yield* sql`select pg_advisory_xact_lock(${schemaLock}::int4)`
    const events = [...new Set(counted.map(({ name }) => name.event ?? name))]
    const properties = counted.map(({ name }) => name).filter(({ kind }) => kind === "property")
    yield* check(sql, [...events, ...properties])
    const refused = [...(yield* number(sql, events))]
    refused.push(
      ...(yield* number(
        sql,
        properties.filter(({ event }) => event?.id !== 0)
      ))
    )
    const listed = counted.filter(({ name }) => name.id !== 0)
    const columns = [
      int4s(listed.map(({ name }) => name.id)),
      timestamptzs(listed.map(({ lastSeen }) => lastSeen)),
      float8s(listed.map(({ allowed }) => allowed)),
      float8s(listed.map(({ blocked }) => blocked))
    ]
    yield* sql.unsafe(seenText, columns.slice(0, 2))
    yield* sql.unsafe(countsText, columns)
    return refused
  })
  const refused = yield* sql
    .withTransaction(write)
    .pipe(Effect.tapCause(() => Effect.sync(() => names.giveBack(counted))))
  for (const name of refused) names.refuse(name, now + closedMs)
})

const sweep = ({ write: sql }: Database["Service"], now: number) =>
  Effect.asVoid(
    sql`delete from schema_days where day < (${new Date(now - keptDays * 86_400_000)} at time zone 'UTC')::date`
  )

/** Keeps writing for as long as the process runs; the last round is at its end. */
export const schemaFlush = Layer.effectDiscard(
  Effect.gen(function* () {
    const database = yield* Database
    const names = yield* SourceSchemaNames
    let sweptAt = 0
    const round = Effect.gen(function* () {
      yield* flushSchema(database, names)
      const now = yield* Clock.currentTimeMillis
      if (now - sweptAt < sweepEveryMs) return
      sweptAt = now
      yield* sweep(database, now)
    })
    yield* Effect.addFinalizer(() => Effect.ignore(flushSchema(database, names)))
    yield* Effect.forkScoped(
      supervise("source schema", Effect.asVoid(Effect.repeat(round, Schedule.spaced(flushEvery))))
    )
  })
)

/**
 * What reading the archive costs, beside a plain read of the same events from a table of the same PostgreSQL: in the order of
 * positions, at random positions, and in the order of a replay. And which compression of node:zlib reads faster.
 *
 *     node bench/archive.ts            three interleaved rounds, medians
 *     BENCH_EVENTS=1000000 node bench/archive.ts
 */
import { PgTypes } from "@effect/sql-pg"
import { Effect, Layer, Logger, Stream } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from "node:zlib"
import { makeExporter } from "../src/archive/exporter.ts"
import { historyLayer } from "../src/archive/history-live.ts"
import { History } from "../src/archive/history.ts"
import { folderObjectStore } from "../src/archive/object-folder.ts"
import { archiveMigrations } from "../src/archive/schema.ts"
import { EventLog, type LogEvent, type NewEvent } from "../src/log/event-log.ts"
import { logMigrations } from "../src/log/migrations.ts"
import { postgresEventLog } from "../src/log/postgres.ts"
import { databaseLayer } from "../src/platform/database-layer.ts"
import { Database } from "../src/platform/database.ts"
import { hash128 } from "../src/platform/hash.ts"
import { Health } from "../src/platform/health.ts"
import { float8s } from "../src/platform/sql-arrays.ts"

const count = Number(process.env["BENCH_EVENTS"] ?? 200_000)
const rounds = 3
const page = 1000
const day = 86_400_000
const start = Math.floor(Date.now() / day) * day - 10 * day
const clock = { now: start }
const sources = [1, 2, 3, 4]

/** About 950 bytes, one in twenty up to three days late. */
const makeEvents = (from: number, size: number): ReadonlyArray<NewEvent> =>
  Array.from({ length: size }, (_, i) => {
    const n = from + i
    const id = `ajs-next-${hash128(String(n))}`
    const late = n % 20 === 0 ? (n * 7919) % (3 * day) : n % 50
    const body = {
      type: "track",
      messageId: id,
      anonymousId: hash128(`anonymous ${n % 5000}`),
      event: "Product Viewed",
      properties: { sku: `sku-${n % 977}`, price: n % 300, category: "shoes", list: "spring" },
      context: {
        ip: "203.0.113.7",
        locale: "en-GB",
        library: { name: "analytics.js", version: "next-1.84.3" },
        page: {
          path: `/p/${n % 977}`,
          url: `https://shop.example/p/${n % 977}?ref=${hash128(`r${n}`)}`,
          title: "Shoes"
        },
        userAgent:
          "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
      },
      integrations: {},
      timestamp: new Date(clock.now - late).toISOString(),
      originalTimestamp: new Date(clock.now - late).toISOString(),
      receivedAt: new Date(clock.now).toISOString(),
      version: 2,
      channel: "browser"
    }
    return { source: 1 + (n % 4), dedupKey: id, body: Buffer.from(JSON.stringify(body)) }
  })

const median = (values: ReadonlyArray<number>) => values.toSorted((a, b) => a - b)[values.length >> 1]!
const rate = (events: number, since: number) => (events / (performance.now() - since)) * 1000

/** Which codec reads faster: the lines of one chunk, unpacked again and again. */
const codecs = (lines: Buffer) => {
  const megabytes = lines.length / 1e6
  const rows = [
    { codec: "gzip 6", packed: gzipSync(lines), unpack: gunzipSync },
    { codec: "zstd 3", packed: zstdCompressSync(lines), unpack: zstdDecompressSync }
  ].map(({ codec, packed, unpack }) => {
    const times = Array.from({ length: 15 }, () => {
      const since = process.cpuUsage()
      unpack(packed, { chunkSize: lines.length + 1 })
      const { system, user } = process.cpuUsage(since)
      return (system + user) / 1000
    })
    return {
      codec,
      "size, % of the lines": ((100 * packed.length) / lines.length).toFixed(1),
      "unpacks MB per second of CPU": Math.round((megabytes / median(times)) * 1000)
    }
  })
  console.table(rows)
}

const program = Effect.gen(function* () {
  const { read: readSql, write: sql } = yield* Database
  const log = yield* EventLog
  const history = yield* History
  yield* sql`insert into cursors (reader, pos) values ('archive', 0)`
  for (let n = 0; n < count; n += page) {
    clock.now = start + Math.floor((n / count) * 3) * day + 1000 * Math.floor(n / page)
    const request = { events: makeEvents(n, Math.min(page, count - n)), receivedAt: clock.now }
    yield* Effect.callback<void, Error>((resume) => {
      const done = (error: Error | undefined) => resume(error === undefined ? Effect.void : Effect.fail(error))
      if (!log.offer({ ...request, done })) done(new Error("the queue is full"))
    })
  }
  clock.now = start + 10 * day
  yield* sql`create table plain (like events including all)`
  yield* sql.unsafe("insert into plain select * from events order by pos")
  yield* sql.unsafe("vacuum analyze plain")

  const exporter = yield* makeExporter()
  yield* exporter.takeOver
  let since = performance.now()
  yield* exporter.round(true)
  const exported = rate(count, since)
  const [size] = yield* sql<{ chunks: number; bytes: number; raw: number }>`
    select (select count(*) from archive_chunks)::int as chunks, (select sum(bytes) from archive_chunks)::float8 as bytes,
           (select sum(length(body)) from plain)::float8 as raw`
  yield* log.dropOldPartitions(1)
  if ((yield* log.read({ after: 0, upTo: log.head(), limit: 1 })).length > 0)
    throw new Error("the log still has events")
  console.log(
    `${count} events, ${(size!.raw / 1e6).toFixed(0)} MB, in ${size!.chunks} chunks of ${(size!.bytes / 1e6).toFixed(0)} MB ` +
      `(${((100 * size!.bytes) / size!.raw).toFixed(1)} %), exported at ${Math.round(exported)} events/s`
  )

  const first = yield* history.read({ after: 0, upTo: log.head(), limit: 8000, sources })
  codecs(Buffer.concat(first.flatMap(({ body }) => [body, Buffer.from("\n")])))

  const upTo = log.head()
  const positions = yield* sql<{ pos: number }>`select pos::float8 as pos from plain order by random() limit 200`
  const plainPage = (after: number) => sql<LogEvent>`
    select pos::float8 as position, source, h::text as hash, body from plain
    where pos > ${PgTypes.float8(after)}::int8 and pos <= ${PgTypes.float8(upTo)}::int8
      and source = any(${sources}) order by pos limit ${PgTypes.int4(page)}`
  const archivePage = (after: number) => history.read({ after, upTo, limit: page, sources })
  const readAll = <E>(read: (after: number) => Effect.Effect<ReadonlyArray<LogEvent>, E>) =>
    Effect.gen(function* () {
      const since = performance.now()
      let n = 0
      for (let after = 0; ;) {
        const events = yield* read(after)
        if (events.length === 0) break
        n += events.length
        after = events.at(-1)!.position
      }
      if (n !== count) throw new Error(`${n} of ${count} events were read`)
      return rate(n, since)
    })
  const lookUps = <E>(at: (position: number) => Effect.Effect<ReadonlyArray<LogEvent>, E>) =>
    Effect.gen(function* () {
      const since = performance.now()
      for (const { pos } of positions) if ((yield* at(pos)).length !== 1) throw new Error(`nothing at ${pos}`)
      return (performance.now() - since) / positions.length
    })
  const plainAt = (position: number) => readSql<LogEvent>`
    select e.pos::float8 as position, e.source, e.h::text as hash, e.body
    from unnest(${float8s([position])}) u(p) join plain e on e.pos = u.p::int8`

  const results = {
    archive: [] as Array<number>,
    plain: [] as Array<number>,
    replay: [] as Array<number>,
    at: [] as Array<number>,
    plainAt: [] as Array<number>
  }
  for (let round = 0; round < rounds; round++) {
    results.plain.push(yield* readAll(plainPage))
    results.archive.push(yield* readAll(archivePage))
    since = performance.now()
    let n = 0
    const range = { receivedFrom: 0, receivedTo: Number.MAX_SAFE_INTEGER, sources }
    yield* Stream.runForEach(history.readByTime(range), (events) => Effect.sync(() => void (n += events.length)))
    if (n !== count) throw new Error(`${n} of ${count} events were replayed`)
    results.replay.push(rate(n, since))
    results.plainAt.push(yield* lookUps(plainAt))
    results.at.push(yield* lookUps((position) => history.at([position])))
  }
  const ratios = (own: ReadonlyArray<number>, other: ReadonlyArray<number>) =>
    median(own.map((value, i) => value / other[i]!))
  console.table([
    {
      what: "in the order of positions, 1000 a page",
      archive: `${Math.round(median(results.archive))}/s`,
      "plain table": `${Math.round(median(results.plain))}/s`,
      ratio: ratios(results.archive, results.plain).toFixed(2)
    },
    {
      what: "in the order of a replay",
      archive: `${Math.round(median(results.replay))}/s`,
      "plain table": "",
      ratio: ratios(results.replay, results.plain).toFixed(2)
    },
    {
      what: "one event at a random position",
      archive: `${median(results.at).toFixed(1)} ms`,
      "plain table": `${median(results.plainAt).toFixed(2)} ms`,
      ratio: ratios(results.at, results.plainAt).toFixed(1)
    }
  ])
  console.log(`resident memory ${Math.round(process.memoryUsage().rss / 1e6)} MB`)
})

const dataDir = mkdtempSync(join(tmpdir(), "braid-bench-"))
const layers = historyLayer({ sortFolder: join(dataDir, "tmp") }).pipe(
  Layer.provideMerge(folderObjectStore(join(dataDir, "archive"))),
  Layer.provideMerge(postgresEventLog({ limit: () => 0, queueBytes: 64 * 1024 * 1024, now: () => clock.now })),
  Layer.provideMerge(databaseLayer({ dataDir, migrations: [...logMigrations, ...archiveMigrations] })),
  Layer.provideMerge(Health.layer),
  Layer.provideMerge(Logger.layer([]))
)
await Effect.runPromise(
  program.pipe(
    Effect.provide(layers),
    Effect.ensuring(Effect.sync(() => rmSync(dataDir, { recursive: true, force: true })))
  )
)

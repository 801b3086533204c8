/**
 * Durable ingestion over HTTP (issue 3, promise 1): a whole service and its client on the same cores, `/v1/batch` with
 * 1, 20 and 100 events a request, beside a raw insert of the same bytes into the same PostgreSQL (500 rows a statement,
 * no index, one statement in flight). In turns; the ratio of one run holds on any machine.
 *
 * Measured with a source that no space listens to (the door alone) and with one whose events are resolved meanwhile.
 */
import { Effect, Layer, Logger } from "effect"
import { identityMigrations } from "../src/identity/schema.ts"
import { logMigrations } from "../src/log/migrations.ts"
import { databaseLayer } from "../src/platform/database-layer.ts"
import { Database } from "../src/platform/database.ts"
import { Health } from "../src/platform/health.ts"
import { byteas, int4s, uuids } from "../src/platform/sql-arrays.ts"
import { Service } from "../test/system/support/service.ts"
import { asStarted } from "./support/as-started.ts"
import { cpu } from "./support/cpu.ts"
import { basic, closedLoop, post } from "./support/http-load.ts"
import { full, median, printTable, quantile, whole } from "./support/table.ts"
import { workload } from "./support/workload.ts"

const rounds = full ? 3 : 1
const shapes = [
  { size: 1, connections: 64, requests: full ? 8_000 : 200 },
  { size: 20, connections: 16, requests: full ? 1_500 : 50 },
  { size: 100, connections: 16, requests: full ? 400 : 20 }
]
const rawRows = 500

const source = (slug: string) => ({
  id: `src_${slug}`,
  slug,
  name: slug,
  kind: "server",
  writeKeys: [`wk_${slug}`],
  enabled: true
})
const service = new Service({
  env: asStarted,
  config: {
    sources: [source("alone"), source("resolved")],
    spaces: [{ id: "spa_0123456789abcdefghijkl", slug: "demo", name: "Demo", kind: "dev", sources: ["resolved"] }]
  }
})

const next = workload({ seed: 5, people: 3_300 })
const batches = (key: string, size: number, requests: number) =>
  Array.from({ length: requests }, () =>
    post(
      "/v1/batch",
      basic(key),
      JSON.stringify({ batch: Array.from({ length: size }, () => next().call), sentAt: new Date().toISOString() })
    )
  )

interface Row {
  readonly source: number
  readonly h: string
  readonly body: Uint8Array
}

/** What the door stored last, exactly as it is in the log. */
const storedLast = (count: number) =>
  Effect.flatMap(
    Database,
    ({ write: sql }) =>
      sql<Row>`select e.source, e.h::text as h, e.body from events e order by e.pos desc limit ${count}`
  )

const rawInsert = (rows: ReadonlyArray<Row>) =>
  Effect.gen(function* () {
    const { write: sql } = yield* Database
    const start = performance.now()
    for (let i = 0; i < rows.length; i += rawRows) {
      const part = rows.slice(i, i + rawRows)
      yield* sql`insert into raw_events select now(), u.* from unnest(
        ${int4s(part.map((row) => row.source))}, ${uuids(part.map((row) => row.h))}, ${byteas(part.map((row) => row.body))}) u`
    }
    return (rows.length / (performance.now() - start)) * 1000
  })

interface Run {
  readonly rate: number
  readonly p50: number
  readonly p99: number
  readonly cpu: number
}

const send = (key: string, { size, connections, requests }: (typeof shapes)[number]) =>
  Effect.promise(async (): Promise<Run> => {
    const bodies = batches(key, size, requests)
    const before = cpu(service.pid)
    const { latencies, ms } = await closedLoop(service.url, bodies, connections)
    const after = cpu(service.pid)
    return {
      rate: (size * requests * 1000) / ms,
      p50: quantile(latencies, 0.5),
      p99: quantile(latencies, 0.99),
      cpu: ((after.node + after.postgres - before.node - before.postgres) * 1000) / (size * requests)
    }
  })

const ms = (values: ReadonlyArray<number>) => median(values).toFixed(1)

const program = Effect.gen(function* () {
  const { write: sql } = yield* Database
  yield* sql`create table raw_events (received_at timestamptz not null, source int not null, h uuid not null, body bytea not null)`
  const results = shapes.map(() => ({ raw: [] as Array<number>, alone: [] as Array<Run>, resolved: [] as Array<Run> }))
  for (let round = 0; round <= rounds; round++)
    for (const [i, shape] of shapes.entries()) {
      const alone = yield* send("wk_alone", shape)
      const rows = yield* storedLast(shape.size * shape.requests)
      const raw = yield* rawInsert(rows)
      const resolved = yield* send("wk_resolved", shape)
      yield* Effect.promise(() => service.settled())
      if (round === 0 && full) continue
      results[i]!.raw.push(raw)
      results[i]!.alone.push(alone)
      results[i]!.resolved.push(resolved)
    }
  printTable(
    ["events a request", "events/s", "of the raw insert", "p50 ms", "p99 ms", "us CPU (service, pg)"],
    shapes.flatMap(({ size, connections }, i) => {
      const { raw, alone, resolved } = results[i]!
      const line = (name: string, runs: ReadonlyArray<Run>) => [
        name,
        whole(median(runs.map((run) => run.rate))),
        `${(median(runs.map((run) => run.rate)) / median(raw)).toFixed(2)} x`,
        ms(runs.map((run) => run.p50)),
        ms(runs.map((run) => run.p99)),
        median(runs.map((run) => run.cpu)).toFixed(1)
      ]
      return [
        [`raw insert of the same bytes`, whole(median(raw)), "1.00 x", "", "", ""],
        line(`${size} x ${connections} in flight`, alone),
        line(`${size} x ${connections}, being resolved`, resolved)
      ]
    })
  )
  const [count] = yield* sql<{ n: number; bytes: number }>`
    select count(*)::int as n, avg(length(body))::float8 as bytes from events`
  const sent = shapes.reduce((sum, { size, requests }) => sum + size * requests, 0) * 2 * (rounds + 1)
  console.log(`  ${whole(count!.n)} events in the log, ${whole(sent)} acknowledged, ${whole(count!.bytes)} bytes each`)
  if (count!.n !== sent) throw new Error("not every acknowledged event is in the log exactly once")
})

await service.start()
try {
  const migrations = [...logMigrations, ...identityMigrations]
  await Effect.runPromise(
    program.pipe(
      Effect.provide(
        databaseLayer({ dataDir: service.dataDir, migrations, onOwned: "join" }).pipe(
          Layer.provide(Health.layer),
          Layer.provideMerge(Logger.layer([]))
        )
      )
    )
  )
} finally {
  await service.dispose()
}

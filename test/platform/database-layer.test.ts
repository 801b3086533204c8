import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted, Schedule, type Scope } from "effect"
import { Reactivity } from "effect/reactivity"
import { inject } from "vitest"
import { Database } from "../../src/platform/database.ts"
import { connectDatabase, type DatabaseOptions, databaseLayer } from "../../src/platform/database-layer.ts"
import { Health } from "../../src/platform/health.ts"
import { migrate } from "../../src/platform/migrate.ts"
import { databaseUrl, freshDatabase, testDatabase } from "../support/database.ts"

const migrations = [
  { id: 1, name: "one", statements: [`create table one (n int)`, `insert into one values (1)`] },
  { id: 2, name: "two", statements: [`alter table one add column m int not null default 2`] }
]
const test = (name: string, body: Effect.Effect<void, unknown, Scope.Scope>) => it.live(name, () => Effect.scoped(body))

/** A database without any table of ours. */
const emptyDatabase = (options: string) =>
  Effect.gen(function* () {
    const serverUrl = inject("databaseUrl")
    const name = `empty_${Math.random().toString(36).slice(2)}`
    const { write: admin } = yield* connectDatabase(Redacted.make(serverUrl), { embedded: true, writeConnections: 1 })
    yield* Effect.acquireRelease(admin.unsafe(`create database ${name} ${options}`), () =>
      Effect.orDie(admin.unsafe(`drop database ${name} with (force)`))
    )
    return databaseUrl(serverUrl, name)
  })

const build = (options: Pick<DatabaseOptions, "databaseUrl">) =>
  Layer.build(databaseLayer({ dataDir: "/nowhere", migrations, ...options })).pipe(Effect.provide(Health.layer))
const setting = (sql: PgClient.PgClient, name: string) =>
  Effect.map(sql<{ s: string }>`select current_setting(${name}) as s`, ([row]) => row!.s)

describe("migrations", () => {
  test(
    "apply what is missing, in order, once, also when several processes start together",
    Effect.gen(function* () {
      const url = yield* emptyDatabase("")
      const { write: sql } = yield* connectDatabase(url, { embedded: true })
      assert.deepStrictEqual(yield* migrate(sql, migrations.slice(0, 1)), ["one"])
      const results = yield* Effect.all(
        Array.from({ length: 5 }, () => migrate(sql, migrations.toReversed())),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(results.flat(), ["two"])
      assert.deepStrictEqual(yield* sql`select n, m from one`, [{ n: 1, m: 2 }])
    })
  )

  test(
    "are all or nothing",
    Effect.gen(function* () {
      const url = yield* emptyDatabase("")
      const { write: sql } = yield* connectDatabase(url, { embedded: true })
      const broken = { id: 3, name: "broken", statements: [`create table three (n int)`, `create nonsense`] }
      yield* Effect.flip(migrate(sql, [...migrations, broken]))
      assert.deepStrictEqual(yield* migrate(sql, migrations), ["one", "two"])
    })
  )

  test(
    "refuse the database of a newer Braid, and one whose history differs",
    Effect.gen(function* () {
      const url = yield* emptyDatabase("")
      const { write: sql } = yield* connectDatabase(url, { embedded: true })
      yield* migrate(sql, migrations)
      const newer = yield* Effect.flip(migrate(sql, migrations.slice(0, 1)))
      assert.match(newer.message, /written by another version of Braid: it has migration 2 "two"\. Start that version/)
      const other = yield* Effect.flip(migrate(sql, [migrations[0]!, { ...migrations[1]!, name: "deux" }]))
      assert.strictEqual(other._tag, "SchemaMismatch")
    })
  )
})

describe("the database layer", () => {
  test(
    "uses the database of BRAID_DATABASE_URL, migrated",
    Effect.gen(function* () {
      const databaseUrl = yield* emptyDatabase("")
      const { write, read, embedded } = yield* Database.pipe(Effect.provide(yield* build({ databaseUrl })))
      assert.isFalse(embedded)
      assert.deepStrictEqual(yield* read`select n from one`, [{ n: 1 }])
      assert.strictEqual(yield* setting(write, "statement_timeout"), "30s")
      assert.strictEqual(yield* setting(read, "plan_cache_mode"), "force_generic_plan")
      assert.match(yield* setting(write, "application_name"), /^braid/)
      yield* Effect.flip(read`insert into one values (2)`)
    })
  )

  for (const [name, make, expected] of [
    [
      "a wrong password",
      Effect.sync(() => inject("databaseUrl").replace(/:[^:@]+@/, ":wrong@")),
      /password.*BRAID_DATABASE_URL/
    ],
    [
      "no database of that name",
      Effect.sync(() => databaseUrl(inject("databaseUrl"), "missing")),
      /"missing" does not exist/
    ],
    ["another encoding", emptyDatabase("encoding 'SQL_ASCII' template template0"), /encoding is SQL_ASCII.*needs UTF8/]
  ] as const) {
    test(
      `says what to do about ${name}`,
      Effect.gen(function* () {
        const url = yield* make
        const error = yield* Effect.flip(build({ databaseUrl: typeof url === "string" ? Redacted.make(url) : url }))
        assert.strictEqual(error._tag, "DatabaseUnusable")
        assert.match(error.message, expected)
      })
    )
  }

  it.live("both pools work again after every connection was cut, idle or busy", () =>
    Effect.gen(function* () {
      const { write, read, url } = yield* Database
      const hands = yield* PgClient.make({ url, maxConnections: 1 }).pipe(Effect.provide(Reactivity.layer))
      const cut = hands`
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()`
      const sleeping = Effect.map(
        hands<{ n: number }>`
          select count(*)::int as n from pg_stat_activity
          where datname = current_database() and state = 'active' and query like '%pg_sleep%' and pid <> pg_backend_pid()`,
        ([row]) => row!.n
      )
      for (let round = 0; round < 5; round++) {
        const busy = yield* Effect.forEach([write, write, read], (sql) =>
          Effect.forkChild(Effect.exit(sql`select pg_sleep(30)`), { startImmediately: true })
        )
        yield* sleeping.pipe(Effect.repeat({ until: (n) => n === 3, schedule: Schedule.spaced("10 millis") }))
        yield* cut
        for (const fiber of busy)
          yield* Effect.suspend(() => (fiber.pollUnsafe() === undefined ? Effect.fail("busy") : Effect.void)).pipe(
            Effect.retry({ schedule: Schedule.spaced("10 millis"), times: 500 })
          )
        for (const sql of [write, read]) assert.deepStrictEqual(yield* sql`select 1 as one`, [{ one: 1 }])
      }
    }).pipe(Effect.scoped, Effect.provide(testDatabase))
  )

  test(
    "test databases are separate",
    Effect.gen(function* () {
      const urls = [yield* freshDatabase, yield* freshDatabase]
      const [one, two] = yield* Effect.forEach(urls, (url) => connectDatabase(url, { embedded: true }))
      yield* one!.write`update log_head set pos = 7`
      assert.deepStrictEqual(yield* two!.write`select pos::int as pos from log_head`, [{ pos: 0 }])
    })
  )
})

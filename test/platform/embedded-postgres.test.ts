import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Redacted, Schedule, Scope } from "effect"
import { Reactivity } from "effect/reactivity"
import { type ChildProcess, spawn } from "node:child_process"
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import {
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  embeddedPostgres
} from "../../src/platform/embedded-postgres.ts"
import { Health } from "../../src/platform/health.ts"
import { repairLinks } from "../../src/platform/postgres-binaries.ts"
import { isAlive } from "../../src/platform/process-lock.ts"

/** A data folder that only its owner may enter, as `mktemp -d` makes it. */
const folder = Effect.acquireRelease(
  Effect.sync(() => fs.mkdtempSync(join(tmpdir(), `braid-test-${process.pid}-`))),
  (dir) => Effect.promise(() => fs.promises.rm(dir, { recursive: true, force: true, maxRetries: 10 }))
)

/** What an initdb does that outlives its Braid: files below `folder`, for as long as there is a `folder`. */
const orphan = (folder: string) =>
  Effect.callback<void>((resume) => {
    const writes = `const fs = require("node:fs"), folder = process.argv[1], until = Date.now() + 500
      for (let n = 0; fs.existsSync(folder) && Date.now() < until; n += 1)
        try {
          fs.mkdirSync(folder + "/" + (n % 50), { recursive: true })
          fs.writeFileSync(folder + "/" + (n % 50) + "/" + n, "")
          if (n === 0) console.log("writes")
        } catch {}`
    const child = spawn(process.execPath, ["-e", writes, folder], { stdio: ["ignore", "pipe", "inherit"] })
    child.stdout.once("data", () => resume(Effect.void))
  })

const serverPid = (dataDir: string): number | undefined => {
  try {
    return Number(fs.readFileSync(join(dataDir, "postgres/data/postmaster.pid"), "utf8").split("\n")[0])
  } catch {
    return undefined
  }
}

/** Another Braid process with its server; `kill -9` and the server ends with the scope. */
const otherProcess = (dataDir: string, ready: (child: ChildProcess) => Effect.Effect<void>) =>
  Effect.gen(function* () {
    const child = yield* Effect.acquireRelease(
      Effect.sync(() =>
        spawn(process.execPath, [join(import.meta.dirname, "serve-postgres.ts"), dataDir], {
          stdio: ["ignore", "pipe", "inherit"]
        })
      ),
      (child) =>
        Effect.sync(() => {
          child.kill("SIGKILL")
          const pid = serverPid(dataDir)
          if (pid !== undefined && isAlive(pid)) process.kill(pid, "SIGKILL")
        })
    )
    yield* ready(child)
    return Effect.callback<void>((resume) => {
      child.once("exit", () => resume(Effect.void))
      child.kill("SIGKILL")
    })
  })
const whenReady = (child: ChildProcess) =>
  Effect.callback<void>((resume) => {
    child.stdout!.once("data", () => resume(Effect.void))
  })

const start = (options: EmbeddedPostgresOptions) => embeddedPostgres(options).pipe(Effect.provide(Health.layer))
/** Starts, works, stops. */
const using = <A, E>(
  options: EmbeddedPostgresOptions,
  work: (server: EmbeddedPostgres) => Effect.Effect<A, E, Scope.Scope>
) => Effect.scoped(Effect.flatMap(start(options), work))
const failure = (options: EmbeddedPostgresOptions) =>
  Effect.map(Effect.flip(Effect.scoped(start(options))), (error) => error.message)
const connect = (server: EmbeddedPostgres) =>
  PgClient.make({ url: server.url, maxConnections: 2 }).pipe(Effect.provide(Reactivity.layer))
const remember = (value: string) => (server: EmbeddedPostgres) =>
  Effect.flatMap(connect(server), (sql) =>
    Effect.andThen(sql`create table note (text text)`, sql`insert into note values (${value})`)
  )
const recall = (server: EmbeddedPostgres) =>
  Effect.flatMap(connect(server), (sql) =>
    Effect.map(sql<{ text: string }>`select text from note`, ([row]) => row?.text)
  )

const test = (name: string, body: Effect.Effect<void, unknown, Scope.Scope>) =>
  it.live(name, () => Effect.scoped(body), 60_000)

describe("embedded PostgreSQL", () => {
  test(
    "starts below a private folder, keeps data, closes the door, and leaves nothing running",
    Effect.gen(function* () {
      const dataDir = yield* folder
      yield* using({ dataDir }, (server) =>
        Effect.gen(function* () {
          assert.strictEqual(server.origin, "started")
          yield* remember("kept")(server)
          const sql = yield* connect(server)
          const [is] = yield* sql<Record<string, string>>`
            select current_setting('listen_addresses') as addresses, current_setting('fsync') as fsync,
                   current_setting('server_encoding') as encoding, current_setting('data_checksums') as checksums`
          assert.deepStrictEqual(is, { addresses: "", fsync: "on", encoding: "UTF8", checksums: "on" })
          for (const name of [".", "password", "data", "server.log"]) {
            assert.strictEqual(fs.statSync(join(dataDir, "postgres", name)).mode & 0o077, 0, `${name} is private`)
          }
          const wrong = new URL(Redacted.value(server.url))
          wrong.password = "guessed"
          const refused = yield* PgClient.make({ url: Redacted.make(wrong.href) }).pipe(
            Effect.flatMap((sql) => sql`select 1`),
            Effect.provide(Reactivity.layer),
            Effect.flip
          )
          assert.strictEqual(refused.reason._tag, "AuthenticationError")
        })
      )
      assert.isUndefined(serverPid(dataDir))
      assert.isFalse(fs.existsSync(join(dataDir, "postgres/braid.pid")))
      assert.strictEqual(yield* using({ dataDir }, recall), "kept")
    })
  )

  test(
    "works where the socket path would be too long",
    Effect.gen(function* () {
      const dataDir = join(yield* folder, "a-rather-long-folder-name".repeat(4))
      assert.strictEqual(
        yield* using({ dataDir }, (server) => Effect.andThen(remember("deep")(server), recall(server))),
        "deep"
      )
    })
  )

  test(
    "restarts a server that ends by itself, however it ends; connections heal",
    Effect.gen(function* () {
      const dataDir = yield* folder
      const server = yield* start({ dataDir })
      const sql = yield* connect(server)
      for (const signal of ["SIGINT", "SIGQUIT", "SIGKILL"] as const) {
        const before = serverPid(dataDir)!
        process.kill(before, signal)
        const [row] = yield* sql<{ now: Date }>`select pg_postmaster_start_time() as now`.pipe(
          Effect.filterOrFail(() => serverPid(dataDir) !== before),
          Effect.retry({ schedule: Schedule.spaced("50 millis"), times: 200 })
        )
        assert.isDefined(row)
        assert.notStrictEqual(serverPid(dataDir), before)
      }
    })
  )

  test(
    "adopts the server of a killed Braid; refuses, or joins, the server of a living one",
    Effect.gen(function* () {
      const dataDir = yield* folder
      const kill = yield* otherProcess(dataDir, whenReady)
      const pid = serverPid(dataDir)!
      assert.match(yield* failure({ dataDir }), /another Braid \(process \d+\) uses the data folder/)
      assert.strictEqual(
        yield* using({ dataDir, onOwned: "join" }, (server) => Effect.as(remember("joined")(server), server.origin)),
        "joined"
      )
      assert.isTrue(isAlive(pid), "who joins leaves it running")
      yield* kill
      assert.isTrue(isAlive(pid), "kill -9 leaves the server behind")
      yield* using({ dataDir }, (server) =>
        Effect.gen(function* () {
          assert.strictEqual(server.origin, "adopted")
          assert.strictEqual(serverPid(dataDir), pid)
          assert.strictEqual(yield* recall(server), "joined")
        })
      )
      assert.isFalse(isAlive(pid), "who adopts stops it")
    })
  )

  test(
    "says so when the server of a killed Braid does not answer",
    Effect.gen(function* () {
      const dataDir = yield* folder
      const kill = yield* otherProcess(dataDir, whenReady)
      yield* kill
      const pid = serverPid(dataDir)!
      process.kill(pid, "SIGSTOP")
      const message = yield* failure({ dataDir })
      assert.include(message, `(process ${pid}) holds`)
      assert.include(message, `kill ${pid}`)
      assert.include(message, "BRAID_DATABASE_URL")
    })
  )

  test(
    "recovers from a kill in the middle of initdb",
    Effect.gen(function* () {
      const dataDir = yield* folder
      const initialising = () =>
        fs.existsSync(join(dataDir, "postgres")) &&
        fs.readdirSync(join(dataDir, "postgres")).some((name) => name.startsWith("init-"))
      const kill = yield* otherProcess(dataDir, () =>
        Effect.sync(initialising).pipe(Effect.repeat({ until: (it) => it, schedule: Schedule.spaced("2 millis") }))
      )
      yield* kill
      assert.isFalse(fs.existsSync(join(dataDir, "postgres/data")))
      const left = join(dataDir, "postgres/init-0")
      fs.mkdirSync(left)
      yield* orphan(left)
      yield* using({ dataDir }, remember("fresh"))
      assert.isFalse(initialising())
      assert.strictEqual(yield* using({ dataDir }, recall), "fresh")
    })
  )

  test(
    "a stale pid file is no server, even when its number belongs to another program now",
    Effect.gen(function* () {
      const dataDir = yield* folder
      yield* using({ dataDir }, remember("kept"))
      const pidFile = join(dataDir, "postgres/data/postmaster.pid")
      for (const pid of [process.pid, 2 ** 22 + 1]) {
        fs.writeFileSync(pidFile, `${pid}\n${dataDir}/postgres/data\n1\n5432\n${dataDir}/postgres\n\n 1 1\nready\n`)
        fs.writeFileSync(join(dataDir, "postgres/braid.pid"), `${pid}\nan earlier boot 1\n`)
        assert.strictEqual(yield* using({ dataDir }, recall), "kept")
      }
    })
  )

  test(
    "explains what is wrong: settings, versions, foreign files, a lost password",
    Effect.gen(function* () {
      const dataDir = yield* folder
      const at = (name: string) => join(dataDir, "postgres", name)
      yield* using({ dataDir }, () => Effect.void)
      const setting = yield* failure({ dataDir, settings: { shared_buffers: "plenty" } })
      assert.match(setting, /did not start: it ended with exit code 1/)
      assert.match(setting, /server\.log, which ends with:\n.*invalid value for parameter "shared_buffers": "plenty"/)
      fs.renameSync(at("password"), at("elsewhere"))
      assert.match(yield* failure({ dataDir }), /password is missing/)
      fs.renameSync(at("elsewhere"), at("password"))
      fs.writeFileSync(at("data/PG_VERSION"), "16\n")
      assert.match(yield* failure({ dataDir }), /made by PostgreSQL 16, this is PostgreSQL 18/)
      fs.rmSync(at("data/PG_VERSION"))
      assert.match(yield* failure({ dataDir }), /is not empty and holds no PostgreSQL data/)
    })
  )

  test(
    "makes the library links that `npm ci --ignore-scripts` leaves out",
    Effect.gen(function* () {
      const root = yield* folder
      fs.mkdirSync(join(root, "native/lib"), { recursive: true })
      fs.writeFileSync(join(root, "native/lib/libpq.so.5.18"), "library")
      const link = { source: "native/lib/libpq.so.5.18", target: "native/lib/libpq.so.5" }
      fs.writeFileSync(join(root, "native/pg-symlinks.json"), JSON.stringify([link]))
      repairLinks(root)
      repairLinks(root)
      assert.strictEqual(fs.readlinkSync(join(root, link.target)), "libpq.so.5.18")
      assert.strictEqual(fs.readFileSync(join(root, link.target), "utf8"), "library")
    })
  )

  test(
    "a stopped scope ends a server that does not want to, in bounded time",
    Effect.gen(function* () {
      const dataDir = yield* folder
      const scope = yield* Scope.make()
      const server = yield* start({ dataDir }).pipe(Scope.provide(scope))
      const sql = yield* connect(server)
      yield* Effect.forkChild(Effect.exit(sql`select pg_sleep(60)`), { startImmediately: true })
      const pid = serverPid(dataDir)!
      process.kill(pid, "SIGSTOP")
      yield* Scope.close(scope, Exit.void)
      assert.isFalse(isAlive(pid))
    })
  )
})

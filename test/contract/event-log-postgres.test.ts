import { Effect, Layer, Redacted, Schedule, Scope } from "effect"
import { EventLog } from "../../src/log/event-log.ts"
import { postgresEventLog } from "../../src/log/postgres.ts"
import { Database } from "../../src/platform/database.ts"
import { connectDatabase } from "../../src/platform/database-layer.ts"
import { Health } from "../../src/platform/health.ts"
import { freshDatabase } from "../support/database.ts"
import { lossyProxy } from "../support/lossy-proxy.ts"
import { eventLogContract, type LogStore } from "./event-log.ts"

const postgresStore = Effect.gen(function* () {
  const direct = yield* freshDatabase
  // The hands of the test: connections of its own, which the accidents spare.
  const { write: hands } = yield* connectDatabase(direct, { embedded: true, writeConnections: 2 })
  const proxied = new URL(Redacted.value(direct))
  const proxy = yield* lossyProxy(`${proxied.searchParams.get("host")}/.s.PGSQL.${proxied.searchParams.get("port")}`)
  proxied.host = `127.0.0.1:${proxy.port}`
  proxied.search = ""
  const url = Redacted.make(proxied.href)
  const head = Effect.orDie(Effect.map(hands<{ pos: bigint }>`select pos from log_head`, ([row]) => row!.pos))
  const store: LogStore = {
    open: ({ limit = () => 0, queueBytes = 64 * 1024 * 1024, now } = {}) =>
      Effect.gen(function* () {
        const database = Layer.effect(
          Database,
          Effect.orDie(connectDatabase(url, { embedded: true, writeConnections: 3 }))
        )
        const options = now === undefined ? { limit, queueBytes } : { limit, queueBytes, now }
        const context = yield* Layer.build(
          postgresEventLog(options).pipe(Layer.provide(Layer.merge(database, Health.layer)))
        )
        return yield* EventLog.pipe(Effect.provide(context))
      }),
    setCursor: (reader, position) =>
      Effect.orDie(
        Effect.asVoid(hands`
          insert into cursors (reader, pos) values (${reader}, ${position}::float8::int8)
          on conflict (reader) do update set pos = excluded.pos`)
      ),
    cutConnections: Effect.orDie(
      Effect.asVoid(hands`
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and application_name like 'braid%' and pid <> pg_backend_pid()
          and query not like '%hands off%'`)
    ),
    loseAnswers: Effect.gen(function* () {
      const before = yield* head
      proxy.losing = true
      return head.pipe(
        Effect.repeat({ until: (now) => now > before, schedule: Schedule.spaced("5 millis"), times: 200 }),
        Effect.andThen(
          Effect.sync(() => {
            proxy.cut()
            proxy.losing = false
          })
        )
      )
    }),
    // A lock on the head: every append queues behind it.
    holdCommits: Effect.gen(function* () {
      const scope = yield* Scope.fork(yield* Effect.scope)
      const connection = yield* Effect.orDie(Scope.provide(hands.reserve, scope))
      const run = (text: string) => Effect.orDie(connection.execute(text, [], undefined))
      yield* run("begin")
      yield* run("select pos from log_head for update /* hands off */")
      return run("rollback")
    })
  }
  return store
}).pipe(Effect.orDie)

eventLogContract("postgres", postgresStore)

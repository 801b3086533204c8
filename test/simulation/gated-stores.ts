/** The real stores, with every call of them passing the gate of a stage. */
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer } from "effect"
import { Reactivity } from "effect/reactivity"
import { type SqlConnection, SqlClient, SqlError } from "effect/sql"
import { GraphUnavailable, IdentityGraph } from "../../src/identity/graph.ts"
import { Database } from "../../src/platform/database.ts"
import { Injected, type Stage } from "./stage.ts"

/** The stage of the run that is being played; one layer of stores serves one run after another. */
export interface Playing {
  stage: Stage
}

const lost = () =>
  new SqlError.SqlError({
    reason: new SqlError.ConnectionError({ message: "the simulation cut the connection", cause: new Injected() })
  })

const short = (sql: string) =>
  sql
    .trim()
    .replaceAll(/\s+/g, " ")
    .replaceAll(/"spa_\w+"/g, "s")
    .slice(0, 70)

const boundsOf = (sql: string) =>
  sql === "BEGIN" ? "begin" : sql === "COMMIT" || sql === "ROLLBACK" ? "end" : undefined

/** A connection that takes its turn for every statement; `acquire` gives the real one. */
const gated = (
  playing: Playing,
  acquire: SqlConnection.Acquirer,
  transaction: object | undefined
): SqlConnection.Connection => {
  const on = <A>(f: (connection: SqlConnection.Connection) => Effect.Effect<A, SqlError.SqlError>) =>
    Effect.scoped(Effect.flatMap(acquire, f))
  const pass = <A>(
    sql: string,
    run: (connection: SqlConnection.Connection) => Effect.Effect<A, SqlError.SqlError>
  ): Effect.Effect<A, SqlError.SqlError> => {
    const bounds = transaction === undefined ? undefined : boundsOf(sql)
    // A transaction whose end does not reach the server is rolled back there; a lock goes with its session.
    const unlocks = sql.includes("pg_advisory_unlock")
    const otherwise = bounds === "end" ? on((it) => it.executeRaw("ROLLBACK", [])) : unlocks ? on(run) : undefined
    const frees = unlocks || sql === "ROLLBACK"
    return Effect.suspend(() =>
      playing.stage.call({ label: short(sql), failure: lost, transaction, bounds, otherwise, frees }, on(run))
    )
  }
  return {
    execute: (sql, params, transform) => pass(sql, (it) => it.execute(sql, params, transform)),
    executeRaw: (sql, params) => pass(sql, (it) => it.executeRaw(sql, params)),
    executeStream: () => {
      throw new Error("streams are not part of the simulation")
    },
    executeValues: (sql, params) => pass(sql, (it) => it.executeValues(sql, params)),
    executeValuesUnprepared: (sql, params) => pass(sql, (it) => it.executeValuesUnprepared(sql, params)),
    executeUnprepared: (sql, params, transform) => pass(sql, (it) => it.executeUnprepared(sql, params, transform))
  }
}

const gatedClient = (playing: Playing, real: PgClient.PgClient) =>
  Effect.gen(function* () {
    const client = yield* SqlClient.make({
      acquirer: Effect.succeed(gated(playing, real.reserve, undefined)),
      transactionAcquirer: Effect.suspend(() =>
        Effect.map(playing.stage.busy(real.reserve), (connection) => gated(playing, Effect.succeed(connection), {}))
      ),
      // A transaction that failed is rolled back by COMMIT, and says so in its answer only.
      commit: (connection) =>
        Effect.flatMap(connection.executeRaw("COMMIT", []), (answer) =>
          (answer as { readonly command: string }).command === "COMMIT"
            ? Effect.void
            : Effect.die(new Error("rolled back"))
        ),
      compiler: PgClient.makeCompiler(),
      driver: real.driver,
      prepareTransactionControls: true,
      spanAttributes: []
    })
    const { config, json, listen, notify } = real
    return Object.assign(client, { [PgClient.TypeId]: real[PgClient.TypeId], config, json, listen, notify })
  }).pipe(Effect.provide(Reactivity.layer))

/** `Database` as before, but gated. */
export const gatedDatabase = (playing: Playing): Layer.Layer<Database, never, Database> =>
  Layer.effect(
    Database,
    Effect.gen(function* () {
      const { write, read, url, embedded } = yield* Database
      // Nobody pulls the plug here. It reaches the connections that are opened from now on.
      yield* Effect.orDie(
        write.unsafe(
          `do $$ begin execute format('alter database %I set synchronous_commit = off', current_database()); end $$`
        )
      )
      return { write: yield* gatedClient(playing, write), read: yield* gatedClient(playing, read), url, embedded }
    })
  )

/** A graph outside Postgres, gated call by call. */
export const gatedGraph = (playing: Playing): Layer.Layer<IdentityGraph, never, IdentityGraph> =>
  Layer.effect(
    IdentityGraph,
    Effect.map(IdentityGraph, (real) => {
      const { adapter } = real
      const failure = () => new GraphUnavailable({ adapter, code: "simulated", cause: new Injected() })
      const pass =
        <Args extends ReadonlyArray<unknown>, A, E>(name: string, method: (...args: Args) => Effect.Effect<A, E>) =>
        (...args: Args) =>
          Effect.suspend(() =>
            playing.stage.call<A, E | GraphUnavailable, never>({ label: `graph ${name}`, failure }, method(...args))
          )
      return IdentityGraph.of({
        ...real,
        open: pass("open", real.open),
        drop: pass("drop", real.drop),
        apply: pass("apply", real.apply),
        load: pass("load", real.load),
        issued: pass("issued", real.issued),
        find: pass("find", real.find),
        externalIds: pass("externalIds", real.externalIds),
        links: pass("links", real.links),
        merges: pass("merges", real.merges),
        findMerge: pass("findMerge", real.findMerge),
        separations: pass("separations", real.separations),
        walk: pass("walk", real.walk)
      })
    })
  )

/**
 * Runs one actor per configured space, in the one process that holds the identity lock. A second process on the same
 * database takes events and answers questions, and stands by for the lock; the epoch in `cursors` fences off
 * an owner that lost it without noticing.
 */
import { Clock, Context, Effect, FiberMap, Layer, Metric, Queue, Schedule } from "effect"
import { Database } from "../platform/database.ts"
import { Health } from "../platform/health.ts"
import { supervise } from "../platform/supervise.ts"
import { type Space, Workspace } from "../workspace/workspace.ts"
import { EventLog, type Position, positionsPerDay } from "../log/event-log.ts"
import { LiveGraphs } from "./live-graphs.ts"
import { spaceSchema, spaceTables, spaceTablesSince } from "./schema.ts"
import { runSpace, type SpaceStatus } from "./space-actor.ts"
import { makeSpaceStore, readerName } from "./space-store.ts"

/** Session-level advisory lock: released by Postgres the moment the owner's connection is gone. */
const identityLock = 0x62_72_61_69
const preparationLock = 0x62_72_61_6a

const pruneEvery = "1 hour"

const dayMs = 86_400_000
/** A space that the file declares starts with what arrived in the last 30 days (IDR-12), as far as the log still has it. */
const replayDays = 30

const lagEvents = Metric.gauge("braid_space_lag_events", {
  description: "Accepted events of a space that are not resolved yet"
})
const lagEvery = "5 seconds"

export interface SpaceProgress {
  readonly id: string
  readonly slug: string
  /** Everything up to here is resolved and can be read. */
  readonly position: Position
  /** Accepted events of the space that are not resolved yet. */
  readonly lag: number
}

export class SpaceActors extends Context.Service<
  SpaceActors,
  {
    readonly progress: Effect.Effect<ReadonlyArray<SpaceProgress>>
  }
>()("braid/identity/SpaceActors") {
  static readonly layer = Layer.effect(
    this,
    Effect.gen(function* () {
      const { write: sql } = yield* Database
      const database = yield* Database
      const workspace = yield* Workspace
      const graphs = yield* LiveGraphs
      const log = yield* EventLog
      const health = yield* Health
      const statuses = new Map<string, SpaceStatus>()

      /** Tables and the place in the log, before anything else may happen to a space. */
      const prepare = Effect.fnUntraced(function* (spaces: ReadonlyArray<Space>) {
        const today = Math.floor((yield* Clock.currentTimeMillis) / dayMs)
        const start = Math.min(log.head(), (today - replayDays) * positionsPerDay)
        // Another process may do the same; `if not exists` alone is no protection against that.
        yield* sql`select pg_advisory_xact_lock(${preparationLock})`
        for (const { id, fromHead } of spaces) {
          const known = yield* sql`select 1 from pg_namespace where nspname = ${id}`
          const statements = known.length === 0 ? spaceTables(spaceSchema(id)) : []
          for (const statement of [...statements, ...spaceTablesSince(spaceSchema(id))]) yield* sql.unsafe(statement)
          yield* makeSpaceStore(database, id).register(fromHead === true ? log.head() : start)
        }
      }, sql.withTransaction)

      /** Starts an actor for every space that has none; an actor whose space is gone ends by itself. */
      const startActors = Effect.fnUntraced(function* (actors: FiberMap.FiberMap<string>) {
        const { spaces } = workspace.current()
        yield* prepare(spaces)
        for (const space of spaces) {
          const status: SpaceStatus = statuses.get(space.id) ?? { settled: () => 0 }
          statuses.set(space.id, status)
          yield* FiberMap.run(actors, space.id, supervise(`space:${space.slug}`, runSpace(space.id, status)), {
            onlyIfMissing: true
          })
        }
      })

      const prune = Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        for (const space of workspace.current().spaces) yield* makeSpaceStore(database, space.id).prune(now)
      }).pipe(Effect.repeat(Schedule.spaced(pruneEvery)), Effect.asVoid)

      /** How far the owner is, for the `/health` of a process that stands by. */
      const readPositions = sql<{ reader: string; pos: number }>`select reader, pos::float8 as pos from cursors`.pipe(
        Effect.map((cursors) => {
          for (const { id } of workspace.current().spaces) {
            const position = cursors.find(({ reader }) => reader === readerName(id))?.pos ?? 0
            statuses.set(id, { settled: () => position })
          }
        })
      )

      const own = Effect.gen(function* () {
        const lock = yield* sql.reserve
        const locked = lock
          .execute("select pg_try_advisory_lock($1) as ok", [identityLock], undefined)
          .pipe(Effect.map((rows) => (rows as ReadonlyArray<{ ok: boolean }>)[0]?.ok === true))
        while (!(yield* locked)) {
          health.set("identity", "standby")
          yield* graphs.refresh
          yield* readPositions
          yield* Effect.sleep("1 second")
        }
        health.set("identity", "running")
        yield* graphs.refresh
        const actors = yield* FiberMap.make<string>()
        const changes = yield* Queue.sliding<void>(1)
        yield* workspace.onChange(() => void Queue.offerUnsafe(changes, undefined))
        yield* startActors(actors)
        yield* Effect.forkScoped(supervise("prune", prune))
        const follow = Effect.forever(Effect.andThen(Queue.take(changes), startActors(actors)))
        // When the connection that holds the lock is lost, so is the lock: start over.
        const heartbeat = Effect.repeat(lock.execute("select 1", [], undefined), Schedule.spaced("2 seconds"))
        yield* Effect.raceFirst(follow, heartbeat)
      }).pipe(Effect.scoped)

      yield* prepare(workspace.current().spaces)
      yield* Effect.forkScoped(supervise("identity", Effect.asVoid(own)))

      const lagOf = (after: Position, sources: ReadonlyArray<number>) => {
        const upTo = log.head()
        if (after >= upTo) return Effect.succeed(0)
        return log.count({ after, upTo, limit: 1_000_000, sources }).pipe(Effect.catch(() => Effect.succeed(1_000_000)))
      }
      const progress = Effect.suspend(() =>
        Effect.forEach(workspace.current().spaces, (space) => {
          const position = statuses.get(space.id)?.settled() ?? 0
          return lagOf(
            position,
            space.sources.map((source) => source.no)
          ).pipe(Effect.map((lag): SpaceProgress => ({ id: space.id, slug: space.slug, position, lag })))
        })
      )
      const gauges = Effect.flatMap(progress, (all) =>
        Effect.forEach(all, ({ slug, lag }) => Metric.update(Metric.withAttributes(lagEvents, { space: slug }), lag), {
          discard: true
        })
      )
      yield* Effect.forkScoped(Effect.repeat(gauges, Schedule.spaced(lagEvery)))
      return { progress }
    })
  )
}

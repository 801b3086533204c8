/**
 * One actor per configured space, here or in another process on the same database: which, decides `space-host.ts`. This
 * file prepares spaces, and tells how far each is, wherever it runs.
 */
import { Clock, Context, Effect, Layer, Metric, Schedule } from "effect"
import { Database } from "../platform/database.ts"
import { supervise } from "../platform/supervise.ts"
import { type Space, Workspace } from "../workspace/workspace.ts"
import { EventLog, type Position } from "../log/event-log.ts"
import { LiveGraphs } from "./live-graphs.ts"
import { OperationWatch } from "./operations/operation-watch.ts"
import { spaceSchema, spaceTables, spaceTablesSince } from "./schema.ts"
import { readWaiting, type WaitingSource } from "./source-admission.ts"
import { runSpace, type SpaceStatus } from "./space-actor.ts"
import { hostSpaces } from "./space-host.ts"
import { makeSpaceStore, readerName } from "./space-store.ts"

const preparationLock = 0x62_72_61_6a

const pruneFirst = "1 minute"
const pruneEvery = "1 hour"
/** How old what is known of spaces that run elsewhere may be. */
const followEvery = "1 second"

const lagEvents = Metric.gauge("braid_space_lag_events", {
  description: "Accepted events of a space that are not resolved yet"
})
const lagEvery = "5 seconds"

export interface SpaceProgress {
  readonly id: string
  readonly slug: string
  /** Everything up to here is resolved and can be read. */
  readonly position: Position
  /** Accepted events of the space that are not resolved yet, those that are to be replayed included (IDR-12). */
  readonly lag: number
  readonly runsHere: boolean
  /** The process that runs the space, `host:pid`; null while none does. */
  readonly process: string | null
}

export class SpaceActors extends Context.Service<
  SpaceActors,
  {
    readonly progress: Effect.Effect<ReadonlyArray<SpaceProgress>>
  }
>()("braid/identity/SpaceActors") {
  /** Of a service: takes its share of the spaces. */
  static readonly layer = Layer.suspend(() => layerOf(true))
  /** Of a command: runs the spaces only while no service does. */
  static readonly layerStandby = Layer.suspend(() => layerOf(false))
}

const layerOf = (serving: boolean) => Layer.effect(SpaceActors, make(serving)).pipe(Layer.provide(OperationWatch.layer))

const make = (serving: boolean) =>
  Effect.gen(function* () {
    const database = yield* Database
    const { write: sql } = database
    const workspace = yield* Workspace
    const graphs = yield* LiveGraphs
    const log = yield* EventLog
    const statuses = new Map<string, SpaceStatus>()

    /** Tables and the place in the log, before anything else may happen to a space. */
    const prepare = Effect.fnUntraced(function* (spaces: ReadonlyArray<Space>) {
      // Another process may do the same; `if not exists` alone is no protection against that.
      yield* sql`select pg_advisory_xact_lock(${preparationLock})`
      for (const { id, connections } of spaces) {
        const known = yield* sql`select 1 from pg_namespace where nspname = ${id}`
        const statements = known.length === 0 ? spaceTables(spaceSchema(id)) : []
        for (const statement of [...statements, ...spaceTablesSince(spaceSchema(id))]) yield* sql.unsafe(statement)
        // What came before is replayed once its source is admitted (IDR-12); where nothing is known of that, all is read.
        yield* makeSpaceStore(database, id).register(connections === undefined ? 0 : log.head())
      }
    }, sql.withTransaction)

    const host = yield* hostSpaces({
      serving,
      prepare,
      actorOf: (space) => {
        const status: SpaceStatus = { settled: statuses.get(space.id)?.settled ?? (() => 0) }
        statuses.set(space.id, status)
        // The owner before may have switched the graph.
        return Effect.andThen(graphs.refresh, runSpace(space.id, status))
      }
    })

    const elsewhere = () => workspace.current().spaces.filter(({ id }) => !host.runsHere(id))
    /** Live graphs and positions of spaces that run elsewhere, for readers and `/health`. */
    const follow = Effect.gen(function* () {
      if (elsewhere().length === 0) return
      yield* graphs.refresh
      const cursors = yield* sql<{ reader: string; pos: number }>`
        select reader, pos::float8 as pos from cursors where reader like 'identity:%'`
      const positions = new Map(cursors.map(({ reader, pos }) => [reader, pos]))
      for (const { id } of elsewhere()) {
        const position = positions.get(readerName(id)) ?? 0
        statuses.set(id, { settled: () => position })
      }
    }).pipe(Effect.repeat(Schedule.spaced(followEvery)), Effect.asVoid)
    yield* Effect.forkScoped(supervise("spaces elsewhere", follow))

    /** Each space by the process that runs it, so once for all. */
    const prune = Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      for (const { id } of workspace.current().spaces)
        if (host.runsHere(id)) yield* makeSpaceStore(database, id).prune(now)
    }).pipe(Effect.repeat(Schedule.spaced(pruneEvery)), Effect.delay(pruneFirst), Effect.asVoid)
    yield* Effect.forkScoped(supervise("prune", prune))

    const countUpTo = 1_000_000
    const lagOf = (after: Position, sources: ReadonlyArray<number>) => {
      const upTo = log.head()
      if (after >= upTo || sources.length === 0) return Effect.succeed(0)
      return log.count({ after, upTo, limit: countUpTo, sources }).pipe(Effect.catch(() => Effect.succeed(countUpTo)))
    }
    /** What is left of replays, and what waits for them. */
    const waitingLag = (waiting: ReadonlyArray<WaitingSource>) =>
      Effect.gen(function* () {
        let lag = 0
        for (const [replay, sources] of Map.groupBy(waiting, ({ replay }) => replay)) {
          const { left, position } = sources[0]!
          const numbers = sources.map(({ source }) => source)
          lag += replay === null ? sources.length : left + (yield* lagOf(position, numbers))
        }
        return lag
      })
    const progressOf = Effect.fnUntraced(function* (space: Space, waiting: ReadonlyArray<WaitingSource>) {
      const position = statuses.get(space.id)?.settled() ?? 0
      const held = new Set(waiting.map(({ source }) => source))
      const live = space.sources.map(({ no }) => no).filter((no) => !held.has(no))
      const lag = (yield* lagOf(position, live)) + (yield* waitingLag(waiting))
      const process = host.processOf(space.id) ?? null
      return { id: space.id, slug: space.slug, position, lag, runsHere: host.runsHere(space.id), process }
    })
    const progress = Effect.gen(function* (): Effect.fn.Return<ReadonlyArray<SpaceProgress>> {
      const { spaces } = workspace.current()
      // Before the positions: a source that becomes live in between is counted twice, not left out.
      const waiting = yield* Effect.result(readWaiting(sql))
      if (waiting._tag === "Failure")
        return yield* Effect.forEach(spaces, (space) =>
          Effect.map(progressOf(space, []), (one) => ({ ...one, lag: countUpTo }))
        )
      const bySpace = Map.groupBy(waiting.success, ({ space }) => space)
      return yield* Effect.forEach(spaces, (space) => progressOf(space, bySpace.get(space.id) ?? []))
    })
    const gauges = Effect.flatMap(progress, (all) =>
      Effect.forEach(all, ({ slug, lag }) => Metric.update(Metric.withAttributes(lagEvents, { space: slug }), lag), {
        discard: true
      })
    )
    yield* Effect.forkScoped(Effect.repeat(gauges, Schedule.spaced(lagEvery)))
    return SpaceActors.of({ progress })
  })

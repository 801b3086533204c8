/**
 * Plays a plan: processes that run the real actor of the space, one after another or two at once, on a stage where the seed
 * says what happens next.
 *
 * - Killed: the process is gone between two calls of a store, another one starts.
 * - Taken over: another one starts although the first lives; that is paused and goes on later, with whatever it had in hand.
 * - Failed: a call fails, before or after it took effect; the actor starts over, as it does under supervision.
 */
import { Cause, Clock, Effect, Exit, Fiber, Layer } from "effect"
import { History } from "../../src/archive/history.ts"
import { Settings } from "../../src/config.ts"
import { IdentityGraph } from "../../src/identity/graph.ts"
import { LiveGraphs } from "../../src/identity/live-graphs.ts"
import { OperationWatch } from "../../src/identity/operations/operation-watch.ts"
import { spaceSchema, spaceTables, spaceTablesSince } from "../../src/identity/schema.ts"
import { runSpace, type SpaceStatus } from "../../src/identity/space-actor.ts"
import { makeSpaceStore, readerName } from "../../src/identity/space-store.ts"
import { Database } from "../../src/platform/database.ts"
import { Health } from "../../src/platform/health.ts"
import { type Source, type Space, Workspace, type WorkspaceSnapshot } from "../../src/workspace/workspace.ts"
import { Asking } from "./asking.ts"
import { Dice } from "./dice.ts"
import type { Playing } from "./gated-stores.ts"
import { MemoryLog } from "./memory-log.ts"
import type { Plan } from "./plan.ts"
import { CurrentLife, Injected, Killed, type Life, Stage, type Verdict } from "./stage.ts"

export interface Played {
  readonly plan: Plan
  readonly log: MemoryLog
  readonly asking: Asking
  /** Where the space stood when an operation was refused, by its id. */
  readonly refusedAt: ReadonlyMap<number, number>
  readonly trace: ReadonlyArray<string>
  /** What no process may end with. */
  readonly problems: ReadonlyArray<string>
  readonly faults: number
}

const start = Date.parse("2024-08-01T00:00:00.000Z")
const mostSteps = 4_000
const mostFailures = 40
const source: Source = {
  no: 1,
  id: "src_1",
  slug: "website",
  name: "Website",
  kind: "website",
  writeKeys: [],
  enabled: true
}

/** Whether the simulation itself is why: what it made up, and being fenced off by another process. */
const isMeant = (error: unknown, fenced: boolean): boolean => {
  let cause = error as { readonly _tag?: unknown; readonly reason?: unknown; readonly cause?: unknown } | undefined
  for (let depth = 0; depth < 8 && typeof cause === "object" && cause !== null; depth++) {
    if (cause instanceof Injected || cause instanceof Killed) return true
    if (fenced && (cause._tag === "SpaceFenced" || cause._tag === "GraphFenced")) return true
    cause = (cause.reason ?? cause.cause) as typeof cause
  }
  return false
}

const workspaceOf = (space: Space): Workspace["Service"] => {
  const snapshot: WorkspaceSnapshot = {
    sources: space.sources,
    sourceByNo: new Map(space.sources.map((it) => [it.no, it])),
    sourceByWriteKey: new Map(),
    spaces: [space],
    spaceById: new Map([[space.id, space]]),
    tokenByHash: new Map(),
    limits: { requestsPerSecond: 0, messagesPerSecond: 0, spaceEventsPerSecond: 0, profileApiPerSecond: 0 }
  }
  return Workspace.of({
    current: () => snapshot,
    reload: Effect.void,
    refresh: Effect.void,
    onChange: () => Effect.void
  })
}

interface Running extends Life {
  readonly status: SpaceStatus
  fiber: Fiber.Fiber<void> | undefined
  over: boolean
}

export const play = Effect.fnUntraced(function* (plan: Plan, playing: Playing) {
  const { spaceId } = plan
  const context = yield* Effect.context<Database | Health | IdentityGraph>()
  const database = yield* Database
  const { write: sql } = database
  const settings = yield* Settings
  const dice = new Dice(plan.seed ^ 0x5eed)
  const stage = new Stage(start)
  playing.stage = stage
  const log = new MemoryLog(stage)
  const asking = new Asking({ dice, spaceId, firstId: (plan.seed % 1_000_000) * 1000 + 1, later: plan.later })
  const s = spaceSchema(spaceId)
  yield* sql.withTransaction(
    Effect.gen(function* () {
      for (const statement of [...spaceTables(s), ...spaceTablesSince(s)]) yield* sql.unsafe(statement)
      yield* makeSpaceStore(database, spaceId).register(0)
    })
  )
  // Mostly the graph is there: the faults are for what comes after.
  if (dice.chance(0.9)) yield* (yield* IdentityGraph).open(`${spaceId}.1`)

  const wakes = new Set<(beside: boolean) => void>()
  const problems: Array<string> = []
  const lives: Array<Running> = []
  let owner: Running | undefined
  let faults = 0

  const world = Layer.mergeAll(
    Layer.fresh(LiveGraphs.layer),
    log.layer,
    Layer.mock(History, { at: log.at }),
    Layer.succeed(
      Workspace,
      workspaceOf({ id: spaceId, slug: "s", name: "S", kind: "dev", sources: [source], rules: plan.rules })
    ),
    Layer.succeed(Settings, { ...settings, ...plan, dedupScope: "workspace" }),
    Layer.succeed(OperationWatch, {
      onWaiting: (_, wake) =>
        Effect.asVoid(
          Effect.acquireRelease(
            Effect.sync(() => wakes.add(wake)),
            () => Effect.sync(() => wakes.delete(wake))
          )
        )
    })
  )

  const begin = Effect.suspend(() => {
    const life: Running = {
      no: lives.length + 1,
      dead: false,
      pausedUntil: 0,
      status: { settled: () => 0 },
      fiber: undefined,
      over: false
    }
    lives.push(life)
    owner = life
    const actor = Effect.provide(runSpace(spaceId, life.status), world)
    const supervised = Effect.gen(function* () {
      for (let failures = 1; ; failures++) {
        const exit = yield* Effect.exit(actor)
        if (life.dead || Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause)) return
        // Beside what is meant there may be what it made worse: a ledger hit whose rollback failed.
        const meant = exit.cause.reasons.some((reason) =>
          isMeant(
            Cause.isFailReason(reason) ? reason.error : Cause.isDieReason(reason) ? reason.defect : undefined,
            lives.length > 1
          )
        )
        if (!meant) problems.push(`process ${life.no} failed: ${Cause.pretty(exit.cause)}`)
        if (owner !== life) return
        if (failures === mostFailures) return void problems.push(`process ${life.no} fails again and again`)
        yield* Effect.sleep(200)
      }
    }).pipe(
      Effect.provide(context),
      Effect.ensuring(Effect.sync(() => (life.over = true))),
      Effect.provideService(CurrentLife, life),
      Effect.provideService(Clock.Clock, stage.clock)
    )
    return Effect.map(Effect.forkDetach(supervised), (fiber) => void (life.fiber = fiber))
  })

  const quiet = Effect.promise(() => stage.quiet())
  const end = (life: Running) =>
    Effect.gen(function* () {
      stage.bury(life)
      yield* Effect.forkDetach(Fiber.interrupt(life.fiber!))
      yield* quiet
    })

  /** What happens to the call that was chosen. */
  const verdict = (life: Running): Effect.Effect<Verdict> =>
    Effect.gen(function* () {
      if (faults >= plan.faults || !dice.chance(plan.faultRate)) return "run"
      faults += 1
      const fault = dice.choose<Verdict | "pause" | "take over">([
        [3, "kill"],
        [3, "kill afterwards"],
        [2, "fail"],
        [2, "lose answer"],
        [1, "pause"],
        [3, "take over"]
      ])
      if (fault !== "pause" && fault !== "take over") return fault
      if (stage.inTransaction) return "run"
      life.pausedUntil = stage.steps + dice.between(5, 120)
      stage.trace.push(`${life.no} [${fault}]`)
      if (fault === "take over" && life === owner) yield* begin
      return "run"
    })

  let refusing = false
  const refusedAt = new Map<number, number>()
  /** Nothing has happened since the refusal: that is where the space stood. */
  const noteRefusals = Effect.gen(function* () {
    const rows = yield* sql<{ id: number; at: number }>`
      select o.id::float8 as id, greatest(c.pos, c.seq)::float8 as at from space_operations o, cursors c
      where o.space = ${spaceId} and c.reader = ${readerName(spaceId)} and o.code is not null`
    for (const { id, at } of rows) if (!refusedAt.has(id)) refusedAt.set(id, at)
  })

  const open = Effect.map(
    sql<{
      n: number
    }>`select count(*)::int as n from space_operations where space = ${spaceId} and finished_at is null`,
    (rows) => rows[0]!.n
  )
  const poke = () => {
    for (const wake of wakes) wake(false)
  }
  const plays = [...plan.steps]
  let bridges = 0
  const next = Effect.gen(function* () {
    const step = plays.shift()!
    stage.trace.push(step.kind)
    if (step.kind === "ask") return yield* asking.ask(step.operation)
    const messages: Array<object> = step.kind === "events" ? [...step.messages] : []
    for (let n = step.kind === "bridges" ? step.many : 0; n > 0; n--) {
      const bridge = yield* asking.bridge(bridges++)
      if (bridge !== undefined) messages.push(bridge)
    }
    for (const message of messages) log.append({ ...message }, source.no, dice.chance(0.2) ? dice.below(4) : 0)
    if (dice.chance(0.8)) log.release()
  })

  yield* begin
  while (problems.length === 0) {
    yield* quiet
    if (stage.steps > mostSteps) {
      problems.push("it does not come to an end")
      break
    }
    if (refusing && !stage.inTransaction) {
      refusing = false
      yield* noteRefusals
    }
    if (owner!.dead) {
      yield* end(owner!)
      yield* begin
      continue
    }
    if (stage.inTransaction || !stage.idle) {
      if (!stage.inTransaction && plays.length > 0 && dice.chance(0.04)) {
        yield* next
        if (dice.chance(0.5)) poke()
        continue
      }
      if (!stage.inTransaction && dice.chance(0.01) && stage.passTime()) continue
      const one = dice.pick(stage.ready())!
      const decided = yield* verdict(one.life as Running)
      // The process may have been paused just now.
      if (one.life.pausedUntil > stage.steps && !stage.inTransaction) continue
      stage.make(one, decided)
      if (one.label.includes("space_operations set finished_at = now(), code")) refusing = true
      continue
    }
    if (plays.length > 0 && dice.chance(0.7)) {
      yield* next
      continue
    }
    const waiting = yield* open
    if (waiting > 0) poke()
    const paused = lives.filter((life) => !life.over && life.pausedUntil > stage.steps)
    if (plays.length === 0 && waiting === 0 && owner!.status.settled() >= log.head) {
      if (paused.length === 0) break
      for (const life of paused) life.pausedUntil = 0
      continue
    }
    if (!stage.passTime()) {
      if (paused.length === 0) problems.push("everybody waits for ever")
      for (const life of paused) life.pausedUntil = 0
    }
  }
  for (const life of lives) if (!life.over) yield* end(life)
  yield* quiet
  return { plan, log, asking, refusedAt, trace: stage.trace, problems, faults } satisfies Played
})

/** Removes everything of the space. */
export const clear = Effect.fnUntraced(function* ({ spaceId }: Plan) {
  const { write: sql } = yield* Database
  const graph = yield* IdentityGraph
  const graphs = yield* sql<{ graph: string }>`select graph from space_graphs where space = ${spaceId}`
  const last = Number(graphs[0]?.graph.split(".")[1] ?? 1)
  for (let generation = 1; generation <= last + 1; generation++) yield* graph.drop(`${spaceId}.${generation}`)
  yield* sql.withTransaction(
    Effect.gen(function* () {
      yield* sql.unsafe(`drop schema if exists ${spaceSchema(spaceId)} cascade`)
      yield* sql`delete from space_graphs where space = ${spaceId}`
      yield* sql`delete from space_operations where space = ${spaceId}`
      yield* sql`delete from audit where space = ${spaceId}`
      yield* sql`delete from cursors where reader = ${readerName(spaceId)}`
    })
  )
})

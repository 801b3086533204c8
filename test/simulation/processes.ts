/**
 * The processes of a simulation: each runs the real actor of the space, or the real deletions, supervised as in a service, on
 * the stores behind the gate of the stage. What a process had in memory ends with it.
 */
import { Cause, Clock, Effect, Exit, Fiber, Layer, Logger } from "effect"
import { Settings } from "../../src/config.ts"
import type { IdentityGraph } from "../../src/identity/graph.ts"
import { LiveGraphs } from "../../src/identity/live-graphs.ts"
import { OperationWatch } from "../../src/identity/operations/operation-watch.ts"
import { runSpace, type SpaceStatus } from "../../src/identity/space-actor.ts"
import { SpaceActors } from "../../src/identity/space-actors.ts"
import { Database } from "../../src/platform/database.ts"
import type { Health } from "../../src/platform/health.ts"
import { makeDeletions } from "../../src/privacy/deletions.ts"
import type { MemoryLog } from "./memory-log.ts"
import type { Plan } from "./plan.ts"
import { CurrentLife, Injected, Killed, type Life, type Stage } from "./stage.ts"
import type { World } from "./world.ts"

export interface Running extends Life {
  readonly runs: "space" | "deletions"
  readonly status: SpaceStatus
  fiber: Fiber.Fiber<void> | undefined
  over: boolean
}

const mostFailures = 40
const silence = Logger.layer([])

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

export const makeProcesses = Effect.fnUntraced(function* (options: {
  readonly plan: Plan
  readonly stage: Stage
  readonly log: MemoryLog
  readonly world: World
}) {
  const { plan, stage, log, world } = options
  const context = yield* Effect.context<Database | Health | IdentityGraph>()
  const settings = yield* Settings
  const { write: sql } = yield* Database
  const wakes = new Set<(beside: boolean) => void>()
  /** What no process may end with. */
  const problems: Array<string> = []
  const lives: Array<Running> = []
  /** Those that were begun last. */
  const current: { space?: Running; deletions?: Running } = {}

  const services = Layer.mergeAll(
    Layer.fresh(LiveGraphs.layer),
    log.layer,
    log.history,
    world.layer,
    Layer.succeed(Settings, { ...settings, ...plan, dedupScope: "workspace" }),
    Layer.mock(SpaceActors, {
      progress: Effect.sync(() => {
        const position = current.space?.status.settled() ?? 0
        return [{ id: plan.spaceId, slug: "s", position, lag: 0, runsHere: true, process: null }]
      })
    }),
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

  /** As `deletionsLive`, until everything that was asked for is done. */
  const deletions = Effect.gen(function* () {
    const { start, round } = yield* makeDeletions(0)
    while (true) {
      yield* start
      yield* round
      const open = yield* sql`select 1 from regulations where status in ('INITIALIZED', 'RUNNING') limit 1`
      if (open.length === 0) return
      yield* Effect.sleep(1_000)
    }
  })

  const begin = (runs: Running["runs"]) =>
    Effect.suspend(() => {
      const life: Running = {
        no: lives.length + 1,
        runs,
        dead: false,
        pausedUntil: 0,
        status: { settled: () => 0 },
        fiber: undefined,
        over: false
      }
      lives.push(life)
      current[runs] = life
      const body =
        runs === "space"
          ? Effect.provide(runSpace(plan.spaceId, life.status), services)
          : Effect.provide(deletions, services)
      const supervised = Effect.gen(function* () {
        for (let failures = 1; ; failures++) {
          const exit = yield* Effect.exit(body)
          if (life.dead || Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause)) return
          const isFenced = lives.some((other) => other !== life && other.runs === "space")
          // Beside what is meant there may be what it made worse: a ledger hit whose rollback failed.
          const meant = exit.cause.reasons.some((reason) =>
            isMeant(
              Cause.isFailReason(reason) ? reason.error : Cause.isDieReason(reason) ? reason.defect : undefined,
              isFenced
            )
          )
          if (!meant) problems.push(`process ${life.no} failed: ${Cause.pretty(exit.cause)}`)
          if (current[runs] !== life) return
          if (failures === mostFailures) return void problems.push(`process ${life.no} fails again and again`)
          yield* Effect.sleep(200)
        }
      }).pipe(
        Effect.provide(context),
        Effect.ensuring(Effect.sync(() => (life.over = true))),
        Effect.provideService(CurrentLife, life),
        Effect.provide(silence),
        Effect.provideService(Clock.Clock, stage.clock)
      )
      return Effect.map(Effect.forkDetach(supervised), (fiber) => void (life.fiber = fiber))
    })

  const end = (life: Running) =>
    Effect.gen(function* () {
      stage.bury(life)
      yield* Effect.forkDetach(Fiber.interrupt(life.fiber!))
      yield* Effect.promise(() => stage.quiet())
    })

  return {
    lives,
    current,
    problems,
    begin,
    end,
    /** Says that operations wait. */
    poke: () => {
      for (const wake of wakes) wake(false)
    }
  }
})

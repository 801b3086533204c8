/**
 * Plays a plan: processes that run the real actor of the space, one after another or two at once, beside one that deletes
 * people, on a stage where the seed says what happens next.
 *
 * - Killed: the process is gone between two calls of a store, another one starts.
 * - Taken over: another one starts although the first lives; that is paused and goes on later, with whatever it had in hand.
 * - Failed: a call fails, before or after it took effect; the process starts over, as it does under supervision.
 */
import { Clock, Effect } from "effect"
import { IdentityGraph } from "../../src/identity/graph.ts"
import { spaceSchema, spaceTables, spaceTablesSince } from "../../src/identity/schema.ts"
import { makeSpaceStore } from "../../src/identity/space-store.ts"
import { Database } from "../../src/platform/database.ts"
import { createRegulation } from "../../src/workspace/manage-regulations.ts"
import { Asking } from "./asking.ts"
import { Dice } from "./dice.ts"
import { diaryOf } from "./diary.ts"
import type { Playing } from "./gated-stores.ts"
import { MemoryLog } from "./memory-log.ts"
import type { Plan, PlanStep } from "./plan.ts"
import { makeProcesses, type Running } from "./processes.ts"
import { brokenPromises } from "./promises.ts"
import { Stage, type Verdict } from "./stage.ts"
import { clear as clearWorld, World } from "./world.ts"

export interface Played {
  readonly plan: Plan
  readonly log: MemoryLog
  readonly asking: Asking
  readonly world: World
  /** Whom each regulation was about, by its id. */
  readonly deleted: ReadonlyMap<string, ReadonlyArray<string>>
  readonly trace: ReadonlyArray<string>
  readonly problems: ReadonlyArray<string>
  readonly faults: number
}

const start = Date.parse("2024-08-01T00:00:00.000Z")
const mostSteps = 6_000
const limits = { quota: 0, maxSuppressed: 1_000_000, delayMs: 0 }

export const play = Effect.fnUntraced(function* (plan: Plan, playing: Playing) {
  const { spaceId } = plan
  const database = yield* Database
  const { write: sql } = database
  const dice = new Dice(plan.seed ^ 0x5eed)
  const stage = new Stage(start)
  playing.stage = stage
  const log = new MemoryLog(stage, dice.between(1, 8))
  const world = new World(plan)
  const firstId = (plan.seed % 1_000_000) * 1000 + 1
  const asking = new Asking({ dice, spaceId, firstId, later: plan.later })
  const deleted = new Map<string, ReadonlyArray<string>>()

  const append = (message: object, source: number) =>
    log.append({ ...message }, source, dice.chance(0.2) ? dice.below(4) : 0)
  const accept = Effect.suspend(() => sql`update log_head set pos = ${log.head}::float8::bigint where log = 1`)
  for (const { source, message } of plan.before) append(message, source)

  const s = spaceSchema(spaceId)
  yield* sql.withTransaction(
    Effect.gen(function* () {
      const statements = [...spaceTables(s), ...spaceTablesSince(s), ...diaryOf(s)]
      yield* sql.unsafe(`do $do$ begin ${statements.join(";\n")}; end $do$`)
      yield* makeSpaceStore(database, spaceId).register(log.head)
      yield* world.make
      yield* world.connect({ ...plan.connected, late: false })
      yield* accept
      // Operations that a process asks for have numbers of their own.
      yield* sql`select setval(pg_get_serial_sequence('space_operations', 'id'), ${firstId + 499}::float8::bigint)`
    })
  )
  // Mostly the graph is there: the faults are for what comes after.
  if (dice.chance(0.9)) yield* (yield* IdentityGraph).open(`${spaceId}.1`)

  const { begin, current, end, lives, poke, problems } = yield* makeProcesses({ plan, stage, log, world })
  let faults = 0

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
      if (fault === "take over" && life === current.space) yield* begin("space")
      return "run"
    })

  /** What is not done yet. */
  const open = Effect.map(
    sql<{ operations: number; replays: number; deletions: number }>`
      select (select count(*) from space_operations where space = ${spaceId} and finished_at is null)::int as operations,
        (select count(*) from space_connections c left join space_replays r on r.id = c.replay
         where c.space = ${spaceId} and (not c.admitted or r.finished_at is null and r.id is not null))::int as replays,
        (select count(*) from regulations where status in ('INITIALIZED', 'RUNNING'))::int as deletions`,
    (rows) => rows[0]!
  )
  const isSettled = () => current.space!.status.settled() >= log.head

  const { transactional } = yield* IdentityGraph
  /** An operation was finished just now, or a batch committed that a graph elsewhere does not have yet. */
  let finishing = false
  const lookAtPromises = Effect.gen(function* () {
    finishing = false
    problems.push(...(yield* brokenPromises(spaceId, current.space!.status.settled())))
  })

  const plays = [...plan.steps]
  let bridges = 0
  const perform = Effect.fnUntraced(function* (step: PlanStep) {
    switch (step.kind) {
      case "ask":
        return yield* asking.ask(step.operation)
      case "events":
        for (const { message, source } of step.sent) append(message, source)
        break
      case "bridges":
        for (let n = step.many; n > 0; n--) {
          const bridge = yield* asking.bridge(bridges++)
          if (bridge !== undefined) append(bridge, step.source)
        }
        break
      case "connect":
        return yield* world.connect(step)
      case "disconnect": {
        const { replays } = yield* open
        const isBusy = replays > 0 || !isSettled()
        if (!isBusy || step.atOnce) yield* world.disconnect(step.source, log.head, isBusy)
        return
      }
      case "declare":
        return world.declare(step.rules)
      case "delete": {
        const userIds = yield* asking.people
        if (userIds.length === 0) return
        const regulation = { type: "DELETE_INTERNAL", source: null, userIds } as const
        const made = createRegulation(sql, "simulation", regulation, limits)
        deleted.set(yield* Effect.provideService(made, Clock.Clock, stage.clock), userIds)
        return
      }
    }
    yield* accept
    if (dice.chance(0.8)) log.release()
  })
  const next = Effect.gen(function* () {
    const step = plays.shift()!
    stage.trace.push(step.kind)
    world.tell()
    yield* perform(step)
  })

  yield* begin("space")
  while (problems.length === 0) {
    yield* Effect.promise(() => stage.quiet())
    if (stage.steps > mostSteps) {
      problems.push("it does not come to an end")
      break
    }
    if (!stage.inTransaction && (finishing || dice.chance(0.02))) yield* lookAtPromises
    const dead = lives.find((life) => life.dead && !life.over)
    if (dead !== undefined) {
      yield* end(dead)
      dead.over = true
      continue
    }
    if (current.space!.dead) {
      yield* begin("space")
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
      finishing ||=
        one.label.startsWith("update space_operations set finished_at = now() where id") ||
        (!transactional && one.label.startsWith("with c as (update cursors set pos"))
      continue
    }
    if (plays.length > 0 && dice.chance(0.7)) {
      yield* next
      continue
    }
    const { operations, replays, deletions } = yield* open
    if (deletions > 0 && current.deletions?.over !== false) {
      yield* begin("deletions")
      continue
    }
    if (operations > 0) poke()
    const paused = lives.filter((life) => !life.over && life.pausedUntil > stage.steps)
    if (plays.length === 0) world.tell()
    if (plays.length === 0 && operations + replays + deletions === 0 && isSettled()) {
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
  yield* Effect.promise(() => stage.quiet())
  return { plan, log, asking, world, deleted, trace: stage.trace, problems, faults } satisfies Played
})

/** Removes everything of the space. */
export const clear = Effect.fnUntraced(function* (plan: Plan) {
  const { spaceId } = plan
  const { write: sql } = yield* Database
  const graph = yield* IdentityGraph
  const graphs = yield* sql<{ graph: string }>`select graph from space_graphs where space = ${spaceId}`
  const last = Number(graphs[0]?.graph.split(".")[1] ?? 1)
  for (let generation = 1; generation <= last + 1; generation++) yield* graph.drop(`${spaceId}.${generation}`)
  yield* clearWorld(plan)
})

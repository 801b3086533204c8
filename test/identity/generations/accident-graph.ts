/** A graph that fails, or holds who fills a generation, where a test says; and rebuilds that are held by it. */
import { Deferred, Effect, Layer, Schedule } from "effect"
import { markCancelled } from "../../../src/identity/generations/cancel.ts"
import { graphOfGeneration } from "../../../src/identity/generations/generation.ts"
import { type GraphId, IdentityGraph } from "../../../src/identity/graph.ts"
import { LiveGraphs } from "../../../src/identity/live-graphs.ts"
import { Database } from "../../../src/platform/database.ts"
import { Rig } from "../../support/space.ts"
import { asked, ended } from "./support.ts"

type Step = "open" | "load" | "apply" | "issued"

/** What calls for a graph that is being filled meet: who waits at a gate, and at which call the process fails, once. */
export const aside = {
  graphId: "" as GraphId,
  gate: undefined as Deferred.Deferred<void> | undefined,
  waits: false,
  failsAt: undefined as Step | undefined
}

/** Fails instead when it is its turn. */
const fragile = <A, E2>(step: Step, graphId: GraphId, call: Effect.Effect<A, E2>) =>
  Effect.suspend(() => {
    if (graphId !== aside.graphId || aside.failsAt !== step) return call
    aside.failsAt = undefined
    return Effect.die(new Error("an accident"))
  })

export const accident = <E>(graph: Layer.Layer<IdentityGraph, E, Database>) =>
  Layer.effect(
    IdentityGraph,
    Effect.map(IdentityGraph, (real) => {
      return {
        ...real,
        open: (graphId) => fragile("open", graphId, real.open(graphId)),
        load: (graphId, request) => fragile("load", graphId, real.load(graphId, request)),
        apply: (graphId, from, mutations) => fragile("apply", graphId, real.apply(graphId, from, mutations)),
        // Asked once what came before is filled.
        issued: (graphId, ids) =>
          Effect.suspend(() => {
            if (graphId !== aside.graphId || aside.gate === undefined)
              return fragile("issued", graphId, real.issued(graphId, ids))
            aside.waits = true
            return Effect.andThen(Deferred.await(aside.gate), real.issued(graphId, ids))
          })
      } satisfies typeof real
    })
  ).pipe(Layer.provide(graph))

const previousGraph = Effect.gen(function* () {
  const { space } = yield* Rig
  const { write: sql } = yield* Database
  const [row] = yield* sql<{
    generation: number
  }>`select generation from space_generations where space = ${space.id} and role = 'previous'`
  return graphOfGeneration(space.id, row!.generation)
})

/** Asks for the rebuild and holds it when it has caught up with what was there; the effect that it answers lets it go on to its end. */
export const held = Effect.fnUntraced(function* (runId: string | null) {
  const { space } = yield* Rig
  const graphs = yield* LiveGraphs
  // What it read last may be from when a cancelled rebuild was not yet gone.
  yield* graphs.refresh
  aside.graphId = runId === null ? yield* previousGraph : graphs.nextOf(space.id)
  aside.waits = false
  const gate = (aside.gate = yield* Deferred.make<void>())
  const id = yield* asked(runId)
  yield* Effect.sync(() => aside.waits).pipe(
    Effect.repeat({ schedule: Schedule.spaced("10 millis"), until: (it) => it })
  )
  const goOn = Effect.gen(function* () {
    aside.gate = undefined
    yield* Deferred.succeed(gate, undefined)
    return yield* ended(id)
  })
  return { id, goOn }
})

export const cancel = Effect.fnUntraced(function* (id: number) {
  const { space } = yield* Rig
  return yield* markCancelled(yield* Database, { spaceId: space.id, id, actor: "test", reason: "other rules" })
})

/**
 * The journal tells operations word for word: a graph that is built again from it, after random events and operations, is the
 * graph there was (INV-7, IDR-155); and so is the whole space when its history is resolved again under rules that decide alike, with the
 * operations repeated by what they were about. What is done in one space is done in no other (INV-17).
 */
import { layer } from "@effect/vitest"
import { Effect, Layer, Schedule } from "effect"
import * as fc from "fast-check"
import { assert, describe } from "vitest"
import { neo4jGraphOn } from "../../../src/identity/graph-neo4j.ts"
import { postgresGraph } from "../../../src/identity/graph-postgres.ts"
import { type GraphId, IdentityGraph } from "../../../src/identity/graph.ts"
import { LiveGraphs } from "../../../src/identity/live-graphs.ts"
import { Database } from "../../../src/platform/database.ts"
import { defaultRules } from "../../../src/workspace/rules-document.ts"
import { pictureOf } from "../../support/graph-picture.ts"
import { runNeo4j, testNeo4j } from "../../support/neo4j.ts"
import { Rig, rig, type ShortMessage } from "../../support/space.ts"
import { everything, planned, rebuilt as resolvedAgain } from "../generations/support.ts"
import { ask } from "./support.ts"

const seed = Number(process.env["BRAID_TEST_SEED"] ?? Date.now() % 1_000_000)

/** Builds the graph again as a person asks for it, and waits until the new one is in force. */
const rebuilt = Effect.gen(function* () {
  const { space } = yield* Rig
  const { write: sql } = yield* Database
  const [row] = yield* sql<{ id: number }>`
    insert into space_operations (space, kind) values (${space.id}, 'rebuild') returning id::float8 as id`
  const [done] = yield* sql<{ error: string | null }>`
    select error from space_operations where id = ${row!.id}::float8::bigint and finished_at is not null`.pipe(
    Effect.repeat({ schedule: Schedule.spaced("20 millis"), until: (rows) => rows.length > 0 })
  )
  assert.isNull(done!.error)
})

type Kind = "delete" | "split" | "undo" | "revert" | "lift" | "rules"
type Step =
  | { readonly event: ShortMessage }
  | { readonly kind: Kind; readonly pick: number; readonly keepApart: boolean }

const event: fc.Arbitrary<Step> = fc
  .record({
    user: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
    device: fc.integer({ min: 1, max: 4 }),
    email: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
    group: fc.option(fc.integer({ min: 1, max: 2 }), { nil: undefined })
  })
  .map(({ user, device, email, group }) => ({
    event: {
      type: group === undefined ? "identify" : "group",
      anonymousId: `d${device}`,
      ...(user === undefined ? {} : { userId: `u${user}` }),
      ...(email === undefined ? {} : { context: { traits: { email: `e${email}@x.io` } } }),
      ...(group === undefined ? {} : { groupId: `g${group}` })
    }
  }))
const operation: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom<Kind>("delete", "split", "undo", "revert", "lift", "rules"),
  pick: fc.nat(1000),
  keepApart: fc.boolean()
})
const steps = fc.array(fc.oneof({ weight: 3, arbitrary: event }, { weight: 2, arbitrary: operation }), {
  minLength: 10,
  maxLength: 24
})

/** Without the version of the rules that merges name. */
const anyRules = (picture: unknown) => JSON.stringify(picture, (key, value) => (key === "rulesVersion" ? 0 : value), 1)

const rules = { ...defaultRules, identifiers: defaultRules.identifiers.map((row) => ({ ...row, limit: 50 })) }

/** One operation on whatever there is; whether it was refused does not matter here. */
const operate = Effect.fnUntraced(function* (
  { kind, pick, keepApart }: Extract<Step, { kind: Kind }>,
  splits: Array<string>
) {
  const { space } = yield* Rig
  const graph = yield* IdentityGraph
  const graphId = (yield* LiveGraphs).graphOf(space.id)
  const identifiers = yield* graph.walk(graphId, "users", null, 100)
  if (identifiers.length === 0) return
  const one = identifiers[pick % identifiers.length]!
  const own = identifiers.filter(({ no }) => no === one.no)
  const user = own.find(({ type }) => type === "user_id")
  switch (kind) {
    case "delete":
      if (user === undefined) return
      yield* ask("delete_identifier", { userId: user.value, identifier: { type: one.type, id: one.value } })
      return
    case "split": {
      const moved = own.filter((_, i) => (pick >> i) % 2 === 0).map(({ type, value }) => ({ type, id: value }))
      splits.push((yield* ask("split", { profile: one.segmentId, identifiers: moved, keepApart })).auditId)
      return
    }
    case "undo": {
      const [merges = []] = yield* graph.merges(graphId, [one.no])
      if (merges.length === 0) return
      const mergeId = merges[pick % merges.length]!.id
      splits.push((yield* ask("undo_merge", { mergeId, also: [], keepApart })).auditId)
      return
    }
    case "revert":
      if (splits.length > 0) yield* ask("revert_split", { auditId: splits.pop()! })
      return
    case "lift": {
      const [apart = []] = yield* graph.separations(graphId, [one.no])
      if (apart.length > 0)
        yield* ask("lift_separation", { a: one.segmentId, b: apart[pick % apart.length]!.segmentId })
      return
    }
    case "rules":
      // No value here is junk: these rules decide alike.
      yield* ask("save_rules", { rules: { ...rules, blockJunk: pick % 2 === 0 }, expectedVersion: pick % 3 })
  }
})

const suite = <E>(adapter: string, graph: Layer.Layer<IdentityGraph, E, Database>, runs: number) =>
  layer(rig(graph), { excludeTestServices: true, timeout: "60 seconds" })(
    `operations in the journal, ${adapter}`,
    (it) => {
      it.effect(
        `INV-7, INV-17, IDR-155: built again from the journal the graph is the same; no other space changes, seed ${seed}`,
        () =>
          Effect.gen(function* () {
            const { enter, send, settled } = yield* Rig
            const graphs = yield* LiveGraphs
            let other: { readonly graphId: GraphId; readonly was: unknown } | undefined
            let operations = 0
            for (const run of fc.sample(steps, { numRuns: runs, seed })) {
              const space = yield* enter(rules)
              const splits: Array<string> = []
              for (const step of run) {
                if ("event" in step) yield* send([step.event])
                else {
                  yield* settled
                  const done = yield* Effect.option(operate(step, splits))
                  if (done._tag === "Some") operations++
                }
              }
              yield* settled
              const before = yield* pictureOf(graphs.graphOf(space.id))
              const old = graphs.graphOf(space.id)
              yield* rebuilt
              assert.notStrictEqual(graphs.graphOf(space.id), old)
              assert.deepStrictEqual(yield* pictureOf(graphs.graphOf(space.id)), before)
              const was = yield* everything
              const again = yield* resolvedAgain(yield* planned(rules))
              assert.isNull(again.error)
              assert.deepInclude(again.answer!.operations!, { unneeded: 0, skipped: 0, list: [] })
              assert.deepStrictEqual(anyRules(yield* pictureOf(graphs.graphOf(space.id))), anyRules(before))
              const { stamps, traits, violations, told } = yield* everything
              assert.deepStrictEqual(
                { stamps, traits, violations },
                { stamps: was.stamps, traits: was.traits, violations: was.violations }
              )
              assert.deepStrictEqual(told, was.told)
              if (other !== undefined) assert.deepStrictEqual(yield* pictureOf(other.graphId), other.was)
              other = { graphId: graphs.graphOf(space.id), was: yield* pictureOf(graphs.graphOf(space.id)) }
            }
            assert.isAbove(operations, runs)
          }),
        240_000
      )
    }
  )

suite("the Postgres graph", postgresGraph, 8)

const neo4j = await runNeo4j()
describe.skipIf(neo4j === undefined)("with Neo4j", () => {
  const address = neo4j ?? { url: "bolt://127.0.0.1:1", user: "", password: "" }
  suite("the Neo4j graph", neo4jGraphOn.pipe(Layer.provide(testNeo4j(address))), 3)
})

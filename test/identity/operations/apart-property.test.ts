/**
 * Random events with un-merges, splits, their reversal and deletions in between, on both graphs; after each operation the
 * stores must agree with what the events say (INV-2, INV-14, INV-15, INV-16, INV-20, IDR-202).
 */
import { layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as fc from "fast-check"
import { assert, describe } from "vitest"
import type { Message } from "../../../src/event/message.ts"
import { neo4jGraphOn } from "../../../src/identity/graph-neo4j.ts"
import { postgresGraph } from "../../../src/identity/graph-postgres.ts"
import { type FoundProfile, IdentityGraph } from "../../../src/identity/graph.ts"
import { LiveGraphs } from "../../../src/identity/live-graphs.ts"
import type { ProfileNo } from "../../../src/identity/model.ts"
import { OperationRefused } from "../../../src/identity/operations/operation.ts"
import { spaceSchema } from "../../../src/identity/schema.ts"
import { decodeTraits, mergeTraits } from "../../../src/identity/traits.ts"
import { EventLog } from "../../../src/log/event-log.ts"
import { Database } from "../../../src/platform/database.ts"
import { defaultRules } from "../../../src/workspace/rules-document.ts"
import { runNeo4j, testNeo4j } from "../../support/neo4j.ts"
import { Rig, rig, type ShortMessage } from "../../support/space.ts"
import { ask } from "./support.ts"

const seed = Number(process.env["BRAID_TEST_SEED"] ?? Date.now() % 1_000_000)

type Step =
  | { readonly kind: "events"; readonly messages: ReadonlyArray<ShortMessage> }
  | {
      readonly kind: "undo" | "split" | "revert" | "delete"
      readonly pick: number
      readonly some: number
      readonly keepApart: boolean
    }

const messages: fc.Arbitrary<ShortMessage> = fc
  .record({
    type: fc.constantFrom("identify", "identify", "group", "track"),
    user: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
    device: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
    email: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
    group: fc.integer({ min: 1, max: 2 }),
    plan: fc.option(fc.constantFrom("a", "b", null), { nil: undefined }),
    size: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
    ago: fc.integer({ min: 0, max: 50 })
  })
  .map(({ type, user, device, email, group, plan, size, ago }) =>
    JSON.parse(
      JSON.stringify({
        type,
        userId: user && `u${user}`,
        anonymousId: device && `d${device}`,
        traits: { plan, size, ...(type === "identify" && email ? { email: `e${email}@x.io` } : {}) },
        ...(type === "group" ? { groupId: `g${group}` } : {}),
        ...(type === "track" ? { event: "X", traits: undefined } : {}),
        timestamp: new Date(1_700_000_000_000 + ago * 1000).toISOString()
      })
    )
  )

const steps: fc.Arbitrary<ReadonlyArray<Step>> = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc
        .array(messages, { minLength: 1, maxLength: 6 })
        .map((list) => ({ kind: "events" as const, messages: list }))
    },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constantFrom("undo", "undo", "split", "split", "revert", "delete"),
        pick: fc.nat(1000),
        some: fc.nat(1000),
        keepApart: fc.boolean()
      })
    }
  ),
  { minLength: 6, maxLength: 14 }
) as fc.Arbitrary<ReadonlyArray<Step>>

/** Limits that do not bind: what is joined and taken apart is what counts. */
const rules = {
  ...defaultRules,
  identifiers: defaultRules.identifiers.map((row) => ({ ...row, limit: 50 }))
}

const decoder = new TextDecoder()

/** Everything of the space that operations may touch, and what the events say it should be. */
const check = Effect.gen(function* () {
  const { space } = yield* Rig
  const graph = yield* IdentityGraph
  const log = yield* EventLog
  const { write: sql } = yield* Database
  const graphId = (yield* LiveGraphs).graphOf(space.id)
  const s = spaceSchema(space.id)
  const stamps = yield* sql.unsafe<{
    pos: number
    seq: number
    profile: number | null
    account: number | null
    t: number
  }>(
    `select pos::float8 as pos, coalesce(seq, pos)::float8 as seq, profile::float8 as profile, account::float8 as account,
       (extract(epoch from t) * 1000)::float8 as t from ${s}.stamps order by 2`
  )
  const bodies = new Map(
    (yield* log.at(stamps.map(({ pos }) => pos))).map((event) => [
      event.position,
      JSON.parse(decoder.decode(event.body)) as Message
    ])
  )
  const docs = yield* sql.unsafe<{ profile: number; doc: string }>(
    `select profile::float8 as profile, doc from ${s}.traits`
  )
  const found = new Map<ProfileNo, FoundProfile>()
  for (const collection of ["users", "accounts"] as const) {
    const column = collection === "users" ? "profile" : "account"
    const nos = [...new Set(stamps.map((row) => row[column]).filter((no) => no !== null))]
    const profiles = yield* graph.find(
      graphId,
      collection,
      nos.map((no) => ({ no }))
    )
    profiles.forEach((profile, i) => {
      assert.isNotNull(profile)
      found.set(nos[i]!, profile!)
    })
    const canonical = [...new Map(profiles.map((profile) => [profile!.no, profile!])).values()]
    const ids = yield* graph.externalIds(
      graphId,
      canonical.map(({ no }) => no)
    )
    for (const [i, profile] of canonical.entries()) {
      assert.isAbove(ids[i]!.length, 0, "INV-20: a profile without identifiers")
      const members = new Set(profile.members.map(({ no }) => no))
      const own = stamps.filter((row) => members.has(row[column] ?? -1))
      const expected = new Map<string, readonly [unknown, number, number]>()
      for (const { pos, seq, t } of own) {
        const { type, traits } = bodies.get(pos)!
        if ((collection === "accounts") !== (type === "group")) continue
        for (const [key, value] of Object.entries(traits ?? {})) {
          const known = expected.get(key)
          if (known === undefined || t > known[1] || (t === known[1] && seq > known[2]))
            expected.set(key, [value, t, seq])
        }
      }
      const newest = Object.fromEntries(
        [...expected].flatMap(([key, [value]]) => (value === null ? [] : [[key, value]]))
      )
      const stored = mergeTraits(docs.filter((row) => members.has(row.profile)).map(({ doc }) => decodeTraits(doc)))
      assert.deepStrictEqual(
        Object.fromEntries([...stored].map(([key, { value }]) => [key, value]).sort()),
        Object.fromEntries(Object.entries(newest).sort()),
        `INV-15: traits of ${profile.segmentId}`
      )
    }
  }
  // IDR-202: each side has the links that its group calls state.
  const stated = new Map<ProfileNo, Map<ProfileNo, number>>()
  for (const { pos, profile, account, t } of stamps) {
    if (bodies.get(pos)!.type !== "group" || profile === null || account === null) continue
    const [user, other] = [found.get(profile)!.no, found.get(account)!.no]
    const own = stated.get(user) ?? new Map<ProfileNo, number>()
    own.set(other, Math.min(own.get(other) ?? t, t))
    stated.set(user, own)
  }
  const users = [...new Set([...found.values()].map(({ no }) => no))].filter((no) => no % 2 === 0)
  const pages = yield* graph.links(
    graphId,
    users.map((profile) => ({ profile, after: null, limit: 100 }))
  )
  for (const [i, user] of users.entries())
    assert.deepStrictEqual(
      new Map(pages[i]!.links.map(({ no, createdAt }) => [no, createdAt] as const).sort()),
      new Map([...(stated.get(user) ?? [])].sort()),
      `links of ${user}`
    )
  return { graph, graphId, users }
})

/** The answer, or undefined when the operation was refused for a good reason. */
const tried = <A, E extends { readonly _tag: string }, R>(effect: Effect.Effect<A, E | OperationRefused, R>) =>
  Effect.matchEffect(effect, {
    onSuccess: (answer): Effect.Effect<A | undefined, E> => Effect.succeed(answer),
    onFailure: (error) => {
      if (!(error instanceof OperationRefused)) return Effect.fail(error)
      assert.include(["EMPTY_SPLIT", "CONFLICT"], error.code, error.message)
      return Effect.undefined
    }
  })

const suite = <E>(adapter: string, graph: Layer.Layer<IdentityGraph, E, Database>, runs: number) =>
  layer(rig(graph), { excludeTestServices: true, timeout: "60 seconds" })(
    `taken apart at random on ${adapter}`,
    (it) => {
      it.effect(
        `INV-14, INV-15, INV-16, INV-20, IDR-202: stores agree with the events after any operation, seed ${seed}`,
        () =>
          Effect.gen(function* () {
            let done = 0
            for (const run of fc.sample(steps, { numRuns: runs, seed })) {
              const { enter, send, settled } = yield* Rig
              yield* enter(rules)
              yield* send([{ userId: "u1", anonymousId: "d1" }])
              yield* settled
              const undone: Array<string> = []
              for (const step of run) {
                if (step.kind === "events") {
                  yield* send(step.messages)
                  yield* settled
                } else {
                  const { graph, graphId, users } = yield* check
                  const no = users[step.pick % users.length]!
                  const [profile] = yield* graph.find(graphId, "users", [{ no }])
                  const [ids] = yield* graph.externalIds(graphId, [no])
                  const some = ids!
                    .filter((_, i) => ((step.some >> i) & 1) === 1)
                    .map(({ type, value }) => ({ type, id: value }))
                  const reason = { keepApart: step.keepApart }
                  if (step.kind === "undo") {
                    const merges = (yield* graph.merges(graphId, users)).flat()
                    const merge = merges[step.pick % Math.max(merges.length, 1)]
                    if (merge === undefined) continue
                    const also =
                      step.some % 3 === 0 ? some.filter(() => profile!.members.some(({ no }) => no === merge.into)) : []
                    const answer = yield* tried(ask("undo_merge", { mergeId: merge.id, also, ...reason }))
                    if (answer !== undefined) undone.push(answer.auditId)
                  } else if (step.kind === "split") {
                    const answer = yield* tried(
                      ask("split", { profile: profile!.segmentId, identifiers: some, ...reason })
                    )
                    if (answer !== undefined) undone.push(answer.auditId)
                  } else if (step.kind === "revert") {
                    const auditId = undone[step.pick % Math.max(undone.length, 1)]
                    if (auditId !== undefined) yield* tried(ask("revert_split", { auditId }))
                  } else {
                    const user = ids!.find(({ type }) => type === "user_id")
                    const other = ids!.find((id) => id !== user)
                    if (user !== undefined && other !== undefined)
                      yield* ask("delete_identifier", {
                        userId: user.value,
                        identifier: { type: other.type, id: other.value }
                      })
                  }
                  done += 1
                }
                const { graph, graphId, users } = yield* check
                const separations = yield* graph.separations(graphId, users)
                for (const [i, list] of separations.entries())
                  for (const { no } of list) assert.notStrictEqual(no, users[i], "INV-16")
              }
            }
            assert.isAbove(done, runs)
          }),
        240_000
      )
    }
  )

suite("the Postgres graph", postgresGraph, 12)

const neo4j = await runNeo4j()
describe.skipIf(neo4j === undefined)("with Neo4j", () => {
  const address = neo4j ?? { url: "bolt://127.0.0.1:1", user: "", password: "" }
  suite("the Neo4j graph", neo4jGraphOn.pipe(Layer.provide(testNeo4j(address))), 2)
})

/** Explain on the real stores, with each graph: it writes nothing (INV-18), and the service then does what it said (IDR-181). */
import { layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as fc from "fast-check"
import { assert, describe, expect } from "vitest"
import { History } from "../../src/archive/history.ts"
import { makeExplain } from "../../src/identity/explain/service.ts"
import type { Explanation } from "../../src/identity/explain/steps.ts"
import { neo4jGraphOn } from "../../src/identity/graph-neo4j.ts"
import { postgresGraph } from "../../src/identity/graph-postgres.ts"
import type { IdentityGraph } from "../../src/identity/graph.ts"
import { LiveGraphs } from "../../src/identity/live-graphs.ts"
import { Database } from "../../src/platform/database.ts"
import { Neo4j } from "../../src/platform/neo4j.ts"
import { defaultRules } from "../../src/workspace/rules-document.ts"
import { runNeo4j, testNeo4j } from "../support/neo4j.ts"
import { message, Rig, rig, type ShortMessage } from "../support/space.ts"
import { steadyRun } from "./support/generators.ts"
import { rulesWith } from "./support/rules.ts"
import { eventsOf } from "./support/run.ts"

const explaining = Effect.flatMap(History, makeExplain)

/** Every row of every table that is not about who is alive, as one text. */
const dumpTables = Effect.gen(function* () {
  const { write: sql } = yield* Database
  const tables = yield* sql<{ s: string; t: string }>`
    select table_schema as s, table_name as t from information_schema.tables
    where table_schema not in ('pg_catalog', 'information_schema') and table_type = 'BASE TABLE'
      and table_name not like 'cluster\_%' order by 1, 2`
  const parts: Array<string> = []
  for (const { s, t } of tables) {
    const rows = yield* sql.unsafe<{ r: string }>(`select x::text as r from "${s}"."${t}" x order by 1`)
    parts.push(`${s}.${t}`, ...rows.map(({ r }) => r))
  }
  return parts.join("\n")
})

const send = (...messages: ReadonlyArray<ShortMessage>) =>
  Effect.gen(function* () {
    const rig = yield* Rig
    yield* rig.send(messages)
    yield* rig.settled
  })

/** What the numbers of resolution and of records are is not foretold. */
const comparable = ({ record }: Pick<Explanation, "record">) => {
  const { resolution_seq: _, violations, successes, ...rest } = record as Record<string, unknown>
  return { ...rest, violations: (violations as []).length, successes: (successes as []).length }
}

const jane = { userId: "abc123", traits: { email: "jane@example1.com" } }
const other = { ...jane, userId: "abc456" }

const suite = <E>(
  adapter: string,
  graph: Layer.Layer<IdentityGraph, E, Database>,
  dumpGraph: (graphId: string) => Effect.Effect<string, unknown>
) =>
  layer(rig(graph, { settings: { dedupScope: "source" } }), { excludeTestServices: true, timeout: "60 seconds" })(
    `explain on ${adapter}`,
    (it) => {
      it.effect("INV-18, AC2-13, AC2-14: nothing changes, and resolution then agrees", () =>
        Effect.gen(function* () {
          const { space, settled } = yield* Rig
          const explain = yield* explaining
          yield* settled
          yield* send(
            { type: "identify", messageId: "w3-0", ...jane },
            { type: "group", messageId: "w3-g", userId: "abc123", groupId: "g1", traits: { name: "Initech" } }
          )
          const w3 = message({ type: "identify", messageId: "w3-1", ...other })
          const dump = Effect.gen(function* () {
            const graphId = (yield* LiveGraphs).graphOf(space.id)
            return `${yield* dumpTables}\n${yield* dumpGraph(graphId)}`
          })
          // An idle space moves its cursor over the events of others; this lets that happen first.
          yield* settled
          const before = yield* dump
          const said = yield* explain.dryRun(space.id, w3)
          const adds = {
            context: { externalIds: [{ id: "p1", type: "phone", collection: "users", encoding: "none" }] }
          }
          const added = yield* explain.dryRun(space.id, message({ userId: "abc123", ...adds }))
          const withLimit2 = yield* explain.dryRun(space.id, w3, rulesWith({ types: { user_id: { limit: 2 } } }))
          const past = yield* explain.ofMessage(space.id, "w3-0")
          const verdict = yield* explain.whyNotMerged(
            space.id,
            { type: "user_id", value: "abc123" },
            { type: "user_id", value: "abc456" }
          )
          assert.strictEqual(yield* dump, before, "INV-18")

          expect(said).toMatchObject({ action: "create", dryRun: true, assumptions: [] })
          expect(said.steps.filter(({ kind }) => kind === "BREACH" || kind === "DEMOTE")).toMatchObject([
            { data: { breach: { type: "user_id", count: 2, limit: 1 } } },
            { data: { identifier: { type: "email", id: "jane@example1.com" } } }
          ])
          expect(added.steps.some(({ kind }) => kind === "AUTO_ADD")).toBe(true)
          expect(withLimit2).toMatchObject({ action: "add", profile: { segmentId: past!.profile!.segmentId } })
          expect(past).toMatchObject({ action: "create", dryRun: false })
          expect(verdict).toMatchObject({ sameProfile: false, reason: "UNKNOWN_IDENTIFIER" })
          expect(verdict.text).toContain("the profile would have 2 user_id, and the limit is 1 ever")

          yield* send(w3)
          assert.notStrictEqual(yield* dump, before, "the dump sees what resolution does")
          const done = yield* explain.ofMessage(space.id, "w3-1")
          assert.deepStrictEqual(comparable(done!), comparable(said))
          assert.strictEqual(done!.profile!.segmentId, said.profile!.segmentId)
          const again = yield* explain.dryRun(space.id, w3)
          expect(again).toMatchObject({ action: "dropped", record: { dropped: "ledger_duplicate" } })
          const refused = yield* explain.whyNotMerged(
            space.id,
            { type: "user_id", value: "abc456" },
            { type: "email", value: "jane@example1.com" }
          )
          expect(refused).toMatchObject({ reason: "LIMIT", records: [{ messageId: "w3-1", breach: { count: 2 } }] })
          const same = yield* explain.whyNotMerged(
            space.id,
            { type: "user_id", value: "abc123" },
            { type: "email", value: "jane@example1.com" }
          )
          expect(same).toMatchObject({ sameProfile: true, reason: "SAME_PROFILE" })
        })
      )

      it.effect("IDR-181: random events are resolved as explained", () =>
        Effect.gen(function* () {
          const rig = yield* Rig
          const explain = yield* explaining
          const seed = Number(process.env["BRAID_TEST_SEED"] ?? Date.now() % 1_000_000)
          for (const run of fc.sample(steadyRun(14), { numRuns: 8, seed })) {
            const { id } = yield* rig.enter(run.rules)
            yield* Effect.repeat(Effect.exit(explain.dryRun(id, eventsOf(run)[0])), {
              until: (exit) => exit._tag === "Success"
            })
            for (const event of eventsOf(run)) {
              const said = yield* explain.dryRun(id, event)
              yield* send(event as ShortMessage)
              if (said.action === "dropped") continue
              const done = yield* explain.ofMessage(id, event.messageId)
              assert.isNotNull(done, `seed ${seed}: ${event.messageId}`)
              const { linked, ...rest } = comparable(said) as Record<string, unknown>
              const { linked: was, ...others } = comparable(done!) as Record<string, unknown>
              // A link that was known is said, but not written again (IDR-104).
              if (linked === was) assert.deepStrictEqual(others, rest, `seed ${seed}`)
              assert.deepStrictEqual(
                [done!.profile?.segmentId, done!.account?.segmentId],
                [said.profile?.segmentId, said.account?.segmentId]
              )
            }
          }
        })
      )

      it.effect("IDR-182: past events: decided, landed, unresolved, dropped, unknown; many at once", () =>
        Effect.gen(function* () {
          const rig = yield* Rig
          const { id } = yield* rig.enter(defaultRules)
          const explain = yield* explaining
          yield* send(
            { type: "identify", messageId: "p-0", userId: "u1", anonymousId: "a1", traits: { plan: "pro" } },
            { messageId: "p-1", event: "Bought", userId: "u1", anonymousId: "a1" },
            { messageId: "p-2", event: "Bought", userId: "null" },
            { type: "group", messageId: "p-3", userId: "u1", groupId: " " }
          )
          const of = (messageId: string) => explain.ofMessage(id, messageId)
          const [first, landed, unresolved, dropped] = [
            yield* of("p-0"),
            yield* of("p-1"),
            yield* of("p-2"),
            yield* of("p-3")
          ]
          const segmentId = first!.profile!.segmentId
          expect(first).toMatchObject({
            action: "create",
            summary: `The event created the profile ${segmentId} with user_id:u1 and anonymous_id:a1.`
          })
          expect(landed).toMatchObject({
            action: "none",
            profile: { segmentId, created: false },
            violations: [],
            successes: []
          })
          expect(landed!.steps.map(({ kind }) => kind)).toEqual([
            "DROP_CHECK",
            "EXTRACT",
            "EXTRACT",
            "RANK",
            "LOOKUP",
            "LOOKUP",
            "CANDIDATE",
            "LIMIT_CHECK",
            "DECIDE",
            "WOULD_WRITE"
          ])
          expect(landed!.record).toMatchObject({ users: { action: "none", segment_id: segmentId, not_promoted: [] } })
          expect(unresolved).toMatchObject({ action: "unresolved", profile: null })
          expect(unresolved!.violations.map(({ kind }) => kind)).toEqual([
            "ID value blocked",
            "No matching identifiers on event"
          ])
          expect(dropped).toMatchObject({ action: "dropped", record: { dropped: "group_id_empty" } })
          expect(yield* of("p-9")).toBeNull()
        })
      )

      it.effect("IDR-182: what retention has dropped from the log is read from the archive", () =>
        Effect.gen(function* () {
          const rig = yield* Rig
          const { id } = yield* rig.enter(defaultRules)
          const explain = yield* explaining
          yield* send(
            { type: "identify", messageId: "old-0", userId: "u1", anonymousId: "a1" },
            { messageId: "old-1", event: "Bought", userId: "u1", anonymousId: "a1" },
            { type: "group", messageId: "old-2", userId: "u1", groupId: " " }
          )
          const ids = ["old-0", "old-1", "old-2"]
          const before = yield* Effect.forEach(ids, (messageId) => explain.ofMessage(id, messageId))
          yield* rig.forgetLog
          expect(yield* Effect.forEach(ids, (messageId) => explain.ofMessage(id, messageId))).toEqual(before)
          expect(before.map((each) => each!.action)).toEqual(["create", "none", "dropped"])
          expect(JSON.stringify(before[1]!.steps)).toContain("a1")
        })
      )

      it.effect("IDR-182: placeholders and suppositions are named; what the Tracking API discards is dropped", () =>
        Effect.gen(function* () {
          const rig = yield* Rig
          const { id, sources } = yield* rig.enter(defaultRules)
          const explain = yield* explaining
          yield* Effect.repeat(Effect.exit(explain.dryRun(id, { type: "track" })), {
            until: (exit) => exit._tag === "Success"
          })
          const raw = yield* explain.dryRun(id, { type: "identify", userId: "u1", traits: { email: " A@X.io" } })
          expect(raw.action).toBe("create")
          expect(raw.assumptions).toHaveLength(3)
          expect(raw.summary).toContain("with user_id:u1 and email:a@x.io")
          const given = {
            type: "page",
            messageId: "m-1",
            receivedAt: "2026-01-02T03:04:05.000Z",
            timestamp: "2026-01-02T03:04:05Z",
            anonymousId: "a1"
          }
          const said = yield* explain.dryRun(id, given)
          expect(said.assumptions).toEqual([])
          yield* send({ ...given, timestamp: given.receivedAt, originalTimestamp: given.receivedAt } as ShortMessage)
          expect((yield* explain.ofMessage(id, "m-1"))!.profile!.segmentId).toBe(said.profile!.segmentId)
          const discarded = yield* explain.dryRun(id, { type: "track", event: "Bought" })
          expect(discarded).toMatchObject({ action: "dropped", record: { dropped: "no_user_anon_id" } })
          const strange = yield* Effect.flip(explain.dryRun(id, { ...given, pad: "x".repeat(33_000) }))
          expect(strange).toMatchObject({ code: "VALIDATION_FAILED", message: "The event is larger than 32768 bytes." })
          expect(yield* Effect.flip(explain.dryRun(id, { userId: "u1" }))).toMatchObject({ code: "VALIDATION_FAILED" })
          expect(yield* Effect.flip(explain.dryRun(id, given, { identifiers: [{ type: "Phone" }] }))).toMatchObject({
            code: "VALIDATION_FAILED",
            message: expect.stringContaining("identifiers[0].type")
          })
          expect(sources).toHaveLength(1)
        })
      )
    }
  )

suite("the Postgres graph", postgresGraph, () => Effect.succeed(""))

const neo4j = await runNeo4j()
describe.skipIf(neo4j === undefined)("with Neo4j", () => {
  const connection = testNeo4j(neo4j ?? { url: "bolt://127.0.0.1:1", user: "", password: "" })
  const dump = (graphId: string) =>
    Effect.gen(function* () {
      const { read } = yield* Neo4j
      const nodes = yield* read<object>(
        `MATCH (n) WHERE n.graph = $graph OR n.id = $graph OR n.key STARTS WITH $graph + '/'
         OPTIONAL MATCH (n)-[r]->(m)
         RETURN labels(n) AS l, toString(n.applied_at) AS applied, properties(n) AS p, type(r) AS t, properties(r) AS q, m.key AS k
         ORDER BY n.key, n.id, m.key`,
        { graph: graphId }
      )
      return JSON.stringify(nodes)
    }).pipe(Effect.provide(connection))
  suite("the Neo4j graph", neo4jGraphOn.pipe(Layer.provide(connection)), dump)
})

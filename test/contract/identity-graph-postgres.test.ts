import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { IdentityGraph } from "../../src/identity/graph.ts"
import * as operations from "../../src/identity/graph-postgres-operations-sql.ts"
import * as statements from "../../src/identity/graph-postgres-sql.ts"
import { postgresGraph } from "../../src/identity/graph-postgres.ts"
import { Database } from "../../src/platform/database.ts"
import { hash128 } from "../../src/platform/hash.ts"
import { testDatabase } from "../support/database.ts"
import { freshGraph, id, Story } from "./graph-story.ts"
import { identityGraphContract } from "./identity-graph.ts"
import { identityGraphOperations } from "./identity-graph-operations.ts"
import { identityGraphProperties } from "./identity-graph-properties.ts"

const layer = postgresGraph.pipe(Layer.provideMerge(testDatabase))

identityGraphContract("postgres", layer)
identityGraphOperations("postgres", layer)
identityGraphProperties("postgres", layer, 40)

it.layer(layer, { excludeTestServices: true })("IdentityGraph in Postgres", (it) => {
  it.effect("apply joins the caller's transaction and goes with it", () =>
    Effect.gen(function* () {
      const graph = yield* IdentityGraph
      const { write } = yield* Database
      const graphId = freshGraph()
      yield* graph.open(graphId)
      const story = new Story()
      story.create("users", id("email:e1"))
      const { from, mutations } = story.take()
      const inTransaction = write.withTransaction(
        Effect.andThen(graph.apply(graphId, from, mutations), Effect.fail("changed my mind" as const))
      )
      assert.strictEqual(yield* Effect.flip(inTransaction), "changed my mind")
      assert.strictEqual(yield* graph.open(graphId), 0)
      assert.strictEqual(yield* graph.count(graphId, "users"), 0)
      yield* write.withTransaction(graph.apply(graphId, from, mutations))
      assert.strictEqual(yield* graph.count(graphId, "users"), 1)
    })
  )

  it.effect("every read and operation goes by index, also before the tables were ever analysed (IDR-90)", () =>
    Effect.gen(function* () {
      const graph = yield* IdentityGraph
      const { write } = yield* Database
      const graphId = freshGraph()
      yield* graph.open(graphId)
      const story = new Story()
      for (let n = 0; n < 4000; n++) story.create("users", id(`email:e${n}`), id(`user_id:u${n}`))
      const { from, mutations } = story.take()
      yield* graph.apply(graphId, from, mutations)
      yield* write.unsafe(`insert into "${graphId}".separations (a, b, audit, since)
        select p.profile, p.profile + 2, 'aud_1', 7 from "${graphId}".profiles p`)
      const numbers = mutations.profiles.slice(0, 5).map((row) => row.no)
      const literals: Readonly<Record<string, string>> = {
        uuid: numbers.map((_, n) => hash128(`users\nemail\ne${n}`)).join(),
        text: mutations.profiles
          .slice(0, 5)
          .map((row) => row.segmentId)
          .join(),
        float8: numbers.join(),
        int4: numbers.map((_, n) => n).join()
      }
      const { unmap, remap, unmerge, unlink, separate, lift, erase } = operations
      const { load, issued, find, externalIds, links, merges, separations, findMerge } = statements
      const reads = [load, issued, find, externalIds, links, merges, separations, findMerge, statements.walk]
      for (const statement of [...reads, unmap, remap, unmerge, unlink, separate, lift, erase]) {
        const text = statement(`"${graphId}"`)
          .replace(/\$\d+::(\w+)\[\]/g, (_, type: string) => `'{${literals[type]!}}'::${type}[]`)
          .replace(/\$\d+::uuid/g, `'${literals["uuid"]!.slice(0, 36)}'::uuid`)
          .replace(/\$\d+::int4/g, "50")
          .replace(/\$\d+::text/g, "'aud_1'")
          .replace(/\$\d+::float8/g, `${numbers[0]}`)
          .replace(/= \$1$/, "= 'mrg_1'")
        const plan = yield* write.unsafe<{ "QUERY PLAN": string }>(`explain ${text}`)
        // The one row of `state` needs no index, the result of a CTE has none.
        const explained = plan.map((row) => row["QUERY PLAN"]).join("\n")
        assert.notMatch(explained, /Seq Scan on (?!state)|Sort Key: i\.h/, `${text}\n${explained}`)
      }
    })
  )

  it.effect("a graph of an older version is brought up to date, by many at once, and keeps what it has", () =>
    Effect.gen(function* () {
      const graph = yield* IdentityGraph
      const { write } = yield* Database
      for (let round = 0; round < 5; round++) {
        const graphId = freshGraph()
        yield* graph.open(graphId)
        const story = new Story()
        const [p1, p2] = [story.create("users", id("email:e1")), story.create("users", id("email:e2"))]
        const { from, mutations } = story.take()
        yield* graph.apply(graphId, from, mutations)
        // As it was before there were operations.
        yield* write.unsafe(`alter table "${graphId}".profiles drop column apart`)
        yield* write.unsafe(`drop table "${graphId}".separations, "${graphId}".erased`)
        yield* write.unsafe(`drop index "${graphId}".merges_id`)
        const many = Array.from({ length: 6 }, () => graph.open(graphId))
        const opened = yield* Effect.all(many, { concurrency: "unbounded" })
        assert.deepStrictEqual([...new Set(opened)], [story.position])
        story.operate({ kind: "separate", a: p1, b: p2, audit: "aud_1", since: 7 })
        const next = story.take()
        yield* graph.apply(graphId, next.from, next.mutations)
        const { profiles } = yield* graph.load(graphId, { identifiers: [id("email:e1")], profiles: [] })
        assert.deepStrictEqual(profiles[0]!.apart, [p2])
      }
    })
  )

  it.effect("IDR-162: nothing but number and segment id is left of an erased profile in any table", () =>
    Effect.gen(function* () {
      const graph = yield* IdentityGraph
      const { write } = yield* Database
      const graphId = freshGraph()
      yield* graph.open(graphId)
      const story = new Story()
      const [p1, p2] = [story.create("users", id("email:secret1")), story.create("users", id("email:secret2"))]
      const account = story.create("accounts", id("group_id:g1"))
      story.merge(p2, p1, { matchedFrom: [id("email:secret2")] })
      story.link(p1, account)
      const { from, mutations } = story.take()
      yield* graph.apply(graphId, from, mutations)
      story.operate({ kind: "erase", profile: p1 })
      const next = story.take()
      yield* graph.apply(graphId, next.from, next.mutations)
      const tables = yield* write<{ name: string }>`
        select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = ${graphId} and c.relkind = 'r'`
      assert.isAbove(tables.length, 6)
      const left: Array<string> = []
      for (const { name } of tables) {
        const rows = yield* write.unsafe<{ row: string }>(
          `select to_jsonb(t)::text as row from "${graphId}"."${name}" t`
        )
        left.push(...rows.map(({ row }) => `${name} ${row}`))
      }
      const texts = left.filter((text) => !text.startsWith("state"))
      const segmentIds = mutations.profiles.map(({ segmentId }) => segmentId)
      assert.deepStrictEqual(
        texts.filter((text) => text.startsWith("erased")).sort(),
        [p1, p2].map((no, n) => `erased {"profile": ${no}, "segment_id": "${segmentIds[n]}"}`).sort()
      )
      const others = texts.filter((text) => !text.startsWith("erased"))
      // The account and its identifier.
      assert.strictEqual(others.length, 2)
      for (const text of others) for (const word of ["secret", `m-${story.from - 6}`]) assert.notInclude(text, word)
    })
  )

  it.effect("what is no graph id never reaches a statement", () =>
    Effect.gen(function* () {
      const graph = yield* IdentityGraph
      for (const graphId of ['x"; drop schema public; --.1', "spa_1", "", ".1", "a.b.1"]) {
        assert.throws(() => graph.open(graphId), /is no graph id/)
      }
    })
  )
})

/** IDR-210: journals from before histories were kept are told by the owner of the space, and go on where that stopped. */
import { layer } from "@effect/vitest"
import { Effect, Schedule } from "effect"
import { assert } from "vitest"
import { IdentityGraph } from "../../../src/identity/graph.ts"
import { postgresGraph } from "../../../src/identity/graph-postgres.ts"
import { LiveGraphs } from "../../../src/identity/live-graphs.ts"
import { tellPage } from "../../../src/identity/operations/tell-journal.ts"
import { spaceSchema, spaceTablesSince } from "../../../src/identity/schema.ts"
import { makeSpaceStore, readerName } from "../../../src/identity/space-store.ts"
import { Database } from "../../../src/platform/database.ts"
import { Rig, rig } from "../../support/space.ts"
import { ask, begin, id, look, more } from "./support.ts"

const told = Effect.gen(function* () {
  const s = spaceSchema((yield* Rig).space.id)
  const { write: sql } = yield* Database
  return yield* sql.unsafe<{ place: string; pos: number }>(
    `select profile::text || '@' || pos::text as place, pos::float8 as pos from ${s}.journal_profiles order by pos, profile`
  )
})

/** As an upgrade of an old space makes it. */
const forget = Effect.gen(function* () {
  const s = spaceSchema((yield* Rig).space.id)
  const { write: sql } = yield* Database
  yield* sql.unsafe(`delete from ${s}.journal_profiles`)
  yield* sql.unsafe(`drop table ${s}.journal_backfill`)
  for (const statement of spaceTablesSince(s)) yield* sql.unsafe(statement)
})

const story = Effect.gen(function* () {
  yield* begin([
    { type: "identify", anonymousId: "a1", traits: { email: "e1@x.io" } },
    { type: "identify", userId: "u1", traits: { email: "e2@x.io" } },
    { userId: "u1", anonymousId: "a2" }
  ])
  yield* more([
    { userId: "u1", anonymousId: "a1" },
    { type: "group", userId: "u1", groupId: "g1" }
  ])
  yield* ask("delete_identifier", { userId: "u1", identifier: { type: "email", id: "e2@x.io" } })
  const graph = yield* IdentityGraph
  const graphId = (yield* LiveGraphs).graphOf((yield* Rig).space.id)
  const [profile] = yield* graph.find(graphId, "users", [{ identifier: id("user_id:u1") }])
  const [merges] = yield* graph.merges(graphId, [profile!.no])
  yield* ask("undo_merge", { mergeId: merges!.at(-1)!.id, also: [], keepApart: true })
  const { segmentId } = (yield* look("user_id:u1"))!
  yield* ask("split", { profile: segmentId, identifiers: [{ type: "anonymous_id", id: "a2" }], keepApart: false })
  const all = yield* told
  assert.isAbove(all.length, 7)
  return all
})

layer(rig(postgresGraph), { excludeTestServices: true, timeout: "60 seconds" })("an old journal", (it) => {
  it.effect("IDR-210: is told by the owner when it opens the space, operations included", () =>
    Effect.gen(function* () {
      const before = yield* story
      yield* forget
      assert.deepStrictEqual(yield* told, [])
      const { write: sql } = yield* Database
      const { space } = yield* Rig
      // Another owner, so to say: the next commit fails and the space is opened again.
      yield* sql`update cursors set epoch = epoch + 1 where reader = ${readerName(space.id)}`
      yield* more([{ userId: "u1", event: "Bought" }])
      const after = yield* Effect.repeat(told, {
        schedule: Schedule.spaced("10 millis"),
        until: (rows) => rows.length >= before.length
      })
      assert.deepStrictEqual(after, before)
    })
  )

  it.effect("goes on where it stopped, and only under the epoch", () =>
    Effect.gen(function* () {
      const before = yield* story
      yield* forget
      const database = yield* Database
      const { write: sql } = database
      const { space } = yield* Rig
      const s = spaceSchema(space.id)
      const half = before[Math.floor(before.length / 2)]!.pos
      yield* sql.unsafe(`update ${s}.journal_backfill set done = $1::float8::bigint`, [half])
      const [owner] = yield* sql<{ epoch: number }>`
        select epoch::float8 as epoch from cursors where reader = ${readerName(space.id)}`
      const options = { spaceId: space.id, store: makeSpaceStore(database, space.id) }
      const stale = tellPage({ ...options, epoch: () => owner!.epoch - 1 })
      assert.strictEqual((yield* Effect.flip(stale))._tag, "SpaceFenced")
      assert.deepStrictEqual(yield* told, [])
      assert.isFalse(yield* tellPage({ ...options, epoch: () => owner!.epoch }))
      assert.deepStrictEqual(
        yield* told,
        before.filter(({ pos }) => pos > half)
      )
      assert.isFalse(yield* stale, "nothing is left to be told")
    })
  )
})

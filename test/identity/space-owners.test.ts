/** Locks as a lease, and the fence behind them: what a process that slept through its lease may still do, which is nothing. */
import { Effect, Layer, Schedule } from "effect"
import { assert, layer } from "@effect/vitest"
import { postgresGraph } from "../../src/identity/graph-postgres.ts"
import { LiveGraphs } from "../../src/identity/live-graphs.ts"
import { spaceSchema, spaceTables, spaceTablesSince } from "../../src/identity/schema.ts"
import { numberSpaces, spaceKind } from "../../src/identity/space-owners.ts"
import { BatchRows, makeSpaceStore } from "../../src/identity/space-store.ts"
import { Database } from "../../src/platform/database.ts"
import { joinProcesses, type Owners } from "../../src/platform/membership.ts"
import { testDatabase } from "../support/database.ts"

const join = (label: string, leaseMs = 60_000) =>
  Effect.flatMap(Database, ({ url }) => joinProcesses({ kind: spaceKind, url, leaseMs, label, serving: true }))

const labelsOf = ({ live }: Owners) => live.map(({ label }) => label)

const stores = LiveGraphs.layer.pipe(Layer.provideMerge(postgresGraph), Layer.provideMerge(testDatabase))

layer(stores, { excludeTestServices: true })("ownership of spaces", (it) => {
  it.effect("a space has one owner; who leaves frees it, and every process sees the same", () =>
    Effect.gen(function* () {
      const { write: sql } = yield* Database
      const ids = ["spa_a", "spa_b"]
      const numbers = yield* numberSpaces(sql, ids)
      assert.deepStrictEqual(yield* numberSpaces(sql, ids), numbers)
      const [a, b] = [numbers.get("spa_a")!, numbers.get("spa_b")!]
      const first = yield* join("first")
      yield* Effect.scoped(
        Effect.gen(function* () {
          const second = yield* join("second")
          assert.deepStrictEqual(
            [yield* first.take(a), yield* second.take(a), yield* second.take(b)],
            [true, false, true]
          )
          const seen = yield* first.look
          assert.deepStrictEqual(labelsOf(seen), ["first", "second"])
          assert.deepStrictEqual(
            seen.ownerOf,
            new Map([
              [a, first.no],
              [b, second.no]
            ])
          )
          assert.deepStrictEqual(yield* second.look, seen)
        })
      )
      const free = Effect.map(first.look, ({ live, ownerOf }) => live.length === 1 && !ownerOf.has(b))
      yield* Effect.repeat(free, { schedule: Schedule.spaced("10 millis"), until: (is) => is })
      assert.isTrue(yield* first.take(b))
      yield* first.give(a)
      assert.deepStrictEqual((yield* first.look).ownerOf, new Map([[b, first.no]]))
    }).pipe(Effect.scoped)
  )

  it.effect("who is silent for the lease loses its spaces, and is told at its next word", () =>
    Effect.gen(function* () {
      const { write: sql } = yield* Database
      const no = (yield* numberSpaces(sql, ["spa_c"])).get("spa_c")!
      const [awake, asleep] = [yield* join("awake"), yield* join("asleep", 300)]
      assert.isTrue(yield* asleep.take(no))
      yield* Effect.repeat(awake.take(no), { schedule: Schedule.spaced("20 millis"), until: (taken) => taken })
      assert.isTrue(yield* Effect.isFailure(asleep.confirm))
      assert.deepStrictEqual(labelsOf(yield* awake.look), ["awake"])
    }).pipe(Effect.scoped)
  )

  it.effect("IDR-131: an owner of before commits nothing, skips nothing and switches to no graph", () =>
    Effect.gen(function* () {
      const database = yield* Database
      const { write: sql } = database
      const graphs = yield* LiveGraphs
      const schema = spaceSchema("spa_d")
      for (const statement of [...spaceTables(schema), ...spaceTablesSince(schema)]) yield* sql.unsafe(statement)
      const store = makeSpaceStore(database, "spa_d")
      yield* store.register(10)
      const before = yield* store.takeOver()
      const now = yield* store.takeOver()
      const rows = new BatchRows()
      rows.drops.reason.push("late")
      rows.drops.pos.push(11)
      rows.drops.at.push(0)
      const late = { from: 10, to: 11, epoch: before.epoch, fromSeq: before.seq, toSeq: 11 }
      const attempts = [store.commit(late, rows), store.skip(late), graphs.switchTo("spa_d", "spa_d.2", before.epoch)]
      for (const attempt of attempts) assert.strictEqual((yield* Effect.flip(attempt))._tag, "SpaceFenced")
      yield* graphs.refresh
      assert.strictEqual(graphs.graphOf("spa_d"), "spa_d.1")
      assert.deepStrictEqual(yield* sql.unsafe(`select * from ${schema}.dropped`), [])
      yield* store.commit({ ...late, epoch: now.epoch }, rows)
      yield* graphs.switchTo("spa_d", "spa_d.2", now.epoch)
      yield* graphs.refresh
      assert.strictEqual(graphs.graphOf("spa_d"), "spa_d.2")
    })
  )
})

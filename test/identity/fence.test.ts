/** A process that was paused while another took its space over wakes and writes nothing, beside the cursor neither (IDR-131). */
import { layer } from "@effect/vitest"
import { Effect, Fiber, Schedule } from "effect"
import { assert } from "vitest"
import { postgresGraph } from "../../src/identity/graph-postgres.ts"
import { IdentityGraph } from "../../src/identity/graph.ts"
import { LiveGraphs } from "../../src/identity/live-graphs.ts"
import type { OperationKind } from "../../src/identity/operations/operation.ts"
import { makeRunner } from "../../src/identity/operations/runner.ts"
import { makeRebuilder } from "../../src/identity/rebuild.ts"
import { spaceSchema, spaceTables, spaceTablesSince } from "../../src/identity/schema.ts"
import { currentRules } from "../../src/identity/space-session.ts"
import { makeSpaceStore } from "../../src/identity/space-store.ts"
import { Database } from "../../src/platform/database.ts"
import { defaultRules } from "../../src/workspace/rules-document.ts"
import { Rig, rig } from "../support/space.ts"

let spaces = 0

/** A space that no actor runs, taken over twice: by the paused process, then by another. */
const takenOver = Effect.gen(function* () {
  const database = yield* Database
  const { write: sql } = database
  const id = `spa_fenced${String(++spaces).padStart(16, "0")}`
  const s = spaceSchema(id)
  for (const statement of [...spaceTables(s), ...spaceTablesSince(s)]) yield* sql.unsafe(statement)
  const store = makeSpaceStore(database, id)
  yield* store.register(0)
  const graphId = (yield* LiveGraphs).graphOf(id)
  yield* (yield* IdentityGraph).open(graphId)
  const { epoch: paused } = yield* store.takeOver()
  const { epoch: owner } = yield* store.takeOver()
  const space = { ...(yield* Rig).space, id, rules: defaultRules }
  return { id, s, sql, store, graphId, paused, owner, space }
})

interface Asked {
  readonly kind: OperationKind | "no such operation"
  readonly answer?: string
}

const asked = Effect.fnUntraced(function* (spaceId: string, { kind, answer = undefined }: Asked) {
  const { write: sql } = yield* Database
  const input = JSON.stringify({ userId: "nobody", identifier: { type: "email", id: "x" } })
  const [row] = yield* sql<{ id: number }>`insert into space_operations (space, kind, input, actor, reason, answer)
    values (${spaceId}, ${kind}, ${input}, 'test', 'a test', ${answer ?? null}) returning id::float8 as id`
  const state = sql<{ open: boolean; code: string | null; attempts: number; started: boolean; total: number }>`
    select finished_at is null as open, code, attempts, started_at is not null as started, total::float8 as total
    from space_operations where id = ${row!.id}::float8::bigint`
  return Effect.map(state, (rows) => rows[0]!)
})

const until = <E>(condition: Effect.Effect<boolean, E>) =>
  Effect.repeat(condition, { schedule: Schedule.spaced("5 millis"), until: (it) => it })

const untouched = { open: true, code: null, attempts: 0, started: false, total: 0 }

layer(rig(postgresGraph), { excludeTestServices: true, timeout: "60 seconds" })("a paused process that wakes", (it) => {
  it.effect("saves no rules when it opens or goes on", () =>
    Effect.gen(function* () {
      const { s, sql, store, paused, owner, space } = yield* takenOver
      const versions = Effect.map(sql.unsafe<{ version: number }>(`select version from ${s}.rules`), (rows) =>
        rows.map(({ version }) => version)
      )
      assert.strictEqual((yield* Effect.flip(currentRules(store, space, paused)))._tag, "SpaceFenced")
      assert.deepStrictEqual(yield* versions, [])
      yield* currentRules(store, space, owner)
      assert.deepStrictEqual(yield* versions, [1])
    })
  )

  const cases: ReadonlyArray<readonly [what: string, asked: Asked, owned: { code: string | null; attempts: number }]> =
    [
      ["finishes no operation", { kind: "delete_identifier", answer: "{}" }, { code: null, attempts: 0 }],
      ["refuses no operation", { kind: "delete_identifier" }, { code: "UNSUPPORTED_IDENTIFIER", attempts: 0 }],
      ["counts no attempt", { kind: "no such operation" }, { code: "INTERNAL", attempts: 3 }]
    ]
  for (const [what, operation, owned] of cases)
    it.effect(what, () =>
      Effect.gen(function* () {
        const { id, store, graphId, paused, owner, space } = yield* takenOver
        const rules = yield* currentRules(store, { ...space, rules: { ...defaultRules, identifiers: [] } }, owner)
        const runner = yield* makeRunner({ spaceId: id, store, graphId })
        const state = yield* asked(id, operation)
        const run = (epoch: number) =>
          runner.run({ cursor: 0, epoch, storedSeq: 0, graphPosition: 0 }, rules, () => Effect.void)
        assert.strictEqual((yield* Effect.flip(run(paused)))._tag, "SpaceFenced")
        assert.deepStrictEqual(yield* state, untouched)
        yield* Effect.exit(run(owner)).pipe(Effect.repeat({ times: 2 }))
        assert.deepInclude(yield* state, { open: false, ...owned })
      })
    )

  it.effect("notes no progress of a rebuild and does not end it", () =>
    Effect.gen(function* () {
      const { id, store, paused, owner } = yield* takenOver
      const state = yield* asked(id, { kind: "rebuild" })
      let epoch = paused
      let attempts = 0
      const rebuilder = yield* makeRebuilder({
        spaceId: id,
        store,
        committed: () => 0,
        epoch: () => {
          attempts++
          return epoch
        },
        wake: () => {}
      })
      const running = yield* Effect.forkChild(rebuilder.run)
      // It tries again: the attempt before is over.
      yield* until(Effect.sync(() => attempts >= 2))
      assert.deepStrictEqual(yield* state, untouched)
      epoch = owner
      yield* until(Effect.map(state, ({ started }) => started))
      yield* Fiber.interrupt(running)
    })
  )
})

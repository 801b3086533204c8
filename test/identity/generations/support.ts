/** Rebuilds on a rig: runs, what is asked for, and how the space stands afterwards. */
import { Effect, Layer, Schedule } from "effect"
import { assert } from "vitest"
import { askRebuild, type Rebuild, readRebuilds } from "../../../src/identity/generations/rebuilds.ts"
import { IdentityGraph } from "../../../src/identity/graph.ts"
import { LiveGraphs } from "../../../src/identity/live-graphs.ts"
import { spaceSchema } from "../../../src/identity/schema.ts"
import { findRun, startRun } from "../../../src/identity/what-if/runs.ts"
import { whatIfLive } from "../../../src/identity/what-if/runner.ts"
import type { Scope } from "../../../src/identity/what-if/scope.ts"
import { Database } from "../../../src/platform/database.ts"
import type { RulesDocument } from "../../../src/workspace/rules.ts"
import { defaultRules } from "../../../src/workspace/rules-document.ts"
import { Rig, rig } from "../../support/space.ts"

/** The rig, with what executes runs. */
export const workshop = <E, R>(graph: Layer.Layer<IdentityGraph, E, R>) =>
  whatIfLive.pipe(Layer.provideMerge(rig(graph)))

export const withEmails = (limit: number): RulesDocument => ({
  ...defaultRules,
  identifiers: defaultRules.identifiers.map((row) => (row.type === "email" ? { ...row, limit } : row))
})

export const version = Effect.gen(function* () {
  const { space } = yield* Rig
  const { write: sql } = yield* Database
  const [row] = yield* sql.unsafe<{ version: number }>(
    `select max(version)::int4 as version from ${spaceSchema(space.id)}.rules`
  )
  return row!.version
})

/** A run that was never executed, for what does not look at its result. */
export const planned = Effect.fnUntraced(function* (
  rules: RulesDocument,
  scope: Scope | null = null,
  reapplyOperations = true
) {
  const { space } = yield* Rig
  const database = yield* Database
  const common = { spaceId: space.id, rules, reapplyOperations, scope, actor: "test" }
  return yield* database.write.withTransaction(
    Effect.gen(function* () {
      const id = yield* startRun(database, { ...common, baseVersion: yield* version })
      yield* database.write`update what_if_runs set state = 'done' where id = ${id!}`
      return id!
    })
  )
})

/** A run that has ended. */
export const executed = Effect.fnUntraced(function* (rules: RulesDocument, scope: Scope | null = null) {
  const { space } = yield* Rig
  const database = yield* Database
  const baseVersion = yield* version
  const id = yield* startRun(database, {
    spaceId: space.id,
    rules,
    baseVersion,
    reapplyOperations: true,
    scope,
    actor: "test"
  })
  const run = yield* findRun(database, id!).pipe(
    Effect.repeat({
      schedule: Schedule.spaced("20 millis"),
      until: (it) => it?.state === "done" || it?.state === "failed"
    })
  )
  return run!
})

/** A run that is done. */
export const tried = Effect.fnUntraced(function* (rules: RulesDocument, scope: Scope | null = null) {
  const run = yield* executed(rules, scope)
  assert.isNull(run.error)
  return run
})

export const asked = Effect.fnUntraced(function* (runId: string | null, reason = "a test") {
  const { space } = yield* Rig
  const database = yield* Database
  const common = { spaceId: space.id, actor: "test", reason }
  const made =
    runId === null
      ? yield* askRebuild(database, { ...common, kind: "rollback_rebuild", input: {} })
      : yield* askRebuild(database, { ...common, kind: "apply_rebuild", input: { runId } })
  return made!.id
})

/** The rebuild, once it has ended. */
export const ended = Effect.fnUntraced(function* (id: number) {
  const { space } = yield* Rig
  const database = yield* Database
  const found = yield* Effect.map(readRebuilds(database, space.id, 50), (all) => all.find((it) => it.id === id)).pipe(
    Effect.repeat({ schedule: Schedule.spaced("20 millis"), until: (it) => it !== undefined && it.finishedAt !== null })
  )
  // Seen in the database a moment before this process knows that its own transaction has ended.
  yield* (yield* LiveGraphs).refresh
  return found as Rebuild
})

export const rebuilt = (runId: string | null) => Effect.flatMap(asked(runId), ended)

/** Everything that a space says of its profiles: tables row by row, and the graph. */
export const everything = Effect.gen(function* () {
  const { space } = yield* Rig
  const { write: sql } = yield* Database
  const graph = yield* IdentityGraph
  const graphId = (yield* LiveGraphs).graphOf(space.id)
  const rows = (columns: string, table: string) =>
    Effect.map(
      sql.unsafe<{ row: string }>(
        `select x::text as row from (select ${columns} from ${spaceSchema(space.id)}.${table}) x order by 1`
      ),
      (all) => all.map(({ row }) => row)
    )
  return {
    stamps: yield* rows("pos, seq, profile, account, ts, t, h, source, action, kind, name, ids", "stamps"),
    traits: yield* rows("*", "traits"),
    told: yield* rows("*", "journal_profiles"),
    // But for the version of the rules that it names.
    journal: yield* rows(`pos, regexp_replace(rec, '"rules":[0-9]+', '')`, "journal"),
    violations: yield* rows(`pos, n, kind, profile, type, value`, "violations"),
    types: yield* rows("*", "auto_added"),
    users: yield* graph.walk(graphId, "users", null, 1000),
    accounts: yield* graph.walk(graphId, "accounts", null, 1000)
  }
})

/** A space under replay: accidents, operations, rebuilds, and everything that it then says. */
import { Effect } from "effect"
import { assert } from "vitest"
import { askRebuild } from "../../../src/identity/generations/rebuilds.ts"
import { IdentityGraph } from "../../../src/identity/graph.ts"
import { LiveGraphs } from "../../../src/identity/live-graphs.ts"
import type { ExternalId } from "../../../src/identity/operations/operation.ts"
import { requestOperation } from "../../../src/identity/operations/request.ts"
import { spaceSchema } from "../../../src/identity/schema.ts"
import { decodeTraits, mergeTraits } from "../../../src/identity/traits.ts"
import { startRun } from "../../../src/identity/what-if/runs.ts"
import type { RulesDocument } from "../../../src/workspace/rules.ts"
import { pictureOf } from "../../support/graph-picture.ts"
import { Replays, until } from "../../support/replays.ts"

/** Raises an exception as the n-th batch commits: a sequence is no part of the transaction, so the next attempt passes. */
export const breakOff = Effect.fnUntraced(function* (n: number) {
  const { sql } = yield* Replays
  yield* sql`drop sequence if exists broken`
  yield* sql`create sequence broken`
  yield* sql.unsafe(`create or replace function break_off() returns trigger language plpgsql as $f$
    begin if nextval('broken') = ${n} then raise exception 'an accident'; end if; return null; end $f$`)
  yield* sql`create constraint trigger break_off after update of key on space_replays deferrable initially deferred
    for each row execute function break_off()`
  return Effect.gen(function* () {
    const [used] = yield* sql<{ n: number }>`select last_value::int as n from broken`
    assert.isAbove(used!.n, n, "the trigger has fired, and the batch came again")
    yield* sql`drop trigger break_off on space_replays`
  })
})

export const deleted = Effect.fnUntraced(function* (spaceId: string, userId: string, identifier: ExternalId) {
  const { database } = yield* Replays
  const input = { userId, identifier }
  yield* requestOperation(database, { spaceId, kind: "delete_identifier", input, actor: "test", reason: "" })
})

/** Everything that a space says, row by row, and its graph, but not under which version of the rules it was said. */
export const state = Effect.fnUntraced(function* (space: string) {
  const { context, sql } = yield* Replays
  const rows = (columns: string, table: string) =>
    Effect.map(
      sql.unsafe<{ row: string }>(
        `select x::text as row from (select ${columns} from ${spaceSchema(space)}.${table}) x order by 1`
      ),
      (all) => all.map(({ row }) => row)
    )
  return {
    stamps: yield* rows("pos, seq, profile, account, ts, t, h, source, action, kind, name, ids", "stamps"),
    again: yield* rows("*", "resolved_again"),
    journal: yield* rows("pos", "journal"),
    told: yield* rows("*", "journal_profiles"),
    traits: yield* rows("*", "traits"),
    violations: yield* rows("pos, kind, profile, type, value", "violations"),
    drops: yield* rows("*", "drops"),
    graph: yield* Effect.flatMap(LiveGraphs, (graphs) => pictureOf(graphs.graphOf(space))).pipe(
      Effect.provide(context),
      Effect.map((picture) => JSON.stringify(picture, (key, value: unknown) => (key === "rulesVersion" ? 0 : value)))
    )
  }
})

/** The profile that has an identifier. */
export const owned = Effect.fnUntraced(function* (space: string, type: string, value: string) {
  const { context, sql } = yield* Replays
  const graphId = (yield* Effect.provide(LiveGraphs, context)).graphOf(space)
  const graph = yield* Effect.provide(IdentityGraph, context)
  const [profile] = yield* graph.find(graphId, "users", [{ identifier: { collection: "users", type, value } }])
  const nos = profile!.members.map(({ no }) => no)
  const [ids] = yield* graph.externalIds(graphId, [profile!.no])
  const s = spaceSchema(space)
  const docs = yield* sql.unsafe<{ doc: string }>(
    `select doc from ${s}.traits where profile = any($1::float8[]::bigint[])`,
    [nos]
  )
  const [events] = yield* sql.unsafe<{ n: number }>(
    `select count(*)::int as n from ${s}.stamps where profile = any($1::float8[]::bigint[])`,
    [nos]
  )
  const traits = mergeTraits(docs.map(({ doc }) => decodeTraits(doc)))
  return {
    ids: ids!.map((id) => `${id.type}:${id.value}`).sort(),
    events: events!.n,
    traits: Object.fromEntries([...traits].map(([key, { value }]) => [key, value]))
  }
})

/** From the journal, or from the history under the rules that are in force. */
export const rebuilt = Effect.fnUntraced(function* (spaceId: string, kind: "apply_rebuild" | "rebuild") {
  const { database, sql } = yield* Replays
  const common = { spaceId, actor: "test", reason: "a test" }
  if (kind === "rebuild") yield* sql`insert into space_operations (space, kind) values (${spaceId}, 'rebuild')`
  else
    yield* sql.withTransaction(
      Effect.gen(function* () {
        const [rules] = yield* sql.unsafe<{ doc: string; version: number }>(
          `select doc, version from ${spaceSchema(spaceId)}.rules order by version desc limit 1`
        )
        const document = JSON.parse(rules!.doc) as RulesDocument
        const run = { ...common, rules: document, baseVersion: rules!.version, reapplyOperations: true, scope: null }
        const runId = (yield* startRun(database, run))!
        yield* sql`update what_if_runs set state = 'done' where id = ${runId}`
        yield* askRebuild(database, { ...common, kind, input: { runId } })
      })
    )
  const newest = sql<{ done: boolean; error: string | null }>`
    select finished_at is not null as done, error from space_operations where space = ${spaceId} and kind = ${kind} order by id desc limit 1`
  const [last] = yield* until(newest, ([row]) => row!.done)
  assert.isNull(last!.error)
})

/** Operations on a rig: asked for as a caller does, and what the stores then say. */
import { Effect } from "effect"
import { assert } from "vitest"
import { IdentityGraph } from "../../../src/identity/graph.ts"
import { LiveGraphs } from "../../../src/identity/live-graphs.ts"
import type { Identifier } from "../../../src/identity/model.ts"
import type { OperationInputs, OperationKind, OperationRefused } from "../../../src/identity/operations/operation.ts"
import { requestOperation } from "../../../src/identity/operations/request.ts"
import { spaceSchema } from "../../../src/identity/schema.ts"
import { decodeTraits, mergeTraits } from "../../../src/identity/traits.ts"
import { Database } from "../../../src/platform/database.ts"
import { readAudit } from "../../../src/workspace/audit.ts"
import type { RulesDocument } from "../../../src/workspace/rules.ts"
import { defaultRules } from "../../../src/workspace/rules-document.ts"
import { Rig, type ShortMessage } from "../../support/space.ts"

/** `email:e1` of users, `group_id:g1` of accounts. */
export const id = (text: string): Identifier => {
  const colon = text.indexOf(":")
  const type = text.slice(0, colon)
  return { collection: type === "group_id" ? "accounts" : "users", type, value: text.slice(colon + 1) }
}

export const ask = <K extends OperationKind>(kind: K, input: OperationInputs[K], reason = "a test") =>
  Effect.gen(function* () {
    const { space } = yield* Rig
    const database = yield* Database
    return yield* requestOperation(database, { spaceId: space.id, kind, input, actor: "test", reason })
  })

/** Code of the refusal. */
export const refused = <K extends OperationKind>(kind: K, input: OperationInputs[K], reason = "a test") =>
  Effect.map(Effect.flip(ask(kind, input, reason)), (error) => (error as OperationRefused).code)

/** The canonical profile that owns an identifier, or null; with its identifiers as `type:value`, its traits and events. */
export const look = Effect.fnUntraced(function* (text: string) {
  const { space } = yield* Rig
  const graph = yield* IdentityGraph
  const { write } = yield* Database
  const graphId = (yield* LiveGraphs).graphOf(space.id)
  const ref = /^(use|grp)_/.test(text) ? { segmentId: text } : { identifier: id(text) }
  const collection = "identifier" in ref ? ref.identifier.collection : text.startsWith("grp") ? "accounts" : "users"
  const [found] = yield* graph.find(graphId, collection, [ref])
  if (found === null || found === undefined) return null
  const [ids] = yield* graph.externalIds(graphId, [found.no])
  const nos = found.members.map(({ no }) => no)
  const s = spaceSchema(space.id)
  const docs = yield* write.unsafe<{ doc: string }>(
    `select doc from ${s}.traits where profile = any($1::float8[]::bigint[])`,
    [nos]
  )
  const traits = mergeTraits(docs.map(({ doc }) => decodeTraits(doc)))
  const [events] = yield* write.unsafe<{ n: number }>(
    `select count(*)::int as n from ${s}.stamps where ${collection === "users" ? "profile" : "account"} = any($1::float8[]::bigint[])`,
    [nos]
  )
  return {
    segmentId: found.segmentId,
    ids: ids!.map(({ type, value }) => `${type}:${value}`).sort(),
    traits: Object.fromEntries([...traits].map(([key, { value }]) => [key, value])),
    events: events!.n,
    merges: found.members.length - 1
  }
})

export const violations = Effect.gen(function* () {
  const { space } = yield* Rig
  const { write } = yield* Database
  const rows = yield* write.unsafe<{ kind: string; type: string; value: string }>(
    `select kind, type, value from ${spaceSchema(space.id)}.violations order by pos, n`
  )
  return rows.map(({ kind, type, value }) => `${kind}: ${type}:${value}`)
})

export const audits = Effect.gen(function* () {
  const { space } = yield* Rig
  const { write } = yield* Database
  return yield* readAudit(write, { spaceId: space.id, limit: 100 })
})

/** Sends messages and waits until the space has resolved them. */
export const more = Effect.fnUntraced(function* (messages: ReadonlyArray<ShortMessage>) {
  const { send, settled } = yield* Rig
  yield* send(messages)
  yield* settled
})

/** A new space with these messages. */
export const begin = Effect.fnUntraced(function* (
  messages: ReadonlyArray<ShortMessage>,
  rules: RulesDocument = defaultRules
) {
  yield* (yield* Rig).enter(rules)
  yield* more(messages)
})

/** Breaks the first write of a kind: a sequence is no part of the transaction, so the second one passes. */
export const breakOnce = Effect.fnUntraced(function* (
  table: string,
  when: string,
  how: string,
  event = "insert or update"
) {
  const { write: sql } = yield* Database
  yield* sql`drop sequence if exists broken`
  yield* sql`create sequence broken`
  yield* sql.unsafe(
    `create or replace function break_once() returns trigger language plpgsql as $f$
     begin if nextval('broken') = 1 then ${how}; end if; return null; end $f$`
  )
  yield* sql.unsafe(`create constraint trigger break_once after ${event} on ${table} deferrable initially ${when}
    for each row execute function break_once()`)
  return Effect.gen(function* () {
    const [used] = yield* sql<{ used: boolean }>`select is_called as used from broken`
    assert.isTrue(used!.used, "the trigger has fired")
    yield* sql.unsafe(`drop trigger break_once on ${table}`)
  })
})

export const raised = "raise exception 'an accident'"
export const cut = "perform pg_terminate_backend(pg_backend_pid())"

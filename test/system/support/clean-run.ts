/**
 * What must be in the stores after any accident: the events of the log, resolved once each, in order, in one go, in
 * memory. `differences` compares that with what a service really wrote, on whichever graph it runs.
 */
import { Effect } from "effect"
import { prepare, resolveBatch } from "../../../src/identity/batch.ts"
import type { IdentityGraph } from "../../../src/identity/graph.ts"
import type { Identifier } from "../../../src/identity/model.ts"
import { compileRules } from "../../../src/identity/rules.ts"
import { spaceSchema } from "../../../src/identity/schema.ts"
import { encodeTraits, decodeTraits, type TraitDoc, writeTraits } from "../../../src/identity/traits.ts"
import { WorkingSet } from "../../../src/identity/working-set.ts"
import type { LogEvent } from "../../../src/log/event-log.ts"
import type { Database } from "../../../src/platform/database.ts"
import { defaultRules } from "../../../src/workspace/rules-document.ts"
import type { Source } from "../../../src/workspace/workspace.ts"

export const logEvents = (database: Database["Service"]) =>
  database.write<{
    pos: number
    source: number
    h: string
    body: Uint8Array
  }>`select e.pos::float8 as pos, e.source, e.h::text as h, e.body from events e order by e.pos`.pipe(
    Effect.map((rows) =>
      rows.map((row): LogEvent => ({ position: row.pos, source: row.source, hash: row.h, body: row.body }))
    )
  )

/** Differences between what the service wrote for `spaceId` and a clean run; empty = equal. */
export const differences = Effect.fnUntraced(function* (options: {
  readonly database: Database["Service"]
  readonly graph: IdentityGraph["Service"]
  readonly graphId: string
  readonly spaceId: string
}) {
  const { database, graph, graphId, spaceId } = options
  const sql = database.write
  const schema = spaceSchema(spaceId)
  const problems: Array<string> = []
  const events = yield* logEvents(database)
  if (new Set(events.map((event) => event.hash)).size !== events.length)
    problems.push("a message id is in the log twice")

  const sources = new Map(
    (yield* sql<{ no: number; id: string }>`select no, id from sources`).map(({ no, id }) => [no, id])
  )
  const sourceOf = (no: number) => ({ no, id: sources.get(no)! }) as Source
  const set = new WorkingSet(Number.MAX_SAFE_INTEGER)
  const prepared = prepare(events, compileRules(defaultRules, 1, []), sourceOf, { seen: new Set() })
  const clean = resolveBatch(prepared, spaceId, { maxMerges: 100, maxMappings: 1000 }, set)

  // The ledger: each event once, with the same outcome.
  const stamps = yield* sql.unsafe<Record<string, unknown>>(
    `select pos::float8 as pos, profile::float8 as profile, account::float8 as account, action::int4 as action, ids from ${schema}.stamps order by pos`
  )
  const expected = clean.rows.stamps
  if (stamps.length !== expected.pos.length)
    problems.push(`${stamps.length} ledger entries, expected ${expected.pos.length}`)
  stamps.forEach((row, i) => {
    for (const key of ["pos", "profile", "account", "action", "ids"] as const)
      if (row[key] !== expected[key][i] && problems.length < 20)
        problems.push(`ledger ${i}: ${key} is ${row[key]}, expected ${expected[key][i]}`)
  })

  // Traits.
  const docs = new Map<number, TraitDoc>()
  for (const write of clean.writes) {
    let doc = docs.get(write.profile)
    if (doc === undefined) docs.set(write.profile, (doc = decodeTraits("{}")))
    writeTraits(doc, write.traits, write.t, write.source, write.seq, 5000)
  }
  const stored = new Map(
    (yield* sql.unsafe<{ profile: number; doc: string }>(
      `select profile::float8 as profile, doc from ${schema}.traits`
    )).map((row) => [row.profile, row.doc])
  )
  for (const [profile, doc] of docs)
    if (stored.get(profile) !== encodeTraits(doc) && problems.length < 20)
      problems.push(`traits of ${profile}: ${stored.get(profile)}, expected ${encodeTraits(doc)}`)
  if (stored.size !== docs.size) problems.push(`${stored.size} trait documents, expected ${docs.size}`)

  // The graph, through its own port: owner of every identifier, and the profiles with all they have absorbed.
  const identifiers: ReadonlyArray<Identifier> = clean.mutations.mappings
  for (let at = 0; at < identifiers.length; at += 500) {
    const page = identifiers.slice(at, at + 500)
    const loaded = yield* graph.load(graphId, { identifiers: page, profiles: [] })
    const views = new Map(loaded.profiles.map((view) => [view.no, view]))
    page.forEach((identifier, i) => {
      const view = views.get(loaded.owners[i] ?? -1)
      const want = set.owner(identifier)
      const got = view && [view.no, view.segmentId, view.merges, view.mappings].join(" ")
      const wanted = want && [want.no, want.segmentId, want.merges, want.mappings].join(" ")
      if (got !== wanted && problems.length < 20)
        problems.push(`${identifier.type}:${identifier.value} belongs to ${got}, expected ${wanted}`)
    })
  }
  for (const collection of ["users", "accounts"] as const) {
    const count = yield* graph.count(graphId, collection)
    const want = new Set(identifiers.filter((id) => id.collection === collection).map((id) => set.owner(id)!.no)).size
    if (count !== want) problems.push(`${count} ${collection}, expected ${want}`)
  }
  return problems
})

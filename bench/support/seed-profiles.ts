/**
 * Fills a space with profiles that nobody sent: what a million `identify` calls leave behind (graph, traits, stamps, words), written in
 * bulk. The space must be new, and its service must not run.
 */
import { Effect, Layer, Logger } from "effect"
import { migrations } from "../../src/app.ts"
import { postgresGraph } from "../../src/identity/graph-postgres.ts"
import { IdentityGraph } from "../../src/identity/graph.ts"
import { segmentId } from "../../src/identity/ids.ts"
import { profileNo } from "../../src/identity/model.ts"
import { spaceSchema } from "../../src/identity/schema.ts"
import { readerName } from "../../src/identity/space-store.ts"
import { positionsPerDay } from "../../src/log/event-log.ts"
import { databaseLayer } from "../../src/platform/database-layer.ts"
import { Database } from "../../src/platform/database.ts"
import { Health } from "../../src/platform/health.ts"

export const traitsEach = 50

const rowsAStatement = 50_000
// Larger transactions take Neo4j longer a profile.
const profilesAnApply = 1_000
const dayMs = 86_400_000

/** `§` stands for the number of the person, `§t` and `§s` for time and number of the write. */
const traitsTemplate = `{${[
  ["email", "person§@example.com"],
  ["first_name", "First§"],
  ["last_name", "Last§"],
  ["plan", "pro"],
  ...Array.from({ length: traitsEach - 4 }, (_, i) => [`trait_${i + 5}`, `value ${i} of person §`])
]
  .map(([key, value]) => `"${key}":["${value}",§t,1,§s]`)
  .join(",")}}`

const words = ["person§@example.com", "first§", "last§", "first§ last§"]

/** Seconds that each part took. */
export type Took = Readonly<Record<"graph" | "traits" | "stamps" | "words", number>>

interface Plan {
  readonly spaceId: string
  readonly people: number
  /** Number of resolution before the first. */
  readonly base: number
  /** ms; one a millisecond from here on. */
  readonly start: number
}

const timed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const start = performance.now()
    yield* effect
    return (performance.now() - start) / 1000
  })

/** Runs the statement for one range of people after the other; `$1` to `$4`: from, to, number before the first, start. */
const inRanges = Effect.fnUntraced(function* (
  { people, base, start }: Plan,
  text: string,
  ...more: ReadonlyArray<unknown>
) {
  const { write: sql } = yield* Database
  for (let from = 0; from < people; from += rowsAStatement)
    yield* sql.unsafe(text, [from, Math.min(people, from + rowsAStatement) - 1, base, start, ...more])
})

const graphOf = Effect.fnUntraced(function* ({ spaceId, people, base, start }: Plan) {
  const graph = yield* IdentityGraph
  const graphId = `${spaceId}.1`
  let at = yield* graph.open(graphId)
  for (let from = 0; from < people; from += profilesAnApply) {
    const numbers = Array.from({ length: Math.min(profilesAnApply, people - from) }, (_, i) => from + i)
    const rows = numbers.map((person) => ({
      person,
      no: profileNo(base + 1 + person, "users"),
      common: { source: 1, messageId: `seed-${person}` },
      t: start + person
    }))
    const position = base + rows.length + from
    yield* graph.apply(graphId, at, {
      position,
      profiles: rows.map(({ no, common, t }) => ({
        ...common,
        no,
        segmentId: segmentId(spaceId, "users", { messageId: common.messageId, receivedAt: t }, () => false),
        createdAt: t
      })),
      mappings: rows.flatMap(({ person, no, common, t }) =>
        [
          { type: "user_id", value: `u-${person}` },
          { type: "email", value: `person${person}@example.com` }
        ].map((id) => ({ ...common, ...id, collection: "users" as const, profile: no, addedAt: t }))
      ),
      merges: [],
      links: []
    })
    at = position
  }
})

const seed = Effect.fnUntraced(function* (plan: Plan) {
  const { write: sql } = yield* Database
  const { spaceId, people, base } = plan
  const s = spaceSchema(spaceId)
  const number = "($3::float8::bigint + 1 + i)"
  const took: Took = {
    graph: yield* timed(graphOf(plan)),
    traits: yield* timed(
      inRanges(
        plan,
        `insert into ${s}.traits (profile, doc)
         select ${number} * 2, replace(replace(replace($5::text, '§t', ($4::float8::bigint + i)::text), '§s', ${number}::text), '§', i::text)
         from generate_series($1::int, $2::int) i`,
        traitsTemplate
      )
    ),
    stamps: yield* timed(
      inRanges(
        plan,
        `insert into ${s}.stamps (pos, profile, ts, t, h, source, rules, action, kind)
         select ${number}, ${number} * 2, a.at, a.at, md5('seed ' || i)::uuid, 1, 1, 0, 0
         from generate_series($1::int, $2::int) i, lateral (select to_timestamp(($4::float8 + i) / 1000) as at) a`
      )
    ),
    words: yield* timed(
      inRanges(
        plan,
        `insert into profile_words (space, word, profile)
         select $5::text, replace(w, '§', i::text), ${number} * 2 from generate_series($1::int, $2::int) i, unnest($6::text[]) w`,
        spaceId,
        words
      )
    )
  }
  const last = base + people
  yield* sql`update cursors set pos = ${last}::float8::bigint where reader = ${readerName(spaceId)}`
  yield* sql`insert into search_positions (space, pos) values (${spaceId}, ${last}::float8::bigint)
    on conflict (space) do update set pos = excluded.pos`
  for (const table of [`${s}.traits`, `${s}.stamps`, "profile_words"]) yield* sql.unsafe(`analyze ${table}`)
  return took
})

/** Of the service with this data folder, which is stopped. `graph` absent: the one in PostgreSQL. */
export const seedProfiles = (
  dataDir: string,
  spaceId: string,
  people: number,
  graph: Layer.Layer<IdentityGraph, unknown, Database> = postgresGraph
): Promise<Took> => {
  const yesterday = Math.floor(Date.now() / dayMs) - 1
  const plan = { spaceId, people, base: yesterday * positionsPerDay, start: yesterday * dayMs }
  const stores = graph.pipe(
    Layer.provideMerge(databaseLayer({ dataDir, migrations })),
    Layer.provideMerge(Health.layer),
    Layer.provideMerge(Logger.layer([]))
  )
  return Effect.runPromise(Effect.scoped(Effect.provide(seed(plan), stores)))
}

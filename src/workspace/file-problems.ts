/** What a configuration file may not say, given what is there: it decodes, but cannot be applied. */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { Configuration } from "./config-file.ts"
import { at, type Problem } from "./decode.ts"
import { decodeSource } from "./stored.ts"

interface KnownSpace {
  readonly id: string
  readonly slug: string
  readonly origin: "file" | "api"
}

const sourceProblems = (
  { sources }: Configuration,
  known: ReadonlyArray<{ readonly id: string; readonly doc: string }>
): ReadonlyArray<Problem> => {
  const byId = new Map(known.map(({ id, doc }) => [id, decodeSource(doc)]))
  return sources.flatMap((source, i) => {
    const before = byId.get(source.id)
    if (before === undefined) return []
    return (["slug", "kind"] as const)
      .filter((member) => source[member] !== before[member])
      .map((member) => ({
        path: at(at("sources", i), member),
        expected: `expected "${before[member]}": the ${member} of a source never changes; make a new source with an id of its own instead`
      }))
  })
}

const spaceProblems = ({ spaces }: Configuration, known: ReadonlyArray<KnownSpace>): ReadonlyArray<Problem> => {
  const byId = new Map(known.map((space) => [space.id, space]))
  const taken = new Map(known.flatMap(({ id, slug, origin }) => (origin === "api" ? [[slug, id] as const] : [])))
  return spaces.flatMap(({ id, slug }, i): ReadonlyArray<Problem> => {
    const before = byId.get(id)
    const path = at("spaces", i)
    if (before?.origin === "api")
      return [{ path: at(path, "id"), expected: "expected an id of its own: this space was made through the API" }]
    if (before !== undefined && before.slug !== slug) {
      const expected = `expected "${before.slug}": the slug of a space is fixed, because addresses contain it; change its name instead`
      return [{ path: at(path, "slug"), expected }]
    }
    return taken.has(slug)
      ? [{ path: at(path, "slug"), expected: "expected a slug of its own: a space made through the API has this one" }]
      : []
  })
}

export const problemsWith = Effect.fnUntraced(function* (sql: PgClient.PgClient, configuration: Configuration) {
  const sources = yield* sql<{ id: string; doc: string }>`select id, doc from sources where doc is not null`
  const spaces = yield* sql<KnownSpace>`select id, slug, origin from spaces where removed_at is null`
  const tokens = yield* sql<{ hash: string }>`select hash from access_tokens where origin = 'api'`
  const hashes = new Set(tokens.map(({ hash }) => hash))
  return [
    ...sourceProblems(configuration, sources),
    ...spaceProblems(configuration, spaces),
    ...configuration.tokens.flatMap(({ hash }, i) =>
      hashes.has(hash)
        ? [
            {
              path: at(at("tokens", i), "secret"),
              expected: "expected a secret of its own: a token made through the API has it"
            }
          ]
        : []
    )
  ]
})

/**
 * What a configuration file may not say, given what is there: it decodes, but cannot be applied. The file that Braid starts with leaves
 * what was made through the API alone; `braid config apply` changes that as well.
 */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { Configuration } from "./configured.ts"
import { at, type Problem } from "./decode.ts"
import type { Origin } from "./file-source-objects.ts"
import { type SourceRow, sourceRows } from "./source-rows.ts"

interface KnownSpace {
  readonly id: string
  readonly slug: string
  readonly origin: Origin
}

/** For people: who has it. */
const whose = ({ id, origin }: { readonly id: string; readonly origin: Origin }): string =>
  origin === "api" ? `${id}, which was made through the API,` : id

const sourceProblems = (
  { sources }: Configuration,
  known: ReadonlyArray<SourceRow>,
  origin: Origin
): ReadonlyArray<Problem> => {
  const declared = new Set(sources.map(({ id }) => id))
  // What leaves the file gives up its names; what it never had keeps them.
  const others = known.filter(({ id, origin: of }) => !declared.has(id) && (origin === "api" || of === "api"))
  const bySlug = new Map(others.map((source) => [source.doc.slug, source]))
  const byKey = new Map(others.flatMap((source) => source.doc.writeKeys.map((key) => [key, source] as const)))
  const byId = new Map(known.map((source) => [source.id, source]))
  return sources.flatMap((source, i): ReadonlyArray<Problem> => {
    const path = at("sources", i)
    const before = byId.get(source.id)
    if (before?.origin === "api" && origin === "file")
      return [{ path: at(path, "id"), expected: "expected an id of its own: this source was made through the API" }]
    const sameSlug = bySlug.get(source.slug)
    return [
      ...(["slug", "kind"] as const)
        .filter((member) => before !== undefined && source[member] !== before.doc[member])
        .map((member) => ({
          path: at(path, member),
          expected: `expected "${before!.doc[member]}": the ${member} of a source never changes; make a new source with an id of its own instead`
        })),
      ...(sameSlug === undefined
        ? []
        : [{ path: at(path, "slug"), expected: `expected a slug of its own: source ${whose(sameSlug)} has this one` }]),
      ...source.writeKeys.flatMap((key, n) => {
        const same = byKey.get(key)
        const expected = `expected a write key of its own: source ${same === undefined ? "" : whose(same)} has this one`
        return same === undefined ? [] : [{ path: at(at(path, "writeKeys"), n), expected }]
      })
    ]
  })
}

interface KnownApplication {
  readonly id: string
  readonly origin: Origin
}

const applicationProblems = (
  { applications = [] }: Configuration,
  known: ReadonlyArray<KnownApplication>,
  rows: ReadonlyArray<SourceRow>,
  /** Sources whose connection the file has declared until now: it goes with this file. */
  fromFile: ReadonlySet<string>
): ReadonlyArray<Problem> => {
  const byId = new Map(known.map((application) => [application.id, application]))
  const declared = new Set(applications.map(({ id }) => id))
  return [
    ...applications.flatMap(({ id }, i) =>
      byId.get(id)?.origin === "api"
        ? [
            {
              path: at(at("oauthApplications", i), "id"),
              expected: "expected an id of its own: this application was made through the API"
            }
          ]
        : []
    ),
    // Without it every request to them would be refused.
    ...rows
      .filter(
        ({ oauth }) =>
          oauth !== null && byId.get(oauth.application)?.origin === "file" && !declared.has(oauth.application)
      )
      .filter(({ id }) => !fromFile.has(id))
      .map(({ id, oauth }) => ({
        path: "oauthApplications",
        expected: `expected the application ${oauth!.application}: source ${id} is connected to it; disconnect it first`
      }))
  ]
}

const spaceProblems = (
  { spaces }: Configuration,
  known: ReadonlyArray<KnownSpace>,
  origin: Origin
): ReadonlyArray<Problem> => {
  const byId = new Map(known.map((space) => [space.id, space]))
  const declared = new Set(spaces.map(({ id }) => id))
  const others = known.filter(({ id, origin: of }) => !declared.has(id) && (origin === "api" || of === "api"))
  const bySlug = new Map(others.map((space) => [space.slug, space]))
  return spaces.flatMap(({ id, slug }, i): ReadonlyArray<Problem> => {
    const before = byId.get(id)
    const path = at("spaces", i)
    if (before?.origin === "api" && origin === "file")
      return [{ path: at(path, "id"), expected: "expected an id of its own: this space was made through the API" }]
    if (before !== undefined && before.slug !== slug) {
      const expected = `expected "${before.slug}": the slug of a space is fixed, because addresses contain it; change its name instead`
      return [{ path: at(path, "slug"), expected }]
    }
    const same = bySlug.get(slug)
    if (same === undefined) return []
    const expected =
      same.origin === "api"
        ? "expected a slug of its own: a space made through the API has this one"
        : `expected a slug of its own: space ${same.id} has this one`
    return [{ path: at(path, "slug"), expected }]
  })
}

/** `origin`: `file` for the file that Braid starts with, `api` for one that a person applies. */
export const problemsWith = Effect.fnUntraced(function* (
  sql: PgClient.PgClient,
  configuration: Configuration,
  origin: Origin
) {
  const sources = yield* sourceRows(sql)
  const spaces = yield* sql<KnownSpace>`select id, slug, origin from spaces where removed_at is null`
  const found = [...sourceProblems(configuration, sources, origin), ...spaceProblems(configuration, spaces, origin)]
  if (origin === "api") return found
  const tokens = yield* sql<{ hash: string }>`select hash from access_tokens where origin = 'api'`
  const hashes = new Set(tokens.map(({ hash }) => hash))
  const applications = yield* sql<KnownApplication>`select id, origin from oauth_applications`
  const declared = yield* sql<{ id: string }>`select id from file_objects where kind = 'source.oauth'`
  return [
    ...found,
    ...applicationProblems(configuration, applications, sources, new Set(declared.map(({ id }) => id))),
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

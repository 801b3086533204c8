/**
 * The workspace as a configuration file (`braid config export`): applied to an empty installation it makes the same again, and applied to
 * this one it changes nothing. Tokens are hashes, as a file may have them (PRO-4); write keys are what clients carry in public.
 */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import { readFilters } from "./manage-filters.ts"
import { readApplications } from "./manage-oauth.ts"
import { compileBlocks } from "./source-blocks.ts"
import { type SourceRow, sourceRows } from "./source-rows.ts"
import type { RulesDocument } from "./rules.ts"
import { defaultLimits } from "./configured.ts"
import type { WorkspaceSnapshot } from "./workspace.ts"

/** Without members that say nothing. */
const said = (members: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(members).filter(
      ([, value]) =>
        value !== undefined &&
        value !== null &&
        !(Array.isArray(value) && value.length === 0) &&
        !(typeof value === "object" && Object.keys(value).length === 0)
    )
  )

const sourceOf = ({ id, doc, blocked, oauth }: SourceRow) => ({
  id,
  slug: doc.slug,
  name: doc.name,
  kind: doc.kind,
  writeKeys: doc.writeKeys,
  enabled: doc.enabled,
  labels: doc.labels ?? [],
  // Told even when they are empty: applied, they take away what is there.
  settings: doc.settings ?? {},
  blocked: compileBlocks(blocked) === undefined ? {} : said({ ...blocked }),
  ...(oauth === null ? undefined : { oauth })
})

/** `rulesInForce`: by space id; the snapshot has what was declared. */
export const exportWorkspace = Effect.fnUntraced(function* (
  sql: PgClient.PgClient,
  { spaces, tokenByHash, limits }: WorkspaceSnapshot,
  rulesInForce: ReadonlyMap<string, RulesDocument>
): Effect.fn.Return<Readonly<Record<string, unknown>>, SqlError.SqlError> {
  const sources = yield* sourceRows(sql)
  const live = new Set(sources.map(({ id }) => id))
  const labels = yield* sql<{
    label: string
    description: string | null
  }>`select label, description from labels order by label`
  const policies = yield* sql<{
    id: string
    policy: ReadonlyArray<string>
  }>`select id, policy::text[] as policy from spaces`
  const policyOf = new Map(policies.map(({ id, policy }) => [id, policy]))
  const applications = yield* readApplications(sql)
  const exported = yield* Effect.forEach(spaces, ({ id, slug, name, kind, sources, rules }) =>
    Effect.map(readFilters(sql, id), (filters) => ({
      id,
      slug,
      name,
      kind,
      sources: sources
        .filter((source) => live.has(source.id))
        .map((source) => source.slug)
        .sort(),
      rules: rulesInForce.get(id) ?? rules,
      connectionPolicy: policyOf.get(id) ?? [],
      filters: filters.map(({ name, fql, enabled }) => ({ name, fql, enabled }))
    }))
  )
  const slugs = new Map(spaces.map(({ id, slug }) => [id, slug]))
  return {
    ...said({ labels: labels.map(said) }),
    ...said({
      oauthApplications: applications.map(({ id, name, tokenSeconds, scopes, keys }) => ({
        id,
        name,
        tokenDays: tokenSeconds / 86_400,
        scopes,
        keys: keys.map(({ id, name, publicKey }) => ({ id, name, publicKey }))
      }))
    }),
    sources: sources.map(sourceOf),
    spaces: exported,
    tokens: [...tokenByHash].map(([hash, { name, spaceId, scopes }]) => ({
      name,
      ...(spaceId === null ? undefined : { space: slugs.get(spaceId)! }),
      secret: `sha256:${hash}`,
      scopes: [...scopes].sort()
    })),
    limits: { ...defaultLimits, ...limits }
  }
})

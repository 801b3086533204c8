/** Applying or removing one member of the configuration file, with its audit entry. */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import { texts } from "../platform/sql-arrays.ts"
import type { Audited, Change } from "./changes.ts"
import type { Configuration, ConfiguredFilter, ConfiguredSpace } from "./configured.ts"
import type { Member, MemberKind } from "./file-members.ts"
import {
  applyApplication,
  applyLabel,
  type Origin,
  removeApplication,
  removeLabel,
  removeSource,
  resetSource
} from "./file-source-objects.ts"
import { newFilterId, newTokenId } from "./secrets.ts"
import { encodeRules } from "./stored.ts"

type Done = Effect.Effect<void, SqlError.SqlError>

const applySpace = Effect.fnUntraced(function* (
  { sql, at, actor, audit }: Change,
  { id, slug, name, kind, rules }: ConfiguredSpace,
  origin: Origin
) {
  const there = yield* sql`select 1 from spaces where id = ${id} and removed_at is null`
  if (there.length > 0) return
  yield* sql`insert into spaces (id, slug, name, kind, origin, rules, created_at, created_by)
    values (${id}, ${slug}, ${name}, ${kind}, ${origin}, ${encodeRules(rules)}, ${new Date(at)}, ${actor})
    on conflict (id) do update set slug = excluded.slug, removed_at = null`
  audit({ space: id, action: "Space Created", target: `space ${id}`, after: { slug, name, kind } })
})

const modifySpace = Effect.fnUntraced(function* (
  { sql, audit }: Change,
  id: string,
  column: "name" | "kind" | "rules",
  value: string
) {
  const [row] = yield* sql<{ value: string; draft: boolean }>`
    select ${sql(column)} as value, rules_draft as draft from spaces where id = ${id}`
  if (row === undefined || (row.value === value && !(column === "rules" && row.draft))) return
  yield* sql`update spaces set ${sql(column)} = ${value} where id = ${id}`
  if (column !== "rules") {
    const [before, after] = [{ [column]: row.value }, { [column]: value }]
    return audit({ space: id, action: "Space Modified", target: `space ${id}`, before, after })
  }
  yield* sql`update spaces set rules_draft = false where id = ${id}`
  const [before, after] = [JSON.parse(row.value) as unknown, JSON.parse(value) as unknown]
  audit({ space: id, action: "Identity Rules Saved", target: `space ${id}`, before, after })
})

const applyPolicy = Effect.fnUntraced(function* ({ sql, audit }: Change, { id, policy = [] }: ConfiguredSpace) {
  const [row] = yield* sql<{
    policy: ReadonlyArray<string>
  }>`select policy::text[] as policy from spaces where id = ${id}`
  if (row === undefined || JSON.stringify(row.policy) === JSON.stringify(policy)) return
  yield* sql`update spaces set policy = ${texts(policy)} where id = ${id}`
  audit({ space: id, action: "Space Modified", target: `space ${id}`, before: row, after: { policy } })
})

interface FilterRow extends ConfiguredFilter {
  readonly id: string
}

/** A statement never changes: one that is other now is another filter. */
const applyFilters = Effect.fnUntraced(function* (change: Change, { id, declaredFilters = [] }: ConfiguredSpace) {
  const { sql, at, actor, audit } = change
  const entry = (action: string, filter: string, more: Partial<Audited>) =>
    audit({ space: id, action: `Event Filter ${action}`, target: `event filter ${filter}`, ...more })
  const rows = yield* sql<FilterRow>`select id, name, fql, enabled from space_filters where space = ${id} order by n`
  const left = [...rows]
  const missing: Array<ConfiguredFilter> = []
  for (const filter of declaredFilters) {
    const i = left.findIndex(({ name, fql }) => name === filter.name && fql === filter.fql)
    if (i === -1) {
      missing.push(filter)
      continue
    }
    const [{ id: known, enabled }] = left.splice(i, 1) as [FilterRow]
    if (enabled === filter.enabled) continue
    yield* sql`update space_filters set enabled = ${filter.enabled} where id = ${known}`
    const [before, after] = [{ enabled }, { enabled: filter.enabled }]
    entry(filter.enabled ? "Enabled" : "Disabled", known, { before, after })
  }
  for (const { id: known, ...before } of left) {
    yield* sql`delete from space_filters where id = ${known}`
    entry("Deleted", known, { before })
  }
  for (const filter of missing) {
    const made = newFilterId()
    yield* sql`insert into space_filters (id, space, name, fql, enabled, created_at, created_by)
      values (${made}, ${id}, ${filter.name}, ${filter.fql}, ${filter.enabled}, ${new Date(at)}, ${actor})`
    entry("Created", made, { after: filter })
  }
})

const connect = Effect.fnUntraced(function* ({ sql, at, actor, audit }: Change, id: string, origin: Origin) {
  const [space, source] = id.split(" ") as [string, string]
  const made = yield* sql`insert into space_connections (space, source, origin, connected_at, connected_by)
    values (${space}, ${source}, ${origin}, ${new Date(at)}, ${actor}) on conflict do nothing returning 1`
  if (made.length > 0)
    audit({ space, action: "Source Connected To Space", target: `source ${source}`, after: { source } })
})

const disconnect = Effect.fnUntraced(function* ({ sql, audit }: Change, id: string) {
  const [space, source] = id.split(" ") as [string, string]
  const gone =
    yield* sql`delete from space_connections where space = ${space} and source = ${source} and origin = 'file' returning 1`
  if (gone.length > 0)
    audit({ space, action: "Source Disconnected From Space", target: `source ${source}`, before: { source } })
})

const applyToken = Effect.fnUntraced(function* (
  { sql, at, actor, audit }: Change,
  { tokens, spaces }: Configuration,
  hash: string,
  origin: Origin
) {
  const { name, space: slug, scopes } = tokens.find((token) => token.hash === hash)!
  const space = slug === null ? null : spaces.find((each) => each.slug === slug)!.id
  const [before] = yield* sql<{ id: string; name: string; space: string | null; scopes: ReadonlyArray<string> }>`
    select id, name, space, scopes::text[] as scopes from access_tokens where hash = ${hash}`
  const after = { name, space, scopes: [...scopes].sort() }
  if (
    before !== undefined &&
    JSON.stringify(after) === JSON.stringify({ ...after, ...before, id: undefined, scopes: [...before.scopes].sort() })
  )
    return
  const id = before?.id ?? newTokenId()
  yield* sql`insert into access_tokens (id, space, name, hash, scopes, origin, created_at, created_by)
    values (${id}, ${space}, ${name}, ${hash}, ${texts([...scopes])}, ${origin}, ${new Date(at)}, ${actor})
    on conflict (hash) do update set space = excluded.space, name = excluded.name, scopes = excluded.scopes`
  const action = before === undefined ? "Token Created" : "Token Modified"
  audit({ space, action, target: `token ${id}`, before, after: { id, ...after } })
})

const removeToken = Effect.fnUntraced(function* ({ sql, audit }: Change, hash: string) {
  const [row] = yield* sql<{ id: string; name: string; space: string | null }>`
    delete from access_tokens where hash = ${hash} and origin = 'file' returning id, name, space`
  if (row !== undefined)
    audit({ space: row.space, action: "Token Revoked", target: `token ${row.id}`, before: { name: row.name } })
})

const applyLimits = Effect.fnUntraced(function* ({ sql, audit }: Change, { limits }: Configuration) {
  const [row] = yield* sql<{ limits: string | null }>`select limits from workspace`
  const text = JSON.stringify(limits)
  if (row!.limits === text) return
  yield* sql`update workspace set limits = ${text}`
  const before = row!.limits === null ? undefined : (JSON.parse(row!.limits) as unknown)
  audit({ space: null, action: "Workspace Settings Modified", target: "limits", before, after: limits })
})

const removeSpace = Effect.fnUntraced(function* ({ sql, at, audit }: Change, id: string) {
  const [row] = yield* sql<{ slug: string; name: string; kind: string }>`
    update spaces set removed_at = ${new Date(at)} where id = ${id} and origin = 'file' and removed_at is null returning slug, name, kind`
  if (row !== undefined) audit({ space: id, action: "Space Deleted", target: `space ${id}`, before: row })
})

/** `configuration` is what the member is of; members of sources go together through `applySource`. Nothing happens where it is so already. */
export const applyMember = (
  change: Change,
  configuration: Configuration,
  { kind, id, value }: Member,
  origin: Origin
): Done => {
  const space = () => configuration.spaces.find((space) => space.id === id)!
  switch (kind) {
    case "label":
      return applyLabel(
        change,
        configuration.labels!.find(({ label }) => label === id)!
      )
    case "application":
      return applyApplication(
        change,
        configuration.applications!.find((application) => application.id === id)!,
        origin
      )
    case "space":
      return applySpace(change, space(), origin)
    case "space.name":
      return modifySpace(change, id, "name", value)
    case "space.kind":
      return modifySpace(change, id, "kind", value)
    case "space.rules":
      return modifySpace(change, id, "rules", encodeRules(space().rules))
    case "space.policy":
      return applyPolicy(change, space())
    case "space.filters":
      return applyFilters(change, space())
    case "connection":
      return connect(change, id, origin)
    case "token":
      return applyToken(change, configuration, id, origin)
    case "limits":
      return applyLimits(change, configuration)
    default:
      return Effect.void
  }
}

/** Nothing happens to what is not the file's own. */
export const removeMember = (
  change: Change,
  { kind, id }: { readonly kind: MemberKind; readonly id: string }
): Done => {
  switch (kind) {
    case "label":
      return removeLabel(change, id)
    case "application":
      return removeApplication(change, id)
    case "source":
      return removeSource(change, id)
    case "source.settings":
    case "source.blocked":
    case "source.oauth":
      return resetSource(change, id, kind)
    case "space":
      return removeSpace(change, id)
    case "connection":
      return disconnect(change, id)
    case "token":
      return removeToken(change, id)
    // Policy and filters are people's again; the others leave with what they are of, or are always there.
    default:
      return Effect.void
  }
}

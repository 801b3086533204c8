/** Applying or removing one member of the configuration file, with its audit entry. */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import { texts } from "../platform/sql-arrays.ts"
import type { Change } from "./changes.ts"
import type { Configuration } from "./config-file.ts"
import type { Member, MemberKind } from "./file-members.ts"
import { newTokenId } from "./secrets.ts"
import { decodeSource, encodeRules, encodeSource } from "./stored.ts"

type Done = Effect.Effect<void, SqlError.SqlError>

const applySource = Effect.fnUntraced(function* ({ sql, audit }: Change, configuration: Configuration, id: string) {
  const doc = encodeSource(configuration.sources.find((source) => source.id === id)!)
  const [row] = yield* sql<{ doc: string | null }>`select doc from sources where id = ${id}`
  yield* sql`insert into sources (id, doc) values (${id}, ${doc}) on conflict (id) do update set doc = excluded.doc`
  const before = row?.doc == null ? undefined : decodeSource(row.doc)
  const after = decodeSource(doc)
  const toggled = before !== undefined && encodeSource({ ...before, enabled: after.enabled }) === doc
  const action = before === undefined ? "Created" : !toggled ? "Modified" : after.enabled ? "Enabled" : "Disabled"
  audit({ space: null, action: `Source ${action}`, target: `source ${id}`, before, after })
})

const applySpace = Effect.fnUntraced(function* (
  { sql, at, actor, audit }: Change,
  configuration: Configuration,
  id: string
) {
  const { slug, name, kind, rules } = configuration.spaces.find((space) => space.id === id)!
  yield* sql`insert into spaces (id, slug, name, kind, origin, rules, created_at, created_by)
    values (${id}, ${slug}, ${name}, ${kind}, 'file', ${encodeRules(rules)}, ${new Date(at)}, ${actor})
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

const connect = Effect.fnUntraced(function* ({ sql, at, actor, audit }: Change, id: string) {
  const [space, source] = id.split(" ") as [string, string]
  const made = yield* sql`insert into space_connections (space, source, origin, connected_at, connected_by)
    values (${space}, ${source}, 'file', ${new Date(at)}, ${actor}) on conflict do nothing returning 1`
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
  hash: string
) {
  const { name, space: slug, scopes } = tokens.find((token) => token.hash === hash)!
  const space = slug === null ? null : spaces.find((each) => each.slug === slug)!.id
  const [before] = yield* sql<{ id: string; name: string; space: string | null; scopes: ReadonlyArray<string> }>`
    select id, name, space, scopes::text[] as scopes from access_tokens where hash = ${hash}`
  const id = before?.id ?? newTokenId()
  yield* sql`insert into access_tokens (id, space, name, hash, scopes, origin, created_at, created_by)
    values (${id}, ${space}, ${name}, ${hash}, ${texts([...scopes])}, 'file', ${new Date(at)}, ${actor})
    on conflict (hash) do update set space = excluded.space, name = excluded.name, scopes = excluded.scopes`
  const action = before === undefined ? "Token Created" : "Token Modified"
  audit({ space, action, target: `token ${id}`, before, after: { id, name, space, scopes: [...scopes] } })
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

const removeSource = Effect.fnUntraced(function* ({ sql, audit }: Change, id: string) {
  const [row] = yield* sql<{ doc: string }>`select doc from sources where id = ${id} and doc is not null`
  if (row === undefined) return
  yield* sql`update sources set doc = null where id = ${id}`
  audit({ space: null, action: "Source Deleted", target: `source ${id}`, before: decodeSource(row.doc) })
})

const removeSpace = Effect.fnUntraced(function* ({ sql, at, audit }: Change, id: string) {
  const [row] = yield* sql<{ slug: string; name: string; kind: string }>`
    update spaces set removed_at = ${new Date(at)} where id = ${id} and origin = 'file' and removed_at is null returning slug, name, kind`
  if (row !== undefined) audit({ space: id, action: "Space Deleted", target: `space ${id}`, before: row })
})

/** `configuration` is the file that the member is of. */
export const applyMember = (change: Change, configuration: Configuration, { kind, id, value }: Member): Done => {
  switch (kind) {
    case "source":
      return applySource(change, configuration, id)
    case "space":
      return applySpace(change, configuration, id)
    case "space.name":
      return modifySpace(change, id, "name", value)
    case "space.kind":
      return modifySpace(change, id, "kind", value)
    case "space.rules":
      return modifySpace(change, id, "rules", encodeRules(configuration.spaces.find((space) => space.id === id)!.rules))
    case "connection":
      return connect(change, id)
    case "token":
      return applyToken(change, configuration, id)
    case "limits":
      return applyLimits(change, configuration)
  }
}

/** Nothing happens to what is not the file's own. */
export const removeMember = (
  change: Change,
  { kind, id }: { readonly kind: MemberKind; readonly id: string }
): Done => {
  switch (kind) {
    case "source":
      return removeSource(change, id)
    case "space":
      return removeSpace(change, id)
    case "connection":
      return disconnect(change, id)
    case "token":
      return removeToken(change, id)
    // Leaves with its space, or is always there.
    case "space.name":
    case "space.kind":
    case "space.rules":
    case "limits":
      return Effect.void
  }
}

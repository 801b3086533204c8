/** Applying or removing what a file says of a source, of an application, of a label: each with its audit entries, and none where it is so already. */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import { texts } from "../platform/sql-arrays.ts"
import type { Change } from "./changes.ts"
import type { ConfiguredApplication, ConfiguredLabel, ConfiguredSource } from "./configured.ts"
import type { MemberKind } from "./file-members.ts"
import { nothingBlocked } from "./source-blocks.ts"
import { changedSource, sourceRows, writeBlocked, writeOAuth, writeSource } from "./source-rows.ts"
import { decodeSource, encodeSource } from "./stored.ts"

type Done = Effect.Effect<void, SqlError.SqlError>
export type Origin = "file" | "api"

/** `kinds`: which members of it the file says differently. */
export const applySource = (
  change: Change,
  configured: ConfiguredSource,
  kinds: ReadonlySet<MemberKind>,
  origin: Origin
): Done =>
  Effect.gen(function* () {
    const { sql, at, actor, audit } = change
    const { id, blocked, oauth } = configured
    let [row] = yield* sourceRows(sql, id)
    if (row === undefined) {
      yield* sql`insert into sources (id, doc, origin, created_at, created_by)
        values (${id}, ${encodeSource(configured)}, ${origin}, ${new Date(at)}, ${actor})
        on conflict (id) do update set doc = excluded.doc, origin = excluded.origin`
      const after = changedSource(decodeSource(encodeSource(configured)))
      audit({ space: null, action: "Source Created", target: `source ${id}`, after })
      row = (yield* sourceRows(sql, id))[0]!
    } else {
      const { doc } = row
      yield* writeSource(change, id, doc, {
        ...doc,
        ...(kinds.has("source.name") ? { name: configured.name } : undefined),
        ...(kinds.has("source.keys") ? { writeKeys: configured.writeKeys } : undefined),
        ...(kinds.has("source.enabled") ? { enabled: configured.enabled } : undefined),
        ...(kinds.has("source.labels") ? { labels: configured.labels ?? [] } : undefined),
        ...(kinds.has("source.settings") && configured.settings !== undefined
          ? { settings: configured.settings }
          : undefined)
      })
    }
    if (kinds.has("source.blocked") && blocked !== undefined) yield* writeBlocked(change, id, row.blocked, blocked)
    if (kinds.has("source.oauth") && oauth !== undefined) yield* writeOAuth(change, id, row.oauth, oauth)
  })

/** The file no longer says it: it is as if nobody had. */
export const resetSource = (
  change: Change,
  id: string,
  kind: "source.settings" | "source.blocked" | "source.oauth"
): Done =>
  Effect.gen(function* () {
    const [row] = yield* sourceRows(change.sql, id)
    if (row === undefined) return
    if (kind === "source.settings") yield* writeSource(change, id, row.doc, { ...row.doc, settings: {} })
    else if (kind === "source.blocked") yield* writeBlocked(change, id, row.blocked, nothingBlocked)
    else yield* writeOAuth(change, id, row.oauth, null)
  })

/** What was made by people stays. */
export const removeSource = ({ sql, audit }: Change, id: string): Done =>
  Effect.gen(function* () {
    const [row] = yield* sourceRows(sql, id)
    if (row === undefined || row.origin !== "file") return
    yield* sql`update sources set doc = null where id = ${id}`
    audit({ space: null, action: "Source Deleted", target: `source ${id}`, before: changedSource(row.doc) })
  })

interface ApplicationRow {
  readonly name: string
  readonly seconds: number
  readonly scopes: ReadonlyArray<string>
}

export const applyApplication = (change: Change, configured: ConfiguredApplication, origin: Origin): Done =>
  Effect.gen(function* () {
    const { sql, at, actor, audit } = change
    const { id, name, tokenSeconds, scopes, keys } = configured
    const [row] = yield* sql<ApplicationRow>`
      select name, token_seconds as seconds, scopes::text[] as scopes from oauth_applications where id = ${id}`
    const kept = yield* sql<{ id: string; name: string; pem: string }>`
      select id, name, public_key as pem from oauth_keys where application = ${id} order by n`
    const before = row === undefined ? undefined : { ...row, keys: kept }
    const after = {
      name,
      seconds: tokenSeconds,
      scopes,
      keys: keys.map(({ id, name, publicKey }) => ({ id, name, pem: publicKey }))
    }
    if (JSON.stringify(before) === JSON.stringify(after)) return
    yield* sql`insert into oauth_applications (id, name, token_seconds, scopes, origin, created_at, created_by)
      values (${id}, ${name}, ${tokenSeconds}, ${texts(scopes)}, ${origin}, ${new Date(at)}, ${actor})
      on conflict (id) do update set name = excluded.name, token_seconds = excluded.token_seconds, scopes = excluded.scopes`
    yield* sql`delete from oauth_keys where application = ${id}`
    for (const key of keys)
      yield* sql`insert into oauth_keys (id, application, name, public_key, created_at, created_by)
        values (${key.id}, ${id}, ${key.name}, ${key.publicKey}, ${new Date(at)}, ${actor})`
    const action = before === undefined ? "Created" : "Modified"
    audit({ space: null, action: `OAuth Application ${action}`, target: `oauth application ${id}`, before, after })
  })

export const removeApplication = ({ sql, audit }: Change, id: string): Done =>
  Effect.gen(function* () {
    const [row] = yield* sql<{
      name: string
    }>`delete from oauth_applications where id = ${id} and origin = 'file' returning name`
    if (row !== undefined)
      audit({ space: null, action: "OAuth Application Deleted", target: `oauth application ${id}`, before: row })
  })

export const applyLabel = ({ sql, at, actor, audit }: Change, { label, description }: ConfiguredLabel): Done =>
  Effect.gen(function* () {
    const [before] = yield* sql<{
      description: string | null
    }>`select description from labels where label = ${label}`
    if (before !== undefined && before.description === description) return
    yield* sql`insert into labels (label, description, created_at, created_by)
      values (${label}, ${description}, ${new Date(at)}, ${actor}) on conflict (label) do update set description = excluded.description`
    const action = before === undefined ? "Label Created" : "Label Modified"
    audit({ space: null, action, target: `label ${label}`, before, after: { label, description } })
  })

/** Where it is used it goes on to exist (IDR-10). */
export const removeLabel = ({ sql, audit }: Change, label: string): Done =>
  Effect.gen(function* () {
    const gone = yield* sql`delete from labels where label = ${label} returning 1`
    if (gone.length > 0) audit({ space: null, action: "Label Deleted", target: `label ${label}`, before: { label } })
  })

/**
 * Sources as people manage them (ING-112, ING-114, ING-102). Each function is the body of one change; see `changes.ts`. Write keys are in
 * `manage-write-keys.ts`, event filters in `manage-event-filters.ts`, OAuth in `manage-oauth.ts`.
 *
 * - A source that the configuration file declares can be changed like any other: the file comes back to a member of it only when that
 *   member is edited there. It cannot be deleted, because it would still be written down.
 * - A source that was made here is never touched by the file.
 * - What a deleted source has sent stays: in the archive, in profiles, wherever it went. It is disconnected, its keys are unknown, and its
 *   id is never given again.
 */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { Change } from "./changes.ts"
import { kindsWithWriteKey, sourceSlug } from "./configured.ts"
import { keyOfLabel, labelForm, labelPattern } from "./labels.ts"
import { checkWriteKey, forgetKeys, rememberKey } from "./manage-write-keys.ts"
import { checkName, type ChangeRefused, refuse } from "./refused.ts"
import { newSourceId, newWriteKey } from "./secrets.ts"
import { changedSource, findSource, type SourceRow, sourceRows, writeSource } from "./source-rows.ts"
import { settingsProblem } from "./source-settings.ts"
import { encodeSource } from "./stored.ts"
import { type SourceKind, sourceKinds, type SourceSettings } from "./workspace.ts"

type Changed<A> = Effect.Effect<A, ChangeRefused | SqlError.SqlError>

export interface NewSource {
  readonly slug: string
  readonly kind: string
  /** Default: the slug. */
  readonly name?: string
  /** Default: true (ING-114). */
  readonly enabled?: boolean
  readonly settings?: SourceSettings
  readonly labels?: ReadonlyArray<string>
  /** One that is in use elsewhere already, so that shipped apps only need a new host (ING-20). */
  readonly writeKey?: string
}

const isKind = (kind: string): kind is SourceKind => (sourceKinds as ReadonlyArray<string>).includes(kind)

const checkSettings = (settings: SourceSettings): Effect.Effect<SourceSettings, ChangeRefused> => {
  const problem = settingsProblem(settings)
  if (problem !== undefined) return Effect.fail(refuse("VALIDATION_FAILED", problem))
  return Effect.succeed(settings)
}

/** In the order of the alphabet; one value per key (ADM-46). */
const checkLabels = (labels: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<string>, ChangeRefused> => {
  const ordered = [...new Set(labels)].sort()
  const malformed = ordered.find((label) => !labelPattern.test(label))
  if (malformed !== undefined)
    return Effect.fail(refuse("VALIDATION_FAILED", `Expected ${labelForm}, found ${JSON.stringify(malformed)}.`))
  const keys = ordered.map(keyOfLabel)
  const twice = keys.find((key, i) => keys.indexOf(key) !== i)
  return twice === undefined
    ? Effect.succeed(ordered)
    : Effect.fail(refuse("CONFLICT", `A source has one label of a key at most; there are two of ${twice}.`))
}

/** Answers the id, and the write key if sources of the kind have one. */
export const createSource = (
  change: Change,
  { slug, kind, name, enabled = true, settings = {}, labels = [], writeKey }: NewSource
): Changed<{ readonly id: string; readonly writeKey: string | null }> =>
  Effect.gen(function* () {
    const { sql, at, actor, audit } = change
    if (!sourceSlug.test(slug))
      return yield* refuse(
        "VALIDATION_FAILED",
        "The slug of a source has 1 to 64 lower-case letters, digits, _ or -, and starts with a letter or digit."
      )
    if (!isKind(kind))
      return yield* refuse(
        "VALIDATION_FAILED",
        `There is no kind of source ${JSON.stringify(kind)}; there are ${sourceKinds.join(", ")}.`
      )
    const named = yield* checkName(name ?? slug, "the source")
    const rows = yield* sourceRows(sql)
    if (rows.some(({ doc }) => doc.slug === slug))
      return yield* refuse("CONFLICT", `There is a source with the slug "${slug}" already.`)
    const keyed = kindsWithWriteKey.has(kind)
    if (!keyed && writeKey !== undefined)
      return yield* refuse("VALIDATION_FAILED", `Sources of the kind ${kind} have no write key.`)
    const key = writeKey ?? (keyed ? newWriteKey() : null)
    if (writeKey !== undefined) yield* checkWriteKey(rows, writeKey)
    const id = newSourceId()
    const doc = {
      slug,
      name: named,
      kind,
      enabled,
      writeKeys: key === null ? [] : [key],
      labels: yield* checkLabels(labels),
      settings: yield* checkSettings(settings)
    }
    yield* sql`insert into sources (id, doc, origin, created_at, created_by)
      values (${id}, ${encodeSource(doc)}, 'api', ${new Date(at)}, ${actor})`
    if (key !== null) yield* rememberKey(change, id, key)
    audit({ space: null, action: "Source Created", target: `source ${id}`, after: changedSource(doc) })
    return { id, writeKey: key }
  })

export interface SourcePatch {
  readonly name?: string
  readonly enabled?: boolean
  /** Only accepted when it is the one that the source has (ING-114). */
  readonly slug?: string
  /** Merged member by member; null takes one away (ADM-18). */
  readonly settings?: SourceSettings
}

const merged = (before: SourceSettings, patch: SourceSettings): SourceSettings =>
  Object.fromEntries(Object.entries({ ...before, ...patch }).filter(([, value]) => value !== null))

/** Three entries at most: what was modified, settings, and whether it was switched on or off. */
export const updateSource = (change: Change, id: string, patch: SourcePatch): Changed<void> =>
  Effect.gen(function* () {
    const { doc } = yield* findSource(change.sql, id)
    if (patch.slug !== undefined && patch.slug !== doc.slug)
      return yield* refuse(
        "SLUG_IMMUTABLE",
        `The slug of this source is "${doc.slug}" and cannot become "${patch.slug}": addresses and schemas contain it. Send \`name\` alone to change the display name.`
      )
    const name = patch.name === undefined ? doc.name : yield* checkName(patch.name, "the source")
    const settings = yield* checkSettings(merged(doc.settings ?? {}, patch.settings ?? {}))
    const enabled = patch.enabled ?? doc.enabled
    yield* writeSource(change, id, doc, { ...doc, name, settings, enabled })
  })

/** `add`: beside those that it has; `replace`: these and no others. */
export const setSourceLabels = (
  change: Change,
  id: string,
  labels: ReadonlyArray<string>,
  mode: "add" | "replace"
): Changed<ReadonlyArray<string>> =>
  Effect.gen(function* () {
    const { doc } = yield* findSource(change.sql, id)
    const checked = yield* checkLabels(mode === "add" ? [...(doc.labels ?? []), ...labels] : labels)
    yield* writeSource(change, id, doc, { ...doc, labels: checked })
    return checked
  })

/** What else goes with a source, in the same transaction; refuses where it must stay. */
export type WithSource<E> = (change: Change, source: SourceRow) => Effect.Effect<void, E>

/** Refused for a source that the configuration file declares. `dependents`: what other rooms keep of the source. */
export const deleteSource = <E = never>(
  change: Change,
  id: string,
  dependents?: WithSource<E>
): Effect.Effect<void, E | ChangeRefused | SqlError.SqlError> =>
  Effect.gen(function* () {
    const { sql, audit } = change
    const source = yield* findSource(sql, id)
    if (source.origin === "file")
      return yield* refuse(
        "CONFLICT",
        `Source ${id} is declared by the configuration file. Take it out of the file, or disable it here.`
      )
    if (dependents !== undefined) yield* dependents(change, source)
    const connected = yield* sql<{ space: string }>`delete from space_connections where source = ${id} returning space`
    for (const { space } of connected)
      audit({ space, action: "Source Disconnected From Space", target: `source ${id}`, before: { source: id } })
    yield* sql`update sources set doc = null, blocked = null, oauth_application = null, oauth_enabled = false where id = ${id}`
    yield* forgetKeys(sql, id)
    audit({ space: null, action: "Source Deleted", target: `source ${id}`, before: changedSource(source.doc) })
  })

export interface WriteKeyView {
  readonly key: string
  /** ms; null: it came with the configuration file. */
  readonly createdAt: number | null
  readonly createdBy: string | null
  /** ms, to the minute. */
  readonly lastUsedAt: number | null
  /** Of the last request, e.g. `@segment/analytics-node`. */
  readonly lastLibrary: string | null
}

export interface SourceView extends Omit<SourceRow, "doc"> {
  readonly slug: string
  readonly name: string
  readonly kind: SourceKind
  readonly enabled: boolean
  readonly labels: ReadonlyArray<string>
  readonly settings: SourceSettings
  readonly writeKeys: ReadonlyArray<WriteKeyView>
}

type KeyRow = WriteKeyView & { readonly source: string }

/** All sources in the order in which they were made, or the one with this id. */
export const readSources = Effect.fnUntraced(function* (
  sql: PgClient.PgClient,
  id?: string
): Effect.fn.Return<ReadonlyArray<SourceView>, SqlError.SqlError> {
  const rows = yield* sourceRows(sql, id)
  const keys = yield* sql<KeyRow>`
    select source, key, (extract(epoch from created_at) * 1000)::float8 as "createdAt", created_by as "createdBy",
      (extract(epoch from last_used_at) * 1000)::float8 as "lastUsedAt", last_library as "lastLibrary"
    from source_keys`
  const known = new Map(keys.map((row) => [`${row.source} ${row.key}`, row]))
  const viewOf = (source: string, key: string): WriteKeyView => {
    const { createdAt, createdBy, lastUsedAt, lastLibrary } = known.get(`${source} ${key}`) ?? {}
    return {
      key,
      createdAt: createdAt ?? null,
      createdBy: createdBy ?? null,
      lastUsedAt: lastUsedAt ?? null,
      lastLibrary: lastLibrary ?? null
    }
  }
  return rows.map(({ doc, ...row }) => ({
    ...row,
    slug: doc.slug,
    name: doc.name,
    kind: doc.kind,
    enabled: doc.enabled,
    labels: doc.labels ?? [],
    settings: doc.settings ?? {},
    writeKeys: doc.writeKeys.map((key) => viewOf(row.id, key))
  }))
})

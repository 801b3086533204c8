/** The rows of sources that there are, and writing a changed one with the entries that tell of it (ADM-52). */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { Change } from "./changes.ts"
import { type ChangeRefused, refuse } from "./refused.ts"
import { type BlockedNames, compileBlocks } from "./source-blocks.ts"
import { decodeBlocked, decodeSource, encodeSource, type SourceDocument } from "./stored.ts"

export interface SourceRow {
  readonly no: number
  readonly id: string
  /** Who made it. */
  readonly origin: "file" | "api"
  /** ms; null: before this was noted. */
  readonly createdAt: number | null
  readonly createdBy: string | null
  readonly doc: SourceDocument
  readonly blocked: BlockedNames
  /** The application that it is connected to, and whether requests need its tokens. */
  readonly oauth: { readonly application: string; readonly enabled: boolean } | null
}

interface Row extends Pick<SourceRow, "no" | "id" | "origin" | "createdAt" | "createdBy"> {
  readonly doc: string
  readonly blocked: string | null
  readonly application: string | null
  readonly enforced: boolean
}

/** In the order in which they were made; those that were deleted or have left the file are none. */
export const sourceRows = (
  sql: PgClient.PgClient,
  id?: string
): Effect.Effect<ReadonlyArray<SourceRow>, SqlError.SqlError> =>
  Effect.map(
    sql<Row>`
      select no, id, origin, (extract(epoch from created_at) * 1000)::float8 as "createdAt", created_by as "createdBy", doc, blocked,
        oauth_application as application, oauth_enabled as enforced
      from sources where doc is not null and (${id ?? null}::text is null or id = ${id ?? null}) order by no`,
    (rows) =>
      rows.map(({ doc, blocked, application, enforced, ...row }) => ({
        ...row,
        doc: decodeSource(doc),
        blocked: decodeBlocked(blocked),
        oauth: application === null ? null : { application, enabled: enforced }
      }))
  )

/** The source as it is now, or NOT_FOUND. */
export const findSource = (
  sql: PgClient.PgClient,
  id: string
): Effect.Effect<SourceRow, ChangeRefused | SqlError.SqlError> =>
  Effect.gen(function* () {
    const [row] = yield* sourceRows(sql, id)
    return row ?? (yield* refuse("NOT_FOUND", `There is no source ${id}.`))
  })

/** For the audit trail: nobody learns a write key from it. */
export const shownKey = (key: string): string => `${key.slice(0, 8)}…`

export const changedSource = ({ writeKeys, labels, settings, ...doc }: SourceDocument) => ({
  ...doc,
  writeKeys: writeKeys.map(shownKey),
  labels: labels ?? [],
  settings: settings ?? {}
})

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

/** Up to three entries: `Source Modified`, `Source Settings Modified`, `Source Enabled` or `Source Disabled`; none when it is the same. */
export const writeSource = (
  { sql, audit }: Change,
  id: string,
  before: SourceDocument,
  after: SourceDocument
): Effect.Effect<void, SqlError.SqlError> =>
  Effect.gen(function* () {
    if (encodeSource(before) === encodeSource(after)) return
    yield* sql`update sources set doc = ${encodeSource(after)} where id = ${id}`
    const [was, is] = [changedSource(before), changedSource(after)]
    const members = (["name", "labels", "writeKeys"] as const).filter((member) => !same(before[member], after[member]))
    const entry = (action: string, keys: ReadonlyArray<keyof typeof was>) => {
      const only = (source: typeof was) => Object.fromEntries(keys.map((key) => [key, source[key]]))
      audit({ space: null, action, target: `source ${id}`, before: only(was), after: only(is) })
    }
    if (members.length > 0) entry("Source Modified", members)
    if (!same(was.settings, is.settings)) entry("Source Settings Modified", ["settings"])
    if (was.enabled !== is.enabled) entry(is.enabled ? "Source Enabled" : "Source Disabled", ["enabled"])
  })

/** `Schema Event Filters Modified`, when they are others. */
export const writeBlocked = (
  { sql, audit }: Change,
  id: string,
  before: BlockedNames,
  after: BlockedNames
): Effect.Effect<void, SqlError.SqlError> =>
  Effect.gen(function* () {
    if (same(before, after)) return
    const text = compileBlocks(after) === undefined ? null : JSON.stringify(after)
    yield* sql`update sources set blocked = ${text} where id = ${id}`
    audit({ space: null, action: "Schema Event Filters Modified", target: `source ${id}`, before, after })
  })

/** Connected, disconnected, enabled, disabled: an entry for each of these that it takes. */
export const writeOAuth = (
  { sql, audit }: Change,
  id: string,
  before: SourceRow["oauth"],
  after: SourceRow["oauth"]
): Effect.Effect<void, SqlError.SqlError> =>
  Effect.gen(function* () {
    if (before?.application === after?.application && before?.enabled === after?.enabled) return
    yield* sql`update sources set oauth_application = ${after?.application ?? null}, oauth_enabled = ${after?.enabled ?? false}
      where id = ${id}`
    const entry = (action: string, was: SourceRow["oauth"], is: SourceRow["oauth"]) =>
      audit({ space: null, action, target: `source ${id}`, before: was, after: is })
    const moved = before?.application !== after?.application
    if (moved && before !== null) entry("Source Disconnected From OAuth Application", before, null)
    if (after === null) return
    const connected = { ...after, enabled: false }
    if (moved) entry("Source Connected To OAuth Application", null, connected)
    if ((moved ? false : before!.enabled) !== after.enabled)
      entry(`Source OAuth ${after.enabled ? "Enabled" : "Disabled"}`, moved ? connected : before, after)
  })

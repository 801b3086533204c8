/**
 * Settings as they are sent, into settings as they are stored (DST-9): merged key by key, null removes, bullets keep a secret, read-only ones
 * are ignored; checked by the catalog; secrets sealed each by itself. What is required and missing does not refuse a change: the destination then
 * gets no events (stage 9 of DST-30).
 */
import { Effect } from "effect"
import type { CatalogEntry } from "../../catalog/entry.ts"
import { isMask, openSecrets, type Sealed, sealSecret } from "../secrets.ts"
import { DestinationRefused, type FieldProblem, invalid } from "./refused.ts"
import { lockedVault, type Room, type Values } from "./rows.ts"

export interface StoredSettings {
  readonly settings: Values
  readonly secrets: Sealed
}

const defaultsOf = (entry: CatalogEntry): Values =>
  Object.fromEntries(
    entry.settings.flatMap(({ default: value, key, type }) =>
      value === undefined || type === "password" ? [] : [[key, value]]
    )
  )

export const settingsOfNew = (entry: CatalogEntry, sent: Values): Values => ({ ...defaultsOf(entry), ...sent })

export const isOnlyReadOnly = (entry: CatalogEntry, sent: Values): boolean => {
  const keys = Object.keys(sent)
  const readOnly = new Set(entry.settings.filter((field) => field.readOnly).map(({ key }) => key))
  return keys.length > 0 && keys.every((key) => readOnly.has(key))
}

/** In plain, unchecked. */
export const mergeSettings = (
  { vault }: Room,
  entry: CatalogEntry,
  id: string,
  stored: StoredSettings,
  sent: Values
): Values => {
  const merged: Record<string, unknown> = { ...stored.settings, ...openSecrets(vault, id, stored.secrets).secrets }
  const fields = new Map(entry.settings.map((field) => [field.key, field]))
  for (const [key, value] of Object.entries(sent)) {
    const field = fields.get(key)
    // Unknown keys are left out; among them `__proto__`.
    if (field === undefined || field.readOnly || (field.type === "password" && isMask(value))) continue
    if (value === null) delete merged[key]
    else merged[key] = value
  }
  return merged
}

const maxBytes = 256 * 1024

const isAbsent = (value: unknown): boolean => value === undefined || value === null || value === ""

/** Refused when a value is of the wrong shape. */
export const prepareSettings = Effect.fnUntraced(function* (
  room: Room,
  entry: CatalogEntry,
  id: string,
  stored: StoredSettings,
  sent: Values
): Effect.fn.Return<StoredSettings, DestinationRefused> {
  const merged = mergeSettings(room, entry, id, stored, sent)
  if (Buffer.byteLength(JSON.stringify(merged)) > maxBytes)
    return yield* invalid("SETTINGS_INVALID", `The settings are larger than ${maxBytes / 1024} KiB.`, "settings")
  const checked = room.catalog.checkSettings(entry, merged)
  const problems: ReadonlyArray<FieldProblem> = checked.problems
    .filter(({ field }) => !isAbsent(merged[field]))
    .map(({ field, message }) => ({ field: `settings.${field}`, message }))
  if (problems.length > 0)
    return yield* new DestinationRefused({
      kind: "invalid",
      code: "SETTINGS_INVALID",
      message: problems.map(({ field, message }) => `${field}: ${message}`).join(" "),
      field: problems[0]!.field,
      problems
    })
  const opened = openSecrets(room.vault, id, stored.secrets)
  const isSecret = new Set(entry.settings.filter(({ type }) => type === "password").map(({ key }) => key))
  const settings: Record<string, unknown> = {}
  // What cannot be opened stays until somebody replaces it.
  const secrets: Record<string, string> = Object.fromEntries(
    Object.entries(stored.secrets).filter(([key]) => !(key in opened.secrets) && sent[key] !== null)
  )
  for (const [key, value] of Object.entries(checked.settings)) {
    if (!isSecret.has(key)) {
      settings[key] = value
    } else if (!isAbsent(value)) {
      const isSame = JSON.stringify(opened.secrets[key]) === JSON.stringify(value)
      secrets[key] = isSame
        ? stored.secrets[key]!
        : yield* Effect.mapError(sealSecret(room.vault, id, key, value), lockedVault)
    }
  }
  return { settings, secrets }
})

/** For the audit trail: which secrets have another value, without telling one. */
export const replacedSecrets = (before: Sealed, after: Sealed): ReadonlyArray<string> =>
  Object.keys({ ...before, ...after }).filter((key) => before[key] !== after[key])

/** Making and deleting labels (IDR-10). */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { Change } from "./changes.ts"
import { builtInLabels, labelForm, labelPattern } from "./labels.ts"
import { type ChangeRefused, refuse } from "./refused.ts"
import { decodeSource } from "./stored.ts"

const longestDescription = 500

export interface LabelView {
  /** `key:value` */
  readonly label: string
  readonly description: string | null
  /** How many sources and connection policies of spaces have it. */
  readonly sources: number
  readonly spaces: number
}

interface Used {
  readonly sources: ReadonlyArray<ReadonlyArray<string>>
  readonly policies: ReadonlyArray<ReadonlyArray<string>>
}

const used = Effect.fnUntraced(function* (sql: PgClient.PgClient): Effect.fn.Return<Used, SqlError.SqlError> {
  const sources = yield* sql<{ doc: string }>`select doc from sources where doc is not null`
  const policies = yield* sql<{ policy: ReadonlyArray<string> }>`
    select policy::text[] as policy from spaces where removed_at is null and policy <> '{}'`
  return {
    sources: sources.map(({ doc }) => decodeSource(doc).labels ?? []),
    policies: policies.map(({ policy }) => policy)
  }
})

const count = (lists: ReadonlyArray<ReadonlyArray<string>>, label: string): number =>
  lists.filter((list) => list.includes(label)).length

/** Every label that there is, in the order of the alphabet. */
export const readLabels = Effect.fnUntraced(function* (
  sql: PgClient.PgClient
): Effect.fn.Return<ReadonlyArray<LabelView>, SqlError.SqlError> {
  const { sources, policies } = yield* used(sql)
  const made = yield* sql<{ label: string; description: string | null }>`select label, description from labels`
  const descriptions = new Map(made.map(({ label, description }) => [label, description]))
  const all = new Set([...builtInLabels, ...descriptions.keys(), ...sources.flat(), ...policies.flat()])
  return [...all].sort().map((label) => ({
    label,
    description: descriptions.get(label) ?? null,
    sources: count(sources, label),
    spaces: count(policies, label)
  }))
})

export const existingLabels = (sql: PgClient.PgClient) =>
  Effect.map(readLabels(sql), (labels) => labels.map(({ label }) => label))

type Changed<A> = Effect.Effect<A, ChangeRefused | SqlError.SqlError>

export const createLabel = (
  { sql, at, actor, audit }: Change,
  label: string,
  description: string | null
): Changed<void> =>
  Effect.gen(function* () {
    if (!labelPattern.test(label))
      return yield* refuse("VALIDATION_FAILED", `Expected ${labelForm}, found ${JSON.stringify(label)}.`)
    if (description !== null && [...description].length > longestDescription)
      return yield* refuse("VALIDATION_FAILED", `The description is longer than ${longestDescription} characters.`)
    if ((yield* existingLabels(sql)).includes(label))
      return yield* refuse("CONFLICT", `There is a label ${label} already.`)
    yield* sql`insert into labels (label, description, created_at, created_by) values (${label}, ${description}, ${new Date(at)}, ${actor})`
    audit({ space: null, action: "Label Created", target: `label ${label}`, after: { label, description } })
  })

/** Refused while a source or a policy has it. */
export const deleteLabel = ({ sql, audit }: Change, label: string): Changed<void> =>
  Effect.gen(function* () {
    if (builtInLabels.includes(label)) return yield* refuse("VALIDATION_FAILED", `The label ${label} always exists.`)
    const found = (yield* readLabels(sql)).find((each) => each.label === label)
    if (found === undefined) return yield* refuse("NOT_FOUND", `There is no label ${label}.`)
    const { sources, spaces, description } = found
    if (sources + spaces > 0)
      return yield* refuse(
        "CONFLICT",
        `The label ${label} is in use by ${sources} source(s) and the connection policy of ${spaces} space(s). Take it away from them first.`
      )
    yield* sql`delete from labels where label = ${label}`
    audit({ space: null, action: "Label Deleted", target: `label ${label}`, before: { label, description } })
  })

/**
 * New rules for a space (IDR-156 to IDR-158) and the rules of another space taken over (IDR-8). A version applies to the events
 * resolved after it; nothing stored is merged, split or unmapped.
 *
 * - A custom type stays in the table for good: it can be switched off, because its mappings stay searchable (IDR-38).
 * - Types that events brought are no part of the document; one that names them makes them its own. Importing takes those of
 *   the other space over as rows, since there they are part of the table that people reviewed.
 */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import { rulesDecided } from "../../workspace/changes.ts"
import type { IdentifierRule, RulesDocument } from "../../workspace/rules.ts"
import { type AutoAdded, withAutoRows } from "../rules.ts"
import { spaceSchema } from "../schema.ts"
import type { Execute, Executed, OperationContext } from "./execution.ts"
import { OperationRefused } from "./operation.ts"

interface Saved {
  readonly version: number
  readonly doc: string
}

const latest = (context: OperationContext, schema: string): Effect.Effect<Saved | undefined, SqlError.SqlError> =>
  context.database.write
    .unsafe<Saved>(`select version, doc from ${schema}.rules order by version desc limit 1`)
    .pipe(Effect.map((rows) => rows[0]))

const autoAdded = (context: OperationContext, schema: string) =>
  context.database.write.unsafe<AutoAdded>(`select type, collection from ${schema}.auto_added order by pos, type`)

const nothing: Executed<"save_rules">["mutations"] = { profiles: [], mappings: [], merges: [], links: [] }

const saved = (
  { spaceId, database, schema, at, actor }: OperationContext,
  before: Saved | undefined,
  document: RulesDocument,
  action: string
): Executed<"save_rules"> => {
  const version = (before?.version ?? 0) + 1
  const doc = JSON.stringify(document)
  return {
    mutations: nothing,
    write: Effect.andThen(
      database.write.unsafe(
        `insert into ${schema}.rules (version, doc, saved_at, origin, actor) values ($1, $2, $3, 'api', $4)`,
        [version, doc, new Date(at), actor]
      ),
      rulesDecided(database.write, spaceId)
    ),
    audit: {
      action,
      target: `rules version ${version}`,
      before: before === undefined ? null : JSON.parse(before.doc),
      after: document
    },
    answer: { version },
    successes: []
  }
}

const invalid = (message: string) => Effect.fail(new OperationRefused({ code: "VALIDATION_FAILED", message }))

/** A type belongs to one collection for good: its values are mapped there. */
const checkCollections = (context: OperationContext, document: RulesDocument) => {
  const moved = document.identifiers.filter(
    ({ type, collection }) => (context.rules.byType.get(type)?.collection ?? collection) !== collection
  )
  if (moved.length === 0) return Effect.void
  const names = moved.map(({ type }) => `${type} is in ${context.rules.byType.get(type)!.collection}`)
  return invalid(`An identifier type cannot change its collection: ${names.join(", ")}.`)
}

const checkCustomTypes = (before: Saved | undefined, document: RulesDocument) => {
  const rows = before === undefined ? [] : (JSON.parse(before.doc) as RulesDocument).identifiers
  const kept = new Set(document.identifiers.map(({ type }) => type))
  const gone = rows.filter(({ type, origin }: IdentifierRule) => origin === "custom" && !kept.has(type))
  if (gone.length === 0) return Effect.void
  const names = gone.map(({ type }) => type).join(", ")
  return invalid(
    `Custom identifiers cannot be removed or renamed, because their values stay on profiles: ${names}. Keep the row and switch it off instead ("enabled": false).`
  )
}

export const saveRules: Execute<"save_rules"> = Effect.fnUntraced(function* (context, { rules, expectedVersion }) {
  const before = yield* latest(context, context.schema)
  const current = before?.version ?? 0
  if (current !== expectedVersion)
    return yield* new OperationRefused({
      code: "CONFLICT",
      message: `The rules are at version ${current}, not at ${expectedVersion}: somebody has saved others meanwhile. Read them again and repeat the change.`
    })
  yield* checkCustomTypes(before, rules)
  yield* checkCollections(context, rules)
  return saved(context, before, rules, "Rules Saved")
})

export const importRules: Execute<"import_rules"> = Effect.fnUntraced(function* (context, { fromSpaceId, force }) {
  const known = yield* context.database
    .write`select 1 from pg_namespace where nspname = ${fromSpaceId} and nspname like 'spa\\_%'`
  const from = known.length === 0 ? undefined : yield* latest(context, spaceSchema(fromSpaceId))
  if (from === undefined || fromSpaceId === context.spaceId)
    return yield* new OperationRefused({
      code: "NOT_FOUND",
      message: `There is no other space ${fromSpaceId} with rules in this workspace.`
    })
  const resolved = yield* context.database.write.unsafe(
    `select 1 from ${context.schema}.stamps where profile is not null or account is not null limit 1`
  )
  if (resolved.length > 0 && !force)
    return yield* new OperationRefused({
      code: "RULES_NOT_EMPTY",
      message:
        "This space has resolved events under its rules. Importing others is a change of rules for what comes from now on; say `force` if that is meant."
    })
  const brought = yield* autoAdded(context, spaceSchema(fromSpaceId))
  const document = withAutoRows(JSON.parse(from.doc) as RulesDocument, brought)
  yield* checkCollections(context, document)
  return saved(context, yield* latest(context, context.schema), document, "Rules Imported")
})

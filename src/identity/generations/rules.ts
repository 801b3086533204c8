/** Rules of two generations: what the one that is filled starts with, and what the switch makes of them (IDR-193). */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import { OperationRefused } from "../operations/operation.ts"
import { spaceSchema } from "../schema.ts"
import { type Aside, schemaAside } from "./generation.ts"
import type { RulesPair } from "./switch.ts"

interface Version {
  readonly version: number
  readonly doc: string
}

const latest = (sql: PgClient.PgClient, schema: string) =>
  Effect.map(
    sql.unsafe<Version>(`select version, doc from ${schema}.rules order by version desc limit 1`),
    (rows) => rows[0]!
  )

export const rulesChanged = new OperationRefused({
  code: "RULES_CHANGED",
  message: "The rules were changed since the run was started. Start it again."
})

const columns = "version, doc, saved_at, origin, actor"

const copy = (sql: PgClient.PgClient, spaceId: string, aside: Aside) =>
  sql.unsafe(`insert into ${schemaAside(spaceId, aside)}.rules (${columns})
    select ${columns} from ${spaceSchema(spaceId)}.rules on conflict (version) do nothing`)

const save = (sql: PgClient.PgClient, schema: string, { version, doc }: Version, actor: string) =>
  sql.unsafe(`insert into ${schema}.rules (version, doc, saved_at, origin, actor) values ($1, $2, now(), 'api', $3)`, [
    version,
    doc,
    actor
  ])

/** A new generation has all versions of the live one and, unless they are in force already, the candidate rules. */
export const candidateRules = Effect.fnUntraced(function* (
  sql: PgClient.PgClient,
  spaceId: string,
  candidate: { readonly doc: string; readonly baseVersion: number; readonly actor: string }
) {
  const { doc, baseVersion, actor } = candidate
  const live = yield* latest(sql, spaceSchema(spaceId))
  yield* copy(sql, spaceId, "next")
  if (live.version === baseVersion + 1 && live.doc === doc) return
  if (live.version !== baseVersion) return yield* rulesChanged
  yield* save(sql, schemaAside(spaceId, "next"), { version: baseVersion + 1, doc }, actor)
})

/** Refuses when others were saved since the new generation was begun. */
export const checkCandidate = (sql: PgClient.PgClient, spaceId: string) =>
  Effect.gen(function* () {
    const live = yield* latest(sql, spaceSchema(spaceId))
    const next = yield* latest(sql, schemaAside(spaceId, "next"))
    const own = next.version === live.version + 1
    if (!own && !(next.version === live.version && next.doc === live.doc)) return yield* rulesChanged
    yield* sql.unsafe(`update ${schemaAside(spaceId, "next")}.rules set saved_at = now() where version = $1 and $2`, [
      next.version,
      own
    ])
    return { before: live.version, after: next.version } satisfies RulesPair
  })

/** Going back is a version more, with the rules that the previous generation has always had. */
export const restoreRules = (sql: PgClient.PgClient, spaceId: string, actor: string) =>
  Effect.gen(function* () {
    const live = yield* latest(sql, spaceSchema(spaceId))
    const previous = yield* latest(sql, schemaAside(spaceId, "previous"))
    yield* copy(sql, spaceId, "previous")
    if (previous.doc === live.doc) return { before: live.version, after: live.version } satisfies RulesPair
    const version = live.version + 1
    yield* save(sql, schemaAside(spaceId, "previous"), { version, doc: previous.doc }, actor)
    return { before: live.version, after: version } satisfies RulesPair
  })

/** Id, slug and name of the workspace (ADM-1). Id and slug never change. */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import { type Change } from "../workspace/changes.ts"
import { checkName, type ChangeRefused } from "../workspace/refused.ts"

export interface WorkspaceIdentity {
  readonly id: string
  readonly slug: string
  readonly name: string
}

export const readIdentity = (sql: PgClient.PgClient): Effect.Effect<WorkspaceIdentity, SqlError.SqlError> =>
  Effect.map(sql<WorkspaceIdentity>`select id, slug, name from workspace`, ([row]) => row!)

export const renameWorkspace = (
  { sql, audit }: Change,
  name: string
): Effect.Effect<WorkspaceIdentity, ChangeRefused | SqlError.SqlError> =>
  Effect.gen(function* () {
    const before = yield* readIdentity(sql)
    const named = yield* checkName(name, "the workspace")
    if (named === before.name) return before
    yield* sql`update workspace set name = ${named}`
    const target = `workspace ${before.id}`
    audit({ space: null, action: "Workspace Modified", target, before: { name: before.name }, after: { name: named } })
    return { ...before, name: named }
  })

/**
 * Changing the workspace: one transaction per change, one change at a time, each with its audit entries. The version of the
 * workspace goes up with it, and a notification wakes every process that listens.
 */
import type { PgClient } from "@effect/sql-pg"
import { Clock, Effect } from "effect"
import type { SqlError } from "effect/sql"
import { addAudit, type AuditEntry, auditId } from "./audit.ts"
import { newSeed } from "./secrets.ts"

export const changedChannel = "braid_workspace"

export type Audited = Pick<AuditEntry, "space" | "action" | "target"> & Partial<Pick<AuditEntry, "before" | "after">>

/** What a change has at hand. */
export interface Change {
  readonly sql: PgClient.PgClient
  /** ms */
  readonly at: number
  readonly actor: string
  /** Says what was changed; a change that says nothing has changed nothing. */
  readonly audit: (entry: Audited) => void
}

/** Part of the caller's transaction: every process takes the workspace over again. */
export const workspaceChanged = (sql: PgClient.PgClient): Effect.Effect<void, SqlError.SqlError> =>
  Effect.andThen(
    sql`update workspace set version = version + 1`,
    Effect.asVoid(sql`select pg_notify(${changedChannel}, '')`)
  )

/**
 * Runs `body` as one change; what fails leaves nothing behind. Changes wait for each other, in all processes, so `body` may
 * read what it decides by.
 */
export const changeWorkspace = <A, E>(
  sql: PgClient.PgClient,
  actor: string,
  body: (change: Change) => Effect.Effect<A, E>
): Effect.Effect<A, E | SqlError.SqlError> =>
  sql.withTransaction(
    Effect.gen(function* () {
      yield* sql`select 1 from workspace for update`
      const at = yield* Clock.currentTimeMillis
      const entries: Array<AuditEntry> = []
      const audit = ({ space, action, target, before, after }: Audited) =>
        void entries.push({
          id: auditId(at, newSeed()),
          at,
          actor,
          space,
          action,
          target,
          reason: null,
          before: before ?? null,
          after: after ?? null
        })
      const result = yield* body({ sql, at, actor, audit })
      if (entries.length > 0) {
        yield* addAudit(sql, entries)
        yield* workspaceChanged(sql)
      }
      return result
    })
  )

/**
 * Somebody has decided on the rules of a space: sources can be connected from now on (IDR-6). Part of the transaction that
 * saves the rules.
 */
export const rulesDecided = (sql: PgClient.PgClient, spaceId: string): Effect.Effect<void, SqlError.SqlError> =>
  Effect.gen(function* () {
    const drafts = yield* sql`update spaces set rules_draft = false where id = ${spaceId} and rules_draft returning 1`
    if (drafts.length > 0) yield* workspaceChanged(sql)
  })

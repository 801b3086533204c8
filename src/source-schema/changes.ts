/**
 * What people change about the schema of a source: clear its history (ING-131), archive an event (ING-132), add one in advance
 * (ING-133). Each with its entry in the audit trail. Nothing here changes what flows; what is archived must be blocked.
 */
import type { PgClient } from "@effect/sql-pg"
import { Clock, Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { Database } from "../platform/database.ts"
import { int2s } from "../platform/sql-arrays.ts"
import { addAudit, auditId } from "../workspace/audit.ts"
import { type ChangeRefused, refuse } from "../workspace/refused.ts"
import { newSeed } from "../workspace/secrets.ts"
import { decodeBlocked } from "../workspace/stored.ts"
import type { ExportType } from "./export.ts"
import { schemaLock } from "./flush.ts"
import { kinds, longestName, mostEvents } from "./names.ts"

export interface SchemaChange {
  readonly actor: string
  readonly spaceId: string
  readonly source: { readonly id: string; readonly no: number }
}

type Changed<A> = Effect.Effect<A, ChangeRefused | SqlError.SqlError>

/** Pages and screens are listed as events and blocked as a whole (ING-130, ING-134). */
const isBlocked = (sql: PgClient.PgClient, source: number, event: string): Changed<boolean> =>
  Effect.map(sql<{ blocked: string | null }>`select blocked from sources where no = ${source}`, ([row]) => {
    const { track, page, screen } = decodeBlocked(row?.blocked ?? null)
    return (event === "Page Viewed" && page) || (event === "Screen Viewed" && screen) || track.includes(event)
  })

const kindsOf = (type: ExportType) =>
  (type === "track" ? ["event", "property"] : [type]) as ReadonlyArray<(typeof kinds)[number]>

export const makeSchemaChanges = ({ write: sql }: Database["Service"]) => {
  /** One at a time, also beside those who write counts. Undefined: nothing was changed, so nothing is said. */
  const change = <A, E>(
    { actor, spaceId, source }: SchemaChange,
    body: (
      sql: PgClient.PgClient,
      at: number
    ) => Effect.Effect<{ readonly action: string; readonly details: unknown; readonly answer: A } | undefined, E>
  ) =>
    sql.withTransaction(
      Effect.gen(function* () {
        yield* sql`select pg_advisory_xact_lock(${schemaLock}::int4)`
        const at = yield* Clock.currentTimeMillis
        const done = yield* body(sql, at)
        if (done === undefined) return undefined
        const { action, details, answer } = done
        yield* addAudit(sql, [
          {
            id: auditId(at, newSeed()),
            at,
            actor,
            space: spaceId,
            action,
            target: `source ${source.id}`,
            reason: null,
            before: null,
            after: details
          }
        ])
        return answer
      })
    )

  const setArchived = (request: SchemaChange, event: string, archived: boolean): Changed<void> =>
    Effect.asVoid(
      change(request, (sql, at) =>
        Effect.gen(function* () {
          const rows = yield* sql<{ archived: boolean }>`
          select archived_at is not null as archived from schema_names where source = ${request.source.no} and kind = 0 and event = 0 and name = ${event}`
          if (rows.length === 0)
            return yield* refuse("NOT_FOUND", `The source has no event ${JSON.stringify(event)} in its schema.`)
          if (rows[0]!.archived === archived) return undefined
          if (archived && !(yield* isBlocked(sql, request.source.no, event)))
            return yield* refuse(
              "CONFLICT",
              `${JSON.stringify(event)} is allowed. Block it in the schema of the source first: what is archived must not come unseen.`
            )
          yield* sql`update schema_names set archived_at = ${archived ? new Date(at) : null}
          where source = ${request.source.no} and kind = 0 and event = 0 and name = ${event}`
          return {
            action: archived ? "Schema Event Archived" : "Schema Event Unarchived",
            details: { event },
            answer: undefined
          }
        })
      )
    )

  return {
    archive: (request: SchemaChange, event: string) => setArchived(request, event, true),
    unarchive: (request: SchemaChange, event: string) => setArchived(request, event, false),
    /** Answers how many names were forgotten; what still comes is listed again. */
    clear: (request: SchemaChange, type: ExportType): Changed<number> =>
      Effect.map(
        change(request, (sql) =>
          Effect.gen(function* () {
            const rows = yield* sql<{ count: number }>`
              with gone as (delete from schema_names where source = ${request.source.no} and kind = any(${int2s(kindsOf(type).map((kind) => kinds.indexOf(kind)))}) returning 1)
              select count(*)::int4 as count from gone`
            const names = rows[0]?.count ?? 0
            return { action: "Schema History Cleared", details: { type, names }, answer: names }
          })
        ),
        (names) => names ?? 0
      ),
    /** An event that has not come yet; one that is there already is refused. */
    add: (request: SchemaChange, event: string): Changed<void> =>
      Effect.asVoid(
        change(request, (sql) =>
          Effect.gen(function* () {
            if (event === "" || event.length > longestName || event.includes("\0"))
              return yield* refuse("VALIDATION_FAILED", `The name of an event has 1 to ${longestName} characters.`)
            const [held] = yield* sql<{ count: number; there: boolean }>`
            select count(*)::int4 as count, coalesce(bool_or(name = ${event}), false) as there from schema_names
            where source = ${request.source.no} and kind = 0 and event = 0`
            if (held!.there)
              return yield* refuse("CONFLICT", `The schema has an event ${JSON.stringify(event)} already.`)
            if (held!.count >= mostEvents)
              return yield* refuse(
                "CONFLICT",
                `The schema lists at most ${mostEvents} events. Clear its history first.`
              )
            yield* sql`insert into schema_names (source, kind, event, name) values (${request.source.no}, 0, 0, ${event})`
            return { action: "Schema Event Added", details: { event }, answer: undefined }
          })
        )
      )
  }
}

/**
 * Brings the tables that all spaces share up to date: forward only, all or nothing, one process at a time.
 *
 * Each room contributes its own migrations; ids are unique over all rooms. What was released is never changed: a
 * database that knows an id under another name, or an id this Braid does not know, is refused rather than guessed at.
 */
import type { PgClient } from "@effect/sql-pg"
import { Data, Effect } from "effect"
import type { SqlError } from "effect/sql"

export interface Migration {
  readonly id: number
  readonly name: string
  /** One statement per element, run in one transaction with every other migration that is missing. */
  readonly statements: ReadonlyArray<string>
}

export class SchemaMismatch extends Data.TaggedError("SchemaMismatch")<{
  readonly found: string
}> {
  override get message() {
    return `The database was written by another version of Braid: it has ${this.found}. Start that version or a newer one, or use another database.`
  }
}

/** "braid" in ASCII: the advisory lock that serialises migrations. */
const lock = 0x62726169n * 256n + 0x64n

/** Applies what is missing and returns the names of what was applied. */
export const migrate = (
  sql: PgClient.PgClient,
  migrations: ReadonlyArray<Migration>
): Effect.Effect<ReadonlyArray<string>, SqlError.SqlError | SchemaMismatch> => {
  const wanted = [...migrations].sort((a, b) => a.id - b.id)
  const byId = new Map(wanted.map((migration) => [migration.id, migration]))
  if (byId.size !== wanted.length) return Effect.die(new Error("two migrations have the same id"))

  const missing = Effect.gen(function* () {
    const applied = yield* sql<{ id: number; name: string }>`select id, name from braid_migrations order by id`
    for (const { id, name } of applied) {
      const known = byId.get(id)
      if (known?.name !== name) return yield* new SchemaMismatch({ found: `migration ${id} "${name}"` })
    }
    const done = new Set(applied.map((row) => row.id))
    return wanted.filter((migration) => !done.has(migration.id))
  })

  return sql.withTransaction(
    Effect.gen(function* () {
      yield* sql`set local statement_timeout = 0`
      yield* sql`set local lock_timeout = 0`
      yield* sql`select pg_advisory_xact_lock(${lock})`
      yield* sql`create table if not exists braid_migrations (
        id int primary key, name text not null, applied_at timestamptz not null default now())`
      const pending = yield* missing
      for (const { id, name, statements } of pending) {
        for (const statement of statements) yield* sql.unsafe(statement)
        yield* sql`insert into braid_migrations (id, name) values (${id}, ${name})`
      }
      return pending.map((migration) => migration.name)
    })
  )
}

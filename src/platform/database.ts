/** Connections to the one PostgreSQL that holds the truth: log, journal, profiles, configuration. */
import type { PgClient } from "@effect/sql-pg"
import { Context, type Redacted } from "effect"

export class Database extends Context.Service<
  Database,
  {
    /** Pool for the appender, the space actors and everything that runs in a transaction. */
    readonly write: PgClient.PgClient
    /** Multiplexed connections with generic plans: batched look-ups of the Profile API and the readers. */
    readonly read: PgClient.PgClient
    /**
     * For sessions that are held while their holder works in `write`: locks that one process has. With one pool for both, those who hold a
     * connection would wait for one more until nobody has any. Absent: `write`.
     */
    readonly sessions?: PgClient.PgClient
    readonly url: Redacted.Redacted
    /** True when Braid started (or adopted) the server itself. */
    readonly embedded: boolean
  }
>()("braid/platform/Database") {}

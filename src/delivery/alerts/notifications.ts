/**
 * The bell of the console (DEL-53): notices for everybody who works here, until there are accounts; each reader has read up to a place
 * of their own. Kept for 30 days.
 */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import { Database } from "../../platform/database.ts"
import type { NoticeKind } from "./alert.ts"

export interface Notification {
  /** Place among all. */
  readonly n: number
  /** ms */
  readonly at: number
  readonly kind: NoticeKind
  readonly resourceId: string
  readonly title: string
  readonly body: string
  /** Page of the console. */
  readonly path: string
  readonly seen: boolean
}

type Answer<A> = Effect.Effect<A, SqlError.SqlError>

export const makeNotifications = Effect.map(Database, ({ write: sql }) => ({
  /** The newest first. */
  list: (actor: string, limit: number): Answer<ReadonlyArray<Notification>> => sql<Notification>`
    select x.n::float8 as n, (extract(epoch from x.at) * 1000)::float8 as at, x.kind, x.resource as "resourceId", x.title, x.body, x.path,
      x.n <= coalesce((select s.n from notifications_seen s where s.actor = ${actor}), 0) as seen
    from notifications x order by x.n desc limit ${limit}`,
  unseen: (actor: string): Answer<number> =>
    Effect.map(
      sql<{ count: number }>`select count(*)::int4 as count from notifications x
        where x.n > coalesce((select s.n from notifications_seen s where s.actor = ${actor}), 0)`,
      ([row]) => row!.count
    ),
  /** Up to this one, and never back. */
  see: (actor: string, n: number): Answer<void> =>
    Effect.asVoid(
      sql`insert into notifications_seen as s (actor, n) values (${actor}, ${n}::float8::bigint) on conflict (actor) do update set n = greatest(s.n, excluded.n)`
    )
}))

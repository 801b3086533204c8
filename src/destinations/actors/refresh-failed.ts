/** Says in the bell of the console that a destination must be authorised again (DEL-12), once a day and destination. */
import type { PgClient } from "@effect/sql-pg"
import { Clock, Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { Outcome } from "../../catalog/runner.ts"
import type { Destination } from "../destination.ts"

const againAfterMs = 86_400_000

/** As the executor names it (`catalog/outcome.ts`). */
export const refreshFailed = (outcomes: ReadonlyArray<Outcome>): string | undefined => {
  for (const outcome of outcomes)
    if (outcome.kind === "failed" && outcome.message.startsWith("OAUTH_REFRESH_FAILED")) return outcome.message
  return undefined
}

export const tellRefreshFailed = Effect.fnUntraced(function* (
  sql: PgClient.PgClient,
  { id, name }: Pick<Destination, "id" | "name">,
  reason: string
): Effect.fn.Return<void, SqlError.SqlError> {
  const now = yield* Clock.currentTimeMillis
  const title = `${name} must be authorised again`
  const body = `Its OAuth tokens could not be refreshed, so events are discarded. ${reason}`.replaceAll("\0", "")
  yield* sql`insert into notifications (at, kind, resource, title, body, path)
    select ${new Date(now)}, 'firing', ${id}, ${title}, ${body}, ${`/destinations/${id}/settings`}
    where not exists (select 1 from notifications n where n.resource = ${id} and n.title = ${title} and n.at > ${new Date(now - againAfterMs)})`
})

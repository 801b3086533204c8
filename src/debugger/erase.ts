/** Takes messages out of the sample (PRV-8): known ones by their id, and all that a test is true of. */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { Database } from "../platform/database.ts"
import { float8s, texts } from "../platform/sql-arrays.ts"

const rowsAPage = 500

export const eraseSeen = ({ write: sql }: Database["Service"], messageIds: ReadonlyArray<string>) =>
  Effect.asVoid(sql`delete from live_events where message_id = any(${texts(messageIds)})`)

/** Looks at every message of the sample, which is small. */
export const eraseSeenWhere = Effect.fnUntraced(function* (
  { write: sql }: Database["Service"],
  test: (message: object, source: number) => boolean
): Effect.fn.Return<void, SqlError.SqlError> {
  for (let after = 0; ;) {
    const rows = yield* sql<{ n: number; source: number; body: string }>`
      select n::float8 as n, source, body from live_events where n > ${after}::float8::bigint order by n limit ${rowsAPage}`
    const found = rows.filter(({ body, source }) => {
      const message: unknown = JSON.parse(body)
      return typeof message === "object" && message !== null && test(message, source)
    })
    if (found.length > 0)
      yield* sql`delete from live_events where n = any(${float8s(found.map(({ n }) => n))}::float8[]::bigint[])`
    if (rows.length < rowsAPage) return
    after = rows.at(-1)!.n
  }
})

/**
 * Looks through log and archive for messages that name subjects of regulations, for all regulations under way in one pass. What
 * is found is noted in `regulation_positions` together with how far the search is, page by page, so a killed search goes on.
 */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { History, HistoryFailed } from "../archive/history.ts"
import type { Message } from "../event/message.ts"
import { someUserId } from "../event/user-ids.ts"
import type { LogEvent, Position } from "../log/event-log.ts"
import type { Database } from "../platform/database.ts"
import { float8s, uuids } from "../platform/sql-arrays.ts"

const pageSize = 2_000

/** A regulation that is being looked for. */
export interface Wanted {
  readonly n: number
  /** Number of its source; null: any. */
  readonly source: number | null
  readonly userIds: ReadonlyArray<string>
  /** Messages with `scanned < position <= barrier` are still to be looked at. */
  readonly scanned: Position
  readonly barrier: Position
}

const decoder = new TextDecoder()

/** Which regulations each event falls under. Exact: what the messages say is compared, not what an index says. */
export const matchesOf = (events: ReadonlyArray<LogEvent>, wanted: ReadonlyArray<Wanted>) => {
  const byUser = new Map<string, Array<Wanted>>()
  for (const regulation of wanted)
    for (const userId of regulation.userIds) {
      const list = byUser.get(userId)
      if (list === undefined) byUser.set(userId, [regulation])
      else list.push(regulation)
    }
  const found = { n: [] as Array<number>, pos: [] as Array<Position>, h: [] as Array<string> }
  for (const { body, hash, position, source } of events)
    someUserId(JSON.parse(decoder.decode(body)) as Message, (userId) => {
      for (const { n, barrier, scanned, source: only } of byUser.get(userId) ?? [])
        if (position > scanned && position <= barrier && (only === null || only === source)) {
          found.n.push(n)
          found.pos.push(position)
          found.h.push(hash)
        }
      // All ids of the message are asked for.
      return false
    })
  return found
}

export const scan = Effect.fnUntraced(function* (
  { database, history }: { readonly database: Database["Service"]; readonly history: History["Service"] },
  sources: ReadonlyArray<number>,
  wanted: ReadonlyArray<Wanted>
): Effect.fn.Return<void, HistoryFailed | SqlError.SqlError> {
  const { write: sql } = database
  const upTo = Math.max(...wanted.map(({ barrier }) => barrier))
  const first = (yield* history.firstPosition) ?? 1
  let after = Math.max(first - 1, Math.min(...wanted.map(({ scanned }) => scanned)))
  for (;;) {
    const page = yield* history.read({ after, upTo, limit: pageSize, sources })
    const reached = page.length < pageSize ? upTo : page.at(-1)!.position
    const found = matchesOf(page, wanted)
    yield* sql.withTransaction(
      Effect.gen(function* () {
        yield* sql`insert into regulation_positions (regulation, pos, h)
          select u.n::bigint, u.pos::bigint, u.h from unnest(${float8s(found.n)}, ${float8s(found.pos)}, ${uuids(found.h)}) u (n, pos, h)
          on conflict do nothing`
        yield* sql`update regulations set scanned = greatest(scanned, least(barrier, ${reached}::float8::bigint))
          where n = any(${float8s(wanted.map(({ n }) => n))}::float8[]::bigint[])`
      })
    )
    if (reached >= upTo) return
    after = reached
  }
})

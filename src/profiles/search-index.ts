/**
 * Which profiles go by which name or e-mail address: a table of words per space, filled from the log behind identity (PRO-73).
 *
 *     log --identify, group--> stamps (which profile) --> words
 *
 * - It only ever grows by what events said: a name that was changed stays, so whoever reads it compares with the profile as
 *   it is now (`profile-search.ts`).
 * - One process fills it at a time, for all; a new name can be found about two seconds after its event was resolved.
 */
import { PgTypes } from "@effect/sql-pg"
import { Effect, Schedule } from "effect"
import type { SqlError } from "effect/sql"
import type { Message } from "../event/message.ts"
import { readerName } from "../identity/space-store.ts"
import { spaceSchema } from "../identity/schema.ts"
import { EventLog, type LogEvent, type LogUnavailable, type Position } from "../log/event-log.ts"
import { Database } from "../platform/database.ts"
import { oncePerDatabase } from "../platform/once-per-database.ts"
import { texts, uuids } from "../platform/sql-arrays.ts"
import { supervise } from "../platform/supervise.ts"
import { type Space, Workspace } from "../workspace/workspace.ts"
import { wordsOf } from "./search-words.ts"

const lock = 0x62_72_61_73
const every = "1 second"
const batchEvents = 2_000
/** Of one space before the next one has its turn. */
const batchesATurn = 20

const decoder = new TextDecoder()
const marks = [`{"type":"identify"`, `{"type":"group"`].map((text) => Buffer.from(text))

/** Nearly all events are told apart by their first bytes; what begins otherwise is parsed. */
const carriesTraits = (body: Uint8Array): boolean => {
  const start = Buffer.from(body.buffer, body.byteOffset, Math.min(body.length, 18))
  if (marks.some((mark) => start.subarray(0, mark.length).equals(mark))) return true
  return !start.toString("latin1").startsWith(`{"type":"`)
}

interface Found {
  readonly hash: string
  readonly words: ReadonlyArray<string>
}

const wordsIn = (events: ReadonlyArray<LogEvent>): ReadonlyArray<Found> =>
  events.flatMap(({ hash, body }) => {
    if (!carriesTraits(body)) return []
    const { type, traits } = JSON.parse(decoder.decode(body)) as Message
    if ((type !== "identify" && type !== "group") || typeof traits !== "object" || traits === null) return []
    const words = wordsOf(traits)
    return words.length === 0 ? [] : [{ hash, words }]
  })

/** A group event names its account. */
const insertText = (s: string): string => `
insert into profile_words (space, word, profile)
select distinct $3::text, u.word, case when s.kind = 4 then s.account else s.profile end
from unnest($1::uuid[], $2::text[]) u (h, word) join ${s}.stamps s on s.h = u.h
where case when s.kind = 4 then s.account else s.profile end is not null
on conflict do nothing`

export const makeSearchIndex = Effect.gen(function* () {
  const database = yield* Database
  const log = yield* EventLog
  const workspace = yield* Workspace
  const { write: sql, read } = database

  /** Positions of the words and of identity, of a space. */
  const standing = Effect.fnUntraced(function* (spaceId: string) {
    const [row] = yield* read<{ indexed: number | null; resolved: number }>`
      select p.pos::float8 as indexed, c.pos::float8 as resolved from cursors c
      left join search_positions p on p.space = ${spaceId} where c.reader = ${readerName(spaceId)}`
    return row
  })

  const batch = Effect.fnUntraced(function* (space: Space, after: Position, upTo: Position) {
    const sources = space.sources.map(({ no }) => no)
    const events = yield* log.read({ after, upTo, limit: batchEvents, sources })
    const to = events.length < batchEvents ? upTo : events.at(-1)!.position
    const found = wordsIn(events)
    yield* sql.withTransaction(
      Effect.gen(function* () {
        if (found.length > 0)
          yield* sql.unsafe(insertText(spaceSchema(space.id)), [
            uuids(found.flatMap(({ hash, words }) => words.map(() => hash))),
            texts(found.flatMap(({ words }) => words)),
            space.id
          ])
        yield* sql`insert into search_positions as old (space, pos) values (${space.id}, ${PgTypes.float8(to)}::int8)
          on conflict (space) do update set pos = greatest(old.pos, excluded.pos)`
      })
    )
    return to
  })

  /** True: there is more to do. */
  const turn = Effect.fnUntraced(function* (
    space: Space
  ): Effect.fn.Return<boolean, SqlError.SqlError | LogUnavailable> {
    const row = yield* standing(space.id)
    if (row === undefined || row.indexed === row.resolved) return false
    let at = row.indexed ?? 0
    for (let n = 0; n < batchesATurn && at < row.resolved; n++) at = yield* batch(space, at, row.resolved)
    return at < row.resolved
  })

  const round = Effect.gen(function* () {
    let more = true
    while (more) {
      more = false
      for (const space of workspace.current().spaces) if (yield* turn(space)) more = true
    }
  })
  return Effect.asVoid(Effect.repeat(oncePerDatabase(database, lock, round), Schedule.spaced(every)))
})

export const followWords = Effect.gen(function* () {
  const body = yield* makeSearchIndex
  yield* Effect.forkScoped(supervise("search words", body))
})

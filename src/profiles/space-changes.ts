/**
 * What a space has resolved behind a place, in the order of resolution: from the log as far as identity has come, with the ledger
 * and the journal beside it. Every process reads it; nothing is sent between them.
 *
 * A place is a `seq`, which is nearly always the position in the log. Events that were replayed, or came behind an operation, have
 * another one: they are found by it, and their bodies wherever they are by now.
 */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { ProfileNo, Seq } from "../identity/model.ts"
import { decodeRow, isOperation, type OperationEntry } from "../identity/operations/operation-entry.ts"
import type { JournalEntry } from "../identity/journal.ts"
import { movedEvents, spaceSchema } from "../identity/schema.ts"
import { readerName } from "../identity/space-store.ts"
import type { History, HistoryFailed } from "../archive/history.ts"
import type { EventLog, Position } from "../log/event-log.ts"
import type { Message } from "../event/message.ts"
import type { Database } from "../platform/database.ts"
import { uuids } from "../platform/sql-arrays.ts"
import type { Space } from "../workspace/workspace.ts"

export interface Change {
  readonly seq: Seq
  /** Null: an operation of a person. */
  readonly message: Message | null
  readonly source: number | null
  readonly user: ProfileNo | null
  readonly account: ProfileNo | null
  readonly entry: JournalEntry | OperationEntry | null
  /** Profiles that an operation changed. */
  readonly about: ReadonlyArray<ProfileNo>
}

export interface ChangeBatch {
  readonly upTo: Seq
  readonly changes: ReadonlyArray<Change>
}

/** Events at their place in the log, and others, each. */
const batchEvents = 500
const decoder = new TextDecoder()

/** What the ledger knows of an event. */
interface Stamp {
  readonly seq: Seq
  readonly profile: ProfileNo | null
  readonly account: ProfileNo | null
}

export const makeSpaceChanges = (
  { read: sql }: Database["Service"],
  log: EventLog["Service"],
  history: History["Service"]
) => {
  const head = (spaceId: string): Effect.Effect<Seq, SqlError.SqlError> =>
    Effect.map(
      sql<{
        seq: number
      }>`select greatest(c.pos, c.seq)::float8 as seq from cursors c where c.reader = ${readerName(spaceId)}`,
      ([row]) => row?.seq ?? 0
    )

  /** Events that are not resolved at their place in the log, with bodies as far as these are anywhere. */
  const movedAfter = Effect.fnUntraced(function* (s: string, place: Seq, upTo: Seq) {
    const stamps = yield* sql.unsafe<Stamp & { readonly pos: Position }>(
      `select m.seq::float8 as seq, m.pos::float8 as pos, m.profile::float8 as profile, m.account::float8 as account
       from ${movedEvents(s)} m where m.seq > $1::float8::bigint and m.seq <= $2::float8::bigint order by m.seq limit ${batchEvents}`,
      [place, upTo]
    )
    const found = stamps.length === 0 ? [] : yield* history.at([...new Set(stamps.map(({ pos }) => pos))])
    const byPosition = new Map(found.map((event) => [event.position, event]))
    return {
      upTo: stamps.length < batchEvents ? upTo : stamps.at(-1)!.seq,
      events: stamps.flatMap((stamp) => {
        const event = byPosition.get(stamp.pos)
        return event === undefined ? [] : [{ event, stamp }]
      })
    }
  })

  /** Events that are resolved at their place in the log. */
  const loggedAfter = Effect.fnUntraced(function* (space: Space, place: Seq, pos: Position, seq: Seq) {
    const sources = space.sources.map(({ no }) => no)
    const found = yield* log.read({ after: place, upTo: pos, limit: batchEvents, sources })
    const stamps = yield* sql.unsafe<Stamp & { readonly h: string }>(
      `select s.h::text as h, s.pos::float8 as seq, s.profile::float8 as profile, s.account::float8 as account
       from ${spaceSchema(space.id)}.stamps s where s.h = any($1::uuid[]) and s.seq is null`,
      [uuids(found.map(({ hash }) => hash))]
    )
    const stampOf = new Map(stamps.map((stamp) => [stamp.h, stamp]))
    return {
      upTo: found.length < batchEvents ? seq : found.at(-1)!.position,
      events: found.flatMap((event) => {
        const stamp = stampOf.get(event.hash)
        // A message that was sent twice is in the log twice: it counts where it was resolved.
        return stamp === undefined || stamp.seq !== event.position ? [] : [{ event, stamp }]
      })
    }
  })

  const after = Effect.fnUntraced(function* (
    space: Space,
    place: Seq
  ): Effect.fn.Return<ChangeBatch, SqlError.SqlError | HistoryFailed> {
    const s = spaceSchema(space.id)
    const [cursor] = yield* sql<{ pos: number; seq: number }>`
      select c.pos::float8 as pos, greatest(c.pos, c.seq)::float8 as seq from cursors c where c.reader = ${readerName(space.id)}`
    if (cursor === undefined || cursor.seq <= place) return { upTo: place, changes: [] }
    const logged = yield* loggedAfter(space, place, cursor.pos, cursor.seq)
    const moved = yield* movedAfter(s, place, logged.upTo)
    const { upTo } = moved
    const entries = yield* sql.unsafe<{ pos: number; rec: string; about: string }>(
      `select j.pos::float8 as pos, j.rec,
         (select coalesce(json_agg(p.profile), '[]')::text from ${s}.journal_profiles p where p.pos = j.pos and j.rec like '{"operation":%') as about
       from ${s}.journal j where j.pos > $1::float8::bigint and j.pos <= $2::float8::bigint order by j.pos limit 5000`,
      [place, upTo]
    )
    const bySeq = new Map(entries.map(({ pos, rec }) => [pos, decodeRow(pos, rec)]))
    const changes = [...logged.events, ...moved.events].flatMap(({ event, stamp }): ReadonlyArray<Change> => {
      const { seq, profile, account } = stamp
      if (seq > upTo) return []
      const message = JSON.parse(decoder.decode(event.body)) as Message
      const entry = bySeq.get(seq) ?? null
      return [{ seq, message, source: event.source, user: profile, account, entry, about: [] }]
    })
    for (const { pos, about } of entries) {
      const entry = bySeq.get(pos)!
      if (isOperation(entry))
        changes.push({
          seq: pos,
          message: null,
          source: null,
          user: null,
          account: null,
          entry,
          about: JSON.parse(about) as ReadonlyArray<number>
        })
    }
    return { upTo, changes: changes.sort((a, b) => a.seq - b.seq) }
  })
  return { head, after }
}

/**
 * What a space has resolved behind a place, in the order of resolution: from the log as far as identity has come, with the ledger
 * and the journal beside it. Every process reads it; nothing is sent between them.
 */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { ProfileNo, Seq } from "../identity/model.ts"
import { decodeRow, isOperation, type OperationEntry } from "../identity/operations/operation-entry.ts"
import type { JournalEntry } from "../identity/journal.ts"
import { spaceSchema } from "../identity/schema.ts"
import { readerName } from "../identity/space-store.ts"
import type { EventLog, LogUnavailable } from "../log/event-log.ts"
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

const batchEvents = 500
const decoder = new TextDecoder()

export const makeSpaceChanges = ({ read: sql }: Database["Service"], log: EventLog["Service"]) => {
  const head = (spaceId: string): Effect.Effect<Seq, SqlError.SqlError> =>
    Effect.map(
      sql<{
        seq: number
      }>`select greatest(c.pos, c.seq)::float8 as seq from cursors c where c.reader = ${readerName(spaceId)}`,
      ([row]) => row?.seq ?? 0
    )

  const after = Effect.fnUntraced(function* (
    space: Space,
    place: Seq
  ): Effect.fn.Return<ChangeBatch, SqlError.SqlError | LogUnavailable> {
    const s = spaceSchema(space.id)
    const [cursor] = yield* sql<{ pos: number; seq: number }>`
      select c.pos::float8 as pos, greatest(c.pos, c.seq)::float8 as seq from cursors c where c.reader = ${readerName(space.id)}`
    if (cursor === undefined || cursor.seq <= place) return { upTo: place, changes: [] }
    const sources = space.sources.map(({ no }) => no)
    const events = yield* log.read({ after: place, upTo: cursor.pos, limit: batchEvents, sources })
    const upTo = events.length < batchEvents ? cursor.seq : events.at(-1)!.position
    const stamps = yield* sql.unsafe<{ h: string; seq: number; profile: number | null; account: number | null }>(
      `select s.h::text as h, coalesce(s.seq, s.pos)::float8 as seq, s.profile::float8 as profile, s.account::float8 as account
       from ${s}.stamps s where s.h = any($1::uuid[])`,
      [uuids(events.map(({ hash }) => hash))]
    )
    const entries = yield* sql.unsafe<{ pos: number; rec: string; about: string }>(
      `select j.pos::float8 as pos, j.rec,
         (select coalesce(json_agg(p.profile), '[]')::text from ${s}.journal_profiles p where p.pos = j.pos and j.rec like '{"operation":%') as about
       from ${s}.journal j where j.pos > $1::float8::bigint and j.pos <= $2::float8::bigint order by j.pos limit 5000`,
      [place, upTo]
    )
    const bySeq = new Map(entries.map(({ pos, rec }) => [pos, decodeRow(pos, rec)]))
    const stampOf = new Map(stamps.map((stamp) => [stamp.h, stamp]))
    const changes: Array<Change> = events.flatMap(({ hash, body, source }): ReadonlyArray<Change> => {
      const stamp = stampOf.get(hash)
      if (stamp === undefined) return []
      const message = JSON.parse(decoder.decode(body)) as Message
      const { seq, profile, account } = stamp
      return [{ seq, message, source, user: profile, account, entry: bySeq.get(seq) ?? null, about: [] }]
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

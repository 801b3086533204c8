/**
 * What a space has resolved, read once more in the order in which it was resolved (IDR-134): what-if and rebuilds replay it.
 *
 *     log and archive, by position ---- stamps whose seq is their position ----+
 *     stamps with a seq of their own, by seq ---- their events by position ----+-- ascending seq, page by page
 *
 * Only what the ledger of the space has: not what it dropped, or what came before a source was connected. What was resolved again
 * comes at each of its places. Everything that is decided has a `seq` up to the last one given, so "up to seq S" is a complete
 * cut through events and operations.
 */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { History, HistoryFailed } from "../../archive/history.ts"
import type { LogEvent, Position } from "../../log/event-log.ts"
import type { Database } from "../../platform/database.ts"
import { uuids } from "../../platform/sql-arrays.ts"
import type { Seq } from "../model.ts"
import { movedEvents } from "../schema.ts"

export const pageSize = 2_000

export interface ResolvedEvent {
  readonly event: LogEvent
  readonly seq: Seq
  /** It is on a page before, too: this is where it was resolved again (IDR-133). */
  readonly again: boolean
}

export interface ResolvedPage {
  /** All up to here is on this page or on one before. */
  readonly upTo: Seq
  /** Ascending. */
  readonly events: ReadonlyArray<ResolvedEvent>
  /** Rows of the journal of this stretch, of events and operations, ascending. */
  readonly journal: ReadonlyMap<Seq, string>
}

export interface Stamp {
  readonly pos: Position
  readonly seq: Seq
  /** `timestamp` of the event, ms. */
  readonly ts: number
  readonly source: number
  readonly again: boolean
}

/** Which events a replay takes (IDR-190). */
export type InScope = (event: Stamp) => boolean

const columns = `s.pos::float8 as pos, coalesce(s.seq, s.pos)::float8 as seq, (extract(epoch from s.ts) * 1000)::float8 as ts, s.source`

export interface ResolvedEvents {
  /** The next page after `after`, not beyond `upTo`; call again with its `upTo` until that is reached. */
  readonly read: (after: Seq, upTo: Seq) => Effect.Effect<ResolvedPage, HistoryFailed | SqlError.SqlError>
}

export const makeResolvedEvents = (options: {
  readonly database: Database["Service"]
  readonly history: History["Service"]
  /** Quoted schema of the space's tables. */
  readonly schema: string
  /** All that the space may ever have been connected to. */
  readonly sources: ReadonlyArray<number>
  readonly inScope?: InScope
}): Effect.Effect<ResolvedEvents, HistoryFailed> =>
  Effect.gen(function* () {
    const { history, schema: s, sources, inScope = () => true } = options
    const { read: sql } = options.database
    const first = (yield* history.firstPosition) ?? 1

    const stampsOf = (events: ReadonlyArray<LogEvent>) =>
      events.length === 0
        ? Effect.succeed([])
        : sql.unsafe<Stamp>(
            `select ${columns}, false as again from ${s}.stamps s where s.h = any($1::uuid[]) and s.seq is null`,
            [uuids(events.map(({ hash }) => hash))]
          )

    const moved = (after: Seq, upTo: Seq) =>
      sql.unsafe<Stamp>(
        `select ${columns}, s.again from ${movedEvents(s)} s where s.seq > $1::float8::bigint and s.seq <= $2::float8::bigint
         order by s.seq limit $3`,
        [after, upTo, pageSize]
      )

    const read = Effect.fnUntraced(function* (after: Seq, upTo: Seq) {
      const own = yield* history.read({ after: Math.max(after, first - 1), upTo, limit: pageSize, sources })
      const ownUpTo = own.at(-1)?.position ?? upTo
      const others = yield* moved(after, ownUpTo)
      // Where the others are many they set the end; the rest of the own ones is read again.
      const end = others.length === pageSize ? others.at(-1)!.seq : ownUpTo
      const within = own.filter(({ position }) => position <= end)
      const stamps = (yield* stampsOf(within)).filter(inScope)
      const taken = others.filter((stamp) => stamp.seq <= end && inScope(stamp))
      const bodies = new Map<Position, LogEvent>(within.map((event) => [event.position, event]))
      const missing = taken.filter(({ pos }) => !bodies.has(pos)).map(({ pos }) => pos)
      if (missing.length > 0) for (const event of yield* history.at(missing)) bodies.set(event.position, event)
      const events: Array<ResolvedEvent> = []
      for (const { again, pos, seq } of [...stamps, ...taken]) {
        const event = bodies.get(pos)
        if (event !== undefined) events.push({ event, seq, again })
      }
      events.sort((a, b) => a.seq - b.seq)
      const journal = yield* sql.unsafe<{ pos: number; rec: string }>(
        `select j.pos::float8 as pos, j.rec from ${s}.journal j where j.pos > $1::float8::bigint and j.pos <= $2::float8::bigint order by j.pos`,
        [after, end]
      )
      return { upTo: end, events, journal: new Map(journal.map(({ pos, rec }) => [pos, rec])) }
    })
    return { read }
  })

/** How many events the space has resolved; of the erased only the ledger key is left, at position 0. */
export const countResolved = (
  { write: sql }: Database["Service"],
  s: string,
  upTo: Seq
): Effect.Effect<number, SqlError.SqlError> =>
  Effect.map(
    sql.unsafe<{ n: number }>(
      `select count(*)::float8 as n from ${s}.stamps s where s.pos > 0 and coalesce(s.seq, s.pos) <= $1::float8::bigint`,
      [upTo]
    ),
    ([row]) => row!.n
  )

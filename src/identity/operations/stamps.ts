/**
 * The events stamped with a profile, page by page in the order of the index, with what they were resolved by (IDR-39): so an
 * operation can ask of each whether it follows an identifier, in memory that does not grow with the profile. Stamps are
 * read in pages that are larger than those of bodies: Postgres may sort all of a profile's stamps for each page.
 */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import { type Message, messageTypes } from "../../event/message.ts"
import type { HistoryFailed } from "../../archive/history.ts"
import type { Position } from "../../log/event-log.ts"
import { float8s } from "../../platform/sql-arrays.ts"
import type { Collection } from "../../workspace/rules.ts"
import { identifierOf } from "../journal.ts"
import type { Identifier, ProfileNo, Seq } from "../model.ts"
import { makeRulesVersions, stampedIds } from "../stamped-ids.ts"
import type { OperationContext } from "./execution.ts"
import { decodeRow, isOperation } from "./operation-entry.ts"

const pageSize = 5000
const bodiesAtOnce = 500
/** The largest time of a Date. */
const latest = 8_640_000_000_000_000

/** Column of the profile, and of the profile in the other collection. */
export const stampColumns = { users: ["profile", "account"], accounts: ["account", "profile"] } as const

export interface Stamp {
  readonly pos: Position
  readonly seq: Seq
  readonly other: ProfileNo | null
  /** `timestamp` and identity time, ms. */
  readonly ts: number
  readonly t: number
  readonly h: string
  readonly source: number
  readonly rules: number
  readonly kind: number
  readonly ids: string | null
}

export interface StampedEvent extends Stamp {
  /** Undefined: it has left the log and the archive. */
  readonly message: Message | undefined
  /** Of the collection of the profile; empty when nobody knows any more. */
  readonly promoted: ReadonlyArray<Identifier>
}

/** What a link is made of. */
export type Linking = Pick<StampedEvent, "seq" | "t" | "source" | "message">

/** `from <= seq < to` */
export interface SeqRange {
  readonly from: Seq
  readonly to: Seq
}

export type StampReader = Pick<OperationContext, "database" | "history" | "schema" | "spaceId">

const decoder = new TextDecoder()
const messageOf = (body: Uint8Array): Message => JSON.parse(decoder.decode(body)) as Message
const group = messageTypes.indexOf("group")

export const makeStamps = ({ database, history, schema, spaceId }: StampReader, collection: Collection) => {
  const { write: sql } = database
  const [own, other] = stampColumns[collection]
  const rulesVersions = makeRulesVersions(database)

  const columns = `s.pos::float8 as pos, coalesce(s.seq, s.pos)::float8 as seq, s.${other}::float8 as other,
         (extract(epoch from s.ts) * 1000)::float8 as ts, (extract(epoch from s.t) * 1000)::float8 as t, s.h::text as h,
         s.source, s.rules::int4 as rules, s.kind::int4 as kind, s.ids`

  const page = (no: ProfileNo, { from, to }: SeqRange, after: Stamp | undefined) =>
    sql.unsafe<Stamp>(
      `select ${columns}
       from ${schema}.stamps s where s.${own} = $1::float8::bigint and (s.ts, s.pos) < ($2::timestamptz, $3::float8::bigint)
         and coalesce(s.seq, s.pos) >= $4::float8 and coalesce(s.seq, s.pos) < $5::float8
       order by s.ts desc, s.pos desc limit $6`,
      [no, new Date(after?.ts ?? latest), after?.pos ?? 0, from, to, pageSize]
    )

  /** Calls `see` for stamps by falling `timestamp`, as many as there are bodies for at once; until it answers false. */
  const walk = Effect.fnUntraced(function* <E>(
    no: ProfileNo,
    range: SeqRange,
    see: (stamps: ReadonlyArray<Stamp>, bodies: ReadonlyMap<Position, Uint8Array>) => Effect.Effect<boolean, E>
  ): Effect.fn.Return<void, E | SqlError.SqlError | HistoryFailed> {
    let last: Stamp | undefined
    do {
      const stamps = yield* page(no, range, last)
      for (let at = 0; at < stamps.length; at += bodiesAtOnce) {
        const part = stamps.slice(at, at + bodiesAtOnce)
        const events = yield* history.at(part.map(({ pos }) => pos))
        if (!(yield* see(part, new Map(events.map((event) => [event.position, event.body]))))) return
      }
      last = stamps.length < pageSize ? undefined : stamps.at(-1)
    } while (last !== undefined)
  })

  /** What the journal says of events whose bodies are gone, if they decided something. */
  const fromJournal = Effect.fnUntraced(function* (seqs: ReadonlyArray<Seq>) {
    const known = new Map<Seq, ReadonlyArray<Identifier>>()
    if (seqs.length === 0) return known
    const rows = yield* sql.unsafe<{ pos: number; rec: string }>(
      `select j.pos::float8 as pos, j.rec from ${schema}.journal j where j.pos = any($1::float8[]::bigint[])`,
      [float8s(seqs)]
    )
    for (const { pos, rec } of rows) {
      const entry = decodeRow(pos, rec)
      if (!isOperation(entry))
        known.set(
          pos,
          (entry[collection]?.promoted ?? []).map((id) => identifierOf(entry, id))
        )
    }
    return known
  })

  /** How many events each profile is stamped on; profiles without any are left out. */
  const counts = Effect.fnUntraced(function* (nos: ReadonlyArray<ProfileNo>) {
    const rows = yield* sql.unsafe<{ no: number; n: number }>(
      `select s.${own}::float8 as no, count(*)::int4 as n from ${schema}.stamps s where s.${own} = any($1::float8[]::bigint[]) group by 1`,
      [float8s(nos)]
    )
    return new Map(rows.map(({ no, n }) => [no, n]))
  })

  /** Calls `see` for each event of the profile, by falling `timestamp`. */
  const each = (no: ProfileNo, range: SeqRange, see: (event: StampedEvent) => void) =>
    walk(
      no,
      range,
      Effect.fnUntraced(function* (stamps, bodies) {
        const gone = stamps.filter(({ pos, ids }) => ids === null && !bodies.has(pos))
        const journal = yield* fromJournal(gone.map(({ seq }) => seq))
        const rules = yield* rulesVersions({ id: spaceId, schema }, stamps)
        for (const stamp of stamps) {
          const body = bodies.get(stamp.pos)
          const message = body === undefined ? undefined : messageOf(body)
          const all =
            message === undefined && stamp.ids === null
              ? (journal.get(stamp.seq) ?? [])
              : stampedIds(message ?? nothing, stamp.ids, rules(stamp))
          see({ ...stamp, message, promoted: all.filter((id) => id.collection === collection) })
        }
        return true
      })
    )

  /** Events that have traits, by falling `timestamp`, while `more` is true. Asks nobody what they were resolved by. */
  const withTraits = (
    no: ProfileNo,
    range: SeqRange,
    more: (ts: number) => boolean,
    see: (stamp: Stamp, message: Message) => void
  ) =>
    walk(no, range, (stamps, bodies) =>
      Effect.sync(() => {
        for (const stamp of stamps) {
          if (!more(stamp.ts)) return false
          const body = bodies.get(stamp.pos)
          // Most events have none, and are not parsed.
          if (body === undefined || !asBuffer(body).includes(`"traits"`)) continue
          const message = messageOf(body)
          if (message.traits !== undefined && message.traits !== null) see(stamp, message)
        }
        return stamps.length > 0 && more(stamps.at(-1)!.ts)
      })
    )

  /** Of each profile that group calls of this one name, the earliest call. */
  const firstLinks = Effect.fnUntraced(function* (
    no: ProfileNo,
    { from, to }: SeqRange,
    see: (other: ProfileNo, event: Linking) => void
  ): Effect.fn.Return<void, SqlError.SqlError | HistoryFailed> {
    const stamps = yield* sql.unsafe<Stamp>(
      `select distinct on (s.${other}) ${columns} from ${schema}.stamps s
       where s.${own} = $1::float8::bigint and s.kind = $2::int4 and s.${other} is not null
         and coalesce(s.seq, s.pos) >= $3::float8 and coalesce(s.seq, s.pos) < $4::float8
       order by s.${other}, s.t, coalesce(s.seq, s.pos)`,
      [no, group, from, to]
    )
    for (let at = 0; at < stamps.length; at += bodiesAtOnce) {
      const part = stamps.slice(at, at + bodiesAtOnce)
      const events = yield* history.at(part.map(({ pos }) => pos))
      const bodies = new Map(events.map((event) => [event.position, event.body]))
      for (const stamp of part) {
        const body = bodies.get(stamp.pos)
        see(stamp.other!, { ...stamp, message: body === undefined ? undefined : messageOf(body) })
      }
    }
  })
  return { each, withTraits, firstLinks, counts }
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)

/** Its identifiers are listed, so nobody looks into it. */
const nothing = {} as Message

/**
 * The events stamped with a profile, page by page in the order of the index, with what they were resolved by (IDR-39): so an
 * operation can ask of each whether it follows an identifier, in memory that does not grow with the profile.
 */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { Message } from "../../event/message.ts"
import type { HistoryFailed } from "../../archive/history.ts"
import type { Position } from "../../log/event-log.ts"
import { float8s } from "../../platform/sql-arrays.ts"
import type { Collection } from "../../workspace/rules.ts"
import { identifierOf } from "../journal.ts"
import type { Identifier, ProfileNo, Seq } from "../model.ts"
import { makeRulesVersions, stampedIds } from "../stamped-ids.ts"
import type { OperationContext } from "./execution.ts"
import { decodeRow, isOperation } from "./operation-entry.ts"

const pageSize = 500
/** The largest time of a Date. */
const latest = 8_640_000_000_000_000

/** Column of the profile, and of the profile in the other collection. */
export const stampColumns = { users: ["profile", "account"], accounts: ["account", "profile"] } as const

interface Stamp {
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

export type StampReader = Pick<OperationContext, "database" | "history" | "schema" | "spaceId">

const decoder = new TextDecoder()

export const makeStamps = ({ database, history, schema, spaceId }: StampReader, collection: Collection) => {
  const { write: sql } = database
  const [own, other] = stampColumns[collection]
  const rulesVersions = makeRulesVersions(database)

  const page = (no: ProfileNo, after: Stamp | undefined) =>
    sql.unsafe<Stamp>(
      `select s.pos::float8 as pos, coalesce(s.seq, s.pos)::float8 as seq, s.${other}::float8 as other,
         (extract(epoch from s.ts) * 1000)::float8 as ts, (extract(epoch from s.t) * 1000)::float8 as t, s.h::text as h,
         s.source, s.rules::int4 as rules, s.kind::int4 as kind, s.ids
       from ${schema}.stamps s where s.${own} = $1::float8::bigint and (s.ts, s.pos) < ($2::timestamptz, $3::float8::bigint)
       order by s.ts desc, s.pos desc limit $4`,
      [no, new Date(after?.ts ?? latest), after?.pos ?? 0, pageSize]
    )

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
  const each = Effect.fnUntraced(function* (
    no: ProfileNo,
    see: (event: StampedEvent) => void
  ): Effect.fn.Return<void, SqlError.SqlError | HistoryFailed> {
    let last: Stamp | undefined
    do {
      const stamps = yield* page(no, last)
      if (stamps.length === 0) return
      const events = yield* history.at(stamps.map(({ pos }) => pos))
      const bodies = new Map(events.map((event) => [event.position, event.body]))
      const gone = stamps.filter(({ pos, ids }) => ids === null && !bodies.has(pos))
      const journal = yield* fromJournal(gone.map(({ seq }) => seq))
      const rules = yield* rulesVersions({ id: spaceId, schema }, new Set(stamps.map((stamp) => stamp.rules)))
      for (const stamp of stamps) {
        const body = bodies.get(stamp.pos)
        const message = body === undefined ? undefined : (JSON.parse(decoder.decode(body)) as Message)
        const all =
          message === undefined && stamp.ids === null
            ? (journal.get(stamp.seq) ?? [])
            : stampedIds(message ?? nothing, stamp.ids, rules(stamp.rules))
        see({ ...stamp, message, promoted: all.filter((id) => id.collection === collection) })
      }
      last = stamps.length < pageSize ? undefined : stamps.at(-1)
    } while (last !== undefined)
  })
  return { each, counts }
}

/** Its identifiers are listed, so nobody looks into it. */
const nothing = {} as Message

/**
 * Pages of the events of profiles, over all profiles merged into them, in one statement for any number of pages.
 *
 * - Order: `timestamp`, then message id, both in the sort direction (PRO-23). The index knows the timestamp and the
 *   position; message ids are in the bodies. So the store gives whole groups of equal timestamps
 *   (`with ties`) and they are ordered here. Of more than `maxTies` events of one profile with one timestamp only that
 *   many are listed: such a group is a fault of its sender, and a page must stay bounded.
 * - A page after a cursor has two slots in the statement: the rest of the cursor's own timestamp, and what follows.
 */
import { Effect } from "effect"
import { type JsonObject, listedName, type Message, type MessageType, messageTypes } from "../event/message.ts"
import type { FoundProfile } from "../identity/graph.ts"
import { EventLog, type Position } from "../log/event-log.ts"
import { Database } from "../platform/database.ts"
import { nameHash } from "../platform/hash.ts"
import { float8s, int4s, texts, timestamptzs } from "../platform/sql-arrays.ts"
import type { EventCursor } from "./cursors.ts"
import { compareBytes } from "./order.ts"
import { makeRulesVersions, stampedIds } from "../identity/stamped-ids.ts"
import type { EventPage, EventView, ReadSpace } from "./views.ts"

export interface EventsRequest {
  readonly profile: FoundProfile
  readonly types: ReadonlyArray<MessageType>
  /** Listed names (PRO-22); null = all. */
  readonly include: ReadonlyArray<string> | null
  readonly exclude: ReadonlyArray<string>
  /** `timestamp` in ms, inclusive and exclusive. */
  readonly from: number
  readonly until: number
  readonly descending: boolean
  /** In sort direction: the page begins behind `after` (or with it, `inclusive`) and ends before `before`. */
  readonly after: EventCursor | null
  readonly inclusive: boolean
  readonly before: EventCursor | null
  readonly limit: number
}

interface Row {
  readonly o: number
  readonly pos: number
  readonly profile: number | null
  readonly account: number | null
  readonly source: number
  readonly rules: number
  readonly seq: number
  readonly ids: string | null
}

const maxTies = 5_000

/** Within what a timestamptz and a Date hold. */
const earliest = -60_000_000_000_000
const latest = 8_000_000_000_000_000

const pagesText = (schema: string, column: "profile" | "account", descending: boolean): string => {
  const order = descending ? "desc" : "asc"
  return `
with r as materialized (
  select r.o, r.lo, r.hi, r.n, r.kinds::int2[] as kinds, r.inc::bigint[] as inc, r.exc::bigint[] as exc
  from unnest($1::int4[], $2::timestamptz[], $3::timestamptz[], $4::int4[], $5::text[], $6::text[], $7::text[])
    r (o, lo, hi, n, kinds, inc, exc)),
 m as materialized (select m.o, m.p::bigint as p from unnest($8::int4[], $9::float8[]) m (o, p))
select r.o::int4 as o, x.pos::float8 as pos, x.profile::float8 as profile, x.account::float8 as account,
  x.source::int4 as source, x.rules::int4 as rules, coalesce(x.seq, x.pos)::float8 as seq, x.ids
from r cross join lateral (
  select y.* from m cross join lateral (
    select z.* from (
      select s.* from ${schema}.stamps s
      where s.${column} = m.p and s.ts >= r.lo and s.ts <= r.hi and s.kind = any(r.kinds) and s.pos >= $10::float8::bigint
        and (r.inc is null or s.name = any(r.inc)) and (r.exc is null or s.name is null or s.name <> all(r.exc))
      order by s.ts ${order} fetch first (r.n) rows with ties) z
    limit ${maxTies}) y
  where m.o = r.o order by y.ts ${order} fetch first (r.n) rows with ties) x`
}

const literal = (numbers: ReadonlyArray<number>): string => `{${numbers.join(",")}}`

/** The columns of the statement: one entry per slot, and one per slot and member. */
class Slots {
  readonly request: Array<number> = []
  readonly lo: Array<number> = []
  readonly hi: Array<number> = []
  readonly n: Array<number> = []
  readonly kinds: Array<string> = []
  readonly include: Array<string | null> = []
  readonly exclude: Array<string | null> = []
  readonly memberSlot: Array<number> = []
  readonly member: Array<number> = []

  private slot(index: number, request: EventsRequest, lo: number, hi: number, n: number): void {
    if (lo > hi) return
    const slot = this.request.length
    this.request.push(index)
    this.lo.push(Math.max(lo, earliest))
    this.hi.push(Math.min(hi, latest))
    this.n.push(n)
    this.kinds.push(literal(request.types.map((type) => messageTypes.indexOf(type))))
    this.include.push(request.include === null ? null : literal(request.include.map(nameHash)))
    this.exclude.push(request.exclude.length === 0 ? null : literal(request.exclude.map(nameHash)))
    for (const { no } of request.profile.members) {
      this.memberSlot.push(slot)
      this.member.push(no)
    }
  }

  add(index: number, request: EventsRequest): void {
    const { after, before, descending, limit } = request
    let lo = request.from
    let hi = request.until - 1
    if (before !== null) {
      if (descending) lo = Math.max(lo, before.at)
      else hi = Math.min(hi, before.at)
    }
    if (after !== null) {
      if (after.at >= lo && after.at <= hi) this.slot(index, request, after.at, after.at, maxTies)
      if (descending) hi = Math.min(hi, after.at - 1)
      else lo = Math.max(lo, after.at + 1)
    }
    // One more than the page, to know whether there is another; a group that `before` cuts may yield less.
    this.slot(index, request, lo, hi, limit + 1)
  }

  parameters(oldest: Position): ReadonlyArray<unknown> {
    return [
      int4s(this.request.map((_, slot) => slot)),
      timestamptzs(this.lo),
      timestamptzs(this.hi),
      int4s(this.n),
      texts(this.kinds),
      texts(this.include),
      texts(this.exclude),
      int4s(this.memberSlot),
      float8s(this.member),
      oldest
    ]
  }
}

const withoutConsent = (context: JsonObject): JsonObject => {
  if (!Object.hasOwn(context, "consent")) return context
  const { consent: _, ...rest } = context
  return rest
}

const propertiesOf = (message: Message): JsonObject | null => {
  const { type, name, properties } = message
  if ((type === "page" || type === "screen") && name !== undefined) return { ...properties, name }
  return properties ?? null
}

const compare = (a: EventCursor, b: EventCursor): number => a.at - b.at || compareBytes(a.messageId, b.messageId)

/** Sorts the events found for a page, cuts them at the cursors and at the limit. */
const pageOf = (found: Array<EventView>, request: EventsRequest): EventPage => {
  const { after, before, descending, inclusive, limit } = request
  const sign = descending ? -1 : 1
  const names = request.include === null ? null : new Set<string | null>(request.include)
  const events = found
    .filter(
      (event) =>
        (after === null || sign * compare(event, after) > (inclusive ? -1 : 0)) &&
        (before === null || sign * compare(event, before) < 0) &&
        (names === null || names.has(event.event))
    )
    .sort((a, b) => sign * compare(a, b))
  return { events: events.slice(0, limit), next: events[limit] }
}

/** `oldest`: events before this position are not listed, because the log may have dropped them. */
export const makeEventPages = Effect.gen(function* () {
  const database = yield* Database
  const log = yield* EventLog
  const rulesVersions = makeRulesVersions(database)
  const decoder = new TextDecoder()

  /** Bodies of the rows, parsed. Rows whose body is gone are left out. */
  const views = Effect.fnUntraced(function* (space: ReadSpace, rows: ReadonlyArray<Row>) {
    const positions = [...new Set(rows.map((row) => row.pos))]
    const asked = rows.filter((row) => row.ids === null)
    const [events, rules] = yield* Effect.all([log.at(positions), rulesVersions(space, asked)], {
      concurrency: "unbounded"
    })
    const bodies = new Map(events.map((event) => [event.position, event.body]))
    return rows.map((row): EventView | undefined => {
      const body = bodies.get(row.pos)
      if (body === undefined) return undefined
      const message = JSON.parse(decoder.decode(body)) as Message
      const context = withoutConsent(message.context)
      return {
        position: row.pos,
        messageId: message.messageId,
        type: message.type,
        event: listedName(message),
        timestamp: message.timestamp,
        at: Date.parse(message.timestamp),
        source: row.source,
        externalIds: stampedIds(message, row.ids, rules(row)),
        context,
        properties: propertiesOf(message),
        raw: { ...message, context } as unknown as JsonObject,
        user: row.profile,
        account: row.account
      }
    })
  })

  /** Pages that share a statement: one collection, one direction. */
  const read = Effect.fnUntraced(function* (
    space: ReadSpace,
    requests: ReadonlyArray<EventsRequest>,
    column: "profile" | "account",
    descending: boolean,
    oldest: Position
  ) {
    const slots = new Slots()
    requests.forEach((request, index) => slots.add(index, request))
    const found = requests.map((): Array<EventView> => [])
    if (slots.request.length > 0) {
      const text = pagesText(space.schema, column, descending)
      const rows = yield* database.read.unsafe<Row>(text, slots.parameters(oldest))
      const events = yield* views(space, rows)
      rows.forEach((row, i) => {
        const event = events[i]
        if (event !== undefined) found[slots.request[row.o]!]!.push(event)
      })
    }
    return requests.map((request, index) => pageOf(found[index]!, request))
  })

  /** Pages in the order of the requests; at most four statements, whatever their number. */
  return Effect.fnUntraced(function* (space: ReadSpace, requests: ReadonlyArray<EventsRequest>, oldest: Position) {
    const groups = Map.groupBy(requests.keys(), (index) => {
      const { profile, descending } = requests[index]!
      return `${profile.collection}:${descending}`
    })
    const pages: Array<EventPage> = []
    const readGroup = (indexes: ReadonlyArray<number>) => {
      const group = indexes.map((index) => requests[index]!)
      const column = group[0]!.profile.collection === "users" ? "profile" : "account"
      return Effect.map(read(space, group, column, group[0]!.descending, oldest), (found) =>
        indexes.forEach((index, i) => (pages[index] = found[i]!))
      )
    }
    yield* Effect.forEach(groups.values(), readGroup, { concurrency: "unbounded", discard: true })
    return pages
  })
})

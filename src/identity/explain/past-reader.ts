/** Reads what is stored of resolved and dropped events, any number of them in a fixed number of queries. */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import { type Message, messageTypes } from "../../event/message.ts"
import type { History, HistoryFailed } from "../../archive/history.ts"
import type { LogEvent, Position } from "../../log/event-log.ts"
import type { Database } from "../../platform/database.ts"
import { float8s, uuids } from "../../platform/sql-arrays.ts"
import type { WorkspaceSnapshot } from "../../workspace/workspace.ts"
import { type GraphError, type GraphId, IdentityGraph } from "../graph.ts"
import { decodeEntry } from "../journal.ts"
import { collectionOf, type ProfileNo, type Seq } from "../model.ts"
import { spaceSchema } from "../schema.ts"
import { makeRulesVersions, stampedIds } from "../stamped-ids.ts"
import { explainDrop } from "./explain.ts"
import { explainErased, explainRecord, explainStamp } from "./past.ts"
import { type Explanation, Steps } from "./steps.ts"

interface InSpace {
  readonly spaceId: string
  readonly graphId: GraphId
  readonly workspace: WorkspaceSnapshot
}

interface Row {
  readonly pos: Position
  readonly seq: Seq
  readonly source: number
  readonly rules: number
  readonly ids: string | null
  readonly profile: ProfileNo | null
  readonly account: ProfileNo | null
  readonly kind: number
  /** `timestamp` and identity time, ms. */
  readonly ts: number
  readonly t: number
  /** Journal entry, when it has one. */
  readonly rec: string | null
}

/** What the stamp knows of a message that has left log and archive. */
const remains = ({ kind, ts, t }: Row, messageId: string): Message => {
  const timestamp = new Date(ts).toISOString()
  return {
    type: messageTypes[kind]!,
    messageId,
    context: {},
    integrations: {},
    timestamp,
    originalTimestamp: timestamp,
    receivedAt: new Date(t).toISOString(),
    version: 2,
    channel: "server"
  }
}

const decoder = new TextDecoder()

const dropsAPage = 100

type PastError = GraphError | SqlError.SqlError | HistoryFailed

export const makePast = (options: {
  readonly database: Database["Service"]
  readonly bodies: Pick<History["Service"], "at">
}) =>
  Effect.gen(function* () {
    const { database, bodies } = options
    const graph = yield* IdentityGraph
    const rulesVersions = makeRulesVersions(database)

    const stamps = (spaceId: string, where: string, values: unknown) => {
      const s = spaceSchema(spaceId)
      return database.read.unsafe<Row>(
        `select s.pos::float8 as pos, coalesce(r.seq, s.seq, s.pos)::float8 as seq, s.source, s.rules, s.ids,
           s.profile::float8 as profile, s.account::float8 as account, s.kind,
           (extract(epoch from s.ts) * 1000)::float8 as ts, (extract(epoch from s.t) * 1000)::float8 as t, j.rec
         from ${s}.stamps s left join lateral (select max(r.seq) as seq from ${s}.resolved_again r where r.h = s.h) r on true
           left join ${s}.journal j on j.pos = coalesce(r.seq, s.seq, s.pos) where ${where}`,
        [values]
      )
    }

    /** Segment ids by number, also of profiles that were merged away since. */
    const segmentIds = Effect.fnUntraced(function* (graphId: GraphId, nos: ReadonlyArray<ProfileNo>) {
      const ids = new Map<ProfileNo, string>()
      for (const collection of ["users", "accounts"] as const) {
        const own = nos.filter((no) => collectionOf(no) === collection)
        if (own.length === 0) continue
        const found = yield* graph.find(
          graphId,
          collection,
          own.map((no) => ({ no }))
        )
        for (const profile of found) for (const { no, segmentId } of profile?.members ?? []) ids.set(no, segmentId)
      }
      return ids
    })

    const explainRows = Effect.fnUntraced(function* (
      { spaceId, graphId, workspace }: InSpace,
      rows: ReadonlyArray<Row>,
      messageId = ""
    ): Effect.fn.Return<ReadonlyMap<Position, Explanation>, PastError> {
      const explanations = new Map<Position, Explanation>()
      const landed: Array<Row> = []
      for (const row of rows) {
        if (row.pos === 0) explanations.set(row.pos, explainErased(messageId, row.rules))
        else if (row.rec === null) landed.push(row)
        else explanations.set(row.pos, explainRecord(decodeEntry(row.seq, row.rec)))
      }
      if (landed.length === 0) return explanations
      const events = yield* bodies.at(landed.map(({ pos }) => pos))
      const messages = new Map(
        events.map(({ position, body }) => [position, JSON.parse(decoder.decode(body)) as Message])
      )
      const rulesOf = yield* rulesVersions({ id: spaceId, schema: spaceSchema(spaceId) }, landed)
      const names = yield* segmentIds(
        graphId,
        landed.flatMap(({ profile, account }) => [profile, account].filter((no) => no !== null))
      )
      const named = (no: ProfileNo | null) =>
        no === null ? null : { no, segmentId: names.get(no) ?? `profile ${no}, which is gone` }
      for (const row of landed) {
        const message = messages.get(row.pos)
        const rules = message === undefined ? undefined : rulesOf(row)
        const stamp = {
          position: row.pos,
          seq: row.seq,
          source: row.source,
          sourceId: workspace.sourceByNo.get(row.source)?.id ?? "",
          rulesVersion: row.rules,
          promoted: message === undefined ? [] : stampedIds(message, row.ids, rules),
          profile: named(row.profile),
          account: named(row.account)
        }
        explanations.set(row.pos, explainStamp(stamp, message ?? remains(row, messageId), rules))
      }
      return explanations
    })

    /** Of the newest drops, whose positions the space keeps for a week (IDR-21). */
    const ofDrops = Effect.fnUntraced(function* (spaceId: string, hashes: ReadonlySet<string>, messageId: string) {
      const rows = yield* database.read.unsafe<{ reason: string; pos: Position }>(
        `select d.reason, d.pos::float8 as pos from ${spaceSchema(spaceId)}.dropped d
         where d.reason not like 'event\\_filter\\_error:%' order by d.pos desc limit 1000`
      )
      let found: LogEvent | undefined
      // Page by page: what the log has dropped is read from whole chunks of the archive.
      for (let at = 0; found === undefined && at < rows.length; at += dropsAPage) {
        const page = rows.slice(at, at + dropsAPage)
        const events = yield* bodies.at(page.map(({ pos }) => pos))
        found = events.find((event) => hashes.has(event.hash))
      }
      const reason = rows.find(({ pos }) => pos === found?.position)?.reason
      if (reason === undefined) return null
      const event = { messageId, rulesVersion: 0, dryRun: false, assumptions: [], check: "content", reason } as const
      return explainDrop(new Steps(), event)
    })

    return {
      byLedgerKeys: Effect.fnUntraced(function* (
        space: InSpace,
        hashes: ReadonlyArray<string>,
        messageId: string
      ): Effect.fn.Return<Explanation | null, PastError> {
        const rows = yield* stamps(space.spaceId, "s.h = any($1::uuid[])", uuids(hashes))
        const [found] = (yield* explainRows(space, rows, messageId)).values()
        return found ?? (yield* ofDrops(space.spaceId, new Set(hashes), messageId))
      }),
      byPositions: Effect.fnUntraced(function* (
        space: InSpace,
        positions: ReadonlyArray<Position>
      ): Effect.fn.Return<ReadonlyArray<Explanation | null>, PastError> {
        const rows = yield* stamps(space.spaceId, "s.pos = any($1::float8[]::bigint[])", float8s(positions))
        const found = yield* explainRows(space, rows)
        return positions.map((position) => found.get(position) ?? null)
      })
    }
  })

/**
 * What can be read of profiles, for REST and GraphQL alike (PRO-68). Every function takes many and answers in
 * input order with a fixed number of store queries, whatever their number (PRO-63). Look-ups, traits and external ids
 * of requests that come at the same time share their queries.
 *
 *     identity graph: who is who, identifiers, links, merges      space tables: traits, stamps      event log: bodies
 */
import { Clock, Effect } from "effect"
import type { SqlError } from "effect/sql"
import { Settings } from "../config.ts"
import type { Message } from "../event/message.ts"
import { type FoundProfile, type GraphError, type GraphId, IdentityGraph, type ProfileRef } from "../identity/graph.ts"
import { findProfiles } from "../identity/generations/former-ids.ts"
import { mappingId } from "../identity/ids.ts"
import { LiveGraphs } from "../identity/live-graphs.ts"
import type { ProfileNo, Seq } from "../identity/model.ts"
import { movedEvents, spaceSchema } from "../identity/schema.ts"
import { decodeTraits, mergeTraits, type TraitDoc } from "../identity/traits.ts"
import { EventLog, type LogUnavailable, type Position, positionsPerDay } from "../log/event-log.ts"
import { Database } from "../platform/database.ts"
import { float8s, int4s } from "../platform/sql-arrays.ts"
import type { Collection } from "../workspace/rules.ts"
import { readActivity } from "./activity.ts"
import { type BatchRead, coalesce } from "./coalesce.ts"
import { type EventsRequest, makeEventPages } from "./event-pages.ts"
import { compareBytes } from "./order.ts"
import { makeProfileList } from "./profile-list.ts"
import type { Activity, ExternalIdView, MetadataView, ReadSpace, TraitView } from "./views.ts"

const dayMs = 86_400_000

/** Events older than this by `timestamp` are not shown (PRO-23). */
export const shownMs = 14 * dayMs

/** Created as the earliest member was, updated as the newest event says (IDR-105). */
const metadataOf = (profile: FoundProfile, activity: Activity | null, lastMessageId: string | null): MetadataView => {
  const first = profile.members.reduce((a, b) =>
    b.createdAt < a.createdAt || (b.createdAt === a.createdAt && b.no < a.no) ? b : a
  )
  return {
    createdAt: first.createdAt,
    updatedAt: activity?.t ?? first.createdAt,
    firstMessageId: first.messageId,
    firstSource: first.source,
    lastMessageId: activity === null ? first.messageId : lastMessageId,
    lastSource: activity === null ? first.source : activity.source,
    mergedSegmentIds: profile.members.filter((member) => member.merged).map((member) => member.segmentId)
  }
}

export const makeReadModel = Effect.gen(function* () {
  const database = yield* Database
  const log = yield* EventLog
  const graph = yield* IdentityGraph
  const graphs = yield* LiveGraphs
  const { logRetentionDays } = yield* Settings
  const eventPages = yield* makeEventPages
  const profileList = yield* makeProfileList
  const context = yield* Effect.context<never>()
  const decoder = new TextDecoder()

  /** Message ids of the events at these positions; null where the event has left the log. */
  const messageIds = Effect.fnUntraced(function* (positions: ReadonlyArray<Position>) {
    const events = positions.length === 0 ? [] : yield* log.at([...new Set(positions)])
    const ids = new Map(
      events.map((event) => [event.position, (JSON.parse(decoder.decode(event.body)) as Message).messageId])
    )
    return positions.map((position) => ids.get(position) ?? null)
  })

  /** Message ids of the events with these numbers of resolution; nearly always the number is the log position. */
  const messageIdsOfSeq = Effect.fnUntraced(function* (space: ReadSpace, seqs: ReadonlyArray<Seq>) {
    const moved = yield* database.read.unsafe<{ seq: number; pos: number }>(
      `select s.seq::float8 as seq, s.pos::float8 as pos from ${movedEvents(space.schema)} s where s.seq = any($1::float8[]::bigint[])`,
      [float8s(seqs)]
    )
    const positions = new Map(moved.map(({ seq, pos }) => [seq, pos]))
    return yield* messageIds(seqs.map((seq) => positions.get(seq) ?? seq))
  })

  /** Traits of each profile, newest write per key over all members, by key in byte order. */
  const readTraits = Effect.fnUntraced(function* (space: ReadSpace, profiles: ReadonlyArray<FoundProfile>) {
    const owners: Array<number> = []
    const members: Array<ProfileNo> = []
    profiles.forEach((profile, index) => {
      for (const { no } of profile.members) {
        owners.push(index)
        members.push(no)
      }
    })
    const rows = yield* database.read.unsafe<{ o: number; doc: string }>(
      `select u.o::int4 as o, t.doc from unnest($1::int4[], $2::float8[]) u (o, p) join ${space.schema}.traits t on t.profile = u.p::bigint`,
      [int4s(owners), float8s(members)]
    )
    const docs = profiles.map((): Array<TraitDoc> => [])
    for (const { o, doc } of rows) docs[o]!.push(decodeTraits(doc))
    return docs.map((each) =>
      Array.from(mergeTraits(each), ([key, trait]): TraitView => ({ key, ...trait })).sort((a, b) =>
        compareBytes(a.key, b.key)
      )
    )
  })

  /** Active mappings of each canonical profile, by creation and mapping id (PRO-15). */
  const readExternalIds = (space: ReadSpace, profiles: ReadonlyArray<ProfileNo>) =>
    Effect.map(graph.externalIds(space.graph, profiles), (lists) =>
      lists.map((rows) =>
        rows
          .map((row): ExternalIdView => ({
            mappingId: mappingId(space.id, row, row.messageId, row.addedAt),
            collection: row.collection,
            type: row.type,
            value: row.value,
            createdAt: row.addedAt,
            source: row.source,
            messageId: row.messageId,
            originSegmentId: row.originSegmentId
          }))
          .sort((a, b) => a.createdAt - b.createdAt || (a.mappingId < b.mappingId ? -1 : 1))
      )
    )

  /** With known activities where the caller has them. */
  const metadata = Effect.fnUntraced(function* (
    space: ReadSpace,
    collection: Collection,
    profiles: ReadonlyArray<FoundProfile>,
    known?: ReadonlyArray<Activity | null>
  ) {
    const activities = known ?? (yield* readActivity(database, space, collection, profiles))
    const active = activities.filter((activity) => activity !== null)
    const ids = yield* messageIds(active.map(({ position }) => position))
    const byPosition = new Map(active.map(({ position }, i) => [position, ids[i]!]))
    return profiles.map((profile, i) => {
      const activity = activities[i]!
      return metadataOf(profile, activity, activity === null ? null : byPosition.get(activity.position)!)
    })
  })

  /** Events of the last 14 days by `timestamp`, whatever the requests say (PRO-23). */
  const events = Effect.fnUntraced(function* (space: ReadSpace, requests: ReadonlyArray<EventsRequest>) {
    const now = yield* Clock.currentTimeMillis
    const oldest = logRetentionDays === 0 ? 0 : (Math.floor(now / dayMs) - logRetentionDays) * positionsPerDay
    const recent = requests.map((request) => ({ ...request, from: Math.max(request.from, now - shownMs) }))
    return yield* eventPages(space, recent, oldest)
  })

  const shared = <K, V, E>(
    read: (space: ReadSpace, keys: ReadonlyArray<K>) => Effect.Effect<ReadonlyArray<V>, E>
  ): ((space: ReadSpace, keys: ReadonlyArray<K>) => Effect.Effect<ReadonlyArray<V>, E>) => {
    const bySpace = new Map<GraphId, BatchRead<K, V, E>>()
    return (space, keys) => {
      let batched = bySpace.get(space.graph)
      if (batched === undefined) bySpace.set(space.graph, (batched = coalesce(context, (all) => read(space, all))))
      return batched(keys)
    }
  }

  const lookUp = (space: ReadSpace, collection: Collection, refs: ReadonlyArray<ProfileRef>) =>
    findProfiles({ database, graph }, { schema: space.schema, graphId: space.graph }, collection, refs)
  const find = {
    users: shared((space: ReadSpace, refs: ReadonlyArray<ProfileRef>) => lookUp(space, "users", refs)),
    accounts: shared((space: ReadSpace, refs: ReadonlyArray<ProfileRef>) => lookUp(space, "accounts", refs))
  }
  const traits = shared(readTraits)
  const externalIds = shared(readExternalIds)

  return {
    spaceOf: (spaceId: string): ReadSpace => ({
      id: spaceId,
      graph: graphs.graphOf(spaceId),
      schema: spaceSchema(spaceId)
    }),
    find: (space: ReadSpace, collection: Collection, refs: ReadonlyArray<ProfileRef>) => find[collection](space, refs),
    links: (space: ReadSpace, requests: LinkRequests) => graph.links(space.graph, requests),
    /** Oldest first; one event may have merged several profiles. */
    merges: (space: ReadSpace, profiles: ReadonlyArray<ProfileNo>) =>
      Effect.map(graph.merges(space.graph, profiles), (lists) =>
        lists.map((merges) => [...merges].sort((a, b) => a.position - b.position || a.from - b.from))
      ),
    separations: (space: ReadSpace, profiles: ReadonlyArray<ProfileNo>) => graph.separations(space.graph, profiles),
    count: (space: ReadSpace, collection: Collection) => graph.count(space.graph, collection),
    traits,
    externalIds,
    metadata,
    events,
    messageIds,
    messageIdsOfSeq,
    list: profileList
  }
})

type Graph = IdentityGraph["Service"]
export type LinkRequests = Parameters<Graph["links"]>[1]

/** A store did not answer. */
export type ReadError = GraphError | LogUnavailable | SqlError.SqlError

export type ReadModel = Effect.Success<typeof makeReadModel>

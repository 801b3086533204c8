/**
 * The REST resources over the read model: one look-up for the profile, then one read for what was asked for.
 * Each checks its parameters before it reads anything.
 */
import { Effect } from "effect"
import type { FoundProfile } from "../identity/graph.ts"
import { collectionOf, type ProfileNo } from "../identity/model.ts"
import type { Collection } from "../workspace/rules.ts"
import type { Workspace } from "../workspace/workspace.ts"
import {
  decodeEvent,
  decodeLink,
  decodeList,
  encodeEvent,
  encodeLink,
  encodeList,
  mappingIdPattern,
  mappingSecond
} from "./cursors.ts"
import { compareBytes } from "./order.ts"
import { type ApiProblem, notFound } from "./problem.ts"
import type { ReadError, ReadModel } from "./read-model.ts"
import {
  type Cursor,
  eventBody,
  externalIdBody,
  linkBody,
  metadataBody,
  type Related,
  type SourceNames,
  traitsBody
} from "./rest-bodies.ts"
import type { Address, Query, Resource } from "./rest-request.ts"
import type { EventView, ReadSpace } from "./views.ts"

/** Identifiers of one linked profile that `links` shows. */
const linkedIds = 100
/** Identifiers of one profile that the list shows. */
const listedIds = 3

export const sourceNames = (workspace: Workspace["Service"]): SourceNames => ({
  id: (no) => workspace.current().sourceByNo.get(no)?.id ?? `source ${no}`,
  name: (no) => workspace.current().sourceByNo.get(no)?.name ?? `source ${no}`
})

const other = (collection: Collection): Collection => (collection === "users" ? "accounts" : "users")

const cursorOf = (
  space: ReadSpace,
  collection: Collection,
  rest: string,
  query: Query,
  parameters: ReadonlyArray<string>,
  limit: number,
  next: string
): Cursor => ({
  url: `/v1/spaces/${space.id}/collections/${collection}/profiles${rest}${query.again(parameters, next)}`,
  has_more: next !== "",
  next,
  limit
})

export const makeRestResources = (model: ReadModel, sources: SourceNames) => {
  const find = Effect.fnUntraced(function* (space: ReadSpace, address: Extract<Address, { resource: Resource }>) {
    const [profile] = yield* model.find(space, address.collection, [address.ref])
    return profile ?? (yield* notFound)
  })

  const traits = (space: ReadSpace, address: Extract<Address, { resource: Resource }>, query: Query) => {
    const limit = query.limit(10, 200)
    const kind = query.oneOf("class", ["audience", "computed_trait"])
    const include = query.list("include")
    const verbose = query.flag("verbose")
    const from = query.cursor((text) => text)
    return Effect.gen(function* () {
      const profile = yield* find(space, address)
      // Only custom traits exist so far: no audiences, no computed traits (PRO-21).
      const all = kind === undefined ? (yield* model.traits(space, [profile]))[0]! : []
      const wanted = include === null ? all : all.filter(({ key }) => include.includes(key))
      const rest = from === undefined ? wanted : wanted.filter(({ key }) => compareBytes(key, from) >= 0)
      const cursor = cursorOf(
        space,
        address.collection,
        `/${profile.segmentId}/traits`,
        query,
        ["class", "include", "limit", "verbose"],
        limit,
        rest[limit]?.key ?? ""
      )
      return { traits: traitsBody(rest.slice(0, limit), verbose, sources), cursor }
    })
  }

  const externalIds = (space: ReadSpace, address: Extract<Address, { resource: Resource }>, query: Query) => {
    const limit = query.limit(10, 200)
    const include = query.list("include")
    const verbose = query.flag("verbose")
    const from = query.cursor((text) => (mappingIdPattern.test(text) ? text : undefined))
    return Effect.gen(function* () {
      const profile = yield* find(space, address)
      const all = (yield* model.externalIds(space, [profile.no]))[0]!
      let start = 0
      if (from !== undefined) {
        start = all.findIndex(({ mappingId }) => mappingId === from)
        // The mapping is gone: its id still tells the second it was made in.
        if (start === -1) start = all.findIndex(({ createdAt }) => createdAt >= mappingSecond(from))
        if (start === -1) start = all.length
      }
      const rest = all.slice(start).filter(({ type }) => include === null || include.includes(type))
      const cursor = cursorOf(
        space,
        address.collection,
        `/${profile.segmentId}/external_ids`,
        query,
        ["include", "limit", "verbose"],
        limit,
        rest[limit]?.mappingId ?? ""
      )
      return { data: rest.slice(0, limit).map((id) => externalIdBody(id, verbose, sources)), cursor }
    })
  }

  /** Canonical ids that an event is related to (PRO-24): one look-up for the other collection, if any event has one. */
  const related = Effect.fnUntraced(function* (
    space: ReadSpace,
    profile: FoundProfile,
    events: ReadonlyArray<EventView>
  ) {
    const side = other(profile.collection)
    const otherNo = (event: EventView): ProfileNo | null => (side === "accounts" ? event.account : event.user)
    const numbers = [...new Set(events.flatMap((event) => otherNo(event) ?? []))]
    const refs = numbers.map((no) => ({ no }))
    const found = refs.length === 0 ? [] : yield* model.find(space, side, refs)
    const ids = new Map(numbers.map((no, i) => [no, found[i]?.segmentId]))
    return events.map((event): Related => {
      const no = otherNo(event)
      const id = no === null ? undefined : ids.get(no)
      return { [profile.collection]: profile.segmentId, ...(id === undefined ? undefined : { [side]: id }) }
    })
  })

  const events = (space: ReadSpace, address: Extract<Address, { resource: Resource }>, query: Query) => {
    const limit = query.limit(10, 200)
    const request = {
      types: ["track", "page", "screen"] as const,
      include: query.list("include"),
      exclude: query.list("exclude") ?? [],
      from: query.time("start") ?? Number.NEGATIVE_INFINITY,
      until: query.time("end") ?? Number.POSITIVE_INFINITY,
      descending: (query.oneOf("sort", ["asc", "desc"]) ?? "desc") === "desc",
      after: query.cursor(decodeEvent) ?? null,
      inclusive: true,
      before: null,
      limit
    }
    return Effect.gen(function* () {
      const profile = yield* find(space, address)
      const [page] = yield* model.events(space, [{ ...request, profile }])
      const cursor = cursorOf(
        space,
        address.collection,
        `/${profile.segmentId}/events`,
        query,
        ["include", "exclude", "start", "end", "sort", "limit"],
        limit,
        page!.next === undefined ? "" : encodeEvent(page!.next)
      )
      const to = yield* related(space, profile, page!.events)
      return { data: page!.events.map((event, i) => eventBody(event, to[i]!, sources)), cursor }
    })
  }

  const metadata = (space: ReadSpace, address: Extract<Address, { resource: Resource }>, query: Query) => {
    const verbose = query.flag("verbose")
    return Effect.gen(function* () {
      const profile = yield* find(space, address)
      const [[found], ids] = yield* Effect.all(
        [
          model.metadata(space, address.collection, [profile]),
          verbose ? model.externalIds(space, [profile.no]) : Effect.succeed([])
        ],
        { concurrency: "unbounded" }
      )
      const more = {
        segment_id: profile.segmentId,
        merged_segment_ids: found!.mergedSegmentIds,
        merge_count: found!.mergedSegmentIds.length,
        mapping_count: ids[0]?.length ?? 0
      }
      return { metadata: { ...metadataBody(found!, sources), ...(verbose ? more : undefined) } }
    })
  }

  const links = (space: ReadSpace, address: Extract<Address, { resource: Resource }>, query: Query) => {
    const limit = query.limit(20, 20)
    const after = query.cursor(decodeLink) ?? null
    return Effect.gen(function* () {
      const profile = yield* find(space, address)
      const [found] = yield* model.links(space, [{ profile: profile.no, after, limit: limit + 1 }])
      const page = found!.links.slice(0, limit)
      const numbers = page.map(({ no }) => no)
      const side = other(collectionOf(profile.no))
      const ids = yield* model.externalIds(space, numbers)
      const next = found!.links.length > limit ? encodeLink(page.at(-1)!) : ""
      const rest = `/${profile.segmentId}/links`
      const cursor = cursorOf(space, address.collection, rest, query, ["limit"], limit, next)
      return { data: page.map((_, i) => linkBody(side, ids[i]!.slice(0, linkedIds), sources)), cursor }
    })
  }

  const list = (space: ReadSpace, collection: Collection, query: Query) => {
    const limit = query.limit(10, 100)
    const from = query.cursor(decodeList) ?? null
    return Effect.gen(function* () {
      const page = yield* model.list(space, collection, from, limit)
      const profiles = page.profiles.map(({ profile }) => profile)
      const numbers = profiles.map(({ no }) => no)
      const activities = page.profiles.map(({ activity }) => activity)
      const [metadata, ids] = yield* Effect.all(
        [model.metadata(space, collection, profiles, activities), model.externalIds(space, numbers)],
        { concurrency: "unbounded" }
      )
      const next = page.next === null ? "" : encodeList(page.next)
      return {
        data: profiles.map(({ segmentId }, i) => ({
          segment_id: segmentId,
          metadata: metadataBody(metadata[i]!, sources),
          external_ids: ids[i]!.slice(0, listedIds).map((id) => externalIdBody(id, false, sources))
        })),
        cursor: cursorOf(space, collection, "", query, ["limit"], limit, next)
      }
    })
  }

  const one = { traits, external_ids: externalIds, events, metadata, links }

  /** The body that answers a request. Throws and fails with `ApiProblem`. */
  return (space: ReadSpace, address: Address, query: Query): Effect.Effect<object, ApiProblem | ReadError> =>
    address.resource === "list" ? list(space, address.collection, query) : one[address.resource](space, address, query)
}

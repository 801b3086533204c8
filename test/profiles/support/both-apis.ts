/**
 * Everything that REST and GraphQL say of a profile, read page by page and brought into one form, so that the two can be compared
 * member by member (AC3-23, PRO-68).
 */
import * as fc from "fast-check"
import type { JsonObject } from "../../../src/event/message.ts"
import type { ShortMessage } from "../../support/space.ts"
import { follow, type TestApi } from "./api.ts"
import { readProfile } from "./people.ts"

export interface Reference {
  readonly collection: "users" | "accounts"
  readonly type: string
  readonly id: string
}

type Values = Record<string, unknown>

/** Null: there is no such profile. */
export const byRest = async (api: TestApi, { collection, type, id }: Reference, size: number) => {
  const path = `${collection}/profiles/${type}:${encodeURIComponent(id)}`
  const { status, body } = await api.get(`${path}/metadata?verbose=true`)
  if (status === 404) return null
  const pages = async (resource: string) =>
    (await follow(api, `${path}/${resource}`)).map((page) => page.body.data ?? page.body.traits)
  // Members of an object are in no promised order (PRO-15): by key, but page by page.
  const traits = (await pages(`traits?verbose=true&limit=${size}`)).map((page: object) => Object.entries(page).sort())
  return {
    metadata: body.metadata,
    traits,
    externalIds: await pages(`external_ids?verbose=true&limit=${size}`),
    events: (await pages(`events?limit=${size}`)).map((page: ReadonlyArray<Values>) =>
      page.map((event) => ({ ...event, related: undefined }))
    ),
    links: await pages(`links?limit=${Math.min(size, 20)}`)
  }
}

const identifier = "id type collection encoding"

const externalIdOf = ({ collection, ...id }: Values) => ({
  source_id: id["sourceId"],
  collection: String(collection).toLowerCase(),
  id: id["id"],
  type: id["type"],
  created_at: id["createdAt"],
  encoding: id["encoding"]
})
const eventIdOf = ({ collection, ...id }: Values) => ({ ...id, collection: String(collection).toLowerCase() })

const fields: Readonly<Record<string, { readonly node: string; readonly read: (node: Values) => unknown }>> = {
  traits: {
    node: "key value sourceId updatedAt",
    read: ({ key, value, sourceId, updatedAt }) => [key, { value, source_id: sourceId, updated_at: updatedAt }]
  },
  externalIds: {
    node: `${identifier} createdAt addedAt sourceId sourceName firstMessageId originSegmentId`,
    read: (id) => ({
      ...externalIdOf(id),
      first_message_id: id["firstMessageId"],
      origin_segment_id: id["originSegmentId"],
      added_at: id["addedAt"],
      source_name: id["sourceName"]
    })
  },
  events: {
    node: `messageId type event timestamp sourceId context properties externalIds { ${identifier} }`,
    read: (event) => ({
      external_ids: (event["externalIds"] as ReadonlyArray<Values>).map(eventIdOf),
      context: event["context"],
      type: String(event["type"]).toLowerCase(),
      message_id: event["messageId"],
      source_id: event["sourceId"],
      timestamp: event["timestamp"],
      properties: event["properties"] ?? {},
      event: event["event"]
    })
  },
  links: {
    node: `to { collection externalIds(first: 100) { edges { node { ${identifier} createdAt sourceId } } } }`,
    read: ({ to }) => {
      const { collection, externalIds } = to as { collection: string; externalIds: { edges: Array<{ node: Values }> } }
      return {
        to_collection: collection.toLowerCase(),
        external_ids: externalIds.edges.map((it) => externalIdOf(it.node))
      }
    }
  }
}

export const byGraphql = async (api: TestApi, { collection, type, id }: Reference, size: number) => {
  const by = { externalId: { type, id } }
  const read = (selection: string) => readProfile(api, by, selection, collection.toUpperCase())
  const found = await read(
    `segmentId metadata { createdAt updatedAt expiresAt firstMessageId firstSourceId lastMessageId lastSourceId
       mergeCount mappingCount mergedSegmentIds }`
  )
  if (found === null) return null
  const m = found.metadata
  const lists: Record<string, Array<ReadonlyArray<unknown>>> = {}
  for (const [name, field] of Object.entries(fields)) {
    const pages: Array<ReadonlyArray<unknown>> = []
    let after = ""
    do {
      const list = (
        await read(
          `${name}(first: ${name === "links" ? Math.min(size, 20) : size}${after}) { edges { node { ${field.node} } } pageInfo { hasNextPage endCursor } }`
        )
      )[name]
      pages.push(list.edges.map(({ node }: { node: Values }) => field.read(node)))
      after = list.pageInfo.hasNextPage ? `, after: ${JSON.stringify(list.pageInfo.endCursor)}` : ""
    } while (after !== "")
    lists[name] = pages
  }
  return {
    ...lists,
    traits: lists["traits"]!.map((page) => [...page].sort()),
    metadata: {
      created_at: m.createdAt,
      updated_at: m.updatedAt,
      expires_at: m.expiresAt,
      first_message_id: m.firstMessageId,
      first_source_id: m.firstSourceId,
      last_message_id: m.lastMessageId,
      last_source_id: m.lastSourceId,
      segment_id: found.segmentId,
      merged_segment_ids: m.mergedSegmentIds,
      merge_count: m.mergeCount,
      mapping_count: m.mappingCount
    }
  }
}

const dayMs = 86_400_000
const optional = <A>(value: fc.Arbitrary<A>) => fc.option(value, { nil: undefined })
const key = fc.constantFrom(
  "plan",
  "a,b",
  "10",
  "9",
  "Ünïcode",
  "__proto__",
  "nick name",
  "a%2Cb",
  "",
  "é\u0301",
  "key:=&?/"
)
const properties = fc
  .array(fc.tuple(key, fc.jsonValue({ maxDepth: 2 })), { maxLength: 8 })
  .map((entries) => Object.fromEntries(entries) as JsonObject)

/** Calls of a handful of people and two accounts, of the last days and some older; `mark` keeps the runs apart. */
export const somePeople = (mark: string): fc.Arbitrary<ReadonlyArray<ShortMessage>> => {
  const pick = (kind: string, count: number) => fc.integer({ min: 1, max: count }).map((n) => `${kind}${n}-${mark}`)
  return fc.array(
    fc
      .record({
        type: fc.constantFrom("identify", "track", "page", "screen", "group"),
        userId: optional(pick("user", 3)),
        anonymousId: pick("a %/ü+", 4),
        groupId: pick("g:", 2),
        withGroup: fc.boolean(),
        email: optional(pick("e", 3)),
        event: fc.constantFrom("Order, Completed", "Página", "Page Viewed"),
        name: optional(fc.constantFrom("Home", "Größe")),
        consent: fc.boolean(),
        bag: properties,
        // Coarse, so that timestamps are equal.
        ago: fc.integer({ min: 0, max: 16 * 4 }).map((quarters) => (quarters * dayMs) / 4 + 60_000)
      })
      .map(({ type, ago, bag, consent, email, event, groupId, name, withGroup, ...ids }): ShortMessage => {
        const traits = type === "identify" || type === "group"
        return {
          ...ids,
          type: type as "track",
          timestamp: new Date(Date.now() - ago).toISOString(),
          context: {
            ...(withGroup ? { groupId } : undefined),
            ...(consent ? { consent: { categoryPreferences: { ads: true } } } : undefined),
            ...(email !== undefined && type !== "identify" ? { traits: { email: `${email}@x.io` } } : undefined)
          },
          ...(type === "group" ? { groupId } : undefined),
          ...(type === "track" ? { event } : undefined),
          ...(name !== undefined && (type === "page" || type === "screen") ? { name } : undefined),
          ...(traits
            ? {
                traits: {
                  ...bag,
                  ...(email !== undefined && type === "identify" ? { email: `${email}@x.io` } : undefined)
                }
              }
            : { properties: bag })
        } as ShortMessage
      }),
    { minLength: 5, maxLength: 40 }
  )
}

/** Everybody whom `messages` name, each by one of their identifiers. */
export const peopleIn = async (
  api: TestApi,
  messages: ReadonlyArray<ShortMessage>
): Promise<ReadonlyArray<Reference>> => {
  const named = new Map<string, Reference>()
  const add = (collection: Reference["collection"], type: string, id: unknown) => {
    if (typeof id === "string") named.set(`${type} ${id}`, { collection, type, id })
  }
  for (const { userId, anonymousId, groupId, traits } of messages) {
    add("users", "user_id", userId)
    add("users", "anonymous_id", anonymousId)
    add("users", "email", (traits as JsonObject | undefined)?.["email"])
    add("accounts", "group_id", groupId)
  }
  const found = new Map<string, Reference>()
  for (const [collection, references] of Map.groupBy(named.values(), (each) => each.collection)) {
    const { body } = await api.graphql(
      `query ($s: ID!, $c: Collection!, $r: [ProfileRef!]!) { profiles(spaceId: $s, collection: $c, refs: $r) { segmentId } }`,
      {
        s: api.space.id,
        c: collection.toUpperCase(),
        r: references.map(({ type, id }) => ({ externalId: { type, id } }))
      }
    )
    references.forEach((reference, i) => found.set(body.data.profiles[i]?.segmentId ?? "nobody", reference))
  }
  return [...found.values()]
}

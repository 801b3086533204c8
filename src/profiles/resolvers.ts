/** Resolvers of `graphql/*.graphql`: they name what to load and give it its shape; loading is in `loaders.ts`. */
import type { MessageType } from "../event/message.ts"
import type { FoundProfile, LinkedProfile, MergeRow, ProfileRef } from "../identity/graph.ts"
import { collectionOf, type Identifier, type ProfileNo } from "../identity/model.ts"
import type { Collection } from "../workspace/rules.ts"
import type { AccessToken, Space, WorkspaceSnapshot } from "../workspace/workspace.ts"
import { isMasked, spacesOf } from "./access.ts"
import { connectionOf, type PageArguments, pageOfList, windowOf } from "./connection.ts"
import {
  decodeEvent,
  decodeKey,
  decodeLink,
  decodeMapping,
  decodeMerge,
  encodeEvent,
  encodeKey,
  encodeLink,
  encodeMapping,
  encodeMerge
} from "./cursors.ts"
import { graphqlError } from "./graphql-errors.ts"
import { pageOfLinks } from "./link-pages.ts"
import type { Loaders } from "./loaders.ts"
import { compareBytes } from "./order.ts"
import type { Services } from "./read-services.ts"
import type { SourceNames } from "./rest-bodies.ts"
import { scalars } from "./scalars.ts"
import type { EventView, ExternalIdView, MetadataView, ReadSpace, TraitView } from "./views.ts"

/** What every resolver gets besides its arguments. */
export interface RequestContext {
  readonly space: Space
  readonly readSpace: ReadSpace
  readonly loaders: Loaders
  /** Of another space that the token can read. */
  readonly loadersOf: (space: Space) => Loaders
  readonly snapshot: () => WorkspaceSnapshot
  readonly sources: SourceNames
  /** The token of the request: its scopes say what may be changed. */
  readonly access: AccessToken
  readonly services: Services
}

/** A profile in an answer: its members are looked up only when a field needs them. */
export interface ProfileNode {
  readonly no: ProfileNo
  readonly segmentId: string
  readonly requestedId: string
  readonly found?: FoundProfile
}

export interface RefInput {
  readonly segmentId?: string
  readonly externalId?: { readonly type: string; readonly id: string }
}

const segmentIdPattern = /^(?:use|grp)_[0-9A-Za-z]{27}$/

const refOf = ({ segmentId, externalId }: RefInput, collection: Collection): ProfileRef =>
  externalId === undefined
    ? { segmentId: segmentId! }
    : { identifier: { collection, type: externalId.type, value: externalId.id } }

export const nodeOf = (found: FoundProfile, requestedId = found.segmentId): ProfileNode => ({
  no: found.no,
  segmentId: found.segmentId,
  requestedId,
  found
})

/** A token reads one space; whether others exist is not told. */
export const checkSpace = (context: RequestContext, spaceId: string): void => {
  if (spaceId !== context.space.id) throw graphqlError("FORBIDDEN", "The access token does not belong to this space.")
}

export const lookUp = async (
  context: RequestContext,
  collection: Collection,
  by: RefInput
): Promise<ProfileNode | null> => {
  if (by.segmentId !== undefined && !segmentIdPattern.test(by.segmentId)) return null
  const found = await context.loaders.find[collection].load(refOf(by, collection))
  return found === null ? null : nodeOf(found, by.segmentId)
}

export const foundOf = async (node: ProfileNode, { loaders }: RequestContext): Promise<FoundProfile> => {
  const found = node.found ?? (await loaders.find[collectionOf(node.no)].load({ no: node.no }))
  if (found === null) throw graphqlError("NOT_FOUND", `Profile ${node.segmentId} is gone.`)
  return found
}

const spaceWith = ({ access, snapshot }: RequestContext, is: (space: Space) => boolean): Space | null =>
  spacesOf(snapshot(), access).find(is) ?? null

const query = {
  node: async (_: unknown, { id }: { id: string }, context: RequestContext) => {
    if (id.startsWith("spa_")) return spaceWith(context, ({ id: each }) => each === id)
    return lookUp(context, id.startsWith("grp_") ? "accounts" : "users", { segmentId: id })
  },
  spaces: (_: unknown, __: unknown, { access, snapshot }: RequestContext) => spacesOf(snapshot(), access),
  space: (_: unknown, { id, slug }: { id?: string | null; slug?: string | null }, context: RequestContext) => {
    if (typeof id !== "string" && typeof slug !== "string")
      throw graphqlError("VALIDATION_FAILED", "Give the `id` or the `slug` of the space.")
    return spaceWith(context, (space) => (id ?? space.id) === space.id && (slug ?? space.slug) === space.slug)
  },
  profile: (
    _: unknown,
    { spaceId, collection, by }: { spaceId: string; collection?: Collection | null; by: RefInput },
    context: RequestContext
  ) => {
    checkSpace(context, spaceId)
    return lookUp(context, collection ?? "users", by)
  },
  profiles: (
    _: unknown,
    { spaceId, collection, refs }: { spaceId: string; collection?: Collection | null; refs: ReadonlyArray<RefInput> },
    context: RequestContext
  ) => {
    checkSpace(context, spaceId)
    return Promise.all(refs.map((ref) => lookUp(context, collection ?? "users", ref)))
  }
}

interface TraitsArguments extends PageArguments {
  readonly class?: string | null
  readonly keys?: ReadonlyArray<string> | null
}

interface EventsArguments extends PageArguments {
  readonly types?: ReadonlyArray<MessageType> | null
  readonly include?: ReadonlyArray<string> | null
  readonly exclude?: ReadonlyArray<string> | null
  readonly range?: { readonly from?: number | null; readonly to?: number | null } | null
  readonly sort?: "ASC" | "DESC" | null
}

const traitsOf = async (node: ProfileNode, context: RequestContext) =>
  context.loaders.traits.load(await foundOf(node, context))

const byKey = (a: { readonly key: string }, b: { readonly key: string }) => compareBytes(a.key, b.key)
const byCreation = (a: { createdAt: number; mappingId: string }, b: { createdAt: number; mappingId: string }) =>
  a.createdAt - b.createdAt || compareBytes(a.mappingId, b.mappingId)
const byMerge = (a: { position: number; from: number }, b: { position: number; from: number }) =>
  a.position - b.position || a.from - b.from

const eventsOf = async (node: ProfileNode, args: EventsArguments, context: RequestContext) => {
  const profile = await foundOf(node, context)
  const window = windowOf(args, decodeEvent)
  const descending = (args.sort ?? "DESC") === "DESC"
  const { events, next } = await context.loaders.events.load({
    profile,
    types: args.types ?? ["track", "page", "screen"],
    include: args.include ?? null,
    exclude: args.exclude ?? [],
    from: args.range?.from ?? Number.NEGATIVE_INFINITY,
    until: args.range?.to ?? Number.POSITIVE_INFINITY,
    // Backward is forward in the other direction.
    descending: descending !== window.backward,
    after: window.backward ? window.before : window.after,
    inclusive: false,
    before: window.backward ? window.after : window.before,
    limit: window.limit
  })
  const more = next !== undefined
  const page = window.backward ? events.toReversed() : events
  const nodes = page.map((event) => ({ ...event, profile }))
  return window.backward
    ? connectionOf(nodes, encodeEvent, more, window.before !== null)
    : connectionOf(nodes, encodeEvent, window.after !== null, more)
}

const mergePathOf = async (node: ProfileNode, context: RequestContext): Promise<ReadonlyArray<string>> => {
  const { segmentId, requestedId } = node
  if (requestedId === segmentId) return [segmentId]
  const [{ members }, merges] = await Promise.all([foundOf(node, context), context.loaders.merges.load(node.no)])
  const into = new Map(merges.map((merge) => [merge.from, merge.into]))
  const path: Array<string> = []
  let no = members.find((member) => member.segmentId === requestedId)?.no
  while (no !== undefined && path.length <= members.length) {
    const at = no
    path.push(members.find((member) => member.no === at)!.segmentId)
    no = into.get(at)
  }
  return path
}

const profile = {
  __isTypeOf: (value: object) => "no" in value,
  id: ({ segmentId }: ProfileNode) => segmentId,
  collection: ({ no }: ProfileNode) => collectionOf(no),
  traits: async (node: ProfileNode, args: TraitsArguments, context: RequestContext) => {
    const window = windowOf(
      args,
      (cursor) => {
        const key = decodeKey(cursor)
        return key === undefined ? undefined : { key }
      },
      200
    )
    const all = await traitsOf(node, context)
    const keys = args.keys === null || args.keys === undefined ? undefined : new Set(args.keys)
    const wanted = (args.class ?? "CUSTOM") === "CUSTOM" ? all.filter(({ key }) => keys?.has(key) ?? true) : []
    return pageOfList<TraitView, { readonly key: string }>(wanted, window, byKey, ({ key }) => encodeKey(key))
  },
  trait: async (node: ProfileNode, { key }: { key: string }, context: RequestContext) =>
    (await traitsOf(node, context)).find((trait) => trait.key === key) ?? null,
  externalIds: async (
    node: ProfileNode,
    args: PageArguments & { readonly types?: ReadonlyArray<string> | null },
    context: RequestContext
  ) => {
    const window = windowOf(args, decodeMapping)
    const all = await context.loaders.externalIds.load(node.no)
    const wanted = all.filter(({ type }) => args.types?.includes(type) ?? true)
    return pageOfList<ExternalIdView, { createdAt: number; mappingId: string }>(
      wanted,
      window,
      byCreation,
      encodeMapping
    )
  },
  identifierCounts: async (node: ProfileNode, _: unknown, context: RequestContext) => {
    const byType = Map.groupBy(await context.loaders.externalIds.load(node.no), ({ type }) => type)
    return Array.from(byType, ([type, ids]) => ({ type, count: ids.length })).sort((a, b) =>
      compareBytes(a.type, b.type)
    )
  },
  events: eventsOf,
  eventWeeks: async (node: ProfileNode, _: unknown, context: RequestContext) => {
    const { services, readSpace } = context
    return services.run(services.eventWeeks(readSpace, await foundOf(node, context), Date.now()))
  },
  metadata: async (node: ProfileNode, _: unknown, context: RequestContext) => {
    const found = await foundOf(node, context)
    return { ...(await context.loaders.metadata[found.collection].load(found)), no: node.no }
  },
  links: async (node: ProfileNode, args: PageArguments, context: RequestContext) =>
    pageOfLinks(context.loaders.links, node.no, windowOf(args, decodeLink), encodeLink),
  merges: async (node: ProfileNode, args: PageArguments, context: RequestContext) => {
    const window = windowOf(args, decodeMerge)
    const [{ members }, merges] = await Promise.all([foundOf(node, context), context.loaders.merges.load(node.no)])
    const ids = new Map(members.map((member) => [member.no, member.segmentId]))
    const connection = pageOfList<MergeRow, { position: number; from: number }>(merges, window, byMerge, encodeMerge)
    return {
      ...connection,
      edges: connection.edges.map(({ cursor, node: merge }) => ({
        cursor,
        node: { ...merge, fromId: ids.get(merge.from), intoId: ids.get(merge.into) }
      }))
    }
  },
  mergePath: (node: ProfileNode, _: unknown, context: RequestContext) => mergePathOf(node, context),
  masked: (_: ProfileNode, __: unknown, { access }: RequestContext) => isMasked(access)
}

export const sourceIdOf = ({ source }: { readonly source: number }, _: unknown, { sources }: RequestContext) =>
  sources.id(source)
const sourceName = ({ source }: { readonly source: number }, _: unknown, { sources }: RequestContext) =>
  sources.name(source)

/** Identifiers everywhere: the value is called `id`. */
export const identifierFields = { id: ({ value }: Identifier) => value, encoding: () => "none" }

export const resolvers = {
  ...scalars,
  Collection: { USERS: "users", ACCOUNTS: "accounts" },
  EventType: { IDENTIFY: "identify", TRACK: "track", PAGE: "page", SCREEN: "screen", GROUP: "group", ALIAS: "alias" },
  Query: query,
  Space: {
    __isTypeOf: (value: object) => "slug" in value,
    profileCount: (space: Space, { collection }: { collection?: Collection | null }, { loadersOf }: RequestContext) =>
      loadersOf(space).count.load(collection ?? "users")
  },
  Profile: profile,
  Trait: {
    class: () => "CUSTOM",
    sourceId: sourceIdOf,
    sourceName,
    updatedAt: ({ at }: TraitView) => at,
    messageId: ({ seq }: TraitView, _: unknown, { loaders }: RequestContext) => loaders.messageIds.load(seq)
  },
  ExternalId: {
    ...identifierFields,
    addedAt: ({ createdAt }: ExternalIdView) => createdAt,
    sourceId: sourceIdOf,
    sourceName,
    firstMessageId: ({ messageId }: ExternalIdView) => messageId
  },
  ExternalIdValue: identifierFields,
  Event: {
    sourceId: sourceIdOf,
    stampedSegmentId: ({ user, account, profile: { collection, members } }: EventView & { profile: FoundProfile }) =>
      members.find(({ no }) => no === (collection === "users" ? user : account))?.segmentId ?? null
  },
  Metadata: {
    expiresAt: () => null,
    firstSourceId: ({ firstSource }: MetadataView, _: unknown, { sources }: RequestContext) => sources.id(firstSource),
    lastSourceId: ({ lastSource }: MetadataView, _: unknown, { sources }: RequestContext) =>
      lastSource === null ? null : sources.id(lastSource),
    mergeCount: ({ mergedSegmentIds }: MetadataView) => mergedSegmentIds.length,
    mappingCount: async ({ no }: { no: ProfileNo }, _: unknown, { loaders }: RequestContext) =>
      (await loaders.externalIds.load(no)).length
  },
  Link: {
    to: ({ no, segmentId }: LinkedProfile): ProfileNode => ({ no, segmentId, requestedId: segmentId })
  },
  Merge: {
    from: ({ fromId }: { fromId: string }) => fromId,
    into: ({ intoId }: { intoId: string }) => intoId,
    sourceId: (merge: MergeRow, _: unknown, context: RequestContext) =>
      merge.eventType === "operation" ? null : sourceIdOf(merge, _, context),
    // One that took a separation back: nobody's event, the audit entry stands in its place.
    messageId: ({ eventType, messageId }: MergeRow) => (eventType === "operation" ? null : messageId),
    eventType: ({ eventType }: MergeRow) => (eventType === "operation" ? null : eventType),
    active: () => true
  }
}

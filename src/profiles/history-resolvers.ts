/** Resolvers of `graphql/history.graphql` (IDR-210, IDR-211). */
import DataLoader from "dataloader"
import type { Contention, NearLimit } from "../identity/operations/contention.ts"
import type { HistoryEntry } from "../identity/operations/history-entries.ts"
import type { HistoryCursor, HistoryOf, HistoryPage } from "../identity/operations/history.ts"
import type { Space } from "../workspace/workspace.ts"
import { connectionOf, type PageArguments, windowOf } from "./connection.ts"
import { decodeKey, encodeKey } from "./cursors.ts"
import { resolutionsOf } from "./explain-resolvers.ts"
import { graphqlError } from "./graphql-errors.ts"
import { recordLoaders } from "./record-loaders.ts"
import type { ProfileNode, RequestContext } from "./resolvers.ts"

const decodePlace = (cursor: string): HistoryCursor | undefined => {
  const match = /^([0-9]{1,16}):([0-9]{1,9})$/.exec(decodeKey(cursor) ?? "")
  return match === null ? undefined : { seq: Number(match[1]), n: Number(match[2]) }
}

const cursor = ({ seq, n }: HistoryEntry) => encodeKey(`${seq}:${n}`)

type HistoryLoader = DataLoader<HistoryOf, HistoryPage | null, string>

/** One loader for each request: sibling profiles read their histories at once (PRO-63). */
const loaders = new WeakMap<RequestContext, HistoryLoader>()

const historiesIn = (context: RequestContext): HistoryLoader => {
  let loader = loaders.get(context)
  if (loader === undefined) {
    const { services, space } = context
    loader = new DataLoader((asked) => services.run(services.operations.histories(space.id, asked)), {
      cacheKeyFn: JSON.stringify as (asked: HistoryOf) => string
    })
    loaders.set(context, loader)
  }
  return loader
}

const history = async ({ segmentId, requestedId }: ProfileNode, args: PageArguments, context: RequestContext) => {
  const { backward, limit, after, before } = windowOf(args, decodePlace)
  const page = await historiesIn(context).load({
    segmentId: requestedId ?? segmentId,
    backward,
    limit,
    after,
    before
  })
  if (page === null) throw graphqlError("NOT_FOUND", `Profile ${segmentId} is gone.`)
  return backward
    ? connectionOf(page.entries, cursor, page.more, before !== null)
    : connectionOf(page.entries, cursor, after !== null, page.more)
}

const limitOf = (first: number | null | undefined): number => {
  const limit = first ?? 20
  if (limit < 1 || limit > 100) throw graphqlError("VALIDATION_FAILED", "`first` is from 1 to 100.")
  return limit
}

const contendedIdentifiers = async (space: Space, { first }: { first?: number | null }, context: RequestContext) => {
  const { services } = context
  const limit = limitOf(first)
  return (await services.run(services.operations.contended(space.id))).slice(0, limit)
}

const profilesNearLimits = async (space: Space, { first }: { first?: number | null }, context: RequestContext) => {
  const { services } = context
  const limit = limitOf(first)
  return (await services.run(services.operations.nearLimits(space.id))).slice(0, limit)
}

export const historyResolvers = {
  Profile: { history },
  Space: {
    contendedIdentifiers,
    profilesNearLimits,
    dropCounters: async ({ id }: Space, _: unknown, { services }: RequestContext) =>
      Object.fromEntries(await services.run(services.dropCounters(id)))
  },
  NearLimit: { profile: ({ segmentId }: NearLimit) => segmentId },
  Contention: { externalId: ({ identifier }: Contention) => identifier },
  HistoryEntry: {
    id: ({ seq, n }: HistoryEntry) => `his_${seq}_${n}`,
    messageId: ({ cause }: HistoryEntry) => (cause.kind === "event" ? cause.messageId : null),
    explanation: async ({ cause, seq }: HistoryEntry, _: unknown, context: RequestContext) =>
      cause.kind === "event" ? resolutionsOf(context).load(await recordLoaders(context).positions.load(seq)) : null,
    actor: ({ cause }: HistoryEntry) => (cause.kind === "operation" ? cause.actor : null),
    data: ({ segmentId, others, identifiers, breach, violation, mergeId, cause }: HistoryEntry) => ({
      segmentId,
      others,
      identifiers: identifiers.map(({ collection, type, value }) => ({ collection, type, id: value })),
      breach,
      violation,
      mergeId,
      cause
    })
  }
}

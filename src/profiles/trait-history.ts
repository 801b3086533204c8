/**
 * What was written to a trait before (`Trait.history`). Only the newest write of a trait is stored; older ones are in the events. The
 * event that wrote last leads to the profile, so that traits need to know nothing of whose they are.
 */
import { outcomeLoader } from "./event-resolvers.ts"
import { graphqlError } from "./graphql-errors.ts"
import { recordLoaders } from "./record-loaders.ts"
import { type RequestContext, sourceIdOf } from "./resolvers.ts"
import type { EventView, TraitView } from "./views.ts"

/** Calls of the profile that are looked through. */
const mostCalls = 100

const traitsIn = ({ raw }: EventView): object => {
  const { traits } = raw
  return typeof traits === "object" && traits !== null ? traits : {}
}

/** An event dated after its arrival counts by its arrival (IDR-22). */
const timeOf = ({ at, raw }: EventView): number => {
  const { receivedAt } = raw
  return Math.min(at, typeof receivedAt === "string" ? Date.parse(receivedAt) : at)
}

const history = async (
  { key, seq }: TraitView,
  { first }: { readonly first?: number | null },
  context: RequestContext
) => {
  const limit = first ?? 10
  if (limit < 1 || limit > mostCalls) throw graphqlError("VALIDATION_FAILED", `\`first\` is from 1 to ${mostCalls}.`)
  const { messages, positions } = recordLoaders(context)
  const message = await messages.load(await positions.load(seq))
  if (message === null) return []
  const [type, collection] =
    message.type === "group" ? (["group", "accounts"] as const) : (["identify", "users"] as const)
  const outcome = await outcomeLoader(context).load(message.messageId)
  const no = collection === "users" ? outcome?.user : outcome?.account
  const profile = no === null || no === undefined ? null : await context.loaders.find[collection].load({ no })
  if (profile === null) return []
  const { events } = await context.loaders.events.load({
    profile,
    types: [type],
    include: null,
    exclude: [],
    from: Number.NEGATIVE_INFINITY,
    until: Number.POSITIVE_INFINITY,
    descending: true,
    after: null,
    inclusive: false,
    before: null,
    limit: mostCalls
  })
  return events
    .filter((event) => Object.hasOwn(traitsIn(event), key))
    .slice(0, limit)
    .map((event) => ({
      value: Object.entries(traitsIn(event)).find(([name]) => name === key)?.[1] ?? null,
      at: timeOf(event),
      messageId: event.messageId,
      source: event.source,
      segmentId:
        profile.members.find((member) => member.no === (collection === "users" ? event.user : event.account))
          ?.segmentId ?? profile.segmentId
    }))
}

export const traitHistoryResolvers = { Trait: { history }, TraitWrite: { sourceId: sourceIdOf } }

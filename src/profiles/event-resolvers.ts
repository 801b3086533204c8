/** Queries of `graphql/events.graphql`: the debugger, what became of events, and the pulse. Subscriptions are elsewhere. */
import DataLoader from "dataloader"
import type { LiveEntry } from "../debugger/reader.ts"
import { reasonOf } from "../debugger/words.ts"
import type { Explanation } from "../identity/explain/steps.ts"
import type { ProfileNo } from "../identity/model.ts"
import type { Collection } from "../workspace/rules.ts"
import { encodeKey } from "./cursors.ts"
import { graphqlError } from "./graphql-errors.ts"
import { type Journey, journeyOf } from "./journey.ts"
import { liveFilterOf, type LiveFilterInput, visibleSources } from "./live-filter.ts"
import type { Outcome } from "./outcomes.ts"
import { pulseOf } from "./pulse.ts"
import { checkSpace, nodeOf, type RequestContext } from "./resolvers.ts"

interface WithSpace {
  readonly spaceId: string
}

/** ING-123. */
const mostEntries = 500
const mostIds = 100

const minuteMs = 60_000
const mostMinutes = 1_440

const liveEvents = (
  _: unknown,
  args: WithSpace & { readonly filter?: LiveFilterInput | null; readonly first?: number | null },
  context: RequestContext
) => {
  checkSpace(context, args.spaceId)
  const limit = args.first ?? 100
  if (limit < 1 || limit > mostEntries)
    throw graphqlError("VALIDATION_FAILED", `\`first\` is from 1 to ${mostEntries}.`)
  const { services } = context
  return services.run(services.live.newest(liveFilterOf(args.filter, context), limit))
}

const outcomeLoaders = new WeakMap<RequestContext, DataLoader<string, Outcome | null>>()

export const outcomeLoader = (context: RequestContext): DataLoader<string, Outcome | null> => {
  let loader = outcomeLoaders.get(context)
  if (loader === undefined) {
    const { services, space } = context
    loader = new DataLoader((ids) => services.run(services.outcomes(space, ids)))
    outcomeLoaders.set(context, loader)
  }
  return loader
}

const outcomes = (
  _: unknown,
  { spaceId, messageIds }: WithSpace & { readonly messageIds: ReadonlyArray<string> },
  context: RequestContext
) => {
  checkSpace(context, spaceId)
  if (messageIds.length > mostIds)
    throw graphqlError("VALIDATION_FAILED", `There are ${messageIds.length} message ids; at most ${mostIds}.`)
  return Promise.all(messageIds.map((id) => outcomeLoader(context).load(id)))
}

const event = (
  _: unknown,
  { spaceId, messageId }: WithSpace & { readonly messageId: string },
  context: RequestContext
): Promise<Journey | null> => {
  checkSpace(context, spaceId)
  return journeyOf(messageId, context)
}

const pulse = (_: unknown, { spaceId }: WithSpace, context: RequestContext) => {
  checkSpace(context, spaceId)
  const { services } = context
  return services.run(pulseOf(services.live, visibleSources(context, null), Date.now()))
}

const sourceSeries = async (
  _: unknown,
  args: WithSpace & { readonly sourceIds?: ReadonlyArray<string> | null; readonly minutes?: number | null },
  context: RequestContext
) => {
  checkSpace(context, args.spaceId)
  const minutes = args.minutes ?? 60
  if (minutes < 1 || minutes > mostMinutes)
    throw graphqlError("VALIDATION_FAILED", `\`minutes\` is from 1 to ${mostMinutes}.`)
  const { services } = context
  const from = (Math.floor(Date.now() / minuteMs) - minutes + 1) * minuteMs
  const series = await services.run(services.live.byMinute(visibleSources(context, args.sourceIds), from, minutes))
  return { ...series, from, stepSeconds: 60 }
}

const nodeOfNo = async (no: ProfileNo | null, collection: Collection, { loaders }: RequestContext) => {
  const found = no === null ? null : await loaders.find[collection].load({ no })
  return found === null ? null : nodeOf(found)
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

export const eventResolvers = {
  EventStatus: { ACCEPTED: "accepted", DUPLICATE: "duplicate", DISCARDED: "discarded", BLOCKED: "blocked" },
  Query: { liveEvents, outcomes, event, pulse, sourceSeries },
  LiveEvent: {
    id: ({ n }: LiveEntry) => String(n),
    receivedAt: ({ at }: LiveEntry) => at,
    message: ({ code }: LiveEntry) => (code === null ? null : reasonOf(code)),
    sourceId: ({ source }: LiveEntry, _: unknown, { sources }: RequestContext) => sources.id(source),
    sourceName: ({ source }: LiveEntry, _: unknown, { sources }: RequestContext) => sources.name(source),
    raw: ({ body }: LiveEntry) => parsed(body),
    sampledOneIn: ({ oneIn }: LiveEntry) => oneIn,
    outcome: ({ messageId, status }: LiveEntry, _: unknown, context: RequestContext) =>
      messageId === null || status === "discarded" || status === "blocked"
        ? null
        : outcomeLoader(context).load(messageId),
    resume: ({ n }: LiveEntry) => encodeKey(String(n))
  },
  EventOutcome: {
    profile: ({ user }: Outcome, _: unknown, context: RequestContext) => nodeOfNo(user, "users", context),
    account: ({ account }: Outcome, _: unknown, context: RequestContext) => nodeOfNo(account, "accounts", context)
  },
  EventJourney: {
    resolution: (
      { messageId }: Journey,
      _: unknown,
      { services, space }: RequestContext
    ): Promise<Explanation | null> => services.run(services.explain.ofMessage(space.id, messageId))
  }
}

/**
 * Subscriptions of `graphql/events.graphql`: each reads behind a place of its own (`follow.ts`). That a caller may no longer read ends
 * them from outside (`subscribers.ts`).
 */
import { passes } from "../debugger/reader.ts"
import type { WhatIfRun } from "../identity/what-if/runs.ts"
import type { Collection } from "../workspace/rules.ts"
import { decodeKey, encodeKey } from "./cursors.ts"
import { follow } from "./follow.ts"
import { graphqlError } from "./graphql-errors.ts"
import { matches } from "./insight-filter.ts"
import { type FilterInput, insightFilter } from "./insight-resolvers.ts"
import { errorInsightsOf, successRows } from "./insights.ts"
import { liveFilterOf, type LiveFilterInput, visibleSources } from "./live-filter.ts"
import { changesOf, type ProfileChange } from "./profile-changes.ts"
import { pulseOf } from "./pulse.ts"
import { checkSpace, foundOf, lookUp, nodeOf, type RefInput, type RequestContext } from "./resolvers.ts"
import { need, spaceFor } from "./space-access.ts"
import { runOf } from "./what-if-resolvers.ts"

interface WithSpace {
  readonly spaceId: string
  readonly resume?: string | null
}

const placeOf = (resume: string | null | undefined): { readonly seq: number; readonly n: number } | null => {
  if (resume === null || resume === undefined) return null
  const match = /^([0-9]{1,16})(?::([0-9]{1,6}))?$/.exec(decodeKey(resume) ?? "")
  if (match === null) throw graphqlError("VALIDATION_FAILED", "`resume` is not a token of this subscription.")
  return { seq: Number(match[1]), n: Number(match[2] ?? 0) }
}

/** Items that lie behind the place of a resume token; the event of the token is read again. */
const following = async <T extends { readonly seq: number; readonly n: number }>(
  context: RequestContext,
  resume: string | null | undefined,
  pick: (
    change: Awaited<ReturnType<RequestContext["services"]["changes"]["after"]>>["changes"][number]
  ) => ReadonlyArray<T>
) => {
  const { services, space } = context
  const token = placeOf(resume)
  let place = token === null ? await services.changes.head(space.id) : token.seq - 1
  return follow(async () => {
    const { upTo, changes } = await services.changes.after(space, place)
    place = upTo
    const items = changes.flatMap(pick)
    return token === null ? items : items.filter(({ seq, n }) => seq > token.seq || (seq === token.seq && n > token.n))
  })
}

const profileChanged = async (
  _: unknown,
  { spaceId, collection, by, resume }: WithSpace & { readonly collection?: Collection | null; readonly by: RefInput },
  context: RequestContext
) => {
  checkSpace(context, spaceId)
  const population = collection ?? "users"
  const node = await lookUp(context, population, by)
  if (node === null) throw graphqlError("NOT_FOUND", "There is no such profile.")
  const nos = new Set((await foundOf(node, context)).members.map(({ no }) => no))
  return following(context, resume, (change) => changesOf(change, population, nos))
}

const insightLogged = async (
  _: unknown,
  { spaceId, filter, resume }: WithSpace & { readonly filter?: FilterInput | null },
  context: RequestContext
) => {
  checkSpace(context, spaceId)
  need(context, "insights:read")
  const all = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY }
  const successes = (filter?.successes ?? []).length > 0
  const wanted = await insightFilter(
    filter,
    ["error", "violation", ...(successes ? (["success"] as const) : [])],
    all,
    context
  )
  return following(context, resume, ({ entry }) =>
    entry === null ? [] : [...errorInsightsOf(entry), ...successRows(entry)].filter((row) => matches(wanted, row))
  )
}

const liveEvents = async (
  _: unknown,
  { spaceId, filter, resume }: WithSpace & { readonly filter?: LiveFilterInput | null },
  context: RequestContext
) => {
  checkSpace(context, spaceId)
  const { services } = context
  let place = placeOf(resume)?.seq ?? (await services.run(services.live.head))
  return follow(async () => {
    const entries = await services.liveAfter(place)
    place = entries.at(-1)?.n ?? place
    // Sources may have been connected meanwhile.
    const wanted = liveFilterOf(filter, context)
    return entries.filter((entry) => passes(wanted, entry))
  })
}

const pulse = (_: unknown, { spaceId }: WithSpace, context: RequestContext) => {
  checkSpace(context, spaceId)
  const { services } = context
  let told = 0
  return follow(async () => {
    const now = await services.run(pulseOf(services.live, visibleSources(context, null), Date.now()))
    if (now.at === told) return []
    told = now.at
    return [now]
  })
}

const open = new Set(["queued", "running"])

const whatIfProgress = async (_: unknown, { id }: { readonly id: string }, context: RequestContext) => {
  spaceFor(context, context.space.id, "profiles:read")
  if ((await runOf(context, id)) === null)
    throw graphqlError("NOT_FOUND", `There is no what-if run ${id} in this space.`)
  let told = ""
  let ended = false
  return follow<WhatIfRun>(async () => {
    const run = ended ? null : await runOf(context, id)
    if (run === null) return null
    ended = !open.has(run.state)
    const now = `${run.state} ${run.processed}`
    if (now === told) return []
    told = now
    return [run]
  }, 500)
}

const asItIs = <A>(item: A): A => item

export const subscriptionResolvers = {
  Subscription: {
    profileChanged: { subscribe: profileChanged, resolve: asItIs },
    insightLogged: { subscribe: insightLogged, resolve: asItIs },
    liveEvents: { subscribe: liveEvents, resolve: asItIs },
    pulse: { subscribe: pulse, resolve: asItIs },
    whatIfProgress: { subscribe: whatIfProgress, resolve: asItIs }
  },
  ProfileChange: {
    profile: async ({ no }: ProfileChange, _: unknown, { loaders }: RequestContext) => {
      const found = await loaders.find[no % 2 === 0 ? "users" : "accounts"].load({ no })
      return found === null ? null : nodeOf(found)
    },
    traits: async ({ no, keys }: ProfileChange, _: unknown, { loaders }: RequestContext) => {
      const found = keys === null ? null : await loaders.find[no % 2 === 0 ? "users" : "accounts"].load({ no })
      return found === null ? null : (await loaders.traits.load(found)).filter(({ key }) => keys!.includes(key))
    },
    externalIds: ({ identifiers }: ProfileChange) => identifiers,
    resume: ({ seq, n }: ProfileChange) => encodeKey(`${seq}:${n}`)
  }
}

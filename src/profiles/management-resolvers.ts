/**
 * Resolvers of `graphql/management.graphql` and `graphql/rules.graphql`: they check who asks and hand the change to
 * `workspace/management.ts`. The space is the one that the argument names; a token of the workspace may name any.
 */
import type { SourceView } from "../identity/replay-views.ts"
import type { ConfiguredSource } from "../workspace/configured.ts"
import { type Answers, outOfTheBoxRules } from "../workspace/first-rules.ts"
import type { ConnectionView } from "../workspace/manage-connections.ts"
import type { LabelView } from "../workspace/manage-labels.ts"
import type { RulesFrom } from "../workspace/manage-spaces.ts"
import type { ReplayMode, Space } from "../workspace/workspace.ts"
import { actorOf, belongsTo, isMasked } from "./access.ts"
import { graphqlError } from "./graphql-errors.ts"
import type { RequestContext } from "./resolvers.ts"
import { existing, need, needPii, spaceFor } from "./space-access.ts"
import { identifiersOf } from "./rules-view.ts"

const detailsOf = async ({ id }: Space, { services }: RequestContext) => {
  const details = await services.run(services.management.spaceDetails(id))
  if (details === undefined) throw graphqlError("NOT_FOUND", `There is no space ${id}.`)
  return details
}

interface WithSpace {
  readonly spaceId: string
}

interface ConnectedSource extends ConnectionView {
  /** Undefined: it was disconnected between two queries. */
  readonly view: SourceView | undefined
}

const connectionsOf = async (
  spaceId: string,
  { services }: RequestContext
): Promise<ReadonlyArray<ConnectedSource>> => {
  const [connections, views] = await Promise.all([
    services.run(services.management.connections(spaceId)),
    services.run(services.replays(spaceId))
  ])
  return connections.map((connection) => ({ ...connection, view: views.get(connection.source.id) }))
}

/** What is replayed of a source that was connected without a replay is what came while it was connected: nobody asked for it. */
const stateOf = ({ source, view }: ConnectedSource): string => {
  if (view?.replay?.state === "failed") return "REPLAY_FAILED"
  const replaying = view?.replay == null ? view?.admitted === false : view.replay.state === "replaying"
  if (replaying && view!.replayDays > 0) return "REPLAYING"
  return source.enabled ? "LIVE" : "SOURCE_DISABLED"
}

interface RulesFromInput {
  readonly outOfTheBox?: Answers
  readonly custom?: { readonly leaveOut?: ReadonlyArray<string> | null; readonly suggestedBlocked?: boolean | null }
  readonly importFrom?: string
}

const rulesFrom = async (
  { outOfTheBox, custom, importFrom }: RulesFromInput,
  context: RequestContext
): Promise<RulesFrom> => {
  if (outOfTheBox !== undefined) return { outOfTheBox }
  if (custom === undefined) {
    const { id, rules } = existing(context, importFrom!)
    return { imported: (await context.services.run(context.services.rulesDocument(id))) ?? rules }
  }
  return { custom: { leaveOut: custom.leaveOut ?? [], suggestedBlocked: custom.suggestedBlocked ?? true } }
}

interface ReplayArguments extends WithSpace {
  readonly sourceIds: ReadonlyArray<string>
  readonly replayDays?: number | null
  readonly mode?: ReplayMode | null
}

const spaceMutations = {
  createSpace: async (
    _: unknown,
    args: { name: string; kind: Space["kind"]; rules?: RulesFromInput | null },
    context: RequestContext
  ) => {
    need(context, "workspace:admin")
    const { run, management, spaceReady } = context.services
    const from = args.rules == null ? undefined : { rulesFrom: await rulesFrom(args.rules, context) }
    const id = await run(management.createSpace(actorOf(context.access), { name: args.name, kind: args.kind, ...from }))
    await run(spaceReady(id))
    return existing(context, id)
  },
  updateSpace: async (
    _: unknown,
    { spaceId, name, slug }: WithSpace & { name?: string | null; slug?: string | null },
    context: RequestContext
  ) => {
    spaceFor(context, spaceId, "admin")
    const { run, management } = context.services
    const members = { ...(name == null ? undefined : { name }), ...(slug == null ? undefined : { slug }) }
    await run(management.updateSpace(actorOf(context.access), spaceId, members))
    return existing(context, spaceId)
  },
  setConnectionPolicy: async (
    _: unknown,
    { spaceId, labels }: WithSpace & { labels: ReadonlyArray<string> },
    context: RequestContext
  ) => {
    spaceFor(context, spaceId, "admin")
    const { run, management } = context.services
    await run(management.setConnectionPolicy(actorOf(context.access), spaceId, labels))
    return existing(context, spaceId)
  },
  connectSources: async (
    _: unknown,
    { spaceId, sourceIds, replayDays, mode }: ReplayArguments,
    context: RequestContext
  ) => {
    spaceFor(context, spaceId, "admin")
    const { run, management } = context.services
    const actor = actorOf(context.access)
    await run(management.connectSources(actor, spaceId, sourceIds, replayDays ?? undefined, mode ?? undefined))
    return (await connectionsOf(spaceId, context)).filter(({ source }) => sourceIds.includes(source.id))
  },
  replaySources: async (
    _: unknown,
    { spaceId, sourceIds, replayDays, mode }: ReplayArguments,
    context: RequestContext
  ) => {
    spaceFor(context, spaceId, "admin")
    const { run, replaySources } = context.services
    const actor = actorOf(context.access)
    await run(replaySources(actor, spaceId, sourceIds, replayDays ?? undefined, mode ?? undefined))
    return (await connectionsOf(spaceId, context)).filter(({ source }) => sourceIds.includes(source.id))
  },
  resumeReplay: async (
    _: unknown,
    { spaceId, sourceId }: WithSpace & { sourceId: string },
    context: RequestContext
  ) => {
    spaceFor(context, spaceId, "admin")
    const { run, resumeReplay } = context.services
    await run(resumeReplay(actorOf(context.access), spaceId, sourceId))
    return (await connectionsOf(spaceId, context)).find(({ source }) => source.id === sourceId)
  },
  disconnectSource: async (
    _: unknown,
    { spaceId, sourceId }: WithSpace & { sourceId: string },
    context: RequestContext
  ) => {
    spaceFor(context, spaceId, "admin")
    const { run, management } = context.services
    await run(management.disconnectSource(actorOf(context.access), spaceId, sourceId))
    return true
  }
}

const tokenMutations = {
  createAccessToken: async (
    _: unknown,
    { spaceId, name, scopes }: WithSpace & { name: string; scopes?: ReadonlyArray<string> | null },
    context: RequestContext
  ) => {
    spaceFor(context, spaceId, "admin")
    const wanted = scopes ?? ["profiles:read", ...(isMasked(context.access) ? ["pii:masked"] : [])]
    // Nobody gives more than they have.
    if (wanted.includes("workspace:admin")) need(context, "workspace:admin")
    if (!wanted.includes("pii:masked")) needPii(context, "A token without `pii:masked`")
    const { run, management } = context.services
    const { id, secret } = await run(management.createToken(actorOf(context.access), { spaceId, name, scopes: wanted }))
    return { token: await run(management.token(id)), secret }
  },
  revokeAccessToken: async (_: unknown, { id }: { id: string }, context: RequestContext) => {
    need(context, "admin")
    const { run, management } = context.services
    const token = await run(management.token(id))
    const own = token !== undefined && token.spaceId !== null && belongsTo(context.access, token.spaceId)
    if (!own && !context.access.scopes.has("workspace:admin"))
      throw graphqlError("NOT_FOUND", `There is no token ${id} that this token may revoke.`)
    if (token?.scopes.includes("workspace:admin") === true) need(context, "workspace:admin")
    await run(management.revokeToken(actorOf(context.access), id))
    return true
  }
}

const labelMutations = {
  createLabel: async (
    _: unknown,
    { label, description }: { label: string; description?: string | null },
    context: RequestContext
  ) => {
    need(context, "workspace:admin")
    const { run, management } = context.services
    await run(management.createLabel(actorOf(context.access), label, description ?? null))
    return (await run(management.labels())).find((each) => each.label === label)
  },
  deleteLabel: async (_: unknown, { label }: { label: string }, context: RequestContext) => {
    need(context, "workspace:admin")
    const { run, management } = context.services
    await run(management.deleteLabel(actorOf(context.access), label))
    return true
  }
}

const query = {
  newSpaceOptions: (_: unknown, __: unknown, context: RequestContext) => {
    need(context, "workspace:admin")
    const { spaces } = context.snapshot()
    return { importFrom: spaces, spaceCount: spaces.length, quota: context.services.management.spaceQuota }
  },
  outOfTheBoxRules: (_: unknown, { answers }: { answers: Answers }) => {
    const { rules, needsReview } = outOfTheBoxRules(answers)
    return { needsReview, identifiers: identifiersOf(rules, []) }
  },
  labels: (_: unknown, __: unknown, { services }: RequestContext) => services.run(services.management.labels())
}

const space = {
  createdAt: async (parent: Space, _: unknown, context: RequestContext) => (await detailsOf(parent, context)).createdAt,
  createdBy: async (parent: Space, _: unknown, context: RequestContext) => (await detailsOf(parent, context)).createdBy,
  rulesReady: async (parent: Space, _: unknown, context: RequestContext) => !(await detailsOf(parent, context)).draft,
  connectionPolicy: async (parent: Space, _: unknown, context: RequestContext) =>
    (await detailsOf(parent, context)).policy,
  connections: ({ id }: Space, _: unknown, context: RequestContext) => connectionsOf(id, context),
  connectableSources: ({ id }: Space, _: unknown, { services }: RequestContext) =>
    services.run(services.management.connectable(id)),
  tokens: ({ id }: Space, _: unknown, context: RequestContext) => {
    need(context, "admin")
    return context.services.run(context.services.management.tokens(id))
  },
  rules: ({ id }: Space, { version }: { version?: number | null }, { services }: RequestContext) =>
    services.run(services.rules(id, version ?? undefined)),
  rulesVersions: ({ id }: Space, _: unknown, { services }: RequestContext) => services.run(services.rulesVersions(id))
}

export const managementResolvers = {
  SpaceKind: { DEV: "dev", PROD: "prod" },
  Window: { EVER: "ever", ANNUALLY: "annually", MONTHLY: "monthly", WEEKLY: "weekly", DAILY: "daily" },
  Industry: {
    WEBSITE_BUSINESS: "website_business",
    B2B_SOFTWARE: "b2b_software",
    RETAIL: "retail",
    MEDIA: "media",
    FINANCE: "finance",
    TRAVEL: "travel",
    OTHER: "other"
  },
  Query: query,
  Mutation: { ...spaceMutations, ...tokenMutations, ...labelMutations },
  Space: space,
  Source: { labels: ({ labels }: ConfiguredSource) => labels ?? [] },
  ConnectedSource: {
    state: stateOf,
    replay: ({ view }: ConnectedSource) =>
      view === undefined || (view.replayDays === 0 && view.replay?.state !== "failed") ? null : view.replay
  },
  ReplayMode: { SKIP_RESOLVED: "skip_resolved", RE_RESOLVE: "re_resolve" },
  ReplayState: { REPLAYING: "replaying", FAILED: "failed", COMPLETE: "complete" },
  Label: {
    sourceCount: ({ sources }: LabelView) => sources,
    spaceCount: ({ spaces }: LabelView) => spaces
  }
}

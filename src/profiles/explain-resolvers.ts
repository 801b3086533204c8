/** Resolvers of `graphql/explain.graphql`. Explaining itself is in `identity/explain/`. */
import DataLoader from "dataloader"
import { isPlaceholder } from "../identity/explain/incoming.ts"
import type { Insight } from "../identity/explain/insights.ts"
import type { Explanation, ProfileOutcome } from "../identity/explain/steps.ts"
import type { Collection } from "../workspace/rules.ts"
import { checkSpace, lookUp, type RequestContext } from "./resolvers.ts"
import { rulesDocumentOf, type RulesInput } from "./rules-input.ts"
import type { EventView } from "./views.ts"

interface WithSpace {
  readonly spaceId: string
}

interface ExternalId {
  readonly type: string
  readonly id: string
}

interface Named {
  readonly type: string
  readonly value: string
}

const query = {
  explain: (_: unknown, args: WithSpace & { event: unknown; rules?: RulesInput | null }, context: RequestContext) => {
    checkSpace(context, args.spaceId)
    const { run, explain } = context.services
    const rules = args.rules === undefined || args.rules === null ? undefined : rulesDocumentOf(args.rules)
    return run(explain.dryRun(args.spaceId, args.event, rules))
  },
  resolution: (_: unknown, args: WithSpace & { messageId: string }, context: RequestContext) => {
    checkSpace(context, args.spaceId)
    return context.services.run(context.services.explain.ofMessage(args.spaceId, args.messageId))
  },
  whyNotMerged: async (_: unknown, args: WithSpace & { a: ExternalId; b: ExternalId }, context: RequestContext) => {
    checkSpace(context, args.spaceId)
    const [a, b] = [args.a, args.b].map(({ type, id }: ExternalId) => ({ type, value: id })) as [Named, Named]
    const verdict = await context.services.run(context.services.explain.whyNotMerged(args.spaceId, a, b))
    // Masking looks for the identifiers of a sentence beside it.
    return { ...verdict, named: [a, b] }
  }
}

/** One loader for each request: a page of events reads its resolutions at once. */
const loaders = new WeakMap<RequestContext, DataLoader<number, Explanation | null>>()

export const resolutionsOf = (context: RequestContext): DataLoader<number, Explanation | null> => {
  let loader = loaders.get(context)
  if (loader === undefined) {
    const { services, space } = context
    loader = new DataLoader((positions) => services.run(services.explain.ofPositions(space.id, positions)))
    loaders.set(context, loader)
  }
  return loader
}

/** As it is now, under whatever id; null when the event would create it. */
const profileOf = (outcome: ProfileOutcome | null, dryRun: boolean, collection: Collection, context: RequestContext) =>
  outcome === null || (dryRun && outcome.created) ? null : lookUp(context, collection, { segmentId: outcome.segmentId })

const violationKinds = {
  IDENTIFIER_LIMIT: "Identifier value limit exceeded",
  IDENTIFIER_TIME_LIMIT: "Identifier value time limit exceeded",
  ID_VALUE_BLOCKED: "ID value blocked",
  PROFILE_MERGE_LIMIT: "Profile merge limit exceeded",
  IDENTIFIER_MAPPING_LIMIT: "Identifier mapping limit exceeded",
  PROFILES_KEPT_APART: "Profiles kept apart",
  LEGACY_UNIQUE: "Identifier value set to unique (legacy)",
  LEGACY_LIMIT: "Identifier value limit exceeded (legacy)"
} as const

const limitOf = ({ breach }: Insight) => (breach?.kind === "limit" ? breach : null)

export const explainResolvers = {
  Action: {
    CREATE: "create",
    ADD: "add",
    NONE: "none",
    MERGE: "merge",
    UNRESOLVED: "unresolved",
    DROPPED: "dropped",
    ERASED: "erased"
  },
  ErrorKind: {
    NO_MATCHING_IDENTIFIERS: "No matching identifiers on event",
    INTERNAL_RESOLUTION_FAILURE: "Internal resolution failure"
  },
  ViolationKind: violationKinds,
  SuccessKind: {
    PROFILE_CREATED: "Profile created",
    IDENTIFIER_MAPPED: "Identifier mapped",
    PROFILES_MERGED: "Profiles merged",
    PROFILE_SPLIT: "Profile split",
    IDENTIFIER_REMOVED: "Identifier removed",
    LINK_CREATED: "Link created"
  },
  Query: query,
  Event: {
    resolution: ({ position }: EventView, _: unknown, context: RequestContext) => resolutionsOf(context).load(position)
  },
  Explanation: {
    profile: ({ profile, dryRun }: Explanation, _: unknown, context: RequestContext) =>
      profileOf(profile, dryRun, "users", context),
    account: ({ account, dryRun }: Explanation, _: unknown, context: RequestContext) =>
      profileOf(account, dryRun, "accounts", context),
    messageId: ({ messageId }: Explanation) => (isPlaceholder(messageId) ? null : messageId),
    predictedSegmentId: ({ messageId, profile, account, dryRun }: Explanation) => {
      const outcome = profile ?? account
      return dryRun && outcome?.created === true && !isPlaceholder(messageId) ? outcome.segmentId : null
    }
  },
  InsightRecord: {
    error: (insight: Insight) => (insight.class === "error" ? insight.kind : null),
    violation: (insight: Insight) => (insight.class === "violation" ? insight.kind : null),
    success: (insight: Insight) => (insight.class === "success" ? insight.kind : null),
    breachedType: (insight: Insight) => limitOf(insight)?.type ?? null,
    count: (insight: Insight) => limitOf(insight)?.count ?? null,
    limit: (insight: Insight) => limitOf(insight)?.limit ?? null,
    window: (insight: Insight) => limitOf(insight)?.window ?? null,
    profile: ({ segmentId }: Insight, _: unknown, context: RequestContext) =>
      segmentId === null ? null : lookUp(context, segmentId.startsWith("grp_") ? "accounts" : "users", { segmentId })
  }
}

/**
 * Mutations and previews of `graphql/operations.graphql`: they check who asks and hand the operation to the space's actor,
 * wherever it runs; what an operation means is in `identity/operations/`.
 */
import type { ExternalId, OperationInputs, OperationKind, SplitPicture } from "../identity/operations/operation.ts"
import { type AuditEntry, findAudit, readAudit } from "../workspace/audit.ts"
import { actorOf, type Permission } from "./access.ts"
import { connectionOf, type PageArguments, windowOf } from "./connection.ts"
import { decodeKey, encodeKey } from "./cursors.ts"
import { graphqlError } from "./graphql-errors.ts"
import { checkSpace, foundOf, lookUp, nodeOf, type ProfileNode, type RequestContext } from "./resolvers.ts"
import { rulesDocumentOf, type RulesInput } from "./rules-input.ts"
import { spaceFor } from "./space-access.ts"

/** Refuses a token of another space, or without the scope. */
const checkAccess = (context: RequestContext, spaceId: string, scope: Permission): void => {
  spaceFor(context, spaceId, scope)
  checkSpace(context, spaceId)
}

const operate = <K extends OperationKind>(
  { space, access, services }: RequestContext,
  kind: K,
  input: OperationInputs[K],
  reason: string | null | undefined
) =>
  services.run(
    services.operations.operate({
      spaceId: space.id,
      kind,
      input,
      actor: actorOf(access),
      reason: reason?.trim() ?? ""
    })
  )

const rulesInForce = async ({ space, services }: RequestContext) => {
  const rules = await services.run(services.rules(space.id))
  if (rules === undefined) throw graphqlError("NOT_FOUND", `The space ${space.id} has no rules yet.`)
  return rules
}

const profileOf = async (context: RequestContext, segmentId: string): Promise<ProfileNode> => {
  const found = await lookUp(context, segmentId.startsWith("grp_") ? "accounts" : "users", { segmentId })
  if (found === null) throw graphqlError("NOT_FOUND", `Profile ${segmentId} is gone.`)
  return found
}

const auditOf = async (context: RequestContext, id: string): Promise<AuditEntry> => {
  const { services, space } = context
  const entry = await services.run(findAudit(services.database.read, space.id, id))
  if (entry === undefined) throw graphqlError("NOT_FOUND", `There is no audit entry ${id} in this space.`)
  return entry
}

const splitResult = async (
  context: RequestContext,
  answer: { readonly auditId: string; readonly remaining: string; readonly separated: string }
) => {
  const [remaining, separated, audit] = await Promise.all([
    profileOf(context, answer.remaining),
    profileOf(context, answer.separated),
    auditOf(context, answer.auditId)
  ])
  return { remaining, separated, audit }
}

interface SplitInput {
  readonly profile: string
  readonly identifiers: ReadonlyArray<ExternalId>
  readonly keepApart?: boolean | null
}

interface WithSpace {
  readonly spaceId: string
}
interface WithReason extends WithSpace {
  readonly reason: string
}

const mutation = {
  deleteExternalId: async (
    _: unknown,
    args: WithSpace & { userId: string; externalId: ExternalId; reason?: string | null },
    context: RequestContext
  ) => {
    checkAccess(context, args.spaceId, "identifiers:delete")
    const input = { userId: args.userId, identifier: { type: args.externalId.type, id: args.externalId.id } }
    const { segmentId } = await operate(context, "delete_identifier", input, args.reason)
    return profileOf(context, segmentId)
  },
  undoMerge: async (
    _: unknown,
    args: WithReason & { mergeId: string; also?: ReadonlyArray<ExternalId> | null; keepApart?: boolean | null },
    context: RequestContext
  ) => {
    checkAccess(context, args.spaceId, "admin")
    const input = { mergeId: args.mergeId, also: plain(args.also), keepApart: args.keepApart ?? true }
    return splitResult(context, await operate(context, "undo_merge", input, args.reason))
  },
  splitProfile: async (_: unknown, args: WithReason & { input: SplitInput }, context: RequestContext) => {
    checkAccess(context, args.spaceId, "admin")
    return splitResult(context, await operate(context, "split", splitOf(args.input), args.reason))
  },
  revertSplit: async (_: unknown, args: WithReason & { auditId: string }, context: RequestContext) => {
    checkAccess(context, args.spaceId, "admin")
    const { segmentId } = await operate(context, "revert_split", { auditId: args.auditId }, args.reason)
    return profileOf(context, segmentId)
  },
  liftSeparation: async (_: unknown, args: WithReason & { a: string; b: string }, context: RequestContext) => {
    checkAccess(context, args.spaceId, "admin")
    return (await operate(context, "lift_separation", { a: args.a, b: args.b }, args.reason)).lifted
  },
  saveRules: async (
    _: unknown,
    args: WithSpace & { rules: RulesInput; expectedVersion: number; reason?: string | null },
    context: RequestContext
  ) => {
    checkAccess(context, args.spaceId, "admin")
    const input = { rules: rulesDocumentOf(args.rules), expectedVersion: args.expectedVersion }
    await operate(context, "save_rules", input, args.reason)
    return rulesInForce(context)
  },
  importRules: async (
    _: unknown,
    args: WithSpace & { fromSpaceId: string; force?: boolean | null; reason?: string | null },
    context: RequestContext
  ) => {
    checkAccess(context, args.spaceId, "admin")
    // Who may not read the rules of a space may not copy them either.
    spaceFor(context, args.fromSpaceId, "profiles:read")
    const input = { fromSpaceId: args.fromSpaceId, force: args.force ?? false }
    await operate(context, "import_rules", input, args.reason)
    return rulesInForce(context)
  }
}

/** GraphQL's input objects have no prototype and may have more members. */
const plain = (ids: ReadonlyArray<ExternalId> | null | undefined): ReadonlyArray<ExternalId> =>
  (ids ?? []).map(({ type, id }) => ({ type, id }))

const splitOf = ({ profile, identifiers, keepApart }: SplitInput) => ({
  profile,
  identifiers: plain(identifiers),
  keepApart: keepApart ?? true
})

const query = {
  previewSplit: (
    _: unknown,
    args: WithSpace & { input: SplitInput },
    context: RequestContext
  ): Promise<SplitPicture> => {
    checkAccess(context, args.spaceId, "admin")
    const { services, space } = context
    return services.run(services.operations.previewSplit(space.id, splitOf(args.input)))
  },
  previewUndoMerge: (
    _: unknown,
    args: WithSpace & { mergeId: string; also?: ReadonlyArray<ExternalId> | null },
    context: RequestContext
  ): Promise<SplitPicture> => {
    checkAccess(context, args.spaceId, "admin")
    const input = { mergeId: args.mergeId, also: plain(args.also), keepApart: true }
    const { services, space } = context
    return services.run(services.operations.previewUndoMerge(space.id, input))
  },
  insights: (_: unknown, { spaceId }: WithSpace, context: RequestContext) => {
    checkAccess(context, spaceId, "insights:read")
    return {}
  }
}

interface AuditFilter {
  readonly actor?: string | null
  readonly actions?: ReadonlyArray<string> | null
  readonly object?: string | null
  readonly range?: { readonly from?: number | null; readonly to?: number | null } | null
}

/** Entries are numbered; the cursor is the number. */
const decodePlace = (cursor: string): number | undefined => {
  const text = decodeKey(cursor)
  return text !== undefined && /^[0-9]{1,16}$/.test(text) ? Number(text) : undefined
}

const auditTrail = async (
  _: unknown,
  args: PageArguments & { readonly filter?: AuditFilter | null },
  { services, space }: RequestContext
) => {
  const window = windowOf(args, decodePlace)
  const { actor, actions, object, range } = args.filter ?? {}
  const rows = await services.run(
    readAudit(services.database.read, {
      spaceId: space.id,
      ...(actor == null ? undefined : { actor }),
      ...(actions == null ? undefined : { actions }),
      ...(object == null ? undefined : { object }),
      ...(range?.from == null ? undefined : { from: range.from }),
      ...(range?.to == null ? undefined : { to: range.to }),
      ...(window.after === null ? undefined : { before: window.after }),
      limit: window.limit + 1
    })
  )
  const page = rows.slice(0, window.limit)
  return connectionOf(page, ({ n }) => encodeKey(String(n)), window.after !== null, rows.length > page.length)
}

const separatedFrom = async (node: ProfileNode, _: unknown, context: RequestContext) => {
  const { no, collection } = await foundOf(node, context)
  const others = await context.loaders.separations.load(no)
  const found = await Promise.all(others.map(({ no }) => context.loaders.find[collection].load({ no })))
  return found.flatMap((profile) => (profile === null ? [] : [nodeOf(profile)]))
}

export const operationResolvers = {
  Mutation: mutation,
  Query: query,
  Insights: { auditTrail },
  Profile: { separatedFrom }
}

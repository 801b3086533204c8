/** Resolvers of `graphql/insights.graphql`: filters, pages, and what a record leads to. Reading is in `insights.ts`. */
import type { Seq } from "../identity/model.ts"
import { type PageArguments, pageOfList, windowOf } from "./connection.ts"
import { decodeKey, encodeKey } from "./cursors.ts"
import { graphqlError } from "./graphql-errors.ts"
import { resolutionsOf } from "./explain-resolvers.ts"
import { type InsightFilter, type InsightRow, type RecordClass, textOf } from "./insight-filter.ts"
import { defaultRangeMs, type Insights, longestRangeMs, mostRecords } from "./insights.ts"
import { recordLoaders, withoutConsent } from "./record-loaders.ts"
import { foundOf, lookUp, type ProfileNode, type RequestContext } from "./resolvers.ts"
import { need } from "./space-access.ts"

export interface FilterInput {
  readonly externalId?: { readonly type: string; readonly id: string } | null
  readonly idType?: string | null
  readonly range?: { readonly from?: number | null; readonly to?: number | null } | null
  readonly errors?: ReadonlyArray<string> | null
  readonly violations?: ReadonlyArray<string> | null
  readonly successes?: ReadonlyArray<string> | null
  readonly eventTypes?: ReadonlyArray<string> | null
  readonly eventName?: string | null
  readonly sourceIds?: ReadonlyArray<string> | null
  readonly segmentId?: string | null
}

/** PRO-80: the last 24 hours unless it says otherwise, 30 days at most. */
export const rangeOf = (range: FilterInput["range"]): { readonly from: number; readonly to: number } => {
  const to = range?.to ?? Date.now() + 60_000
  const from = range?.from ?? to - defaultRangeMs
  if (from >= to) throw graphqlError("VALIDATION_FAILED", "`range.from` must be before `range.to`.")
  if (Math.min(to, Date.now()) - from > longestRangeMs)
    throw graphqlError("VALIDATION_FAILED", "A range is at most 30 days long; records are kept for as long.")
  return { from, to }
}

const setOf = (list: ReadonlyArray<string> | null | undefined): ReadonlySet<string> | null =>
  list === null || list === undefined ? null : new Set(list)

const segmentIdsOf = async (node: ProfileNode | null, context: RequestContext): Promise<ReadonlySet<string>> =>
  new Set(node === null ? [] : (await foundOf(node, context)).members.map(({ segmentId }) => segmentId))

const collectionOfId = (segmentId: string) => (segmentId.startsWith("grp_") ? "accounts" : "users")

/** Who holds the identifier, in either population. */
const holderOf = async (externalId: NonNullable<FilterInput["externalId"]>, context: RequestContext) =>
  (await lookUp(context, "users", { externalId })) ?? (await lookUp(context, "accounts", { externalId }))

/** `classes`: what is read when the filter names no kinds. */
export const insightFilter = async (
  input: FilterInput | null | undefined,
  classes: ReadonlyArray<RecordClass>,
  range: { readonly from: number; readonly to: number },
  context: RequestContext
): Promise<InsightFilter> => {
  const { externalId, segmentId, errors, violations, successes } = input ?? {}
  const named: Record<RecordClass, ReadonlySet<string> | null> = {
    error: setOf(errors),
    violation: setOf(violations),
    success: setOf(successes)
  }
  const chosen = classes.filter((each) => named[each] !== null)
  const holder = externalId == null ? null : await holderOf(externalId, context)
  const asked =
    segmentId == null
      ? null
      : new Set([
          segmentId,
          ...(await segmentIdsOf(await lookUp(context, collectionOfId(segmentId), { segmentId }), context))
        ])
  return {
    ...range,
    externalId: externalId == null ? null : { type: externalId.type, value: externalId.id },
    holder: await segmentIdsOf(holder, context),
    segmentIds: asked,
    idType: input?.idType ?? null,
    kinds: named,
    classes: new Set(chosen.length === 0 ? classes : chosen),
    eventTypes: setOf(input?.eventTypes),
    eventName: input?.eventName ?? null,
    sourceIds: setOf(input?.sourceIds)
  }
}

interface Place {
  readonly at: number
  readonly seq: Seq
  readonly n: number
}

const newestFirst = (a: Place, b: Place): number => b.at - a.at || b.seq - a.seq || b.n - a.n
const bySeq = (a: Place, b: Place): number => b.seq - a.seq || b.n - a.n

const decodePlace = (cursor: string): Place | undefined => {
  const match = /^i:([0-9]{1,16}):([0-9]{1,16}):([0-9]{1,6})$/.exec(decodeKey(cursor) ?? "")
  return match === null ? undefined : { at: Number(match[1]), seq: Number(match[2]), n: Number(match[3]) }
}
const encodePlace = ({ at, seq, n }: Place): string => encodeKey(`i:${Math.round(at)}:${seq}:${n}`)

type Listing = PageArguments & { readonly filter?: FilterInput | null }

const connection = ({ rows, more }: Insights, args: Listing, compare: (a: Place, b: Place) => number) => ({
  ...pageOfList<InsightRow, Place>(rows, windowOf(args, decodePlace), compare, encodePlace),
  totalCount: Math.min(rows.length, mostRecords),
  more
})

const errorsAndViolations = async (_: unknown, args: Listing, context: RequestContext) => {
  const { services, space } = context
  const filter = await insightFilter(args.filter, ["error", "violation"], rangeOf(args.filter?.range), context)
  return connection(await services.run(services.insights.errors(space.id, filter)), args, newestFirst)
}

const successes = async (_: unknown, args: Listing, context: RequestContext) => {
  const { services, space } = context
  const filter = await insightFilter(args.filter, ["success"], rangeOf(args.filter?.range), context)
  const { externalId, segmentId } = args.filter ?? {}
  const node =
    segmentId != null
      ? await lookUp(context, collectionOfId(segmentId), { segmentId })
      : externalId != null
        ? await holderOf(externalId, context)
        : null
  const about = node === null ? null : (await foundOf(node, context)).members.map(({ no }) => no)
  return connection(await services.run(services.insights.successes(space.id, filter, about)), args, bySeq)
}

/** Of a profile: what happened to events that went to it, and what names it. */
const violations = (node: ProfileNode, args: Listing, context: RequestContext) => {
  need(context, "insights:read")
  return errorsAndViolations(node, { ...args, filter: { ...args.filter, segmentId: node.segmentId } }, context)
}

const summary = (
  _: unknown,
  { range }: { readonly range?: FilterInput["range"] },
  { services, space }: RequestContext
) => {
  const { from, to } = rangeOf(range)
  return services.run(services.insights.summary(space.id, from, to))
}

/** Records of explanations are the same, without their place; their ids have it. */
type AnyRecord = Omit<InsightRow, "seq" | "n">

const placeIn = ({ id }: AnyRecord): { readonly seq: Seq; readonly n: number } => {
  const [, seq = "0", n = "0"] = id.split("_")
  return { seq: Number(seq), n: Number(n) }
}

const payload = async (row: AnyRecord, _: unknown, context: RequestContext) => {
  if (row.messageId === null) return null
  const { messages, positions } = recordLoaders(context)
  const message = await messages.load(await positions.load(placeIn(row).seq))
  return message?.messageId === row.messageId ? withoutConsent(message) : null
}

const explanation = async (row: AnyRecord, _: unknown, context: RequestContext) =>
  row.messageId === null
    ? null
    : resolutionsOf(context).load(await recordLoaders(context).positions.load(placeIn(row).seq))

const mergeOf = async ({ mergeId }: AnyRecord, _: unknown, context: RequestContext) => {
  if (mergeId === null) return null
  const { services, readSpace } = context
  const merge = await services.run(services.findMerge(readSpace.graph, mergeId))
  if (merge === null) return null
  const [from, into] = await Promise.all(
    [merge.from, merge.into].map(async (no) => {
      const found = await context.loaders.find[no % 2 === 0 ? "users" : "accounts"].load({ no })
      return found?.members.find((member) => member.no === no)?.segmentId
    })
  )
  return from === undefined || into === undefined ? null : { ...merge, fromId: from, intoId: into }
}

export const insightResolvers = {
  Insights: { errorsAndViolations, successes, summary },
  InsightRecord: {
    text: textOf,
    payload,
    explanation,
    merge: mergeOf,
    resume: (row: AnyRecord) => {
      const { seq, n } = placeIn(row)
      return encodeKey(`${seq}:${n}`)
    }
  },
  Profile: { violations }
}

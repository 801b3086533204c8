/**
 * Taking a separation back (IDR-204): the two are one profile again under the id that it had. Identifiers that were moved belong
 * to the profile again that they first belonged to, so that merges from before can still be undone as if nothing had happened;
 * events and traits of the separated profile stay its own, because it is merged into the other. And lifting a separation
 * without merging (IDR-205).
 */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { Database } from "../../platform/database.ts"
import { findAudit } from "../../workspace/audit.ts"
import { findProfiles } from "../generations/former-ids.ts"
import type { FoundProfile, GraphError, GraphMutations, GraphOperation, MergeRow } from "../graph.ts"
import { identifierText } from "../graph-rows.ts"
import { mergeId } from "../ids.ts"
import { collectionOf, type Identifier, type ProfileNo } from "../model.ts"
import type { Execute, OperationContext } from "./execution.ts"
import { planLifts } from "./lifts.ts"
import { decodeRow, isOperation, type Repeat, type Sides } from "./operation-entry.ts"
import type { OperationRefused } from "./operation.ts"
import { needReason, refuse, type SeparationData } from "./separation.ts"
import { tellOf } from "./told.ts"

type Context = Pick<OperationContext, "graph" | "graphId" | "protection" | "spaceId" | "at" | "seq" | "auditId"> & {
  readonly rules: Pick<OperationContext["rules"], "version">
}

/** What was separated under an audit entry, as it was executed or as a rebuild has repeated it. */
export type Parted = Pick<Repeat, "cuts" | "apart" | "moved">

/** Refuses what would not be the same again, and says why; answers whether they are still kept apart. */
const checkRejoin = Effect.fnUntraced(function* (
  { graph, graphId, protection }: Context,
  auditId: string,
  { separated, remaining }: Sides,
  from: FoundProfile,
  into: FoundProfile
) {
  if (from.no === into.no) return yield* refuse("CONFLICT", `Both are one profile already: ${into.segmentId}.`)
  for (const [no, now, which] of [
    [separated, from, "separated"],
    [remaining, into, "remaining"]
  ] as const)
    if (now.no !== no)
      return yield* refuse(
        "CONFLICT",
        `The ${which} profile has been merged into ${now.segmentId} since; undo that merge first.`
      )
  const [separations = []] = yield* graph.separations(graphId, [from.no])
  const between = separations.filter(({ no }) => no === into.no)
  const again = between.find(({ audit }) => audit !== auditId)
  if (again !== undefined)
    return yield* refuse(
      "CONFLICT",
      `The two profiles were separated a second time (audit entry ${again.audit}): revert that one, or lift the separation first.`
    )
  const { profiles } = yield* graph.load(graphId, { identifiers: [], profiles: [from.no, into.no] })
  const sum = (count: "merges" | "mappings") => profiles.reduce((n, profile) => n + profile[count], 0)
  if (sum("merges") + 1 > protection.maxMerges)
    return yield* refuse("CONFLICT", `Together they would have more than ${protection.maxMerges} merges.`)
  if (sum("mappings") > protection.maxMappings)
    return yield* refuse("CONFLICT", `Together they would have more than ${protection.maxMappings} identifiers.`)
  return between.length > 0
})

/** Moved identifiers that the separated profile still has go back to where they came from, as far as that is on this side. */
const movedBack = Effect.fnUntraced(function* (
  { graph, graphId }: Context,
  moved: Parted["moved"],
  separated: ProfileNo,
  into: FoundProfile
) {
  const [rows = []] = yield* graph.externalIds(graphId, [separated])
  const still = new Set(rows.filter(({ profile }) => profile === separated).map(identifierText))
  const members = new Set(into.members.map(({ no }) => no))
  const byOrigin = new Map<ProfileNo, Array<Identifier>>()
  for (const { collection, type, value, from, to } of moved) {
    const identifier = { collection, type, value }
    if (to !== separated || !members.has(from) || !still.has(identifierText(identifier))) continue
    byOrigin.set(from, [...(byOrigin.get(from) ?? []), identifier])
  }
  return [...byOrigin].map(([to, identifiers]): GraphOperation => ({ kind: "remap", identifiers, to }))
})

interface Rejoined {
  readonly mutations: Omit<GraphMutations, "position">
  readonly into: FoundProfile
  readonly from: ReadonlyArray<FoundProfile>
}

/** Merges back what was taken apart under the audit entry, and ends what else it keeps apart; all of it or nothing. */
export const planRejoin = Effect.fnUntraced(function* (
  context: Context,
  auditId: string,
  { cuts, apart, moved }: Parted
): Effect.fn.Return<Rejoined, OperationRefused | GraphError> {
  const { graph, graphId, spaceId, at, seq } = context
  const merges: Array<MergeRow> = []
  const operations: Array<GraphOperation> = []
  const joined: Array<FoundProfile> = []
  let target: FoundProfile | undefined
  if (new Set(cuts.map(({ separated }) => separated)).size < cuts.length)
    return yield* refuse(
      "CONFLICT",
      "The space was rebuilt since, and under its rules the separated profile was made of parts of several, so it cannot be merged back. Lift the separation instead."
    )
  for (const cut of cuts) {
    const { separated, remaining } = cut
    const [from, into] = yield* graph.find(graphId, collectionOf(separated), [{ no: separated }, { no: remaining }])
    if (from === null || from === undefined || into === null || into === undefined)
      return yield* refuse("NOT_FOUND", "One of the profiles is gone.")
    const keptApart = yield* checkRejoin(context, auditId, cut, from, into)
    if (keptApart) operations.push({ kind: "lift", a: from.no, b: into.no })
    operations.push(...(yield* movedBack(context, moved, separated, into)))
    merges.push({
      id: mergeId(spaceId, from.segmentId, into.segmentId, context.auditId, at),
      position: seq,
      from: from.no,
      into: into.no,
      at,
      messageId: context.auditId,
      eventType: "operation",
      eventName: null,
      source: 0,
      rulesVersion: context.rules.version,
      matchedFrom: [],
      matchedInto: []
    })
    joined.push(from)
    target ??= into
  }
  if (target === undefined)
    return yield* refuse(
      "CONFLICT",
      "The space was rebuilt since, and under its rules these were never one profile, so there is nothing to merge back. Lift the separation between them instead."
    )
  operations.push(...(yield* planLifts(context, apart, new Set([auditId]))).operations)
  return { mutations: { profiles: [], mappings: [], merges, links: [], operations }, into: target, from: joined }
})

/** As the audit entry says; undefined when it is of something else. */
const partedIn = (data: SeparationData | null | undefined): Parted | undefined => {
  if (data?.inverse !== "revertSplit") return undefined
  const { separated, remaining, moved } = data
  const collection = collectionOf(separated)
  return {
    cuts: [{ separated, remaining }],
    apart: [],
    moved: moved.map(({ type, id, from }) => ({ collection, type, value: id, from, to: separated }))
  }
}

/** How the generation that is live has repeated the operation with this audit entry; undefined: it has not, it was executed in it. */
export const repeatOf = Effect.fnUntraced(function* (
  { write: sql }: Pick<Database["Service"], "write">,
  schema: string,
  auditId: string
): Effect.fn.Return<Repeat | undefined, SqlError.SqlError> {
  const rows = yield* sql.unsafe<{ pos: number; rec: string }>(
    `select j.pos::float8 as pos, j.rec from ${schema}.journal j where j.rec like '{"operation"%' and strpos(j.rec, $1) > 0 order by j.pos`,
    [JSON.stringify(auditId)]
  )
  for (const { pos, rec } of rows) {
    const entry = decodeRow(pos, rec)
    if (isOperation(entry) && entry.auditId === auditId) return entry.repeat
  }
  return undefined
})

export const revertSplit: Execute<"revert_split"> = Effect.fnUntraced(function* (context, { auditId }) {
  yield* needReason(context)
  const { database, spaceId, schema } = context
  const entry = yield* findAudit(database.write, spaceId, auditId)
  const parted = partedIn(entry?.data as SeparationData | null | undefined)
  if (parted === undefined)
    return yield* refuse("NOT_FOUND", `There is no un-merge or split with the audit entry ${auditId} in this space.`)
  const { mutations, into, from } = yield* planRejoin(
    context,
    auditId,
    (yield* repeatOf(database, schema, auditId)) ?? parted
  )
  return {
    mutations,
    write: tellOf(
      context,
      [...from, into].map(({ no }) => no)
    ),
    audit: {
      action: "Split Reverted",
      target: `profile ${into.segmentId}`,
      before: { profiles: [into, ...from].map(({ segmentId }) => segmentId) },
      after: { profiles: [into.segmentId] },
      data: { reverted: auditId }
    },
    answer: { segmentId: into.segmentId },
    successes: [{ kind: "Profiles merged", segmentId: into.segmentId }]
  }
})

export const liftSeparation: Execute<"lift_separation"> = Effect.fnUntraced(function* (context, { a, b }) {
  yield* needReason(context)
  const collection = a.startsWith("grp_") ? "accounts" : "users"
  const [first, second] = yield* findProfiles(context, context, collection, [{ segmentId: a }, { segmentId: b }])
  if (first === null || first === undefined || second === null || second === undefined)
    return yield* refuse("NOT_FOUND", `There is no profile ${first === null ? a : b} in this space.`)
  const { operations, lifted: lifts } = yield* planLifts(context, [[first.no, second.no]], undefined)
  const lifted = lifts.length > 0
  return {
    mutations: {
      profiles: [],
      mappings: [],
      merges: [],
      links: [],
      operations
    },
    lifts,
    write: lifted ? tellOf(context, [first.no, second.no]) : Effect.void,
    audit: {
      action: "Separation Lifted",
      target: `profiles ${first.segmentId} and ${second.segmentId}`,
      before: { keptApart: lifted },
      after: { keptApart: false }
    },
    answer: { lifted },
    successes: lifted ? [{ kind: "Separation lifted", segmentId: first.segmentId }] : []
  }
})

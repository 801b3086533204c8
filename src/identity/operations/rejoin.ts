/**
 * Taking a separation back (IDR-204): the two are one profile again under the id that it had. Identifiers that were moved belong
 * to the profile again that they first belonged to, so that merges from before can still be undone as if nothing had happened;
 * events and traits of the separated profile stay its own, because it is merged into the other. And lifting a separation
 * without merging (IDR-205).
 */
import { Effect } from "effect"
import { findAudit } from "../../workspace/audit.ts"
import { findProfiles } from "../generations/former-ids.ts"
import type { FoundProfile, GraphOperation } from "../graph.ts"
import { identifierText } from "../graph-rows.ts"
import { mergeId } from "../ids.ts"
import { collectionOf, type Identifier, type ProfileNo } from "../model.ts"
import type { Execute, OperationContext } from "./execution.ts"
import { needReason, refuse, type SeparationData } from "./separation.ts"
import { tellOf } from "./told.ts"

/** Refuses what would not be the same again, and says why; answers whether they are still kept apart. */
const checkRejoin = Effect.fnUntraced(function* (
  { graph, graphId, protection }: OperationContext,
  auditId: string,
  { separated, remaining }: SeparationData,
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
  { graph, graphId }: OperationContext,
  { separated, moved }: SeparationData,
  into: FoundProfile
) {
  const collection = collectionOf(separated)
  const [rows = []] = yield* graph.externalIds(graphId, [separated])
  const still = new Set(rows.filter(({ profile }) => profile === separated).map(identifierText))
  const members = new Set(into.members.map(({ no }) => no))
  const byOrigin = new Map<ProfileNo, Array<Identifier>>()
  for (const { type, id, from } of moved) {
    const identifier = { collection, type, value: id }
    if (!members.has(from) || !still.has(identifierText(identifier))) continue
    byOrigin.set(from, [...(byOrigin.get(from) ?? []), identifier])
  }
  return [...byOrigin].map(([to, identifiers]): GraphOperation => ({ kind: "remap", identifiers, to }))
})

export const revertSplit: Execute<"revert_split"> = Effect.fnUntraced(function* (context, { auditId }) {
  yield* needReason(context)
  const { graph, graphId, database, spaceId, at, seq } = context
  const entry = yield* findAudit(database.write, spaceId, auditId)
  const data = entry?.data as SeparationData | null | undefined
  if (data?.inverse !== "revertSplit")
    return yield* refuse("NOT_FOUND", `There is no un-merge or split with the audit entry ${auditId} in this space.`)
  const { separated, remaining } = data
  const collection = collectionOf(separated)
  const [from, into] = yield* graph.find(graphId, collection, [{ no: separated }, { no: remaining }])
  if (from === null || from === undefined || into === null || into === undefined)
    return yield* refuse("NOT_FOUND", "One of the profiles is gone.")
  const keptApart = yield* checkRejoin(context, auditId, data, from, into)
  const remaps = yield* movedBack(context, data, into)
  return {
    mutations: {
      profiles: [],
      mappings: [],
      merges: [
        {
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
        }
      ],
      links: [],
      operations: keptApart ? [{ kind: "lift", a: from.no, b: into.no }, ...remaps] : remaps
    },
    write: tellOf(context, [from.no, into.no]),
    audit: {
      action: "Split Reverted",
      target: `profile ${into.segmentId}`,
      before: { profiles: [into.segmentId, from.segmentId] },
      after: { profiles: [into.segmentId] },
      data: { reverted: auditId }
    },
    answer: { segmentId: into.segmentId },
    successes: [{ kind: "Profiles merged", segmentId: into.segmentId }]
  }
})

export const liftSeparation: Execute<"lift_separation"> = Effect.fnUntraced(function* (context, { a, b }) {
  yield* needReason(context)
  const { graph, graphId } = context
  const collection = a.startsWith("grp_") ? "accounts" : "users"
  const [first, second] = yield* findProfiles(context, context, collection, [{ segmentId: a }, { segmentId: b }])
  if (first === null || first === undefined || second === null || second === undefined)
    return yield* refuse("NOT_FOUND", `There is no profile ${first === null ? a : b} in this space.`)
  const [separations = []] = yield* graph.separations(graphId, [first.no])
  const lifted = separations.some(({ no }) => no === second.no)
  return {
    mutations: {
      profiles: [],
      mappings: [],
      merges: [],
      links: [],
      operations: lifted ? [{ kind: "lift", a: first.no, b: second.no }] : []
    },
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

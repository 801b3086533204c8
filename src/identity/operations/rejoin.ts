/**
 * Taking a separation back (IDR-204): the two are one profile again under the id that it had, and whatever was moved is its own,
 * because it belongs to a profile that is merged into it. And letting two profiles that were kept apart merge again (IDR-205).
 */
import { Effect } from "effect"
import { findAudit } from "../../workspace/audit.ts"
import { mergeId } from "../ids.ts"
import { collectionOf, type ProfileNo } from "../model.ts"
import type { Execute } from "./execution.ts"
import { needReason, refuse } from "./separation.ts"

interface SeparationData {
  readonly separated?: ProfileNo
  readonly remaining?: ProfileNo
}

export const revertSplit: Execute<"revert_split"> = Effect.fnUntraced(function* (context, { auditId }) {
  yield* needReason(context)
  const { graph, graphId, database, spaceId, at, seq } = context
  const entry = yield* findAudit(database.write, spaceId, auditId)
  const { separated, remaining } = (entry?.data ?? {}) as SeparationData
  if (entry === undefined || separated === undefined || remaining === undefined)
    return yield* refuse("NOT_FOUND", `There is no un-merge or split with the audit entry ${auditId} in this space.`)
  const collection = collectionOf(separated)
  const [from, into] = yield* graph.find(graphId, collection, [{ no: separated }, { no: remaining }])
  if (from === null || from === undefined || into === null || into === undefined)
    return yield* refuse("NOT_FOUND", "One of the profiles is gone.")
  if (from.no === into.no) return yield* refuse("CONFLICT", `Both are one profile already: ${into.segmentId}.`)
  if (from.no !== separated)
    return yield* refuse(
      "CONFLICT",
      `The separated profile was merged into ${from.segmentId} since; undo that merge first.`
    )
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
      operations: [{ kind: "lift", a: from.no, b: into.no }]
    },
    write: Effect.void,
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
  const [first, second] = yield* graph.find(graphId, collection, [{ segmentId: a }, { segmentId: b }])
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
    write: Effect.void,
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

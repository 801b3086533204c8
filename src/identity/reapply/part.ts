/**
 * Repeats un-merges and splits (IDR-155, IDR-205): whoever a person has taken apart is taken apart where the replay has made one profile
 * of them, and kept apart where that was wanted, also where it has not: a rebuild must not undo a repair.
 */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import { ksuid } from "../../platform/hash.ts"
import { findAudit } from "../../workspace/audit.ts"
import type { GraphError, GraphMutations, GraphOperation } from "../graph.ts"
import { identifierText } from "../graph-rows.ts"
import { collectionOf, type Identifier, type ProfileNo, profileNo } from "../model.ts"
import type { OperationEntry } from "../operations/operation-entry.ts"
import type { ProfilePicture, SplitPicture } from "../operations/operation.ts"
import type { SeparationData } from "../operations/separation.ts"
import { beginningOf } from "../operations/split.ts"
import { type Cut, cutOf, type Parting } from "./cut.ts"
import { noMutations, type Reapplied, type ReapplyContext, type ReapplyError, skippedFor } from "./reapplied.ts"

/** Pairs of profiles that one operation keeps apart at most. */
const mostPairs = 2_000

const erased = "The audit entry does not say any more who was on which side: somebody was erased."

const identifiersOf = ({ identifiers }: ProfilePicture): ReadonlyMap<string, Identifier> =>
  new Map(
    identifiers.map(({ collection, type, id }) => {
      const identifier = { collection, type, value: id }
      return [identifierText(identifier), identifier]
    })
  )

const partingOf = Effect.fnUntraced(function* (
  { database, spaceId }: ReapplyContext,
  { auditId, operation }: OperationEntry
): Effect.fn.Return<Parting | undefined, SqlError.SqlError> {
  const audit = yield* findAudit(database.write, spaceId, auditId)
  const after = audit?.after as SplitPicture | null | undefined
  const data = audit?.data as SeparationData | null | undefined
  if (after === null || after === undefined || data === null || data === undefined) return undefined
  return {
    kind: operation === "split" ? "split" : "undo_merge",
    sides: { separated: data.separated, remaining: data.remaining },
    separated: identifiersOf(after.separated),
    remaining: identifiersOf(after.remaining)
  }
})

/** The profile that a split makes: the one that it made, if the entry still says. */
const freshOf = (spaceId: string, { seq, at, auditId, mutations }: OperationEntry, separated: ProfileNo): Cut["to"] => {
  const collection = collectionOf(separated)
  const no = profileNo(seq, collection)
  const prefix = collection === "users" ? "use_" : "grp_"
  const made = mutations.profiles.find((profile) => profile.no === no)
  return {
    no,
    segmentId: made?.segmentId ?? prefix + ksuid(at, `${spaceId}\n${collection}\noperation ${auditId}`)
  }
}

/** Which profiles have identifiers of each side. */
const ownersOf = Effect.fnUntraced(function* (
  { graph, graphId }: ReapplyContext,
  { separated, remaining }: Parting
): Effect.fn.Return<Record<"separated" | "remaining", ReadonlySet<ProfileNo>>, GraphError> {
  const identifiers = [...separated.values(), ...remaining.values()]
  const { owners } = yield* graph.load(graphId, { identifiers, profiles: [] })
  const within = (from: number, to: number) => new Set(owners.slice(from, to).filter((no) => no !== undefined))
  return { separated: within(0, separated.size), remaining: within(separated.size, identifiers.length) }
})

const planCuts = Effect.fnUntraced(function* (
  { graph, graphId }: ReapplyContext,
  parting: Parting,
  fresh: Cut["to"],
  shared: ReadonlyArray<ProfileNo>
): Effect.fn.Return<ReadonlyArray<Cut>, GraphError> {
  if (shared.length === 0) return []
  const profiles = yield* graph.find(
    graphId,
    collectionOf(fresh.no),
    shared.map((no) => ({ no }))
  )
  const rows = yield* graph.externalIds(graphId, shared)
  const merges = yield* graph.merges(graphId, shared)
  return profiles.flatMap((profile, i) =>
    profile === null ? [] : [cutOf(parting, { profile, rows: rows[i] ?? [], merges: merges[i] ?? [] }, fresh)]
  )
})

/** Both sides as they are after the cuts. */
const sidesAfter = (owners: Record<"separated" | "remaining", ReadonlySet<ProfileNo>>, cuts: ReadonlyArray<Cut>) => {
  const cutAt = new Map(cuts.map((cut) => [cut.profile.no, cut]))
  const side = (which: "separated" | "remaining") => [
    ...new Set(
      [...owners[which]].map((no) => {
        const cut = cutAt.get(no)
        return cut?.leaves === which ? cut.to.no : no
      })
    )
  ]
  return { separated: side("separated"), remaining: side("remaining") }
}

const keepsApart = ({ repeat, mutations }: OperationEntry): boolean =>
  repeat?.keepApart ?? (mutations.operations ?? []).some(({ kind }) => kind === "separate")

export const reapplyParting = Effect.fnUntraced(function* (
  context: ReapplyContext,
  entry: OperationEntry
): Effect.fn.Return<Reapplied, ReapplyError> {
  const { auditId, at } = entry
  const keepApart = keepsApart(entry)
  const parting = yield* partingOf(context, entry)
  if (parting === undefined) return skippedFor(entry, erased, keepApart)
  const owners = yield* ownersOf(context, parting)
  const told = [...new Set([...owners.remaining, ...owners.separated])]
  for (const which of ["separated", "remaining"] as const)
    if (owners[which].size === 0)
      return {
        ...skippedFor(entry, `No identifier of the ${which} side is mapped under these rules.`, keepApart),
        told
      }
  const fresh = freshOf(context.spaceId, entry, parting.sides.separated)
  const shared = [...owners.separated].filter((no) => owners.remaining.has(no))
  const cuts = yield* planCuts(context, parting, fresh, shared)
  const sides = sidesAfter(owners, cuts)
  const pairs = keepApart
    ? sides.remaining.flatMap((a) => sides.separated.map((b) => [a, b] as const)).filter(([a, b]) => a !== b)
    : []
  const apart = pairs.slice(0, mostPairs)
  const taken = yield* context.take(entry, cuts)
  const made = cuts.filter(({ revives }) => !revives)
  const operations: ReadonlyArray<GraphOperation> = [
    ...cuts.flatMap(({ revives, to }) => (revives ? [{ kind: "unmerge" as const, from: to.no }] : [])),
    ...cuts.flatMap(({ moved, to }) =>
      moved.length === 0
        ? []
        : [
            {
              kind: "remap" as const,
              identifiers: moved.map(({ collection, type, value }) => ({ collection, type, value })),
              to: to.no
            }
          ]
    ),
    ...(taken.unlinked.length === 0 ? [] : [{ kind: "unlink" as const, links: taken.unlinked }]),
    ...apart.map(([a, b]) => ({ kind: "separate" as const, a, b, audit: auditId, since: at }))
  ]
  const profiles: GraphMutations["profiles"] =
    made.length === 0
      ? []
      : [
          {
            ...fresh,
            ...beginningOf(
              made.flatMap(({ moved }) => moved),
              taken.first
            )
          }
        ]
  return {
    entry: {
      ...entry,
      mutations: { ...noMutations, profiles, links: taken.links, operations },
      repeat: {
        outcome: operations.length === 0 ? "unneeded" : "applied",
        reason: pairs.length > apart.length ? `Only ${mostPairs} of ${pairs.length} pairs are kept apart.` : null,
        keepApart,
        // What left, for that is merged back when it is reverted.
        cuts: cuts.map(({ profile, to }) => ({ separated: to.no, remaining: profile.no })),
        apart,
        moved: cuts.flatMap(({ moved, to }) =>
          moved.map(({ collection, type, value, profile }) => ({ collection, type, value, from: profile, to: to.no }))
        )
      }
    },
    told: [...new Set([...told, ...sides.separated, ...sides.remaining])],
    write: taken.write
  }
})

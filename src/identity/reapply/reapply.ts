/**
 * Operations of people, repeated at their place in a replay under other rules (IDR-155), where the profiles that they speak of may be others:
 *
 *     deleted identifiers         word for word
 *     un-merges and splits        by the identifiers that were left on either side (`part.ts`)
 *     a split that was reverted   what was taken apart here is merged back
 *     a separation that was lifted  that of the same audit entry is lifted
 *
 * Saved rules change no profile, and of the erased there is nothing left to repeat it for.
 */
import { Effect } from "effect"
import { findAudit } from "../../workspace/audit.ts"
import { changesGraph } from "../graph-projection.ts"
import { canonicalOf, planLifts } from "../operations/lifts.ts"
import type { OperationEntry, Repeat } from "../operations/operation-entry.ts"
import type { OperationKind } from "../operations/operation.ts"
import { planRejoin } from "../operations/rejoin.ts"
import { reapplyParting } from "./part.ts"
import {
  noMutations,
  type Reapplied,
  type ReapplyContext,
  type ReapplyError,
  skippedFor,
  unchangedAs
} from "./reapplied.ts"

type Reapply = (context: ReapplyContext, entry: OperationEntry) => Effect.Effect<Reapplied, ReapplyError>

const applied: Repeat = { outcome: "applied", reason: null, keepApart: false, cuts: [], apart: [], moved: [] }

const deletion: Reapply = Effect.fnUntraced(function* ({ graph, graphId }, entry) {
  const identifiers = (entry.mutations.operations ?? []).flatMap((it) => (it.kind === "unmap" ? it.identifiers : []))
  const { owners } = yield* graph.load(graphId, { identifiers, profiles: [] })
  const told = [...new Set(owners.filter((no) => no !== undefined))]
  const outcome = told.length === 0 ? "unneeded" : "applied"
  return { entry: { ...entry, repeat: { ...applied, outcome } }, told, write: Effect.void }
})

const reversal: Reapply = Effect.fnUntraced(function* (context, entry) {
  const audit = yield* findAudit(context.database.write, context.spaceId, entry.auditId)
  const { reverted } = (audit?.data ?? {}) as { readonly reverted?: string }
  const parted = reverted === undefined ? undefined : yield* context.repeatOf(reverted)
  if (reverted === undefined || parted === undefined)
    return skippedFor(entry, "The separation that it takes back is not known any more.")
  const canonical = yield* canonicalOf(
    context,
    parted.cuts.flatMap(({ separated, remaining }) => [separated, remaining])
  )
  // Also where events have made them one again meanwhile.
  if (parted.cuts.every(({ separated, remaining }) => canonical.get(separated) === canonical.get(remaining)))
    return yield* lifting(context, entry, parted.apart, new Set([reverted]))
  return yield* planRejoin({ ...context, at: entry.at, seq: entry.seq, auditId: entry.auditId }, reverted, parted).pipe(
    Effect.map(({ mutations, from, into }): Reapplied => ({
      entry: { ...entry, mutations, repeat: applied },
      told: [...from, into].map(({ no }) => no),
      write: Effect.void
    })),
    Effect.catchTag("OperationRefused", ({ message }) => Effect.succeed(skippedFor(entry, message)))
  )
})

const lifting = Effect.fnUntraced(function* (
  context: ReapplyContext,
  entry: OperationEntry,
  pairs: Repeat["apart"],
  audits: ReadonlySet<string> | undefined
): Effect.fn.Return<Reapplied, ReapplyError> {
  const { operations, lifted } = yield* planLifts(context, pairs, audits)
  const lifts = entry.lifts ?? lifted
  if (operations.length === 0) return unchangedAs({ ...entry, lifts }, "unneeded", null, false)
  return {
    entry: { ...entry, lifts, mutations: { ...noMutations, operations }, repeat: applied },
    told: [...new Set(operations.flatMap((it) => (it.kind === "lift" ? [it.a, it.b] : [])))],
    write: Effect.void
  }
})

const lift: Reapply = Effect.fnUntraced(function* (context, entry) {
  const { lifts } = entry
  // Older versions did not write down which separations it were.
  if (lifts === undefined) {
    const named = (entry.mutations.operations ?? []).flatMap((it) =>
      it.kind === "lift" ? [[it.a, it.b] as const] : []
    )
    return yield* lifting(context, entry, named, undefined)
  }
  const repeats = yield* Effect.forEach(lifts, context.repeatOf)
  return yield* lifting(
    context,
    entry,
    repeats.flatMap((it) => it?.apart ?? []),
    new Set(lifts)
  )
})

const kinds: Partial<Record<OperationKind, Reapply>> = {
  delete_identifier: deletion,
  undo_merge: reapplyParting,
  split: reapplyParting,
  revert_split: reversal,
  lift_separation: lift
}

/** Whether it is something that is repeated. */
export const isRepair = ({ operation, mutations, repeat }: OperationEntry): boolean =>
  kinds[operation] !== undefined && (repeat !== undefined || changesGraph({ ...mutations, position: 0 }))

export const reapply: Reapply = (context, entry) => kinds[entry.operation]!(context, entry)

/**
 * What a run takes of the history (IDR-190): all, or a part by time, source and people. A part does not say what happened before it, so
 * both sides of such a run are replays: of the rules in force and of the candidate rules, over the same events.
 */
import type { WorkspaceSnapshot } from "../../workspace/workspace.ts"
import type { ExternalId } from "../operations/operation.ts"
import type { InScope } from "../replay/resolved-events.ts"

/** All conditions at once; null: any. */
export interface Scope {
  /** `from <= timestamp < to`, ms. */
  readonly from: number | null
  readonly to: number | null
  /** Ids. */
  readonly sources: ReadonlyArray<string> | null
  /** Everybody who is connected with one of these (`closure.ts`); absent in runs of older versions. */
  readonly identifiers?: ReadonlyArray<ExternalId> | null
  /** Segment ids. */
  readonly profiles?: ReadonlyArray<string> | null
}

/** Identifiers and profiles of one scope at most. */
export const mostNamed = 100

/** Undefined: the run is not about some people. */
export const peopleOf = ({ identifiers, profiles }: Scope) =>
  identifiers == null && profiles == null ? undefined : { identifiers: identifiers ?? [], segmentIds: profiles ?? [] }

export const inScopeOf = (
  { from, to, sources }: Pick<Scope, "from" | "to" | "sources">,
  { sourceByNo }: Pick<WorkspaceSnapshot, "sourceByNo">
): InScope => {
  const wanted = sources === null ? null : new Set(sources)
  return ({ ts, source }) =>
    (from === null || ts >= from) &&
    (to === null || ts < to) &&
    (wanted === null || wanted.has(sourceByNo.get(source)?.id ?? ""))
}

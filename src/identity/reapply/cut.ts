/**
 * Where people who were taken apart by an operation are one profile again under other rules, how that profile is taken apart. Pure.
 *
 * The sides are what the operation left on either profile. An un-merge is an un-merge again: a profile that was merged into this one comes
 * back, best one of the two that the operation speaks of, if nothing of the other side would leave with it. Else, and for a split, the
 * identifiers of the separated side move to a new profile. What was on neither side stays, or goes with the profile that it was merged with.
 */
import type { ExternalIdRow, FoundProfile, MergeRow } from "../graph.ts"
import { identifierText } from "../graph-rows.ts"
import type { Identifier, ProfileNo } from "../model.ts"
import type { Sides } from "../operations/operation-entry.ts"
import { mergedInto } from "../operations/undo-merge.ts"

/** What an operation has separated: identifiers (`identifierText`) of both profiles, as it left them. */
export interface Parting {
  readonly kind: "undo_merge" | "split"
  readonly sides: Sides
  readonly separated: ReadonlyMap<string, Identifier>
  readonly remaining: ReadonlyMap<string, Identifier>
}

/** A profile of the graph that is replayed, with all that is its own. */
export interface Whole {
  readonly profile: FoundProfile
  readonly rows: ReadonlyArray<ExternalIdRow>
  readonly merges: ReadonlyArray<MergeRow>
}

export interface Cut {
  readonly profile: FoundProfile
  /** Profiles that leave with all that was theirs. */
  readonly members: ReadonlySet<ProfileNo>
  /** Identifiers that leave although their profile stays. */
  readonly moved: ReadonlyArray<ExternalIdRow>
  readonly to: { readonly no: ProfileNo; readonly segmentId: string }
  /** Whether `to` was merged away and comes back; else it is made. */
  readonly revives: boolean
  /** Which side leaves. */
  readonly leaves: "separated" | "remaining"
}

type Side = Cut["leaves"]

/** The side that all identifiers of these profiles are on; undefined: they have some of both, null: of neither. */
const sideOf = (
  { separated, remaining }: Parting,
  rows: ReadonlyArray<ExternalIdRow>,
  members: ReadonlySet<ProfileNo>
): Side | null | undefined => {
  const texts = rows.filter((row) => members.has(row.profile)).map(identifierText)
  const [one, other] = [separated, remaining].map((side) => texts.some((text) => side.has(text)))
  if (one === other) return one === true ? undefined : null
  return one === true ? "separated" : "remaining"
}

/** A profile that was merged away, comes back. The ones of the operation are looked at first, then those that take the most along. */
const revival = (parting: Parting, { profile, rows, merges }: Whole): Cut | undefined => {
  const { separated, remaining } = parting.sides
  const away = new Map(merges.map(({ from }) => [from, mergedInto(from, merges)]))
  const own = (no: ProfileNo) => rows.reduce((n, row) => n + (away.get(no)!.has(row.profile) ? 1 : 0), 0)
  const others = [...away.keys()].filter((no) => no !== separated && no !== remaining)
  const candidates = [separated, remaining, ...others.sort((a, b) => own(b) - own(a) || a - b)]
  for (const no of candidates) {
    const members = away.get(no)
    if (members === undefined) continue
    const side = sideOf(parting, rows, members)
    const leaves = side ?? (side === null && no === separated ? "separated" : undefined)
    if (leaves === undefined) continue
    const moved = rows.filter((row) => !members.has(row.profile) && parting[leaves].has(identifierText(row)))
    const { segmentId } = profile.members.find((member) => member.no === no)!
    return { profile, members, moved, to: { no, segmentId }, revives: true, leaves }
  }
  return undefined
}

export const cutOf = (parting: Parting, whole: Whole, fresh: Cut["to"]): Cut => {
  const revived = parting.kind === "undo_merge" ? revival(parting, whole) : undefined
  if (revived !== undefined) return revived
  const moved = whole.rows.filter((row) => parting.separated.has(identifierText(row)))
  return { profile: whole.profile, members: new Set(), moved, to: fresh, revives: false, leaves: "separated" }
}

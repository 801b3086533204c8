/** Who merges into whom: merge protection (IDR-87), the survivor (IDR-100), one record per profile that goes (IDR-109). */
import { mergeId } from "./ids.ts"
import type { EventFacts, ExtractedIdentifier, MergeDecision, ProfileNo, ProfileView, SkipCause } from "./model.ts"

/** Limits per profile. */
export interface Protection {
  readonly maxMerges: number
  readonly maxMappings: number
}

/** An identifier of the event with the canonical profile that owns it. */
export interface Found {
  readonly identifier: ExtractedIdentifier
  readonly owner: ProfileView | undefined
}

export type Named = Pick<ProfileView, "no" | "segmentId">

export interface Protected {
  /** What becomes one profile; its first is the anchor, the profile of the best identifier. Empty: nothing matched. */
  readonly group: ReadonlyArray<ProfileView>
  readonly skipped: ReadonlyArray<{ readonly profile: ProfileView; readonly cause: SkipCause }>
}

/** Takes the matched profiles in the order of their best identifier as long as the survivor stays within the limits. */
export const protect = ({ maxMerges, maxMappings }: Protection, matched: ReadonlyArray<ProfileView>): Protected => {
  const [anchor, ...others] = matched
  if (anchor === undefined) return { group: [], skipped: [] }
  const group = [anchor]
  const skipped: Array<{ profile: ProfileView; cause: SkipCause }> = []
  let { merges, mappings } = anchor
  for (const profile of others) {
    if (merges + profile.merges + 1 > maxMerges) skipped.push({ profile, cause: "PROFILE_MERGE_LIMIT" })
    else if (mappings + profile.mappings > maxMappings) skipped.push({ profile, cause: "IDENTIFIER_MAPPING_LIMIT" })
    else {
      group.push(profile)
      merges += profile.merges + 1
      mappings += profile.mappings
    }
  }
  return { group, skipped }
}

/** Created first. Numbers follow the order of resolution, and no two are equal. */
export const oldestOf = (group: ReadonlyArray<ProfileView>): ProfileView =>
  group.reduce((oldest, profile) => (profile.no < oldest.no ? profile : oldest))

/** One decision per profile of `group` other than `target`, the oldest first. */
export const mergesInto = (
  spaceId: string,
  { messageId, t }: Pick<EventFacts, "messageId" | "t">,
  target: Named,
  group: ReadonlyArray<ProfileView>,
  live: ReadonlyArray<Found>
): ReadonlyArray<MergeDecision> => {
  if (group.length < 2) return []
  const matchedBy = (no: ProfileNo) => live.filter(({ owner }) => owner?.no === no).map(({ identifier }) => identifier)
  const matchedInto = matchedBy(target.no)
  return group
    .filter(({ no }) => no !== target.no)
    .sort((a, b) => a.no - b.no)
    .map(({ no, segmentId }) => ({
      id: mergeId(spaceId, segmentId, target.segmentId, messageId, t),
      from: no,
      fromSegmentId: segmentId,
      into: target.no,
      intoSegmentId: target.segmentId,
      matchedFrom: matchedBy(no),
      matchedInto
    }))
}

/**
 * Decides what one event does to the identity graph (spec 02 section 7). Depends on its arguments alone: no clock,
 * no randomness, no I/O (IDR-135). Live resolution, explain, what-if and rebuild all call it.
 *
 *     const { extraction, autoAdded, rules } = extract(message, table)           // after dropReason(...) === null
 *     const request = set.request([extraction, ...])                             // per batch: what the set lacks
 *     set.absorb(request, loadedFromTheGraph)
 *     const resolution = resolve(options, spaceId, rules, set, facts, extraction, autoAdded)
 *     const linkKnown = set.knowsLink(resolution)
 *     set.apply(resolution)                                                      // the next event sees it
 *     if (needsEntry(resolution, linkKnown)) entries.push(entryOf(resolution))
 *     const mutations = mutationsOf(entries)                                     // what the graph projection applies
 *
 * The rules that surprise:
 * - On a breach the LAST identifier in priority gives way, even if it is not of the type in breach (IDR-83). So what
 *   is left is always a prefix of the ranked list, and one identifier alone never breaches (IDR-84).
 * - The oldest profile survives, not the one of the best identifier (IDR-100).
 * - At a protection limit the event still resolves, to the profile of its best identifier (IDR-87).
 */
import type { Collection } from "../workspace/rules.ts"
import { segmentId } from "./ids.ts"
import { findBreach } from "./limits.ts"
import { type Found, mergesInto, type Named, oldestOf, protect, type Protection } from "./merge.ts"
import {
  type Breach,
  type CollectionResolution,
  type EventFacts,
  type ExtractedIdentifier,
  type Extraction,
  type Iteration,
  type Neighbourhood,
  profileNo,
  type ProfileNo,
  type ProfileView,
  type Resolution,
  type SkipCause,
  type Violation,
  type ViolationKind
} from "./model.ts"
import type { AutoAdded, Rules } from "./rules.ts"

export type ResolveOptions = Protection

interface Context {
  readonly options: ResolveOptions
  readonly spaceId: string
  readonly rules: Rules
  readonly neighbourhood: Neighbourhood
  readonly facts: EventFacts
  readonly violations: Array<Violation>
}

interface Demotion {
  readonly identifier: ExtractedIdentifier
  readonly breach: Breach
  readonly iteration: number
}

/** How the loop ended. */
interface Settled {
  readonly live: ReadonlyArray<Found>
  readonly matched: ReadonlyArray<ProfileView>
  readonly unseen: ReadonlyArray<ExtractedIdentifier>
  readonly demoted: ReadonlyArray<Demotion>
  readonly iterations: ReadonlyArray<Iteration>
}

const none: ReadonlyArray<never> = []

export const resolve = (
  options: ResolveOptions,
  spaceId: string,
  rules: Rules,
  neighbourhood: Neighbourhood,
  facts: EventFacts,
  extraction: Extraction,
  autoAdded: ReadonlyArray<AutoAdded>
): Resolution => {
  const violations: Array<Violation> = []
  const context: Context = { options, spaceId, rules, neighbourhood, facts, violations }
  for (const identifier of extraction.blocked)
    violations.push({ kind: "ID value blocked", identifier, breach: null, candidates: none, iteration: 0 })
  const users = resolveCollection(context, "users", extraction.users)
  const accounts = resolveCollection(context, "accounts", extraction.accounts)
  const linked = facts.type === "group" && users !== null && accounts !== null
  return { facts, rulesVersion: rules.version, users, accounts, violations, linked, autoAdded, extraction }
}

const resolveCollection = (
  context: Context,
  collection: Collection,
  extracted: ReadonlyArray<ExtractedIdentifier>
): CollectionResolution | null => {
  if (extracted.length === 0) return null
  const { owner } = context.neighbourhood
  // Nearly all traffic: everything sits on one profile already, so nothing can be in breach and nothing changes.
  const only = owner(extracted[0]!)
  if (only !== undefined && everyOther(extracted, owner, only)) return unchanged(collection, only, extracted)
  const found = lookUp(context.neighbourhood, extracted)
  return decide(context, collection, extracted, readmit(context, demoteUntilSound(context, found)))
}

const everyOther = (
  extracted: ReadonlyArray<ExtractedIdentifier>,
  owner: Neighbourhood["owner"],
  only: ProfileView
): boolean => {
  for (let i = 1; i < extracted.length; i++) if (owner(extracted[i]!)?.no !== only.no) return false
  return true
}

const unchanged = (
  collection: Collection,
  profile: ProfileView,
  promoted: ReadonlyArray<ExtractedIdentifier>
): CollectionResolution => ({
  collection,
  action: "none",
  target: profile.no,
  segmentId: profile.segmentId,
  merged: none,
  mapped: none,
  promoted,
  demoted: none,
  skipped: none,
  iterations: none
})

/** By (rank, extraction index), each with its owner; one view per profile, so that counting reads it once. */
const lookUp = (neighbourhood: Neighbourhood, extracted: ReadonlyArray<ExtractedIdentifier>): ReadonlyArray<Found> => {
  const views = new Map<ProfileNo, ProfileView>()
  const viewOf = (owner: ProfileView): ProfileView => {
    let view = views.get(owner.no)
    if (view === undefined) {
      const { no, segmentId, merges, mappings, added } = owner
      views.set(no, (view = { no, segmentId, merges, mappings, added }))
    }
    return view
  }
  return [...extracted].sort(byPriority).map((identifier) => {
    const owner = neighbourhood.owner(identifier)
    return { identifier, owner: owner === undefined ? undefined : viewOf(owner) }
  })
}

const byPriority = (a: ExtractedIdentifier, b: ExtractedIdentifier): number => a.rank - b.rank || a.index - b.index

/** The loop: match, check, demote the last, again. Ends at the latest with one identifier left (IDR-84). */
const demoteUntilSound = (context: Context, found: ReadonlyArray<Found>): Settled => {
  const demoted: Array<Demotion> = []
  const iterations: Array<Iteration> = []
  for (let kept = found.length; ; kept--) {
    const live = found.slice(0, kept)
    const matched = distinctOwners(live)
    const unseen = live.filter(({ owner }) => owner === undefined).map(({ identifier }) => identifier)
    const breach = kept === 1 ? null : breachOf(context, matched, unseen)
    const victim = breach === null ? null : live[kept - 1]!.identifier
    iterations.push({
      live: live.map(({ identifier }) => identifier),
      matched: matched.map(({ no, segmentId }) => ({ no, segmentId })),
      unseen,
      breach,
      demoted: victim
    })
    if (breach === null || victim === null) return { live, matched, unseen, demoted, iterations }
    demoted.push({ identifier: victim, breach, iteration: iterations.length })
  }
}

const breachOf = (
  { rules, neighbourhood, facts }: Context,
  matched: ReadonlyArray<ProfileView>,
  unseen: ReadonlyArray<ExtractedIdentifier>
): Breach | null => findBreach(rules, neighbourhood, matched, unseen, facts.t)

/** Profiles in the order of their best identifier. */
const distinctOwners = (live: ReadonlyArray<Found>): ReadonlyArray<ProfileView> => {
  const owners: Array<ProfileView> = []
  for (const { owner } of live) if (owner !== undefined && !owners.includes(owner)) owners.push(owner)
  return owners
}

/** With `readmitDemoted`: unmapped identifiers that were demoted but would do no harm come back (IDR-86). */
const readmit = (context: Context, settled: Settled): Settled => {
  if (!context.rules.readmitDemoted || settled.demoted.length === 0) return settled
  const { matched } = settled
  const unseen = [...settled.unseen]
  const demoted: Array<Demotion> = []
  for (const demotion of settled.demoted.toReversed()) {
    const { identifier } = demotion
    const mapped = context.neighbourhood.owner(identifier) !== undefined
    if (mapped || breachOf(context, matched, [...unseen, identifier]) !== null) demoted.push(demotion)
    else unseen.push(identifier)
  }
  return { ...settled, unseen: unseen.sort(byPriority), demoted: demoted.toReversed() }
}

/** Create, add or merge; and what is left behind (IDR-80 to IDR-87). */
const decide = (
  context: Context,
  collection: Collection,
  extracted: ReadonlyArray<ExtractedIdentifier>,
  settled: Settled
): CollectionResolution => {
  const { options, violations } = context
  const { live, matched, unseen, demoted, iterations } = settled
  const { group, skipped } = protect(options, matched)
  const target = group.length === 0 ? newProfile(context, collection) : oldestOf(group)
  const merged = mergesInto(context.spaceId, context.facts, target, group, live)

  let mappings = group.reduce((sum, profile) => sum + profile.mappings, 0)
  const mapped: Array<ExtractedIdentifier> = []
  for (const identifier of unseen) {
    if (mappings >= options.maxMappings) {
      violations.push(violation("Identifier mapping limit exceeded", identifier, [target], iterations.length))
    } else {
      mapped.push(identifier)
      mappings++
    }
  }

  for (const { profile, cause } of skipped)
    for (const { identifier, owner } of live)
      if (owner === profile)
        violations.push(violation(kindOfSkip[cause], identifier, [target, profile], iterations.length))

  const own = new Set<ProfileNo>(group.map(({ no }) => no))
  const belongs = (identifier: ExtractedIdentifier): boolean => {
    const owner = context.neighbourhood.owner(identifier)
    return owner === undefined ? mapped.includes(identifier) : own.has(owner.no)
  }
  for (const { identifier, breach, iteration } of demoted) {
    if (belongs(identifier)) continue
    const candidates = iterations[iteration - 1]!.matched.map(({ segmentId }) => segmentId)
    violations.push({ kind: kindOfBreach(breach), identifier, breach, candidates, iteration })
  }
  return {
    collection,
    action: group.length === 0 ? "create" : merged.length > 0 ? "merge" : mapped.length > 0 ? "add" : "none",
    target: target.no,
    segmentId: target.segmentId,
    merged,
    mapped,
    promoted: extracted.filter(belongs),
    demoted,
    skipped: skipped.map(({ profile: { no, segmentId }, cause }) => ({ no, segmentId, cause })),
    iterations
  }
}

const newProfile = ({ spaceId, facts, neighbourhood }: Context, collection: Collection): Named => ({
  no: profileNo(facts.seq, collection),
  segmentId: segmentId(spaceId, collection, facts, neighbourhood.issued)
})

const kindOfSkip = {
  PROFILE_MERGE_LIMIT: "Profile merge limit exceeded",
  IDENTIFIER_MAPPING_LIMIT: "Identifier mapping limit exceeded"
} as const satisfies Record<SkipCause, ViolationKind>

const kindOfBreach = (breach: Breach): ViolationKind => {
  if (breach.kind === "kept_apart") return "Profiles kept apart"
  return breach.window === "ever" ? "Identifier value limit exceeded" : "Identifier value time limit exceeded"
}

const violation = (
  kind: ViolationKind,
  identifier: ExtractedIdentifier,
  candidates: ReadonlyArray<Named>,
  iteration: number
): Violation => ({
  kind,
  identifier,
  breach: null,
  candidates: candidates.map(({ segmentId }) => segmentId),
  iteration
})

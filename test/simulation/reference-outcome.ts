/** What the second implementation ends with: traits and links are found by looking at all events. */
import type { EventState, State } from "../identity/support/run.ts"
import type { Mapping, Merge, RefEvent, RefProfile } from "./reference-words.ts"

interface Ended {
  readonly profiles: ReadonlyArray<RefProfile>
  readonly mappings: ReadonlyArray<Mapping>
  readonly merges: ReadonlyArray<Merge>
  readonly resolved: ReadonlyArray<RefEvent>
  readonly events: ReadonlyArray<EventState>
  readonly canonical: (profile: RefProfile) => RefProfile
}

/** Whose trait document the writes of the event are in, before merges (IDR-125). */
export const writtenTo = ({ gone, isGroup, users, accounts }: RefEvent): RefProfile | undefined => {
  const owners = gone ?? { users, accounts }
  return isGroup ? owners.accounts : owners.users
}

/** Newest write per key over all events of the profile, in their order; a removal is a write (IDR-102, IDR-125). */
const traitsOf = ({ resolved, canonical }: Ended, profile: RefProfile): Record<string, unknown> => {
  const newest = new Map<string, { readonly value: unknown; readonly t: number }>()
  for (const event of resolved) {
    const owner = writtenTo(event)
    if (owner === undefined || owner.erased === true || canonical(owner) !== profile) continue
    for (const [key, value] of event.writes) {
      const known = newest.get(key)
      if (known === undefined || event.t >= known.t) newest.set(key, { value, t: event.t })
    }
  }
  return Object.fromEntries(
    [...newest].filter(([, { value }]) => value !== null).map(([key, { value }]) => [key, value])
  )
}

type Links = State["links"]

/** Those that group calls state. */
const linksOf = (
  { canonical }: Ended,
  pairs: ReadonlyArray<readonly [RefProfile | undefined, RefProfile | undefined]>
): Links => {
  const links = new Map<string, Links[number]>()
  for (const [users, accounts] of pairs) {
    if (users === undefined || accounts === undefined || users.erased === true || accounts.erased === true) continue
    const [user, account] = [canonical(users).segmentId, canonical(accounts).segmentId]
    links.set(`${user} ${account}`, { user, account })
  }
  return [...links.values()]
}

export const outcomeOf = (ended: Ended): State => {
  const { profiles, mappings, merges, resolved, events, canonical } = ended
  const ids = (profile: RefProfile) => canonical(profile).segmentId
  const there = profiles.filter((profile) => profile.erased !== true)
  const groups = resolved.filter(({ isGroup, gone }) => isGroup && gone === undefined)
  return {
    profiles: there.map((profile) => ({
      segmentId: profile.segmentId,
      collection: profile.collection,
      canonical: ids(profile)
    })),
    identifiers: mappings.map(({ collection, type, value, origin, addedAt }) => ({
      collection,
      type,
      value,
      profile: ids(origin),
      origin: origin.segmentId,
      addedAt
    })),
    merges: merges.map(({ from, into }) => ({ from: from.segmentId, into: into.segmentId })),
    links: linksOf(
      ended,
      groups.map(({ users, accounts }) => [users, accounts])
    ),
    traits: Object.fromEntries(
      there
        .filter((profile) => profile.into === undefined)
        .map((profile) => [profile.segmentId, traitsOf(ended, profile)] as const)
        .filter(([, traits]) => Object.keys(traits).length > 0)
    ),
    events
  }
}

/** Links of others that calls stated which were erased: nothing says that they go, nor that they outlive a split. */
export const perhapsLinked = (ended: Ended): Links =>
  linksOf(
    ended,
    ended.resolved.flatMap(({ isGroup, gone }) => (isGroup && gone !== undefined ? [[gone.users, gone.accounts]] : []))
  )

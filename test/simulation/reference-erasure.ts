/**
 * Erasing people (IDR-162) on the second implementation: the profile that holds the user id becomes a tombstone, its events go,
 * and so do messages that name the user id and were resolved to others. Traits that others have through those stay.
 */
import { writtenTo } from "./reference-outcome.ts"
import type { Mapping, Merge, RefEvent, RefProfile } from "./reference-words.ts"

interface Erasable {
  readonly profiles: ReadonlyArray<RefProfile>
  mappings: Array<Mapping>
  merges: Array<Merge>
  separations: Array<{ readonly a: RefProfile; readonly b: RefProfile; readonly audit: string }>
  readonly resolved: ReadonlyArray<RefEvent>
  readonly canonical: (profile: RefProfile) => RefProfile
}

/** Who holds one of these user ids, each once. */
const holdersOf = ({ mappings, canonical }: Erasable, userIds: ReadonlyArray<string>) => [
  ...new Set(
    userIds.flatMap((value) =>
      mappings.filter((it) => it.type === "user_id" && it.value === value).map(({ origin }) => canonical(origin))
    )
  )
]

/** Segment ids of those who were erased; `isNamed` says whether the regulation found the message. */
export const erase = (
  graph: Erasable,
  userIds: ReadonlyArray<string>,
  isNamed: (messageId: string) => boolean
): ReadonlyArray<string> => {
  const { canonical } = graph
  const holders = holdersOf(graph, userIds)
  const isTheirs = (profile: RefProfile) => holders.includes(canonical(profile))
  for (const event of graph.resolved) {
    const { gone, messageId, users, accounts } = event
    if (gone !== undefined || !((users !== undefined && isTheirs(users)) || isNamed(messageId))) continue
    event.gone = { users, accounts }
    event.users = undefined
    event.accounts = undefined
  }
  const erased = graph.profiles.filter(isTheirs)
  graph.mappings = graph.mappings.filter(({ origin }) => !erased.includes(origin))
  graph.merges = graph.merges.filter(({ from }) => !erased.includes(from))
  graph.separations = graph.separations.filter(({ a, b }) => !erased.includes(a) && !erased.includes(b))
  for (const profile of erased) profile.erased = true
  forgetOverwritten(graph.resolved)
  return holders.map(({ segmentId }) => segmentId)
}

/** Of an event that is gone only those writes are known that nothing newer in the same document has taken the place of. */
export const forgetOverwritten = (resolved: ReadonlyArray<RefEvent>): void => {
  resolved.forEach((event, i) => {
    if (event.gone === undefined) return
    const owner = writtenTo(event)
    resolved.forEach((other, j) => {
      if (j === i || writtenTo(other) !== owner || (j < i ? other.t <= event.t : other.t < event.t)) return
      for (const key of other.writes.keys()) event.writes.delete(key)
    })
  })
}

/**
 * Value limits: how many identifiers of one type a profile may accept within a window (spec 02 section 5).
 *
 *     a1 ......... a2 ....... a3 ...... [event] ...... a4       a2, a3 and a4 count, a1 does not
 *               |<-------- 7 days -------->|<-------- 7 days -------->|
 *
 * - The window is symmetric around the event's own time, so that a late event neither escapes a limit nor trips
 *   over values added in another period (IDR-63). A value exactly one window away no longer counts.
 * - The check runs on the profile that would result, for every type on it, not only those of the event (IDR-64).
 * - A profile already over a limit keeps working; it just cannot grow in that type (IDR-65).
 *
 * Not here: which identifier gives way, and the protection limits of IDR-87 (`resolve.ts`).
 */
import type { Breach, Identifier, Neighbourhood, ProfileView } from "./model.ts"
import type { Rules, TypeRule } from "./rules.ts"

const countOn = (profile: ProfileView, rule: TypeRule, t: number): number => {
  const added = profile.added.get(rule.type)
  if (added === undefined) return 0
  if (rule.windowMs === Number.POSITIVE_INFINITY) return added.length
  let n = 0
  for (const at of added) if (Math.abs(at - t) < rule.windowMs) n++
  return n
}

/**
 * The most values of `added` (ms, any order) that came within one window, ending with one of them: what a profile that grew
 * in the order of time has had to pass. With in-order growth never over the limit it grew under.
 */
export const busiest = (windowMs: number, added: ReadonlyArray<number>): number => {
  if (windowMs === Number.POSITIVE_INFINITY) return added.length
  const times = added.toSorted((a, b) => a - b)
  let most = 0
  let first = 0
  for (let last = 0; last < times.length; last++) {
    while (times[last]! - times[first]! >= windowMs) first++
    most = Math.max(most, last - first + 1)
  }
  return most
}

/** Values of one type on the profile that would result at `t`, and the most that one of its parts has (IDR-63 to IDR-65). */
export const tally = (
  rule: TypeRule,
  matched: ReadonlyArray<ProfileView>,
  unseen: ReadonlyArray<Identifier>,
  t: number
): { readonly count: number; readonly most: number } => {
  let count = 0
  let most = 0
  for (const profile of matched) {
    const n = countOn(profile, rule, t)
    count += n
    if (n > most) most = n
  }
  for (const { type } of unseen) if (type === rule.type) count++
  return { count, most }
}

/** The rules that can be in breach, the most trusted type first. One profile can only grow by what it does not have yet. */
const rulesInQuestion = (
  rules: Rules,
  matched: ReadonlyArray<ProfileView>,
  unseen: ReadonlyArray<Identifier>
): ReadonlyArray<TypeRule> => {
  const types = new Set<string>()
  for (const { type } of unseen) types.add(type)
  if (matched.length > 1) for (const { added } of matched) for (const type of added.keys()) types.add(type)
  const found: Array<TypeRule> = []
  for (const type of types) {
    const rule = rules.byType.get(type)
    // Switched off or gone from the table: no limit.
    if (rule !== undefined && rule.enabled) found.push(rule)
  }
  return found.sort((a, b) => a.rank - b.rank)
}

const keptApart = (matched: ReadonlyArray<ProfileView>, neighbourhood: Neighbourhood): Breach | null => {
  for (let i = 0; i < matched.length; i++) {
    for (let j = i + 1; j < matched.length; j++) {
      const a = matched[i]!.no
      const b = matched[j]!.no
      if (neighbourhood.keptApart(a, b)) return { kind: "kept_apart", profiles: [a, b] }
    }
  }
  return null
}

/** Why these profiles and new identifiers may not become one profile at time `t` (ms), or null: they may. */
export const findBreach = (
  rules: Rules,
  neighbourhood: Neighbourhood,
  matched: ReadonlyArray<ProfileView>,
  unseen: ReadonlyArray<Identifier>,
  t: number
): Breach | null => {
  if (unseen.length === 0 && matched.length <= 1) return null
  const apart = keptApart(matched, neighbourhood)
  if (apart !== null) return apart
  for (const rule of rulesInQuestion(rules, matched, unseen)) {
    const { count, most } = tally(rule, matched, unseen, t)
    if (count > rule.limit && count > most)
      return { kind: "limit", type: rule.type, count, limit: rule.limit, window: rule.window }
  }
  return null
}

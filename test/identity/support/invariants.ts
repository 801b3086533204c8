/** The invariants of spec 02 section 17 as checks of a final state, whichever executor it came from. */
import { assert } from "vitest"
import type { Message } from "../../../src/event/message.ts"
import { extract } from "../../../src/identity/extract.ts"
import { compileRules } from "../../../src/identity/rules.ts"
import type { Identifier } from "../../../src/identity/model.ts"
import { keyOf } from "./memory-graph.ts"
import type { Run, State } from "./run.ts"

const canonicalOf = (state: State): ReadonlyMap<string, string> =>
  new Map(state.profiles.map(({ segmentId, canonical }) => [segmentId, canonical]))

/** INV-1: every active identifier maps to exactly one canonical profile of its own collection. */
export const unique = (state: State): void => {
  const seen = new Set<string>()
  const profiles = new Map(state.profiles.map((profile) => [profile.segmentId, profile]))
  for (const identifier of state.identifiers) {
    assert.isFalse(seen.has(keyOf(identifier)), `INV-1: ${keyOf(identifier)} is mapped twice`)
    seen.add(keyOf(identifier))
    const profile = profiles.get(identifier.profile)
    assert.strictEqual(profile?.canonical, identifier.profile, `INV-1: the owner of ${keyOf(identifier)} is canonical`)
    assert.strictEqual(profile?.collection, identifier.collection, `INV-1: ${keyOf(identifier)} is in its collection`)
  }
}

/** INV-2 and INV-3: the canonical id is total and idempotent; merges form a forest, and lead to it. */
export const forest = (state: State): void => {
  const canonical = canonicalOf(state)
  const into = new Map<string, string>()
  for (const merge of state.merges) {
    assert.isFalse(into.has(merge.from), `INV-3: ${merge.from} was merged away twice`)
    into.set(merge.from, merge.into)
  }
  for (const { segmentId } of state.profiles) {
    const end = canonical.get(segmentId)!
    assert.strictEqual(canonical.get(end), end, `INV-2: canonical of canonical of ${segmentId}`)
    let at = segmentId
    for (let steps = 0; into.has(at); steps++) {
      assert.isBelow(steps, state.profiles.length, `INV-3: the merges from ${segmentId} are a cycle`)
      at = into.get(at)!
    }
    assert.strictEqual(at, end, `INV-3: the merges from ${segmentId} lead to its canonical profile`)
  }
}

/** INV-6: protection limits hold for every canonical profile. */
export const protectedProfiles = (run: Run, state: State): void => {
  for (const { segmentId, canonical } of state.profiles) {
    if (segmentId !== canonical) continue
    const merges = state.profiles.filter((other) => other.canonical === segmentId).length - 1
    assert.isAtMost(merges, run.maxMerges, `INV-6: merges into ${segmentId}`)
    const mappings = state.identifiers.filter(({ profile }) => profile === segmentId).length
    assert.isAtMost(mappings, run.maxMappings, `INV-6: identifiers of ${segmentId}`)
  }
}

/** INV-14: each resolved event belongs to exactly one canonical profile per collection, and none is lost. */
export const conserved = (state: State): void => {
  const canonical = canonicalOf(state)
  const collections = new Map(state.profiles.map(({ segmentId, collection }) => [segmentId, collection]))
  let resolved = 0
  let sum = 0
  const counts = new Map<string, number>()
  for (const event of state.events) {
    for (const collection of ["users", "accounts"] as const) {
      const stamped = event[collection]
      if (stamped === null) continue
      assert.strictEqual(event.outcome, "resolved", `INV-14: ${event.messageId} has a profile, so it is resolved`)
      assert.strictEqual(collections.get(stamped), collection, `INV-14: ${event.messageId} was stamped with ${stamped}`)
      const profile = canonical.get(stamped)!
      resolved++
      counts.set(profile, (counts.get(profile) ?? 0) + 1)
    }
    if (event.outcome === "resolved")
      assert.isTrue(event.users !== null || event.accounts !== null, `INV-14: ${event.messageId} belongs to a profile`)
  }
  for (const [profile, count] of counts) {
    assert.strictEqual(canonical.get(profile), profile)
    sum += count
  }
  assert.strictEqual(sum, resolved, "INV-14: events over all profiles")
}

/** INV-20: every canonical profile has an identifier. */
export const inhabited = (state: State): void => {
  const owners = new Set(state.identifiers.map(({ profile }) => profile))
  for (const { segmentId, canonical } of state.profiles)
    if (segmentId === canonical) assert.isTrue(owners.has(segmentId), `INV-20: ${segmentId} has no identifier`)
}

/** AC2-11. */
export const wellFormedIds = (state: State): void => {
  const ids = state.profiles.map(({ segmentId }) => segmentId)
  assert.strictEqual(new Set(ids).size, ids.length, "segment ids are unique")
  for (const { segmentId, collection } of state.profiles)
    assert.match(segmentId, collection === "users" ? /^use_[0-9A-Za-z]{27}$/ : /^grp_[0-9A-Za-z]{27}$/)
}

/** Everything that holds of any final state alone. */
export const everyState = (run: Run, state: State): void => {
  unique(state)
  forest(state)
  protectedProfiles(run, state)
  conserved(state)
  inhabited(state)
  wellFormedIds(state)
}

/** Groups of identifiers that share a profile, as sorted text: independent of ids. */
export const partition = (state: State): ReadonlyArray<string> => {
  const groups = new Map<string, Array<string>>()
  for (const identifier of state.identifiers)
    groups.set(identifier.profile, [...(groups.get(identifier.profile) ?? []), keyOf(identifier)])
  return [...groups.values()].map((group) => group.sort().join(" | ")).sort()
}

/** INV-4 and INV-12: identifiers never vanish, and those that share a profile still share it later. */
export const coarsened = (before: State, after: State): void => {
  const later = new Map(after.identifiers.map((identifier) => [keyOf(identifier), identifier.profile]))
  const together = new Map<string, string>()
  for (const identifier of before.identifiers) {
    const profile = later.get(keyOf(identifier))
    assert.isDefined(profile, `INV-4: ${keyOf(identifier)} was lost`)
    const other = together.get(identifier.profile)
    assert.isTrue(other === undefined || other === profile, `INV-12: ${keyOf(identifier)} was torn from its profile`)
    together.set(identifier.profile, profile!)
  }
}

class UnionFind {
  private readonly parent = new Map<string, string>()

  find(key: string): string {
    const parent = this.parent.get(key)
    if (parent === undefined) this.parent.set(key, key)
    return parent === undefined || parent === key ? key : this.find(parent)
  }

  union(a: string, b: string): void {
    this.parent.set(this.find(a), this.find(b))
  }

  keys(): ReadonlyArray<string> {
    return [...this.parent.keys()]
  }
}

/** Connected components of "occur on one event", slow and obviously right. */
export const componentsOf = (
  events: ReadonlyArray<ReadonlyArray<Identifier>>
): { readonly find: (identifier: Identifier) => string; readonly groups: ReadonlyArray<string> } => {
  const sets = new UnionFind()
  for (const identifiers of events)
    for (const identifier of identifiers) sets.union(keyOf(identifiers[0]!), keyOf(identifier))
  const groups = new Map<string, Array<string>>()
  for (const key of sets.keys()) groups.set(sets.find(key), [...(groups.get(sets.find(key)) ?? []), key])
  return {
    find: (identifier) => sets.find(keyOf(identifier)),
    groups: [...groups.values()].map((group) => group.sort().join(" | ")).sort()
  }
}

/** What each message carries, per collection: the nodes and edges of `componentsOf`. Rules as they end up, types added by events included. */
export const identifiersOn = (run: Run, messages: ReadonlyArray<Message>): ReadonlyArray<ReadonlyArray<Identifier>> => {
  let rules = compileRules(run.rules, 1, [])
  return messages.flatMap((message) => {
    const found = extract(message, rules)
    rules = found.rules
    return [found.extraction.users, found.extraction.accounts]
  })
}

/** INV-11: a profile never holds identifiers that no chain of events links. */
export const refines = (run: Run, messages: ReadonlyArray<Message>, state: State): void => {
  const { find } = componentsOf(identifiersOn(run, messages))
  const component = new Map<string, string>()
  for (const identifier of state.identifiers) {
    const known = component.get(identifier.profile)
    assert.isTrue(known === undefined || known === find(identifier), `INV-11: ${keyOf(identifier)} among strangers`)
    component.set(identifier.profile, find(identifier))
  }
}

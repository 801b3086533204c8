/**
 * What a space keeps in memory of its graph between batches. The actor is the only writer of its space, so what it
 * loaded or decided last is still true, also while commits are in flight.
 *
 *     [rotate] -> request(extractions) -> [one load] -> absorb(request, loaded) -> resolve, apply ... per event
 *
 * An identifier is in one of three states: owned by a warm profile, known to be unmapped, or not known and loaded.
 * So resolving what was requested is exact, and an event whose identifiers are all known needs no load at all.
 *
 * Staleness. A load reads the graph as it was when it ran, perhaps before a commit in flight:
 * - What the set knows wins. `absorb` only adds what is absent; an owner that the set knows as merged away stands
 *   for its survivor.
 * - What a decision touched is never absent before the graph has it. Two generations of entries stand for least
 *   recently used; only `rotate` drops the older one, and it is called only when the graph has every decision.
 *
 * A fresh set over a fresh space, never asked to load, is a complete graph in memory.
 */
import type { Collection } from "../workspace/rules.ts"
import type { Loaded } from "./graph.ts"
import type {
  CollectionResolution,
  Extraction,
  Identifier,
  Neighbourhood,
  ProfileNo,
  ProfileView,
  Resolution
} from "./model.ts"
import { Generation, WarmProfile } from "./warm-profile.ts"

/** What must be loaded before a batch can be resolved; both lists empty: nothing. */
export interface LoadRequest {
  readonly identifiers: ReadonlyArray<Identifier>
  /** Always empty: a warm profile is warm as a whole. */
  readonly profiles: ReadonlyArray<ProfileNo>
  /** How often the set had rotated when this was asked for. */
  readonly rotations: number
}

const noProfiles: ReadonlyArray<ProfileNo> = []

export class WorkingSet implements Neighbourhood {
  private readonly capacity: number
  private young = new Generation()
  private old = new Generation()
  private rotations = 0

  /** `capacity` in identifiers; exceeded by what is brought between `full` and `rotate`. */
  constructor(capacity: number) {
    this.capacity = capacity
  }

  /** Identifiers in memory; one may count twice. */
  get size(): number {
    return this.young.size + this.old.size
  }

  // Neighbourhood: method properties, because the resolver takes them off the object.
  readonly owner = (identifier: Identifier): ProfileView | undefined => this.find(identifier) ?? undefined
  readonly keptApart = (a: ProfileNo, b: ProfileNo): boolean => this.isApart(a, b) || this.isApart(b, a)
  readonly issued = (segmentId: string): boolean => this.young.issued.has(segmentId) || this.old.issued.has(segmentId)

  /** Whether it is time to `rotate`. */
  get full(): boolean {
    return this.young.size >= this.capacity / 2
  }

  /**
   * Drops what was not used since the last rotation. Only before a batch is requested, and only when the graph that
   * loads read from has everything that was applied.
   */
  rotate(): void {
    this.old = this.young
    this.young = new Generation()
    this.rotations++
  }

  /** What must be loaded before these events can be resolved: every identifier that the set does not know. */
  request(extractions: ReadonlyArray<Extraction>): LoadRequest {
    const missing = new Missing()
    for (const { users, accounts } of extractions) {
      for (const identifier of users) if (this.find(identifier) === undefined) missing.add(identifier)
      for (const identifier of accounts) if (this.find(identifier) === undefined) missing.add(identifier)
    }
    return { identifiers: missing.identifiers, profiles: noProfiles, rotations: this.rotations }
  }

  /** Adds what a load for `request` found, where the set does not know better. */
  absorb(request: LoadRequest, loaded: Loaded): void {
    if (this.rotations !== request.rotations)
      throw new Error("WorkingSet: rotated since this load was requested, so it may be outdated; request it again.")
    const views = new Map(loaded.profiles.map((view) => [view.no, view]))
    request.identifiers.forEach((identifier, i) => {
      if (this.find(identifier) !== undefined) return
      const no = loaded.owners[i]
      this.young.set(identifier, no === undefined ? null : this.profile(no, views))
    })
  }

  /** Makes a decision visible to the next event. */
  apply(resolution: Resolution): void {
    const { users, accounts, facts, linked } = resolution
    if (users !== null && users.action !== "none") this.applyCollection(users, facts.t)
    if (accounts !== null && accounts.action !== "none") this.applyCollection(accounts, facts.t)
    if (linked) this.warm(users!.target)?.addLink(accounts!.target, facts.t)
  }

  /**
   * Before `apply`: whether an equal or earlier link is known, so that this one adds nothing (IDR-104). False means
   * new or not known.
   */
  knowsLink({ users, accounts, facts, linked }: Resolution): boolean {
    if (!linked || users!.action !== "none" || accounts!.action !== "none") return false
    return this.warm(users!.target)?.hasLink(accounts!.target, facts.t) === true
  }

  /** The profile that it is one with, as far as the set knows of merges. */
  survivorOf(no: ProfileNo): ProfileNo {
    return this.warm(no)?.survivor().no ?? no
  }

  /** Segment ids that the graph has issued before (IDR-110). */
  noteIssued(segmentIds: Iterable<string>): void {
    for (const id of segmentIds) this.young.issued.add(id)
  }

  /** Forgets everything, decisions not yet confirmed too: for a space that starts over from its store. */
  clear(): void {
    this.young = new Generation()
    this.old = new Generation()
    this.rotations++
  }

  /** The canonical owner, null = known to be unmapped, undefined = not known. Whatever is found becomes young. */
  private find(identifier: Identifier): WarmProfile | null | undefined {
    const young = this.young.get(identifier)
    if (young === null) return null
    if (young !== undefined) {
      if (young.mergedInto === undefined) return young
      const survivor = this.touch(young.survivor())
      this.young.set(identifier, survivor)
      return survivor
    }
    const old = this.old.get(identifier)
    if (old === undefined) return undefined
    const found = old === null ? null : this.touch(old.survivor())
    this.young.set(identifier, found)
    return found
  }

  /** The profile of a young entry is young itself, so that no number ever stands for two objects. */
  private touch(profile: WarmProfile): WarmProfile {
    this.young.profiles.set(profile.no, profile)
    return profile
  }

  private warm(no: ProfileNo): WarmProfile | undefined {
    const young = this.young.profiles.get(no)
    if (young !== undefined) return young
    const old = this.old.profiles.get(no)
    return old === undefined ? undefined : this.touch(old)
  }

  /** What was merged since the relation was loaded stands for its survivor. */
  private isApart(a: ProfileNo, b: ProfileNo): boolean {
    const apart = this.warm(a)?.separated
    if (apart === undefined) return false
    for (const other of apart) if ((this.warm(other)?.survivor().no ?? other) === b) return true
    return false
  }

  private profile(no: ProfileNo, views: ReadonlyMap<ProfileNo, ProfileView>): WarmProfile {
    const known = this.warm(no)
    if (known !== undefined) return this.touch(known.survivor())
    const view = views.get(no)
    if (view === undefined)
      throw new Error(`WorkingSet: the load named profile ${no} as an owner but did not bring it.`)
    return this.touch(WarmProfile.of(view))
  }

  private applyCollection(decision: CollectionResolution, t: number): void {
    const { target, segmentId, merged, mapped } = decision
    let profile = this.warm(target)
    if (decision.action === "create") {
      profile = this.touch(new WarmProfile(target, segmentId))
      this.young.issued.add(segmentId)
    }
    if (profile === undefined) throw new Error(`WorkingSet: profile ${target} is not in the set; request it first.`)
    for (const { from } of merged) {
      const gone = this.warm(from)
      if (gone === undefined) throw new Error(`WorkingSet: profile ${from} is not in the set; request it first.`)
      // The other side may outlive the memory of who was merged into whom.
      for (const other of gone.separated ?? []) this.warm(other)?.survivor().separated?.add(target)
      profile.take(gone)
    }
    for (const identifier of mapped) {
      profile.add(identifier.type, t)
      this.young.set(identifier, profile)
    }
  }
}

/** Identifiers to load, each once, in the order in which they were asked for. */
class Missing {
  readonly identifiers: Array<Identifier> = []
  private readonly seen = { users: new Map<string, Set<string>>(), accounts: new Map<string, Set<string>>() }

  add({ collection, type, value }: Identifier): void {
    const types: Map<string, Set<string>> = this.seen[collection satisfies Collection]
    let values = types.get(type)
    if (values === undefined) types.set(type, (values = new Set()))
    if (values.has(value)) return
    values.add(value)
    this.identifiers.push({ collection, type, value })
  }
}

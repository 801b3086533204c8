/** The memory layout of the working set: profiles, and one generation of entries. */
import type { Identifier, ProfileNo, ProfileView } from "./model.ts"

/** Links remembered per profile; forgetting one costs a journal entry that changes nothing. */
const rememberedLinks = 100

/** Type names as small numbers, for every space of the process; bounded by the table of each space. */
const typeNames: Array<string> = []
const typeNumbers = new Map<string, number>()
const typeNumber = (type: string): number => {
  let n = typeNumbers.get(type)
  if (n === undefined) {
    n = typeNames.push(type) - 1
    typeNumbers.set(type, n)
  }
  return n
}

export class WarmProfile implements ProfileView {
  readonly no: ProfileNo
  readonly segmentId: string
  merges = 0
  mergedInto: WarmProfile | undefined = undefined
  /** Type number and `added_at` in turn: a third of the memory of a map of arrays, and read only for decisions. */
  private readonly flat: Array<number> = []
  /** Account -> earliest t of the links that were seen from here. */
  private links: Map<ProfileNo, number> | undefined = undefined
  /** Profiles that it is kept apart from (IDR-205), as they were called when it was loaded or merged. */
  separated: Set<ProfileNo> | undefined = undefined

  constructor(no: ProfileNo, segmentId: string) {
    this.no = no
    this.segmentId = segmentId
  }

  static of(view: ProfileView): WarmProfile {
    const profile = new WarmProfile(view.no, view.segmentId)
    profile.merges = view.merges
    for (const [type, times] of view.added) for (const at of times) profile.add(type, at)
    if (view.apart !== undefined && view.apart.length > 0) profile.separated = new Set(view.apart)
    return profile
  }

  get mappings(): number {
    return this.flat.length / 2
  }

  get added(): ReadonlyMap<string, ReadonlyArray<number>> {
    const added = new Map<string, Array<number>>()
    for (let i = 0; i < this.flat.length; i += 2) {
      const type = typeNames[this.flat[i]!]!
      const times = added.get(type)
      if (times === undefined) added.set(type, [this.flat[i + 1]!])
      else times.push(this.flat[i + 1]!)
    }
    return added
  }

  add(type: string, at: number): void {
    this.flat.push(typeNumber(type), at)
  }

  /** Merges `gone` into this profile. */
  take(gone: WarmProfile): void {
    for (const n of gone.flat) this.flat.push(n)
    gone.flat.length = 0
    gone.links = undefined
    if (gone.separated !== undefined) for (const other of gone.separated) (this.separated ??= new Set()).add(other)
    gone.mergedInto = this
    this.merges += gone.merges + 1
  }

  /** The canonical profile; shortens the way for the next time. */
  survivor(): WarmProfile {
    if (this.mergedInto === undefined) return this
    this.mergedInto = this.mergedInto.survivor()
    return this.mergedInto
  }

  addLink(account: ProfileNo, t: number): void {
    if (this.links === undefined || this.links.size >= rememberedLinks) this.links = new Map()
    const known = this.links.get(account)
    if (known === undefined || t < known) this.links.set(account, t)
  }

  hasLink(account: ProfileNo, t: number): boolean {
    const known = this.links?.get(account)
    return known !== undefined && known <= t
  }
}

type Values = Map<string, WarmProfile | null>

/** Entries in use since the last rotation: one map of values per type, so that a look-up hashes no key of its own. */
export class Generation {
  size = 0
  readonly profiles = new Map<ProfileNo, WarmProfile>()
  readonly issued = new Set<string>()
  private readonly users = new Map<string, Values>()
  private readonly accounts = new Map<string, Values>()

  get({ collection, type, value }: Identifier): WarmProfile | null | undefined {
    return (collection === "users" ? this.users : this.accounts).get(type)?.get(value)
  }

  set({ collection, type, value }: Identifier, profile: WarmProfile | null): void {
    const types = collection === "users" ? this.users : this.accounts
    let values = types.get(type)
    if (values === undefined) types.set(type, (values = new Map()))
    const before = values.size
    values.set(value, profile)
    this.size += values.size - before
  }
}

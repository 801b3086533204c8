/**
 * The identity graph as nobody would build it: lists in memory, every answer by looking at all of them. What the
 * adapters are compared with.
 */
import type {
  CrowdedProfile,
  ExternalIdRow,
  FoundProfile,
  GraphMutations,
  GraphOperation,
  LinkedProfile,
  LinkRow,
  Loaded,
  MappingRow,
  MergeRow,
  OwnedIdentifier,
  ProfileRef,
  ProfileRow,
  SeparatedProfile
} from "../../src/identity/graph.ts"
import { collectionOf, type Identifier, type ProfileNo, type ProfileView } from "../../src/identity/model.ts"
import type { Collection } from "../../src/workspace/rules.ts"

const same = (a: Identifier, b: Identifier) => a.collection === b.collection && a.type === b.type && a.value === b.value

const compare = (a: string | number, b: string | number) => (a < b ? -1 : a > b ? 1 : 0)

interface Separation {
  readonly pair: readonly [ProfileNo, ProfileNo]
  readonly audit: string
  readonly since: number
}

export class GraphModel {
  profiles: Array<ProfileRow> = []
  mappings: Array<MappingRow> = []
  allMerges: Array<MergeRow> = []
  allLinks: Array<LinkRow> = []
  allSeparations: Array<Separation> = []
  /** Segment ids ever issued, of erased profiles, too. */
  readonly issued = new Map<ProfileNo, string>()

  apply(mutations: GraphMutations): void {
    this.profiles.push(...mutations.profiles)
    for (const { no, segmentId } of mutations.profiles) this.issued.set(no, segmentId)
    for (const operation of mutations.operations ?? []) this.operate(operation)
    this.mappings.push(...mutations.mappings)
    this.allMerges.push(...mutations.merges)
    this.allLinks.push(...mutations.links)
  }

  operate(operation: GraphOperation): void {
    const canonical = (no: ProfileNo) => this.canonical(no)
    switch (operation.kind) {
      case "unmap":
        this.mappings = this.mappings.filter((row) => !operation.identifiers.some((one) => same(one, row)))
        return
      case "remap":
        this.mappings = this.mappings.map((row) =>
          operation.identifiers.some((one) => same(one, row)) ? { ...row, profile: operation.to } : row
        )
        return
      case "unmerge":
        this.allMerges = this.allMerges.filter(({ from }) => from !== operation.from)
        return
      case "unlink":
        this.allLinks = this.allLinks.filter(
          (row) => !operation.links.some(({ user, account }) => row.user === user && row.account === account)
        )
        return
      case "separate": {
        const { a, b, audit, since } = operation
        this.allSeparations = this.allSeparations.filter(({ pair }) => !(pair.includes(a) && pair.includes(b)))
        this.allSeparations.push({ pair: [a, b], audit, since })
        return
      }
      case "lift": {
        const sides = [canonical(operation.a), canonical(operation.b)].sort(compare).join()
        this.allSeparations = this.allSeparations.filter(
          ({ pair }) => pair.map(canonical).sort(compare).join() !== sides
        )
        return
      }
      case "erase": {
        const gone = new Set(this.members(canonical(operation.profile)).map(({ no }) => no))
        this.profiles = this.profiles.filter(({ no }) => !gone.has(no))
        this.mappings = this.mappings.filter(({ profile }) => !gone.has(profile))
        this.allMerges = this.allMerges.filter(({ from }) => !gone.has(from))
        this.allLinks = this.allLinks.filter(({ user, account }) => !gone.has(user) && !gone.has(account))
        this.allSeparations = this.allSeparations.filter(({ pair }) => !pair.some((no) => gone.has(no)))
      }
    }
  }

  canonical(no: ProfileNo): ProfileNo {
    const merge = this.allMerges.find((row) => row.from === no)
    return merge === undefined ? no : this.canonical(merge.into)
  }

  members(no: ProfileNo): ReadonlyArray<ProfileRow> {
    return this.profiles.filter((row) => this.canonical(row.no) === no).sort((a, b) => a.no - b.no)
  }

  segmentId(no: ProfileNo): string {
    return this.issued.get(no)!
  }

  owner(identifier: Identifier): ProfileNo | undefined {
    const mapping = this.mappings.find((row) => same(row, identifier))
    return mapping === undefined ? undefined : this.canonical(mapping.profile)
  }

  view(no: ProfileNo): ProfileView {
    const mine = this.mappings.filter((row) => this.canonical(row.profile) === no)
    const added = new Map<string, Array<number>>()
    for (const { type, addedAt } of mine.sort((a, b) => a.addedAt - b.addedAt)) {
      added.set(type, [...(added.get(type) ?? []), addedAt])
    }
    const merges = this.members(no).length - 1
    const view = { no, segmentId: this.segmentId(no), merges, mappings: mine.length, added }
    const apart = [...new Set(this.separations(no).map((row) => row.no))].sort(compare)
    return apart.length === 0 ? view : { ...view, apart }
  }

  load(identifiers: ReadonlyArray<Identifier>, profiles: ReadonlyArray<ProfileNo>): Loaded {
    const owners = identifiers.map((identifier) => this.owner(identifier))
    const known = profiles.filter((no) => this.profiles.some((row) => row.no === no))
    const roots = new Set([...owners.filter((no) => no !== undefined), ...known.map((no) => this.canonical(no))])
    return { owners, profiles: [...roots].map((no) => this.view(no)) }
  }

  find(collection: Collection, ref: ProfileRef): FoundProfile | null {
    const start =
      "identifier" in ref
        ? this.owner(ref.identifier)
        : this.profiles.find((row) => ("no" in ref ? row.no === ref.no : row.segmentId === ref.segmentId))?.no
    if (start === undefined) return null
    const no = this.canonical(start)
    if (collectionOf(no) !== collection) return null
    const members = this.members(no).map((row) => ({ ...row, merged: row.no !== no }))
    return { no, segmentId: this.segmentId(no), collection, members }
  }

  externalIds(no: ProfileNo): ReadonlyArray<ExternalIdRow> {
    return this.mappings
      .filter((row) => this.canonical(row.profile) === no)
      .map((row) => ({ ...row, originSegmentId: this.segmentId(row.profile) }))
      .sort((a, b) => a.addedAt - b.addedAt || compare(a.type, b.type) || compare(a.value, b.value))
  }

  links(no: ProfileNo): ReadonlyArray<LinkedProfile> {
    const earliest = new Map<ProfileNo, LinkedProfile>()
    for (const { user, account, createdAt, position } of this.allLinks) {
      for (const [near, far] of [[user, account] as const, [account, user] as const]) {
        if (this.canonical(near) !== no) continue
        const other = this.canonical(far)
        const known = earliest.get(other)
        if (known !== undefined && (known.createdAt - createdAt || known.position - position) <= 0) continue
        earliest.set(other, { no: other, segmentId: this.segmentId(other), createdAt, position })
      }
    }
    return [...earliest.values()].sort((a, b) => a.createdAt - b.createdAt || a.position - b.position)
  }

  merges(no: ProfileNo): ReadonlyArray<MergeRow> {
    return this.allMerges
      .filter((row) => this.canonical(row.from) === no)
      .sort((a, b) => a.position - b.position || a.from - b.from)
  }

  separations(no: ProfileNo): ReadonlyArray<SeparatedProfile> {
    return this.allSeparations
      .flatMap(({ pair: [a, b], audit, since }) => {
        const [ra, rb] = [this.canonical(a), this.canonical(b)]
        const other = ra === no ? rb : rb === no ? ra : no
        return other === no ? [] : [{ no: other, segmentId: this.segmentId(other), audit, since }]
      })
      .sort((a, b) => a.since - b.since || a.no - b.no || compare(a.audit, b.audit))
  }

  /** Every active mapping, in no order. */
  owned(collection: Collection): ReadonlyArray<OwnedIdentifier> {
    return this.mappings
      .filter((row) => row.collection === collection)
      .map(({ type, value, profile }) => {
        const no = this.canonical(profile)
        return { type, value, no, segmentId: this.segmentId(no) }
      })
  }

  crowded(collection: Collection, atLeast: ReadonlyMap<string, number>, limit: number): ReadonlyArray<CrowdedProfile> {
    return this.canonicals()
      .filter((no) => collectionOf(no) === collection)
      .flatMap((no) =>
        [...this.view(no).added]
          .map(([type, times]) => ({ no, segmentId: this.segmentId(no), type, count: times.length }))
          .filter(({ type, count }) => count >= (atLeast.get(type) ?? Number.POSITIVE_INFINITY))
      )
      .sort((a, b) => b.count - a.count || a.no - b.no || compare(a.type, b.type))
      .slice(0, limit)
  }

  canonicals(): ReadonlyArray<ProfileNo> {
    return this.profiles.map(({ no }) => no).filter((no) => this.canonical(no) === no)
  }

  count(collection: Collection): number {
    return this.canonicals().filter((no) => collectionOf(no) === collection).length
  }
}

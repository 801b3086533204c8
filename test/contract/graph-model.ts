/**
 * The identity graph as nobody would build it: lists in memory, every answer by looking at all of them. What the
 * adapters are compared with.
 */
import type {
  ExternalIdRow,
  FoundProfile,
  GraphMutations,
  LinkedProfile,
  LinkRow,
  Loaded,
  MappingRow,
  MergeRow,
  ProfileRef,
  ProfileRow
} from "../../src/identity/graph.ts"
import { collectionOf, type Identifier, type ProfileNo, type ProfileView } from "../../src/identity/model.ts"
import type { Collection } from "../../src/workspace/rules.ts"

const same = (a: Identifier, b: Identifier) => a.collection === b.collection && a.type === b.type && a.value === b.value

const compare = (a: string | number, b: string | number) => (a < b ? -1 : a > b ? 1 : 0)

export class GraphModel {
  readonly profiles: Array<ProfileRow> = []
  readonly mappings: Array<MappingRow> = []
  readonly allMerges: Array<MergeRow> = []
  readonly allLinks: Array<LinkRow> = []

  apply(mutations: GraphMutations): void {
    this.profiles.push(...mutations.profiles)
    this.mappings.push(...mutations.mappings)
    this.allMerges.push(...mutations.merges)
    this.allLinks.push(...mutations.links)
  }

  canonical(no: ProfileNo): ProfileNo {
    const merge = this.allMerges.find((row) => row.from === no)
    return merge === undefined ? no : this.canonical(merge.into)
  }

  members(no: ProfileNo): ReadonlyArray<ProfileRow> {
    return this.profiles.filter((row) => this.canonical(row.no) === no).sort((a, b) => a.no - b.no)
  }

  segmentId(no: ProfileNo): string {
    return this.profiles.find((row) => row.no === no)!.segmentId
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
    return { no, segmentId: this.segmentId(no), merges: this.members(no).length - 1, mappings: mine.length, added }
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

  count(collection: Collection): number {
    return this.profiles.filter(({ no }) => collectionOf(no) === collection && this.canonical(no) === no).length
  }
}

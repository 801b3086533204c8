/** The graph as slow, obvious maps: what mutations do, and what a load finds. The model beside the real adapters. */
import type {
  GraphMutations,
  GraphOperation,
  LinkRow,
  Loaded,
  MappingRow,
  MergeRow,
  ProfileRow
} from "../../../src/identity/graph.ts"
import type { Identifier, ProfileNo, ProfileView } from "../../../src/identity/model.ts"

export const keyOf = ({ collection, type, value }: Identifier): string => `${collection}\n${type}\n${value}`

export class MemoryGraph {
  readonly profiles = new Map<ProfileNo, ProfileRow>()
  readonly mappings = new Map<string, MappingRow>()
  readonly merges: Array<MergeRow> = []
  readonly links: Array<LinkRow> = []

  readonly separations: Array<readonly [a: ProfileNo, b: ProfileNo]> = []

  apply({ profiles, mappings, merges, links, operations = [] }: GraphMutations): void {
    for (const row of profiles) {
      if (this.profiles.has(row.no)) throw new Error(`profile ${row.no} was created twice`)
      for (const known of this.profiles.values())
        if (known.segmentId === row.segmentId) throw new Error(`segment id ${row.segmentId} was issued twice`)
      this.profiles.set(row.no, row)
    }
    for (const operation of operations) this.operate(operation)
    for (const row of merges) {
      if (this.merges.some(({ from }) => from === row.from))
        throw new Error(`profile ${row.from} was merged away twice`)
      this.merges.push(row)
    }
    for (const row of mappings) {
      if (this.mappings.has(keyOf(row))) throw new Error(`${keyOf(row)} was mapped twice`)
      this.mappings.set(keyOf(row), row)
    }
    this.links.push(...links)
  }

  private operate(operation: GraphOperation): void {
    switch (operation.kind) {
      case "unmap":
        for (const identifier of operation.identifiers) this.mappings.delete(keyOf(identifier))
        return
      case "remap":
        for (const identifier of operation.identifiers) {
          const row = this.mappings.get(keyOf(identifier))!
          this.mappings.set(keyOf(identifier), { ...row, profile: operation.to })
        }
        return
      case "unmerge":
        this.merges.splice(
          this.merges.findIndex(({ from }) => from === operation.from),
          1
        )
        return
      case "unlink":
        for (const { user, account } of operation.links)
          for (let i = this.links.length - 1; i >= 0; i--)
            if (this.links[i]!.user === user && this.links[i]!.account === account) this.links.splice(i, 1)
        return
      case "separate":
        this.separations.push([operation.a, operation.b])
        return
      case "lift": {
        const [a, b] = [this.canonical(operation.a), this.canonical(operation.b)]
        for (let i = this.separations.length - 1; i >= 0; i--) {
          const pair = this.separations[i]!.map((no) => this.canonical(no))
          if (pair.includes(a) && pair.includes(b)) this.separations.splice(i, 1)
        }
      }
    }
  }

  apartFrom(no: ProfileNo): ReadonlyArray<ProfileNo> {
    const others = this.separations.flatMap(([a, b]) =>
      this.canonical(a) === no ? [this.canonical(b)] : this.canonical(b) === no ? [this.canonical(a)] : []
    )
    return [...new Set(others)].sort((a, b) => a - b)
  }

  canonical(no: ProfileNo): ProfileNo {
    const merge = this.merges.find(({ from }) => from === no)
    return merge === undefined ? no : this.canonical(merge.into)
  }

  segmentId(no: ProfileNo): string {
    return this.profiles.get(no)!.segmentId
  }

  view(no: ProfileNo): ProfileView {
    const members = [...this.profiles.keys()].filter((member) => this.canonical(member) === no)
    const added = new Map<string, Array<number>>()
    let mappings = 0
    for (const row of this.mappings.values()) {
      if (!members.includes(row.profile)) continue
      mappings++
      added.set(row.type, [...(added.get(row.type) ?? []), row.addedAt])
    }
    const apart = this.apartFrom(no)
    const view = { no, segmentId: this.segmentId(no), merges: members.length - 1, mappings, added }
    return apart.length === 0 ? view : { ...view, apart }
  }

  owner(identifier: Identifier): ProfileNo | undefined {
    const row = this.mappings.get(keyOf(identifier))
    return row === undefined ? undefined : this.canonical(row.profile)
  }

  load(request: {
    readonly identifiers: ReadonlyArray<Identifier>
    readonly profiles: ReadonlyArray<ProfileNo>
  }): Loaded {
    const owners = request.identifiers.map((identifier) => this.owner(identifier))
    const wanted = new Set([...owners, ...request.profiles.map((no) => this.canonical(no))])
    return { owners, profiles: [...wanted].filter((no) => no !== undefined).map((no) => this.view(no)) }
  }
}

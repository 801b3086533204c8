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

const remove = <A>(rows: Array<A>, is: (row: A) => boolean): void => {
  for (let i = rows.length - 1; i >= 0; i--) if (is(rows[i]!)) rows.splice(i, 1)
}

export class MemoryGraph {
  readonly profiles = new Map<ProfileNo, ProfileRow>()
  readonly mappings = new Map<string, MappingRow>()
  readonly merges: Array<MergeRow> = []
  readonly links: Array<LinkRow> = []

  readonly separations: Array<readonly [a: ProfileNo, b: ProfileNo]> = []
  /** Segment ids of erased profiles. */
  readonly tombstones = new Set<string>()

  apply({ profiles, mappings, merges, links, operations = [] }: GraphMutations): void {
    for (const row of profiles) {
      if (this.profiles.has(row.no)) throw new Error(`profile ${row.no} was created twice`)
      if (this.tombstones.has(row.segmentId)) throw new Error(`segment id ${row.segmentId} was issued before`)
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
          const row = this.mappings.get(keyOf(identifier))
          if (row !== undefined) this.mappings.set(keyOf(identifier), { ...row, profile: operation.to })
        }
        return
      case "unmerge":
        remove(this.merges, ({ from }) => from === operation.from)
        return
      case "unlink":
        for (const { user, account } of operation.links)
          remove(this.links, (link) => link.user === user && link.account === account)
        return
      case "separate":
        this.separations.push([operation.a, operation.b])
        return
      case "lift": {
        const [a, b] = [this.canonical(operation.a), this.canonical(operation.b)]
        remove(this.separations, ([x, y]) => {
          const [rx, ry] = [this.canonical(x), this.canonical(y)]
          return (rx === a && ry === b) || (rx === b && ry === a)
        })
        return
      }
      case "erase": {
        const root = this.canonical(operation.profile)
        const gone = new Set([...this.profiles.keys()].filter((no) => this.canonical(no) === root))
        for (const no of gone) {
          this.tombstones.add(this.segmentId(no))
          this.profiles.delete(no)
        }
        for (const [key, row] of this.mappings) if (gone.has(row.profile)) this.mappings.delete(key)
        remove(this.merges, ({ from }) => gone.has(from))
        remove(this.links, ({ user, account }) => gone.has(user) || gone.has(account))
        remove(this.separations, ([x, y]) => gone.has(x) || gone.has(y))
      }
    }
  }

  apartFrom(no: ProfileNo): ReadonlyArray<ProfileNo> {
    const others = this.separations.flatMap(([a, b]) =>
      this.canonical(a) === no ? [this.canonical(b)] : this.canonical(b) === no ? [this.canonical(a)] : []
    )
    return [...new Set(others)].filter((other) => other !== no).sort((a, b) => a - b)
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
    const wanted = new Set([
      ...owners,
      ...request.profiles.filter((no) => this.profiles.has(no)).map((no) => this.canonical(no))
    ])
    return { owners, profiles: [...wanted].filter((no) => no !== undefined).map((no) => this.view(no)) }
  }
}

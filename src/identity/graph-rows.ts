/** What both graph adapters do in Node, so that they cannot differ: names, keys, folding, orders. */
import type {
  ExternalIdRow,
  GraphId,
  GraphMutations,
  LinkRow,
  MergeRow,
  ProfileRef,
  SeparatedProfile
} from "./graph.ts"
import { type Identifier, type ProfileNo, type ProfileView, collectionOf } from "./model.ts"

/** Space id of a graph. Refuses what is no graph id: adapters put it into statements. */
export const spaceOf = (graph: GraphId): string => {
  const match = /^([A-Za-z0-9_-]{1,50})\.[0-9]{1,9}$/.exec(graph)
  if (match === null) throw new TypeError(`"${graph}" is no graph id (<space id>.<generation>)`)
  return match[1]!
}

/** The text whose hash is the identifier's key. */
export const identifierText = (identifier: Identifier): string =>
  `${identifier.collection}\n${identifier.type}\n${identifier.value}`

const segmentIdShape = /^[0-9A-Za-z_]{1,64}$/

/** What was asked for, by the way of looking it up; `o` = place in the request. Text that can be no segment id is left out. */
export const splitRefs = (refs: ReadonlyArray<ProfileRef>) => {
  const split = {
    segments: { ids: [] as Array<string>, o: [] as Array<number> },
    identifiers: { all: [] as Array<Identifier>, o: [] as Array<number> },
    numbers: { nos: [] as Array<ProfileNo>, o: [] as Array<number> }
  }
  refs.forEach((ref, o) => {
    if ("identifier" in ref) {
      split.identifiers.all.push(ref.identifier)
      split.identifiers.o.push(o)
    } else if ("no" in ref) {
      split.numbers.nos.push(ref.no)
      split.numbers.o.push(o)
    } else if (segmentIdShape.test(ref.segmentId)) {
      split.segments.ids.push(ref.segmentId)
      split.segments.o.push(o)
    }
  })
  return split
}

export const segmentIdsIn = (texts: ReadonlyArray<string>): ReadonlyArray<string> =>
  texts.filter((text) => segmentIdShape.test(text))

/** For each profile merged away: the profile that is canonical after all of the merges (y into x, x into z: both z). */
export const finalRoots = (merges: ReadonlyArray<MergeRow>): ReadonlyMap<ProfileNo, ProfileNo> => {
  const roots = new Map<ProfileNo, ProfileNo>()
  // Backwards: what a later merge did to `into` is known by then.
  for (const { from, into } of merges.toReversed()) roots.set(from, roots.get(into) ?? into)
  return roots
}

/** Of equal links the earliest (IDR-104). */
export const earliestLinks = (links: ReadonlyArray<LinkRow>): ReadonlyArray<LinkRow> => {
  if (links.length < 2) return links
  const earliest = new Map<string, LinkRow>()
  for (const link of links) {
    const key = `${link.user} ${link.account}`
    const known = earliest.get(key)
    if (known === undefined || comesBefore(link, known)) earliest.set(key, link)
  }
  return [...earliest.values()]
}

const comesBefore = (a: LinkRow, b: LinkRow): boolean =>
  a.createdAt < b.createdAt || (a.createdAt === b.createdAt && a.position < b.position)

/** By how much the numbers of canonical profiles change, apart from what operations do. */
export const countChanges = ({
  profiles,
  merges
}: Pick<GraphMutations, "profiles" | "merges">): { readonly users: number; readonly accounts: number } => {
  const changes = { users: 0, accounts: 0 }
  for (const { no } of profiles) changes[collectionOf(no)]++
  for (const { from } of merges) changes[collectionOf(from)]--
  return changes
}

/** `added` of a view from parallel lists. */
export const viewOf = (row: {
  readonly no: ProfileNo
  readonly segmentId: string
  readonly merges: number
  readonly types: ReadonlyArray<string>
  readonly added: ReadonlyArray<number>
  readonly apart?: ReadonlyArray<ProfileNo>
}): ProfileView => {
  const added = new Map<string, Array<number>>()
  row.types.forEach((type, at) => {
    const times = added.get(type)
    if (times === undefined) added.set(type, [row.added[at]!])
    else times.push(row.added[at]!)
  })
  for (const times of added.values()) if (times.length > 1) times.sort((a, b) => a - b)
  const { no, segmentId, merges, apart = [] } = row
  const view = { no, segmentId, merges, mappings: row.types.length, added }
  return apart.length === 0 ? view : { ...view, apart: [...apart].sort((a, b) => a - b) }
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

export const externalIdOrder = (a: ExternalIdRow, b: ExternalIdRow): number =>
  a.addedAt - b.addedAt || byText(a.type, b.type) || byText(a.value, b.value)

export const mergeOrder = (a: MergeRow, b: MergeRow): number => a.position - b.position || a.from - b.from

export const separationOrder = (a: SeparatedProfile, b: SeparatedProfile): number =>
  a.since - b.since || a.no - b.no || byText(a.audit, b.audit)

/** Rows of many requests as one list per request, in request order. */
export const listsOf = <Row, A>(
  length: number,
  rows: ReadonlyArray<Row>,
  place: (row: Row) => number,
  item: (row: Row) => A
): ReadonlyArray<Array<A>> => {
  const lists = Array.from({ length }, (): Array<A> => [])
  for (const row of rows) lists[place(row)]!.push(item(row))
  return lists
}

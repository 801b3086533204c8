/**
 * The ways of a cluster's identifiers, from the profile that holds them to the one that would (IDR-191): one strand for each type
 * and pair of profiles. Counts are exact, and a small cluster names all of its identifiers; a large one names a few of each strand.
 */
export interface Strand {
  readonly type: string
  /** Segment ids; null: on no profile on that side. */
  readonly before: string | null
  readonly after: string | null
  readonly count: number
  /** Some of the identifiers. */
  readonly ids: ReadonlyArray<string>
}

/** The largest strands of a cluster are kept. */
const mostStrands = 60
const namedOfSmall = 24
const namedOfEach = 3

/** Identifiers between the same two profiles, while they are counted. */
export class Way {
  private readonly named: Array<{ readonly type: string; readonly id: string }> = []
  private unnamed: Map<string, number> | undefined

  add(type: string, id: string): void {
    if (this.named.length < namedOfSmall) this.named.push({ type, id })
    else (this.unnamed ??= new Map()).set(type, (this.unnamed.get(type) ?? 0) + 1)
  }

  strands(before: string | null, after: string | null): ReadonlyArray<Strand> {
    const ids = Map.groupBy(this.named, ({ type }) => type)
    const types = new Set([...ids.keys(), ...(this.unnamed?.keys() ?? [])])
    return [...types].map((type) => {
      const named = (ids.get(type) ?? []).map(({ id }) => id)
      return { type, before, after, count: named.length + (this.unnamed?.get(type) ?? 0), ids: named }
    })
  }
}

const textOf = ({ before, after, type }: Strand) => `${before ?? ""} ${after ?? ""} ${type}`

/** Of one cluster, the largest first. */
export const boundedStrands = (strands: ReadonlyArray<Strand>): ReadonlyArray<Strand> => {
  const all = strands.reduce((sum, { count }) => sum + count, 0)
  const named = all <= namedOfSmall ? namedOfSmall : namedOfEach
  return strands
    .toSorted((a, b) => b.count - a.count || (textOf(a) < textOf(b) ? -1 : 1))
    .slice(0, mostStrands)
    .map((strand) => (strand.ids.length <= named ? strand : { ...strand, ids: strand.ids.slice(0, named) }))
}

/**
 * The picture of a cluster before and after: profiles are boxes, each identifier is a thread from the box that holds it to the one
 * that would. A small cluster has a row for every identifier, a large one for every bundle of them (`ClusterStrand`). Boxes and
 * rows are ordered so that threads cross little; the same cluster gives the same picture. Pure; see test/console/what-if.test.ts.
 */
export interface StrandLike {
  readonly type: string
  readonly before: string | null
  readonly after: string | null
  readonly count: number
  readonly identifiers: ReadonlyArray<{ readonly id: string }>
}

export interface PlacedRow {
  readonly key: string
  readonly type: string
  readonly text: string
  /** Middle. */
  readonly y: number
}

export interface PlacedBox {
  readonly key: string
  /** Null: identifiers that no profile has. */
  readonly profile: string | null
  /** Instead of one profile: so many that have no box of their own. */
  readonly others: number
  readonly y: number
  readonly height: number
  readonly rows: ReadonlyArray<PlacedRow>
}

export interface PlacedThread {
  readonly key: string
  readonly type: string
  readonly count: number
  readonly from: number
  readonly to: number
}

export interface StrandPicture {
  readonly before: ReadonlyArray<PlacedBox>
  readonly after: ReadonlyArray<PlacedBox>
  readonly threads: ReadonlyArray<PlacedThread>
  readonly height: number
  /** One row is several identifiers. */
  readonly bundled: boolean
  /** Identifiers that are in no row. */
  readonly rest: number
}

interface Row {
  readonly key: string
  readonly type: string
  readonly text: string
  readonly count: number
  readonly before: string | null
  readonly after: string | null
}

type Side = "before" | "after"

/** More rows are no picture: the smaller ones go to one box for all other profiles. */
const mostRows = 14
const namedInBundle = 3
const rowHeight = 26
const titleHeight = 26
const padding = 6
const gap = 12
const nowhere = ""
const elsewhere = "*"

/** The largest strands as they are; all others between the profiles that have a box, and the rest of them. */
const withFewBoxes = (strands: ReadonlyArray<StrandLike>): ReadonlyArray<StrandLike> => {
  if (strands.length <= mostRows) return strands
  const kept = strands.slice(0, mostRows - 2)
  const boxes = { before: new Set(kept.map(({ before }) => before)), after: new Set(kept.map(({ after }) => after)) }
  const boxOf = (side: Side, profile: string | null) =>
    profile === null || boxes[side].has(profile) ? profile : elsewhere
  const others = new Map<string, StrandLike>()
  for (const { type, count, identifiers, ...ends } of strands.slice(kept.length)) {
    const [before, after] = [boxOf("before", ends.before), boxOf("after", ends.after)]
    const key = `${type} ${before} ${after}`
    const known = others.get(key)
    others.set(key, {
      type,
      before,
      after,
      count: count + (known?.count ?? 0),
      identifiers: [...(known?.identifiers ?? []), ...identifiers].slice(0, namedInBundle)
    })
  }
  return [...kept, ...others.values()]
}

const rowsOf = (strands: ReadonlyArray<StrandLike>, bundled: boolean): ReadonlyArray<Row> =>
  strands.flatMap(({ type, before, after, count, identifiers }) => {
    const key = `${before ?? nowhere} ${after ?? nowhere} ${type}`
    const names = identifiers.map(({ id }) => id)
    // Numbered: masked values may look the same.
    if (!bundled) return names.map((id, i) => ({ key: `${key} ${i}`, type, text: id, count: 1, before, after }))
    const text = names.length === count ? names.join(", ") : `${names.join(", ")} and ${count - names.length} more`
    return [{ key, type, text, count, before, after }]
  })

/** Boxes that are no profile come last. */
const lastOf = (profile: string) => (profile === nowhere ? 2 : profile === elsewhere ? 1 : 0)

/** Boxes of a side with their rows, in order of `placeOf`: where a row is on the other side. */
const boxesOf = (rows: ReadonlyArray<Row>, side: Side, placeOf: (row: Row) => number) => {
  const groups = [...Map.groupBy(rows, (row) => row[side] ?? nowhere)]
  const mean = (own: ReadonlyArray<Row>) => own.reduce((sum, row) => sum + placeOf(row), 0) / own.length
  return groups
    .map(([profile, own]) => ({ profile, own: own.toSorted((a, b) => placeOf(a) - placeOf(b)), at: mean(own) }))
    .toSorted((a, b) => lastOf(a.profile) - lastOf(b.profile) || a.at - b.at || (a.profile < b.profile ? -1 : 1))
}

type Boxes = ReturnType<typeof boxesOf>

const placesIn = (boxes: Boxes): ReadonlyMap<string, number> =>
  new Map(boxes.flatMap(({ own }) => own).map(({ key }, i) => [key, i]))

const boxHeight = (rows: number) => titleHeight + rows * rowHeight + padding

const heightOf = (boxes: Boxes): number =>
  boxes.reduce((sum, { own }) => sum + boxHeight(own.length), 0) + gap * Math.max(0, boxes.length - 1)

/** In the middle of the height. */
const placeSide = (side: Side, boxes: Boxes, height: number, profiles: number): ReadonlyArray<PlacedBox> => {
  let y = (height - heightOf(boxes)) / 2
  const boxed = boxes.filter(({ profile }) => profile !== elsewhere && profile !== nowhere).length
  return boxes.map(({ profile, own }) => {
    const box = {
      key: `${side} ${profile}`,
      profile: profile === nowhere || profile === elsewhere ? null : profile,
      others: profile === elsewhere ? Math.max(1, profiles - boxed) : 0,
      y,
      height: boxHeight(own.length),
      rows: own.map(({ key, type, text }, i) => ({ key, type, text, y: y + titleHeight + (i + 0.5) * rowHeight }))
    }
    y += box.height + gap
    return box
  })
}

const middles = (boxes: ReadonlyArray<PlacedBox>): ReadonlyMap<string, number> =>
  new Map(boxes.flatMap(({ rows }) => rows).map(({ key, y }) => [key, y]))

const along = (places: ReadonlyMap<string, number>) => (row: Row) => places.get(row.key)!

export interface ClusterLike {
  /** The largest first. */
  readonly strands: ReadonlyArray<StrandLike>
  readonly identifierCount: number
  /** Segment ids. */
  readonly before: ReadonlyArray<string>
  readonly after: ReadonlyArray<string>
}

export const placeStrands = (cluster: ClusterLike): StrandPicture => {
  const shown = cluster.strands.reduce((sum, { count }) => sum + count, 0)
  const strands = withFewBoxes(cluster.strands)
  const bundled = strands.some(({ count, identifiers }) => identifiers.length < count)
  const rows = rowsOf(strands, bundled)
  // The left side twice: its first order knows nothing of the right one.
  const first = boxesOf(rows, "before", along(new Map(rows.map(({ key }, i) => [key, i]))))
  const right = boxesOf(rows, "after", along(placesIn(first)))
  const left = boxesOf(rows, "before", along(placesIn(right)))
  const height = Math.max(heightOf(left), heightOf(right))
  const before = placeSide("before", left, height, cluster.before.length)
  const after = placeSide("after", right, height, cluster.after.length)
  const [from, to] = [middles(before), middles(after)]
  return {
    before,
    after,
    threads: rows.map(({ key, type, count }) => ({ key, type, count, from: from.get(key)!, to: to.get(key)! })),
    height,
    bundled,
    rest: Math.max(0, cluster.identifierCount - shown)
  }
}

/** For people who cannot see it. */
export const strandSentence = (before: number, after: number, identifiers: number): string =>
  `${identifiers} ${identifiers === 1 ? "identifier" : "identifiers"} on ${before} ${before === 1 ? "profile" : "profiles"} now, on ${after} with these rules`

/**
 * The identity graph as threads: rows are identifiers, columns are the events that linked them, a profile is the region that
 * its rows fill. Deterministic, no solver, O(identifiers + links): nothing moves when an event is added, so two people see the
 * same picture and a link to a stitch stays valid. Pure: from what the service tells to coordinates; see test/console/threads.test.ts.
 */
export interface ThreadRow {
  readonly row: number
  readonly type: string
  readonly id: string
  /** Column that brought it; null: before the picture begins. */
  readonly column: number | null
  readonly merges: number
}

export interface ThreadStitch {
  readonly row: number
  readonly mode: "NEW" | "MATCHED" | "OUT"
}

export interface ThreadEvent {
  readonly column: number
  readonly kind: "CREATE" | "ADD" | "MERGE" | "NONE" | "OPERATION"
  readonly on: ReadonlyArray<ThreadStitch>
}

export interface ThreadArea {
  readonly segmentId: string
  readonly firstRow: number
  readonly lastRow: number
  readonly until: number | null
}

export interface ThreadsInput {
  readonly threads: ReadonlyArray<ThreadRow>
  readonly columns: ReadonlyArray<ThreadEvent>
  readonly regions: ReadonlyArray<ThreadArea>
}

/** Few identifiers have room for words; many are lines. */
export type Density = "words" | "values" | "lines"

export interface Geometry {
  readonly density: Density
  readonly width: number
  readonly height: number
  readonly rowHeight: number
  readonly columnWidth: number
  /** Room for the names of rows. */
  readonly left: number
  /** Room for the heads of columns. */
  readonly top: number
  /** Radius of a knot. */
  readonly knot: number
  readonly right: number
}

export interface Placed {
  readonly geometry: Geometry
  /** Middle of each row and column. */
  readonly y: ReadonlyArray<number>
  readonly x: ReadonlyArray<number>
  /** Where each thread begins. */
  readonly begins: ReadonlyArray<number>
  readonly regions: ReadonlyArray<PlacedRegion>
}

export interface PlacedRegion {
  readonly segmentId: string
  readonly path: string
  readonly merged: boolean
  readonly nameAt: { readonly x: number; readonly y: number }
}

const clamp = (value: number, min: number, max: number) => Math.max(min, Math.min(max, value))

/** `zoom` 1 fits the picture into the room as far as that stays readable. */
export const geometryOf = (
  rows: number,
  columns: number,
  room: { readonly width: number; readonly height: number },
  zoom = 1
): Geometry => {
  const density: Density = rows <= 12 && columns <= 12 ? "words" : rows <= 60 ? "values" : "lines"
  const left = density === "words" ? 176 : 190
  const top = density === "words" ? 78 : 36
  const right = 12
  const bottom = density === "words" ? 16 : 6
  const fitRow = (room.height - top - bottom) / Math.max(1, rows)
  const fitColumn = (room.width - left - right) / Math.max(1, columns)
  const rowHeight =
    zoom * (density === "words" ? clamp(fitRow, 44, 70) : density === "values" ? clamp(fitRow, 12, 24) : 12)
  const columnWidth = zoom * (density === "words" ? clamp(fitColumn, 92, 200) : clamp(fitColumn, 9, 40))
  return {
    density,
    rowHeight,
    columnWidth,
    left,
    top,
    right,
    knot: density === "words" ? 6 : clamp(rowHeight / 4, 2.6, 4),
    width: Math.max(room.width, left + columnWidth * columns + right),
    height: top + rowHeight * rows + bottom
  }
}

/**
 * The region that holds each row in a column: the innermost that has not ended. Regions come with the profile itself first and
 * contain the rows of what was merged into them, so later ones are further in, or elsewhere.
 */
const holderOf = (row: number, column: number, regions: ReadonlyArray<ThreadArea>): number => {
  let holder = -1
  let size = Number.POSITIVE_INFINITY
  for (const [i, { firstRow, lastRow, until }] of regions.entries()) {
    if (row < firstRow || row > lastRow || (until !== null && until <= column)) continue
    if (lastRow - firstRow < size) {
      holder = i
      size = lastRow - firstRow
    }
  }
  return holder
}

/** First and last row of a region in a column; null: it has none there. */
export type Span = readonly [first: number, last: number] | null

/** The rows of every region in every column. The rows of one are contiguous: a region is one shape. */
export const spansOf = ({ threads, columns, regions }: ThreadsInput): ReadonlyArray<ReadonlyArray<Span>> => {
  const spans: Array<Array<[number, number] | null>> = regions.map(() => columns.map(() => null))
  // A row changes its holder only where it begins and where a region around it ends.
  const ends = [...new Set(regions.flatMap(({ until }) => (until === null ? [] : [until])))].sort((a, b) => a - b)
  for (const { row, column } of threads) {
    let from = Math.max(0, column ?? 0)
    for (const end of [...ends.filter((each) => each > from), columns.length]) {
      const holder = holderOf(row, from, regions)
      const own = spans[holder]
      if (own !== undefined)
        for (let c = from; c < end; c++) {
          const span = own[c]
          if (span === null || span === undefined) own[c] = [row, row]
          else {
            span[0] = Math.min(span[0], row)
            span[1] = Math.max(span[1], row)
          }
        }
      from = end
    }
  }
  return spans
}

const round = (value: number) => Math.round(value * 10) / 10

const regionPath = (
  spans: ReadonlyArray<Span>,
  { geometry, x, y }: Pick<Placed, "geometry" | "x" | "y">,
  until: number | null
): Pick<PlacedRegion, "path" | "nameAt"> | undefined => {
  const start = spans.findIndex((span) => span !== null)
  if (start === -1) return undefined
  const { columnWidth, rowHeight, knot, width, right } = geometry
  const pad = Math.min(rowHeight / 2 - 1, 28)
  // Before the first knot, and between two columns after it.
  const edge = (column: number) =>
    column === start ? x[column]! - Math.min(columnWidth * 0.32, 22) : x[column]! - columnWidth / 2
  const end = until === null ? width - right : (x[until] ?? width) - knot - 5
  const last = until === null ? spans.length : Math.min(until, spans.length)
  const parts: Array<{ readonly at: number; readonly span: readonly [number, number] }> = []
  for (let c = start; c < last; c++) {
    const span = spans[c]
    if (span === null || span === undefined) continue
    const previous = parts.at(-1)?.span
    if (previous === undefined || previous[0] !== span[0] || previous[1] !== span[1]) parts.push({ at: edge(c), span })
  }
  const topOf = ([first]: readonly [number, number]) => round(y[first]! - pad)
  const bottomOf = ([, lastRow]: readonly [number, number]) => round(y[lastRow]! + pad)
  const [head] = parts
  if (head === undefined) return undefined
  let path = `M${round(head.at)} ${topOf(head.span)}`
  for (const { at, span } of parts.slice(1)) path += `H${round(at)}V${topOf(span)}`
  path += `H${round(end)}V${bottomOf(parts.at(-1)!.span)}`
  for (let i = parts.length - 1; i > 0; i--) path += `H${round(parts[i]!.at)}V${bottomOf(parts[i - 1]!.span)}`
  return { path: `${path}H${round(head.at)}Z`, nameAt: { x: head.at + 8, y: topOf(head.span) + 14 } }
}

export const place = (input: ThreadsInput, geometry: Geometry): Placed => {
  const { threads, columns, regions } = input
  const { left, top, rowHeight, columnWidth } = geometry
  const y = threads.map((_, i) => top + rowHeight * (i + 0.5))
  const x = columns.map((_, i) => left + columnWidth * (i + 0.5))
  const begins = threads.map(({ column }) => (column === null ? left : (x[column] ?? left)))
  const spans = spansOf(input)
  const placed = regions.flatMap((region, i): Array<PlacedRegion> => {
    const shape = regionPath(spans[i]!, { geometry, x, y }, region.until)
    return shape === undefined ? [] : [{ segmentId: region.segmentId, merged: region.until !== null, ...shape }]
  })
  return { geometry, x, y, begins, regions: placed }
}

/** Values of each type on the profile that a row of `column` belongs to, after the column: what counts against the limits. */
export const countsAfter = (input: ThreadsInput, column: number): ReadonlyMap<string, number> => {
  const { threads, columns, regions } = input
  const rows = columns[column]?.on.filter(({ mode }) => mode !== "OUT").map(({ row }) => row) ?? []
  const holder = rows.length === 0 ? 0 : holderOf(rows[0]!, column, regions)
  const counts = new Map<string, number>()
  for (const thread of threads)
    if ((thread.column ?? -1) <= column && holderOf(thread.row, column, regions) === holder)
      counts.set(thread.type, (counts.get(thread.type) ?? 0) + 1)
  return counts
}

/** The first kept place at or after the old one. */
const atOrAfter = (places: ReadonlyArray<number>, old: number): number => {
  const found = places.findIndex((each) => each >= old)
  return found === -1 ? places.length : found
}

/**
 * More than can be drawn: keeps the threads that carried merges or were asked for, and the columns that they are on.
 * Rows and columns are numbered anew, in the old order.
 */
export const reduce = <Row extends ThreadRow, Event extends ThreadEvent, Area extends ThreadArea>(
  input: {
    readonly threads: ReadonlyArray<Row>
    readonly columns: ReadonlyArray<Event>
    readonly regions: ReadonlyArray<Area>
  },
  keep: (row: Row) => boolean
): {
  readonly threads: ReadonlyArray<Row>
  readonly columns: ReadonlyArray<Event>
  readonly regions: ReadonlyArray<Area>
} => {
  const kept = input.threads.filter(keep)
  const rowAt = new Map(kept.map(({ row }, i) => [row, i]))
  const columns = input.columns.filter(({ on }) => on.some(({ row }) => rowAt.has(row)))
  const columnAt = new Map(columns.map(({ column }, i) => [column, i]))
  const oldRows = kept.map(({ row }) => row)
  const oldColumns = columns.map(({ column }) => column)
  return {
    threads: kept.map((thread, i) => ({
      ...thread,
      row: i,
      column: thread.column === null ? null : (columnAt.get(thread.column) ?? null)
    })),
    columns: columns.map((event, i) => ({
      ...event,
      column: i,
      on: event.on.flatMap((stitch) => {
        const row = rowAt.get(stitch.row)
        return row === undefined ? [] : [{ ...stitch, row }]
      })
    })),
    regions: input.regions.map((region) => ({
      ...region,
      firstRow: atOrAfter(oldRows, region.firstRow),
      lastRow: atOrAfter(oldRows, region.lastRow + 1) - 1,
      until: region.until === null ? null : atOrAfter(oldColumns, region.until)
    }))
  }
}

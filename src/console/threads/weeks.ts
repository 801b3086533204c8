/**
 * A profile with more identifiers than rows can show, week by week: merges, identifiers first seen by type, and the threads that
 * carried merges. Pure: from what the service tells to places; see test/console/threads.test.ts.
 */
interface ThreadLike {
  readonly row: number
  readonly type: string
  readonly id: string
  readonly addedAt: string
  readonly merges: number
}

interface ColumnLike {
  readonly kind: string
  readonly at: string
  readonly on: ReadonlyArray<{ readonly row: number; readonly mode: string }>
}

interface WeekLike {
  readonly from: string
  readonly merges: number
  readonly identifiers: ReadonlyArray<{ readonly type: string; readonly count: number }>
}

export interface WeeksInput {
  readonly threads: ReadonlyArray<ThreadLike>
  readonly columns: ReadonlyArray<ColumnLike>
  readonly weeks: ReadonlyArray<WeekLike>
}

export interface TypeBand {
  readonly type: string
  readonly count: number
  /** First seen in each week. */
  readonly weeks: ReadonlyArray<number>
}

export interface Carrier {
  readonly row: number
  readonly type: string
  readonly id: string
  readonly merges: number
  /** The week that it was first seen in. */
  readonly from: number
  /** Merges that it was evidence of, in each week. */
  readonly weeks: ReadonlyArray<number>
}

export interface WeekBands {
  /** Mondays, ms. */
  readonly weeks: ReadonlyArray<number>
  readonly merges: ReadonlyArray<number>
  /** The most telling types first: few values before many. */
  readonly types: ReadonlyArray<TypeBand>
  /** Those of the most merges first. */
  readonly carriers: ReadonlyArray<Carrier>
}

const weekMs = 7 * 86_400_000
/** 1970-01-05 was a Monday. */
const mondayMs = 4 * 86_400_000
/** More weeks than that would be hairlines: several are one then. */
const mostWeeks = 80
const mostCarriers = 6

const mondayOf = (at: number): number => Math.floor((at - mondayMs) / weekMs) * weekMs + mondayMs

const sum = (values: ReadonlyArray<number>) => values.reduce((a, b) => a + b, 0)

export const bandsOf = ({ threads, columns, weeks }: WeeksInput): WeekBands => {
  const starts = weeks.map(({ from }) => Date.parse(from))
  const first = Math.min(...starts)
  const spanned = Math.round((Math.max(...starts) - first) / weekMs) + 1
  const each = Math.ceil(spanned / mostWeeks)
  const count = Math.max(1, Math.ceil(spanned / each))
  const place = (at: number) => Math.min(count - 1, Math.max(0, Math.floor((mondayOf(at) - first) / (each * weekMs))))
  const empty = () => Array.from({ length: count }, () => 0)
  const merges = empty()
  const types = new Map<string, Array<number>>()
  for (const { from, merges: merged, identifiers } of weeks) {
    const at = place(Date.parse(from))
    merges[at]! += merged
    for (const { type, count: came } of identifiers) {
      let band = types.get(type)
      if (band === undefined) types.set(type, (band = empty()))
      band[at]! += came
    }
  }
  const carriers = threads
    .filter((thread) => thread.merges > 0)
    .toSorted((a, b) => b.merges - a.merges || a.row - b.row)
    .slice(0, mostCarriers)
    .map(({ row, type, id, merges: carried, addedAt }) => ({
      row,
      type,
      id,
      merges: carried,
      from: place(Date.parse(addedAt)),
      weeks: empty()
    }))
  const byRow = new Map(carriers.map((carrier) => [carrier.row, carrier]))
  for (const { kind, at, on } of columns)
    if (kind === "MERGE")
      for (const { row, mode } of on) {
        const carrier = mode === "MATCHED" ? byRow.get(row) : undefined
        if (carrier !== undefined) carrier.weeks[place(Date.parse(at))]! += 1
      }
  return {
    weeks: Array.from({ length: count }, (_, i) => first + i * each * weekMs),
    merges,
    types: [...types]
      .map(([type, values]) => ({ type, count: sum(values), weeks: values }))
      .sort((a, b) => a.count - b.count),
    carriers
  }
}

/** One identifier that was on the events of most merges; undefined: none stands out. */
export const culprit = ({ carriers }: WeekBands, mergeCount: number): Carrier | undefined => {
  const [most] = carriers
  return most !== undefined && most.merges >= 5 && most.merges >= mergeCount / 2 ? most : undefined
}

/** `type:anonymous_id`, or `week:` with its Monday: the part of a large profile that is drawn in rows. */
export const partOf = (text: string | undefined): ((thread: ThreadLike) => boolean) | undefined => {
  if (text === undefined) return undefined
  const colon = text.indexOf(":")
  const value = text.slice(colon + 1)
  switch (text.slice(0, colon)) {
    case "type":
      return ({ type }) => type === value
    case "week": {
      const from = Date.parse(value)
      return Number.isNaN(from) ? undefined : ({ addedAt }) => mondayOf(Date.parse(addedAt)) === mondayOf(from)
    }
    default:
      return undefined
  }
}

/**
 * Pages of lists (ADM-16). A cursor names the list and the first entry of its page by a key that only grows, so pages stay what
 * they were when entries are added or removed before them.
 */
import { Schema } from "effect"
import { invalid, type PublicApiProblem } from "./problem.ts"

const standardCount = 200

/** The query parameter of every list. */
export const pagination = Schema.optionalKey(
  Schema.Struct({
    count: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1000 }))),
    cursor: Schema.optionalKey(Schema.String)
  })
)

export type Pagination = { readonly count?: number; readonly cursor?: string } | undefined

/** What every list answers beside its entries. */
export const paginated = Schema.Struct({
  current: Schema.String,
  next: Schema.NullOr(Schema.String),
  previous: Schema.NullOr(Schema.String),
  totalEntries: Schema.optionalKey(Schema.Int)
})

const cursorOf = (list: string, key: string): string => Buffer.from(`${list}:${key}`).toString("base64")

const badCursor = (): PublicApiProblem =>
  invalid([{ field: "pagination.cursor", message: `"pagination.cursor" is no cursor of this list` }])

/** The key in a cursor; undefined: the first page. Throws for a cursor of another list. */
const keyIn = (list: string, cursor: string | undefined): string | undefined => {
  if (cursor === undefined || cursor === "") return undefined
  const text = Buffer.from(cursor, "base64").toString()
  if (!text.startsWith(`${list}:`)) throw badCursor()
  return text === `${list}:` ? undefined : text.slice(list.length + 1)
}

/** For a list in memory, in the order of `keyOf`, which no two entries share. Throws what is wrong with the cursor. */
export const pageOf = <A>(
  list: string,
  all: ReadonlyArray<A>,
  keyOf: (entry: A) => number | string,
  asked: Pagination
) => {
  const count = asked?.count ?? standardCount
  const key = keyIn(list, asked?.cursor)
  const numeric = all.length > 0 && typeof keyOf(all[0]!) === "number"
  if (key !== undefined && numeric && !/^-?\d+(\.\d+)?$/.test(key)) throw badCursor()
  const from = key === undefined ? 0 : all.findIndex((entry) => keyOf(entry) >= (numeric ? Number(key) : key))
  const start = from === -1 ? all.length : from
  const entries = all.slice(start, start + count)
  const after = all[start + count]
  const before = start === 0 ? undefined : all[Math.max(0, start - count)]
  return {
    entries,
    pagination: {
      current: cursorOf(list, key ?? (entries[0] === undefined ? "" : String(keyOf(entries[0])))),
      next: after === undefined ? null : cursorOf(list, String(keyOf(after))),
      previous: before === undefined ? null : cursorOf(list, String(keyOf(before))),
      totalEntries: all.length
    }
  }
}

/**
 * For a list that the database gives newest first, by a number that grows: `read` one more than `count` from `from` on, and where
 * there is a page before, the next newer `count` to find where it begins. Throws what is wrong with the cursor.
 */
export const newestFirst = (list: string, asked: Pagination) => {
  const key = keyIn(list, asked?.cursor)
  if (key !== undefined && !/^\d{1,15}$/.test(key)) throw badCursor()
  const count = asked?.count ?? standardCount
  const from = key === undefined ? undefined : Number(key)
  return {
    count,
    from,
    pageOf: <A extends { readonly n: number }>(read: ReadonlyArray<A>, newer: ReadonlyArray<A>) => {
      const after = read[count]
      const before = newer.at(-1)
      return {
        entries: read.slice(0, count),
        pagination: {
          current: cursorOf(list, key ?? ""),
          next: after === undefined ? null : cursorOf(list, String(after.n)),
          previous: before === undefined ? null : cursorOf(list, String(before.n))
        }
      }
    }
  }
}

export interface Offset {
  readonly offset: number
  readonly count: number
}

/** For a list that the database pages by offset. Throws what is wrong with the cursor. */
export const offsetOf = (list: string, asked: Pagination): Offset => {
  const key = keyIn(list, asked?.cursor)
  if (key !== undefined && !/^\d{1,12}$/.test(key)) throw badCursor()
  return { offset: key === undefined ? 0 : Number(key), count: asked?.count ?? standardCount }
}

export const offsetPagination = (list: string, { offset, count }: Offset, total: number) => ({
  current: cursorOf(list, String(offset)),
  next: offset + count < total ? cursorOf(list, String(offset + count)) : null,
  previous: offset === 0 ? null : cursorOf(list, String(Math.max(0, offset - count))),
  totalEntries: total
})

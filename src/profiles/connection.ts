/** Relay connections over lists that are in memory, and the arguments that all connections share (PRO-61). */
import { graphqlError } from "./graphql-errors.ts"
import { defaultPage } from "./graphql-limits.ts"

export interface PageArguments {
  readonly first?: number | null
  readonly after?: string | null
  readonly last?: number | null
  readonly before?: string | null
}

/** Which part of an ordered list: behind `after`, before `before`, `limit` items from the front or from the back. */
export interface Window<C> {
  readonly backward: boolean
  readonly limit: number
  readonly after: C | null
  readonly before: C | null
}

export interface Connection<T> {
  readonly edges: ReadonlyArray<{ readonly cursor: string; readonly node: T }>
  readonly pageInfo: {
    readonly hasNextPage: boolean
    readonly hasPreviousPage: boolean
    readonly startCursor: string | null
    readonly endCursor: string | null
  }
  readonly totalCount?: number
}

const refused = (message: string) => graphqlError("VALIDATION_FAILED", message)

export const windowOf = <C>(
  { first, after, last, before }: PageArguments,
  decode: (cursor: string) => C | undefined,
  max = 100
): Window<C> => {
  if (typeof first === "number" && typeof last === "number") throw refused("Give `first` or `last`, not both.")
  const limit = first ?? last ?? defaultPage
  if (limit < 1 || limit > max) throw refused(`\`first\` and \`last\` are from 1 to ${max}.`)
  const cursor = (text: string | null | undefined): C | null => {
    if (text === null || text === undefined) return null
    const decoded = decode(text)
    if (decoded === undefined) throw refused("The cursor is not one of this list.")
    return decoded
  }
  return { backward: typeof last === "number", limit, after: cursor(after), before: cursor(before) }
}

export const connectionOf = <T>(
  nodes: ReadonlyArray<T>,
  encode: (node: T) => string,
  hasPreviousPage: boolean,
  hasNextPage: boolean,
  totalCount?: number
): Connection<T> => {
  const edges = nodes.map((node) => ({ cursor: encode(node), node }))
  return {
    edges,
    pageInfo: {
      hasNextPage,
      hasPreviousPage,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null
    },
    ...(totalCount === undefined ? undefined : { totalCount })
  }
}

/** A page of a list sorted by `compare`, which also places a cursor among the items. */
export const pageOfList = <T extends C, C>(
  list: ReadonlyArray<T>,
  window: Window<C>,
  compare: (a: C, b: C) => number,
  encode: (node: T) => string
): Connection<T> => {
  const { after, before, backward, limit } = window
  const inside = (item: T) =>
    (after === null || compare(item, after) > 0) && (before === null || compare(item, before) < 0)
  const from = list.findIndex(inside)
  const found = list.filter(inside)
  const page = backward ? found.slice(-limit) : found.slice(0, limit)
  const start = backward ? from + found.length - page.length : from
  return connectionOf(
    page,
    encode,
    page.length > 0 && start > 0,
    page.length > 0 && start + page.length < list.length,
    list.length
  )
}

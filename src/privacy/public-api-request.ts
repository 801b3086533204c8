/** How the Public API is spoken (ADM-12 to ADM-16): envelope, query parameters in all spellings, pages. */
import { Data } from "effect"

/** Served below this path (ADM-10). */
export const basePath = "/public-api"

export interface ApiError {
  readonly type: string
  readonly message: string
  readonly field?: string
}

/** The request is answered with these errors. */
export class PublicApiProblem extends Data.TaggedError("PublicApiProblem")<{
  readonly status: number
  readonly errors: ReadonlyArray<ApiError>
  readonly headers?: Readonly<Record<string, string>>
}> {
  override get message() {
    return this.errors.map(({ message }) => message).join(" ")
  }
}

export const problem = (status: number, type: string, message: string, headers?: Readonly<Record<string, string>>) =>
  new PublicApiProblem({ status, errors: [{ type, message }], ...(headers === undefined ? undefined : { headers }) })

export const invalid = (problems: ReadonlyArray<{ readonly field: string; readonly message: string }>) =>
  new PublicApiProblem({
    status: 422,
    errors: problems.map(({ field, message }) => ({ type: "input-validation", field, message }))
  })

export const notFound = (what: string) => problem(404, "not-found", `There is no ${what}.`)

/** `pagination[count]`, `pagination.count`. */
const names = (name: string): ReadonlyArray<string> => {
  const [group, member] = name.split(".")
  return member === undefined ? [name] : [`${group}[${member}]`, name]
}

/** Query parameters: indices, repeated keys and comma lists for lists. */
export class PublicQuery {
  readonly #parameters: URLSearchParams

  constructor(search: string) {
    this.#parameters = new URLSearchParams(search)
  }

  value(name: string): string | undefined {
    for (const spelling of names(name)) {
      const value = this.#parameters.get(spelling)
      if (value !== null) return value
    }
    return undefined
  }

  /** Null: not asked for. */
  list(name: string): ReadonlyArray<string> | null {
    const values: Array<string> = []
    for (const [key, value] of this.#parameters)
      if (key === name || (key.startsWith(`${name}[`) && key.endsWith("]")))
        values.push(...value.split(",").filter((part) => part !== ""))
    return values.length === 0 ? null : values
  }
}

export interface Page {
  readonly offset: number
  readonly count: number
}

const cursorOf = (list: string, offset: number): string => Buffer.from(`${list}:${offset}`).toString("base64")

/** `list`: what the cursor is for; one of another list is refused. */
export const pageOf = (query: PublicQuery, list: string): Page => {
  const text = query.value("pagination.count")
  const count = text === undefined ? 200 : /^\d{1,4}$/.test(text) ? Number(text) : 0
  if (count < 1 || count > 1000)
    throw invalid([{ field: "pagination.count", message: `"pagination.count" must be a number from 1 to 1000` }])
  const cursor = query.value("pagination.cursor")
  if (cursor === undefined || cursor === "") return { offset: 0, count }
  const offset = new RegExp(`^${list}:(\\d{1,12})$`).exec(Buffer.from(cursor, "base64").toString())?.[1]
  if (offset === undefined)
    throw invalid([{ field: "pagination.cursor", message: `"pagination.cursor" is no cursor of this list` }])
  return { offset: Number(offset), count }
}

export const paginationOf = (list: string, { offset, count }: Page, total: number) => ({
  current: cursorOf(list, offset),
  next: offset + count < total ? cursorOf(list, offset + count) : null,
  previous: offset === 0 ? null : cursorOf(list, Math.max(0, offset - count)),
  totalEntries: total
})

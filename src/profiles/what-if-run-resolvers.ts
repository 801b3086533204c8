/** Resolvers of `graphql/what-if-runs.graphql`: the runs of a space, a page at a time. */
import { readRuns } from "../identity/what-if/runs.ts"
import { connectionOf, type PageArguments, windowOf } from "./connection.ts"
import { decodeKey, encodeKey } from "./cursors.ts"
import { checkSpace, type RequestContext } from "./resolvers.ts"
import { spaceFor } from "./space-access.ts"

const decodeNumber = (cursor: string): number | undefined => {
  const key = decodeKey(cursor)
  return key !== undefined && /^[0-9]{1,15}$/.test(key) ? Number(key) : undefined
}

const whatIfRuns = async (_: unknown, args: PageArguments & { readonly spaceId: string }, context: RequestContext) => {
  spaceFor(context, args.spaceId, "admin")
  checkSpace(context, args.spaceId)
  const { services, space } = context
  const window = windowOf(args, decodeNumber)
  const rows = await services.run(
    readRuns(services.database, { spaceId: space.id, before: window.after, limit: window.limit + 1 })
  )
  const page = rows.slice(0, window.limit)
  return connectionOf(page, ({ n }) => encodeKey(String(n)), window.after !== null, rows.length > page.length)
}

export const whatIfRunResolvers = { Query: { whatIfRuns } }

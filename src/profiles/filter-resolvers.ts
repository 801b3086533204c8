/** Resolvers of `graphql/filters.graphql`: the event filters of a space (IDR-14); see `workspace/manage-filters.ts`. */
import { type FilterView, previewFilter } from "../workspace/manage-filters.ts"
import type { Space } from "../workspace/workspace.ts"
import { actorOf } from "./access.ts"
import { readFilterErrors } from "./filter-errors.ts"
import { graphqlError } from "./graphql-errors.ts"
import type { RequestContext } from "./resolvers.ts"
import { spaceFor } from "./space-access.ts"

interface WithSpace {
  readonly spaceId: string
}

const filterOf = async ({ services }: RequestContext, spaceId: string, id: string): Promise<FilterView> => {
  const found = (await services.run(services.management.filters(spaceId))).find((filter) => filter.id === id)
  if (found === undefined) throw graphqlError("NOT_FOUND", `There is no event filter ${id} in this space.`)
  return found
}

const mutation = {
  createEventFilter: async (
    _: unknown,
    { spaceId, name, fql, enabled }: WithSpace & { name: string; fql: string; enabled?: boolean | null },
    context: RequestContext
  ) => {
    spaceFor(context, spaceId, "admin")
    const { run, management } = context.services
    const filter = { name, fql, enabled: enabled ?? true }
    return filterOf(context, spaceId, await run(management.createFilter(actorOf(context.access), spaceId, filter)))
  },
  setEventFilterEnabled: async (
    _: unknown,
    { spaceId, id, enabled }: WithSpace & { id: string; enabled: boolean },
    context: RequestContext
  ) => {
    spaceFor(context, spaceId, "admin")
    const { run, management } = context.services
    await run(management.setFilterEnabled(actorOf(context.access), spaceId, id, enabled))
    return filterOf(context, spaceId, id)
  },
  deleteEventFilter: async (_: unknown, { spaceId, id }: WithSpace & { id: string }, context: RequestContext) => {
    spaceFor(context, spaceId, "admin")
    const { run, management } = context.services
    await run(management.deleteFilter(actorOf(context.access), spaceId, id))
    return true
  }
}

export const filterResolvers = {
  Query: {
    previewEventFilter: (_: unknown, { fql, event }: { fql: string; event: unknown }, { services }: RequestContext) =>
      services.run(previewFilter(fql, event))
  },
  Mutation: mutation,
  Space: {
    eventFilters: ({ id }: Space, _: unknown, { services }: RequestContext) =>
      services.run(services.management.filters(id))
  },
  EventFilter: {
    errorCount: ({ id, spaceId }: FilterView, _: unknown, { services }: RequestContext) =>
      services.run(readFilterErrors(services.database, spaceId, id))
  }
}

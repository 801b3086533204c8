/** Resolvers of `graphql/source-schema.graphql`: the sources are those of the space, or any for a token of the workspace. */
import { type ExportType, exportSchema, isPeriod } from "../source-schema/export.ts"
import { type Period, type SchemaName, sinceOf } from "../source-schema/reader.ts"
import type { Source } from "../workspace/workspace.ts"
import { actorOf } from "./access.ts"
import { graphqlError } from "./graphql-errors.ts"
import { visibleSource } from "./live-filter.ts"
import { checkSpace, type RequestContext } from "./resolvers.ts"
import { needPii, spaceFor } from "./space-access.ts"

interface Of {
  readonly spaceId: string
  readonly sourceId: string
}

interface Schema {
  readonly source: Source
  readonly days: Period
  readonly now: number
  /** ms */
  readonly since: number
}

const sourceOf = (context: RequestContext, sourceId: string): Source => {
  const source = visibleSource(context, sourceId)
  if (source === undefined)
    throw graphqlError("NOT_FOUND", `There is no source ${sourceId} that is connected to this space.`)
  return source
}

const schemaOf = (source: Source, days: Period): Schema => {
  const now = Date.now()
  return { source, days, now, since: sinceOf(now, days) }
}

const sourceSchema = (_: unknown, args: Of & { readonly days?: number | null }, context: RequestContext): Schema => {
  checkSpace(context, args.spaceId)
  const days = args.days ?? 7
  if (!isPeriod(days)) throw graphqlError("VALIDATION_FAILED", "`days` is 7 or 30.")
  return schemaOf(sourceOf(context, args.sourceId), days)
}

type Changes = RequestContext["services"]["sourceSchema"]["change"]
type Change = Parameters<Changes["add"]>[0]

/** Checks who asks, makes the change and answers the schema as it is then. */
const changing =
  <A>(change: (changes: Changes, request: Change, args: A) => ReturnType<Changes[keyof Changes]>) =>
  async (_: unknown, args: Of & A, context: RequestContext): Promise<Schema> => {
    const { id: spaceId } = spaceFor(context, args.spaceId, "admin")
    checkSpace(context, spaceId)
    const source = sourceOf(context, args.sourceId)
    const { run, sourceSchema } = context.services
    await run(change(sourceSchema.change, { actor: actorOf(context.access), spaceId, source }, args))
    return schemaOf(source, 7)
  }

const ofEvent = (change: "add" | "archive" | "unarchive") =>
  changing<{ readonly event: string }>((changes, request, { event }) => changes[change](request, event))

const readingOf = ({ services }: RequestContext) => services.sourceSchema.read

export const sourceSchemaResolvers = {
  SchemaType: { TRACK: "track", IDENTIFY: "identify", GROUP: "group" },
  Query: { sourceSchema },
  Mutation: {
    addSchemaEvent: ofEvent("add"),
    archiveSchemaEvent: ofEvent("archive"),
    unarchiveSchemaEvent: ofEvent("unarchive"),
    clearSchemaHistory: changing<{ readonly type: ExportType }>((changes, request, { type }) =>
      changes.clear(request, type)
    )
  },
  SourceSchema: {
    events: async ({ source, since }: Schema, { archived }: { archived?: boolean | null }, context: RequestContext) => {
      const events = await context.services.run(readingOf(context).all(source.no, "event", since))
      return events.filter(({ archivedAt }) => (archivedAt !== null) === (archived ?? false))
    },
    properties: ({ source, since }: Schema, { event }: { event: string }, context: RequestContext) =>
      context.services.run(readingOf(context).propertiesOf(source.no, event, since)),
    traits: ({ source, since }: Schema, { type }: { type: ExportType }, context: RequestContext) => {
      if (type === "track") throw graphqlError("VALIDATION_FAILED", "`TRACK` has events: ask for `events`.")
      return context.services.run(readingOf(context).all(source.no, type, since))
    },
    export: ({ source, days, now }: Schema, { type }: { type: ExportType }, context: RequestContext) => {
      needPii(context, "A download")
      return context.services.run(exportSchema(readingOf(context), source, type, days, now))
    }
  },
  SchemaEvent: { lastSeenAt: ({ lastSeen }: SchemaName) => lastSeen },
  SchemaName: { lastSeenAt: ({ lastSeen }: SchemaName) => lastSeen }
}

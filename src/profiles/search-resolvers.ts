/** Resolvers of `graphql/search.graphql`: who may see what, cursors and shapes. Looking up is in `search.ts` and `profile-search.ts`. */
import type { Identifier } from "../identity/model.ts"
import type { Collection } from "../workspace/rules.ts"
import { allows, isMasked, spacesOf } from "./access.ts"
import { type PageArguments, windowOf } from "./connection.ts"
import { decodeKey, decodeList, encodeKey, encodeList } from "./cursors.ts"
import { graphqlError } from "./graphql-errors.ts"
import type { FoundPage, ProfileFilter, WordCursor } from "./profile-search.ts"
import { checkSpace, lookUp, nodeOf, type RequestContext } from "./resolvers.ts"
import type { SearchHit } from "./search.ts"
import { needPii } from "./space-access.ts"

interface FilterInput {
  readonly externalId?: { readonly type: string; readonly id: string } | null
  readonly text?: string | null
  readonly traitKey?: string | null
  readonly traitEquals?: unknown
  readonly updated?: { readonly from?: number | null; readonly to?: number | null } | null
  readonly anonymousOnly?: boolean | null
}

const search = (_: unknown, { spaceId, text }: { spaceId: string; text: string }, context: RequestContext) => {
  checkSpace(context, spaceId)
  const { access, services, snapshot, space } = context
  const others = spacesOf(snapshot(), access).filter(({ id }) => id !== space.id)
  const everything = access.scopes.has("workspace:admin")
  return services.run(
    services.search({
      text,
      spaces: [space, ...others],
      // A write key is a secret of whoever looks after the source.
      sources: everything ? snapshot().sources : allows(access, "admin") ? space.sources : [],
      // The beginning of a name would tell a viewer without PII access letter by letter whose it is.
      words: !isMasked(access)
    })
  )
}

const decodeWord = (cursor: string): WordCursor | undefined => {
  const match = /^w:([0-9]{1,16}):(.*)$/su.exec(decodeKey(cursor) ?? "")
  return match === null ? undefined : { profile: Number(match[1]), word: match[2]! }
}
const encodeWord = ({ profile, word }: WordCursor): string => encodeKey(`w:${profile}:${word}`)

const filterOf = ({ text, traitKey, updated, anonymousOnly, ...rest }: FilterInput): ProfileFilter => ({
  text: text ?? null,
  traitKey: traitKey ?? null,
  ...(rest.traitEquals === undefined ? undefined : { traitEquals: rest.traitEquals }),
  from: updated?.from ?? Number.NEGATIVE_INFINITY,
  to: updated?.to ?? Number.POSITIVE_INFINITY,
  anonymousOnly: anonymousOnly ?? false
})

const connection = <C>(page: FoundPage<C>, encode: (cursor: C) => string, after: C | null) => ({
  edges: page.profiles.map(({ profile, cursor }) => ({ cursor: encode(cursor), node: nodeOf(profile) })),
  pageInfo: {
    hasNextPage: page.next !== null,
    hasPreviousPage: after !== null,
    startCursor: page.profiles.length === 0 ? null : encode(page.profiles[0]!.cursor),
    // A page may be short, or empty, and still not be the last one.
    endCursor:
      page.next !== null ? encode(page.next) : (page.profiles.map(({ cursor }) => encode(cursor)).at(-1) ?? null)
  }
})

const searchProfiles = async (
  _: unknown,
  args: PageArguments & { spaceId: string; collection?: Collection | null; filter?: FilterInput | null },
  context: RequestContext
) => {
  checkSpace(context, args.spaceId)
  const { services, readSpace } = context
  const collection = args.collection ?? "users"
  const input = args.filter ?? {}
  const filter = filterOf(input)
  if (filter.text !== null) needPii(context, "Looking for the beginning of a name or an e-mail address")
  if ("traitEquals" in filter) needPii(context, "Looking for the value of a trait")
  if ("traitEquals" in filter && filter.traitKey === null)
    throw graphqlError("VALIDATION_FAILED", "`traitEquals` needs a `traitKey`.")
  if (filter.text !== null && filter.text.trim() === "")
    throw graphqlError(
      "VALIDATION_FAILED",
      "`text` is the beginning of a name or an e-mail address; give at least one letter."
    )
  if (input.externalId !== null && input.externalId !== undefined) {
    const { limit } = windowOf(args, () => undefined)
    const node = await lookUp(context, collection, { externalId: input.externalId })
    const candidates = node?.found === undefined ? [] : [{ profile: node.found }]
    const [passes] = await services.run(services.profileSearch.passing(readSpace, candidates, filter))
    const profiles = passes === true && limit > 0 ? [{ profile: node!.found!, cursor: node!.segmentId }] : []
    return connection({ profiles, next: null }, encodeKey, null)
  }
  if (filter.text !== null) {
    const { after, limit } = windowOf(args, decodeWord)
    const wanted = { ...filter, text: filter.text }
    return connection(
      await services.run(services.profileSearch.byWord(readSpace, collection, wanted, after, limit)),
      encodeWord,
      after
    )
  }
  const { after, limit } = windowOf(args, decodeList)
  return connection(
    await services.run(services.profileSearch.byActivity(readSpace, collection, filter, after, limit)),
    encodeList,
    after
  )
}

export const searchResolvers = {
  Query: { search, searchProfiles },
  SearchHit: {
    profile: ({ found, spaceId }: SearchHit, _: unknown, { space }: RequestContext) =>
      found === null || spaceId !== space.id ? null : nodeOf(found)
  },
  SearchAnswer: { identifier: ({ identifier }: { identifier: Identifier | null }) => identifier }
}

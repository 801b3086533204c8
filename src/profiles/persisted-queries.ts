/**
 * Persisted queries (PRO-60), by the protocol that Apollo's clients speak: a client asks by the SHA-256 of a query, is answered
 * `PERSISTED_QUERY_NOT_FOUND` when this process does not know it, and sends text and hash once.
 *
 * - Kept is what passed every limit when it was sent; when it is asked for again, all of them hold again.
 * - Each space has its own: whether somebody else ever asked a certain question is not told.
 * - In memory, and bounded: what was used least lately goes, first among the own space's queries.
 */
import { sha256Hex } from "../platform/hash.ts"
import { graphqlError } from "./graphql-errors.ts"
import type { Asked, Params } from "./graphql-params.ts"

/** Characters of one query, of a space's, and how many spaces have any. */
const maxQueryLength = 16 * 1024
const maxLengthOfSpace = 512 * 1024
const maxSpaces = 50

interface Kept {
  readonly queries: Map<string, string>
  length: number
}

export const makePersistedQueries = () => {
  const spaces = new Map<string, Kept>()

  const keptOf = (spaceId: string): Kept => {
    const kept = spaces.get(spaceId) ?? { queries: new Map<string, string>(), length: 0 }
    spaces.delete(spaceId)
    spaces.set(spaceId, kept)
    if (spaces.size > maxSpaces) spaces.delete(spaces.keys().next().value!)
    return kept
  }

  /** The query and how to keep it, once it has passed the limits. Throws a `GraphQLError`. */
  const resolve = (
    spaceId: string,
    { query, hash, ...rest }: Asked
  ): { readonly params: Params; readonly keep: () => void } => {
    if (hash === undefined) return { params: { ...rest, query: query! }, keep: () => {} }
    if (query === undefined) {
      const kept = spaces.get(spaceId)?.queries
      const known = kept?.get(hash)
      if (known === undefined) throw graphqlError("PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound", 200)
      kept!.delete(hash)
      kept!.set(hash, known)
      return { params: { ...rest, query: known }, keep: () => {} }
    }
    if (sha256Hex(query) !== hash)
      throw graphqlError("VALIDATION_FAILED", "`persistedQuery.sha256Hash` is not the SHA-256 of `query`.", 400)
    const keep = () => {
      if (query.length > maxQueryLength) return
      const kept = keptOf(spaceId)
      if (kept.queries.has(hash)) return
      kept.queries.set(hash, query)
      kept.length += query.length
      for (const [oldest, text] of kept.queries) {
        if (kept.length <= maxLengthOfSpace) break
        kept.queries.delete(oldest)
        kept.length -= text.length
      }
    }
    return { params: { ...rest, query }, keep }
  }
  return { resolve }
}

export type PersistedQueries = ReturnType<typeof makePersistedQueries>

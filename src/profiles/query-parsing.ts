/**
 * Parsing a query within bounds, which also bound what validating it costs: so many tokens, nested so deep, no name too often; and
 * so many parsed queries remembered. (What a query may ask for is checked on its parsed form: `graphql-limits.ts`.)
 */
import { type DocumentNode, Lexer, parse, type ParseOptions, Source, TokenKind } from "graphql"
import { graphqlError } from "./graphql-errors.ts"

/** Bounds what parsing and validation can cost; a query near the other limits has far fewer. */
const maxTokens = 6_000
/** Parser and validation are recursive: deeper ones overflow the stack. What passes the other limits is far flatter. */
const maxNesting = 200

/** Validation compares all fields of one name in a selection, and across fragments, in pairs: 6,000 of them would take minutes. */
const maxSameName = 250

/** Fragments are compared in pairs, too, and one inside the other: hundreds that spread each other overflow the stack. */
const maxFragments = 60

const opening = new Set<TokenKind>([TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L])
const closing = new Set<TokenKind>([TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R])

/** Throws a `GraphQLError` when the query is too much for parser or validation. */
const checkTokens = (source: Source): void => {
  const lexer = new Lexer(source)
  const names = new Map<string, number>()
  let depth = 0
  let fragments = 0
  for (let tokens = 0; tokens < maxTokens; tokens++) {
    const { kind, value } = lexer.advance()
    if (kind === TokenKind.EOF) return
    if (opening.has(kind) && ++depth > maxNesting)
      throw graphqlError("DEPTH_LIMIT", `The query is nested over ${maxNesting} levels.`, 400)
    if (closing.has(kind)) depth--
    if (kind !== TokenKind.NAME) continue
    if (depth === 0 && value === "fragment" && ++fragments > maxFragments)
      throw graphqlError("VALIDATION_FAILED", `The query has over ${maxFragments} fragments.`, 400)
    const times = (names.get(value) ?? 0) + 1
    names.set(value, times)
    if (times > maxSameName)
      throw graphqlError("VALIDATION_FAILED", `The query has the name \`${value}\` over ${maxSameName} times.`, 400)
  }
}

export const parseQuery = (text: string | Source, options?: ParseOptions): DocumentNode => {
  const source = typeof text === "string" ? new Source(text) : text
  checkTokens(source)
  return parse(source, { ...options, maxTokens })
}

/** Characters of all remembered queries; their parsed forms are up to 200 times as large. */
const maxRemembered = 256 * 1024
/** Longer ones are rarely sent twice: their values should be variables. */
const longestRemembered = 16 * 1024

/** The parsed forms of the queries that were used last. */
export const makeDocumentCache = () => {
  const documents = new Map<string, DocumentNode>()
  let characters = 0
  return {
    get: (query: string): DocumentNode | undefined => {
      const document = documents.get(query)
      if (document !== undefined) {
        documents.delete(query)
        documents.set(query, document)
      }
      return document
    },
    set: (query: string, document: DocumentNode): void => {
      if (query.length > longestRemembered || documents.has(query)) return
      documents.set(query, document)
      characters += query.length
      for (const oldest of documents.keys()) {
        if (characters <= maxRemembered) break
        documents.delete(oldest)
        characters -= oldest.length
      }
    }
  }
}

/**
 * Parsing a query within bounds: so many tokens, nested so deep, so many parsed queries remembered. (What a query may
 * ask for is checked on its parsed form: `graphql-limits.ts`.)
 */
import { type DocumentNode, Lexer, parse, type ParseOptions, Source, TokenKind } from "graphql"
import { graphqlError } from "./graphql-errors.ts"

/** Bounds what parsing and validation can cost; a query near the other limits has far fewer. */
const maxTokens = 6_000
/** Parser and validation are recursive: deeper ones overflow the stack. What passes the other limits is far flatter. */
const maxNesting = 200

const opening = new Set<TokenKind>([TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L])
const closing = new Set<TokenKind>([TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R])

const nestedTooDeeply = (source: Source): boolean => {
  const lexer = new Lexer(source)
  let depth = 0
  for (let tokens = 0; tokens < maxTokens; tokens++) {
    const { kind } = lexer.advance()
    if (kind === TokenKind.EOF) return false
    if (opening.has(kind) && ++depth > maxNesting) return true
    if (closing.has(kind)) depth--
  }
  return false
}

export const parseQuery = (text: string | Source, options?: ParseOptions): DocumentNode => {
  const source = typeof text === "string" ? new Source(text) : text
  if (nestedTooDeeply(source)) throw graphqlError("DEPTH_LIMIT", `The query is nested over ${maxNesting} levels.`, 400)
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

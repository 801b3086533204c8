/**
 * Errors for a viewer without PII access. What our messages know of people is what the request named, so the texts of the request are
 * masked in them wherever they stand as a word; ids that Braid made stay.
 */
import { GraphQLError } from "graphql"
import { maskEmailsIn, maskText } from "./mask.ts"
import { escaped, isOwnId } from "./mask-report.ts"

interface Asked {
  readonly query?: string | undefined
  readonly variables?: unknown
}

const literals = /"""([\s\S]*?)"""|"((?:[^"\\\n]|\\.)*)"/g
/** Shorter ones would be found in every sentence. */
const shortest = 2
/** More are not looked for: then no message is shown. */
const most = 2_000

const unescaped = (text: string): string => {
  try {
    return String(JSON.parse(`"${text}"`))
  } catch {
    return text
  }
}

const textsOf = ({ query = "", variables }: Asked): ReadonlySet<string> => {
  const texts = new Set<string>()
  const add = (text: string) => {
    if (text.length >= shortest && !isOwnId(text)) texts.add(text)
  }
  for (const [, block, line] of query.matchAll(literals)) {
    add(block ?? line ?? "")
    if (line !== undefined) add(unescaped(line))
  }
  const look = (value: unknown, depth: number): void => {
    if (typeof value === "string" || typeof value === "number") add(String(value))
    else if (typeof value === "object" && value !== null && depth < 100 && texts.size <= most)
      for (const each of Object.values(value)) look(each, depth + 1)
  }
  look(variables, 0)
  return texts
}

export const maskMessageOf = (message: string, asked: Asked): string => {
  const texts = textsOf(asked)
  if (texts.size > most) return "The request was refused."
  if (texts.size === 0) return maskEmailsIn(message)
  const longestFirst = [...texts].sort((a, b) => b.length - a.length)
  const words = new RegExp(`(?<![\\p{L}\\p{N}_])(?:${longestFirst.map(escaped).join("|")})(?![\\p{L}\\p{N}_])`, "gu")
  return maskEmailsIn(message.replace(words, (found) => maskText(found)))
}

/** As they are, but for what they say. */
export const maskErrors = (errors: ReadonlyArray<GraphQLError>, asked: Asked): Array<GraphQLError> =>
  errors.map(
    ({ message, nodes, source, positions, path, originalError, extensions }) =>
      new GraphQLError(maskMessageOf(message, asked), {
        nodes: nodes ?? null,
        source: source ?? null,
        positions: positions ?? null,
        path: path ?? null,
        originalError: originalError ?? null,
        extensions
      })
  )

/** Words of a statement (FQL-1 to FQL-5). Strings know no escapes: a quote is written by using the other kind (FQL-4). */
import { FqlProblem } from "./ast.ts"

export type Token =
  | { readonly kind: "string"; readonly at: number; readonly text: string }
  | { readonly kind: "number"; readonly at: number; readonly value: number }
  /** A path of one or more segments, already unescaped. */
  | { readonly kind: "path"; readonly at: number; readonly segments: ReadonlyArray<string> }
  /** `and or in true false null`, operators, brackets. */
  | { readonly kind: "sign"; readonly at: number; readonly text: string }
  | { readonly kind: "end"; readonly at: number }

const reserved = new Set(["and", "or", "in", "true", "false", "null"])
const blank = /\s/
const idStart = /[A-Za-z_\\]/
const idChar = /[A-Za-z0-9_\\-]/
const digit = /[0-9]/
const numberText = /[+-]?[0-9]+(?:\.[0-9]+)?/y

export const tokensOf = (text: string): ReadonlyArray<Token> => {
  const tokens: Array<Token> = []
  let at = 0
  while (at < text.length) {
    const char = text[at]!
    if (blank.test(char)) at++
    else {
      const [token, next] = tokenAt(text, at)
      tokens.push(token)
      at = next
    }
  }
  tokens.push({ kind: "end", at: text.length })
  return tokens
}

const tokenAt = (text: string, at: number): readonly [Token, next: number] => {
  const char = text[at]!
  if (char === "'" || char === '"') {
    const end = text.indexOf(char, at + 1)
    if (end === -1) throw new FqlProblem(at, `The string that begins here is not closed: ${char} is missing.`)
    return [{ kind: "string", at, text: text.slice(at + 1, end) }, end + 1]
  }
  if (digit.test(char) || ((char === "-" || char === "+") && digit.test(text[at + 1] ?? ""))) return numberAt(text, at)
  if (idStart.test(char)) return pathAt(text, at)
  const two = text.slice(at, at + 2)
  if (two === "==") throw new FqlProblem(at, "Equality is written with one `=`.")
  if (two === "!=" || two === ">=" || two === "<=") return [{ kind: "sign", at, text: two }, at + 2]
  if ("=<>!()[],".includes(char)) return [{ kind: "sign", at, text: char }, at + 1]
  const shown = String.fromCodePoint(text.codePointAt(at)!)
  throw new FqlProblem(
    at,
    `The character ${JSON.stringify(shown)} has no meaning here. In a field name it is written with a backslash before it; in a text, between quotes.`
  )
}

const numberAt = (text: string, at: number): readonly [Token, next: number] => {
  numberText.lastIndex = at
  const [found] = numberText.exec(text)!
  const next = at + found.length
  if (text[next] === "." || idChar.test(text[next] ?? ""))
    throw new FqlProblem(at, "A number is digits, and if need be a dot and digits: `5`, `-1`, `49.5`.")
  return [{ kind: "number", at, value: Number(found) }, next]
}

const pathAt = (text: string, start: number): readonly [Token, next: number] => {
  const segments: Array<string> = []
  let at = start
  for (;;) {
    let segment = ""
    const begin = at
    for (; at < text.length && idChar.test(text[at]!); at++) {
      if (text[at] === "\\") {
        at++
        if (at === text.length) throw new FqlProblem(at - 1, "A backslash needs a character behind it.")
        const char = String.fromCodePoint(text.codePointAt(at)!)
        segment += char
        at += char.length - 1
      } else segment += text[at]
    }
    if (at === begin) throw new FqlProblem(at, "A name is missing behind the dot.")
    segments.push(segment)
    if (text[at] !== ".") break
    at++
  }
  const raw = text.slice(start, at)
  if (reserved.has(raw)) return [{ kind: "sign", at: start, text: raw }, at]
  return [{ kind: "path", at: start, segments }, at]
}

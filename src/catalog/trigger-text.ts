/**
 * Triggers as text in one spelling (DST-87, DST-88): blanks as `type = "track" and (event = "A" or contains(name, "b"))` has them,
 * single quotes as double ones. Whoever compares or evaluates a trigger does so after this.
 *
 * `repairTrigger` also puts right what the published catalog has and its own parser misreads: `AND`, `==`, a comma for `and`, values
 * without quotes. Only for texts of the catalog: what a person writes that way is refused, so that it is not guessed at.
 */

interface Token {
  readonly kind: "word" | "text" | "sign"
  readonly text: string
}

const pattern = /\s+|"[^"]*"|'[^']*'|[=!<>]=|[=<>!(),[\]]|(?:\\[\s\S]|[^\s"'=!<>(),[\]\\])+/gy

/** Undefined for what no statement can have, e.g. a quote that is not closed. */
const tokensOf = (text: string): ReadonlyArray<Token> | undefined => {
  const tokens: Array<Token> = []
  pattern.lastIndex = 0
  while (pattern.lastIndex < text.length) {
    const found = pattern.exec(text)?.[0]
    if (found === undefined) return undefined
    const first = found[0]!
    if (first.trim() === "") continue
    if (first === '"' || first === "'") tokens.push({ kind: "text", text: doubleQuoted(found) })
    else tokens.push({ kind: /^[=!<>(),[\]]/.test(found) ? "sign" : "word", text: found })
  }
  return tokens
}

/** There are no escapes: a text with a double quote in it keeps its single ones. */
const doubleQuoted = (quoted: string): string => (quoted.includes('"') ? quoted : `"${quoted.slice(1, -1)}"`)

const joiners = new Set(["and", "or", "in"])

const written = (tokens: ReadonlyArray<Token>): string => {
  let text = ""
  let before: Token | undefined
  for (const token of tokens) {
    const joined =
      before === undefined ||
      before.text === "(" ||
      before.text === "[" ||
      before.text === "!" ||
      token.text === ")" ||
      token.text === "]" ||
      token.text === "," ||
      (token.text === "(" && before.kind === "word" && !joiners.has(before.text))
    text += joined ? token.text : ` ${token.text}`
    before = token
  }
  return text
}

export const normaliseTrigger = (text: string): string => {
  const tokens = tokensOf(text)
  return tokens === undefined ? text.trim() : written(tokens)
}

const isBareValue = (token: Token, before: Token | undefined, after: Token | undefined): boolean =>
  token.kind === "word" &&
  (before?.text === "=" || before?.text === "==" || before?.text === "!=") &&
  after?.text !== "(" &&
  !/^(?:true|false|null|[+-]?\d+(?:\.\d+)?)$/.test(token.text) &&
  !token.text.includes(".")

export const repairTrigger = (text: string): string => {
  const tokens = tokensOf(text)
  if (tokens === undefined) return text.trim()
  let depth = 0
  return written(
    tokens.map((token, i) => {
      if (token.text === "(" || token.text === "[") depth++
      if (token.text === ")" || token.text === "]") depth--
      if (token.text === "==") return { ...token, text: "=" }
      if (token.text === "," && depth === 0) return { kind: "word", text: "and" }
      if (token.kind === "word" && /^(?:AND|OR)$/.test(token.text)) return { ...token, text: token.text.toLowerCase() }
      return isBareValue(token, tokens[i - 1], tokens[i + 1]) ? { kind: "text", text: `"${token.text}"` } : token
    })
  )
}

/**
 * Reading JSON that a person wrote: every problem at once, each with the path of the wrong member and what was
 * expected there. Plain functions over one list of problems; a function that returns `undefined` has added one.
 *
 * Not a schema library, because its messages speak of types and refinements, not of what to write instead.
 */
export interface Problem {
  /** E.g. `spaces[0].rules.identifiers[2].limit`; `""` is the whole document. */
  readonly path: string
  readonly expected: string
}

export const at = (path: string, key: string | number): string =>
  typeof key === "number" ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`

/** What is there, short enough for a message. */
export const found = (value: unknown): string => {
  if (value === undefined) return "nothing"
  if (value === null) return "null"
  if (Array.isArray(value)) return "an array"
  if (typeof value === "object") return "an object"
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}

/** Levenshtein distance, for "did you mean"; both words are short. */
const distance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + change))
    }
    row = next
  }
  return row[b.length]!
}

/** The known word that was probably meant, if one is close enough. */
export const closest = (word: string, known: Iterable<string>): string | undefined => {
  let best: string | undefined
  let least = Math.min(3, Math.ceil(word.length / 2)) + 1
  for (const candidate of known) {
    const d = distance(word.toLowerCase(), candidate.toLowerCase())
    if (d < least) {
      least = d
      best = candidate
    }
  }
  return best
}

const didYouMean = (word: string, known: ReadonlyArray<string>): string => {
  const meant = closest(word, known)
  return meant === undefined ? `known are ${known.join(", ")}` : `did you mean "${meant}"?`
}

type Members = Readonly<Record<string, unknown>>

/** An object that has no other members than `known`. */
export const object = (
  problems: Array<Problem>,
  path: string,
  value: unknown,
  known: ReadonlyArray<string>
): Members | undefined => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    problems.push({ path, expected: `expected an object, found ${found(value)}` })
    return undefined
  }
  for (const key of Object.keys(value)) {
    if (!known.includes(key))
      problems.push({ path: at(path, key), expected: `unknown member; ${didYouMean(key, known)}` })
  }
  return value as Members
}

export const array = (
  problems: Array<Problem>,
  path: string,
  value: unknown,
  of: string
): ReadonlyArray<unknown> | undefined => {
  if (Array.isArray(value)) return value
  problems.push({ path, expected: `expected an array of ${of}, found ${found(value)}` })
  return undefined
}

/** A string that matches `pattern`; `expected` says in words what the pattern means. */
export const text = (
  problems: Array<Problem>,
  path: string,
  value: unknown,
  pattern: RegExp,
  expected: string
): string | undefined => {
  if (typeof value === "string" && pattern.test(value)) return value
  problems.push({ path, expected: `expected ${expected}, found ${found(value)}` })
  return undefined
}

export const flag = (problems: Array<Problem>, path: string, value: unknown): boolean | undefined => {
  if (typeof value === "boolean") return value
  problems.push({ path, expected: `expected true or false, found ${found(value)}` })
  return undefined
}

export const oneOf = <const A extends string>(
  problems: Array<Problem>,
  path: string,
  value: unknown,
  known: ReadonlyArray<A>
): A | undefined => {
  if (typeof value === "string" && (known as ReadonlyArray<string>).includes(value)) return value as A
  const meant = typeof value === "string" ? closest(value, known) : undefined
  problems.push({
    path,
    expected: `expected one of ${known.join(", ")}, found ${found(value)}${meant === undefined ? "" : `; did you mean "${meant}"?`}`
  })
  return undefined
}

export const int = (
  problems: Array<Problem>,
  path: string,
  value: unknown,
  min: number,
  max: number,
  expected: string
): number | undefined => {
  if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) return value
  problems.push({ path, expected: `expected ${expected}, found ${found(value)}` })
  return undefined
}

/** Remembers values that may occur once, and where they occurred first. */
export const once = (what: string) => {
  const seen = new Map<string, string>()
  return (problems: Array<Problem>, path: string, value: string | undefined): void => {
    if (value === undefined) return
    const first = seen.get(value)
    if (first === undefined) seen.set(value, path)
    else problems.push({ path, expected: `${what} must be unique; ${first} has the same` })
  }
}

/** `otherwise`: what it is when it is absent; undefined: it must be there. */
export const named = (problems: Array<Problem>, path: string, value: unknown, otherwise: string | undefined): string =>
  value === undefined && otherwise !== undefined
    ? otherwise
    : (text(problems, path, value, /^(?=.*\S).{1,200}$/su, "a name of 1 to 200 characters") ?? "")

/** Whether the text is JSON up to its last character and only lacks more. */
const isJsonSoFar = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch (error) {
    const message = String(error)
    const position = /at position (\d+)/.exec(message)
    return (
      /Unexpected end|Unterminated string/.test(message) || (position !== null && Number(position[1]) >= text.length)
    )
  }
}

/** `JSON.parse` whose problem names line and column and repeats nothing of the text, which may hold secrets. */
export const parseJson = (
  content: string
): { readonly value: unknown; readonly problem?: undefined } | { readonly problem: Problem } => {
  const text = content.replace(/^\uFEFF/, "")
  try {
    return { value: JSON.parse(text) }
  } catch {
    if (isJsonSoFar(text)) return { problem: { path: "", expected: "expected JSON, but the text ends too early" } }
    let good = 0
    let bad = text.length
    while (bad - good > 1) {
      const middle = (good + bad) >> 1
      if (isJsonSoFar(text.slice(0, middle))) good = middle
      else bad = middle
    }
    const lines = text.slice(0, bad).split("\n")
    const place = `line ${lines.length}, column ${lines.at(-1)!.length}`
    return { problem: { path: "", expected: `expected JSON; it is wrong at ${place} (or just before)` } }
  }
}

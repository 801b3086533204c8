/**
 * Where a text stops being JSON, in words that say what to do: browsers say it in their own ways, some without a place. Agrees with
 * `JSON.parse` on what is JSON; see test/console/json-problem.test.ts. Pure.
 */
export interface JsonProblem {
  readonly message: string
  /** Both from 1. */
  readonly line: number
  readonly column: number
  /** Of the text. */
  readonly offset: number
}

/** Deeper nesting is refused: nobody sends it, and it would end the stack. */
const deepest = 500

class Wrong extends Error {
  readonly offset: number

  constructor(message: string, offset: number) {
    super(message)
    this.offset = offset
  }
}

const anyValue = `a value is missing: a text in double quotes, a number, true, false, null, { or [`
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const words = ["true", "false", "null"]

class Scanner {
  private readonly text: string
  private at = 0

  constructor(text: string) {
    this.text = text
  }

  document(): void {
    this.value(0)
    this.space()
    if (this.at < this.text.length) this.fail("the JSON ends before this")
  }

  private fail(message: string, offset = this.at): never {
    throw new Wrong(offset >= this.text.length ? `the text ends too early, ${message}` : message, offset)
  }

  private space(): void {
    while (/[ \t\n\r]/.test(this.text[this.at] ?? "")) this.at += 1
  }

  private value(depth: number): void {
    this.space()
    const char = this.text[this.at]
    if (char === "{" || char === "[") {
      if (depth === deepest) this.fail(`nested deeper than ${deepest}`)
      this.at += 1
      if (char === "{") this.list("}", () => this.member(depth))
      else this.list("]", () => this.value(depth + 1))
    } else if (char === '"') this.string()
    else if (char === "-" || (char !== undefined && char >= "0" && char <= "9")) this.number()
    else if (char === "'") this.fail("texts stand in double quotes")
    else {
      const word = words.find((each) => this.text.startsWith(each, this.at))
      if (word === undefined) this.fail(anyValue)
      this.at += word.length
    }
  }

  private list(end: "}" | "]", item: () => void): void {
    this.space()
    if (this.text[this.at] === end) {
      this.at += 1
      return
    }
    for (;;) {
      item()
      this.space()
      const char = this.text[this.at]
      this.at += 1
      if (char === end) return
      if (char !== ",") this.fail(`, or ${end} is missing`, this.at - 1)
      const comma = this.at - 1
      this.space()
      if (this.text[this.at] === end) this.fail(`no comma before ${end}`, comma)
    }
  }

  private member(depth: number): void {
    this.space()
    if (this.text[this.at] !== '"') this.fail("a name in double quotes is missing")
    this.string()
    this.space()
    if (this.text[this.at] !== ":") this.fail(": is missing")
    this.at += 1
    this.value(depth + 1)
  }

  private string(): void {
    const start = this.at
    for (this.at += 1; ; this.at += 1) {
      const char = this.text[this.at]
      if (char === '"') break
      if (char === undefined || char === "\n")
        this.fail('the closing " is missing', char === undefined ? this.at : start)
      if (char < " ") this.fail("control characters are written as \\t, \\n or \\u0000")
      if (char === "\\") this.escape()
    }
    this.at += 1
  }

  private escape(): void {
    const escape = /^(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/.exec(this.text.slice(this.at + 1, this.at + 6))
    if (escape === null) this.fail('after \\ comes one of " \\ / b f n r t, or u and four digits')
    this.at += escape[0].length
  }

  private number(): void {
    number.lastIndex = this.at
    const found = number.exec(this.text)
    if (found === null) this.fail("digits are missing")
    const after = this.text[this.at + found[0].length]
    if (after !== undefined && /[\d.]/.test(after)) this.fail("this is no number", this.at)
    this.at += found[0].length
  }
}

/** Undefined: it is JSON. */
export const jsonProblem = (text: string): JsonProblem | undefined => {
  try {
    new Scanner(text).document()
    return undefined
  } catch (error) {
    if (!(error instanceof Wrong)) throw error
    const before = text.slice(0, error.offset).split("\n")
    return { message: error.message, line: before.length, column: before.at(-1)!.length + 1, offset: error.offset }
  }
}

export const problemText = ({ message, line, column }: JsonProblem): string =>
  `Line ${line}, column ${column}: ${message}.`

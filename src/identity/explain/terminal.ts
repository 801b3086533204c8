/** An explanation as people read it in a terminal: one line a step, kinds in a column, the outcome last. */
import type { Explanation, Step } from "./steps.ts"

export interface TerminalOptions {
  readonly colours: boolean
  /** Columns of the terminal. */
  readonly width: number
  /** What was explained where, e.g. `space demo`. */
  readonly heading: string
}

const bold = "1"
const dim = "2"
const red = "31"
const green = "32"
const yellow = "33"
const cyan = "36"

const colourOf = (step: Step): string => {
  switch (step.kind) {
    case "DROP_CHECK":
      return step.data.dropped ? red : dim
    case "FILTER":
      return step.data.answer === "matches" ? red : dim
    case "BREACH":
    case "DEMOTE":
    case "BLOCK":
    case "IGNORE":
    case "SYSTEM_LIMIT":
      return yellow
    case "READMIT":
    case "DECIDE":
      return green
    case "WOULD_WRITE":
      return cyan
    default:
      return dim
  }
}

const label = (kind: Step["kind"], dryRun: boolean): string =>
  kind === "WOULD_WRITE" && !dryRun ? "wrote" : kind.toLowerCase().replaceAll("_", " ")

/** Lines of at most `width` characters; a longer word has a line of its own. */
const wrap = (text: string, width: number): ReadonlyArray<string> => {
  const lines: Array<string> = []
  let line = ""
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === "" ? word : `${line} ${word}`
  }
  return [...lines, line]
}

/** Values of events could hold escape sequences that move the cursor of whoever reads this. */
// oxlint-disable-next-line no-control-regex -- these are what is looked for
export const printable = (text: string): string => text.replaceAll(/[\u0000-\u001F\u007F-\u009F]/g, "\uFFFD")

export const showExplanation = (explanation: Explanation, options: TerminalOptions): string => {
  const paint = (code: string, text: string) =>
    options.colours && text !== "" ? `\u001B[${code}m${text}\u001B[0m` : text
  const { steps, assumptions, summary, dryRun, messageId, rulesVersion } = explanation
  const labels = steps.map(({ kind }) => label(kind, dryRun))
  const numbers = String(steps.length).length
  const column = Math.max(0, ...labels.map((each) => each.length))
  const indent = " ".repeat(numbers + column + 5)
  const room = Math.max(30, options.width - indent.length)
  const lines = [
    paint(dim, printable(`${options.heading}, rules version ${rulesVersion}, message ${messageId}`)),
    ...assumptions
      .flatMap((each) => wrap(`Supposed: ${printable(each)}`, options.width))
      .map((line) => paint(dim, line)),
    ""
  ]
  steps.forEach((step, i) => {
    const shown = i > 0 && labels[i] === labels[i - 1] ? "" : labels[i]!
    const colour = colourOf(step)
    const [first, ...rest] = wrap(printable(step.text), room)
    const number = String(step.n).padStart(numbers)
    const text = colour === dim ? first! : paint(colour, first!)
    lines.push(` ${paint(dim, number)}  ${paint(colour, shown)}${" ".repeat(column - shown.length)}  ${text}`)
    for (const line of rest) lines.push(`${indent}${colour === dim ? line : paint(colour, line)}`)
  })
  return [...lines, "", ...wrap(printable(summary), options.width).map((line) => paint(bold, line))].join("\n")
}

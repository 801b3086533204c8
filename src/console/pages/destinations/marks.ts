/** Fields that a response speaks of, marked in the request and in the event that they came from. Pure. */
import type { Mark } from "../../parts/json-marks.ts"

/** More would mark everything, and so nothing. */
const most = 4
const deepest = 12

interface Leaf {
  readonly path: string
  readonly name: string
  readonly value: unknown
}

/** Paths as `Json` writes them. */
const leavesIn = (node: unknown, path = "", name = "", depth = 0): ReadonlyArray<Leaf> => {
  if (typeof node !== "object" || node === null || depth > deepest) return [{ path, name, value: node }]
  return Object.entries(node).flatMap(([key, child]) =>
    Array.isArray(node)
      ? leavesIn(child, `${path}[${key}]`, name, depth + 1)
      : leavesIn(child, path === "" ? key : `${path}.${key}`, key, depth + 1)
  )
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const escaped = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")

const names = (text: string, name: string): boolean =>
  name.length > 1 && new RegExp(`(?<![\\w-])${escaped(name)}(?![\\w-])`, "i").test(text)

const mark = ({ path, name }: Leaf): Mark => ({ path, type: name, out: true })

export interface Marks {
  readonly sent: ReadonlyArray<Mark>
  readonly request: ReadonlyArray<Mark>
  readonly response: ReadonlyArray<Mark>
}

const none: Marks = { sent: [], request: [], response: [] }

export const marksOf = (sent: unknown, request: string, response: string): Marks => {
  const body = parsed(request)
  const answer = parsed(response)
  if (body === undefined || answer === undefined) return none
  const texts = leavesIn(answer).filter(({ value }) => typeof value === "string")
  const named = leavesIn(body).filter(({ name }) => texts.some(({ value }) => names(String(value), name)))
  if (named.length === 0 || named.length > most) return none
  return {
    request: named.map(mark),
    response: texts.filter(({ value }) => named.some(({ name }) => names(String(value), name))).map(mark),
    // The value is what went through the mapping; of several fields with it, the one with the same name.
    sent: leavesIn(sent)
      .filter((leaf) => named.some(({ name, value }) => leaf.value === value && (leaf.name === name || value !== null)))
      .filter((leaf, _, all) => all.length <= named.length || named.some(({ name }) => name === leaf.name))
      .map(mark)
  }
}

/**
 * Reading a path of an event (FQL-10 to FQL-13). What is missing, and whatever lies behind a scalar, is null. Only own
 * members are seen: a path called `constructor` finds nothing that the event does not have.
 */

/** Of an event, what a part of a statement is on it. Never undefined. */
export type Value = (event: unknown) => unknown

/** A segment of digits, as an index of lists; -1 finds nothing in a list. */
const indexOf = (key: string): number => (/^[0-9]+$/.test(key) ? Number(key) : -1)

const member = (value: unknown, key: string, index: number): unknown => {
  if (typeof value !== "object" || value === null) return undefined
  if (Array.isArray(value)) return index >= 0 ? value[index] : undefined
  return Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined
}

/** Snake forms of documented recipes (FQL-13). */
const camelForms: ReadonlyMap<string, string> = new Map([
  ["received_at", "receivedAt"],
  ["sent_at", "sentAt"],
  ["original_timestamp", "originalTimestamp"]
])

export const readerOf = (segments: ReadonlyArray<string>): Value => {
  const [first, second, third] = segments as readonly [string, ...Array<string>]
  const camel = camelForms.get(first)
  if (camel === undefined) return plainReader(segments, first, second, third)
  const snaked = plainReader(segments, first, second, third)
  const other = plainReader([camel, ...segments.slice(1)], camel, second, third)
  return (event) => (member(event, first, -1) === undefined ? other(event) : snaked(event))
}

const plainReader = (segments: ReadonlyArray<string>, first: string, second?: string, third?: string): Value => {
  const i = indexOf(first)
  if (second === undefined) return (event) => member(event, first, i) ?? null
  const j = indexOf(second)
  if (third === undefined) return (event) => member(member(event, first, i), second, j) ?? null
  const k = indexOf(third)
  if (segments.length === 3) return (event) => member(member(member(event, first, i), second, j), third, k) ?? null
  const indexes = segments.map(indexOf)
  return (event) => {
    let value = event
    for (let n = 0; n < segments.length && value !== undefined; n++) value = member(value, segments[n]!, indexes[n]!)
    return value ?? null
  }
}

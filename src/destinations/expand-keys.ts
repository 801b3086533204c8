/**
 * Keys of what a mapping sends (DST-91), which Segment's package takes as they are:
 *
 *     {"info.name": A, "info[0].email": B, "\"user.email\"": C}   ->   nested objects and lists; the quoted key is meant as it stands
 *
 * Values stay; what a directive says literally (`@literal`) is not looked into. A key that is no such path stays as it is.
 */
import { isObject, setOwn } from "../event/json.ts"

/** More would make long lists of nothing. */
const highestIndex = 99

type Segment = string | number

const segmentPattern = /(?:^|\.)(?:"([^"]*)"|([^.[\]"]+))|\[(\d{1,3})\]/gy

/** Undefined: the key is no path. */
const pathOf = (key: string): ReadonlyArray<Segment> | undefined => {
  if (key.startsWith(".")) return undefined
  const path: Array<Segment> = []
  segmentPattern.lastIndex = 0
  while (segmentPattern.lastIndex < key.length) {
    const found = segmentPattern.exec(key)
    if (found === null) return undefined
    const [, quoted, plain, index] = found
    if (index === undefined) path.push(quoted ?? plain!)
    else if (path.length === 0 || Number(index) > highestIndex) return undefined
    else path.push(Number(index))
  }
  return path
}

type Container = Record<string, unknown> | Array<unknown>

/** Containers of the result, into which a later key may write; directives are none. */
const made = new WeakSet<object>()

const child = (parent: Container, key: Segment, next: Segment): Container => {
  const existing = Array.isArray(parent) ? parent[Number(key)] : Object.hasOwn(parent, key) ? parent[key] : undefined
  if (typeof existing === "object" && existing !== null && made.has(existing)) return existing as Container
  const container: Container = typeof next === "number" ? [] : {}
  made.add(container)
  put(parent, key, container)
  return container
}

const put = (parent: Container, key: Segment, value: unknown): void => {
  if (Array.isArray(parent)) {
    while (parent.length < Number(key)) parent.push(null)
    parent[Number(key)] = value
  } else setOwn(parent, String(key), value)
}

export const isDirective = (value: unknown): value is Readonly<Record<string, unknown>> =>
  isObject(value) && Object.keys(value).some((key) => key.startsWith("@"))

export const expandKeys = (value: unknown): unknown => {
  if (Array.isArray(value)) {
    const items = value.map(expandKeys)
    made.add(items)
    return items
  }
  if (!isObject(value)) return value
  const result: Record<string, unknown> = {}
  const literal = isDirective(value)
  if (!literal) made.add(result)
  for (const [key, member] of Object.entries(value)) {
    const expanded = key === "@literal" ? member : expandKeys(member)
    const path = literal || !/[.["]/.test(key) ? undefined : pathOf(key)
    if (path === undefined) {
      setOwn(result, key, expanded)
      continue
    }
    let parent: Container = result
    for (let i = 0; i < path.length - 1; i++) parent = child(parent, path[i]!, path[i + 1]!)
    put(parent, path.at(-1)!, expanded)
  }
  return result
}

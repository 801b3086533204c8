/**
 * The payload of a pixel call (ING-104, ING-105): `data=<base64 JSON>`, or plain parameters whose dots build objects.
 * Returns undefined where nothing can be read; the caller answers with the same picture either way.
 */
import { decodeUtf8, isObject, mendString, parseJson } from "../event/json.ts"
import type { JsonObject } from "../event/message.ts"
import { maxSingleBytes } from "./unpack.ts"

/** A parameter as the browser wrote it; undefined when it is not UTF-8. */
const decoded = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text.replaceAll("+", " "))
  } catch {
    return undefined
  }
}

const fromBase64 = (data: string): JsonObject | undefined => {
  // A "+" of standard base64 arrives as a blank where the sender did not escape it.
  const text = data.replaceAll(" ", "+").replace(/\s/g, "")
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(text)) return undefined
  const bytes = Buffer.from(text, "base64")
  const json = bytes.length > maxSingleBytes ? undefined : decodeUtf8(bytes)
  if (json === undefined) return undefined
  try {
    const value = parseJson(json)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Objects without prototype: `__proto__` is a key like any other. */
type Plain = { [key: string]: string | Plain }
const plain = (): Plain => Object.create(null) as Plain

const fromParameters = (parameters: ReadonlyArray<readonly [string, string]>): JsonObject | undefined => {
  const payload = plain()
  let bytes = 0
  for (const [name, value] of parameters) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value)
    if (bytes > maxSingleBytes) return undefined
    const path = name.split(".")
    let target = payload
    for (const part of path.slice(0, -1)) {
      const below = target[part]
      target = typeof below === "object" ? below : (target[part] = plain())
    }
    target[path.at(-1)!] = value
  }
  return payload
}

/** `query` is what follows the question mark. */
export const pixelPayload = (query: string): JsonObject | undefined => {
  const parameters: Array<readonly [string, string]> = []
  let data: string | undefined
  for (const part of query.split("&")) {
    if (part === "") continue
    const equals = part.indexOf("=")
    const name = decoded(equals === -1 ? part : part.slice(0, equals))
    const value = equals === -1 ? "" : decoded(part.slice(equals + 1))
    if (name === undefined || value === undefined) continue
    if (name === "data") data = value
    else parameters.push([mendString(name), mendString(value)])
  }
  return data === undefined ? fromParameters(parameters) : fromBase64(data)
}

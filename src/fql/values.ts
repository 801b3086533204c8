/** The types of values (FQL-20), equality, order and membership (FQL-23 to FQL-25), and the conversions of FQL-30. */
import { charge, descend } from "./steps.ts"

export type TypeName = "string" | "number" | "bool" | "list" | "null" | "object"

export const typeOf = (value: unknown): TypeName => {
  switch (typeof value) {
    case "string":
      return "string"
    case "number":
      return "number"
    case "boolean":
      return "bool"
    case "object":
      return value === null ? "null" : Array.isArray(value) ? "list" : "object"
    default:
      return "null"
  }
}

export const equal = (a: unknown, b: unknown, level = 0): boolean => {
  if (a === b) return true
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false
  descend(level)
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false
    charge(4 + a.length)
    for (let i = 0; i < a.length; i++) if (!equal(a[i], b[i], level + 1)) return false
    return true
  }
  if (Array.isArray(b)) return false
  const keys = Object.keys(a)
  const others = Object.keys(b)
  charge(12 * (keys.length + others.length))
  if (keys.length !== others.length) return false
  for (const key of keys) {
    if (!Object.hasOwn(b, key)) return false
    if (!equal((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key], level + 1)) return false
  }
  return true
}

/** By numbers, or by the UTF-16 code units of strings; any other pair is in no order. */
const ordered = (a: unknown, b: unknown): boolean =>
  (typeof a === "number" && typeof b === "number") || (typeof a === "string" && typeof b === "string")

export const orders: Readonly<Record<"<" | "<=" | ">" | ">=", (a: unknown, b: unknown) => boolean>> = {
  "<": (a, b) => ordered(a, b) && (a as string) < (b as string),
  "<=": (a, b) => ordered(a, b) && (a as string) <= (b as string),
  ">": (a, b) => ordered(a, b) && (a as string) > (b as string),
  ">=": (a, b) => ordered(a, b) && (a as string) >= (b as string)
}

export const includes = (list: ReadonlyArray<unknown>, value: unknown): boolean => {
  charge(list.length)
  for (const element of list) if (equal(element, value)) return true
  return false
}

/** Bytes in UTF-8; a lone surrogate counts as the U+FFFD that it is sent as. */
export const utf8Length = (text: string): number => {
  if (text.length > 64) {
    charge(text.length >> 3)
    return Buffer.byteLength(text)
  }
  let bytes = text.length
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) continue
    if (unit < 0x8_00) bytes += 1
    else if (unit >= 0xd8_00 && unit < 0xdc_00 && (text.charCodeAt(i + 1) & 0xfc_00) === 0xdc_00) {
      bytes += 2
      i++
    } else bytes += 2
  }
  return bytes
}

export const toBool = (value: unknown): boolean => {
  switch (typeOf(value)) {
    case "null":
      return false
    case "number":
      return value !== 0
    case "bool":
      return value as boolean
    case "string": {
      const text = value as string
      return text !== "" && text !== "0" && !(text.length === 5 && text.toLowerCase() === "false")
    }
    case "list":
      return (value as ReadonlyArray<unknown>).length > 0
    case "object":
      return true
  }
}

/** Digits without exponent, so that FQL itself could read them. */
const decimal = (value: number): string => {
  const text = String(value)
  const parts = /^(-?)(\d+)(?:\.(\d+))?e([+-]\d+)$/.exec(text)
  if (parts === null) return text
  const [, minus, whole, fraction = "", power] = parts
  const digits = whole! + fraction
  const exponent = Number(power)
  return exponent > 0 ? minus + digits.padEnd(exponent + 1, "0") : `${minus}0.${"0".repeat(-exponent - 1)}${digits}`
}

/** Pays for the JSON of a value before it is made: copies of copies grow beyond any event. */
const chargeJson = (value: unknown, level: number): void => {
  if (typeof value === "string") return charge(2 + 2 * value.length)
  charge(3)
  if (typeof value !== "object" || value === null) return
  descend(level)
  if (Array.isArray(value)) for (const element of value) chargeJson(element, level + 1)
  else
    for (const key of Object.keys(value)) {
      charge(12 + 2 * key.length)
      chargeJson((value as Record<string, unknown>)[key], level + 1)
    }
}

export const toText = (value: unknown): string => {
  switch (typeOf(value)) {
    case "null":
      return ""
    case "number":
      return decimal(value as number)
    case "bool":
      return value === true ? "true" : "false"
    case "string":
      return value as string
    default:
      chargeJson(value, 0)
      return JSON.stringify(value)
  }
}

const numeral = /^[+-]?[0-9]+(?:\.[0-9]+)?$/

export const toNumber = (value: unknown): number | null => {
  if (typeof value === "number") return value
  if (typeof value !== "string") return null
  charge(value.length)
  let from = 0
  let to = value.length
  while (value[from] === " ") from++
  while (to > from && value[to - 1] === " ") to--
  const digits = value.slice(from, to)
  if (!numeral.test(digits)) return null
  const number = Number(digits)
  return Number.isFinite(number) ? number : null
}

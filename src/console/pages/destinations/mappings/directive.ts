/**
 * The value of one field of a mapping as the editor shows it, and the directive that is saved (DST-92, DST-93). Everything that the
 * editor has no form for stays what it is, and is edited as JSON. Pure.
 */

export const kinds = [
  ["none", "Nothing"],
  ["path", "Event field"],
  ["static", "Static value"],
  ["template", "Text with variables"],
  ["coalesce", "Coalesce"],
  ["case", "Case"],
  ["replace", "Replace"],
  ["json", "JSON"],
  ["flatten", "Flatten"],
  ["liquid", "Liquid"],
  ["object", "Object"],
  ["each", "List, item by item"],
  ["raw", "Raw JSON"]
] as const

export type Kind = (typeof kinds)[number][0]

type Members = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Members =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** The one directive of a value, and what it is given. */
const directiveOf = (value: unknown): readonly [name: string, given: unknown] | undefined => {
  if (!isObject(value)) return undefined
  const names = Object.keys(value).filter((name) => name !== "_metadata")
  const [name = ""] = names
  return names.length === 1 && name.startsWith("@") ? [name, value[name]] : undefined
}

const only = (value: unknown, ...names: ReadonlyArray<string>): value is Members =>
  isObject(value) && Object.keys(value).every((name) => names.includes(name))

const isText = (value: unknown): value is string => typeof value === "string"

const recognised: Readonly<Record<string, (given: unknown) => Kind | undefined>> = {
  "@path": (given) => (isText(given) ? "path" : undefined),
  "@template": (given) => (isText(given) ? "template" : undefined),
  "@liquid": (given) => (isText(given) ? "liquid" : undefined),
  "@if": (given) => (only(given, "exists", "then", "else") && "exists" in given ? "coalesce" : undefined),
  "@case": (given) => (only(given, "operator", "value") ? "case" : undefined),
  "@replace": (given) =>
    only(given, "value", "pattern", "replacement", "pattern2", "replacement2", "ignorecase", "global")
      ? "replace"
      : undefined,
  "@json": (given) => (only(given, "mode", "value") ? "json" : undefined),
  "@flatten": (given) => (only(given, "value", "separator", "omitArrays") ? "flatten" : undefined),
  "@arrayPath": (given) =>
    Array.isArray(given) && isText(given[0]) && (given.length === 1 || isObject(given[1])) ? "each" : undefined
}

export const kindOf = (value: unknown): Kind => {
  if (value === undefined) return "none"
  const directive = directiveOf(value)
  if (directive === undefined)
    return Array.isArray(value)
      ? "raw"
      : isObject(value)
        ? Object.keys(value).some((key) => key.startsWith("@"))
          ? "raw"
          : "object"
        : "static"
  const [name, given] = directive
  const kind = recognised[name]?.(given) ?? "raw"
  return kind === "coalesce" && coalesceIn(value) === undefined ? "raw" : kind
}

/** What stands in the directive; undefined when it is another. */
export const givenIn = (value: unknown, name: string): unknown => {
  const directive = directiveOf(value)
  return directive?.[0] === name ? directive[1] : undefined
}

export const pathIn = (value: unknown): string | undefined => {
  const given = givenIn(value, "@path")
  return isText(given) ? given : undefined
}

export const pathOf = (path: string): unknown => ({ "@path": path })

/** Paths are tried in order: `@if` within `@if`, each giving what it found. The last is any value. */
export const coalesceIn = (value: unknown): ReadonlyArray<unknown> | undefined => {
  const given = givenIn(value, "@if")
  if (given === undefined) return [value]
  if (!isObject(given) || JSON.stringify(given["exists"]) !== JSON.stringify(given["then"])) return undefined
  if (!("else" in given)) return [given["then"]]
  const rest = coalesceIn(given["else"])
  return rest === undefined ? undefined : [given["then"], ...rest]
}

export const coalesceOf = (values: ReadonlyArray<unknown>): unknown => {
  const [first, ...rest] = values
  // Written as pairs: an object with a member `then` would be taken for a promise where it is awaited. One value alone is still
  // asked whether it exists, so that the editor shows it as it was made.
  const pairs: Array<readonly [string, unknown]> = ["exists", "then"].map((name) => [name, first])
  if (rest.length > 0) pairs.push(["else", rest.length === 1 ? rest[0] : coalesceOf(rest)])
  return { "@if": Object.fromEntries(pairs) }
}

const sourceOf = (value: unknown): unknown => {
  const kind = kindOf(value)
  if (kind === "path" || kind === "static") return value
  if (kind === "coalesce") return coalesceIn(value)![0]
  const directive = directiveOf(value)
  const given = directive?.[1]
  return isObject(given) && given["value"] !== undefined ? given["value"] : pathOf("$.properties.")
}

/** The same field in another way; where it came from is kept where that makes sense. */
export const startOf = (kind: Kind, old: unknown): unknown => {
  const from = sourceOf(old)
  const path = pathIn(from)
  const variable = path === undefined ? "" : `{{${path.replace(/^\$\./, "")}}}`
  switch (kind) {
    case "none":
      return undefined
    case "path":
      return path === undefined ? pathOf("$.properties.") : from
    case "static":
      return isObject(from) ? "" : (from ?? "")
    case "template":
      return { "@template": variable }
    case "coalesce":
      return coalesceOf([isObject(from) ? from : pathOf("$.properties."), pathOf("$.anonymousId")])
    case "case":
      return { "@case": { operator: "lower", value: from } }
    case "replace":
      return { "@replace": { value: from, pattern: "", replacement: "", ignorecase: false, global: true } }
    case "json":
      return { "@json": { mode: "encode", value: from } }
    case "flatten":
      return { "@flatten": { value: from, separator: "." } }
    case "liquid":
      return { "@liquid": path === undefined ? "" : `{{ ${path.replace(/^\$\./, "")} }}` }
    case "object":
      return {}
    case "each":
      return { "@arrayPath": [path ?? "$.properties.products", {}] }
    case "raw":
      return old ?? null
  }
}

/** What a value becomes, in one line, for lists. */
export const valueWords = (value: unknown): string => {
  switch (kindOf(value)) {
    case "none":
      return "nothing"
    case "path":
      return pathIn(value)!.replace(/^\$\./, "")
    case "template":
      return String(givenIn(value, "@template"))
    case "liquid":
      return String(givenIn(value, "@liquid"))
    case "coalesce":
      return coalesceIn(value)!.map(valueWords).join(", else ")
    case "object":
      return `${Object.keys(value as Members).length} members`
    case "each": {
      const [path] = givenIn(value, "@arrayPath") as readonly [string]
      return `each of ${path.replace(/^\$\./, "")}`
    }
    case "static":
      return JSON.stringify(value) ?? ""
    case "raw":
      return directiveOf(value)?.[0] ?? "JSON"
    default: {
      const [name, given] = directiveOf(value)!
      return `${name.slice(1)} of ${valueWords((given as Members)["value"])}`
    }
  }
}

/** Value of a path of DST-92, for previews: dots walk objects, numbers index lists. */
export const valueAt = (event: unknown, path: string): unknown => {
  const parts = path
    .replace(/^\$\.?/, "")
    .replaceAll(/\[(\d+)\]/g, ".$1")
    .split(".")
    .filter((part) => part !== "")
  let at: unknown = event
  for (const part of parts) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, part)) return undefined
    at = (at as Members)[part]
  }
  return at
}

const mostPaths = 400

/** Every path of an event that a field can be read from, objects before their members. */
export const pathsIn = (event: unknown, from = "$", found: Array<string> = []): ReadonlyArray<string> => {
  if (!isObject(event) || found.length >= mostPaths) return found
  for (const [name, value] of Object.entries(event)) {
    // A dot in a name cannot be addressed (DST-91).
    if (name.includes(".") || found.length >= mostPaths) continue
    found.push(`${from}.${name}`)
    pathsIn(Array.isArray(value) ? undefined : value, `${from}.${name}`, found)
  }
  return found
}

/**
 * Segment's package as the worker uses it (CAT-8 to CAT-14). Loaded as CommonJS, each entry when it is first executed: a quarter of the
 * time and half of the memory of loading all of them. Changed in four places that it looks up through its own exports at every call:
 *
 * - `fetch`: every request goes through ours (`seam.ts`).
 * - `get`, which reads `$.a.b` from an event: own members only. As installed, `$.properties.constructor.name` reads "Object" (DST-92).
 *   Events without prototypes would do that, too, but actions call `hasOwnProperty` on what they are mapped to.
 * - `transform`, `transformBatch`: what they throw is a fault of the mapping, and is told apart from faults of an action; `$` in the
 *   replacement of `@replace` is text.
 * - The client's limit of 10 s would end at the body, now that our `fetch` reads it: it is moved behind ours (DEL-4).
 */
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { literalReplacements } from "./replacements.ts"

type Values = Readonly<Record<string, unknown>>

export interface PackageRequest {
  readonly url: string
  readonly method: string
  readonly headers: { readonly raw: () => Record<string, Array<string>> }
  readonly body: unknown
  readonly redirect: string
  readonly follow: number
  readonly timeout: number
  readonly signal: AbortSignal | null
  readonly buffer: () => Promise<Buffer>
}

export type PackageFetch = (request: PackageRequest) => Promise<object>

export interface PackageField {
  readonly type: string
  readonly format?: string
}

interface PackageAction {
  readonly title: string
  readonly hooks?: Readonly<Record<string, unknown>>
  readonly performBatch?: unknown
}

export interface Definition {
  readonly name: string
  readonly slug: string
  readonly authentication?: {
    readonly scheme: string
    readonly fields?: Readonly<Record<string, PackageField>>
    readonly testAuthentication?: unknown
    readonly refreshAccessToken?: (request: unknown, input: unknown) => Promise<unknown>
  }
  readonly actions: Readonly<Record<string, PackageAction>>
  readonly onDelete?: unknown
}

export interface KitAction {
  readonly executeHook: (name: string, data: Values) => Promise<unknown>
}

export interface KitOptions {
  readonly onTokenRefresh: (tokens: unknown) => Promise<void>
  readonly statsContext: object
}

export interface KitDestination {
  responses: unknown
  validateSettings: (settings: unknown) => void
  readonly actions: Readonly<Record<string, KitAction>>
  readonly onEvent: (event: unknown, settings: Values, options: KitOptions) => Promise<unknown>
  readonly onBatch: (events: ReadonlyArray<unknown>, settings: Values, options: KitOptions) => Promise<unknown>
  readonly onDelete?: (event: Values, settings: Values, options: KitOptions) => Promise<unknown>
  readonly testAuthentication: (settings: Values) => Promise<void>
  readonly executeDynamicField: (action: string, field: string, data: Values) => Promise<unknown>
  readonly refreshAccessToken: (settings: Values, tokens: Values) => Promise<unknown>
}

export interface Package {
  readonly definition: (metadataId: string) => Definition | undefined
  readonly ids: ReadonlyArray<string>
  readonly make: (definition: Definition) => KitDestination
  readonly newResponse: (body: Buffer, how: object) => object
  readonly newHeaders: () => { readonly append: (name: string, value: string) => void }
}

/** A mapping that cannot be worked out, whatever the event. */
export class MappingInvalid extends Error {
  override readonly name = "ValidationError"
}

const steps = /\[(?="|'|\d)|\.|(?<="|'|\d)]+/g
const paths = new Map<string, ReadonlyArray<string>>()
const maxPaths = 10_000

const stepsOf = (path: string): ReadonlyArray<string> => {
  let found = paths.get(path)
  if (found === undefined) {
    found = path
      .split(steps)
      .filter((step) => step !== "")
      .map((step) => step.replace(/'|"/g, ""))
    if (paths.size >= maxPaths) paths.clear()
    paths.set(path, found)
  }
  return found
}

const isData = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === Array.prototype || prototype === null
}

/** As the package's own, but what data inherits is not there. */
export const readPath = (value: unknown, path: unknown): unknown => {
  if (path === "" || path === ".") return value
  if (path === null || path === undefined) return undefined
  let found: unknown = value
  for (const step of Array.isArray(path) ? path : stepsOf(String(path))) {
    if (!found) return found
    const holder: object = Object(found)
    const readable = Object.hasOwn(holder, step) || (typeof found === "object" && !isData(found))
    found = readable ? Reflect.get(holder, step, found) : undefined
  }
  return found
}

const asFunction = (value: unknown): ((...args: ReadonlyArray<unknown>) => unknown) => {
  if (typeof value !== "function")
    throw new Error("Segment's package has changed: a function that Braid replaces is missing")
  return (...args) => Reflect.apply(value, undefined, args)
}

/** An aggregate has the stack of each of its errors in its message. */
const problemsOf = (error: unknown): string => {
  const many = error instanceof Error && error.name === "AggregateError" && Symbol.iterator in error
  const errors: ReadonlyArray<unknown> = many ? Array.from(error as Error & Iterable<unknown>) : [error]
  return errors.map((one) => (one instanceof Error ? one.message : String(one))).join(" ")
}

const mappingOnly =
  (original: (...args: ReadonlyArray<unknown>) => unknown) =>
  (mapping: unknown, ...rest: ReadonlyArray<unknown>): unknown => {
    try {
      return original(literalReplacements(mapping), ...rest)
    } catch (error) {
      throw new MappingInvalid(problemsOf(error), { cause: error })
    }
  }

/** Where the package keeps which entry: read from its own list, because loading that would load all of them. */
const foldersOf = (root: string): ReadonlyMap<string, string> => {
  const list = readFileSync(join(root, "destinations", "index.js"), "utf8")
  const found = [...list.matchAll(/^register\('([0-9a-f]{24})', '\.\/([^']+)'\);/gm)]
  if (found.length === 0) throw new Error("Segment's package has changed: its list of destinations reads differently")
  return new Map(found.map(([, id, folder]) => [id!, folder!]))
}

export const loadPackage = (fetch: PackageFetch): Package => {
  const require = createRequire(import.meta.url)
  const core = dirname(require.resolve("@segment/actions-core"))
  const root = dirname(require.resolve("@segment/action-destinations"))
  const folders = foldersOf(root)
  const part = (path: string): Record<string, unknown> => require(join(core, path))

  const http = part("fetch.js")
  http["default"] = fetch
  const get = part("get.js")
  asFunction(get["get"])
  get["get"] = readPath
  const kit = part("mapping-kit/index.js")
  for (const name of ["transform", "transformBatch"]) kit[name] = mappingOnly(asFunction(kit[name]))
  const client = part("request-client.js")
  if (client["DEFAULT_REQUEST_TIMEOUT"] !== clientLimitMs)
    throw new Error("Segment's package has changed: its client has another time limit")
  client["DEFAULT_REQUEST_TIMEOUT"] = behindOursMs

  const Destination = part("index.js")["Destination"] as new (definition: Definition) => KitDestination
  const Response = http["Response"] as new (body: Buffer, how: object) => object
  const Headers = http["Headers"] as new () => { append: (name: string, value: string) => void }
  return {
    definition: (metadataId) => {
      const folder = folders.get(metadataId)
      if (folder === undefined) return undefined
      const module: { readonly default: Definition } = require(join(root, "destinations", folder))
      return module.default
    },
    ids: [...folders.keys()],
    make: (definition) => new Destination(definition),
    newResponse: (body, how) => new Response(body, how),
    newHeaders: () => new Headers()
  }
}

/** What the client gives requests that ask for nothing else, and what it is set to. */
const clientLimitMs = 10_000
export const behindOursMs = 20_000

/** What Segment's published client says of answers, read from its declarations: which members must be there, and what they are. */
import * as client from "@segment/public-api-sdk-typescript"
import { readdirSync, readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"

const root = dirname(createRequire(import.meta.url).resolve("@segment/public-api-sdk-typescript"))

interface Member {
  readonly name: string
  readonly optional: boolean
  readonly type: string
}

const models = new Map<string, ReadonlyArray<Member>>()
for (const file of readdirSync(join(root, "model")).filter((name) => name.endsWith(".d.ts"))) {
  const text = readFileSync(join(root, "model", file), "utf8")
  const name = /export declare class (\w+)/.exec(text)?.[1]
  if (name === undefined) continue
  const members = [...text.matchAll(/^ {4}'(\w+)'(\?)?: ([\s\S]*?);$/gm)]
  models.set(
    name,
    members.map(([, name = "", optional, type = ""]) => ({ name, optional: optional !== undefined, type }))
  )
}

const exported: Readonly<Record<string, unknown>> = { ...client }

const problemsOf = (type: string, value: unknown, path: string): ReadonlyArray<string> => {
  const list = /^Array<(.+)>$/.exec(type)?.[1]
  if (list !== undefined)
    return Array.isArray(value)
      ? value.flatMap((item, at) => problemsOf(list, item, `${path}[${at}]`))
      : [`${path} is no list`]
  if (type.endsWith(" | null")) return value === null ? [] : problemsOf(type.slice(0, -7), value, path)
  if (type === "string" || type === "number" || type === "boolean")
    return typeof value === type ? [] : [`${path} is no ${type}`]
  const [owner = "", kind] = type.split(".")
  if (kind !== undefined) {
    const known = Reflect.get(Object(exported[owner]), kind) as object | undefined
    return known === undefined || Object.values(known).includes(value) ? [] : [`${path} is ${String(value)}`]
  }
  const members = models.get(type)
  if (members === undefined) return []
  if (typeof value !== "object" || value === null) return [`${path} is no ${type}`]
  return members.flatMap(({ name, optional, type }) => {
    const member: unknown = Reflect.get(value, name)
    if (member === undefined) return optional ? [] : [`${path}.${name} is missing`]
    return problemsOf(type, member, `${path}.${name}`)
  })
}

/** What an answer lacks, or has wrong; `type` names the client's model of it. */
export const answerProblems = (type: string, body: unknown): ReadonlyArray<string> => problemsOf(type, body, type)

interface Operation {
  readonly api: string
  readonly name: string
  readonly method: string
  readonly path: string
  /** The model of its answer. */
  readonly answer: string
}

/** All operations that the client has. */
export const operations: ReadonlyArray<Operation> = readdirSync(join(root, "api"))
  .filter((name) => name.endsWith("Api.js"))
  .flatMap((file) => {
    const text = readFileSync(join(root, "api", file), "utf8")
    const api = /exports\.(\w+Api) = /.exec(text)?.[1] ?? ""
    return text
      .split(/\n {4}\w+\.prototype\./)
      .slice(1)
      .flatMap((part) => {
        const name = /^(\w+) = function/.exec(part)?.[1]
        const path = /basePath \+\s*'([^']+)'/.exec(part)?.[1]
        const method = /method: '(\w+)'/.exec(part)?.[1]
        const answer = /deserialize\(body, '(\w+)'/.exec(part)?.[1]
        return name === undefined || path === undefined || method === undefined || answer === undefined
          ? []
          : [{ api, name, method, path, answer }]
      })
  })

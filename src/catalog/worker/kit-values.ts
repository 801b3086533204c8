/** Values that go into Segment's kit and come out of it, in shapes of ours. */
import type { Hop } from "../../platform/outbound.ts"
import { failed, retryAfter } from "../outcome.ts"
import type { FieldChoices, Outcome } from "../runner.ts"
import type { Definition } from "./package.ts"

type Values = Readonly<Record<string, unknown>>

export const property = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

export const nothing = () => {}
/** Some actions use them without asking whether they are there. */
export const statsClient = {
  incr: nothing,
  decr: nothing,
  histogram: nothing,
  set: nothing,
  gauge: nothing,
  observe: nothing
}
export const logger = { crit: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing, log: nothing }

/** Members of this name would be set as prototypes by whoever copies them. */
export const parsed = (event: string): unknown =>
  event.includes('"__proto__"')
    ? JSON.parse(event, (key, value: unknown) => (key === "__proto__" ? undefined : value))
    : JSON.parse(event)

export const isOAuth = (definition: Definition) => {
  const scheme = definition.authentication?.scheme
  return scheme === "oauth2" || scheme === "oauth-managed"
}

/** Where there is nothing to refresh: what was refused stays refused. */
export const unauthorised = (hops: ReadonlyArray<Hop>): Error =>
  Object.assign(new Error(hops.at(-1)?.answer?.body.toString("utf8", 0, 500) || "The destination answered 401"), {
    name: "InvalidAuthenticationError"
  })
/** What is not said to have been executed was not (CAT-6). */
export const notExecuted = (results: unknown): Outcome => {
  const said: unknown = Array.isArray(results) ? property(results.at(-1), "output") : undefined
  return failed(
    "INVALID_SETTINGS",
    `The action was not executed${said === undefined ? "" : `: ${String(said)}`}`,
    false
  )
}

/** Of the answer that an error carries. */
export const retryAfterOf = (error: unknown): number | undefined => {
  const headers: unknown = property(property(error, "response"), "headers")
  const get: unknown = property(headers, "get")
  const found: unknown = typeof get === "function" ? Reflect.apply(get, headers, ["retry-after"]) : undefined
  return typeof found === "string" ? retryAfter(found, Date.now()) : undefined
}

/** Of an action that told the status alone. */
export const lastRetryAfter = (hops: ReadonlyArray<Hop>): number | undefined =>
  retryAfter(hops.at(-1)?.answer?.headers["retry-after"], Date.now())

export const withoutOAuth = (settings: Values): Values => {
  const { oauth: _, ...others } = settings
  return others
}

export const oauthOf = (settings: Values): Values => {
  const oauth = settings["oauth"]
  return {
    accessToken: property(oauth, "access_token"),
    refreshToken: property(oauth, "refresh_token"),
    clientId: property(oauth, "clientId"),
    clientSecret: property(oauth, "clientSecret")
  }
}

export const choicesOf = (found: unknown): FieldChoices => {
  const listed = property(found, "choices")
  const problem = property(found, "error")
  const nextPage = property(found, "nextPage")
  return {
    choices: (Array.isArray(listed) ? listed : []).map((choice: unknown) => {
      const description = property(choice, "description")
      return {
        label: String(property(choice, "label") ?? property(choice, "value") ?? choice),
        value: String(property(choice, "value") ?? choice),
        ...(typeof description === "string" ? { description } : {})
      }
    }),
    ...(typeof nextPage === "string" && nextPage !== "" ? { nextPage } : {}),
    ...(problem === undefined || problem === null ? {} : { error: String(property(problem, "message") ?? problem) })
  }
}

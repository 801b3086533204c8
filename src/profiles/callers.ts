/**
 * Who asks the GraphQL API: a program by its access token (PRO-3), or a person of the console by a session. Both transports
 * ask here, before each operation and, for what stays open, again and again (`subscribers.ts`).
 */
import type { Effect } from "effect"
import type { IncomingHttpHeaders } from "node:http"
import { isFromConsole, originOf, sessionSecretIn } from "../workspace/session-cookie.ts"
import type { Sessions } from "../workspace/sessions.ts"
import type { AccessToken, Space, Workspace } from "../workspace/workspace.ts"
import { accessOf, allows, belongsTo } from "./access.ts"

export interface Caller {
  /** The token, or the session: who is counted. */
  readonly key: string
  access: AccessToken
  /** Whose meter pays: the space's when that is undefined. */
  readonly meter: string | undefined
  /** Undefined: the token was revoked, or the person has signed out. */
  readonly now: () => Promise<AccessToken | undefined>
}

/** Whether `access` still reads the space. */
export const reads = (access: AccessToken, space: Space): boolean =>
  allows(access, "profiles:read") && (space.id === "" || belongsTo(access, space.id))

export interface Callers {
  readonly byToken: (authorization: string | undefined) => Caller | undefined
  /** For a request of our own page; undefined for all others, too. */
  readonly bySession: (headers: IncomingHttpHeaders) => Promise<Caller | undefined>
  /** For a WebSocket that our own page opens: it cannot send the header that `bySession` wants, but always says its origin. */
  readonly bySessionOfSocket: (headers: IncomingHttpHeaders) => Promise<Caller | undefined>
}

export const makeCallers = (options: {
  readonly workspace: Workspace["Service"]
  readonly sessions: Sessions["Service"]
  readonly publicUrl: string
  readonly run: <A, E>(effect: Effect.Effect<A, E>) => Promise<A>
}): Callers => {
  const { workspace, sessions, publicUrl, run } = options
  const bySecret = async (headers: IncomingHttpHeaders): Promise<Caller | undefined> => {
    const secret = sessionSecretIn(headers)
    if (secret === undefined) return undefined
    const session = await run(sessions.find(secret))
    if (session === undefined) return undefined
    const key = `session ${session.key}`
    return { key, access: session.access, meter: key, now: async () => (await run(sessions.find(secret)))?.access }
  }
  return {
    byToken: (authorization) => {
      const access = accessOf(workspace.current(), authorization)
      if (access === undefined) return undefined
      const now = () => Promise.resolve(accessOf(workspace.current(), authorization))
      return { key: `token ${access.id}`, access, meter: undefined, now }
    },
    bySession: async (headers) => (isFromConsole(headers, publicUrl) ? bySecret(headers) : undefined),
    bySessionOfSocket: async (headers) => (originOf(headers, publicUrl) === "own" ? bySecret(headers) : undefined)
  }
}

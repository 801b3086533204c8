/** Asks the service: GraphQL with the session's cookie, and who is signed in. Every failure is an `ApiError` that people can read. */
import type { Operation } from "./operation.ts"

export class ApiError extends Error {
  readonly code: string
  readonly requestId: string | undefined

  constructor(code: string, message: string, requestId?: string) {
    super(message)
    this.code = code
    this.requestId = requestId
  }
}

export interface SpaceInfo {
  readonly id: string
  readonly slug: string
  readonly name: string
  readonly kind: "dev" | "prod"
}

export interface SessionInfo {
  readonly name: string
  readonly tokenId: string
  readonly scopes: ReadonlyArray<string>
  readonly spaces: ReadonlyArray<SpaceInfo>
}

/** Shows the server that the request comes from this page. */
const own = { "braid-console": "1" } as const

const unreachable = (): never => {
  throw new ApiError("UNREACHABLE", "Braid is not answering. Events that clients hold will be sent again by them.")
}

interface Answer<Data> {
  readonly data?: Data | null
  readonly errors?: ReadonlyArray<{
    readonly message: string
    readonly extensions?: { readonly code?: string; readonly requestId?: string }
  }>
}

export const ask = async <Data, Variables>(
  operation: Operation<Data, Variables>,
  variables: Variables,
  spaceId: string | undefined,
  signal?: AbortSignal
): Promise<Data> => {
  const response = await fetch("/console/graphql", {
    method: "POST",
    headers: {
      ...own,
      "content-type": "application/json",
      accept: "application/json",
      ...(spaceId === undefined ? {} : { "braid-space": spaceId })
    },
    body: JSON.stringify({ query: operation.text, variables, operationName: operation.name }),
    ...(signal === undefined ? {} : { signal })
  }).catch((error: unknown) => (signal?.aborted === true ? Promise.reject(error) : unreachable()))
  const answer = (await response.json().catch(() => ({}))) as Answer<Data>
  const error = answer.errors?.[0]
  if (error !== undefined)
    throw new ApiError(error.extensions?.code ?? "INTERNAL", error.message, error.extensions?.requestId)
  if (answer.data === undefined || answer.data === null)
    throw new ApiError("INTERNAL", `Braid answered ${response.status} without data.`)
  return answer.data
}

const sessionRequest = async (init: RequestInit): Promise<Response> =>
  fetch("/console/session", { ...init, headers: { ...own, "content-type": "application/json" } }).catch(unreachable)

interface Refusal {
  readonly error?: { readonly code: string; readonly message: string }
}

const sessionIn = async (response: Response): Promise<SessionInfo> => {
  const body = (await response.json().catch(() => ({}))) as SessionInfo & Refusal
  if (response.ok) return body
  throw new ApiError(body.error?.code ?? "INTERNAL", body.error?.message ?? `Braid answered ${response.status}.`)
}

/** Undefined: nobody is signed in. */
export const currentSession = async (): Promise<SessionInfo | undefined> => {
  const response = await sessionRequest({ method: "GET" })
  return ((await sessionIn(response)) as SessionInfo | null) ?? undefined
}

export const signIn = async (token: string): Promise<SessionInfo> =>
  sessionIn(await sessionRequest({ method: "POST", body: JSON.stringify({ token }) }))

export const signOut = async (): Promise<void> => void (await sessionRequest({ method: "DELETE" }))

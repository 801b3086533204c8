/** Asks the service: GraphQL with the session's cookie, and who is signed in. Every failure is an `ApiError` that people can read. */
import type { Operation } from "./operation.ts"

/** A member of the input that is wrong, and what was expected there. */
export interface InputProblem {
  readonly path: string
  readonly expected: string
}

export class ApiError extends Error {
  readonly code: string
  readonly requestId: string | undefined
  readonly problems: ReadonlyArray<InputProblem>

  constructor(code: string, message: string, requestId?: string, problems: ReadonlyArray<InputProblem> = []) {
    super(message)
    this.code = code
    this.requestId = requestId
    this.problems = problems
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

export const unreachable = (): never => {
  throw new ApiError("UNREACHABLE", "Braid is not answering. Events that clients hold will be sent again by them.")
}

export interface Answer<Data> {
  readonly data?: Data | null
  readonly errors?: ReadonlyArray<{
    readonly message: string
    readonly extensions?: {
      readonly code?: string
      readonly requestId?: string
      readonly problems?: ReadonlyArray<InputProblem>
    }
  }>
}

/** A proxy that answers for a service that does not. */
const isAway = (status: number): boolean => status === 502 || status === 504 || status === 503

/** What the service says of itself: the first error of an answer, or that it has no data. */
export const dataIn = <Data>(answer: Answer<Data>, status: number): Data => {
  const error = answer.errors?.[0]
  if (error !== undefined) {
    const { code = "INTERNAL", requestId, problems } = error.extensions ?? {}
    throw new ApiError(code, error.message, requestId, problems)
  }
  if (answer.data !== undefined && answer.data !== null) return answer.data
  if (isAway(status)) return unreachable()
  throw new ApiError("INTERNAL", `Braid answered ${status} without data.`)
}

interface Posted {
  readonly accept: string
  readonly spaceId: string | undefined
  readonly signal?: AbortSignal | undefined
}

/** One GraphQL request; `accept` says whether one answer or a stream of them is wanted. */
export const post = async <Data, Variables>(
  operation: Operation<Data, Variables>,
  variables: Variables,
  { accept, spaceId, signal }: Posted
): Promise<Response> =>
  fetch("/console/graphql", {
    method: "POST",
    headers: {
      ...own,
      "content-type": "application/json",
      accept,
      ...(spaceId === undefined ? {} : { "braid-space": spaceId })
    },
    body: JSON.stringify({ query: operation.text, variables, operationName: operation.name }),
    ...(signal === undefined ? {} : { signal })
  }).catch((error: unknown) => (signal?.aborted === true ? Promise.reject(error) : unreachable()))

export const answerIn = async <Data>(response: Response): Promise<Data> =>
  dataIn((await response.json().catch(() => ({}))) as Answer<Data>, response.status)

export const ask = async <Data, Variables>(
  operation: Operation<Data, Variables>,
  variables: Variables,
  spaceId: string | undefined,
  signal?: AbortSignal
): Promise<Data> => answerIn<Data>(await post(operation, variables, { accept: "application/json", spaceId, signal }))

const sessionRequest = async (init: RequestInit): Promise<Response> =>
  fetch("/console/session", { ...init, headers: { ...own, "content-type": "application/json" } }).catch(unreachable)

interface Refusal {
  readonly error?: { readonly code: string; readonly message: string }
}

const sessionIn = async (response: Response): Promise<SessionInfo> => {
  const body = (await response.json().catch(() => ({}))) as SessionInfo & Refusal
  if (response.ok) return body
  if (isAway(response.status) && body.error === undefined) return unreachable()
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

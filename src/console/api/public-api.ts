/**
 * The Public API by the session's cookie: sources, destinations and what is delivered. One small client: a request is data (`Read`,
 * `Change`), the hooks run it. Everything read lies in one part of the cache, which every change makes stale.
 */
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query"
import { ApiError, unreachable } from "./client.ts"

type Query = Readonly<Record<string, string | number | boolean | undefined>>

/** What is asked, and where the answer lies in `data`. */
export interface Read<A> {
  readonly path: string
  readonly query: Query
  readonly pick: (data: Envelope) => A
  /** Goes on until there is no next page; the pages' lists are one. */
  readonly pages?: true
}

export interface Change<A> {
  readonly method: "POST" | "PATCH" | "PUT" | "DELETE"
  readonly path: string
  readonly body?: unknown
  readonly pick: (data: Envelope) => A
}

type Envelope = Readonly<Record<string, unknown>>

interface ApiProblem {
  readonly type?: string
  readonly message?: string
  readonly field?: string
  readonly status?: number
  readonly data?: { readonly code?: string }
}

const base = "/console/public-api"

/** `a/b?c=d` with its parts encoded. */
export const at = (strings: TemplateStringsArray, ...parts: ReadonlyArray<string>): string =>
  strings.reduce((path, string, i) => `${path}${encodeURIComponent(parts[i - 1]!)}${string}`)

const key =
  <A>(name: string) =>
  (data: Envelope): A =>
    data[name] as A

export const read = <A>(path: string, name: string, query: Query = {}): Read<A> => ({ path, query, pick: key<A>(name) })

/** The whole of `data`. */
export const readAll = <A>(path: string, query: Query = {}): Read<A> => ({ path, query, pick: (data) => data as A })

export const list = <A>(path: string, name: string, query: Query = {}): Read<ReadonlyArray<A>> => ({
  path,
  query,
  pick: key<ReadonlyArray<A>>(name),
  pages: true
})

export const change = <A = unknown>(
  method: Change<A>["method"],
  path: string,
  body?: unknown,
  pick: Change<A>["pick"] = (data) => data as A
): Change<A> => ({ method, path, pick, ...(body === undefined ? {} : { body }) })

export const picked = key

const codes: Readonly<Record<number, string>> = {
  400: "VALIDATION_FAILED",
  401: "UNAUTHENTICATED",
  403: "FORBIDDEN",
  404: "NOT_FOUND",
  422: "VALIDATION_FAILED",
  429: "RATE_LIMITED"
}

const failureOf = (errors: ReadonlyArray<ApiProblem>, status: number, requestId: string | undefined): ApiError => {
  const [first] = errors
  const code = first?.data?.code ?? codes[status] ?? "INTERNAL"
  const messages = [...new Set(errors.map(({ message }) => message).filter((message) => message !== undefined))]
  return new ApiError(
    code,
    messages.length === 0 ? `Braid answered ${status}.` : messages.slice(0, 4).join(" "),
    requestId,
    errors.flatMap(({ field, message = "" }) => (field === undefined ? [] : [{ path: field, expected: message }]))
  )
}

const send = async (method: string, url: string, body: unknown, signal?: AbortSignal): Promise<Envelope> => {
  const response = await fetch(`${base}${url}`, {
    method,
    headers: {
      "braid-console": "1",
      accept: "application/json",
      ...(body === undefined ? {} : { "content-type": "application/json" })
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal })
  }).catch((error: unknown) => (signal?.aborted === true ? Promise.reject(error) : unreachable()))
  const answer = (await response.json().catch(() => ({}))) as {
    readonly data?: Envelope
    readonly errors?: ReadonlyArray<ApiProblem>
  }
  if (response.ok && answer.data !== undefined) return answer.data
  if (answer.errors === undefined && [502, 503, 504].includes(response.status)) return unreachable()
  throw failureOf(answer.errors ?? [], response.status, response.headers.get("x-request-id") ?? undefined)
}

const search = (query: Query): string => {
  const pairs = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]))
  return pairs.length === 0 ? "" : `?${new URLSearchParams(pairs).toString()}`
}

/** More pages than anybody has objects. */
const mostPages = 50

const runRead = async <A>({ path, query, pick, pages }: Read<A>, signal?: AbortSignal): Promise<A> => {
  if (pages === undefined) return pick(await send("GET", `${path}${search(query)}`, undefined, signal))
  const found: Array<unknown> = []
  let cursor: string | undefined
  for (let page = 0; page < mostPages; page++) {
    const paging = {
      "pagination[count]": 200,
      ...(cursor === undefined ? {} : { "pagination[cursor]": cursor })
    }
    const data = await send("GET", `${path}${search({ ...query, ...paging })}`, undefined, signal)
    found.push(...(pick(data) as ReadonlyArray<unknown>))
    cursor = (data["pagination"] as { readonly next?: string | null } | undefined)?.next ?? undefined
    if (cursor === undefined) break
  }
  return found as A
}

export const runChange = async <A>({ method, path, body, pick }: Change<A>): Promise<A> =>
  pick(await send(method, path, body))

interface Options {
  readonly enabled?: boolean
  /** ms */
  readonly every?: number
  /** Keep the old answer, dimmed, while the request changes. */
  readonly keep?: boolean
  /** Never stale: the catalog changes with the version only. */
  readonly forever?: boolean
}

const root = "public-api"

/** For several requests at once. */
export const apiOptions = <A>(request: Read<A>) => ({
  queryKey: [root, request.path, request.query] as const,
  queryFn: ({ signal }: { readonly signal: AbortSignal }) => runRead(request, signal)
})

export const useApi = <A>(request: Read<A>, { enabled = true, every, keep = false, forever = false }: Options = {}) =>
  useQuery({
    ...apiOptions(request),
    enabled,
    ...(every === undefined ? {} : { refetchInterval: every }),
    ...(keep ? { placeholderData: keepPreviousData } : {}),
    ...(forever ? { staleTime: Infinity, gcTime: Infinity } : {})
  })

/** What is shown is read again, but for the catalog; `none`: when it is next shown, as when it is gone and the page with it. */
export const useRefreshApi = () => {
  const client = useQueryClient()
  return (refetchType: "active" | "none" = "active") =>
    client.invalidateQueries({
      refetchType,
      predicate: ({ queryKey: [first, path] }) => first === root && !String(path).startsWith("/catalog")
    })
}

/** Runs changes. */
export const useApiChange = <A = unknown>() => {
  const refresh = useRefreshApi()
  return useMutation({ mutationFn: (request: Change<A>) => runChange(request), onSuccess: () => refresh() })
}

/** Asks something that changes nothing that is shown: a test, a preview. */
export const useApiTry = <A = unknown>() => useMutation({ mutationFn: (request: Change<A>) => runChange(request) })

/** What the service says about one field of a form; `settings.apiKey` and `apiKey` alike. */
export const problemAt = (error: Error | null, field: string): string | undefined =>
  error instanceof ApiError
    ? error.problems.find(({ path }) => path === field || path.endsWith(`.${field}`))?.expected
    : undefined

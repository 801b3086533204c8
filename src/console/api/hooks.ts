/** Data for components: the space of the page, what the person may do, and queries of one cache. */
import {
  keepPreviousData,
  type QueryClient,
  queryOptions,
  useMutation,
  useQuery,
  useQueryClient
} from "@tanstack/react-query"
import { createContext, use } from "react"
import { ApiError, ask, currentSession, type SessionInfo, type SpaceInfo } from "./client.ts"
import type { Operation } from "./operation.ts"

export const sessionOptions = queryOptions({
  queryKey: ["session"],
  queryFn: async () => (await currentSession()) ?? null,
  staleTime: 60_000
})

export const SessionContext = createContext<SessionInfo | null>(null)
export const SpaceContext = createContext<SpaceInfo | null>(null)

export const useSession = (): SessionInfo => {
  const session = use(SessionContext)
  if (session === null) throw new ApiError("UNAUTHENTICATED", "Nobody is signed in.")
  return session
}

/** The space that the address names. */
export const useSpace = (): SpaceInfo => {
  const space = use(SpaceContext)
  if (space === null) throw new ApiError("NOT_FOUND", "This page belongs to no space.")
  return space
}

type Scope = "profiles:read" | "identifiers:delete" | "insights:read" | "admin"

/** Like the server: `admin` allows everything in its space, `workspace:admin` everything everywhere. */
export const allows = (scopes: ReadonlyArray<string>, scope: Scope): boolean =>
  [scope, "admin", "workspace:admin"].some((each) => scopes.includes(each))

export const useMay = (scope: Scope): boolean => allows(useSession().scopes, scope)

/** Sources and destinations are of the workspace: a token of one space has no part in them (ADM-41). */
export const useMayConnect = (): boolean => useSession().scopes.includes("workspace:admin")

/** Without PII access: values come masked, so nothing may be made of them, and nothing is copied or searched by them. */
export const useMasked = (): boolean => useSession().scopes.includes("pii:masked")

interface Options {
  readonly enabled?: boolean
  /** ms */
  readonly every?: number
  /** Keep the old answer, dimmed, while the variables change. */
  readonly keep?: boolean
}

const keyOf = (spaceId: string, operation: { readonly name: string }, variables: unknown) =>
  [spaceId, operation.name, variables] as const

export const useData = <Data, Variables>(
  operation: Operation<Data, Variables>,
  variables: Variables,
  { enabled = true, every, keep = false }: Options = {}
) => {
  const { id } = useSpace()
  return useQuery({
    queryKey: keyOf(id, operation, variables),
    queryFn: ({ signal }) => ask(operation, variables, id, signal),
    enabled,
    ...(every === undefined ? {} : { refetchInterval: every }),
    ...(keep ? { placeholderData: keepPreviousData } : {})
  })
}

/** Runs a change; what is shown of the space is then read again. */
export const useChange = <Data, Variables>(operation: Operation<Data, Variables>) => {
  const { id } = useSpace()
  const client = useQueryClient()
  return useMutation({
    mutationFn: (variables: Variables) => ask(operation, variables, id),
    onSuccess: () => refresh(client, id)
  })
}

export const refresh = (client: QueryClient, spaceId: string) => client.invalidateQueries({ queryKey: [spaceId] })

export const nodes = <Node>(connection: { readonly edges: ReadonlyArray<{ readonly node: Node }> }) =>
  connection.edges.map(({ node }) => node)

/** Starts the console in the browser. */
import "@fontsource-variable/geist/index.css"
import "@fontsource-variable/jetbrains-mono/index.css"
import "./styles/tokens.css"
import "./styles/base.css"
import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query"
import { RouterProvider } from "@tanstack/react-router"
import { StrictMode } from "react"
import { createRoot } from "react-dom/client"
import { ApiError } from "./api/client.ts"
import { sessionOptions } from "./api/hooks.ts"
import { addressOf, makeRouter } from "./router.tsx"

const passing = new Set(["UNREACHABLE", "RATE_LIMITED"])
const codeIn = (error: unknown) => (error instanceof ApiError ? error.code : undefined)
/** While the service is away its panels ask again, so that they go on by themselves. */
const askAgainMs = 5000

/** The session is over: ask for a new one, and come back to this address. */
const onError = (error: unknown) => {
  if (codeIn(error) !== "UNAUTHENTICATED" || router.state.location.pathname.endsWith("/sign-in")) return
  client.setQueryData(sessionOptions.queryKey, null)
  const next = addressOf(router.state.location.href)
  void router.navigate({ to: "/sign-in", search: { next, ended: true }, replace: true })
}

const client: QueryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // Braid may well be on this machine: whether it has a network says nothing.
      networkMode: "always",
      retryDelay: 700,
      staleTime: 10_000,
      retry: (failures, error) => failures < 1 && passing.has(codeIn(error) ?? ""),
      refetchInterval: ({ state }) => (codeIn(state.error) === "UNREACHABLE" ? askAgainMs : false)
    },
    mutations: { networkMode: "always" }
  },
  queryCache: new QueryCache({ onError }),
  mutationCache: new MutationCache({ onError })
})
const router = makeRouter(client)

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>
)

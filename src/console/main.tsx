/** Starts the console in the browser. */
import "@fontsource-variable/geist/index.css"
import "@fontsource-variable/jetbrains-mono/index.css"
import "./styles/tokens.css"
import "./styles/base.css"
import { QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query"
import { RouterProvider } from "@tanstack/react-router"
import { StrictMode } from "react"
import { createRoot } from "react-dom/client"
import { ApiError } from "./api/client.ts"
import { sessionOptions } from "./api/hooks.ts"
import { makeRouter } from "./router.tsx"

const passing = new Set(["UNREACHABLE", "RATE_LIMITED"])

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      retry: (failures, error) => failures < 2 && error instanceof ApiError && passing.has(error.code)
    }
  },
  queryCache: new QueryCache({
    onError: (error) => {
      // The session is over: ask for a new one, and come back to this address.
      if (!(error instanceof ApiError) || error.code !== "UNAUTHENTICATED") return
      client.setQueryData(sessionOptions.queryKey, null)
      void router.invalidate()
    }
  })
})
const router = makeRouter(client)

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>
)

/** Every address of the console. Pages are loaded when they are first opened, the shell and the profiles at once. */
import type { QueryClient } from "@tanstack/react-query"
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect
} from "@tanstack/react-router"
import { SessionContext, sessionOptions } from "./api/hooks.ts"
import { SignIn } from "./pages/SignIn.tsx"
import { Failed } from "./parts/States.tsx"
import { Shell } from "./shell/Shell.tsx"
import {
  dryRunSearch,
  explainSearch,
  insightsSearch,
  insightsTabs,
  liveSearch,
  profileSearch,
  profilesSearch,
  profileTabs,
  runSearch,
  signInSearch
} from "./url-state.ts"

interface RouterContext {
  readonly client: QueryClient
}

const root = createRootRouteWithContext<RouterContext>()({ component: Outlet })

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: signInSearch,
  component: SignIn
})

const app = createRoute({
  getParentRoute: () => root,
  id: "app",
  beforeLoad: async ({ context, location }) => {
    const session = await context.client.ensureQueryData(sessionOptions)
    if (session === null)
      throw redirect({
        to: "/sign-in",
        search: location.pathname === "/" ? {} : { next: location.href.replace(/^\/console/, "") },
        ...(location.hash === "" ? {} : { hash: location.hash })
      })
    return { session }
  },
  component: () => {
    const { session } = app.useRouteContext()
    return (
      <SessionContext value={session}>
        <Outlet />
      </SessionContext>
    )
  }
})

const home = createRoute({
  getParentRoute: () => app,
  path: "/",
  beforeLoad: ({ context: { session } }) => {
    const [first] = session.spaces
    if (first !== undefined) throw redirect({ to: "/s/$space/profiles", params: { space: first.slug } })
  },
  component: () => (
    <main className="page" id="main">
      <p>This token opens no space yet. Make one, then reload this page.</p>
    </main>
  )
})

const space = createRoute({ getParentRoute: () => app, path: "/s/$space", component: Shell })

const spaceHome = createRoute({
  getParentRoute: () => space,
  path: "/",
  beforeLoad: ({ params }) => {
    throw redirect({ to: "/s/$space/profiles", params })
  }
})

const profiles = createRoute({
  getParentRoute: () => space,
  path: "/profiles",
  validateSearch: profilesSearch,
  component: lazyRouteComponent(() => import("./pages/profiles/Profiles.tsx"), "Profiles")
})

const profile = createRoute({
  getParentRoute: () => space,
  path: "/profiles/$id/$tab",
  validateSearch: profileSearch,
  params: {
    parse: ({ id, tab }) => ({ id, tab: profileTabs.find((each) => each === tab) ?? ("overview" as const) }),
    stringify: ({ id, tab }) => ({ id, tab })
  },
  component: lazyRouteComponent(() => import("./pages/profile/Profile.tsx"), "Profile")
})

const profileHome = createRoute({
  getParentRoute: () => space,
  path: "/profiles/$id",
  beforeLoad: ({ params }) => {
    throw redirect({ to: "/s/$space/profiles/$id/$tab", params: { ...params, tab: "overview" } })
  }
})

const live = createRoute({
  getParentRoute: () => space,
  path: "/live",
  validateSearch: liveSearch,
  component: lazyRouteComponent(() => import("./pages/live/Live.tsx"), "Live")
})

const explain = createRoute({
  getParentRoute: () => space,
  path: "/explain",
  validateSearch: dryRunSearch,
  component: lazyRouteComponent(() => import("./pages/explain/Explain.tsx"), "DryRun")
})

const explained = createRoute({
  getParentRoute: () => space,
  path: "/explain/$messageId",
  validateSearch: explainSearch,
  component: lazyRouteComponent(() => import("./pages/explain/Explain.tsx"), "Stored")
})

const rules = createRoute({
  getParentRoute: () => space,
  path: "/rules",
  component: lazyRouteComponent(() => import("./pages/rules/Rules.tsx"), "Rules")
})

const rulesVersion = createRoute({
  getParentRoute: () => space,
  path: "/rules/versions/$version",
  component: lazyRouteComponent(() => import("./pages/rules/RulesVersion.tsx"), "RulesVersion")
})

const whatIf = createRoute({
  getParentRoute: () => space,
  path: "/what-if",
  component: lazyRouteComponent(() => import("./pages/what-if/WhatIf.tsx"), "Runs")
})

const run = createRoute({
  getParentRoute: () => space,
  path: "/what-if/$id",
  validateSearch: runSearch,
  component: lazyRouteComponent(() => import("./pages/what-if/WhatIf.tsx"), "Run")
})

const insights = createRoute({
  getParentRoute: () => space,
  path: "/insights/$tab",
  validateSearch: insightsSearch,
  params: {
    parse: ({ tab }) => ({ tab: insightsTabs.find((each) => each === tab) ?? ("violations" as const) }),
    stringify: ({ tab }) => ({ tab })
  },
  component: lazyRouteComponent(() => import("./pages/insights/Insights.tsx"), "Insights")
})

const health = createRoute({
  getParentRoute: () => space,
  path: "/health",
  component: lazyRouteComponent(() => import("./pages/Health.tsx"), "Health")
})

const tree = root.addChildren([
  signIn,
  app.addChildren([
    home,
    space.addChildren([
      spaceHome,
      profiles,
      profile,
      profileHome,
      live,
      explain,
      explained,
      rules,
      rulesVersion,
      whatIf,
      run,
      insights,
      health
    ])
  ])
])

export const makeRouter = (client: QueryClient) =>
  createRouter({
    routeTree: tree,
    basepath: "/console",
    context: { client },
    defaultPreload: "intent",
    scrollRestoration: true,
    defaultErrorComponent: ({ error, reset }) => (
      <main className="page" id="main">
        <Failed error={error instanceof Error ? error : new Error(String(error))} retry={reset} />
      </main>
    ),
    defaultNotFoundComponent: () => (
      <main className="page" id="main">
        <h1>There is no such page</h1>
      </main>
    )
  })

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>
  }
}

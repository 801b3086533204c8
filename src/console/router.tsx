/** Every address of the console. Pages are loaded when they are first opened, the shell and the profiles at once. */
import type { QueryClient } from "@tanstack/react-query"
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  notFound,
  Outlet,
  redirect
} from "@tanstack/react-router"
import { ask } from "./api/client.ts"
import { SessionContext, sessionOptions } from "./api/hooks.ts"
import { addressOfHit, clearHit, workspaceAddress } from "./go.ts"
import { NoAddress, NoPage, NoSpaces, PageFailed } from "./pages/NoPage.tsx"
import { SignIn } from "./pages/SignIn.tsx"
import { Shell } from "./shell/Shell.tsx"
import { paletteSearch } from "./shell/shell.gql.ts"
import {
  catalogSearch,
  destinationSearch,
  destinationTabs,
  dryRunSearch,
  explainSearch,
  insightsSearch,
  insightsTabs,
  liveSearch,
  newDestinationSearch,
  profileSearch,
  profilesSearch,
  profileTabs,
  rulesSearch,
  runSearch,
  schemaSearch,
  signInSearch,
  sourceSearch,
  sourceTabs
} from "./url-state.ts"

/** An address below `/console`, for coming back to. */
export const addressOf = (href: string): string => href.replace(/^\/console/, "")

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
        search: location.pathname === "/" ? {} : { next: addressOf(location.href) },
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
    <div className="main">
      <NoSpaces />
    </div>
  )
})

const workspace = createRoute({
  getParentRoute: () => app,
  path: "/w/$workspace/$",
  beforeLoad: ({ context: { session }, params, location }) => {
    const to = workspaceAddress(params._splat ?? "", session.spaces[0]?.slug)
    if (to === undefined) throw notFound()
    throw redirect({ to: `${to}${location.searchStr}`, hash: location.hash, replace: true })
  }
})

const go = createRoute({
  getParentRoute: () => app,
  path: "/go/$",
  loader: async ({ context: { session }, params }) => {
    const [first] = session.spaces
    const text = params._splat ?? ""
    if (first === undefined || text === "") return []
    const { hits } = (await ask(paletteSearch, { space: first.id, text }, first.id)).search
    const clear = clearHit(hits)
    const to = clear === undefined ? undefined : addressOfHit(clear, session.spaces)
    if (to !== undefined) throw redirect({ to, replace: true })
    return hits
  },
  component: lazyRouteComponent(() => import("./pages/Go.tsx"), "Go")
})

const space = createRoute({
  getParentRoute: () => app,
  path: "/s/$space",
  component: Shell,
  notFoundComponent: NoPage
})

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

const sources = createRoute({
  getParentRoute: () => space,
  path: "/sources",
  component: lazyRouteComponent(() => import("./pages/schema/Sources.tsx"), "Sources")
})

const schema = createRoute({
  getParentRoute: () => space,
  path: "/sources/$source/schema",
  validateSearch: schemaSearch,
  component: lazyRouteComponent(() => import("./pages/schema/Schema.tsx"), "Schema")
})

const sourcePage = createRoute({
  getParentRoute: () => space,
  path: "/sources/$source/$tab",
  validateSearch: sourceSearch,
  params: {
    parse: ({ source, tab }) => ({ source, tab: sourceTabs.find((each) => each === tab) ?? ("overview" as const) }),
    stringify: ({ source, tab }) => ({ source, tab })
  },
  component: lazyRouteComponent(() => import("./pages/sources/SourcePage.tsx"), "SourcePage")
})

const destinations = createRoute({
  getParentRoute: () => space,
  path: "/destinations",
  component: lazyRouteComponent(() => import("./pages/destinations/Connections.tsx"), "Connections")
})

const newDestination = createRoute({
  getParentRoute: () => space,
  path: "/destinations/new",
  validateSearch: newDestinationSearch,
  component: lazyRouteComponent(() => import("./pages/destinations/add/AddDestination.tsx"), "AddDestination")
})

const destination = createRoute({
  getParentRoute: () => space,
  path: "/destinations/$id/$tab",
  validateSearch: destinationSearch,
  params: {
    parse: ({ id, tab }) => ({ id, tab: destinationTabs.find((each) => each === tab) ?? ("overview" as const) }),
    stringify: ({ id, tab }) => ({ id, tab })
  },
  component: lazyRouteComponent(() => import("./pages/destinations/Destination.tsx"), "Destination")
})

const destinationHome = createRoute({
  getParentRoute: () => space,
  path: "/destinations/$id",
  beforeLoad: ({ params }) => {
    throw redirect({ to: "/s/$space/destinations/$id/$tab", params: { ...params, tab: "overview" } })
  }
})

const consentCategories = createRoute({
  getParentRoute: () => space,
  path: "/consent-categories",
  component: lazyRouteComponent(() => import("./pages/consent/ConsentCategories.tsx"), "ConsentCategories")
})

const oauthApplications = createRoute({
  getParentRoute: () => space,
  path: "/oauth-applications",
  component: lazyRouteComponent(() => import("./pages/oauth/OAuthApplications.tsx"), "OAuthApplications")
})

const oauthApplication = createRoute({
  getParentRoute: () => space,
  path: "/oauth-applications/$application",
  component: lazyRouteComponent(() => import("./pages/oauth/OAuthApplication.tsx"), "OAuthApplication")
})

const catalog = createRoute({
  getParentRoute: () => space,
  path: "/catalog",
  validateSearch: catalogSearch,
  component: lazyRouteComponent(() => import("./pages/catalog/Catalog.tsx"), "Catalog")
})

const catalogEntry = createRoute({
  getParentRoute: () => space,
  path: "/catalog/$entry",
  validateSearch: catalogSearch,
  component: lazyRouteComponent(() => import("./pages/catalog/CatalogEntry.tsx"), "CatalogEntry")
})

const explain = createRoute({
  getParentRoute: () => space,
  path: "/explain",
  validateSearch: dryRunSearch,
  component: lazyRouteComponent(() => import("./pages/explain/DryRun.tsx"), "DryRun")
})

const explained = createRoute({
  getParentRoute: () => space,
  path: "/explain/$messageId",
  validateSearch: explainSearch,
  component: lazyRouteComponent(() => import("./pages/explain/Stored.tsx"), "Stored")
})

const rules = createRoute({
  getParentRoute: () => space,
  path: "/rules",
  validateSearch: rulesSearch,
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
  component: lazyRouteComponent(() => import("./pages/what-if/Runs.tsx"), "Runs")
})

const run = createRoute({
  getParentRoute: () => space,
  path: "/what-if/$id",
  validateSearch: runSearch,
  component: lazyRouteComponent(() => import("./pages/what-if/Run.tsx"), "Run")
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
    workspace,
    go,
    space.addChildren([
      spaceHome,
      profiles,
      profile,
      profileHome,
      live,
      sources,
      schema,
      sourcePage,
      destinations,
      newDestination,
      destination,
      destinationHome,
      consentCategories,
      oauthApplications,
      oauthApplication,
      catalog,
      catalogEntry,
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
    defaultErrorComponent: PageFailed,
    defaultNotFoundComponent: () => (
      <div className="main">
        <NoAddress />
      </div>
    )
  })

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>
  }
}

/** Every page as it is photographed: its address, what must be there, what is done before. */
import type { Page } from "playwright-core"
import { connections } from "./connections.ts"
import { shop, stores } from "./data.ts"

type Ask = <A>(space: string, query: string) => Promise<A>

export interface Shot {
  readonly name: string
  /** Committed in this theme; the other pictures are only looked at. */
  readonly keep?: "light" | "dark"
  readonly path: string | ((ask: Ask) => Promise<string>)
  /** Text that is on the page when it is complete. */
  readonly until?: string | RegExp
  readonly act?: (page: Page) => Promise<unknown>
  /** Without a session. */
  readonly signedOut?: true
  /** While events arrive. */
  readonly live?: true
}

const profileOf = async (ask: Ask, space: string, type: string, id: string): Promise<string> => {
  const { profile } = await ask<{ readonly profile: { readonly segmentId: string } }>(
    space,
    `{ profile(spaceId: "${space}", by: { externalId: { type: "${type}", id: "${id}" } }) { segmentId } }`
  )
  return profile.segmentId
}

const janes = (tab: string) => async (ask: Ask) =>
  `/s/production/profiles/${await profileOf(ask, shop, "user_id", "abc123def")}/${tab}`
const omars = (tab: string) => async (ask: Ask) =>
  `/s/stores/profiles/${await profileOf(ask, stores, "user_id", "u_20418")}/${tab}`
const tablets = (tab: string) => async (ask: Ask) =>
  `/s/stores/profiles/${await profileOf(ask, stores, "user_id", "kiosk_12")}/${tab}`

const runs = new Map<string, Promise<string>>()

/** The address of a what-if run that is done: the rules of a space with other limits. One run for all sizes and themes. */
const whatIf =
  (space: string, slug: string, limits: Readonly<Record<string, number>>, search = "") =>
  async (ask: Ask) => {
    const key = `${slug} ${JSON.stringify(limits)}`
    const run = runs.get(key) ?? startRun(ask, space, limits)
    runs.set(key, run)
    return `/s/${slug}/what-if/${await run}${search}`
  }

interface AskedRules {
  readonly space: {
    readonly rules: {
      readonly identifiers: ReadonlyArray<{ type: string; collection: string; limit: number; rank: number }>
    }
  }
}

const startRun = async (ask: Ask, space: string, limits: Readonly<Record<string, number>>): Promise<string> => {
  const { rules } = (
    await ask<AskedRules>(space, `{ space(id: "${space}") { rules { identifiers { type collection limit rank } } } }`)
  ).space
  const rows = rules.identifiers
    .map(
      ({ type, collection, limit, rank }) =>
        `{ type: "${type}", collection: ${collection}, rank: ${rank === 0 ? "null" : rank}, enabled: ${rank > 0}, window: EVER, limit: ${limits[type] ?? limit} }`
    )
    .join(" ")
  const { startWhatIf } = await ask<{ readonly startWhatIf: { readonly id: string } }>(
    space,
    `mutation { startWhatIf(spaceId: "${space}", input: { rules: { identifiers: [${rows}] } }) { id } }`
  )
  for (;;) {
    const { whatIf: run } = await ask<{ readonly whatIf: { readonly state: string } }>(
      space,
      `{ whatIf(id: "${startWhatIf.id}") { state } }`
    )
    if (run.state === "DONE") return startWhatIf.id
    if (run.state === "FAILED") throw new Error("the what-if run has failed")
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

const button = (name: string) => (page: Page) => page.getByRole("button", { name }).first().click()

const payments =
  (tab: string, search = "") =>
  async () =>
    `/s/production/destinations/${connections.payments}/${tab}${search}`
/** The half hour of the orders. */
const during =
  (tab: string, search = "") =>
  async () =>
    `/s/production/destinations/${connections.payments}/${tab}?from=${connections.from}&to=${connections.to}${search}`

export const shots: ReadonlyArray<Shot> = [
  { name: "sign-in", path: "/sign-in", signedOut: true },
  { name: "profiles", keep: "light", path: "/s/production/profiles", until: "Jane Kim" },
  { name: "profile", keep: "light", path: janes("overview"), until: "Merged in" },
  { name: "profile-traits", path: janes("traits"), until: "shoe_size" },
  { name: "profile-events", path: janes("events"), until: "Order Completed" },
  { name: "profile-identities", path: janes("identities"), until: "anon_789" },
  { name: "profile-accounts", path: janes("accounts"), until: "Running Club" },
  { name: "profile-history", path: janes("history"), until: "Merged" },
  { name: "profile-violations", path: janes("violations"), until: "Every identifier was used" },
  { name: "graph", keep: "light", path: janes("graph"), until: "Two profiles held identifiers" },
  { name: "graph-table", path: async (ask) => `${await janes("graph")(ask)}?view=table`, until: "adds 2" },
  { name: "graph-tree", path: async (ask) => `${await janes("graph")(ask)}?view=tree`, until: "since" },
  {
    name: "undo-merge",
    path: janes("graph"),
    until: "Two profiles held identifiers",
    act: async (page) => {
      await button("Undo merge…")(page)
      await page.getByText("Its own profile").waitFor()
    }
  },
  {
    name: "split",
    path: janes("overview"),
    until: "Merged in",
    act: async (page) => {
      await button("Split…")(page)
      await page.getByRole("checkbox").first().check()
      await page.getByText("Its own profile").waitFor()
    }
  },
  { name: "graph-50", keep: "dark", path: omars("graph"), until: "oldest first" },
  { name: "graph-1000", keep: "light", path: tablets("graph"), until: "What stands out" },
  {
    name: "graph-part",
    path: async (ask) => `${await tablets("graph")(ask)}?part=type%3Aanonymous_id`,
    until: "Back to the weeks"
  },
  { name: "profile-long", path: tablets("overview"), until: "Kiosk Touched" },
  { name: "explain", keep: "dark", path: "/s/production/explain/m-42", until: "Limit breached" },
  { name: "explain-steps", path: "/s/production/explain/m-42?steps=all", until: "LIMIT_CHECK" },
  { name: "explain-try", path: "/s/production/explain", until: "Run Completed" },
  {
    name: "explain-mistake",
    path: "/s/production/explain",
    until: "Run Completed",
    act: async (page) => {
      await page.getByLabel("Event as JSON").fill('{\n  "type": "identify",\n  "userId": "abc123",\n}')
      await page.getByText("Line 3").waitFor()
    }
  },
  {
    name: "explain-dry-run",
    path: "/s/production/explain?message=m-42",
    until: "Run",
    act: async (page) => {
      await button("Run")(page)
      await page.getByText("Extracted 2").waitFor()
    }
  },
  { name: "rules", keep: "light", path: "/s/production/rules", until: "Under v1" },
  {
    name: "rules-change",
    path: "/s/production/rules",
    until: "Under v1",
    act: async (page) => {
      await page.getByRole("textbox", { name: "Limit of user_id" }).fill("2")
      await page.keyboard.press("Enter")
      await page.getByText("No profile holds more").waitFor()
      await page.getByText("Under v1 and your change alike").waitFor()
    }
  },
  {
    name: "rules-blocked",
    path: "/s/production/rules?edit=email",
    until: "Under v1",
    act: async (page) => {
      await page.getByRole("button", { name: "Pattern", exact: true }).click()
      await page.getByLabel("Pattern to block for email").fill("^(test")
      await page.keyboard.press("Enter")
      await page.getByText("missing closing").waitFor()
    }
  },
  { name: "rules-version", path: "/s/production/rules/versions/1", until: "in force" },
  {
    name: "insights-violations",
    keep: "light",
    path: "/s/production/insights/violations",
    until: "user_id 2 of 1 ever"
  },
  { name: "insights-success", path: "/s/production/insights/success" },
  { name: "insights-audit", path: "/s/production/insights/audit" },
  { name: "insights-contended", path: "/s/production/insights/contended", until: "sales@segkicks.example" },
  {
    name: "insights-not-merged",
    keep: "light",
    path: "/s/production/insights/not-merged?a=user_id:abc456&b=email:jane@example1.com",
    until: "Limit exceeded"
  },
  {
    name: "insights-who",
    path: "/s/production/insights/not-merged?a=Jane&b=abc123def",
    until: "Who is meant"
  },
  { name: "go", path: "/go/Jane", until: "Jane Kim" },
  {
    name: "what-if",
    keep: "light",
    path: whatIf(shop, "production", { anonymous_id: 1 }),
    until: "First event decided differently"
  },
  {
    name: "what-if-explained",
    path: whatIf(shop, "production", { anonymous_id: 1 }, "?why=true"),
    until: "Limit breached"
  },
  {
    name: "what-if-table",
    path: whatIf(shop, "production", { anonymous_id: 1 }, "?view=table"),
    until: "janedoe@example.com"
  },
  { name: "what-if-large", keep: "dark", path: whatIf(stores, "stores", { anonymous_id: 5 }), until: "further" },
  { name: "what-if-same", path: whatIf(shop, "production", {}), until: "No profile would be another" },
  {
    name: "what-if-rebuild",
    path: whatIf(shop, "production", { anonymous_id: 1 }),
    until: "First event decided differently",
    act: async (page) => {
      await button("Rebuild profiles…")(page)
      await page.getByText("For 7 days").waitFor()
    }
  },
  { name: "what-if-runs", path: "/s/production/what-if", until: "What was tried" },
  { name: "sources", path: "/s/production/sources", until: "iOS app" },
  {
    name: "schema",
    keep: "light",
    path: "/s/production/sources/src_web/schema?event=Order%20Completed",
    until: "products.$.sku"
  },
  { name: "schema-identify", path: "/s/production/sources/src_web/schema?tab=identify&days=30", until: "firstName" },
  {
    name: "schema-blocks",
    path: "/s/production/sources/src_web/schema?event=Order%20Completed",
    until: "Destinations that get"
  },
  { name: "source-overview", keep: "light", path: "/s/production/sources/src_web/overview", until: "Eligible events" },
  { name: "source-settings", path: "/s/production/sources/src_web/settings", until: "Write keys" },
  { name: "source-alerts", path: "/s/production/sources/src_web/alerts", until: "Nobody is told" },
  { name: "connections", keep: "light", path: "/s/production/destinations", until: "failing" },
  { name: "catalog", keep: "light", path: "/s/production/catalog", until: "places to send events to" },
  { name: "catalog-found", path: "/s/production/catalog?q=mix", until: "Mixpanel" },
  { name: "catalog-entry", path: "/s/production/catalog/actions-slack", until: "Quick set-up" },
  {
    name: "add-destination",
    path: "/s/production/destinations/new?entry=615c7438d93d9b61b1e9e192&source=src_web",
    until: "Quick set-up"
  },
  { name: "delivery-overview", keep: "dark", path: during("overview"), until: "Why" },
  {
    name: "delivery-overview-count",
    path: during("overview", "&unit=count&step=successful_delivery"),
    until: "arrived"
  },
  { name: "event-delivery", keep: "light", path: during("delivery"), until: "Bad request" },
  {
    name: "event-detail",
    keep: "light",
    path: during("delivery", "&reason=400&step=discarded"),
    until: "did not take"
  },
  { name: "mappings", path: payments("mappings"), until: "Track order" },
  {
    name: "mapping",
    keep: "light",
    path: payments("mappings", "?message=pay-12"),
    until: "Track order",
    act: async (page) => {
      await button("Track order")(page)
      await page.getByRole("button", { name: "Send this event" }).click()
      await page.getByText("1 mapping matched").waitFor()
      await page.locator(".mapfields").evaluate((fields) => fields.parentElement?.scrollTo(0, 330))
    }
  },
  { name: "filters", path: payments("filters"), until: "No addresses" },
  {
    name: "filter",
    path: payments("filters"),
    until: "No addresses",
    act: async (page) => {
      await button("No addresses")(page)
      await page.getByText("The event is sent").waitFor()
    }
  },
  { name: "event-tester", path: payments("tester"), until: "Nothing has been sent" },
  { name: "alerts", path: payments("alerts"), until: "99 %" },
  { name: "destination-settings", path: payments("settings"), until: "Also send" },
  {
    name: "destination-encryption",
    path: payments("settings"),
    until: "Also send",
    act: async (page) => {
      // From the second picture on there are keys already.
      await page.getByRole("button", { name: /^(?:Generate keys|New keys…)$/ }).click()
      const again = page.getByRole("dialog").getByRole("button", { name: "Generate keys" })
      if ((await again.count()) > 0) await again.click()
      await page.getByRole("button", { name: "I have stored it" }).scrollIntoViewIfNeeded()
    }
  },
  { name: "consent-categories", path: "/s/production/consent-categories", until: "Advertising" },
  {
    name: "consent-category",
    path: "/s/production/consent-categories",
    until: "Advertising",
    act: button("Change Advertising")
  },
  { name: "oauth-applications", path: "/s/production/oauth-applications", until: "Billing service" },
  {
    name: "oauth-add",
    path: "/s/production/oauth-applications",
    until: "Billing service",
    act: button("Add application…")
  },
  {
    name: "oauth-application",
    path: async () => `/s/production/oauth-applications/${connections.application}`,
    until: "production 2026"
  },
  {
    name: "notices",
    path: payments("alerts"),
    until: "99 %",
    act: async (page) => {
      await page.getByRole("button", { name: "Notices" }).click()
      await page.getByText("Nothing to tell").waitFor()
    }
  },
  { name: "health", path: "/s/production/health", until: "up to date" },
  {
    name: "search",
    path: "/s/production/profiles",
    until: "Jane Kim",
    act: async (page) => {
      await page.keyboard.press("Control+k")
      await page.getByRole("combobox", { name: "Search or paste" }).fill("jane.kim@segment.com")
      await page.getByRole("option", { name: /Jane Kim/ }).waitFor()
    }
  },
  {
    name: "keys",
    path: "/s/production/profiles",
    until: "Jane Kim",
    act: async (page) => {
      await page.keyboard.press("?")
      await page.getByRole("dialog").waitFor()
    }
  },
  { name: "no-page", path: "/s/production/nowhere" },
  { name: "no-space", path: "/s/nowhere/profiles" },
  { name: "no-profile", path: "/s/production/profiles/use_000000000000000000000000000/overview" },
  { name: "live", keep: "light", path: "/s/production/live", until: "1 demoted", live: true },
  { name: "live-paused", path: "/s/production/live?paused=true&source=src_ios", until: "Existing", live: true },
  { name: "live-identity", path: "/s/production/live?q=encore-jane&tab=identity", until: "Did not count", live: true },
  { name: "live-raw", path: "/s/production/live?q=encore-order&tab=raw", until: "order_id", live: true },
  {
    name: "live-discarded",
    path: "/s/production/live?status=DISCARDED",
    until: "needs the name of the event",
    live: true
  },
  { name: "live-nothing", path: "/s/production/live?q=nothing-has-this", until: "No message matches", live: true }
]

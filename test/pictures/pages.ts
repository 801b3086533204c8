/** Every page as it is photographed: its address, what must be there, what is done before. */
import type { Page } from "playwright-core"
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

const button = (name: string) => (page: Page) => page.getByRole("button", { name }).first().click()

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
  { name: "profile-long", path: tablets("overview"), until: "Kiosk Touched" },
  { name: "explain", keep: "dark", path: "/s/production/explain/m-42", until: "Limit breached" },
  { name: "explain-dry-run", path: "/s/production/explain?message=m-42", until: "Extracted" },
  { name: "rules", keep: "light", path: "/s/production/rules", until: "anonymous_id" },
  { name: "insights-violations", keep: "light", path: "/s/production/insights/violations", until: "Limit exceeded" },
  { name: "insights-success", path: "/s/production/insights/success" },
  { name: "insights-audit", path: "/s/production/insights/audit" },
  { name: "insights-contended", path: "/s/production/insights/contended" },
  {
    name: "insights-not-merged",
    path: "/s/production/insights/not-merged?a=user_id:abc456&b=email:jane@example1.com",
    until: "Limit exceeded"
  },
  { name: "what-if-runs", path: "/s/production/what-if" },
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
  {
    name: "live",
    keep: "light",
    path: "/s/production/live?paused=true",
    until: "Existing",
    live: true
  },
  {
    name: "live-identity",
    path: "/s/production/live?q=jane%40example1.com&tab=identity",
    until: "Did not count",
    live: true
  },
  { name: "live-raw", path: "/s/production/live?q=m-8&tab=raw", until: "order_id", live: true },
  { name: "live-discarded", path: "/s/production/live?status=DISCARDED", until: "event", live: true }
]

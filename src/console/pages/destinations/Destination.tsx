/** One destination: its name and how delivery goes, and the tabs, each of which is loaded when it is first opened. */
import { Link, useParams } from "@tanstack/react-router"
import { type ComponentType, lazy, Suspense } from "react"
import { useSpace } from "../../api/hooks.ts"
import { useApi } from "../../api/public-api.ts"
import type { Destination as DestinationData } from "../../api/public-types.ts"
import { alerts, destination as destinationOf, filters, mappings, sources } from "../../api/requests.ts"
import { Page } from "../../parts/Page.tsx"
import { Empty, Loading, QueryView } from "../../parts/States.tsx"
import { useCrumbs } from "../../shell/crumbs.ts"
import { type DestinationTab, destinationTabs } from "../../url-state.ts"
import { DeliveryTag } from "./delivery/state.tsx"
import { OwnersOnly } from "./OwnersOnly.tsx"
import "./destinations.css"

export interface TabProps {
  readonly destination: DestinationData
}

type Tab = readonly [title: string, component: ComponentType<TabProps>]

const tabs: Readonly<Record<DestinationTab, Tab>> = {
  overview: ["Delivery overview", lazy(() => import("./delivery/Overview.tsx"))],
  delivery: ["Event delivery", lazy(() => import("./delivery/EventDelivery.tsx"))],
  mappings: ["Mappings", lazy(() => import("./mappings/Mappings.tsx"))],
  filters: ["Filters", lazy(() => import("./filters/Filters.tsx"))],
  tester: ["Event tester", lazy(() => import("./Tester.tsx"))],
  replays: ["Replays", lazy(() => import("./replays/Replays.tsx"))],
  alerts: ["Alerts", lazy(() => import("./DestinationAlerts.tsx"))],
  settings: ["Settings", lazy(() => import("./Settings.tsx"))]
}

/** Storage takes copies of everything: nothing is filtered, mapped or tested (DST-30). */
const tabsOf = ({ metadata }: DestinationData): ReadonlyArray<DestinationTab> => {
  const { kind, actions, supportedFeatures } = metadata
  return destinationTabs.filter((tab) => {
    if (tab === "replays") return supportedFeatures.replay !== false
    if (kind === "storage") return tab === "overview" || tab === "settings"
    return tab !== "mappings" || kind === "actions" || actions.length > 0
  })
}

const Notes = ({ destination }: TabProps) => {
  const { slug } = useSpace()
  const mapped = useApi(mappings(destination.id), { enabled: destination.metadata.actions.length > 0 })
  const idle = destination.enabled && mapped.data !== undefined && !mapped.data.some(({ enabled }) => enabled)
  if (destination.retryMode === "reduced")
    return (
      <div className="note">
        Most of what is sent fails, and has failed for long: retries are reduced to 3 attempts until it recovers.
      </div>
    )
  if (!destination.enabled)
    return (
      <div className="note">
        <span>
          It is disabled: nothing is sent, and nothing is kept for later.{" "}
          <Link
            className="acc"
            to="/s/$space/destinations/$id/$tab"
            params={{ space: slug, id: destination.id, tab: "settings" }}
          >
            Enable it
          </Link>
        </span>
      </div>
    )
  return idle ? (
    <div className="note">
      <span>
        No mapping is enabled: every event is discarded here.{" "}
        <Link
          className="acc"
          to="/s/$space/destinations/$id/$tab"
          params={{ space: slug, id: destination.id, tab: "mappings" }}
        >
          See the mappings
        </Link>
      </span>
    </div>
  ) : undefined
}

const countText = (n: number | undefined): string | undefined => (n === undefined || n === 0 ? undefined : String(n))

const useCounts = (id: string): Readonly<Partial<Record<DestinationTab, string | undefined>>> => {
  const mapped = useApi(mappings(id))
  const filtered = useApi(filters(id))
  const own = (useApi(alerts).data?.alerts ?? []).filter(({ resourceId }) => resourceId === id)
  const firing = own.filter(({ state }) => state === "firing").length
  return {
    mappings: countText(mapped.data?.length),
    filters: countText(filtered.data?.length),
    alerts: firing > 0 ? `${firing} firing` : countText(own.length)
  }
}

const Frame = ({ destination, tab }: TabProps & { readonly tab: DestinationTab }) => {
  const { slug } = useSpace()
  const counts = useCounts(destination.id)
  const from = useApi(sources).data?.find(({ id }) => id === destination.sourceId)
  const name = destination.name ?? destination.metadata.name
  const [title, View] = tabs[tab]
  useCrumbs(
    `Destinations|/s/${slug}/destinations`,
    `${name}|/s/${slug}/destinations/${encodeURIComponent(destination.id)}/overview`,
    title
  )
  return (
    <Page
      title={name}
      sub={
        <>
          <DeliveryTag destination={destination} /> {from === undefined ? "" : `from ${from.name ?? from.slug}`}
          {name === destination.metadata.name ? "" : `, ${destination.metadata.name}`}
        </>
      }
    >
      <nav className="tabs" aria-label="Of this destination">
        {tabsOf(destination).map((each) => (
          <Link
            key={each}
            to="/s/$space/destinations/$id/$tab"
            params={{ space: slug, id: destination.id, tab: each }}
            activeProps={{}}
            {...(each === tab ? { "aria-current": "page" as const } : { "aria-current": undefined })}
          >
            {tabs[each][0]}
            {counts[each] === undefined ? undefined : <em>{counts[each]}</em>}
          </Link>
        ))}
      </nav>
      <Notes destination={destination} />
      <Suspense fallback={<Loading />}>
        <View key={destination.id} destination={destination} />
      </Suspense>
    </Page>
  )
}

const DestinationPage = () => {
  const { id, tab } = useParams({ from: "/app/s/$space/destinations/$id/$tab" })
  const query = useApi(destinationOf(id))
  if (query.data === undefined)
    return (
      <Page title="Destination" ready={query.error !== null}>
        <section className="card grow">
          <QueryView query={query}>{() => <Empty title="" />}</QueryView>
        </section>
      </Page>
    )
  return <Frame destination={query.data} tab={tab} />
}

export const Destination = () => (
  <OwnersOnly title="Destination">
    <DestinationPage />
  </OwnersOnly>
)

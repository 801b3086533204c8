/** One source: what came of its messages, its keys and settings, its alerts. Its schema is a page of its own. */
import { Link, useParams } from "@tanstack/react-router"
import { lazy, Suspense } from "react"
import { useSpace } from "../../api/hooks.ts"
import { useApi } from "../../api/public-api.ts"
import { source as sourceOf } from "../../api/requests.ts"
import { Page } from "../../parts/Page.tsx"
import { Empty, Loading, QueryView } from "../../parts/States.tsx"
import { useCrumbs } from "../../shell/crumbs.ts"
import { Alerts } from "../alerts/Alerts.tsx"
import { SourceTabs } from "./SourceTabs.tsx"
import { OwnersOnly } from "../destinations/OwnersOnly.tsx"
import "../destinations/destinations.css"
import "../destinations/delivery/pipeline.css"

const SourceOverview = lazy(() => import("./SourceOverview.tsx"))
const SourceSettings = lazy(() => import("./SourceSettings.tsx"))

const titles = { overview: "Overview", schema: "Schema", settings: "Settings", alerts: "Alerts" } as const

const SourcePagePage = () => {
  const { slug } = useSpace()
  const { source: id, tab } = useParams({ from: "/app/s/$space/sources/$source/$tab" })
  const query = useApi(sourceOf(id))
  const source = query.data
  const name = source?.name ?? source?.slug ?? "Source"
  useCrumbs(`Sources|/s/${slug}/sources`, name, titles[tab])
  return (
    <Page
      title={name}
      sub={source === undefined ? undefined : `${source.metadata.name}${source.enabled ? "" : ", disabled"}`}
      ready={source !== undefined || query.error !== null}
      actions={
        <>
          <Link className="btn" to="/s/$space/live" params={{ space: slug }} search={{ source: id }}>
            Live events
          </Link>
          <Link className="btn" to="/s/$space/catalog" params={{ space: slug }} search={{ source: id }}>
            Add destination
          </Link>
        </>
      }
    >
      <SourceTabs source={id} tab={tab} />
      <QueryView query={query} rows={8}>
        {(found) => (
          <Suspense fallback={<Loading />}>
            {tab === "settings" ? (
              <SourceSettings source={found} />
            ) : tab === "alerts" ? (
              <Alerts type="SOURCE_VOLUME" resourceId={found.id} />
            ) : tab === "overview" ? (
              <SourceOverview source={found} />
            ) : (
              <Empty title="" />
            )}
          </Suspense>
        )}
      </QueryView>
    </Page>
  )
}

export const SourcePage = () => (
  <OwnersOnly title="Source">
    <SourcePagePage />
  </OwnersOnly>
)

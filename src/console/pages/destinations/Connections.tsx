/** Which source feeds which destination, and how delivery goes: a calm map, worst news in the title. */
import { Link } from "@tanstack/react-router"
import { LayoutGrid, Plus } from "lucide-react"
import { useState } from "react"
import { useSpace } from "../../api/hooks.ts"
import { useApi } from "../../api/public-api.ts"
import type { Destination, Source } from "../../api/public-types.ts"
import { destinations as allDestinations, sources as allSources } from "../../api/requests.ts"
import { Page } from "../../parts/Page.tsx"
import { Empty, QueryView } from "../../parts/States.tsx"
import { useCrumbs } from "../../shell/crumbs.ts"
import { plural } from "../../words.ts"
import { AddSource } from "../sources/AddSource.tsx"
import { DeliveryTag, useStates } from "./delivery/state.tsx"
import { OwnersOnly } from "./OwnersOnly.tsx"
import "./destinations.css"

const rowHeight = 56
const gap = 8

/** Threads from the source to each of its destinations; dashed where nothing flows. */
const Threads = ({ flows }: { readonly flows: ReadonlyArray<boolean> }) => {
  const height = Math.max(1, flows.length) * (rowHeight + gap) - gap
  return (
    <svg width="100%" height={height} viewBox={`0 0 90 ${height}`} preserveAspectRatio="none" aria-hidden="true">
      {flows.map((flowing, i) => {
        const y = i * (rowHeight + gap) + rowHeight / 2
        return (
          <path
            key={i}
            d={`M0 ${rowHeight / 2} C45 ${rowHeight / 2} 45 ${y} 90 ${y}`}
            fill="none"
            stroke={flowing ? "var(--ink-3)" : "var(--line-2)"}
            strokeWidth="1.5"
            vectorEffect="non-scaling-stroke"
            {...(flowing ? {} : { strokeDasharray: "4 4" })}
          />
        )
      })}
    </svg>
  )
}

const SourceRow = ({
  source,
  destinations
}: {
  readonly source: Source
  readonly destinations: ReadonlyArray<Destination>
}) => {
  const { slug } = useSpace()
  return (
    <div className="map">
      <Link
        className="src"
        to="/s/$space/sources/$source/$tab"
        params={{ space: slug, source: source.id, tab: "overview" }}
      >
        <span className="b el">{source.name ?? source.slug}</span>
        <span className="q2 el">
          {source.metadata.name === source.name ? source.slug : source.metadata.name}
          {source.enabled ? "" : ", disabled"}
        </span>
      </Link>
      <Threads flows={destinations.map(({ enabled }) => enabled && source.enabled)} />
      <div className="dsts">
        {destinations.map((destination) => (
          <Link
            key={destination.id}
            className="dst"
            to="/s/$space/destinations/$id/$tab"
            params={{ space: slug, id: destination.id, tab: "overview" }}
          >
            <span className="row">
              <span className="b el">{destination.name ?? destination.metadata.name}</span>
              <span className="ml">
                <DeliveryTag destination={destination} />
              </span>
            </span>
            <span className="q2 el">{destination.metadata.name}</span>
          </Link>
        ))}
        {destinations.length === 0 ? (
          <div className="row" style={{ height: rowHeight }}>
            <span className="q2">feeds no destination</span>
            <Link className="acc" to="/s/$space/catalog" params={{ space: slug }} search={{ source: source.id }}>
              Add one
            </Link>
          </div>
        ) : undefined}
      </div>
    </div>
  )
}

const titleOf = (destinations: ReadonlyArray<Destination> | undefined, failing: number): string => {
  if (destinations === undefined) return "Destinations"
  if (destinations.length === 0) return "No destination yet"
  const all = plural(destinations.length, "destination")
  if (failing === 0) return all
  return failing === destinations.length ? `${all} failing` : `${failing} of ${all} failing`
}

const ConnectionsPage = () => {
  const { slug } = useSpace()
  const sources = useApi(allSources)
  const destinations = useApi(allDestinations, { every: 30_000 })
  const failing = useStates(destinations.data ?? []).filter((state) => state === "failing").length
  const [adding, setAdding] = useState(false)
  useCrumbs("Destinations")
  return (
    <Page
      title={titleOf(destinations.data, failing)}
      sub="from each source, with what arrived in the last 24 hours"
      ready={(sources.data !== undefined && destinations.data !== undefined) || sources.error !== null}
      actions={
        <>
          <Link className="btn g" to="/s/$space/consent-categories" params={{ space: slug }}>
            Consent
          </Link>
          <button className="btn" type="button" onClick={() => setAdding(true)}>
            <Plus size={14} aria-hidden="true" />
            Add source…
          </button>
          <Link className="btn p" to="/s/$space/catalog" params={{ space: slug }}>
            <LayoutGrid size={14} aria-hidden="true" />
            Add destination
          </Link>
        </>
      }
    >
      <section className="card grow" aria-label="Connections">
        <div className="scroll pad" tabIndex={0}>
          <QueryView query={sources} rows={6}>
            {(all) =>
              all.length === 0 ? (
                <Empty
                  title="Nothing sends events yet"
                  actions={
                    <button className="btn p" type="button" onClick={() => setAdding(true)}>
                      Add source…
                    </button>
                  }
                >
                  A source is a website, an app or a server with a write key of its own. What it sends goes to the
                  destinations that you add to it.
                </Empty>
              ) : (
                <QueryView query={destinations} rows={6}>
                  {(every) =>
                    all.map((source) => (
                      <SourceRow
                        key={source.id}
                        source={source}
                        destinations={every.filter(({ sourceId }) => sourceId === source.id)}
                      />
                    ))
                  }
                </QueryView>
              )
            }
          </QueryView>
        </div>
      </section>
      {adding ? <AddSource onClose={() => setAdding(false)} /> : undefined}
    </Page>
  )
}

export const Connections = () => (
  <OwnersOnly title="Destinations">
    <ConnectionsPage />
  </OwnersOnly>
)

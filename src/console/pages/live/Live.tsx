/** The debugger: messages as they arrive, what was wrong with each, and what it did to identity. Read again every second. */
import { Link, useNavigate, useSearch } from "@tanstack/react-router"
import { Pause, Radio, Search } from "lucide-react"
import { useData, useSpace } from "../../api/hooks.ts"
import type { LiveEventFilter } from "../../api/schema.gql.ts"
import { Copy } from "../../parts/Copy.tsx"
import { ProfileId } from "../../parts/Identity.tsx"
import { Json } from "../../parts/Json.tsx"
import { Choice } from "../../parts/Choice.tsx"
import { Page } from "../../parts/Page.tsx"
import { Empty, QueryView } from "../../parts/States.tsx"
import { useRowKeys } from "../../parts/row-keys.ts"
import { useCrumbs } from "../../shell/crumbs.ts"
import { useKeys } from "../../shell/keys.ts"
import { changed, eventTypes, fieldText, type liveSearch, liveStatuses } from "../../url-state.ts"
import { callName, clockMs, count, exact, family, plural } from "../../words.ts"
import { liveEvents, type LiveEventsData } from "./live.gql.ts"
import { useSourceList } from "../sources.ts"
import "./live.css"

type Filters = ReturnType<typeof liveSearch>
type Message = LiveEventsData["liveEvents"][number]
type Series = LiveEventsData["sourceSeries"]

const filterOf = ({ source, status, type, q }: Filters): LiveEventFilter => ({
  ...(source === undefined ? {} : { sourceIds: [source] }),
  ...(status === undefined ? {} : { statuses: [status] }),
  ...(type === undefined ? {} : { types: [type] }),
  ...(q === undefined ? {} : { text: q })
})

const outcomeTitles: Readonly<Record<string, string>> = {
  CREATE: "Created",
  ADD: "Added",
  NONE: "Existing",
  MERGE: "Merged",
  UNRESOLVED: "Unresolved",
  DROPPED: "Dropped",
  ERASED: "Erased"
}

const Outcome = ({ message }: { readonly message: Message }) => {
  const { status, outcome } = message
  if (status === "DISCARDED") return <span className="bad">Discarded</span>
  if (status === "BLOCKED") return <span className="q">Blocked</span>
  if (status === "DUPLICATE") return <span className="q">Duplicate</span>
  if (outcome === null) return <span className="q">waiting</span>
  const { action, mapped, demoted } = outcome
  const tone = action === "MERGE" ? "b" : action === "UNRESOLVED" ? "warn" : action === "NONE" ? "q" : ""
  return (
    <span className={tone}>
      {outcomeTitles[action]}
      {action === "ADD" && mapped > 0 ? <span className="q"> +{mapped}</span> : undefined}
      {demoted > 0 ? <span className="warn"> · {demoted} demoted</span> : undefined}
    </span>
  )
}

const First = ({ identifier }: { readonly identifier: string | null }) => {
  if (identifier === null) return undefined
  const colon = identifier.indexOf(":")
  return (
    <span className={`knot m el f-${family(identifier.slice(0, colon))}`} title={identifier}>
      <span className="el">{identifier.slice(colon + 1)}</span>
    </span>
  )
}

const sum = (values: ReadonlyArray<number>) => values.reduce((a, b) => a + b, 0)

const Flow = ({ series }: { readonly series: Series }) => {
  const most = Math.max(1, ...series.accepted)
  const step = 600 / Math.max(1, series.accepted.length)
  const facts = [
    ["Accepted", sum(series.accepted), ""],
    ["Discarded", sum(series.discarded), "bad"],
    ["Duplicates", sum(series.duplicates), ""]
  ] as const
  return (
    <section className="card flow" aria-label="Last hour">
      <dl className="facts">
        {facts.map(([name, value, tone]) => (
          <div key={name}>
            <dt className="lbl">{name}</dt>
            <dd className={value > 0 ? tone : ""}>{count(value)}</dd>
          </div>
        ))}
      </dl>
      <svg
        width="100%"
        height="40"
        viewBox="0 0 600 40"
        preserveAspectRatio="none"
        role="img"
        aria-label={`Events per minute of the last hour, at most ${count(most)}`}
      >
        {series.accepted.map((value, i) => (
          <rect
            key={i}
            x={i * step}
            y={40 - (38 * value) / most}
            width={Math.max(1, step - 1.5)}
            height={(38 * value) / most}
            fill="var(--ink-3)"
            opacity=".55"
          />
        ))}
        {series.discarded.map((value, i) =>
          value === 0 ? undefined : (
            <rect key={i} x={i * step} y={36} width={Math.max(1, step - 1.5)} height={4} fill="var(--bad)" />
          )
        )}
        <line x1="0" x2="600" y1="39.5" y2="39.5" stroke="var(--line-2)" />
      </svg>
    </section>
  )
}

const Pane = ({ message }: { readonly message: Message }) => {
  const { slug } = useSpace()
  const { outcome } = message
  return (
    <aside className="card" aria-label="Chosen message">
      <h2 className="h">
        <span className="el">{callName(message.type, message.event)}</span>
        <span className="m q el">{message.messageId}</span>
        <span className="r">
          <Copy text={JSON.stringify(message.raw, undefined, 2)} what="message" />
        </span>
      </h2>
      <div className="scroll" tabIndex={0}>
        <div className="sec2">
          <div className="lbl">Where it went</div>
          <p className={message.status === "DISCARDED" ? "bad b" : "b"}>
            {message.status === "ACCEPTED" ? `Accepted from ${message.sourceName}` : <Outcome message={message} />}
          </p>
          {message.message === null ? undefined : <p className="q2">{message.message}</p>}
          {message.code === null ? undefined : <p className="m s q">{message.code}</p>}
          {outcome === null ? undefined : (
            <p className="row wrap">
              <Outcome message={message} />
              {outcome.profile === null ? undefined : <ProfileId id={outcome.profile.segmentId} />}
              {outcome.reason}
            </p>
          )}
        </div>
        <div className="pad">
          <Json value={message.raw} />
        </div>
      </div>
      <div className="f">
        {message.messageId === null || outcome === null ? undefined : (
          <Link
            className="btn p"
            to="/s/$space/explain/$messageId"
            params={{ space: slug, messageId: message.messageId }}
          >
            Explain
          </Link>
        )}
        <span className="ml row g4">
          <kbd>J</kbd>
          <kbd>K</kbd>
        </span>
      </div>
    </aside>
  )
}

interface ListProps {
  readonly messages: ReadonlyArray<Message>
  readonly selected: Message | undefined
  readonly onSelect: (message: Message) => void
}

const List = ({ messages, selected, onSelect }: ListProps) => {
  useRowKeys(messages.length, () => undefined, {
    at: selected === undefined ? -1 : messages.indexOf(selected),
    move: (row) => {
      const message = messages[row]
      if (message !== undefined) onSelect(message)
    }
  })
  return (
    <table className="live">
      <thead>
        <tr>
          <th style={{ width: 118 }}>Received</th>
          <th style={{ width: 70 }}>Call</th>
          <th>Event</th>
          <th style={{ width: "24%" }}>First identifier</th>
          <th style={{ width: 156 }}>Outcome</th>
        </tr>
      </thead>
      <tbody>
        {messages.map((message) => (
          <tr key={message.id} className="link" aria-selected={message === selected} onClick={() => onSelect(message)}>
            <td className="m q" title={exact(message.receivedAt)}>
              {clockMs(message.receivedAt)}
            </td>
            <td className="q2">{message.type?.toLowerCase() ?? ""}</td>
            <td className={message.status === "DISCARDED" ? "bad" : message.event === null ? "q" : "b"}>
              {message.status === "DISCARDED" ? (message.code ?? "") : (message.event ?? "")}
            </td>
            <td>
              <First identifier={message.identifier} />
            </td>
            <td>
              <Outcome message={message} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

export const Live = () => {
  const filters = useSearch({ from: "/app/s/$space/live" })
  const navigate = useNavigate({ from: "/s/$space/live" })
  const { id: space } = useSpace()
  const sources = useSourceList()
  const paused = filters.paused === true
  useCrumbs("Live events")
  const query = useData(
    liveEvents,
    { space, filter: filterOf(filters) },
    { keep: true, ...(paused ? {} : { every: 1000 }) }
  )
  const set = (change: { readonly [K in keyof Filters]?: Filters[K] | undefined }) =>
    void navigate({ search: (old) => changed(old, change), replace: true })
  const pause = () => set({ paused: paused ? undefined : true })
  useKeys({ p: pause })
  const messages = query.data?.liveEvents ?? []
  const selected = messages.find(({ id }) => id === filters.e) ?? messages[0]
  const sampled = Math.max(1, ...messages.map(({ sampledOneIn }) => sampledOneIn))
  return (
    <Page
      title="Live events"
      ready={query.data !== undefined}
      sub={sampled > 1 ? `1 in ${sampled} shown, every discarded one kept` : undefined}
      actions={
        <div className="seg" role="group" aria-label="Live">
          <button type="button" aria-pressed={!paused} onClick={() => set({ paused: undefined })}>
            <Radio size={14} aria-hidden="true" />
            Live
          </button>
          <button type="button" aria-pressed={paused} onClick={pause}>
            <Pause size={14} aria-hidden="true" />
            {paused ? "Paused" : "Pause"} <kbd>P</kbd>
          </button>
        </div>
      }
    >
      {query.data === undefined ? undefined : <Flow series={query.data.sourceSeries} />}
      <div className="side2">
        <section className="card" aria-label="Messages">
          <div className="filters">
            <label className="input grow">
              <Search size={14} aria-hidden="true" />
              <span className="sr">Any text in the payload</span>
              <input
                data-filter
                value={filters.q ?? ""}
                placeholder="any text in the payload"
                onChange={(event) => set({ q: fieldText(event.target.value) })}
              />
            </label>
            <Choice
              label="Source"
              any="Every source"
              value={filters.source}
              options={sources.map(({ id, name }) => [id, name] as const)}
              onChange={(chosen) => set({ source: fieldText(chosen) })}
            />
            <Choice
              label="Status"
              any="Any status"
              value={filters.status}
              options={liveStatuses.map((each) => [each, each.toLowerCase()] as const)}
              onChange={(chosen) => set({ status: liveStatuses.find((each) => each === chosen) })}
            />
            <Choice
              label="Call"
              any="Any call"
              value={filters.type}
              options={eventTypes.map((each) => [each, each.toLowerCase()] as const)}
              onChange={(chosen) => set({ type: eventTypes.find((each) => each === chosen) })}
            />
          </div>
          <div className="scroll" tabIndex={0}>
            <QueryView query={query} rows={14}>
              {() =>
                messages.length === 0 ? (
                  <Empty
                    title={
                      Object.keys(filterOf(filters)).length > 0 ? "No message matches" : "Listening for the first event"
                    }
                  >
                    It appears here within two seconds of arriving.
                  </Empty>
                ) : (
                  <List messages={messages} selected={selected} onSelect={({ id }) => set({ e: id })} />
                )
              }
            </QueryView>
          </div>
          <div className="sr" role="status">
            {paused ? "Paused" : plural(messages.length, "message")}
          </div>
        </section>
        {selected === undefined ? undefined : <Pane message={selected} />}
      </div>
    </Page>
  )
}

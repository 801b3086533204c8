/** The debugger: messages as they arrive, what was wrong with each, and what it did to identity (ING-120 to ING-123). */
import { useNavigate, useSearch } from "@tanstack/react-router"
import { Pause, Radio } from "lucide-react"
import { useEffect, useEffectEvent, useRef, useState } from "react"
import { useMasked } from "../../api/hooks.ts"
import type { LiveEventFilter } from "../../api/schema.gql.ts"
import { Choice, SearchInput } from "../../parts/Choice.tsx"
import { Page } from "../../parts/Page.tsx"
import { Empty, Failed, Loading } from "../../parts/States.tsx"
import { useTyped } from "../../parts/typed.ts"
import { useCrumbs } from "../../shell/crumbs.ts"
import { useKeys } from "../../shell/keys.ts"
import { changed, type liveSearch, liveStatuses } from "../../url-state.ts"
import { plural } from "../../words.ts"
import { CallChoice, SourceChoice } from "../filter-choices.tsx"
import { type Feed, type Message, most } from "./feed.ts"
import { Flow } from "./Flow.tsx"
import { MessageList } from "./MessageList.tsx"
import { MessagePane } from "./MessagePane.tsx"
import { type Connection, useFeed } from "./use-feed.ts"
import "./live.css"

type Filters = ReturnType<typeof liveSearch>
type Change = { readonly [K in keyof Filters]?: Filters[K] | undefined }

const filterOf = ({ source, status, type, event, id, q }: Filters): LiveEventFilter => ({
  ...(source === undefined ? {} : { sourceIds: [source] }),
  ...(status === undefined ? {} : { statuses: [status] }),
  ...(type === undefined ? {} : { types: [type] }),
  ...(event === undefined ? {} : { events: [event] }),
  ...(id === undefined ? {} : { messageId: id }),
  ...(q === undefined ? {} : { text: q })
})

const isFiltered = (filters: Filters): boolean => Object.keys(filterOf(filters)).length > 0

const FilterBar = ({ filters, set }: { readonly filters: Filters; readonly set: (change: Change) => void }) => {
  const masked = useMasked()
  const [q, setQ] = useTyped(filters.q, (text) => set({ q: text }))
  const [event, setEvent] = useTyped(filters.event, (text) => set({ event: text }))
  const [id, setId] = useTyped(filters.id, (text) => set({ id: text }))
  return (
    <search className="card bar" aria-label="Which messages">
      {masked ? undefined : (
        <SearchInput label="Any text in the payload" placeholder="any text in the payload" value={q} onChange={setQ} />
      )}
      <SourceChoice value={filters.source} onChange={(source) => set({ source })} />
      <Choice
        label="Status"
        any="Any status"
        value={filters.status}
        options={liveStatuses.map((each) => [each, each.toLowerCase()] as const)}
        onChange={(chosen) => set({ status: liveStatuses.find((each) => each === chosen) })}
      />
      <CallChoice value={filters.type} onChange={(type) => set({ type })} />
      <label className="input narrow">
        <span className="sr">Name of the event, exactly</span>
        <input value={event} placeholder="event name" onChange={(change) => setEvent(change.target.value)} />
      </label>
      <label className="input narrow">
        <span className="sr">Message id</span>
        <input value={id} placeholder="message id" onChange={(change) => setId(change.target.value)} />
      </label>
      {isFiltered(filters) ? (
        <button
          className="btn g"
          type="button"
          onClick={() =>
            set({
              q: undefined,
              source: undefined,
              status: undefined,
              type: undefined,
              event: undefined,
              id: undefined
            })
          }
        >
          Clear
        </button>
      ) : undefined}
    </search>
  )
}

/** Pausing, and how the connection does. */
const Switch = ({
  paused,
  missed,
  connection,
  set
}: {
  readonly paused: boolean
  readonly missed: number
  readonly connection: Connection
  readonly set: (change: Change) => void
}) => (
  <div className="seg" role="group" aria-label="Live">
    <button type="button" aria-pressed={!paused} onClick={() => set({ paused: undefined })}>
      <Radio size={14} aria-hidden="true" />
      {connection === "reconnecting" ? "Reconnecting" : "Live"}
    </button>
    <button type="button" aria-pressed={paused} onClick={() => set({ paused: paused ? undefined : true })}>
      <Pause size={14} aria-hidden="true" />
      {paused ? (missed > 0 ? `Paused, ${plural(missed, "new message")}` : "Paused") : "Pause"} <kbd>P</kbd>
    </button>
  </div>
)

/** How many came, every ten seconds: not one by one. */
const Announced = ({ feed, paused }: { readonly feed: Feed; readonly paused: boolean }) => {
  const [told, setTold] = useState("")
  const newest = feed.shown[0]?.id
  const tell = useEffectEvent((before: string | undefined) => {
    const fresh = before === undefined ? 0 : feed.shown.findIndex(({ id }) => id === before)
    setTold(fresh === 0 ? "" : `${plural(fresh === -1 ? feed.shown.length : fresh, "new message")}`)
    return newest
  })
  useEffect(() => {
    let before: string | undefined
    const timer = setInterval(() => (before = tell(before)), 10_000)
    return () => clearInterval(timer)
  }, [])
  return (
    <div className="sr" role="status">
      {paused ? "Paused" : told}
    </div>
  )
}

/** The chosen message stays chosen when others push it out of the list; without one, the first that was seen is. */
const useSelected = (messages: ReadonlyArray<Message>, wanted: string | undefined): Message | undefined => {
  const [held, setHeld] = useState<Message | undefined>()
  const id = wanted ?? held?.id
  const pushedOut = held?.id === id && messages.length === most ? held : undefined
  const now = messages.find((message) => message.id === id) ?? pushedOut ?? messages[0]
  if (now !== held) setHeld(now)
  return now
}

export const Live = () => {
  const filters = useSearch({ from: "/app/s/$space/live" })
  const navigate = useNavigate({ from: "/s/$space/live" })
  const paused = filters.paused === true
  const { feed, connection, error, stale, retry } = useFeed(filterOf(filters), paused)
  const scroller = useRef<HTMLDivElement>(null)
  useCrumbs("Live events")
  const set = (change: Change) => void navigate({ search: (old) => changed(old, change), replace: true })
  useKeys({ p: () => set({ paused: paused ? undefined : true }) })
  const messages = feed?.shown ?? []
  const selected = useSelected(messages, filters.e)
  const sampled = Math.max(1, ...messages.map(({ sampledOneIn }) => sampledOneIn))
  return (
    <Page
      title="Live events"
      ready={feed !== undefined || connection === "refused"}
      sub={sampled > 1 ? `1 in ${sampled} shown, every discarded one kept` : undefined}
      actions={<Switch paused={paused} missed={feed?.missed ?? 0} connection={connection} set={set} />}
    >
      <FilterBar filters={filters} set={set} />
      <Flow source={filters.source} />
      <div className="side2 live-panes">
        <section className="card" aria-label="Messages">
          {error === undefined ? undefined : (
            <Failed
              error={error}
              retry={retry}
              since={messages[0] === undefined ? undefined : Date.parse(messages[0].receivedAt)}
            />
          )}
          <div className={stale && feed !== undefined ? "scroll dim" : "scroll"} ref={scroller} tabIndex={0}>
            {feed === undefined ? (
              connection === "refused" ? undefined : (
                <Loading rows={14} />
              )
            ) : messages.length > 0 ? (
              <MessageList
                messages={messages}
                selected={selected}
                scroller={scroller}
                onSelect={({ id }) => set({ e: id })}
              />
            ) : isFiltered(filters) ? (
              <Empty title="No message matches">The newest 500 of each source, of the last 7 days, are searched.</Empty>
            ) : (
              <Empty title="Listening for the first event">It appears here within two seconds of arriving.</Empty>
            )}
          </div>
          {feed === undefined ? undefined : <Announced feed={feed} paused={paused} />}
        </section>
        {selected === undefined ? undefined : (
          <MessagePane
            message={selected}
            tab={filters.tab ?? "pretty"}
            onTab={(tab) => set({ tab: tab === "pretty" ? undefined : tab })}
            onValue={(value) => set({ q: value })}
          />
        )}
      </div>
    </Page>
  )
}

/** The events of the last 14 days with their payload: searched in what is shown, moved through with J and K. */
import { useInfiniteQuery } from "@tanstack/react-query"
import { useNavigate, useSearch } from "@tanstack/react-router"
import { ask } from "../../api/client.ts"
import { nodes } from "../../api/hooks.ts"
import { SearchInput } from "../../parts/Choice.tsx"
import { Code } from "../../parts/Code.tsx"
import { Copy } from "../../parts/Copy.tsx"
import { ExplainLink, Identifier } from "../../parts/Identity.tsx"
import { Json } from "../../parts/Json.tsx"
import { useRowKeys } from "../../parts/row-keys.ts"
import { Empty, Failed, Loading } from "../../parts/States.tsx"
import { More } from "../../parts/Table.tsx"
import { Tabs } from "../../parts/Tabs.tsx"
import { changed, fieldText } from "../../url-state.ts"
import { callName, clockMs, dayTitle, plural, valueText } from "../../words.ts"
import { prettyCall } from "../live/pretty.ts"
import { useSources } from "../sources.ts"
import { profileEvents, type ProfileEventsData } from "./profile.gql.ts"
import type { ProfileRef } from "./ref.ts"

type EventNode = NonNullable<ProfileEventsData["profile"]>["events"]["edges"][number]["node"]

const useEvents = (of: ProfileRef) =>
  useInfiniteQuery({
    queryKey: [of.space, "ProfileEventPages", of.id],
    queryFn: ({ pageParam, signal }) => ask(profileEvents, { ...of, after: pageParam }, of.space, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ profile }) =>
      profile?.events.pageInfo.hasNextPage === true ? (profile.events.pageInfo.endCursor ?? undefined) : undefined,
    maxPages: 25
  })

interface EventPaneProps {
  readonly event: EventNode
  readonly raw: boolean
  readonly onRaw: (raw: boolean) => void
}

/** PRO-72: about the call that was made, or the message with the identifiers that it was resolved by. */
const EventPane = ({ event, raw, onRaw }: EventPaneProps) => {
  const call = prettyCall(event.raw)
  return (
    <aside className="card" aria-label="Selected event">
      <h2 className="h">
        <span className="el">{callName(event.type, event.event)}</span>
        <span className="r">
          <Copy text={event.messageId} what="message id" />
        </span>
      </h2>
      <Tabs
        label="Views of the event"
        value={raw ? "raw" : "pretty"}
        options={[
          ["pretty", "Pretty"],
          ["raw", "Raw"]
        ]}
        onChange={(view) => onRaw(view === "raw")}
      />
      <div className="scroll pad" tabIndex={0}>
        {raw || call === undefined ? (
          <Json
            value={{ ...(event.raw as object), external_ids: event.externalIds.map(({ type, id }) => ({ type, id })) }}
          />
        ) : (
          <>
            <div className="lbl">{call.language}</div>
            <Code text={call.text} />
            <div className="lbl under">Resolved by</div>
            <div className="row wrap g4">
              {event.externalIds.map((each, i) => (
                <Identifier key={`${i} ${each.type}:${each.id}`} of={each} />
              ))}
            </div>
          </>
        )}
      </div>
      <div className="f">
        <ExplainLink className="btn p" messageId={event.messageId} />
        <span className="m q el">{event.messageId}</span>
      </div>
    </aside>
  )
}

export const EventsTab = ({ of }: { readonly of: ProfileRef }) => {
  const { e, q, view } = useSearch({ from: "/app/s/$space/profiles/$id/$tab" })
  const navigate = useNavigate({ from: "/s/$space/profiles/$id/$tab" })
  const sourceName = useSources()
  const query = useEvents(of)
  const events = (query.data?.pages ?? []).flatMap(({ profile }) => (profile === null ? [] : nodes(profile.events)))
  const wanted = q?.toLowerCase()
  const shown =
    wanted === undefined ? events : events.filter(({ raw }) => valueText(raw).toLowerCase().includes(wanted))
  const selected = shown.find(({ messageId }) => messageId === e) ?? shown[0]
  const select = (event: EventNode) =>
    void navigate({ search: (old) => ({ ...old, e: event.messageId }), replace: true })
  useRowKeys(shown.length, () => undefined, {
    at: selected === undefined ? -1 : shown.indexOf(selected),
    move: (row) => {
      const event = shown[row]
      if (event !== undefined) select(event)
    }
  })
  if (query.error !== null && query.data === undefined)
    return <Failed error={query.error} retry={() => void query.refetch()} />
  return (
    <div className="side2">
      <section className="card" aria-label="Events">
        <div className="filters">
          <SearchInput
            label="Text in the events shown"
            placeholder="any text in the events shown"
            value={q ?? ""}
            onChange={(text) => void navigate({ search: (old) => changed(old, { q: fieldText(text) }), replace: true })}
          />
        </div>
        <div className="scroll" tabIndex={0}>
          {query.data === undefined ? <Loading rows={12} /> : undefined}
          {query.data !== undefined && shown.length === 0 ? (
            <Empty title={q === undefined ? "No event in the last 14 days" : "No event shown has this text"} />
          ) : undefined}
          {[...Map.groupBy(shown, ({ timestamp }) => dayTitle(timestamp))].map(([title, group]) => (
            <table key={title}>
              <caption className="day">
                {title} <span className="lbl">{plural(group.length, "event")}</span>
              </caption>
              <colgroup>
                <col style={{ width: 118 }} />
                <col style={{ width: 76 }} />
                <col />
                <col style={{ width: 130 }} />
              </colgroup>
              <tbody>
                {group.map((event) => (
                  <tr
                    className="link"
                    key={event.messageId}
                    aria-selected={event === selected}
                    onClick={() => select(event)}
                  >
                    <td className="m q">{clockMs(event.timestamp)}</td>
                    <td className="q2">{event.type.toLowerCase()}</td>
                    <td className="b">{callName(event.type, event.event)}</td>
                    <td className="q">{sourceName(event.sourceId)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          ))}
          <More query={query} />
        </div>
      </section>
      {selected === undefined ? undefined : (
        <EventPane
          event={selected}
          raw={view === "raw"}
          onRaw={(raw) =>
            void navigate({ search: (old) => changed(old, { view: raw ? "raw" : undefined }), replace: true })
          }
        />
      )}
    </div>
  )
}

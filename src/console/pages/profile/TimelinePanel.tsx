/** What happened, the newest first: changes of the identity are as visible as events. */
import { useState } from "react"
import { nodes, useData } from "../../api/hooks.ts"
import { ExplainLink, Identifier, ProfileId } from "../../parts/Identity.tsx"
import { Empty, QueryView } from "../../parts/States.tsx"
import { eventTypes } from "../../url-state.ts"
import { clock, exact, plural } from "../../words.ts"
import { useSources } from "../sources.ts"
import { profileEvents, profileHistory } from "./profile.gql.ts"
import type { ProfileRef } from "./ref.ts"
import { timeline, type TimelineEntry } from "./timeline.ts"

const Entry = ({
  entry,
  sourceName
}: {
  readonly entry: TimelineEntry
  readonly sourceName: (id: string) => string
}) => {
  const title = <span className="b">{entry.title}</span>
  return (
    <div className={`ev ${entry.identity ? "hi" : ""} ${entry.warning ? "wa" : ""}`}>
      <span className="m s q" title={exact(entry.at)}>
        {clock(entry.at)}
      </span>
      <i className="k" />
      <span className="el">
        {entry.messageId === null ? (
          title
        ) : (
          <ExplainLink className="" messageId={entry.messageId}>
            {title}
          </ExplainLink>
        )}{" "}
        {entry.other === undefined ? undefined : <ProfileId id={entry.other} other />}
        {entry.detail === undefined ? undefined : <span className="q">{entry.detail}</span>}
      </span>
      <span className="src el">
        {entry.by === undefined ? (entry.sourceId === undefined ? "" : sourceName(entry.sourceId)) : `by ${entry.by}`}
      </span>
      {entry.identifiers.length === 0 ? undefined : (
        <div className="hx">
          {entry.identifiers.map((each) => (
            <Identifier key={`${each.type}:${each.id}`} of={each} how={each.how} />
          ))}
        </div>
      )}
    </div>
  )
}

export const TimelinePanel = ({ of }: { readonly of: ProfileRef }) => {
  const [shown, setShown] = useState<"all" | "events" | "identity">("all")
  const events = useData(profileEvents, { ...of, types: eventTypes }, { every: 15_000 })
  const history = useData(profileHistory, of, { every: 15_000 })
  const sourceName = useSources()
  const toggles = [
    ["all", "All"],
    ["events", "Events"],
    ["identity", "Identity"]
  ] as const
  return (
    <section className="card" aria-labelledby="timeline-h">
      <h2 className="h" id="timeline-h">
        Timeline
        <span className="r">
          {toggles.map(([key, title]) => (
            <button className="tok" type="button" key={key} aria-pressed={shown === key} onClick={() => setShown(key)}>
              {title}
            </button>
          ))}
        </span>
      </h2>
      <div className="scroll tl" tabIndex={0}>
        <QueryView query={history}>
          {(told) => (
            <QueryView query={events}>
              {(came) => {
                const days = timeline(
                  shown === "identity" || came.profile === null ? [] : nodes(came.profile.events),
                  shown === "events" || told.profile === null ? [] : nodes(told.profile.history)
                )
                if (days.length === 0)
                  return <Empty title="Nothing in the last 14 days">What happened before is in History.</Empty>
                return days.map(({ title, entries }) => (
                  <section key={title} aria-label={title}>
                    <h3 className="day">
                      {title} <span className="lbl">{plural(entries.length, "entry", "entries")}</span>
                    </h3>
                    {entries.map((entry) => (
                      <Entry key={entry.key} entry={entry} sourceName={sourceName} />
                    ))}
                  </section>
                ))
              }}
            </QueryView>
          )}
        </QueryView>
      </div>
    </section>
  )
}

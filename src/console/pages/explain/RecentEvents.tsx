/** The newest events of the space as examples: one click takes one and runs it. */
import { useData, useSpace } from "../../api/hooks.ts"
import { Empty, QueryView } from "../../parts/States.tsx"
import { callName, clock, exact } from "../../words.ts"
import { recentEvents } from "./explain.gql.ts"

interface RecentEventsProps {
  readonly onPick: (raw: unknown) => void
}

export const RecentEvents = ({ onPick }: RecentEventsProps) => {
  const { id: space } = useSpace()
  const query = useData(recentEvents, { space })
  return (
    <section className="card" aria-label="Recent events">
      <h2 className="h">
        Type or paste a call, or try one that has come
        <span className="r">as if it came again now</span>
      </h2>
      <div className="scroll" tabIndex={0}>
        <QueryView query={query} rows={6}>
          {({ liveEvents }) =>
            liveEvents.length === 0 ? (
              <Empty title="No event has come of late">
                Paste a call as it is sent or stored. You see which identifiers it carries, which profiles they lead to,
                and what the rules decide.
              </Empty>
            ) : (
              liveEvents.map(({ id, receivedAt, type, event, identifier, sourceName, raw }) => (
                <button className="recent" type="button" key={id} onClick={() => onPick(raw)}>
                  <span className="m s q" title={exact(receivedAt)}>
                    {clock(receivedAt)}
                  </span>
                  <span className="b el">{callName(type, event)}</span>
                  <span className="m el">{identifier ?? ""}</span>
                  <span className="q2 el">{sourceName}</span>
                </button>
              ))
            )
          }
        </QueryView>
      </div>
    </section>
  )
}

/** The message of a stored explanation, with the values that became identifiers marked. */
import { Link } from "@tanstack/react-router"
import { Code } from "lucide-react"
import { useSpace } from "../../api/hooks.ts"
import { Copy } from "../../parts/Copy.tsx"
import { Json } from "../../parts/Json.tsx"
import type { Mark } from "../../parts/json-marks.ts"
import { Empty, Loading } from "../../parts/States.tsx"
import { callName, exact, moment } from "../../words.ts"
import type { StoredEventData, Story as Explanation } from "./explain.gql.ts"
import { valuePath } from "./finding.ts"
import type { Story } from "./story.ts"

type StoredMessage = NonNullable<StoredEventData["event"]>

const marksOf = (story: Story): ReadonlyArray<Mark> =>
  story.lanes.map(({ of, from }) => ({
    path: valuePath(from),
    type: of.type,
    collection: of.collection,
    out: story.demoted.some(({ type, id }) => type === of.type && id === of.id)
  }))

export const EventPanel = ({
  event,
  story,
  messageId,
  explanation
}: {
  readonly event: StoredMessage | null | undefined
  readonly story: Story
  readonly messageId: string
  readonly explanation: Explanation
}) => {
  const { slug } = useSpace()
  const record = explanation.record as { readonly resolution_seq?: number }
  return (
    <section className="card" aria-label="Event">
      <h2 className="h">
        Event
        <span className="r">{event == null ? "" : callName(event.type, event.event)}</span>
      </h2>
      <div className="scroll" tabIndex={0}>
        {event === undefined ? (
          <Loading rows={4} />
        ) : event === null || event.raw === null ? (
          <Empty title="The message is gone">
            It has left the log and the archive. Its record tells how it was resolved.
          </Empty>
        ) : (
          <div className="pad">
            <Json value={event.raw} marks={marksOf(story)} />
          </div>
        )}
      </div>
      <dl className="kv">
        <dt className="q2">Source</dt>
        <dd className="el">{event?.sourceName ?? ""}</dd>
        <dt className="q2">Received</dt>
        <dd title={event?.receivedAt == null ? "" : exact(event.receivedAt)}>
          {event?.receivedAt == null ? "" : moment(event.receivedAt)}
        </dd>
        <dt className="q2">Sequence</dt>
        <dd className="m el">{record.resolution_seq ?? ""}</dd>
      </dl>
      <div className="f">
        <Link className="btn" to="/s/$space/explain" params={{ space: slug }} search={{ message: messageId }}>
          <Code size={14} aria-hidden="true" />
          Edit and run
        </Link>
        <span className="ml">
          <Copy text={messageId} what="message id" />
        </span>
      </div>
    </section>
  )
}

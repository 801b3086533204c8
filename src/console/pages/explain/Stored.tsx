/** How an event was resolved, from the record that was written then. */
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router"
import { useData, useSpace } from "../../api/hooks.ts"
import { Copy } from "../../parts/Copy.tsx"
import { Page } from "../../parts/Page.tsx"
import { Empty, Failed, Loading } from "../../parts/States.tsx"
import { useCrumbs } from "../../shell/crumbs.ts"
import { changed } from "../../url-state.ts"
import { EventPanel } from "./EventPanel.tsx"
import { storedEvent, storedExplanation } from "./explain.gql.ts"
import { Explained } from "./Explained.tsx"
import { titleOf, useProfiles } from "./profiles.ts"
import { tell } from "./tell.ts"
import "./explain.css"

export const Stored = () => {
  const { messageId, space: slug } = useParams({ from: "/app/s/$space/explain/$messageId" })
  const { steps } = useSearch({ from: "/app/s/$space/explain/$messageId" })
  const navigate = useNavigate({ from: "/s/$space/explain/$messageId" })
  const { id: space } = useSpace()
  const query = useData(storedExplanation, { space, message: messageId })
  const event = useData(storedEvent, { space, message: messageId })
  const explanation = query.data?.resolution ?? undefined
  const story = explanation === undefined ? undefined : tell(explanation.steps, explanation.dryRun)
  const profiles = useProfiles(explanation, story)
  useCrumbs(`Explain|/s/${slug}/explain`, messageId)
  if (query.error !== null && query.data === undefined)
    return (
      <Page title="Explain">
        <Failed error={query.error} retry={() => void query.refetch()} />
      </Page>
    )
  if (query.data === undefined)
    return (
      <Page title="Explain" ready={false}>
        <section className="card grow">
          <Loading />
        </section>
      </Page>
    )
  if (explanation === undefined || story === undefined)
    return (
      <Page title="Not resolved here">
        <section className="card grow">
          <Empty title={`This space has resolved no message ${messageId}`}>
            {event.data?.event?.stops.map(({ text }) => text).join(" ") ??
              "It was not accepted, is of a source that is not connected, or waits to be resolved."}
          </Empty>
        </section>
      </Page>
    )
  return (
    <Page
      title={titleOf(explanation, story, profiles)}
      actions={
        <>
          <div className="seg">
            <span aria-current="true">As it happened</span>
            <Link to="/s/$space/explain" params={{ space: slug }} search={{ message: messageId }}>
              Dry run now
            </Link>
          </div>
          <Copy text={location.href} what="link" />
        </>
      }
    >
      <Explained
        explanation={explanation}
        story={story}
        profiles={profiles}
        all={steps === "all"}
        onAll={(all) =>
          void navigate({ search: (old) => changed(old, { steps: all ? "all" : undefined }), replace: true })
        }
        event={event.data?.event?.raw}
        left={<EventPanel event={event.data?.event} story={story} messageId={messageId} explanation={explanation} />}
      />
    </Page>
  )
}

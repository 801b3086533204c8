/** What an event would do: a dry run of one that is typed, pasted, or has come, told like one that has happened. */
import { useMutation } from "@tanstack/react-query"
import { useNavigate, useSearch } from "@tanstack/react-router"
import { useState } from "react"
import { ask } from "../../api/client.ts"
import { useData, useSpace } from "../../api/hooks.ts"
import { Page } from "../../parts/Page.tsx"
import { Empty, Failed, Loading } from "../../parts/States.tsx"
import { useCrumbs } from "../../shell/crumbs.ts"
import { changed } from "../../url-state.ts"
import { EventEditor } from "./EventEditor.tsx"
import { exampleText, readEventText, textOf } from "./event-text.ts"
import { dryRun, storedEvent } from "./explain.gql.ts"
import { Explained } from "./Explained.tsx"
import { titleOf, useProfiles } from "./profiles.ts"
import { RecentEvents } from "./RecentEvents.tsx"
import { tell } from "./tell.ts"
import "./explain.css"

const Runner = ({ initial }: { readonly initial: string }) => {
  const { id: space } = useSpace()
  const { steps } = useSearch({ from: "/app/s/$space/explain" })
  const navigate = useNavigate({ from: "/s/$space/explain" })
  const [text, setText] = useState(initial)
  const { event, problem } = readEventText(text)
  const run = useMutation({ mutationFn: (asked: unknown) => ask(dryRun, { space, event: asked }, space) })
  const explanation = run.data?.explain
  const story = explanation === undefined ? undefined : tell(explanation.steps, true)
  const profiles = useProfiles(explanation, story)
  const pick = (raw: unknown) => {
    const chosen = textOf(raw)
    setText(chosen)
    run.mutate(JSON.parse(chosen))
  }
  const editor = (
    <EventEditor
      text={text}
      problem={problem}
      busy={run.isPending}
      onChange={setText}
      onRun={() => run.mutate(event)}
      actions={
        run.isIdle ? undefined : (
          <button className="btn g s" type="button" onClick={() => run.reset()}>
            Recent events
          </button>
        )
      }
    />
  )
  if (explanation === undefined || story === undefined)
    return (
      <Page title="Try an event" sub="How it would be resolved now, step by step">
        <div className="ex two">
          {editor}
          {run.isPending || run.error !== null ? (
            <section className="card">{run.error === null ? <Loading /> : <Failed error={run.error} />}</section>
          ) : (
            <RecentEvents onPick={pick} />
          )}
        </div>
      </Page>
    )
  return (
    <Page title={titleOf(explanation, story, profiles)} sub="dry run: nothing was written">
      <Explained
        explanation={explanation}
        story={story}
        profiles={profiles}
        all={steps === "all"}
        onAll={(all) =>
          void navigate({ search: (old) => changed(old, { steps: all ? "all" : undefined }), replace: true })
        }
        event={run.variables}
        left={editor}
      />
    </Page>
  )
}

export const DryRun = () => {
  const { message } = useSearch({ from: "/app/s/$space/explain" })
  const { id: space } = useSpace()
  useCrumbs("Explain")
  const { data, error } = useData(storedEvent, { space, message: message ?? "" }, { enabled: message !== undefined })
  if (message !== undefined && data === undefined)
    return (
      <Page title="Try an event" ready={error !== null}>
        <section className="card grow">{error === null ? <Loading /> : <Failed error={error} />}</section>
      </Page>
    )
  const raw = data?.event?.raw
  if (message !== undefined && raw == null)
    return (
      <Page title="The message is gone">
        <section className="card grow">
          <Empty title={`Nobody has ${message} any more`}>
            It has left the log and the archive, or was never stored. How it was resolved is told under its message id.
          </Empty>
        </section>
      </Page>
    )
  return <Runner key={message} initial={raw == null ? exampleText : textOf(raw)} />
}

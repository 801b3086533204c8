/** How an event was resolved, from its record, or would be: a dry run. The same page for both. */
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router"
import { useMutation } from "@tanstack/react-query"
import { Code, Play } from "lucide-react"
import { type ReactNode, useState } from "react"
import { ask } from "../../api/client.ts"
import { nodes, useData, useSpace } from "../../api/hooks.ts"
import { Copy } from "../../parts/Copy.tsx"
import { Identifier, ProfileId } from "../../parts/Identity.tsx"
import { Json, type Mark } from "../../parts/Json.tsx"
import { Page } from "../../parts/Page.tsx"
import { Empty, Failed, Loading } from "../../parts/States.tsx"
import { useCrumbs } from "../../shell/crumbs.ts"
import { changed } from "../../url-state.ts"
import { callName, exact, moment, nameOf } from "../../words.ts"
import {
  dryRun,
  storedEvent,
  type StoredEventData,
  storedExplanation,
  type Story as Explanation,
  type StoryProfile,
  storyProfiles
} from "./explain.gql.ts"
import { StoryView } from "./StoryView.tsx"
import { finding, type Story, tell, valuePath } from "./story.ts"
import { OtherLimit } from "./OtherLimit.tsx"
import "./explain.css"

type StoredMessage = NonNullable<StoredEventData["event"]>

const marksOf = (story: Story): ReadonlyArray<Mark> =>
  story.lanes.map(({ of, from }) => ({
    path: valuePath(from),
    type: of.type,
    collection: of.collection,
    out: story.demoted.some(({ type, id }) => type === of.type && id === of.id)
  }))

/** The profiles of the story, as they are now. */
const useProfiles = (explanation: Explanation | undefined, story: Story | undefined) => {
  const { id: space } = useSpace()
  const ids = new Set(story?.candidates ?? [])
  for (const outcome of [explanation?.profile, explanation?.account]) if (outcome != null) ids.add(outcome.segmentId)
  const refs = [...ids].slice(0, 20).map((segmentId) => ({ segmentId }))
  const { data } = useData(
    storyProfiles,
    {
      space,
      users: refs.filter(({ segmentId }) => segmentId.startsWith("use_")),
      accounts: refs.filter(({ segmentId }) => segmentId.startsWith("grp_"))
    },
    { enabled: refs.length > 0 }
  )
  return [...(data?.users ?? []), ...(data?.accounts ?? [])].filter((profile) => profile !== null)
}

const ResultProfile = ({ profile, what }: { readonly profile: StoryProfile; readonly what: string }) => {
  const ids = nodes(profile.externalIds)
  return (
    <div className={`out ${what === "" ? "" : "is"}`}>
      <div className="row">
        <ProfileId id={profile.segmentId} />
        <span className="lbl ml">{what}</span>
      </div>
      <div className="b el">{nameOf(nodes(profile.traits))}</div>
      <div className="col g4 ids">
        {ids.map((each) => (
          <Identifier key={`${each.type}:${each.id}`} of={{ ...each, collection: profile.collection }} />
        ))}
        {profile.externalIds.totalCount > ids.length ? (
          <span className="lbl">and {profile.externalIds.totalCount - ids.length} more</span>
        ) : undefined}
      </div>
    </div>
  )
}

const Result = ({
  explanation,
  profiles
}: {
  readonly explanation: Explanation
  readonly profiles: ReadonlyArray<StoryProfile>
}) => {
  const own = new Set([explanation.profile?.segmentId, explanation.account?.segmentId])
  return (
    <section className="card" aria-label="Result">
      <h2 className="h">
        {explanation.dryRun ? "Profiles it is about" : "Result"}
        <span className="r">as they are now</span>
      </h2>
      <div className="col g8 pad scroll" tabIndex={0}>
        <p className="q2">{explanation.summary}</p>
        {profiles.map((profile) => (
          <ResultProfile
            key={profile.segmentId}
            profile={profile}
            what={own.has(profile.segmentId) ? "of this event" : "not joined"}
          />
        ))}
        {explanation.violations.flatMap(({ id, nextStep }) =>
          nextStep === null
            ? []
            : [
                <p key={id}>
                  <b className="b">What to do: </b>
                  {nextStep}
                </p>
              ]
        )}
      </div>
    </section>
  )
}

const AllSteps = ({ explanation }: { readonly explanation: Explanation }) => (
  <ol className="steps-all">
    {explanation.steps.map(({ n, kind, text }) => (
      <li key={n}>
        <span className="lbl num">{n}</span>
        <span className="m s q">{kind}</span>
        <span>{text}</span>
      </li>
    ))}
  </ol>
)

interface ExplainedProps {
  readonly explanation: Explanation
  readonly story: Story
  readonly profiles: ReadonlyArray<StoryProfile>
  readonly all: boolean
  readonly onAll: (all: boolean) => void
  readonly left: ReactNode
  /** The event, to try other limits on. */
  readonly event: unknown
}

const Explained = ({ explanation, story, profiles, all, onAll, left, event }: ExplainedProps) => (
  <div className="ex">
    {left}
    <section className="card" aria-label="Steps">
      <div className="scroll" tabIndex={0}>
        {all ? <AllSteps explanation={explanation} /> : <StoryView story={story} />}
        {explanation.assumptions.map((text) => (
          <p className="lbl assumed" key={text}>
            Assumed: {text}
          </p>
        ))}
      </div>
      <div className="f">
        <button className="btn g" type="button" onClick={() => onAll(!all)}>
          {all ? "The story" : `All ${explanation.steps.length} steps`}
        </button>
        <span className="lbl ml">rules v{explanation.rulesVersion}</span>
      </div>
    </section>
    <div className="col g12">
      <Result explanation={explanation} profiles={profiles} />
      {story.breach === undefined || event === undefined || event === null ? undefined : (
        <OtherLimit breach={story.breach} event={event} />
      )}
    </div>
  </div>
)

const nameIn = (profiles: ReadonlyArray<StoryProfile>, id: string | undefined): string | undefined => {
  const profile = profiles.find(({ segmentId }) => segmentId === id)
  return profile === undefined ? undefined : nameOf(nodes(profile.traits))
}

const titleOf = (explanation: Explanation, story: Story, profiles: ReadonlyArray<StoryProfile>): string => {
  const own = (explanation.profile ?? explanation.account)?.segmentId
  const other = story.candidates.find((id) => id !== own)
  return finding(explanation.action, story, nameIn(profiles, own), nameIn(profiles, other), explanation.dryRun)
}

const EventPanel = ({
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

const example = JSON.stringify(
  {
    type: "identify",
    userId: "abc123",
    anonymousId: "anon_1",
    traits: { email: "jane@example.com", name: "Jane Doe" }
  },
  undefined,
  2
)

/** What a message is stored with and a dry run should not take for the message itself: it was resolved already. */
const asNew = (raw: unknown): unknown => {
  if (typeof raw !== "object" || raw === null) return raw
  return Object.fromEntries(Object.entries(raw).filter(([key]) => key !== "messageId"))
}

interface Parsed {
  readonly event?: unknown
  readonly problem?: string
}

const parsed = (text: string): Parsed => {
  try {
    return { event: JSON.parse(text) as unknown }
  } catch (error) {
    return { problem: error instanceof Error ? error.message : "This is no JSON." }
  }
}

interface RunnerProps {
  readonly initial: string
}

const Runner = ({ initial }: RunnerProps) => {
  const { id: space } = useSpace()
  const [text, setText] = useState(initial)
  const [all, setAll] = useState(false)
  const { event, problem } = parsed(text)
  const run = useMutation({ mutationFn: () => ask(dryRun, { space, event }, space) })
  const explanation = run.data?.explain
  const story = explanation === undefined ? undefined : tell(explanation.steps, true)
  const profiles = useProfiles(explanation, story)
  const left = (
    <section className="card" aria-label="Event">
      <h2 className="h">Event</h2>
      <label className="editor">
        <span className="sr">Event as JSON</span>
        <textarea
          className="input"
          spellCheck={false}
          value={text}
          aria-invalid={problem !== undefined}
          onChange={(change) => setText(change.target.value)}
          onKeyDown={(key) => {
            if (key.key === "Enter" && (key.metaKey || key.ctrlKey) && problem === undefined) run.mutate()
          }}
        />
      </label>
      <div className="f">
        <button
          className="btn p"
          type="button"
          disabled={problem !== undefined || run.isPending}
          onClick={() => run.mutate()}
        >
          <Play size={14} aria-hidden="true" />
          Run
        </button>
        <span className={problem === undefined ? "q el" : "bad el"} role="status">
          {problem ?? "Nothing is written."}
        </span>
      </div>
    </section>
  )
  return (
    <Page
      title={
        explanation === undefined || story === undefined ? "Explain an event" : titleOf(explanation, story, profiles)
      }
      sub={explanation === undefined ? "How it would be resolved now, step by step" : "dry run"}
    >
      {explanation === undefined || story === undefined ? (
        <div className="ex two">
          {left}
          <section className="card">
            {run.error === null ? (
              run.isPending ? (
                <Loading />
              ) : (
                <Empty title="Paste a call, as it is sent or stored">
                  You see which identifiers it carries, which profiles they lead to, and what the rules decide. To
                  explain an event that has happened, search for its message id.
                </Empty>
              )
            ) : (
              <Failed error={run.error} />
            )}
          </section>
        </div>
      ) : (
        <Explained
          explanation={explanation}
          story={story}
          profiles={profiles}
          all={all}
          onAll={setAll}
          event={event}
          left={left}
        />
      )}
    </Page>
  )
}

export const DryRun = () => {
  const { message } = useSearch({ from: "/app/s/$space/explain" })
  const { id: space } = useSpace()
  useCrumbs("Explain")
  const { data } = useData(storedEvent, { space, message: message ?? "" }, { enabled: message !== undefined })
  if (message !== undefined && data === undefined)
    return (
      <Page title="Explain an event" ready={false}>
        <section className="card grow">
          <Loading />
        </section>
      </Page>
    )
  const raw = data?.event?.raw
  return <Runner key={message} initial={raw == null ? example : JSON.stringify(asNew(raw), undefined, 2)} />
}

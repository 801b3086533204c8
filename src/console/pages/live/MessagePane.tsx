/** One message: the call that was made, what came of it, its payload, and what it did to identity. */
import { Check, CircleAlert, Clock, Copy as CopyIcon, type LucideIcon, Minus, X } from "lucide-react"
import { useState } from "react"
import { useData, useMasked, useSpace } from "../../api/hooks.ts"
import { Code } from "../../parts/Code.tsx"
import { CopyValue } from "../../parts/Copy.tsx"
import { ExplainLink, Identifier, ProfileId } from "../../parts/Identity.tsx"
import { Json } from "../../parts/Json.tsx"
import { Empty, QueryView } from "../../parts/States.tsx"
import { Tabs } from "../../parts/Tabs.tsx"
import { callName, clockMs, windowText } from "../../words.ts"
import type { Message } from "./feed.ts"
import { liveJourney, type LiveJourneyData } from "./live.gql.ts"
import { OutcomeOf } from "./Outcome.tsx"
import { curlOf, prettyCall } from "./pretty.ts"
import { Validate } from "./Validate.tsx"

type Journey = NonNullable<LiveJourneyData["event"]>
type Stop = Journey["stops"][number]

export type PaneTab = "pretty" | "raw" | "identity"

const stops: Readonly<Record<Stop["kind"], readonly [title: string, tone: string, icon: LucideIcon]>> = {
  ACCEPTED: ["Accepted", "good", Check],
  DUPLICATE: ["Sent again", "", Minus],
  DISCARDED: ["Discarded", "bad", X],
  DROPPED: ["Left out", "", Minus],
  RESOLVED: ["Resolved", "good", Check],
  WAITING: ["Waiting", "", Clock]
}

const Stops = ({ journey, message }: { readonly journey: Journey; readonly message: Message }) => {
  const profile = message.outcome?.profile ?? null
  const warned = (message.outcome?.demoted ?? 0) > 0 || message.outcome?.action === "UNRESOLVED"
  return (
    <ol className="stops">
      {journey.stops.map(({ kind, text }, i) => {
        const [title, tone, Icon] = stops[kind]
        const warns = kind === "RESOLVED" && warned
        return (
          <li key={i}>
            <span className={`st ${warns ? "warn" : tone}`} aria-hidden="true">
              {warns ? <CircleAlert size={12} /> : <Icon size={12} />}
            </span>
            <div className="grow">
              <div className="b">{kind === "RESOLVED" ? <OutcomeOf message={message} /> : title}</div>
              <div className="q2 text">{text}</div>
              {kind === "RESOLVED" && message.messageId !== null ? (
                <div className="row wrap">
                  {profile === null ? undefined : <ProfileId id={profile.segmentId} />}
                  <ExplainLink messageId={message.messageId} />
                </div>
              ) : undefined}
            </div>
          </li>
        )
      })}
    </ol>
  )
}

/** Nobody knows a message without an id but the debugger itself. */
const OwnWords = ({ message }: { readonly message: Message }) => (
  <ol className="stops">
    <li>
      <span className={`st ${message.status === "DISCARDED" ? "bad" : ""}`} aria-hidden="true">
        {message.status === "DISCARDED" ? <X size={12} /> : <Minus size={12} />}
      </span>
      <div className="grow">
        <div className="b">
          <OutcomeOf message={message} />
        </div>
        {message.message === null ? undefined : <div className="q2 text">{message.message}</div>}
        {message.code === null ? undefined : <div className="m s q">{message.code}</div>}
      </div>
    </li>
  </ol>
)

const useJourney = (message: Message) => {
  const { id: space } = useSpace()
  const waits = message.outcome === null && message.status !== "DISCARDED" && message.status !== "BLOCKED"
  return useData(
    liveJourney,
    { space, message: message.messageId ?? "" },
    { enabled: message.messageId !== null, ...(waits ? { every: 2000 } : {}) }
  )
}

const Pretty = ({ message }: { readonly message: Message }) => {
  const call = prettyCall(message.raw)
  const query = useJourney(message)
  const own = message.messageId === null || message.status === "DISCARDED" || message.status === "BLOCKED"
  return (
    <>
      {call === undefined ? undefined : (
        <div className="sec2">
          <div className="lbl">
            {call.language}, {message.sourceName}, {clockMs(message.receivedAt)}
          </div>
          <Code text={call.text} />
        </div>
      )}
      <div className="sec2">
        <div className="lbl">Where it went</div>
        {own ? (
          <OwnWords message={message} />
        ) : (
          <QueryView query={query} rows={2}>
            {({ event }) =>
              event === null ? <OwnWords message={message} /> : <Stops journey={event} message={message} />
            }
          </QueryView>
        )}
      </div>
    </>
  )
}

const kindWords: Readonly<Record<string, string>> = {
  PROFILE_CREATED: "new profile",
  IDENTIFIER_MAPPED: "mapped",
  PROFILES_MERGED: "merged",
  LINK_CREATED: "linked"
}

const violationText = ({ breachedType, count, limit, window }: Violation): string =>
  breachedType === null || count === null || limit === null
    ? "did not count"
    : `would have made ${count} ${breachedType}, the limit is ${limit}${window === null ? "" : ` ${windowText(window)}`}`

type Violation = NonNullable<Journey["resolution"]>["violations"][number]

const IdentityTab = ({ message }: { readonly message: Message }) => {
  const query = useJourney(message)
  if (message.messageId === null || message.status === "DISCARDED" || message.status === "BLOCKED")
    return <Empty title="It did nothing to identity">Only accepted messages reach a space.</Empty>
  return (
    <QueryView query={query} rows={4}>
      {({ event }) => {
        const resolution = event?.resolution ?? null
        if (resolution === null) return <Empty title="The space has not resolved it">It is stored and will be.</Empty>
        const { summary, violations, successes, rulesVersion } = resolution
        return (
          <>
            <div className="sec2">
              <div className="b text">{summary}</div>
              <div className="lbl">Rules version {rulesVersion}</div>
            </div>
            {violations.length === 0 ? undefined : (
              <div className="sec2 col g8">
                <div className="lbl">Did not count</div>
                {violations.map((each) => (
                  <div key={each.id}>
                    {each.identifier === null ? undefined : <Identifier of={each.identifier} how="out" />}
                    <div className="warn text">{violationText(each)}</div>
                    <div className="m s q">{each.violation ?? each.error}</div>
                    {each.nextStep === null ? undefined : <div className="q2 text">{each.nextStep}</div>}
                  </div>
                ))}
              </div>
            )}
            {successes.length === 0 ? undefined : (
              <div className="sec2 col g8">
                <div className="lbl">Changed</div>
                {successes.map((each) => (
                  <div className="row" key={each.id}>
                    {each.identifier === null ? undefined : <Identifier of={each.identifier} how="new" />}
                    <span className="q2">{kindWords[each.success ?? ""] ?? each.success}</span>
                  </div>
                ))}
              </div>
            )}
            {violations.length + successes.length === 0 ? (
              <p className="pad q2">Every identifier of it was known already.</p>
            ) : undefined}
          </>
        )
      }}
    </QueryView>
  )
}

interface PaneProps {
  readonly message: Message
  readonly tab: PaneTab
  readonly onTab: (tab: PaneTab) => void
  /** A value of the payload was picked: look for others that have it. */
  readonly onValue: (value: string) => void
}

const CopyCurl = ({ message }: { readonly message: Message }) => {
  const [done, setDone] = useState(false)
  // Masks sent again would be somebody else.
  if (useMasked()) return undefined
  return (
    <button
      className="btn g"
      type="button"
      title="The call once more, for a terminal; fill in the write key"
      onClick={() =>
        void navigator.clipboard.writeText(curlOf(message.raw, location.origin)).then(
          () => {
            setDone(true)
            setTimeout(() => setDone(false), 1500)
          },
          () => undefined
        )
      }
    >
      {done ? <Check size={14} aria-hidden="true" /> : <CopyIcon size={14} aria-hidden="true" />}
      {done ? "Copied" : "Copy as curl"}
    </button>
  )
}

export const MessagePane = ({ message, tab, onTab, onValue }: PaneProps) => {
  const masked = useMasked()
  const lost = message.outcome?.demoted ?? 0
  return (
    <aside className="card" aria-label="Chosen message">
      <h2 className="h">
        <span className="el">{callName(message.type, message.event)}</span>
        <span className="m q el id-text">{message.messageId}</span>
        <span className="r">
          <CopyValue text={JSON.stringify(message.raw, undefined, 2)} what="message" />
        </span>
      </h2>
      <Tabs
        label="Views of the message"
        value={tab}
        options={[
          ["pretty", "Pretty"],
          ["raw", "Raw"],
          ["identity", "Identity", lost > 0 ? `${lost} demoted` : undefined]
        ]}
        onChange={onTab}
      />
      <div className="scroll" tabIndex={0}>
        {tab === "raw" ? (
          <div className="pad">
            <Json value={message.raw} {...(masked ? {} : { onValue })} />
          </div>
        ) : tab === "identity" ? (
          <IdentityTab message={message} />
        ) : (
          <Pretty message={message} />
        )}
      </div>
      <div className="f">
        {message.messageId === null || message.outcome === null ? undefined : (
          <ExplainLink className="btn p" messageId={message.messageId} />
        )}
        <Validate message={message} />
        <CopyCurl message={message} />
      </div>
    </aside>
  )
}

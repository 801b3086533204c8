/** One error: what happened, what to do, and up to ten samples with what was sent, asked and answered (DEL-23). */
import { Link } from "@tanstack/react-router"
import { ArrowLeft, Repeat2 } from "lucide-react"
import { useState } from "react"
import { useSpace } from "../../../api/hooks.ts"
import { useApi } from "../../../api/public-api.ts"
import type { DeliverySample } from "../../../api/delivery-types.ts"
import { deliveryError, mappings as mappingsOf } from "../../../api/requests.ts"
import { Empty, QueryView } from "../../../parts/States.tsx"
import { callName, clockMs, plural } from "../../../words.ts"
import type { TabProps } from "../Destination.tsx"
import { Payloads } from "../Payloads.tsx"
import { type Period, sinceText, spanOf } from "./period.ts"

interface SamplesProps extends TabProps {
  readonly period: Period
  readonly code: string
  readonly state: string
  readonly onClose: () => void
}

interface Sent {
  readonly type?: string
  readonly event?: string
  readonly messageId?: string
}

const nameOf = (sent: unknown): string => {
  const { type = null, event = null } = (typeof sent === "object" && sent !== null ? sent : {}) as Sent
  return callName(type, event)
}

const SampleView = ({ destination, sample }: TabProps & { readonly sample: DeliverySample }) => {
  const { slug } = useSpace()
  const { exchanges, subscriptionId, message, receivedAt } = sample
  const [at, setAt] = useState(exchanges.length - 1)
  const mapped = useApi(mappingsOf(destination.id)).data?.find(({ id }) => id === subscriptionId)
  const { sent } = sample
  return (
    <>
      <div className="row wrap">
        {/* The body of a response is shown below, whole. */}
        <span className="grow text">{exchanges[at]?.response?.body === message ? "" : message}</span>
        {exchanges.length > 1 ? (
          <select
            className="input"
            aria-label="Which request"
            value={at}
            onChange={(event) => setAt(Number(event.target.value))}
          >
            {exchanges.map(({ request }, i) => (
              <option key={i} value={i}>
                Request {i + 1}: {request.method}
              </option>
            ))}
          </select>
        ) : undefined}
        {mapped === undefined ? undefined : (
          <Link
            className="btn"
            to="/s/$space/destinations/$id/$tab"
            params={{ space: slug, id: destination.id, tab: "mappings" }}
            search={{
              edit: mapped.id,
              ...((sent as Sent).messageId === undefined ? {} : { message: (sent as Sent).messageId! })
            }}
          >
            Edit mapping "{mapped.name}"
          </Link>
        )}
      </div>
      <Payloads
        sent={sent}
        sentLine={
          <>
            <span className="tag">{(sent as Sent).type ?? "event"}</span>
            <span className="q2 el">as received at {clockMs(receivedAt)}</span>
          </>
        }
        exchange={exchanges[at]}
        instead={message}
      />
    </>
  )
}

export const Samples = ({ destination, period, code, state, onClose }: SamplesProps) => {
  const { slug } = useSpace()
  const query = useApi(deliveryError(destination.id, code, state, spanOf(period)), { every: 10_000, keep: true })
  const [at, setAt] = useState(0)
  const samples = query.data?.samples ?? []
  const sample = samples[Math.min(at, samples.length - 1)]
  const advice = query.data
  return (
    <>
      <div className="row wrap">
        <button className="btn g" type="button" onClick={onClose}>
          <ArrowLeft size={14} aria-hidden="true" />
          All errors
        </button>
        <h2 className="finding" style={{ margin: 0 }}>
          {sample === undefined
            ? code
            : `${destination.name ?? destination.metadata.name} did not take ${nameOf(sample.sent)}`}
        </h2>
        <span className="m q">{advice?.name ?? code}</span>
        <span className="ml row">
          {samples.length > 1 ? (
            <select
              className="input"
              aria-label="Which sample"
              value={Math.min(at, samples.length - 1)}
              onChange={(event) => setAt(Number(event.target.value))}
            >
              {samples.map((each, i) => (
                <option key={i} value={i}>
                  {sinceText(Date.parse(each.time))} {nameOf(each.sent)}
                </option>
              ))}
            </select>
          ) : undefined}
          <Link
            className="btn"
            to="/s/$space/destinations/$id/$tab"
            params={{ space: slug, id: destination.id, tab: "replays" }}
            search={{ edit: "failed" }}
          >
            <Repeat2 size={14} aria-hidden="true" />
            Replay what failed…
          </Link>
        </span>
      </div>
      {advice === undefined ? undefined : (
        <section className="card fixed two-up even" aria-label="Advice" style={{ gap: 0 }}>
          <div className="pad">
            <div className="lbl">What happened</div>
            <p>{advice.description}</p>
          </div>
          <div className="pad" style={{ borderLeft: "1px solid var(--line)" }}>
            <div className="lbl">What to do</div>
            {advice.actions.map((action) => (
              <p key={action}>{action}</p>
            ))}
            {advice.links.map(({ text, url }) => (
              <a className="acc" key={url} href={url} rel="noreferrer" target="_blank">
                {text}
              </a>
            ))}
          </div>
        </section>
      )}
      <QueryView query={query} rows={6}>
        {() =>
          sample === undefined ? (
            <section className="card grow">
              <Empty title="No sample is kept">
                Up to 10 are kept for each code and hour, for 14 days. The next such event is one.
              </Empty>
            </section>
          ) : (
            <SampleView key={sample.id} destination={destination} sample={sample} />
          )
        }
      </QueryView>
      {samples.length > 0 ? <span className="sr">{plural(samples.length, "sample")}</span> : undefined}
    </>
  )
}

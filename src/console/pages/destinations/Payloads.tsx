/** What was sent, what was asked of the destination, and what it answered: three panes side by side (DEL-23, DEL-61). */
import type { ReactNode } from "react"
import type { Exchange } from "../../api/public-types.ts"
import { Copy } from "../../parts/Copy.tsx"
import { Json } from "../../parts/Json.tsx"
import type { Mark } from "../../parts/json-marks.ts"
import { marksOf } from "./marks.ts"

/** JSON is shown as such, everything else as it is. */
const Body = ({ text, marks }: { readonly text: string; readonly marks: ReadonlyArray<Mark> }) => {
  if (text === "") return <p className="q2">No body.</p>
  try {
    return <Json value={JSON.parse(text)} marks={marks} />
  } catch {
    return <pre className="json">{text}</pre>
  }
}

const Headers = ({ of }: { readonly of: Readonly<Record<string, string>> }) => (
  <dl className="headers">
    {Object.entries(of).map(([name, value]) => (
      <div key={name} style={{ display: "contents" }}>
        <dt>{name}:</dt>
        <dd>{value}</dd>
      </div>
    ))}
  </dl>
)

interface PaneProps {
  readonly title: string
  readonly line: ReactNode
  readonly copy?: string
  readonly children: ReactNode
}

const Pane = ({ title, line, copy, children }: PaneProps) => (
  <section className="card" aria-label={title}>
    <h3 className="h">
      {title}
      <span className="r">{copy === undefined ? undefined : <Copy text={copy} what={title.toLowerCase()} />}</span>
    </h3>
    <div className="line">{line}</div>
    <div className="scroll pad" tabIndex={0}>
      {children}
    </div>
  </section>
)

const addressOf = (url: string): string => url.replace(/^https?:\/\//, "")

interface AnswerProps {
  readonly exchange: Exchange | undefined
  readonly marks: ReadonlyArray<Mark>
}

const Answer = ({ exchange, marks }: AnswerProps) => {
  const response = exchange?.response
  if (response === undefined)
    return (
      <Pane
        title="Response from destination"
        line={<span className="tag bad">{exchange === undefined ? "none" : "failed"}</span>}
      >
        <p className="q2">{exchange?.error ?? "Nothing was asked, so nothing was answered."}</p>
      </Pane>
    )
  const { status, headers, body } = response
  return (
    <Pane
      title="Response from destination"
      line={<span className={status < 400 ? "tag good" : "tag bad"}>{status}</span>}
      copy={body}
    >
      <Headers of={headers} />
      <Body text={body} marks={marks} />
    </Pane>
  )
}

interface PayloadsProps {
  readonly sent: unknown
  /** What is said of the event; undefined: it stands elsewhere on the page. */
  readonly sentLine?: ReactNode
  readonly exchange: Exchange | undefined
  /** Why no request was made. */
  readonly instead?: string | undefined
  /** Below each other: where there is no room beside. */
  readonly stack?: boolean
}

export const Payloads = ({ sent, sentLine, exchange, instead, stack = false }: PayloadsProps) => {
  const request = exchange?.request
  const response = exchange?.response
  const failed = response !== undefined && response.status >= 400
  const marks = marksOf(sent, failed ? request!.body : "", failed ? response.body : "")
  return (
    <div className={`payloads ${stack ? "stack" : sentLine === undefined ? "two" : ""}`}>
      {sentLine === undefined ? undefined : (
        <Pane title="You sent" line={sentLine} copy={JSON.stringify(sent, undefined, 2)}>
          <Json value={sent} marks={marks.sent} />
        </Pane>
      )}
      {request === undefined ? (
        <Pane title="Request to destination" line={<span className="tag">none</span>}>
          <p className="q2">{instead ?? "No request was made."}</p>
        </Pane>
      ) : (
        <Pane
          title="Request to destination"
          line={
            <>
              <span className="tag">{request.method}</span>
              <span className="m el" title={request.url}>
                {addressOf(request.url)}
              </span>
            </>
          }
          copy={request.body}
        >
          <Headers of={request.headers} />
          <Body text={request.body} marks={marks.request} />
        </Pane>
      )}
      <Answer exchange={exchange} marks={marks.response} />
    </div>
  )
}

/** The states of every panel besides its data: loading, empty, failed, no access. A failed panel never takes the page down. */
import type { UseQueryResult } from "@tanstack/react-query"
import { CircleAlert, Lock } from "lucide-react"
import { type ReactNode, useEffect, useState } from "react"
import { ApiError } from "../api/client.ts"
import { clock } from "../words.ts"

const widths = ["84%", "62%", "74%", "55%", "90%", "68%"]

/** Row-shaped placeholders, after 150 ms: what comes faster needs none. */
export const Loading = ({ rows = 8 }: { readonly rows?: number }) => {
  const [shown, setShown] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setShown(true), 150)
    return () => clearTimeout(timer)
  }, [])
  return (
    <div aria-busy="true" aria-label="Loading" role="status">
      {shown
        ? Array.from({ length: rows }, (_, i) => (
            <div className="skelrow" key={i}>
              {[0, 1, 2, 3].map((cell) => (
                <span className="skel" key={cell} style={{ width: widths[(i + cell * 2) % widths.length] }} />
              ))}
            </div>
          ))
        : undefined}
    </div>
  )
}

interface EmptyProps {
  readonly title: string
  readonly children?: ReactNode
  readonly actions?: ReactNode
}

export const Empty = ({ title, children, actions }: EmptyProps) => (
  <div className="empty">
    <h3>{title}</h3>
    {children === undefined ? undefined : <p>{children}</p>}
    {actions === undefined ? undefined : <div className="acts">{actions}</div>}
  </div>
)

interface FailedProps {
  readonly error: Error
  readonly retry?: (() => void) | undefined
  /** What is shown below is from then. */
  readonly since?: number | undefined
}

/** What happened, and what to do beside trying again. */
const states: Readonly<Record<string, readonly [title: string, advice?: string]>> = {
  UNREACHABLE: ["Braid is not answering", "This page goes on by itself when it does."],
  RATE_LIMITED: ["Too many requests from this session", "Close tabs that you do not need, or wait a second."],
  INTERNAL: ["Braid could not answer", "Whoever runs Braid finds the reason in its log, by the number below."],
  NOT_FOUND: ["This is not there", "It was erased, or the address is not whole."],
  VALIDATION_FAILED: ["This cannot be asked"],
  UNAUTHENTICATED: ["Your session has ended", "Sign in again; you come back to this page."],
  NOT_LOADED: ["This page could not be loaded", "Braid was updated, or is not answering. Reload the page."]
}

const codeOf = (error: Error): string => (error instanceof ApiError ? error.code : "INTERNAL")

export const Failed = ({ error, retry, since }: FailedProps) => {
  const code = codeOf(error)
  const requestId = error instanceof ApiError ? error.requestId : undefined
  const [title, advice] = states[code] ?? ["This could not be done"]
  if (code === "FORBIDDEN")
    return (
      <Empty title="This token may not see this">
        <Lock size={14} aria-hidden="true" style={{ display: "inline", verticalAlign: "-2px", marginRight: 4 }} />
        {error.message} Whoever runs Braid can make a token that has it.
      </Empty>
    )
  return (
    <div className="note bad" role="alert">
      <CircleAlert size={16} aria-hidden="true" />
      <div className="grow">
        <div className="b">{title}</div>
        <div>
          {error.message}
          {since === undefined ? undefined : ` What you see is from ${clock(since)}.`}
        </div>
        {advice === undefined || (code === "INTERNAL" && requestId === undefined) ? undefined : <div>{advice}</div>}
        <div className="row wrap acts">
          {retry === undefined || code === "VALIDATION_FAILED" ? undefined : (
            <button className="btn" type="button" onClick={retry}>
              Try again
            </button>
          )}
          {requestId === undefined ? undefined : <span className="m q2 ml el">{requestId}</span>}
        </div>
      </div>
    </div>
  )
}

interface QueryViewProps<Data> {
  readonly query: UseQueryResult<Data, Error>
  readonly rows?: number
  readonly children: (data: Data) => ReactNode
}

/** A panel's content: loading, then data; old data stays, dimmed, while new is fetched or when that fails. */
export const QueryView = <Data,>({ query, rows, children }: QueryViewProps<Data>) => {
  const { data, error, isPlaceholderData, dataUpdatedAt } = query
  if (data === undefined && error === null) return <Loading {...(rows === undefined ? {} : { rows })} />
  const retry = () => void query.refetch()
  return (
    <>
      {error === null ? undefined : (
        <Failed error={error} retry={retry} since={data === undefined ? undefined : dataUpdatedAt} />
      )}
      {data === undefined ? undefined : isPlaceholderData ? (
        <div className="dim col grow">{children(data)}</div>
      ) : (
        children(data)
      )}
    </>
  )
}

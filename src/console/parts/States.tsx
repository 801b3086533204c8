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

const titles: Readonly<Record<string, string>> = {
  UNREACHABLE: "Braid is not answering",
  RATE_LIMITED: "Too many requests from this session",
  INTERNAL: "Braid could not answer"
}

export const Failed = ({ error, retry, since }: FailedProps) => {
  const code = error instanceof ApiError ? error.code : "INTERNAL"
  const requestId = error instanceof ApiError ? error.requestId : undefined
  if (code === "FORBIDDEN")
    return (
      <Empty title="This token may not see this">
        <Lock size={14} aria-hidden="true" style={{ display: "inline", verticalAlign: "-2px", marginRight: 4 }} />
        {error.message} Whoever runs Braid can make a token that has it.
      </Empty>
    )
  return (
    <div className="note bad" role="alert" style={{ margin: 12 }}>
      <CircleAlert size={16} aria-hidden="true" />
      <div className="grow">
        <div className="b">{titles[code] ?? "This could not be done"}</div>
        <div>
          {error.message}
          {since === undefined ? undefined : ` What you see below is from ${clock(since)}.`}
        </div>
        <div className="row wrap" style={{ marginTop: 6 }}>
          {retry === undefined ? undefined : (
            <button className="btn" type="button" onClick={retry}>
              Try again
            </button>
          )}
          {requestId === undefined ? undefined : <span className="m q ml el">{requestId}</span>}
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

/** What a test did: how many mappings matched, how many calls were made, and each of them with its three payloads (DEL-61). */
import { useState } from "react"
import type { TestedCall, TestResult } from "../../api/public-types.ts"
import { plural } from "../../words.ts"
import { Payloads } from "./Payloads.tsx"

const Call = ({
  call,
  sent,
  stack
}: {
  readonly call: TestedCall
  readonly sent: unknown
  readonly stack: boolean
}) => {
  const { status, code, message, exchanges } = call
  const [at, setAt] = useState(exchanges.length - 1)
  return (
    <div className="col g8">
      <div className="row wrap">
        <span className={status === "delivered" ? "tag good" : "tag bad"}>
          {status === "delivered" ? "Delivered" : `Failed ${code ?? ""}`}
        </span>
        <span className="b">{call.name}</span>
        {exchanges.length > 1 ? (
          <select
            className="input ml"
            aria-label="Which call"
            value={at}
            onChange={(event) => setAt(Number(event.target.value))}
          >
            {exchanges.map(({ request: { method, url } }, i) => (
              <option key={i} value={i}>
                {i + 1}. {method} {url.slice(0, 60)}
              </option>
            ))}
          </select>
        ) : undefined}
      </div>
      {message === undefined || exchanges[at]?.response?.body === message ? undefined : (
        <p className="text">{message}</p>
      )}
      <Payloads sent={sent} exchange={exchanges[at]} stack={stack} />
    </div>
  )
}

interface TestedCallsProps {
  readonly result: TestResult
  readonly sent: unknown
  /** Payloads below each other. */
  readonly stack?: boolean
}

export const TestedCalls = ({ result, sent, stack = false }: TestedCallsProps) => {
  const { matched, results, message } = result
  const [name, setName] = useState("")
  const names = [...new Set(results.map((each) => each.name))]
  const calls = results.reduce((sum, { exchanges }) => sum + exchanges.length, 0)
  return (
    <div className="pad col g12">
      <div className="row wrap">
        <span className="finding" role="status" style={{ margin: 0 }}>
          {matched === 0
            ? (message ?? "You may not have any subscriptions that match this event.")
            : `${plural(matched, "mapping")} matched, ${plural(calls, "call")} made`}
        </span>
        {names.length > 1 ? (
          <select
            className="input ml"
            aria-label="Of which mapping"
            value={name}
            onChange={(e) => setName(e.target.value)}
          >
            <option value="">All mappings</option>
            {names.map((each) => (
              <option key={each} value={each}>
                {each}
              </option>
            ))}
          </select>
        ) : undefined}
      </div>
      {results
        .filter((each) => name === "" || each.name === name)
        .map((call, i) => (
          <Call key={`${i}${call.name}`} call={call} sent={result.event ?? sent} stack={stack} />
        ))}
    </div>
  )
}

/** "What would have joined them?": the same event, now, under rules with another limit of the type that was in the way. */
import { Minus, Plus } from "lucide-react"
import { useState } from "react"
import { useData, useSpace } from "../../api/hooks.ts"
import { QueryView } from "../../parts/States.tsx"
import { family } from "../../words.ts"
import { dryRun } from "./explain.gql.ts"
import { currentRules } from "../rules/rules.gql.ts"
import { inputOf } from "../rules/rules-draft.ts"

interface OtherLimitProps {
  readonly breach: {
    readonly type: string
    readonly limit: number
    readonly window: string
    readonly collection: string
  }
  readonly event: unknown
}

/** It was resolved already under its id; what is asked is what such an event would do now. */
const withoutId = (event: unknown): unknown =>
  typeof event === "object" && event !== null
    ? Object.fromEntries(Object.entries(event).filter(([key]) => key !== "messageId"))
    : event

export const OtherLimit = ({ breach, event }: OtherLimitProps) => {
  const { id: space } = useSpace()
  const [limit, setLimit] = useState(breach.limit + 1)
  const rules = useData(currentRules, { space })
  const document = rules.data?.space?.rules
  const candidate =
    document === undefined || document === null
      ? undefined
      : inputOf({
          ...document,
          identifiers: document.identifiers.map((rule) =>
            rule.type === breach.type && rule.collection.toLowerCase() === breach.collection ? { ...rule, limit } : rule
          )
        })
  const run = useData(
    dryRun,
    { space, event: withoutId(event), rules: candidate },
    { enabled: candidate !== undefined, keep: true }
  )
  return (
    <section className="card other" aria-label="What would have joined them?">
      <h2 className="h">What would have joined them?</h2>
      <div className="pad">
        <div className="row">
          <span className={`fam f-${family(breach.type, breach.collection)}`}>{breach.type}</span>
          <span className="q2">limit</span>
          <span className="stp ml">
            <button type="button" aria-label="Lower limit" disabled={limit <= 1} onClick={() => setLimit(limit - 1)}>
              <Minus size={12} />
            </button>
            <b>{limit}</b>
            <button
              type="button"
              aria-label="Higher limit"
              disabled={limit >= 1000}
              onClick={() => setLimit(limit + 1)}
            >
              <Plus size={12} />
            </button>
          </span>
        </div>
        <div className="note" style={{ marginTop: 10, display: "block" }} aria-live="polite">
          <QueryView query={run} rows={1}>
            {({ explain }) => <span>{explain.summary}</span>}
          </QueryView>
        </div>
        <p className="lbl" style={{ marginTop: 6 }}>
          A dry run on the profiles as they are now. Nothing is written.
        </p>
      </div>
    </section>
  )
}

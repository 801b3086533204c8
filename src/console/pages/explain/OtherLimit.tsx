/** "What would have joined them?": the same event, now, under rules with another limit of the type that was in the way. */
import { useState } from "react"
import { useData, useMasked, useSpace } from "../../api/hooks.ts"
import { Sentence } from "../../parts/Sentence.tsx"
import { QueryView } from "../../parts/States.tsx"
import { Stepper } from "../../parts/Stepper.tsx"
import { family } from "../../words.ts"
import { asNew } from "./event-text.ts"
import { dryRun } from "./explain.gql.ts"
import { currentRules } from "../rules/rules.gql.ts"
import { inputOf, limits } from "../rules/rules-draft.ts"

interface OtherLimitProps {
  readonly breach: {
    readonly type: string
    readonly limit: number
    readonly window: string
    readonly collection: string
  }
  readonly event: unknown
}

/** Not for viewers without PII access: a masked event is another event. */
export const OtherLimit = (props: OtherLimitProps) => (useMasked() ? undefined : <Trial {...props} />)

const Trial = ({ breach, event }: OtherLimitProps) => {
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
    { space, event: asNew(event), rules: candidate },
    { enabled: candidate !== undefined, keep: true }
  )
  return (
    <section className="card other" aria-label="What would have joined them?">
      <h2 className="h">What would have joined them?</h2>
      <div className="pad">
        <div className="row">
          <span className={`fam f-${family(breach.type, breach.collection)}`}>{breach.type}</span>
          <span className="q2">limit</span>
          <span className="ml">
            <Stepper name={`limit of ${breach.type}`} value={limit} {...limits} onChange={setLimit} />
          </span>
        </div>
        <div className="note" style={{ marginTop: 10, display: "block" }} aria-live="polite">
          <QueryView query={run} rows={1}>
            {({ explain }) => <Sentence text={explain.summary} />}
          </QueryView>
        </div>
        <p className="lbl" style={{ marginTop: 6 }}>
          A dry run on the profiles as they are now. Nothing is written.
        </p>
      </div>
    </section>
  )
}

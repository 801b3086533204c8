/** The first event of a cluster that is decided otherwise: both decisions in a sentence, or step by step side by side. */
import { ExplainLink } from "../../parts/Identity.tsx"
import { callName, moment, plural } from "../../words.ts"
import type { Story as Explanation } from "../explain/explain.gql.ts"
import { finding } from "../explain/finding.ts"
import { StoryView } from "../explain/StoryView.tsx"
import { tell } from "../explain/tell.ts"

interface Decision {
  readonly title: string
  readonly explanation: Explanation | null
}

interface DivergenceProps {
  readonly messageId: string
  readonly before: Explanation | null
  readonly after: Explanation | null
  /** Step by step. */
  readonly open: boolean
  readonly onOpen: (open: boolean) => void
}

/** Of the record (IDR-140), which both sides have in common. */
const eventOf = (explanation: Explanation | null) =>
  (
    explanation?.record as
      | { readonly event?: { readonly type: string; readonly name: string | null; readonly timestamp: string } }
      | undefined
  )?.event

const nothing = "Nothing to decide: all that it carried was on one profile."

const decisionText = (explanation: Explanation | null): string => {
  if (explanation === null) return nothing
  const story = tell(explanation.steps, explanation.dryRun)
  return finding(explanation.action, story, undefined, undefined, explanation.dryRun)
}

const breachText = (explanation: Explanation | null): string | undefined => {
  if (explanation === null) return undefined
  const { breach, demoted } = tell(explanation.steps, explanation.dryRun)
  if (breach === undefined) return undefined
  const lost = demoted.map(({ type, id }) => `${type} ${id}`).join(", ")
  return `${breach.count} of ${plural(breach.limit, breach.type, breach.type)} ${breach.window}${lost === "" ? "" : `, so ${lost} did not count`}`
}

const Summary = ({ title, explanation }: Decision) => (
  <div className="note col">
    <span className="lbl">{title}</span>
    <span className="b">{decisionText(explanation)}</span>
    <span className="q2">{breachText(explanation)}</span>
  </div>
)

const Steps = ({ title, explanation }: Decision) => (
  <section className="dstory" aria-label={title}>
    <h3 className="sub">{title}</h3>
    {explanation === null ? (
      <p className="q2 pad">{nothing}</p>
    ) : (
      <>
        <p className="finding pad">{decisionText(explanation)}</p>
        <StoryView story={tell(explanation.steps, explanation.dryRun)} />
      </>
    )}
  </section>
)

export const Divergence = ({ messageId, before, after, open, onOpen }: DivergenceProps) => {
  const event = eventOf(before) ?? eventOf(after)
  const decisions: ReadonlyArray<Decision> = [
    { title: "As it was", explanation: before },
    { title: "With these rules", explanation: after }
  ]
  return (
    <section className={open ? "diverged open" : "diverged"} aria-label="First event decided differently">
      <div className="row">
        <h3 className="b">First event decided differently</h3>
        <ExplainLink className="acc m" messageId={messageId}>
          {messageId}
        </ExplainLink>
        {event === undefined ? undefined : (
          <span className="q2 el">
            {callName(event.type, event.name)}, {moment(event.timestamp)}
          </span>
        )}
        {before === null && after === null ? undefined : (
          <button className="btn s ml" type="button" aria-expanded={open} onClick={() => onOpen(!open)}>
            {open ? "Back to the picture" : "Explain both"}
          </button>
        )}
      </div>
      <div className="dsides">
        {decisions.map((decision) =>
          open ? <Steps key={decision.title} {...decision} /> : <Summary key={decision.title} {...decision} />
        )}
      </div>
    </section>
  )
}

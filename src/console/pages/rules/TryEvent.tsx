/** An event under the saved and the edited rules, as one types (IDR-183). Nothing is written. */
import { useId, useMemo, useState } from "react"
import { useData, useSpace } from "../../api/hooks.ts"
import type { RulesInput } from "../../api/schema.gql.ts"
import { problemText } from "../../json-problem.ts"
import { Identifier } from "../../parts/Identity.tsx"
import { JsonEditor } from "../../parts/JsonEditor.tsx"
import { useSettled } from "../../parts/settled.ts"
import { Failed } from "../../parts/States.tsx"
import { exampleText, readEventText, textOf } from "../explain/event-text.ts"
import { dryRun, recentEvents, type Story as Explanation } from "../explain/explain.gql.ts"
import { finding } from "../explain/finding.ts"
import { tell } from "../explain/tell.ts"

interface TryEventProps {
  readonly version: number
  /** Undefined: nothing is changed, or what is changed is refused. */
  readonly rules: RulesInput | undefined
}

const outcomeOf = (explanation: Explanation) => {
  const story = tell(explanation.steps, true)
  const lost = new Set(
    story.items.flatMap(({ knots }) => [...knots].flatMap(([key, knot]) => (knot === "cut" ? [key] : [])))
  )
  return { story, lost, title: finding(explanation.action, story, undefined, undefined, true) }
}

const Outcome = ({
  saved,
  edited,
  version
}: {
  saved: Explanation
  edited: Explanation | undefined
  version: number
}) => {
  const before = outcomeOf(saved)
  const after = edited === undefined ? undefined : outcomeOf(edited)
  const shown = after ?? before
  const same = after === undefined || (saved.summary === edited?.summary && before.lost.size === after.lost.size)
  return (
    <div className="pad col g8" aria-live="polite">
      <div className="row wrap g4">
        {shown.story.lanes.map(({ key, of }) => (
          <Identifier key={key} of={of} how={shown.lost.has(key) ? "out" : undefined} />
        ))}
        {shown.story.lanes.length === 0 ? <span className="q2">No identifier was found.</span> : undefined}
      </div>
      {same ? (
        <p>
          <b className="b">{shown.title}.</b>{" "}
          <span className="q2">
            {after === undefined ? `Under v${version}.` : `Under v${version} and your change alike.`}
          </span>
        </p>
      ) : (
        <>
          <p>
            <span className="lbl">v{version}</span> {before.title}.
          </p>
          <p>
            <span className="lbl">Your change</span> <b className="b">{after.title}.</b>
          </p>
        </>
      )}
    </div>
  )
}

export const TryEvent = ({ version, rules }: TryEventProps) => {
  const { id: space } = useSpace()
  const said = useId()
  const [text, setText] = useState(exampleText)
  const settled = useSettled(text, 400)
  const { event, problem } = useMemo(() => readEventText(settled), [settled])
  const recent = useData(recentEvents, { space })
  const newest = recent.data?.liveEvents[0]
  const options = { enabled: problem === undefined, keep: true }
  const saved = useData(dryRun, { space, event }, options)
  const edited = useData(
    dryRun,
    { space, event, rules },
    { ...options, enabled: options.enabled && rules !== undefined }
  )
  const error = saved.error ?? edited.error
  return (
    <section className="card try" aria-label="Try an event">
      <h2 className="h">
        Try an event
        <span className="r">
          {newest === undefined ? undefined : (
            <button className="btn g s" type="button" onClick={() => setText(textOf(newest.raw))}>
              Newest event
            </button>
          )}
        </span>
      </h2>
      <JsonEditor label="Event as JSON" value={text} problem={problem} describedBy={said} onChange={setText} />
      <p className="pad bad" id={said} role="status" hidden={problem === undefined}>
        {problem === undefined ? "" : problemText(problem)}
      </p>
      {problem !== undefined ? undefined : error !== null ? (
        <Failed error={error} />
      ) : saved.data === undefined ? undefined : (
        <Outcome
          saved={saved.data.explain}
          edited={rules === undefined ? undefined : edited.data?.explain}
          version={version}
        />
      )}
    </section>
  )
}

/** An event to try: typed or pasted, checked as one types. */
import { Play } from "lucide-react"
import { type ReactNode, useId, useRef } from "react"
import { type JsonProblem, problemText } from "../../json-problem.ts"
import { goToProblem, JsonEditor } from "../../parts/JsonEditor.tsx"

interface EventEditorProps {
  readonly text: string
  readonly problem: JsonProblem | undefined
  readonly busy: boolean
  readonly onChange: (text: string) => void
  readonly onRun: () => void
  readonly actions?: ReactNode
}

export const EventEditor = ({ text, problem, busy, onChange, onRun, actions }: EventEditorProps) => {
  const panel = useRef<HTMLElement>(null)
  const said = useId()
  const run = () => {
    if (problem === undefined && !busy) onRun()
  }
  return (
    <section className="card" aria-label="Event" ref={panel}>
      <h2 className="h">
        Event<span className="r">{actions}</span>
      </h2>
      <JsonEditor
        label="Event as JSON"
        value={text}
        problem={problem}
        describedBy={said}
        onChange={onChange}
        onRun={run}
      />
      <div className="f">
        <button className="btn p" type="button" disabled={problem !== undefined || busy} onClick={run}>
          <Play size={14} aria-hidden="true" />
          Run
        </button>
        <span className={problem === undefined ? "q" : "bad"} role="status" id={said}>
          {problem === undefined ? "Nothing is written. Ctrl Enter runs it." : problemText(problem)}
        </span>
        {problem === undefined ? undefined : (
          <button className="btn s ml" type="button" onClick={() => goToProblem(panel.current, problem)}>
            Go there
          </button>
        )}
      </div>
    </section>
  )
}

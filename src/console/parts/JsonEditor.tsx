/** A field for JSON with the numbers of its lines; the line where it stops being JSON is marked, and said beside. */
import { useRef } from "react"
import type { JsonProblem } from "../json-problem.ts"
import "./json-editor.css"

interface JsonEditorProps {
  readonly label: string
  readonly value: string
  readonly problem: JsonProblem | undefined
  readonly onChange: (value: string) => void
  /** Ctrl Enter, or ⌘ Enter. */
  readonly onRun?: () => void
  /** Of what says the problem. */
  readonly describedBy: string
}

export const JsonEditor = ({ label, value, problem, onChange, onRun, describedBy }: JsonEditorProps) => {
  const numbers = useRef<HTMLPreElement>(null)
  const lines = value.split("\n").length
  return (
    <div className="jsoned">
      <pre aria-hidden="true" ref={numbers}>
        {Array.from({ length: lines }, (_, i) => (
          <span key={i} className={problem?.line === i + 1 ? "wrong" : undefined}>
            {i + 1}
            {"\n"}
          </span>
        ))}
      </pre>
      <textarea
        aria-label={label}
        aria-invalid={problem !== undefined}
        aria-describedby={describedBy}
        spellCheck={false}
        autoCapitalize="off"
        autoComplete="off"
        wrap="off"
        value={value}
        onChange={(event) => onChange(event.target.value)}
        onScroll={(event) => {
          if (numbers.current !== null) numbers.current.scrollTop = event.currentTarget.scrollTop
        }}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || !(event.metaKey || event.ctrlKey)) return
          event.preventDefault()
          onRun?.()
        }}
      />
    </div>
  )
}

/** Puts the caret where the text is wrong. */
export const goToProblem = (root: Element | null, problem: JsonProblem): void => {
  const field = root?.querySelector("textarea")
  field?.focus()
  field?.setSelectionRange(problem.offset, problem.offset + 1)
}

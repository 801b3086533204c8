/** What has been changed in the rules, whom it affects, and what can be done with it. */
import { FlaskConical, Redo2, Undo2 } from "lucide-react"
import type { ReactNode } from "react"
import { Failed } from "../../parts/States.tsx"
import { plural } from "../../words.ts"
import { Changes } from "../what-if/Changes.tsx"
import type { RuleChange } from "./rules-draft.ts"

interface SaveBarProps {
  readonly changes: ReadonlyArray<RuleChange>
  /** Whom it affects, or why it cannot be saved. */
  readonly sentence: string
  readonly refused: boolean
  readonly next: number
  readonly undo: (() => void) | undefined
  readonly redo: (() => void) | undefined
  readonly trying: boolean
  readonly error: Error | null
  readonly onDiscard: () => void
  readonly onTry: () => void
  readonly onSave: () => void
}

interface StepProps {
  readonly what: string
  readonly keys: string
  readonly step: (() => void) | undefined
  readonly children: ReactNode
}

const Step = ({ what, keys, step, children }: StepProps) => (
  <button
    className="btn g ic"
    type="button"
    aria-label={what}
    title={`${what}: ${keys}`}
    disabled={step === undefined}
    onClick={step}
  >
    {children}
  </button>
)

export const SaveBar = ({ changes, sentence, refused, next, undo, redo, trying, error, ...on }: SaveBarProps) => (
  <div className="savebar">
    <div className="grow" role="status">
      <div className="b el">
        {plural(changes.length, "change")}: <Changes changes={changes} />
      </div>
      <div className={refused ? "bad" : "q2"}>{sentence}</div>
      {error === null ? undefined : <Failed error={error} />}
    </div>
    <Step what="Undo" keys="Ctrl Z" step={undo}>
      <Undo2 size={14} />
    </Step>
    <Step what="Redo" keys="Ctrl Shift Z" step={redo}>
      <Redo2 size={14} />
    </Step>
    <button className="btn g" type="button" onClick={on.onDiscard}>
      Discard
    </button>
    <button className="btn" type="button" disabled={trying || refused} onClick={on.onTry}>
      <FlaskConical size={14} aria-hidden="true" />
      Try in What-if
    </button>
    <button className="btn p" type="button" disabled={refused} onClick={on.onSave}>
      Save as v{next}…
    </button>
  </div>
)

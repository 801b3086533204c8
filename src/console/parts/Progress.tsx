/** How far something long is: a bar, a sentence, and what can be done about it. Told to screen readers as it goes. */
import type { ReactNode } from "react"
import "./progress.css"

interface ProgressProps {
  /** From 0 to 1. */
  readonly value: number
  readonly label: string
  readonly detail?: string
  readonly children?: ReactNode
}

export const Progress = ({ value, label, detail, children }: ProgressProps) => {
  const percent = Math.floor(Math.min(1, Math.max(0, value)) * 100)
  return (
    <div className="progress">
      <div className="row">
        <span className="b el">{label}</span>
        <span className="q2 ml">{percent} %</span>
        {children}
      </div>
      <progress max={100} value={percent} aria-label={label} />
      {detail === undefined ? undefined : <p className="q2">{detail}</p>}
    </div>
  )
}

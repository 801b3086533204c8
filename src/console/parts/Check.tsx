/** A box to tick, with its words. */
import type { ReactNode } from "react"
import "./form.css"

interface CheckProps {
  readonly on: boolean
  readonly disabled?: boolean
  readonly onChange: (on: boolean) => void
  readonly children: ReactNode
}

export const Check = ({ on, disabled = false, onChange, children }: CheckProps) => (
  <label className="check">
    <input
      type="checkbox"
      checked={on}
      disabled={disabled}
      onChange={(event) => onChange(event.currentTarget.checked)}
    />
    <span className="grow">{children}</span>
  </label>
)

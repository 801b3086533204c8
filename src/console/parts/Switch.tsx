/** On or off, at once. */
import "./switch.css"

interface SwitchProps {
  readonly label: string
  readonly on: boolean
  readonly disabled?: boolean
  readonly onChange: (on: boolean) => void
}

export const Switch = ({ label, on, disabled = false, onChange }: SwitchProps) => (
  <button
    className="switch"
    type="button"
    role="switch"
    aria-checked={on}
    aria-label={label}
    title={label}
    disabled={disabled}
    onClick={() => onChange(!on)}
  />
)

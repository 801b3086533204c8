/** A whole number with buttons for less and more; one may also type it. */
import { Minus, Plus } from "lucide-react"
import { useState } from "react"
import "./stepper.css"

interface StepperProps {
  /** What the number is of, e.g. `limit of email`. */
  readonly name: string
  readonly value: number
  readonly min: number
  readonly max: number
  readonly onChange: (value: number) => void
}

export const Stepper = ({ name, value, min, max, onChange }: StepperProps) => {
  const [typed, setTyped] = useState<string | undefined>()
  const set = (next: number) => {
    setTyped(undefined)
    const bounded = Math.min(max, Math.max(min, next))
    if (bounded !== value) onChange(bounded)
  }
  const settle = () => {
    if (typed !== undefined) set(typed === "" ? value : Number(typed))
  }
  return (
    <span className="stp">
      <button type="button" aria-label={`Lower ${name}`} disabled={value <= min} onClick={() => set(value - 1)}>
        <Minus size={12} />
      </button>
      <input
        aria-label={name[0]!.toUpperCase() + name.slice(1)}
        inputMode="numeric"
        size={4}
        value={typed ?? String(value)}
        onChange={(event) => setTyped(event.target.value.replaceAll(/\D/g, "").slice(0, 6))}
        onBlur={settle}
        onKeyDown={(event) => {
          if (event.key === "Enter") settle()
          else if (event.key === "Escape") setTyped(undefined)
          else if (event.key === "ArrowUp" && !event.altKey) set(value + 1)
          else if (event.key === "ArrowDown" && !event.altKey) set(value - 1)
          else return
          event.preventDefault()
        }}
      />
      <button type="button" aria-label={`Higher ${name}`} disabled={value >= max} onClick={() => set(value + 1)}>
        <Plus size={12} />
      </button>
    </span>
  )
}

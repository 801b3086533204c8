/** A question whose consequences deserve that the name of the thing is typed. */
import { type ReactNode, useState } from "react"
import { Confirm } from "./Dialog.tsx"

interface TypedConfirmProps {
  readonly title: string
  readonly name: string
  /** Ends "Type Website to ...". */
  readonly to: string
  readonly verb: string
  readonly keep: string
  readonly error: Error | null
  readonly busy: boolean
  readonly onConfirm: () => void
  readonly onClose: () => void
  readonly children: ReactNode
}

export const TypedConfirm = ({ name, to, children, ...question }: TypedConfirmProps) => {
  const [typed, setTyped] = useState("")
  return (
    <Confirm open {...question} disabled={typed.trim() !== name}>
      <p className="q2">{children}</p>
      <label className="field">
        <span className="lbl">
          Type {name} to {to}
        </span>
        <input className="input" value={typed} autoComplete="off" onChange={(event) => setTyped(event.target.value)} />
      </label>
    </Confirm>
  )
}

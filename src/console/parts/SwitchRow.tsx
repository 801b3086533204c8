/** A switch with what its state means, and what else can be done beside it. */
import type { ReactNode } from "react"
import { Switch } from "./Switch.tsx"

interface SwitchRowProps {
  readonly label: string
  readonly on: boolean
  readonly disabled: boolean
  readonly onChange: (on: boolean) => void
  readonly title: string
  readonly says: string
  readonly children?: ReactNode
}

export const SwitchRow = ({ title, says, children, ...control }: SwitchRowProps) => (
  <div className="pad row g12">
    <Switch {...control} />
    <div className="grow">
      <div className="b">{title}</div>
      <div className="q2">{says}</div>
    </div>
    {children}
  </div>
)

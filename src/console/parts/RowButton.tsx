/** A small button of a table's row, of an icon only: what it does to which row is said to screen readers, and the verb to all. */
import type { LucideIcon } from "lucide-react"

interface RowButtonProps {
  readonly icon: LucideIcon
  readonly verb: string
  /** The row. */
  readonly of: string
  readonly disabled?: boolean
  readonly onClick: () => void
}

export const RowButton = ({ icon: Icon, verb, of, disabled = false, onClick }: RowButtonProps) => (
  <button
    className="btn g ic s"
    type="button"
    aria-label={`${verb} ${of}`}
    title={verb}
    disabled={disabled}
    onClick={onClick}
  >
    <Icon size={14} />
  </button>
)

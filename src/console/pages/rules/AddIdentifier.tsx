/** A type that the space has not yet: its name is checked as one types. */
import { Plus } from "lucide-react"
import { useState } from "react"
import type { Rule } from "./rules-draft.ts"

interface AddIdentifierProps {
  readonly known: ReadonlyArray<Rule>
  readonly onAdd: (type: string) => void
}

const typeName = /^[a-z0-9][a-z0-9_.]{0,63}$/

export const AddIdentifier = ({ known, onAdd }: AddIdentifierProps) => {
  const [type, setType] = useState("")
  const wrong =
    type === ""
      ? undefined
      : known.some((rule) => rule.type === type)
        ? "is there already"
        : typeName.test(type)
          ? undefined
          : "lower-case letters, digits, _ and ."
  return (
    <form
      className="row"
      onSubmit={(event) => {
        event.preventDefault()
        if (type === "" || wrong !== undefined) return
        onAdd(type)
        setType("")
      }}
    >
      {wrong === undefined ? undefined : (
        <span className="bad" role="status" id="add-wrong">
          {wrong}
        </span>
      )}
      <input
        className="input"
        aria-label="Type of the new identifier"
        aria-invalid={wrong !== undefined}
        aria-describedby={wrong === undefined ? undefined : "add-wrong"}
        placeholder="new type, e.g. app_id"
        size={18}
        value={type}
        onChange={(event) => setType(event.target.value)}
      />
      <button className="btn" type="submit" disabled={type === "" || wrong !== undefined}>
        <Plus size={14} aria-hidden="true" />
        Add identifier
      </button>
    </form>
  )
}

/** Which action a new mapping is for. */
import { useState } from "react"
import type { Entry } from "../../../api/public-types.ts"
import { Confirm } from "../../../parts/Dialog.tsx"
import { plain } from "../../../parts/FormField.tsx"

interface NewMappingProps {
  readonly entry: Entry
  readonly onChoose: (actionSlug: string) => void
  readonly onClose: () => void
}

export const NewMapping = ({ entry, onChoose, onClose }: NewMappingProps) => {
  const actions = entry.actions.filter(({ hidden }) => !hidden)
  const [chosen, setChosen] = useState(actions[0]?.slug ?? "")
  return (
    <Confirm
      open
      title="What shall happen in the destination?"
      verb="Go on"
      keep="Cancel"
      error={null}
      busy={false}
      disabled={chosen === ""}
      onConfirm={() => onChoose(chosen)}
      onClose={onClose}
    >
      <fieldset className="form" style={{ border: 0, margin: 0, padding: 0, gap: 10 }}>
        <legend className="sr">Action</legend>
        {actions.map(({ slug, name, description }) => (
          <label className="check" key={slug}>
            <input type="radio" name="action" checked={slug === chosen} onChange={() => setChosen(slug)} />
            <span className="grow">
              <span className="b">{name}</span>
              <span className="q2" style={{ display: "block" }}>
                {plain(description)}
              </span>
            </span>
          </label>
        ))}
      </fieldset>
    </Confirm>
  )
}

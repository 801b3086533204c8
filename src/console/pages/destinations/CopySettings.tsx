/** Settings of another destination of the same entry, and its mappings and filters when one wants them (DST-7). */
import { useState } from "react"
import { useApi, useApiChange } from "../../api/public-api.ts"
import { copySettings, destinations } from "../../api/requests.ts"
import { Check } from "../../parts/Check.tsx"
import { Confirm } from "../../parts/Dialog.tsx"
import type { TabProps } from "./Destination.tsx"

export const CopySettings = ({ destination, onClose }: TabProps & { readonly onClose: () => void }) => {
  const { data = [] } = useApi(destinations)
  const copy = useApiChange()
  const others = data.filter(({ id, metadata }) => id !== destination.id && metadata.id === destination.metadata.id)
  const [from, setFrom] = useState("")
  const [also, setAlso] = useState({ secrets: false, mappings: false, filters: false })
  const fromDestinationId = from === "" ? (others[0]?.id ?? "") : from
  return (
    <Confirm
      open
      title="Copy settings from another destination"
      verb="Copy settings"
      keep="Cancel"
      error={copy.error}
      busy={copy.isPending}
      disabled={fromDestinationId === ""}
      onConfirm={() =>
        copy.mutate(copySettings(destination.id, { fromDestinationId, ...also }), { onSuccess: onClose })
      }
      onClose={onClose}
    >
      {others.length === 0 ? (
        <p className="q2">There is no other {destination.metadata.name} to copy from.</p>
      ) : (
        <div className="form">
          <label className="field">
            <span className="lbl">From</span>
            <select className="input" value={fromDestinationId} onChange={(event) => setFrom(event.target.value)}>
              {others.map(({ id, name }) => (
                <option key={id} value={id}>
                  {name}
                </option>
              ))}
            </select>
          </label>
          <Check on={also.secrets} onChange={(secrets) => setAlso({ ...also, secrets })}>
            Secrets, too
          </Check>
          <Check on={also.mappings} onChange={(mappings) => setAlso({ ...also, mappings })}>
            Add its mappings
          </Check>
          <Check on={also.filters} onChange={(filters) => setAlso({ ...also, filters })}>
            Add its filters
          </Check>
        </div>
      )}
    </Confirm>
  )
}

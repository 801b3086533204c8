/** Values that only the destination knows: asked for when one wants them, with its credentials (DST-96). Free text stays possible. */
import { useApiTry } from "../../../api/public-api.ts"
import { choices } from "../../../api/requests.ts"
import type { Field } from "../fields.ts"

interface Found {
  readonly choices: ReadonlyArray<{ readonly value: string; readonly label: string }>
  readonly error?: string
}

interface FieldChoicesProps {
  readonly destinationId: string
  readonly actionId: string
  readonly field: Field
  readonly payload: unknown
  readonly onChoose: (value: string) => void
}

export const FieldChoices = ({ destinationId, actionId, field, payload, onChoose }: FieldChoicesProps) => {
  const ask = useApiTry<Found>()
  const found = ask.data?.choices ?? []
  return (
    <div className="row wrap">
      <button
        className="btn s"
        type="button"
        disabled={ask.isPending}
        onClick={() => ask.mutate(choices(destinationId, { action: actionId, key: field.key, payload }))}
      >
        {ask.isPending ? "Asking ..." : "Ask the destination"}
      </button>
      {found.length === 0 ? undefined : (
        <select
          className="input"
          aria-label={`Values of ${field.label}`}
          value=""
          onChange={(event) => onChoose(event.target.value)}
        >
          <option value="">{found.length} to choose from</option>
          {found.map(({ value, label }) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      )}
      {(ask.error ?? ask.data?.error) == null ? undefined : (
        <span className="bad">{ask.error?.message ?? ask.data?.error}</span>
      )}
      {ask.data !== undefined && found.length === 0 && ask.data.error === undefined ? (
        <span className="q2">It knows no values.</span>
      ) : undefined}
    </div>
  )
}

/** The name of a thing: it needs one, and the service may have something to say about it. */
import { problemAt } from "../api/public-api.ts"
import { FormField } from "./FormField.tsx"

interface NameFieldProps {
  readonly value: string
  readonly onChange: (name: string) => void
  readonly error: Error | null
  readonly label?: string
  readonly most?: number
  readonly help?: string
  readonly placeholder?: string
  readonly disabled?: boolean
  /** False while nobody has tried to save a new one. */
  readonly strict?: boolean
}

export const NameField = ({
  value,
  onChange,
  error,
  label = "Name",
  most = 120,
  help,
  placeholder,
  disabled = false,
  strict = true
}: NameFieldProps) => (
  <FormField
    label={label}
    required
    help={help}
    problem={problemAt(error, "name") ?? (strict && value.trim() === "" ? "A name is needed." : undefined)}
  >
    {(control) => (
      <input
        {...control}
        className="input"
        maxLength={most}
        disabled={disabled}
        placeholder={placeholder}
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    )}
  </FormField>
)

/** The settings of a destination as a form made from its entry: what is needed first, problems beside the fields. */
import { FormField } from "../../parts/FormField.tsx"
import { problemAt } from "../../api/public-api.ts"
import { FieldControl } from "./FieldControl.tsx"
import { type Field, fieldProblem, isRequired, isShown } from "./fields.ts"

interface SettingsFormProps {
  readonly fields: ReadonlyArray<Field>
  readonly values: Readonly<Record<string, unknown>>
  /** Somebody has tried to save: what is missing is said from then on. */
  readonly tried: boolean
  readonly error: Error | null
  readonly disabled?: boolean
  readonly onChange: (values: Readonly<Record<string, unknown>>) => void
}

export const problemsOf = (
  fields: ReadonlyArray<Field>,
  values: Readonly<Record<string, unknown>>
): ReadonlyArray<string> =>
  fields
    .filter((field) => isShown(field, values))
    .flatMap((field) => fieldProblem(field, values[field.key], values) ?? [])

export const SettingsForm = ({ fields, values, tried, error, disabled = false, onChange }: SettingsFormProps) => {
  const shown = fields.filter((field) => isShown(field, values))
  const needed = (field: Field) => isRequired(field, values)
  const sorted = [...shown.filter(needed), ...shown.filter((field) => !needed(field))]
  return (
    <div className="form">
      {sorted.map((field) => (
        <FormField
          key={field.key}
          label={field.label}
          required={needed(field)}
          help={field.description}
          problem={problemAt(error, field.key) ?? (tried ? fieldProblem(field, values[field.key], values) : undefined)}
        >
          {(control) => (
            <FieldControl
              field={field}
              value={values[field.key]}
              control={control}
              disabled={disabled}
              onChange={(value) => onChange({ ...values, [field.key]: value })}
            />
          )}
        </FormField>
      ))}
    </div>
  )
}

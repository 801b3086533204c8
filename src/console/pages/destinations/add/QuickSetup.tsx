/** Which ready-made mappings a new destination begins with, and the few values that they cannot know. */
import { Check } from "../../../parts/Check.tsx"
import { FormField } from "../../../parts/FormField.tsx"
import { triggerWords } from "../conditions.ts"
import { FieldControl } from "../FieldControl.tsx"
import { fieldProblem } from "../fields.ts"
import type { Ready } from "./quick-setup.ts"

type Values = Readonly<Record<string, unknown>>

interface QuickSetupProps {
  readonly ready: ReadonlyArray<Ready>
  readonly chosen: ReadonlySet<string>
  readonly filled: Readonly<Record<string, Values>>
  readonly tried: boolean
  readonly onChoose: (chosen: ReadonlySet<string>) => void
  readonly onFill: (key: string, values: Values) => void
}

export const QuickSetup = ({ ready, chosen, filled, tried, onChoose, onFill }: QuickSetupProps) => (
  <div className="sec2 presets">
    <div>
      <div className="b">Quick set-up</div>
      <p className="q2">Mappings to begin with. Each can be changed, and more can be added, later.</p>
    </div>
    {ready.map(({ key, name, trigger, missing }) => (
      <div key={key} className="col g8">
        <Check
          on={chosen.has(key)}
          onChange={(on) => onChoose(new Set(on ? [...chosen, key] : [...chosen].filter((each) => each !== key)))}
        >
          {name}
          <div className="q2">{triggerWords(trigger)}</div>
        </Check>
        {chosen.has(key) && missing.length > 0 ? (
          <div className="nested">
            {missing.map((field) => {
              const values = filled[key] ?? {}
              return (
                <FormField
                  key={field.key}
                  label={field.label}
                  required
                  help={field.description}
                  problem={tried ? fieldProblem(field, values[field.key], values) : undefined}
                >
                  {(control) => (
                    <FieldControl
                      field={field}
                      value={values[field.key]}
                      control={control}
                      onChange={(value) => onFill(key, { ...values, [field.key]: value })}
                    />
                  )}
                </FormField>
              )
            })}
          </div>
        ) : undefined}
      </div>
    ))}
  </div>
)

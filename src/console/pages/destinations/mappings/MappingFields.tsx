/** The fields of an action: needed ones first, optional ones once they are added (DST-90). */
import { X } from "lucide-react"
import { useId } from "react"
import type { MappingSettings } from "../../../api/public-types.ts"
import { plain } from "../../../parts/FormField.tsx"
import { type Field, fieldProblem, isRequired, isShown } from "../fields.ts"
import { kindOf, pathsIn, startOf } from "./directive.ts"
import { FieldChoices } from "./FieldChoices.tsx"
import { ValueEditor } from "./ValueEditor.tsx"

interface MappingFieldsProps {
  readonly fields: ReadonlyArray<Field>
  readonly settings: MappingSettings
  readonly event: unknown
  readonly tried: boolean
  readonly problemOf: (key: string) => string | undefined
  /** For fields whose values the destination knows. */
  readonly choicesOf: { readonly destinationId: string; readonly actionId: string }
  readonly onChange: (settings: MappingSettings) => void
}

/** Paths of the event, for every input that asks for one. */
export const PathList = ({ id, event }: { readonly id: string; readonly event: unknown }) => (
  <datalist id={id}>
    {pathsIn(event).map((path) => (
      <option key={path} value={path} />
    ))}
  </datalist>
)

/** An empty field is a problem only where it is needed; a fixed value must be one of its kind. */
const problemIn = (field: Field, settings: MappingSettings): string | undefined => {
  const value = settings[field.key]
  const kind = kindOf(value)
  return kind === "none" || kind === "static" ? fieldProblem(field, value, settings) : undefined
}

export const isComplete = (fields: ReadonlyArray<Field>, settings: MappingSettings): boolean =>
  fields.every((field) => !isShown(field, settings) || problemIn(field, settings) === undefined)

/** What nests needs the whole width. */
const isWide = (value: unknown): boolean => !["none", "path", "static"].includes(kindOf(value))

export const MappingFields = (props: MappingFieldsProps) => {
  const { fields, settings, event, tried, problemOf, choicesOf, onChange } = props
  const pathList = useId()
  const shown = fields.filter((field) => isShown(field, settings))
  const needed = shown.filter((field) => isRequired(field, settings))
  const optional = shown.filter((field) => !isRequired(field, settings))
  const set = optional.filter(({ key }) => key in settings)
  const free = optional.filter(({ key }) => !(key in settings))
  const without = (key: string) => Object.fromEntries(Object.entries(settings).filter(([each]) => each !== key))
  const row = (field: Field, required: boolean) => {
    const { key, label, description } = field
    const problem = problemOf(key) ?? (tried ? problemIn(field, settings) : undefined)
    return (
      <div className={isWide(settings[key]) ? "mapfield tall" : "mapfield"} key={key}>
        <div>
          <div className="row">
            <span className="b">{label}</span>
            {required ? <span className="lbl">needed</span> : undefined}
          </div>
          <div className="q2" style={{ fontSize: 12, lineHeight: "17px", overflowWrap: "anywhere" }}>
            {plain(description)}
          </div>
        </div>
        <div className="row" style={{ alignItems: "flex-start" }}>
          <div className="value grow">
            <ValueEditor
              name={label}
              field={field}
              value={settings[key]}
              event={event}
              pathList={pathList}
              onChange={(value) => onChange(value === undefined ? without(key) : { ...settings, [key]: value })}
            />
            {field.dynamic && kindOf(settings[key]) === "static" ? (
              <FieldChoices
                {...choicesOf}
                field={field}
                payload={settings}
                onChoose={(value) => onChange({ ...settings, [key]: value })}
              />
            ) : undefined}
            {problem === undefined ? undefined : <p className="bad">{problem}</p>}
          </div>
          {required ? undefined : (
            <button
              className="btn g ic"
              type="button"
              aria-label={`Leave ${label} out`}
              onClick={() => onChange(without(key))}
            >
              <X size={14} />
            </button>
          )}
        </div>
      </div>
    )
  }
  return (
    <div className="mapfields">
      <PathList id={pathList} event={event} />
      {needed.map((field) => row(field, true))}
      {set.map((field) => row(field, false))}
      {free.length === 0 ? undefined : (
        <div className="mapfield">
          <span className="q2">{free.length} more can be filled</span>
          <select
            className="input"
            aria-label="Add a field"
            value=""
            onChange={({ currentTarget: { value } }) => {
              const field = free.find(({ key }) => key === value)
              if (field !== undefined)
                onChange({
                  ...settings,
                  [value]: field.initial ?? startOf(field.type === "object" ? "object" : "path", undefined)
                })
            }}
          >
            <option value="">Add a field ...</option>
            {free.map(({ key, label }) => (
              <option key={key} value={key}>
                {label}
              </option>
            ))}
          </select>
        </div>
      )}
    </div>
  )
}

/** The control of one field by its type: settings of a destination, and static values of mappings. */
import { useState } from "react"
import type { ControlProps } from "../../parts/FormField.tsx"
import { type Field, isMask } from "./fields.ts"

interface FieldControlProps {
  readonly field: Field
  readonly value: unknown
  readonly control: ControlProps
  readonly disabled?: boolean
  readonly onChange: (value: unknown) => void
}

const textOf = (value: unknown): string =>
  value === undefined || value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value)

const linesOf = (value: unknown): string => (Array.isArray(value) ? value.map(textOf).join("\n") : textOf(value))

/** What is typed as JSON is a value as soon as it is JSON; until then it is a text, which the service refuses. */
const jsonIn = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}

interface JsonTextProps extends Pick<FieldControlProps, "value" | "onChange"> {
  readonly control: ControlProps & { readonly className: string; readonly disabled?: boolean }
  readonly rows?: number
  readonly placeholder?: string
}

/** Keeps what is typed as it is typed: JSON that is written again at every key would run away under the caret. */
export const JsonText = ({ value, control, rows = 4, placeholder = "{}", onChange }: JsonTextProps) => {
  const [text, setText] = useState(() =>
    value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value, undefined, 2)
  )
  return (
    <textarea
      {...control}
      rows={rows}
      spellCheck={false}
      placeholder={placeholder}
      value={text}
      onChange={({ currentTarget: { value: typed } }) => {
        setText(typed)
        onChange(typed.trim() === "" ? undefined : jsonIn(typed))
      }}
    />
  )
}

const yesNo = [
  { value: "true", label: "yes" },
  { value: "false", label: "no" }
]

export const FieldControl = ({ field, value, control, disabled = false, onChange }: FieldControlProps) => {
  const { type, choices, multiple, placeholder } = field
  const common = { ...control, className: "input", disabled: disabled || field.readOnly }
  const options = type === "boolean" ? yesNo : choices
  if (options.length > 0 && !multiple)
    return (
      <select
        {...common}
        value={textOf(value)}
        onChange={({ currentTarget: { value: chosen } }) =>
          onChange(chosen === "" ? undefined : type === "boolean" ? chosen === "true" : chosen)
        }
      >
        <option value="">Choose</option>
        {options.map((choice) => (
          <option key={choice.value} value={choice.value}>
            {choice.label}
          </option>
        ))}
      </select>
    )
  if (multiple)
    return (
      <textarea
        {...common}
        rows={3}
        placeholder="one each line"
        value={linesOf(value)}
        onChange={({ currentTarget: { value: typed } }) => onChange(typed === "" ? [] : typed.split("\n"))}
      />
    )
  if (type === "object") return <JsonText value={value} control={common} onChange={onChange} />
  if (type === "text")
    return (
      <textarea
        {...common}
        rows={4}
        placeholder={placeholder ?? ""}
        value={textOf(value)}
        onChange={({ currentTarget: { value: typed } }) => onChange(typed)}
      />
    )
  return (
    <input
      {...common}
      type={type === "password" ? "password" : "text"}
      {...(type === "number" || type === "integer" ? { inputMode: "decimal" as const } : {})}
      autoComplete="off"
      spellCheck={false}
      placeholder={placeholder ?? ""}
      value={textOf(value)}
      // What is masked is replaced whole: bullets with letters among them would be a new secret.
      onFocus={({ currentTarget }) => (isMask(value) ? currentTarget.select() : undefined)}
      onChange={({ currentTarget: { value: typed } }) => onChange(isMask(value) ? typed.replaceAll("•", "") : typed)}
    />
  )
}

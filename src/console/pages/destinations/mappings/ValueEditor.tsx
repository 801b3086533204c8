/** What one field gets (DST-92, DST-93): a field of the event, a fixed value, or a function of these; nested where functions nest. */
import { useState } from "react"
import type { ControlProps } from "../../../parts/FormField.tsx"
import { valueText } from "../../../words.ts"
import { FieldControl, JsonText } from "../FieldControl.tsx"
import { givenIn, type Kind, kindOf, kinds, pathIn, pathOf, startOf, valueAt } from "./directive.ts"
import { Changed, Coalesce, Each, type EditorProps, type Members, ObjectMembers } from "./nested.tsx"

const deepest = 3
const plainControl = (label: string): ControlProps & { "aria-label": string } => ({
  id: "",
  "aria-label": label,
  "aria-describedby": "",
  "aria-invalid": false,
  "aria-required": false
})

const Preview = ({ value }: { readonly value: unknown }) => (
  <span className="m s q el" title={valueText(value)}>
    {value === undefined ? "not in this event" : valueText(value)}
  </span>
)

const PathInput = ({ value, onChange, name, event, pathList }: EditorProps) => {
  const path = pathIn(value) ?? ""
  return (
    <>
      <input
        className="input m"
        aria-label={`Event field for ${name}`}
        list={pathList}
        spellCheck={false}
        value={path}
        placeholder="$.properties.total"
        onChange={(change) => onChange(pathOf(change.target.value))}
      />
      {event === undefined ? undefined : <Preview value={valueAt(event, path)} />}
    </>
  )
}

const Text = ({
  label,
  text,
  rows = 2,
  max,
  onChange
}: {
  readonly label: string
  readonly text: string
  readonly rows?: number
  readonly max?: number
  readonly onChange: (text: string) => void
}) => (
  <textarea
    className="input"
    aria-label={label}
    rows={rows}
    spellCheck={false}
    {...(max === undefined ? {} : { maxLength: max })}
    value={text}
    onChange={(event) => onChange(event.target.value)}
  />
)

const Fixed = ({ value, onChange, name, field }: EditorProps) => {
  if (field !== undefined && field.type !== "object")
    return <FieldControl field={field} value={value} control={plainControl(name)} onChange={onChange} />
  return (
    <JsonText
      value={value}
      rows={1}
      placeholder="text"
      control={{ ...plainControl(name), className: "input" }}
      onChange={onChange}
    />
  )
}

const Body = (props: EditorProps & { readonly kind: Kind }) => {
  const { kind, value, onChange, name } = props
  switch (kind) {
    case "none":
      return undefined
    case "path":
      return <PathInput {...props} />
    case "static":
      return <Fixed {...props} />
    case "template":
      return (
        <Text
          label={`Text for ${name}`}
          text={String(givenIn(value, "@template"))}
          onChange={(text) => onChange({ "@template": text })}
        />
      )
    case "liquid":
      return (
        <Text
          label={`Liquid for ${name}`}
          max={1000}
          rows={3}
          text={String(givenIn(value, "@liquid"))}
          onChange={(text) => onChange({ "@liquid": text })}
        />
      )
    case "coalesce":
      return <Coalesce {...props} Editor={ValueEditor} />
    case "object":
      return <ObjectMembers {...props} Editor={ValueEditor} />
    case "each":
      return <Each {...props} Editor={ValueEditor} />
    case "raw":
      return (
        <JsonText
          value={typeof value === "string" ? JSON.stringify(value) : value}
          control={{ ...plainControl(`JSON for ${name}`), className: "input" }}
          onChange={onChange}
        />
      )
    default: {
      const [directive, members] = Object.entries(value as Members).find(([key]) => key.startsWith("@"))!
      return <Changed {...props} Editor={ValueEditor} directive={directive} members={members as Members} />
    }
  }
}

export const ValueEditor = (props: EditorProps) => {
  const { value, onChange, name, depth = 0 } = props
  // What is typed as JSON becomes another kind as one types, and stays JSON until one says otherwise.
  const [raw, setRaw] = useState(false)
  const kind = raw ? "raw" : kindOf(value)
  const offered = kinds.filter(
    ([each]) => (depth < deepest || each === "path" || each === "static") && (depth === 0 || each !== "none")
  )
  const wide = kind !== "path" && kind !== "static" && kind !== "none"
  return (
    <div className={wide || kind === "none" ? "how bare" : "how"}>
      <select
        className="input"
        aria-label={`What ${name} gets`}
        value={kind}
        onChange={({ currentTarget: { value: chosen } }) => {
          setRaw(chosen === "raw")
          onChange(startOf(chosen as Kind, value))
        }}
      >
        {(offered.some(([each]) => each === kind) ? offered : kinds).map(([each, title]) => (
          <option key={each} value={each}>
            {title}
          </option>
        ))}
      </select>
      <div className="col g4" style={wide ? { gridColumn: "1 / -1" } : {}}>
        <Body {...props} kind={kind} />
      </div>
    </div>
  )
}

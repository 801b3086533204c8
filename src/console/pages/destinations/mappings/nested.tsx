/** Values that hold values (DST-92, DST-93): functions of one, the first that exists, members of an object, items of a list. */
import { Plus, X } from "lucide-react"
import { type ComponentType, useState } from "react"
import { Check } from "../../../parts/Check.tsx"
import type { Field } from "../fields.ts"
import { coalesceIn, coalesceOf, givenIn, pathOf, valueAt } from "./directive.ts"

export interface EditorProps {
  readonly value: unknown
  readonly onChange: (value: unknown) => void
  /** Of what is mapped, for screen readers. */
  readonly name: string
  readonly field?: Field | undefined
  /** That paths are read from, for their previews; undefined: none. */
  readonly event: unknown
  /** Id of the list of its paths. */
  readonly pathList: string
  readonly depth?: number
}

/** With the editor itself, for what nests. */
export interface NestedProps extends EditorProps {
  readonly Editor: ComponentType<EditorProps>
}

export type Members = Readonly<Record<string, unknown>>

const Small = ({
  label,
  value,
  max,
  onChange
}: {
  readonly label: string
  readonly value: string
  readonly max?: number
  readonly onChange: (value: string) => void
}) => (
  <label className="row">
    <span className="lbl">{label}</span>
    <input
      className="input"
      style={{ width: 110 }}
      {...(max === undefined ? {} : { maxLength: max })}
      value={value}
      onChange={(event) => onChange(event.target.value)}
    />
  </label>
)

const textIn = (members: Members, key: string): string => (typeof members[key] === "string" ? members[key] : "")

interface PartsProps extends NestedProps {
  readonly directive: string
  readonly members: Members
}

const Inner = ({ directive, members, onChange, Editor, ...rest }: Omit<PartsProps, "value">) => (
  <Editor
    {...rest}
    value={members["value"]}
    onChange={(value) => onChange({ [directive]: { ...members, value } })}
    depth={(rest.depth ?? 0) + 1}
  />
)

/** Case, JSON, flatten, replace: a value inside, and how it is changed. */
export const Changed = (props: PartsProps) => {
  const { directive, members, name, onChange } = props
  const set = (more: Members) => onChange({ [directive]: { ...members, ...more } })
  const select = (key: string, label: string, options: ReadonlyArray<readonly [string, string]>) => (
    <select
      className="input"
      aria-label={`${label} for ${name}`}
      value={textIn(members, key)}
      onChange={(event) => set({ [key]: event.target.value })}
    >
      {options.map(([each, title]) => (
        <option key={each} value={each}>
          {title}
        </option>
      ))}
    </select>
  )
  return (
    <div className="nested">
      <Inner {...props} />
      {directive === "@case"
        ? select("operator", "Case", [
            ["lower", "lower case"],
            ["upper", "UPPER CASE"]
          ])
        : undefined}
      {directive === "@json"
        ? select("mode", "Direction", [
            ["encode", "to JSON text"],
            ["decode", "from JSON text"]
          ])
        : undefined}
      {directive === "@flatten" ? (
        <Small
          label="Between names"
          value={textIn(members, "separator")}
          onChange={(separator) => set({ separator })}
        />
      ) : undefined}
      {directive === "@replace" ? (
        <>
          {(["", "2"] as const).map((nth) => (
            <div className="row wrap" key={nth}>
              <Small
                label="Replace"
                max={10}
                value={textIn(members, `pattern${nth}`)}
                onChange={(typed) => set({ [`pattern${nth}`]: typed })}
              />
              <Small
                label="by"
                max={10}
                value={textIn(members, `replacement${nth}`)}
                onChange={(typed) => set({ [`replacement${nth}`]: typed })}
              />
            </div>
          ))}
          <Check on={members["ignorecase"] === true} onChange={(ignorecase) => set({ ignorecase })}>
            Upper and lower case alike
          </Check>
          <Check on={members["global"] !== false} onChange={(global) => set({ global })}>
            Everywhere in the text
          </Check>
        </>
      ) : undefined}
    </div>
  )
}

export const Coalesce = ({ Editor, ...props }: NestedProps) => {
  const values = coalesceIn(props.value) ?? []
  const set = (next: ReadonlyArray<unknown>) => props.onChange(coalesceOf(next))
  return (
    <div className="nested">
      {values.map((value, i) => (
        <div className="row" key={i} style={{ alignItems: "flex-start" }}>
          <span className="lbl" style={{ width: 34, paddingTop: 6 }}>
            {i === 0 ? "first" : "else"}
          </span>
          <div className="col g4 grow">
            <Editor
              {...props}
              name={`${props.name}, choice ${i + 1}`}
              value={value}
              onChange={(next) => set(values.with(i, next))}
              depth={(props.depth ?? 0) + 1}
            />
          </div>
          {values.length > 1 ? (
            <button
              className="btn g ic"
              type="button"
              aria-label={`Remove choice ${i + 1}`}
              onClick={() => set(values.toSpliced(i, 1))}
            >
              <X size={14} />
            </button>
          ) : undefined}
        </div>
      ))}
      <div>
        <button className="btn g s" type="button" onClick={() => set([...values, pathOf("$.properties.")])}>
          <Plus size={12} aria-hidden="true" />
          Else
        </button>
      </div>
    </div>
  )
}

/** The members of an object: those that are declared, and others by name. */
export const ObjectMembers = ({ Editor, ...props }: NestedProps) => {
  const { field, onChange, name, depth = 0 } = props
  const value = (typeof props.value === "object" && props.value !== null ? props.value : {}) as Members
  const [typed, setTyped] = useState("")
  const declared = field?.fields ?? []
  const free = declared.filter(({ key }) => !(key in value))
  const add = (key: string) => {
    if (key === "" || key in value) return
    onChange({ ...value, [key]: pathOf(`$.properties.${key}`) })
    setTyped("")
  }
  return (
    <div className="nested">
      {Object.entries(value).map(([key, member]) => (
        <div className="member" key={key}>
          <span className="m el" style={{ paddingTop: 4 }} title={key}>
            {declared.find((each) => each.key === key)?.label ?? key}
          </span>
          <div className="col g4 grow">
            <Editor
              {...props}
              name={`${name}.${key}`}
              field={declared.find((each) => each.key === key)}
              value={member}
              onChange={(next) => onChange({ ...value, [key]: next })}
              depth={depth + 1}
            />
          </div>
          <button
            className="btn g ic"
            type="button"
            aria-label={`Remove ${key}`}
            onClick={() => onChange(Object.fromEntries(Object.entries(value).filter(([each]) => each !== key)))}
          >
            <X size={14} />
          </button>
        </div>
      ))}
      <div className="row">
        {free.length > 0 ? (
          <select
            className="input"
            style={{ width: 170 }}
            aria-label={`Add a member to ${name}`}
            value=""
            onChange={(event) => add(event.target.value)}
          >
            <option value="">Add member</option>
            {free.map(({ key, label }) => (
              <option key={key} value={key}>
                {label}
              </option>
            ))}
          </select>
        ) : undefined}
        <input
          className="input m"
          style={{ width: 150 }}
          aria-label={`Name of a new member of ${name}`}
          placeholder="name"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
          onKeyDown={(event) => {
            if (event.key !== "Enter") return
            event.preventDefault()
            add(typed.trim())
          }}
        />
        <button className="btn g s" type="button" disabled={typed.trim() === ""} onClick={() => add(typed.trim())}>
          <Plus size={12} aria-hidden="true" />
          Add
        </button>
      </div>
    </div>
  )
}

export const Each = (props: NestedProps) => {
  const [path = "", mapping = {}] = givenIn(props.value, "@arrayPath") as readonly [string?, Members?]
  const found = valueAt(props.event, path)
  const item: unknown = Array.isArray(found) ? found[0] : found
  const set = (next: string, members: Members) => props.onChange({ "@arrayPath": [next, members] })
  return (
    <>
      <input
        className="input m"
        aria-label={`List for ${props.name}`}
        list={props.pathList}
        spellCheck={false}
        value={path}
        onChange={(event) => set(event.target.value, mapping)}
      />
      <p className="q2">Fields below are those of one item of the list.</p>
      <ObjectMembers {...props} value={mapping} event={item} onChange={(next) => set(path, next as Members)} />
    </>
  )
}

/** One flat group of conditions, ALL or ANY (DST-62, DST-86), as rows; or the text that is saved, where rows cannot say it. */
import { Plus, X } from "lucide-react"
import { useState } from "react"
import { Segments } from "../../parts/Choice.tsx"
import {
  type Condition,
  conditionProblem,
  type Dialect,
  eventTypeNames,
  type Group,
  groupIn,
  type Operator,
  operatorsOf,
  roots,
  takesNumber,
  takesValue,
  textOfGroup
} from "./conditions.ts"

/** The longest known beginning of a path, and what is typed behind it. */
const splitPath = (path: string): readonly [root: string, rest: string] => {
  const root = roots.find(([each]) => (each.endsWith(".") ? path.startsWith(each) : path === each))?.[0]
  return root === undefined ? ["", path] : [root, path.slice(root.length)]
}

interface RowProps {
  readonly condition: Condition
  readonly dialect: Dialect
  readonly tried: boolean
  /** Of a list of the paths of an event. */
  readonly pathList: string | undefined
  readonly onChange: (condition: Condition) => void
  readonly onRemove: (() => void) | undefined
}

const ConditionRow = ({ condition, dialect, tried, pathList, onChange, onRemove }: RowProps) => {
  const { path, operator, value } = condition
  const [root, rest] = splitPath(path)
  const names = root === "type" && (operator === "is" || operator === "is-not")
  const whole = root !== "" && !root.endsWith(".")
  const problem = tried ? conditionProblem(condition, dialect) : undefined
  const valueField = { className: "input", "aria-label": "Value", "aria-invalid": problem !== undefined }
  return (
    <>
      <div className={whole ? "cond whole" : "cond"}>
        <select
          className="input"
          aria-label="What is compared"
          value={root}
          onChange={({ currentTarget: { value: chosen } }) =>
            onChange(
              chosen === "type"
                ? { path: "type", operator: "is", value: "track" }
                : { ...condition, path: chosen, ...(names ? { value: "" } : {}) }
            )
          }
        >
          {roots.map(([each, title]) => (
            <option key={each} value={each}>
              {title}
            </option>
          ))}
          <option value="">Other field</option>
        </select>
        {whole ? undefined : (
          <input
            className="input m"
            aria-label="Name of the field"
            spellCheck={false}
            placeholder={root === "" ? "integrations.All" : "plan"}
            {...(pathList === undefined || root !== "" ? {} : { list: pathList })}
            value={rest.replaceAll(/\\(.)/g, "$1")}
            onChange={(event) => onChange({ ...condition, path: `${root}${event.target.value}` })}
          />
        )}
        <select
          className="input"
          aria-label="How it is compared"
          value={operator}
          onChange={({ currentTarget: { value: chosen } }) =>
            onChange({ ...condition, operator: chosen as Operator, value: takesValue(chosen as Operator) ? value : "" })
          }
        >
          {operatorsOf(dialect).map(([each, title]) => (
            <option key={each} value={each}>
              {title}
            </option>
          ))}
        </select>
        {names ? (
          <select
            {...valueField}
            value={value}
            onChange={(event) => onChange({ ...condition, value: event.target.value })}
          >
            {[...new Set([...eventTypeNames, value])].map((each) => (
              <option key={each} value={each}>
                {each}
              </option>
            ))}
          </select>
        ) : (
          <input
            {...valueField}
            disabled={!takesValue(operator)}
            {...(takesNumber(operator) ? { inputMode: "decimal" as const } : {})}
            placeholder={root === "event" ? "Order Completed" : ""}
            value={value}
            onChange={(event) => onChange({ ...condition, value: event.target.value })}
          />
        )}
        {onRemove === undefined ? (
          <span />
        ) : (
          <button className="btn g ic" type="button" aria-label="Remove this condition" onClick={onRemove}>
            <X size={14} />
          </button>
        )}
      </div>
      {problem === undefined ? undefined : <p className="bad">{problem}</p>}
    </>
  )
}

interface GroupProps {
  readonly group: Group
  readonly dialect: Dialect
  readonly tried: boolean
  /** At least so many conditions stay. */
  readonly least: number
  readonly pathList?: string
  readonly onChange: (group: Group) => void
}

const fresh: Condition = { path: "event", operator: "is", value: "" }

export const GroupEditor = ({ group, dialect, tried, least, pathList, onChange }: GroupProps) => {
  const { match, conditions } = group
  return (
    <div className="conds">
      {conditions.length > 1 ? (
        <div className="row">
          <Segments
            label="How the conditions are joined"
            value={match}
            options={[
              ["all", "All"],
              ["any", "Any"]
            ]}
            onChange={(chosen) => onChange({ ...group, match: chosen })}
          />
          <span className="q2">of these hold</span>
        </div>
      ) : undefined}
      {conditions.map((condition, i) => (
        <ConditionRow
          // Rows have no names of their own, and are only taken away by hand.
          key={i}
          condition={condition}
          dialect={dialect}
          tried={tried}
          pathList={pathList}
          onChange={(next) => onChange({ ...group, conditions: conditions.with(i, next) })}
          onRemove={
            conditions.length > least ? () => onChange({ ...group, conditions: conditions.toSpliced(i, 1) }) : undefined
          }
        />
      ))}
      <div>
        <button
          className="btn g s"
          type="button"
          onClick={() => onChange({ ...group, conditions: [...conditions, fresh] })}
        >
          <Plus size={12} aria-hidden="true" />
          Add condition
        </button>
      </div>
    </div>
  )
}

interface TriggerProps {
  readonly trigger: string
  readonly tried: boolean
  readonly problem: string | undefined
  readonly pathList?: string
  readonly onChange: (trigger: string) => void
}

/** The trigger of a mapping: rows where they can say it, else its text (AC4-72 alike). */
export const TriggerEditor = ({ trigger, tried, problem, pathList, onChange }: TriggerProps) => {
  // Rows that are not finished have no text that says them, so they are kept as they are.
  const [group, setGroup] = useState(() => groupIn(trigger, "trigger"))
  const [asText, setAsText] = useState(group === undefined)
  const readable = groupIn(trigger, "trigger")
  const change = (next: Group) => {
    setGroup(next)
    onChange(textOfGroup(next, "trigger"))
  }
  return (
    <div className="col g8">
      {asText || group === undefined ? (
        <textarea
          className="input"
          aria-label="Trigger as text"
          aria-invalid={problem !== undefined}
          rows={3}
          spellCheck={false}
          value={trigger}
          onChange={(event) => onChange(event.target.value)}
        />
      ) : (
        <GroupEditor
          group={group}
          dialect="trigger"
          tried={tried}
          least={1}
          {...(pathList === undefined ? {} : { pathList })}
          onChange={change}
        />
      )}
      {problem === undefined ? undefined : <p className="bad">{problem}</p>}
      <div className="row">
        {asText ? undefined : <span className="m q el">{trigger}</span>}
        <button
          className="btn g s ml"
          type="button"
          disabled={asText && readable === undefined}
          title={asText && readable === undefined ? "The form cannot say this: it is edited as text" : ""}
          onClick={() => {
            setGroup(readable ?? group)
            setAsText(!asText)
          }}
        >
          {asText ? "As conditions" : "As text"}
        </button>
      </div>
    </div>
  )
}

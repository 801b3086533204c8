/** One identifier type in the table of rules: place, limit and window, blocked values, switch. */
import { ArrowDown, ArrowUp } from "lucide-react"
import { familyClass } from "../../parts/Identity.tsx"
import { Stepper } from "../../parts/Stepper.tsx"
import { Switch } from "../../parts/Switch.tsx"
import { count, plural } from "../../words.ts"
import { BlockedEditor } from "./BlockedEditor.tsx"
import { limits, type PlacedProblem, type Rule, splitBlocked, windows } from "./rules-draft.ts"

interface RuleRowProps {
  readonly rule: Rule
  readonly touched: boolean
  readonly selected: boolean
  readonly editable: boolean
  readonly open: boolean
  /** Profiles that hold more than the limit. */
  readonly outside: number
  readonly problems: ReadonlyArray<PlacedProblem>
  readonly onChange: (change: Partial<Rule>) => void
  readonly onMove: (by: -1 | 1) => void
  readonly onOpen: (open: boolean) => void
}

const Place = ({ rule, editable, onMove }: Pick<RuleRowProps, "rule" | "editable" | "onMove">) => (
  <span className="row g4">
    <span className={rule.explicitRank && rule.enabled ? "b place" : "q place"}>
      {rule.enabled ? (rule.explicitRank ? rule.rank : "A–Z") : ""}
    </span>
    {editable && rule.enabled ? (
      <>
        <button className="btn g ic s" type="button" aria-label={`Move ${rule.type} up`} onClick={() => onMove(-1)}>
          <ArrowUp size={12} />
        </button>
        <button className="btn g ic s" type="button" aria-label={`Move ${rule.type} down`} onClick={() => onMove(1)}>
          <ArrowDown size={12} />
        </button>
      </>
    ) : undefined}
  </span>
)

const Limit = ({ rule, outside, onChange }: Pick<RuleRowProps, "rule" | "outside" | "onChange">) => (
  <span className="row">
    <Stepper name={`limit of ${rule.type}`} value={rule.limit} {...limits} onChange={(limit) => onChange({ limit })} />
    <select
      className="input"
      aria-label={`Window of ${rule.type}`}
      value={rule.window}
      onChange={(event) => onChange({ window: windows.find((each) => each === event.target.value) ?? "EVER" })}
    >
      {windows.map((window) => (
        <option key={window} value={window}>
          {window.toLowerCase()}
        </option>
      ))}
    </select>
    {outside > 0 ? (
      <span className="warn" title={`${plural(outside, "profile")} with more values`}>
        {count(outside)} over
      </span>
    ) : undefined}
  </span>
)

const blockedId = (rule: Rule) => `blocked-${rule.collection}-${rule.type}`

const BlockedCell = ({ rule, editable, open, onOpen }: Pick<RuleRowProps, "rule" | "editable" | "open" | "onOpen">) => {
  const { suggested, own } = splitBlocked(rule.blocked)
  const shown = (
    <>
      {suggested > 0 ? <span className="val">{suggested} suggested</span> : undefined}
      {own.slice(0, 3).map(({ kind, value }) => (
        <span className="val m" key={`${kind}${value}`} title={`${kind}: ${value}`}>
          <span className="el">{value}</span>
        </span>
      ))}
      {own.length > 3 ? <span className="lbl">+{own.length - 3}</span> : undefined}
      {rule.blocked.length === 0 ? <span className="q">none</span> : undefined}
    </>
  )
  return editable ? (
    <button
      className="row g4 cellbtn"
      type="button"
      aria-expanded={open}
      aria-controls={blockedId(rule)}
      onClick={() => onOpen(!open)}
    >
      <span className="sr">Blocked values of {rule.type}: </span>
      {shown}
    </button>
  ) : (
    <span className="row g4">{shown}</span>
  )
}

export const RuleRow = ({ rule, problems, editable, open, selected, touched, ...rest }: RuleRowProps) => {
  const { onChange, onMove, onOpen } = rest
  const family = familyClass(rule)
  const general = problems.filter(({ blocked }) => blocked === undefined)
  return (
    <>
      <tr className={`${touched ? "chg" : ""} ${family}`} aria-selected={selected} data-rule={rule.type}>
        <td>
          <Place rule={rule} editable={editable} onMove={onMove} />
        </td>
        <td>
          <span className="knot fam">{rule.type}</span>{" "}
          <span className="lbl">{rule.enabled ? (rule.origin === "default" ? "" : rule.origin) : "off"}</span>
        </td>
        <td>
          {editable && rule.enabled ? (
            <Limit rule={rule} outside={rest.outside} onChange={onChange} />
          ) : (
            <span className="q2">
              {rule.limit} {rule.window.toLowerCase()}
            </span>
          )}
        </td>
        <td>
          <BlockedCell rule={rule} editable={editable} open={open} onOpen={onOpen} />
        </td>
        <td className="num">
          {editable ? (
            <Switch label={`Use ${rule.type}`} on={rule.enabled} onChange={(enabled) => onChange({ enabled })} />
          ) : undefined}
        </td>
      </tr>
      {open || problems.length > 0 ? (
        <tr className="more" id={blockedId(rule)}>
          <td colSpan={5}>
            {general.map(({ expected }) => (
              <p className="bad" role="alert" key={expected}>
                {expected}
              </p>
            ))}
            <BlockedEditor
              name={rule.type}
              blocked={rule.blocked}
              suggests
              problems={problems}
              onChange={(blocked) => onChange({ blocked })}
            />
          </td>
        </tr>
      ) : undefined}
    </>
  )
}

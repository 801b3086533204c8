/** Values that are never used as identifiers, exact or by a pattern; what the service refuses is said at the value. */
import { X } from "lucide-react"
import { type FormEvent, useId, useState } from "react"
import { Segments } from "../../parts/Choice.tsx"
import {
  type Blocked,
  blockedKey,
  type PlacedProblem,
  splitBlocked,
  suggestedBlocked,
  withBlocked
} from "./rules-draft.ts"

interface BlockedEditorProps {
  /** Of whom, e.g. `email`. */
  readonly name: string
  readonly blocked: ReadonlyArray<Blocked>
  /** The four values of IDR-66 belong to each type, not to the space. */
  readonly suggests: boolean
  readonly problems: ReadonlyArray<PlacedProblem>
  readonly onChange: (blocked: ReadonlyArray<Blocked>) => void
}

type Kind = "exact" | "pattern"

const kinds = [
  ["exact", "Exactly"],
  ["pattern", "Pattern"]
] as const

export const BlockedEditor = ({ name, blocked, suggests, problems, onChange }: BlockedEditorProps) => {
  const [kind, setKind] = useState<Kind>("exact")
  const [value, setValue] = useState("")
  const hint = useId()
  const missing = suggests ? suggestedBlocked.length - splitBlocked(blocked).suggested : 0
  const add = (event: FormEvent) => {
    event.preventDefault()
    if (value === "") return
    onChange(withBlocked(blocked, [{ kind, value }]))
    setValue("")
  }
  return (
    <div className="blocked">
      {blocked.length === 0 ? (
        <p className="q2">Nothing is blocked: every value of {name} counts.</p>
      ) : (
        <ul aria-label={`Blocked for ${name}`}>
          {blocked.map((each) => {
            const wrong = problems.filter((problem) => problem.blocked === blockedKey(each))
            return (
              <li key={blockedKey(each)}>
                <span className={wrong.length > 0 ? "bval wrong" : "bval"}>
                  <span className="lbl">{each.kind}</span>
                  <span className="m el">{each.value}</span>
                  <button
                    type="button"
                    aria-label={`No longer block ${each.value}`}
                    onClick={() => onChange(blocked.filter((other) => blockedKey(other) !== blockedKey(each)))}
                  >
                    <X size={12} />
                  </button>
                </span>
                {wrong.map(({ expected }) => (
                  <span className="bad" role="alert" key={expected}>
                    {expected}
                  </span>
                ))}
              </li>
            )
          })}
        </ul>
      )}
      <form className="row wrap" onSubmit={add}>
        <Segments label="Kind of value" value={kind} options={kinds} onChange={setKind} />
        <input
          className="input m"
          aria-label={`${kind === "exact" ? "Value" : "Pattern"} to block for ${name}`}
          aria-describedby={hint}
          placeholder={kind === "exact" ? "unknown" : "^test-"}
          maxLength={500}
          spellCheck={false}
          autoCapitalize="off"
          value={value}
          onChange={(event) => setValue(event.target.value)}
        />
        <button className="btn" type="submit" disabled={value === ""}>
          Block it
        </button>
        {missing > 0 ? (
          <button className="btn g" type="button" onClick={() => onChange(withBlocked(blocked, suggestedBlocked))}>
            Add the {missing} suggested
          </button>
        ) : undefined}
      </form>
      <p className="lbl" id={hint}>
        {kind === "exact"
          ? "The whole value, as it is stored."
          : "A regular expression (RE2) that matches anywhere in the value; ^ and $ are its ends."}
      </p>
    </div>
  )
}

/** What holds for every identifier type of the space: three switches, and values that none of them uses. */
import { Switch } from "../../parts/Switch.tsx"
import { BlockedEditor } from "./BlockedEditor.tsx"
import type { RulesDocument } from "./rules.gql.ts"
import { flags, type PlacedProblem } from "./rules-draft.ts"

interface SpaceSettingsProps {
  readonly rules: RulesDocument
  readonly editable: boolean
  readonly open: boolean
  readonly problems: ReadonlyArray<PlacedProblem>
  readonly onChange: (rules: RulesDocument) => void
  readonly onOpen: (open: boolean) => void
}

const hints: Readonly<Record<(typeof flags)[number][0], string>> = {
  autoAddIdentifiers: "5 ever, after all others",
  readmitDemoted: "when nothing is breached with them",
  blockJunk: "null, undefined, [object Object] and the like"
}

export const SpaceSettings = ({ rules, editable, open, problems, onChange, onOpen }: SpaceSettingsProps) => (
  <section className="card" aria-label="Settings of the space">
    <h2 className="h">Settings of the space</h2>
    <div className="pad col g12">
      {flags.map(([key, title]) => (
        <div className="row" key={key}>
          <span className="col">
            <span>{title}</span>
            <span className="lbl">{hints[key]}</span>
          </span>
          <Switch
            label={title}
            on={rules[key]}
            disabled={!editable}
            onChange={(on) => onChange({ ...rules, [key]: on })}
          />
        </div>
      ))}
      <div className="row">
        <span className="col">
          <span>Blocked for every type</span>
          <span className="lbl">
            {rules.spaceBlocked.length === 0 ? "nothing" : rules.spaceBlocked.map(({ value }) => value).join(", ")}
          </span>
        </span>
        {editable ? (
          <button className="btn s ml" type="button" aria-expanded={open} onClick={() => onOpen(!open)}>
            {open ? "Close" : "Edit"}
          </button>
        ) : undefined}
      </div>
      {open || problems.length > 0 ? (
        <BlockedEditor
          name="every type"
          blocked={rules.spaceBlocked}
          suggests={false}
          problems={problems}
          onChange={(spaceBlocked) => onChange({ ...rules, spaceBlocked })}
        />
      ) : undefined}
    </div>
  </section>
)

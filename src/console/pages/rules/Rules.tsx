/** Identity rules: one table that is the document. Changes are collected; the save bar says what changed and whom it affects. */
import { useNavigate, useParams } from "@tanstack/react-router"
import { ArrowDown, ArrowUp, FlaskConical, Minus, Plus } from "lucide-react"
import { useState } from "react"
import { useChange, useData, useMay, useSpace } from "../../api/hooks.ts"
import { Confirm } from "../../parts/Dialog.tsx"
import { familyClass } from "../../parts/Identity.tsx"
import { Page } from "../../parts/Page.tsx"
import { Failed, Loading } from "../../parts/States.tsx"
import { useCrumbs } from "../../shell/crumbs.ts"
import { family, moment, plural } from "../../words.ts"
import { currentRules, rulesImpact, saveRules, startWhatIf, type RulesDocument } from "./rules.gql.ts"
import { addRule, changeRule, changesBetween, inputOf, limits, moveRule, splitBlocked, windows } from "./rules-draft.ts"
import "../explain/explain.css"
import "./rules.css"

type Rule = RulesDocument["identifiers"][number]

interface RowProps {
  readonly rule: Rule
  readonly changedRow: boolean
  readonly editable: boolean
  readonly onChange: (change: Partial<Rule>) => void
  readonly onMove: (by: -1 | 1) => void
}

const LimitCell = ({ rule, onChange }: Pick<RowProps, "rule" | "onChange">) => (
  <span className="row">
    <span className="stp">
      <button
        type="button"
        aria-label={`Lower limit of ${rule.type}`}
        disabled={rule.limit <= limits.min}
        onClick={() => onChange({ limit: rule.limit - 1 })}
      >
        <Minus size={12} />
      </button>
      <b>{rule.limit}</b>
      <button
        type="button"
        aria-label={`Higher limit of ${rule.type}`}
        disabled={rule.limit >= limits.max}
        onClick={() => onChange({ limit: rule.limit + 1 })}
      >
        <Plus size={12} />
      </button>
    </span>
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
  </span>
)

const Row = ({ rule, changedRow, editable, onChange, onMove }: RowProps) => {
  const { suggested, own } = splitBlocked(rule.blocked)
  return (
    <tr
      className={`${changedRow ? "chg" : ""} ${familyClass(rule)}`}
      onKeyDown={(event) => {
        if (!event.altKey || !editable) return
        if (event.key === "ArrowUp" || event.key === "ArrowDown") {
          event.preventDefault()
          onMove(event.key === "ArrowUp" ? -1 : 1)
        }
      }}
    >
      <td>
        <span className="row g4">
          <span className={rule.explicitRank && rule.enabled ? "b place" : "q place"}>
            {rule.enabled ? (rule.explicitRank ? rule.rank : "A–Z") : ""}
          </span>
          {editable && rule.enabled ? (
            <>
              <button
                className="btn g ic s"
                type="button"
                aria-label={`Move ${rule.type} up`}
                onClick={() => onMove(-1)}
              >
                <ArrowUp size={12} />
              </button>
              <button
                className="btn g ic s"
                type="button"
                aria-label={`Move ${rule.type} down`}
                onClick={() => onMove(1)}
              >
                <ArrowDown size={12} />
              </button>
            </>
          ) : undefined}
        </span>
      </td>
      <td>
        <span className="knot fam">{rule.type}</span>{" "}
        <span className="lbl">{rule.enabled ? (rule.origin === "default" ? "" : rule.origin) : "off"}</span>
      </td>
      <td>
        {editable && rule.enabled ? (
          <LimitCell rule={rule} onChange={onChange} />
        ) : (
          <span className="q2">
            {rule.limit} {rule.window.toLowerCase()}
          </span>
        )}
      </td>
      <td>
        <span className="row g4">
          {suggested > 0 ? <span className="val">{suggested} suggested</span> : undefined}
          {own.map(({ kind, value }) => (
            <span className="val m" key={`${kind}${value}`} title={kind}>
              {value}
            </span>
          ))}
        </span>
      </td>
      <td className="num">
        {editable ? (
          <button className="btn g s" type="button" onClick={() => onChange({ enabled: !rule.enabled })}>
            {rule.enabled ? "Switch off" : "Switch on"}
          </button>
        ) : undefined}
      </td>
    </tr>
  )
}

interface EditorProps {
  readonly saved: RulesDocument
}

const Editor = ({ saved }: EditorProps) => {
  const { id: space, slug } = useSpace()
  const editable = useMay("admin")
  const navigate = useNavigate()
  const [draft, setDraft] = useState(saved)
  const [saving, setSaving] = useState(false)
  const [type, setType] = useState("")
  const changes = changesBetween(saved, draft)
  const rules = inputOf(draft)
  const impact = useData(rulesImpact, { space, rules }, { enabled: changes.length > 0, keep: true })
  const save = useChange(saveRules)
  const start = useChange(startWhatIf)
  const outside = impact.data?.rulesImpact
  const touched = new Set(changes.map((change) => `${change.collection}:${change.type}`))
  const sentence =
    outside === undefined
      ? "Counting the profiles that hold more ..."
      : outside.profiles === 0
        ? "No profile holds more than these rules allow."
        : `${outside.complete ? "" : "At least "}${plural(outside.profiles, "profile")} ${outside.profiles === 1 ? "holds" : "hold"} more. They keep what they have.`
  return (
    <Page
      title="Identity rules"
      sub={`v${saved.version}, saved ${moment(saved.savedAt)}. ${editable ? "Changes apply to new events only." : "Read-only: saving needs a token with the scope admin."}`}
      actions={
        editable ? (
          <form
            className="row"
            onSubmit={(event) => {
              event.preventDefault()
              if (/^[a-z][a-z0-9_.]{0,62}$/.test(type)) {
                setDraft(addRule(draft, type, "USERS"))
                setType("")
              }
            }}
          >
            <input
              className="input"
              aria-label="Type of the new identifier"
              placeholder="new type, e.g. app_id"
              value={type}
              onChange={(event) => setType(event.target.value)}
            />
            <button className="btn" type="submit" disabled={!/^[a-z][a-z0-9_.]{0,62}$/.test(type)}>
              <Plus size={14} aria-hidden="true" />
              Add identifier
            </button>
          </form>
        ) : undefined
      }
    >
      <section className="card grow" aria-label="Identity rules">
        <div className="scroll" tabIndex={0}>
          <table className="rules">
            <thead>
              <tr>
                <th style={{ width: 116 }}>Priority</th>
                <th style={{ width: 210 }}>Identifier</th>
                <th style={{ width: 220 }}>Keep at most, per profile</th>
                <th>Never use these values</th>
                <th className="num" style={{ width: 110 }}>
                  <span className="sr">Switch</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {draft.identifiers.map((rule) => (
                <Row
                  key={`${rule.collection}:${rule.type}`}
                  rule={rule}
                  editable={editable}
                  changedRow={touched.has(`${rule.collection}:${rule.type}`)}
                  onChange={(change) => setDraft(changeRule(draft, rule, change))}
                  onMove={(by) => setDraft(moveRule(draft, rule, by))}
                />
              ))}
            </tbody>
          </table>
        </div>
      </section>
      {changes.length === 0 ? undefined : (
        <div className="savebar" role="status">
          <div className="grow">
            <div className="b el">
              {plural(changes.length, "change")}:{" "}
              {changes.slice(0, 3).map(({ type: of, collection, text }) => (
                <span key={`${of}${text}`} className="change">
                  {of === "" ? undefined : <span className={`fam f-${family(of, collection)}`}>{of}</span>} {text}
                </span>
              ))}
            </div>
            <div className="q2">{sentence}</div>
            {start.error === null ? undefined : <Failed error={start.error} />}
          </div>
          <button className="btn g" type="button" onClick={() => setDraft(saved)}>
            Discard
          </button>
          <button
            className="btn"
            type="button"
            disabled={start.isPending}
            onClick={() =>
              start.mutate(
                { space, rules },
                {
                  onSuccess: ({ startWhatIf: { id } }) =>
                    void navigate({ to: "/s/$space/what-if/$id", params: { space: slug, id } })
                }
              )
            }
          >
            <FlaskConical size={14} aria-hidden="true" />
            Try in What-if
          </button>
          <button className="btn p" type="button" onClick={() => setSaving(true)}>
            Save as v{saved.version + 1}…
          </button>
        </div>
      )}
      <Confirm
        open={saving}
        title={`Save as v${saved.version + 1}?`}
        verb="Save"
        keep="Go on editing"
        reasonHint="One e-mail address per person"
        error={save.error}
        busy={save.isPending}
        onClose={() => setSaving(false)}
        onConfirm={(reason) =>
          save.mutate({ space, rules, version: saved.version, reason }, { onSuccess: () => setSaving(false) })
        }
      >
        <p className="q2">{sentence} The rules apply to events from here on; profiles stay as they are.</p>
      </Confirm>
    </Page>
  )
}

export const Rules = () => {
  const { space: slug } = useParams({ from: "/app/s/$space/rules" })
  const { id: space } = useSpace()
  useCrumbs("Identity rules")
  const { data, error, refetch } = useData(currentRules, { space })
  const saved = data?.space?.rules
  if (error !== null && data === undefined)
    return (
      <Page title="Identity rules">
        <Failed error={error} retry={() => void refetch()} />
      </Page>
    )
  if (saved === undefined || saved === null)
    return (
      <Page title="Identity rules" ready={false}>
        <section className="card grow">
          <Loading />
        </section>
      </Page>
    )
  return <Editor key={`${slug}${saved.version}`} saved={saved} />
}

/** One filter: a rule with conditions, or its text where the form cannot say it; tried on an event before it is saved (DST-63). */
import { ArrowLeft } from "lucide-react"
import { useRef, useState } from "react"
import { useMayConnect } from "../../../api/hooks.ts"
import { problemAt, useApiChange } from "../../../api/public-api.ts"
import type { Filter, FilterAction } from "../../../api/public-types.ts"
import { addFilter, changeFilter } from "../../../api/requests.ts"
import { Check } from "../../../parts/Check.tsx"
import { Segments } from "../../../parts/Choice.tsx"
import { FormField } from "../../../parts/FormField.tsx"
import { Failed } from "../../../parts/States.tsx"
import { Unsaved } from "../../../parts/Unsaved.tsx"
import { GroupEditor } from "../Conditions.tsx"
import { conditionProblem } from "../conditions.ts"
import type { TabProps } from "../Destination.tsx"
import { JsonText } from "../FieldControl.tsx"
import { hasDeviceMode } from "../modes.ts"
import { emptyForm, type FilterForm, filterOf, formOf, formProblem, type Rule, rules } from "./filter-form.ts"
import { FilterPreview } from "./FilterPreview.tsx"

type Said = Pick<Filter, "if" | "actions">

const ruleHelp: Readonly<Record<Rule, string>> = {
  "only-send": "Everything else is not sent. Several such filters must all hold.",
  drop: "Such events are not sent.",
  "drop-properties": "Such events are sent without these properties.",
  "allow-properties": "Of each object that is named, only these are sent.",
  sample: "Of such events only this share is sent."
}

const FormPart = ({
  form,
  tried,
  onChange
}: {
  readonly form: FilterForm
  readonly tried: boolean
  readonly onChange: (form: FilterForm) => void
}) => {
  const { rule, group, fields, percent, path } = form
  const problem = tried ? formProblem(form) : undefined
  return (
    <>
      <FormField label="Rule" help={ruleHelp[rule]}>
        {(control) => (
          <select
            {...control}
            className="input"
            value={rule}
            onChange={(event) => onChange({ ...form, rule: event.target.value as Rule })}
          >
            {rules.map(([each, title]) => (
              <option key={each} value={each}>
                {title}
              </option>
            ))}
          </select>
        )}
      </FormField>
      {rule === "sample" ? (
        <div className="form two">
          <FormField label="Percent that is sent" problem={problem}>
            {(control) => (
              <input
                {...control}
                className="input"
                type="number"
                min={0}
                max={100}
                step="any"
                value={percent}
                onChange={(event) => onChange({ ...form, percent: Number(event.target.value) })}
              />
            )}
          </FormField>
          <FormField label="Decided by" help="Events with the same value are all sent, or none. Empty: at random.">
            {(control) => (
              <input
                {...control}
                className="input m"
                value={path}
                placeholder="userId"
                onChange={(event) => onChange({ ...form, path: event.target.value.trim() })}
              />
            )}
          </FormField>
        </div>
      ) : undefined}
      {rule === "drop-properties" || rule === "allow-properties" ? (
        <FormField
          label="Properties"
          required
          problem={problem}
          help="One each line, with its place: properties.email, traits.phone, context.ip, properties.products.price."
        >
          {(control) => (
            <textarea
              {...control}
              className="input"
              rows={4}
              spellCheck={false}
              value={fields.join("\n")}
              onChange={({ currentTarget: { value } }) =>
                onChange({ ...form, fields: value === "" ? [] : value.split("\n").map((line) => line.trimStart()) })
              }
            />
          )}
        </FormField>
      ) : undefined}
      <div className="ff">
        <div className="b">{group.conditions.length === 0 ? "For every event" : "For events of which"}</div>
        <GroupEditor
          group={group}
          dialect="filter"
          tried={tried}
          least={rule === "only-send" ? 1 : 0}
          onChange={(next) => onChange({ ...form, group: next })}
        />
      </div>
    </>
  )
}

const TextPart = ({
  said,
  error,
  onChange
}: {
  readonly said: Said
  readonly error: Error | null
  readonly onChange: (said: Said) => void
}) => (
  <>
    <FormField label="If" help={'A statement of the filter language, or "all".'} problem={problemAt(error, "if")}>
      {(control) => (
        <textarea
          {...control}
          className="input"
          rows={4}
          spellCheck={false}
          value={said.if}
          onChange={(event) => onChange({ ...said, if: event.target.value })}
        />
      )}
    </FormField>
    <FormField
      label="Actions"
      help="A list of DROP, SAMPLE, DROP_PROPERTIES and ALLOW_PROPERTIES, as JSON."
      problem={problemAt(error, "actions")}
    >
      {(control) => (
        <JsonText
          control={{ ...control, className: "input" }}
          rows={8}
          value={said.actions}
          onChange={(value) => onChange({ ...said, actions: value as ReadonlyArray<FilterAction> })}
        />
      )}
    </FormField>
  </>
)

interface FilterEditorProps extends TabProps {
  /** Undefined: a new one. */
  readonly filter: Filter | undefined
  readonly onClose: () => void
}

export const FilterEditor = ({ destination, filter, onClose }: FilterEditorProps) => {
  const may = useMayConnect()
  const save = useApiChange()
  const readable = filter === undefined ? emptyForm : formOf(filter)
  const [form, setForm] = useState<FilterForm>(readable ?? emptyForm)
  const [said, setSaid] = useState<Said>(filter ?? filterOf(emptyForm))
  const [asText, setAsText] = useState(readable === undefined)
  const [title, setTitle] = useState(filter?.title ?? "")
  const [enabled, setEnabled] = useState(filter?.enabled ?? true)
  const [tried, setTried] = useState(false)
  const now: Said = asText ? said : filterOf(form)
  const draft = JSON.stringify([title, enabled, now.if, now.actions])
  const [before] = useState(draft)
  const saved = useRef(false)
  const cloudOnly = filter?.cloudModeOnly === true && filter.if === now.if && hasDeviceMode(destination.metadata)
  const wrong =
    title.trim() === "" ||
    (!asText &&
      (formProblem(form) !== undefined ||
        form.group.conditions.some((each) => conditionProblem(each, "filter") !== undefined)))
  const submit = () => {
    setTried(true)
    if (wrong) return
    const body = { title: title.trim(), if: now.if, actions: now.actions, enabled }
    save.mutate(
      filter === undefined
        ? addFilter(destination.id, { ...body, sourceId: destination.sourceId })
        : changeFilter(destination.id, filter.id, body),
      {
        onSuccess: () => {
          saved.current = true
          onClose()
        }
      }
    )
  }
  const asForm = formOf(said)
  return (
    <div className="pair">
      <form
        className="card"
        aria-label="Filter"
        onSubmit={(event) => {
          event.preventDefault()
          submit()
        }}
      >
        <h2 className="h">
          <button className="btn g ic s" type="button" aria-label="All filters" title="All filters" onClick={onClose}>
            <ArrowLeft size={14} />
          </button>
          <span className="el">{filter === undefined ? "New filter" : filter.title}</span>
          <span className="r">
            <Segments
              label="How the filter is shown"
              value={asText ? "text" : "form"}
              options={[
                ["form", "Form"],
                ["text", "Text"]
              ]}
              onChange={(view) => {
                if (view === "text") setSaid(now)
                else if (asForm !== undefined) setForm(asForm)
                if (view === "text" || asForm !== undefined) setAsText(view === "text")
              }}
            />
          </span>
        </h2>
        <div className="scroll sec2 form">
          <FormField
            label="Name"
            required
            problem={problemAt(save.error, "title") ?? (tried && title.trim() === "" ? "A name is needed." : undefined)}
          >
            {(control) => (
              <input
                {...control}
                className="input"
                maxLength={64}
                value={title}
                placeholder="No internal orders"
                onChange={(event) => setTitle(event.target.value)}
              />
            )}
          </FormField>
          {asText ? (
            <>
              {asForm === undefined ? (
                <p className="q2">The form cannot say this filter: it is edited as text.</p>
              ) : undefined}
              <TextPart said={said} error={save.error} onChange={setSaid} />
            </>
          ) : (
            <FormPart form={form} tried={tried} onChange={setForm} />
          )}
          <Check on={enabled} onChange={setEnabled}>
            Enabled
          </Check>
          {cloudOnly ? (
            <p className="q2">Applies in cloud mode only: libraries on devices cannot be told this condition.</p>
          ) : undefined}
        </div>
        {save.error === null ? undefined : <Failed error={save.error} />}
        <div className="f">
          <span className="m q el">{now.if}</span>
          <button className="btn p ml" type="submit" disabled={!may || save.isPending}>
            Save filter
          </button>
        </div>
      </form>
      <FilterPreview destination={destination} filter={now} />
      <Unsaved dirty={draft !== before} member="edit" isSaved={() => saved.current}>
        What you changed in this filter is not saved.
      </Unsaved>
    </div>
  )
}

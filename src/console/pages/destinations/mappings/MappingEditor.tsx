/** One mapping: when it fires, what its action gets, and what comes of it with a real event. Nothing is saved before one says so. */
import { useSearch } from "@tanstack/react-router"
import { ArrowLeft } from "lucide-react"
import { useRef, useState } from "react"
import { useMayConnect } from "../../../api/hooks.ts"
import { problemAt, useApiChange } from "../../../api/public-api.ts"
import type { Mapping, MappingSettings } from "../../../api/public-types.ts"
import { addMapping, changeMapping } from "../../../api/requests.ts"
import { Segments } from "../../../parts/Choice.tsx"
import { FormField } from "../../../parts/FormField.tsx"
import { NameField } from "../../../parts/NameField.tsx"
import { Empty, Failed } from "../../../parts/States.tsx"
import { Unsaved } from "../../../parts/Unsaved.tsx"
import { newSettings } from "../add/quick-setup.ts"
import { TriggerEditor } from "../Conditions.tsx"
import type { TabProps } from "../Destination.tsx"
import { JsonText } from "../FieldControl.tsx"
import { fieldsOfAction, syncModeKey } from "../fields.ts"
import { useEvent } from "../use-event.ts"
import { isComplete, MappingFields } from "./MappingFields.tsx"
import { MappingTester } from "./MappingTester.tsx"

interface MappingEditorProps extends TabProps {
  /** Undefined: a new one. */
  readonly mapping: Mapping | undefined
  readonly actionSlug: string | undefined
  readonly onClose: () => void
  readonly onSaved: (id: string) => void
}

const isSettings = (value: unknown): value is MappingSettings =>
  typeof value === "object" && value !== null && !Array.isArray(value)

export const MappingEditor = ({ destination, mapping, actionSlug, onClose, onSaved }: MappingEditorProps) => {
  const may = useMayConnect()
  const action = destination.metadata.actions.find(({ slug }) => slug === actionSlug)
  const before = {
    name: mapping?.name ?? action?.name ?? "",
    trigger: mapping?.trigger ?? action?.defaultTrigger ?? 'type = "track"',
    settings: mapping?.settings ?? (action === undefined ? {} : newSettings(action))
  }
  const [draft, setDraft] = useState(before)
  const [view, setView] = useState<"fields" | "json">("fields")
  const [tried, setTried] = useState(false)
  const [badJson, setBadJson] = useState(false)
  const save = useApiChange<unknown>()
  /** Draft as it was sent last. */
  const sent = useRef("")
  const { message } = useSearch({ from: "/app/s/$space/destinations/$id/$tab" })
  const trial = useEvent(destination.sourceId, draft.trigger, message)
  if (action === undefined)
    return (
      <section className="card grow">
        <Empty
          title="Its action is gone"
          actions={
            <button className="btn" type="button" onClick={onClose}>
              All mappings
            </button>
          }
        >
          The catalog has no action {actionSlug} any more. What this mapping gets is discarded as a wrong configuration.
        </Empty>
      </section>
    )
  const fields = fieldsOfAction(action)
  const { name, trigger, settings } = draft
  const now = JSON.stringify(draft)
  const isChanged = now !== JSON.stringify(before)
  const dirty = mapping === undefined || isChanged
  const complete = isComplete(fields, settings)
  const keepSent = () => {
    sent.current = now
  }
  const send = (enabled: boolean) => {
    setTried(true)
    if (name.trim() === "" || badJson || (enabled && !complete)) return
    const body = { name: name.trim(), trigger, settings, enabled }
    if (mapping === undefined)
      save.mutate(addMapping(destination.id, { ...body, actionId: action.id }), {
        onSuccess: (made) => {
          keepSent()
          onSaved((made as Mapping).id)
        }
      })
    else save.mutate(changeMapping(destination.id, mapping.id, body), { onSuccess: keepSent })
  }
  const isOn = mapping?.enabled === true
  const { syncModes = [] } = action
  return (
    <div className="pair">
      <form
        className="card"
        aria-label="Mapping"
        onSubmit={(event) => {
          event.preventDefault()
          send(isOn)
        }}
      >
        <h2 className="h">
          <button className="btn g ic s" type="button" aria-label="All mappings" title="All mappings" onClick={onClose}>
            <ArrowLeft size={14} />
          </button>
          <span className="el">{mapping === undefined ? `New: ${action.name}` : before.name}</span>
          <span className="r">
            <Segments
              label="How the fields are shown"
              value={view}
              options={[
                ["fields", "Fields"],
                ["json", "JSON"]
              ]}
              onChange={setView}
            />
          </span>
        </h2>
        <div className="scroll">
          <div className="sec2 form">
            <NameField value={name} error={save.error} onChange={(next) => setDraft({ ...draft, name: next })} />
            <div className="ff">
              <div className="b">When</div>
              <TriggerEditor
                trigger={trigger}
                tried={tried}
                problem={problemAt(save.error, "trigger")}
                onChange={(next) => setDraft({ ...draft, trigger: next })}
              />
            </div>
            {syncModes.length === 0 ? undefined : (
              <FormField label="What is done with records" required>
                {(control) => (
                  <select
                    {...control}
                    className="input"
                    value={String(settings[syncModeKey] ?? "")}
                    onChange={(event) =>
                      setDraft({ ...draft, settings: { ...settings, [syncModeKey]: event.target.value } })
                    }
                  >
                    <option value="">Choose</option>
                    {syncModes.map((mode) => (
                      <option key={mode} value={mode}>
                        {mode}
                      </option>
                    ))}
                  </select>
                )}
              </FormField>
            )}
          </div>
          {view === "json" ? (
            <div className="sec2 form">
              <FormField label="Settings of the mapping" problem={badJson ? "This is no JSON object." : undefined}>
                {(control) => (
                  <JsonText
                    control={{ ...control, className: "input" }}
                    rows={22}
                    value={settings}
                    onChange={(value) => {
                      setBadJson(!isSettings(value ?? {}))
                      if (isSettings(value ?? {})) setDraft({ ...draft, settings: (value ?? {}) as MappingSettings })
                    }}
                  />
                )}
              </FormField>
            </div>
          ) : (
            <MappingFields
              fields={fields}
              settings={settings}
              event={trial.event}
              tried={tried}
              problemOf={(key) => problemAt(save.error, key)}
              choicesOf={{ destinationId: destination.id, actionId: action.id }}
              onChange={(next) => setDraft({ ...draft, settings: next })}
            />
          )}
        </div>
        {save.error === null ? undefined : <Failed error={save.error} />}
        <div className="f">
          <span className={tried && !complete ? "bad" : "q2"} role="status">
            {tried && !complete
              ? "Fields that are needed get nothing yet."
              : save.isSuccess && !dirty
                ? "Saved. In force within a minute."
                : isOn || mapping === undefined
                  ? ""
                  : "Disabled: no event comes here."}
          </span>
          <span className="ml" />
          {isOn ? undefined : (
            <button className="btn" type="button" disabled={!may || save.isPending} onClick={() => send(true)}>
              Save and enable
            </button>
          )}
          <button className="btn p" type="submit" disabled={!may || !dirty || save.isPending}>
            Save mapping
          </button>
        </div>
      </form>
      <MappingTester
        destination={destination}
        subscription={{ name, actionId: action.id, actionSlug: action.slug, trigger, settings }}
        subscriptionId={mapping?.id}
        trial={trial}
      />
      <Unsaved dirty={isChanged} member="edit" isSaved={() => sent.current === now}>
        What you changed in this mapping is not saved.
      </Unsaved>
    </div>
  )
}

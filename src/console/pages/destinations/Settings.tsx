/** Settings of a destination: its name, whether it is enabled, what its entry asks for, copies of others, and the end of it. */
import { useNavigate } from "@tanstack/react-router"
import { Copy, KeyRound, Trash2 } from "lucide-react"
import { useState } from "react"
import { useMayConnect, useSpace } from "../../api/hooks.ts"
import { problemAt, useApiChange, useApiTry } from "../../api/public-api.ts"
import type { AuthenticationTest } from "../../api/public-types.ts"
import { changeDestination, deleteDestination, testAuthentication } from "../../api/requests.ts"
import { Confirm } from "../../parts/Dialog.tsx"
import { FormField } from "../../parts/FormField.tsx"
import { Failed } from "../../parts/States.tsx"
import { Switch } from "../../parts/Switch.tsx"
import { CopySettings } from "./CopySettings.tsx"
import type { TabProps } from "./Destination.tsx"
import { fieldOfOption, sentValues } from "./fields.ts"
import { OAuthTokens } from "./OAuthTokens.tsx"
import { problemsOf, SettingsForm } from "./SettingsForm.tsx"

const testWords: Readonly<Record<AuthenticationTest["status"], string>> = {
  ok: "The credentials are accepted.",
  failed: "The credentials are refused.",
  untested: "It has no test for credentials. Send an event with the event tester."
}

const Tested = ({ status, message }: AuthenticationTest) => (
  <span className={status === "ok" ? "good" : status === "failed" ? "bad" : "q2"} role="status">
    {status === "failed" ? (message ?? testWords.failed) : testWords[status]}
  </span>
)

/** Enabling tests the credentials first; what is refused stays disabled (DST-10). */
const Enable = ({ destination }: TabProps) => {
  const { id, enabled } = destination
  const may = useMayConnect()
  const test = useApiTry<AuthenticationTest>()
  const change = useApiChange()
  const set = async (on: boolean) => {
    if (on && (await test.mutateAsync(testAuthentication(id))).status === "failed") return
    await change.mutateAsync(changeDestination(id, { enabled: on }))
  }
  const name = destination.name ?? destination.metadata.name
  return (
    <section className="card fixed" aria-label="State">
      <div className="pad row g12">
        <Switch
          label={`${name} is enabled`}
          on={enabled}
          disabled={!may || change.isPending || test.isPending}
          onChange={(on) => void set(on).catch(() => undefined)}
        />
        <div className="grow">
          <div className="b">{enabled ? "Enabled" : "Disabled"}</div>
          <div className="q2">
            {enabled
              ? "Events are sent as they come. Disabling discards what still waits for a retry."
              : "Nothing is sent, and nothing is kept for later; a replay fills the gap."}
          </div>
        </div>
        {destination.metadata.testsAuthentication === false ? undefined : (
          <button
            className="btn"
            type="button"
            disabled={!may || test.isPending}
            onClick={() => test.mutate(testAuthentication(id))}
          >
            <KeyRound size={14} aria-hidden="true" />
            {test.isPending ? "Testing ..." : "Test authentication"}
          </button>
        )}
      </div>
      {test.data === undefined ? undefined : (
        <div className="f">
          <Tested {...test.data} />
        </div>
      )}
      {(change.error ?? test.error) === null ? undefined : <Failed error={(change.error ?? test.error)!} />}
    </section>
  )
}

const Delete = ({ destination, onClose }: TabProps & { readonly onClose: () => void }) => {
  const { slug } = useSpace()
  const navigate = useNavigate()
  const remove = useApiChange()
  const [typed, setTyped] = useState("")
  const name = destination.name ?? destination.metadata.name
  return (
    <Confirm
      open
      title={`Delete ${name}?`}
      verb="Delete destination"
      keep="Keep it"
      error={remove.error}
      busy={remove.isPending}
      disabled={typed.trim() !== name}
      onConfirm={() =>
        remove.mutate(deleteDestination(destination.id), {
          onSuccess: () => void navigate({ to: "/s/$space/destinations", params: { space: slug } })
        })
      }
      onClose={onClose}
    >
      <p className="q2">
        Its mappings, filters and alerts are deleted, and what waits for a retry is discarded. Numbers of its delivery
        stay until they expire. Stored events stay.
      </p>
      <label className="field">
        <span className="lbl">Type {name} to delete it</span>
        <input className="input" value={typed} autoComplete="off" onChange={(event) => setTyped(event.target.value)} />
      </label>
    </Confirm>
  )
}

const Form = ({ destination }: TabProps) => {
  const may = useMayConnect()
  const change = useApiChange()
  const fields = destination.metadata.options.map(fieldOfOption)
  const stored = { ...Object.fromEntries(fields.map(({ key }) => [key, undefined])), ...destination.settings }
  const [name, setName] = useState(destination.name ?? destination.metadata.name)
  const [settings, setSettings] = useState<Readonly<Record<string, unknown>>>(stored)
  const ceiling = destination.maxEventsPerSecond == null ? "" : String(destination.maxEventsPerSecond)
  const [speed, setSpeed] = useState(ceiling)
  const speedRight = speed.trim() === "" || Number(speed) > 0
  const [tried, setTried] = useState(false)
  const [asking, setAsking] = useState<"copy" | "delete" | undefined>()
  const dirty = name !== destination.name || speed !== ceiling || JSON.stringify(settings) !== JSON.stringify(stored)
  const save = () => {
    setTried(true)
    if (name.trim() === "" || !speedRight || problemsOf(fields, settings).length > 0) return
    change.mutate(
      changeDestination(destination.id, {
        name: name.trim(),
        settings: sentValues(fields, settings),
        maxEventsPerSecond: speed.trim() === "" ? null : Number(speed)
      })
    )
  }
  return (
    <>
      <form
        className="card fixed"
        aria-label="Settings"
        onSubmit={(event) => {
          event.preventDefault()
          save()
        }}
      >
        <h2 className="h">
          Settings
          <span className="r">
            {may ? (
              <button className="btn g s" type="button" onClick={() => setAsking("copy")}>
                <Copy size={12} aria-hidden="true" />
                Copy from another…
              </button>
            ) : undefined}
          </span>
        </h2>
        <div className="sec2">
          <FormField
            label="Name"
            required
            help="What tells it from others of its kind: a region, a team, a project."
            problem={problemAt(change.error, "name") ?? (name.trim() === "" ? "A name is needed." : undefined)}
          >
            {(control) => (
              <input
                {...control}
                className="input"
                maxLength={120}
                disabled={!may}
                value={name}
                onChange={(event) => setName(event.target.value)}
              />
            )}
          </FormField>
        </div>
        {fields.length === 0 ? undefined : (
          <div className="sec2">
            <SettingsForm
              fields={fields}
              values={settings}
              tried={tried}
              error={change.error}
              disabled={!may}
              onChange={setSettings}
            />
          </div>
        )}
        <div className="sec2">
          <FormField
            label="At most, events a second"
            help="Empty: as fast as the destination takes them. Replays take half of it, unless you say otherwise."
            problem={
              problemAt(change.error, "maxEventsPerSecond") ??
              (speedRight ? undefined : "A number above 0, or nothing.")
            }
          >
            {(control) => (
              <input
                {...control}
                className="input"
                inputMode="decimal"
                disabled={!may}
                value={speed}
                onChange={(event) => setSpeed(event.target.value)}
              />
            )}
          </FormField>
        </div>
        {change.error === null ? undefined : <Failed error={change.error} />}
        <div className="f">
          <span className="q2" role="status">
            {change.isSuccess && !dirty ? "Saved. In force within a minute." : ""}
          </span>
          <button className="btn p ml" type="submit" disabled={!may || !dirty || change.isPending}>
            Save settings
          </button>
        </div>
      </form>
      {may ? (
        <section className="card fixed" aria-label="Deletion">
          <div className="pad row">
            <span className="q2 grow">Deleting it takes its mappings and filters with it.</span>
            <button className="btn" type="button" onClick={() => setAsking("delete")}>
              <Trash2 size={14} aria-hidden="true" />
              Delete…
            </button>
          </div>
        </section>
      ) : undefined}
      {asking === "copy" ? <CopySettings destination={destination} onClose={() => setAsking(undefined)} /> : undefined}
      {asking === "delete" ? <Delete destination={destination} onClose={() => setAsking(undefined)} /> : undefined}
    </>
  )
}

const Settings = ({ destination }: TabProps) => (
  <div className="wide col g12">
    <Enable destination={destination} />
    <OAuthTokens destination={destination} />
    {/* What is stored has changed: the form begins anew. */}
    <Form
      key={JSON.stringify([destination.name, destination.settings, destination.maxEventsPerSecond])}
      destination={destination}
    />
  </div>
)

export default Settings

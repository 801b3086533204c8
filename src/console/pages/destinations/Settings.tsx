/** Settings of a destination: whether it is enabled, its name, its mode, what its entry asks for, copies of others, and the end of it. */
import { useNavigate } from "@tanstack/react-router"
import { Copy, KeyRound } from "lucide-react"
import { useState } from "react"
import { useMayConnect, useSpace } from "../../api/hooks.ts"
import { problemAt, useApiChange, useApiTry } from "../../api/public-api.ts"
import type { AuthenticationTest, ConnectionMode } from "../../api/public-types.ts"
import { changeDestination, deleteDestination, testAuthentication } from "../../api/requests.ts"
import { Deletion } from "../../parts/Deletion.tsx"
import { FormField } from "../../parts/FormField.tsx"
import { NameField } from "../../parts/NameField.tsx"
import { Failed } from "../../parts/States.tsx"
import { SwitchRow } from "../../parts/SwitchRow.tsx"
import { NeededConsent } from "../consent/NeededConsent.tsx"
import { CopySettings } from "./CopySettings.tsx"
import type { TabProps } from "./Destination.tsx"
import { Encryption } from "./Encryption.tsx"
import { fieldOfOption, sentValues } from "./fields.ts"
import { hasBothModes } from "./modes.ts"
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
      <SwitchRow
        label={`${name} is enabled`}
        on={enabled}
        disabled={!may || change.isPending || test.isPending}
        onChange={(on) => void set(on).catch(() => undefined)}
        title={enabled ? "Enabled" : "Disabled"}
        says={
          enabled
            ? "Events are sent as they come. Disabling discards what still waits for a retry."
            : "Nothing is sent, and nothing is kept for later; a replay fills the gap."
        }
      >
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
      </SwitchRow>
      {test.data === undefined ? undefined : (
        <div className="f">
          <Tested {...test.data} />
        </div>
      )}
      {(change.error ?? test.error) === null ? undefined : <Failed error={(change.error ?? test.error)!} />}
    </section>
  )
}

const modeHelp: Readonly<Record<ConnectionMode, string>> = {
  cloud: "What is received is sent from here: filters, mappings, retries and replays are at work.",
  device:
    "The library on the device talks to the tool itself, and Braid sends nothing to it. What is not delivered there is not seen here."
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
  const [mode, setMode] = useState(destination.connectionMode)
  const speedRight = speed.trim() === "" || Number(speed) > 0
  const [tried, setTried] = useState(false)
  const [copying, setCopying] = useState(false)
  const dirty =
    name !== destination.name ||
    speed !== ceiling ||
    mode !== destination.connectionMode ||
    JSON.stringify(settings) !== JSON.stringify(stored)
  const save = () => {
    setTried(true)
    if (name.trim() === "" || !speedRight || problemsOf(fields, settings).length > 0) return
    change.mutate(
      changeDestination(destination.id, {
        name: name.trim(),
        settings: sentValues(fields, settings),
        maxEventsPerSecond: speed.trim() === "" ? null : Number(speed),
        ...(mode === destination.connectionMode ? {} : { connectionMode: mode })
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
              <button className="btn g s" type="button" onClick={() => setCopying(true)}>
                <Copy size={12} aria-hidden="true" />
                Copy from another…
              </button>
            ) : undefined}
          </span>
        </h2>
        <div className="sec2">
          <NameField
            help="What tells it from others of its kind: a region, a team, a project."
            disabled={!may}
            error={change.error}
            value={name}
            onChange={setName}
          />
        </div>
        {hasBothModes(destination.metadata) ? (
          <div className="sec2">
            <FormField
              label="Connection mode"
              help={modeHelp[mode]}
              problem={problemAt(change.error, "connectionMode")}
            >
              {(control) => (
                <select
                  {...control}
                  className="input"
                  disabled={!may}
                  value={mode}
                  onChange={(event) => setMode(event.target.value as ConnectionMode)}
                >
                  <option value="cloud">Cloud: Braid sends</option>
                  <option value="device">Device: the library in the site or app sends</option>
                </select>
              )}
            </FormField>
          </div>
        ) : undefined}
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
      {copying ? <CopySettings destination={destination} onClose={() => setCopying(false)} /> : undefined}
    </>
  )
}

const Settings = ({ destination }: TabProps) => {
  const { slug } = useSpace()
  const navigate = useNavigate()
  const { id, metadata, name = metadata.name, settings, maxEventsPerSecond, connectionMode } = destination
  return (
    <div className="wide col g12">
      <Enable destination={destination} />
      <OAuthTokens destination={destination} />
      {/* What is stored has changed: the form begins anew. */}
      <Form
        key={JSON.stringify([destination.name, settings, maxEventsPerSecond, connectionMode])}
        destination={destination}
      />
      <Encryption destination={destination} />
      <NeededConsent entry={metadata.id} />
      <Deletion
        name={name}
        kind="destination"
        hint="Deleting it takes its mappings and filters with it."
        consequences={
          "Its mappings, filters and alerts are deleted, and what waits for a retry is discarded. Numbers of its delivery " +
          "stay until they expire. Stored events stay."
        }
        request={deleteDestination(id)}
        onDeleted={() => void navigate({ to: "/s/$space/destinations", params: { space: slug } })}
      />
    </div>
  )
}

export default Settings

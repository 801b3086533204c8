/** Name, state, labels and end of a source; its write keys and its OAuth are panels of their own. */
import { useNavigate } from "@tanstack/react-router"
import { useState } from "react"
import { useMayConnect, useSpace } from "../../api/hooks.ts"
import { problemAt, useApiChange } from "../../api/public-api.ts"
import type { Label, Source } from "../../api/public-types.ts"
import { changeSource, deleteSource, setLabels } from "../../api/requests.ts"
import { Deletion } from "../../parts/Deletion.tsx"
import { FormField } from "../../parts/FormField.tsx"
import { NameField } from "../../parts/NameField.tsx"
import { Failed } from "../../parts/States.tsx"
import { SwitchRow } from "../../parts/SwitchRow.tsx"
import { OAuthPanel } from "./OAuthPanel.tsx"
import { WriteKeys } from "./WriteKeys.tsx"

interface SourceProps {
  readonly source: Source
}

const State = ({ source }: SourceProps) => {
  const may = useMayConnect()
  const change = useApiChange()
  const { id, enabled, name, slug } = source
  return (
    <section className="card fixed" aria-label="State">
      <SwitchRow
        label={`${name ?? slug} is enabled`}
        on={enabled}
        disabled={!may || change.isPending}
        onChange={(on) => change.mutate(changeSource(id, { enabled: on }))}
        title={enabled ? "Enabled" : "Disabled"}
        says={
          enabled
            ? "Its messages are accepted and go on."
            : "Its messages are answered with success, but nothing of them is kept."
        }
      />
      {change.error === null ? undefined : <Failed error={change.error} />}
    </section>
  )
}

const labelText = ({ key, value }: Label) => `${key}:${value}`

const labelsIn = (text: string): ReadonlyArray<Label> | undefined => {
  const words = text.split(/[\s,]+/).filter((word) => word !== "")
  const labels = words.map((word) => {
    const colon = word.indexOf(":")
    return { key: word.slice(0, colon), value: word.slice(colon + 1) }
  })
  return words.every((word) => /^[^:]+:[^:]+/.test(word)) ? labels : undefined
}

const Names = ({ source }: SourceProps) => {
  const may = useMayConnect()
  const rename = useApiChange()
  const relabel = useApiChange()
  const before = source.labels.map(labelText).join(" ")
  const [name, setName] = useState(source.name ?? "")
  const [text, setText] = useState(before)
  const labels = labelsIn(text)
  const dirty = name.trim() !== (source.name ?? "") || text !== before
  const save = async () => {
    if (labels === undefined || name.trim() === "") return
    if (name.trim() !== source.name) await rename.mutateAsync(changeSource(source.id, { name: name.trim() }))
    if (text !== before) await relabel.mutateAsync(setLabels(source.id, labels))
  }
  const error = rename.error ?? relabel.error
  return (
    <form
      className="card fixed"
      aria-label="Name and labels"
      onSubmit={(event) => {
        event.preventDefault()
        void save().catch(() => undefined)
      }}
    >
      <div className="sec2 form">
        <NameField disabled={!may} error={error} value={name} onChange={setName} />
        <FormField
          label="Labels"
          help="Each key:value, with blanks between. They must be labels of the workspace."
          problem={problemAt(error, "labels") ?? (labels === undefined ? "A label is key:value." : undefined)}
        >
          {(control) => (
            <input
              {...control}
              className="input m"
              disabled={!may}
              placeholder="environment:prod"
              value={text}
              onChange={(event) => setText(event.target.value)}
            />
          )}
        </FormField>
        <dl className="facts2">
          <dt>Address name</dt>
          <dd className="m">{source.slug}</dd>
          <dt>Id</dt>
          <dd className="m">{source.id}</dd>
        </dl>
      </div>
      {error === null ? undefined : <Failed error={error} />}
      <div className="f">
        <button className="btn p ml" type="submit" disabled={!may || !dirty || labels === undefined}>
          Save
        </button>
      </div>
    </form>
  )
}

const SourceSettings = ({ source }: SourceProps) => {
  const { slug: space } = useSpace()
  const navigate = useNavigate()
  return (
    <div className="wide col g12">
      {source.origin === "file" ? (
        <div className="note">
          It stands in the configuration file: what the file says of it is set again whenever the file is applied.
        </div>
      ) : undefined}
      <State source={source} />
      <WriteKeys source={source} />
      <OAuthPanel source={source} />
      <Names key={JSON.stringify([source.name, source.labels])} source={source} />
      <Deletion
        name={source.name ?? source.slug}
        kind="source"
        hint="Deleting it takes its destinations with it."
        consequences="Its keys stop working and its destinations are deleted with it. Stored events and profiles stay."
        request={deleteSource(source.id)}
        onDeleted={() => void navigate({ to: "/s/$space/destinations", params: { space } })}
      />
    </div>
  )
}

export default SourceSettings

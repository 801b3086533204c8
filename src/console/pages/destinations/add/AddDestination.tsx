/** Adding a destination: which source, its name, its settings, ready-made mappings, and whether it starts at once (DST-1, DST-85). */
import { useNavigate, useSearch } from "@tanstack/react-router"
import { useState } from "react"
import { useSpace } from "../../../api/hooks.ts"
import { problemAt, useApi } from "../../../api/public-api.ts"
import type { Destination, Entry, Source } from "../../../api/public-types.ts"
import { destinations as allDestinations, entry as entryOf, sources as allSources } from "../../../api/requests.ts"
import { Check } from "../../../parts/Check.tsx"
import { FormField } from "../../../parts/FormField.tsx"
import { Page } from "../../../parts/Page.tsx"
import { Empty, Failed, QueryView } from "../../../parts/States.tsx"
import { useCrumbs } from "../../../shell/crumbs.ts"
import { changed } from "../../../url-state.ts"
import { fieldOfOption, initialsOf, isEmpty, sentValues } from "../fields.ts"
import { problemsOf, SettingsForm } from "../SettingsForm.tsx"
import { QuickSetup } from "./QuickSetup.tsx"
import { readyOf } from "./quick-setup.ts"
import { useAdd } from "./use-add.ts"
import { OwnersOnly } from "../OwnersOnly.tsx"
import "../destinations.css"

/** DST-5: the entry's name, numbered where the source has one of it already. */
const freeName = (entry: Entry, taken: ReadonlyArray<Destination>): string => {
  const names = new Set(taken.map(({ name }) => name))
  if (!names.has(entry.name)) return entry.name
  for (let n = 2; ; n++) if (!names.has(`${entry.name} ${n}`)) return `${entry.name} ${n}`
}

interface FormProps {
  readonly entry: Entry
  readonly sources: ReadonlyArray<Source>
  readonly destinations: ReadonlyArray<Destination>
}

const AddForm = ({ entry, sources, destinations }: FormProps) => {
  const { slug } = useSpace()
  const search = useSearch({ from: "/app/s/$space/destinations/new" })
  const navigate = useNavigate({ from: "/s/$space/destinations/new" })
  const source = sources.find(({ id }) => id === search.source)
  const fields = entry.options.map(fieldOfOption)
  const ready = readyOf(entry)
  const [typed, setTyped] = useState<string | undefined>()
  const [settings, setSettings] = useState(() => initialsOf(fields))
  const [chosen, setChosen] = useState<ReadonlySet<string>>(() => new Set(ready.map(({ key }) => key)))
  const [filled, setFilled] = useState<Readonly<Record<string, Readonly<Record<string, unknown>>>>>({})
  const [enable, setEnable] = useState(false)
  const [tried, setTried] = useState(false)
  const taken = destinations.filter(({ sourceId }) => sourceId === source?.id)
  const name = typed ?? freeName(entry, taken)
  const { add, error, busy } = useAdd(
    (id) => void navigate({ to: "/s/$space/destinations/$id/$tab", params: { space: slug, id, tab: "mappings" } })
  )
  const mappings = ready.filter(({ key }) => chosen.has(key))
  const nameProblem =
    name.trim() === ""
      ? "A name is needed."
      : taken.some((each) => each.name === name.trim()) && error === null
        ? "This source has a destination with this name."
        : undefined
  const missing = mappings.some(({ key, missing: needed }) => needed.some((field) => isEmpty(filled[key]?.[field.key])))
  const wrong = source === undefined || nameProblem !== undefined || missing || problemsOf(fields, settings).length > 0
  const submit = () => {
    setTried(true)
    if (wrong || busy) return
    void add({
      sourceId: source.id,
      metadataId: entry.id,
      name: name.trim(),
      settings: sentValues(fields, settings),
      mappings: mappings.map(({ key, name: title, action, trigger, settings: fixed }) => ({
        key,
        name: title,
        actionId: action.id,
        trigger,
        settings: { ...fixed, ...filled[key] }
      })),
      enable
    })
  }
  return (
    <form
      className="card wide fixed"
      aria-label={`Add ${entry.name}`}
      onSubmit={(event) => {
        event.preventDefault()
        submit()
      }}
    >
      <div className="sec2 form two">
        <FormField
          label="Source"
          required
          help="Its events go there. The source of a destination cannot be changed."
          problem={tried && source === undefined ? "Choose whose events it gets." : undefined}
        >
          {(control) => (
            <select
              {...control}
              className="input"
              value={source?.id ?? ""}
              onChange={({ currentTarget: { value } }) =>
                void navigate({
                  search: (old) => changed(old, { source: value === "" ? undefined : value }),
                  replace: true
                })
              }
            >
              <option value="">Choose</option>
              {sources.map((each) => (
                <option key={each.id} value={each.id}>
                  {each.name ?? each.slug}
                </option>
              ))}
            </select>
          )}
        </FormField>
        <FormField
          label="Name"
          required
          help="What tells it from others of its kind: a region, a team, a project."
          problem={problemAt(error, "name") ?? (tried || typed !== undefined ? nameProblem : undefined)}
        >
          {(control) => (
            <input
              {...control}
              className="input"
              maxLength={120}
              value={name}
              onChange={(event) => setTyped(event.target.value)}
            />
          )}
        </FormField>
      </div>
      {fields.length === 0 ? undefined : (
        <div className="sec2">
          <SettingsForm fields={fields} values={settings} tried={tried} error={error} onChange={setSettings} />
        </div>
      )}
      {ready.length === 0 ? undefined : (
        <QuickSetup
          ready={ready}
          chosen={chosen}
          filled={filled}
          tried={tried}
          onChoose={setChosen}
          onFill={(key, values) => setFilled({ ...filled, [key]: values })}
        />
      )}
      <div className="sec2">
        <Check on={enable} onChange={setEnable}>
          <span className="b">Enable it at once</span>
          <div className="q2">
            Events that come from now on are sent.{" "}
            {entry.testsAuthentication === true ? "Its credentials are tested before." : ""}
          </div>
        </Check>
      </div>
      {error === null ? undefined : <Failed error={error} />}
      <div className="f">
        <span className={tried && wrong ? "bad" : "q2"} role="status">
          {tried && wrong ? "Something is missing above." : ""}
        </span>
        <button className="btn p ml" type="submit" disabled={busy}>
          {busy ? "Adding ..." : "Add destination"}
        </button>
      </div>
    </form>
  )
}

const AddDestinationPage = () => {
  const { slug } = useSpace()
  const { entry: id } = useSearch({ from: "/app/s/$space/destinations/new" })
  const entry = useApi(entryOf(id ?? ""), { enabled: id !== undefined, forever: true })
  const sources = useApi(allSources)
  const destinations = useApi(allDestinations)
  useCrumbs(`Destinations|/s/${slug}/destinations`, `Catalog|/s/${slug}/catalog`, "Add")
  return (
    <Page
      title={entry.data === undefined ? "Add a destination" : `Add ${entry.data.name}`}
      ready={(entry.data !== undefined && sources.data !== undefined) || entry.error !== null || id === undefined}
    >
      {id === undefined ? (
        <section className="card grow">
          <Empty title="Which one?">Choose it in the catalog first.</Empty>
        </section>
      ) : (
        <QueryView query={entry}>
          {(found) => (
            <QueryView query={sources}>
              {(all) => (
                <QueryView query={destinations}>
                  {(every) => <AddForm key={found.id} entry={found} sources={all} destinations={every} />}
                </QueryView>
              )}
            </QueryView>
          )}
        </QueryView>
      )}
    </Page>
  )
}

export const AddDestination = () => (
  <OwnersOnly title="Add a destination">
    <AddDestinationPage />
  </OwnersOnly>
)

/** One entry of the catalog (DST-16): what it takes, what it asks for, what it can do, and whether somebody must prepare it. */
import { Link, useParams, useSearch } from "@tanstack/react-router"
import { Plus, Wrench } from "lucide-react"
import { useSpace } from "../../api/hooks.ts"
import { useApi } from "../../api/public-api.ts"
import type { Entry } from "../../api/public-types.ts"
import { entry as entryOf } from "../../api/requests.ts"
import { plain } from "../../parts/FormField.tsx"
import { Page } from "../../parts/Page.tsx"
import { Empty, QueryView } from "../../parts/States.tsx"
import { Table } from "../../parts/Table.tsx"
import { useCrumbs } from "../../shell/crumbs.ts"
import { plural } from "../../words.ts"
import { readyOf } from "../destinations/add/quick-setup.ts"
import { triggerWords } from "../destinations/conditions.ts"
import "../destinations/destinations.css"

const methodNames: ReadonlyArray<readonly [key: string, title: string]> = [
  ["track", "Track"],
  ["identify", "Identify"],
  ["page", "Page"],
  ["pageview", "Page"],
  ["screen", "Screen"],
  ["group", "Group"],
  ["alias", "Alias"]
]

const platformNames: ReadonlyArray<readonly [key: string, title: string]> = [
  ["browser", "websites"],
  ["mobile", "mobile apps"],
  ["server", "servers"],
  ["warehouse", "warehouses"]
]

const those = (names: ReadonlyArray<readonly [string, string]>, flags: Readonly<Record<string, boolean>>) =>
  [...new Set(names.filter(([key]) => flags[key] === true).map(([, title]) => title))].join(", ")

const Facts = ({ entry }: { readonly entry: Entry }) => (
  <dl className="facts2">
    <dt>Calls</dt>
    <dd>{those(methodNames, entry.supportedMethods)}</dd>
    <dt>From</dt>
    <dd>{those(platformNames, entry.supportedPlatforms)}</dd>
    <dt>Sent by</dt>
    <dd>Braid, from its servers (cloud mode)</dd>
    <dt>Replay</dt>
    <dd>{entry.supportedFeatures.replay === false ? "does not take events of the past" : "takes events of any age"}</dd>
    <dt>Categories</dt>
    <dd>{entry.categories.join(", ") || "none"}</dd>
    {entry.website === "" ? undefined : (
      <>
        <dt>Website</dt>
        <dd>{entry.website}</dd>
      </>
    )}
    <dt>Id</dt>
    <dd className="m">{entry.id}</dd>
  </dl>
)

const Setup = ({ variables }: { readonly variables: ReadonlyArray<string> }) => (
  <div className="note">
    <Wrench size={16} aria-hidden="true" />
    <div className="grow">
      <div className="b">Needs operator set-up</div>
      Whoever runs Braid sets {variables.length === 1
        ? "this environment variable"
        : "these environment variables"}{" "}
      first: <span className="m">{variables.join(", ")}</span>
    </div>
  </div>
)

const Settings = ({ options }: Pick<Entry, "options">) => {
  const shown = options.filter(({ hidden }) => hidden !== true)
  return shown.length === 0 ? (
    <Empty title="It has no settings" />
  ) : (
    <Table columns={[["Setting", 170], ["Type", 80], ["Needed", 70], ["Meaning"]]}>
      {shown.map(({ name, label, type, required, description = "" }) => (
        <tr key={name}>
          <td className="b" title={name}>
            {label ?? name}
          </td>
          <td className="q2">{type.toLowerCase()}</td>
          <td className="q2">{required ? "yes" : "no"}</td>
          <td className="q2" title={plain(description)}>
            {plain(description)}
          </td>
        </tr>
      ))}
    </Table>
  )
}

const Actions = ({ actions, presets }: Pick<Entry, "actions" | "presets">) => {
  const shown = actions.filter(({ hidden }) => !hidden)
  return shown.length === 0 ? (
    <Empty title="It has no actions">It takes every event as it is; there is nothing to map.</Empty>
  ) : (
    <Table
      columns={[["Action", 190], ["When, unless you say otherwise"], ["Fields", 60, "num"], ["Presets", 70, "num"]]}
    >
      {shown.map(({ id, name, description, defaultTrigger, fields }) => (
        <tr key={id}>
          <td className="b" title={plain(description)}>
            {name}
          </td>
          <td className="q2" title={triggerWords(defaultTrigger)}>
            {triggerWords(defaultTrigger)}
          </td>
          <td className="num">{fields.length}</td>
          <td className="num">{presets.filter(({ actionId }) => actionId === id).length}</td>
        </tr>
      ))}
    </Table>
  )
}

const QuickSetup = ({ entry }: { readonly entry: Entry }) => {
  const ready = readyOf(entry)
  return (
    <section className="card" aria-label="Quick set-up">
      <h2 className="h">
        Quick set-up
        <span className="r">{plural(ready.length, "mapping")}</span>
      </h2>
      <div className="pad col g4">
        {ready.length === 0 ? (
          <p className="q2">It brings no ready-made mappings: you make the first one yourself.</p>
        ) : (
          ready.slice(0, 10).map(({ key, name, trigger }) => (
            <div className="el" key={key} title={triggerWords(trigger)}>
              {name} <span className="q">{triggerWords(trigger)}</span>
            </div>
          ))
        )}
      </div>
    </section>
  )
}

export const CatalogEntry = () => {
  const { slug } = useSpace()
  const { entry: id } = useParams({ from: "/app/s/$space/catalog/$entry" })
  const { source } = useSearch({ from: "/app/s/$space/catalog/$entry" })
  const query = useApi(entryOf(id), { forever: true })
  const entry = query.data
  useCrumbs(`Destinations|/s/${slug}/destinations`, `Catalog|/s/${slug}/catalog`, entry?.name ?? "")
  return (
    <Page
      title={entry?.name ?? "Catalog"}
      sub={entry?.status === "PUBLIC_BETA" ? "Beta" : undefined}
      ready={entry !== undefined || query.error !== null}
      actions={
        entry === undefined ? undefined : (
          <Link
            className="btn p"
            to="/s/$space/destinations/new"
            params={{ space: slug }}
            search={{ entry: id, ...(source === undefined ? {} : { source }) }}
          >
            <Plus size={14} aria-hidden="true" />
            Add {entry.name}
          </Link>
        )
      }
    >
      <QueryView query={query} rows={10}>
        {(entry) => (
          <>
            {entry.operatorSetup === undefined || entry.operatorSetup.length === 0 ? undefined : (
              <Setup variables={entry.operatorSetup} />
            )}
            <div className="two-up">
              <section className="card pad col g12" aria-label="Description">
                <p>{plain(entry.description) || "Nothing more is said of it."}</p>
                <Facts entry={entry} />
              </section>
              <QuickSetup entry={entry} />
            </div>
            <section className="card fixed" aria-label="Settings">
              <h2 className="h">Settings</h2>
              <Settings options={entry.options} />
            </section>
            <section className="card fixed" aria-label="Actions">
              <h2 className="h">Actions</h2>
              <Actions actions={entry.actions} presets={entry.presets} />
            </section>
          </>
        )}
      </QueryView>
    </Page>
  )
}

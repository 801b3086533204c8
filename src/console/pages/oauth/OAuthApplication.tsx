/** One OAuth application: what it may do, its keys with the ids that assertions name, the sources that it is connected to, its end. */
import { Link, useNavigate, useParams } from "@tanstack/react-router"
import { Plus, X } from "lucide-react"
import { useState } from "react"
import { useSpace } from "../../api/hooks.ts"
import { useApi, useApiChange } from "../../api/public-api.ts"
import type { OAuthApplication as ApplicationData } from "../../api/public-types.ts"
import {
  addOAuthKey,
  changeOAuthApplication,
  deleteOAuthApplication,
  oauthApplication,
  removeOAuthKey,
  sources as allSources
} from "../../api/requests.ts"
import { Copy } from "../../parts/Copy.tsx"
import { Deletion } from "../../parts/Deletion.tsx"
import { Confirm } from "../../parts/Dialog.tsx"
import { Page } from "../../parts/Page.tsx"
import { RowButton } from "../../parts/RowButton.tsx"
import { Failed, QueryView } from "../../parts/States.tsx"
import { Table } from "../../parts/Table.tsx"
import { useCrumbs } from "../../shell/crumbs.ts"
import { actorText, ago, exact, moment, plural } from "../../words.ts"
import { OwnersOnly } from "../destinations/OwnersOnly.tsx"
import { ApplicationFields, type ApplicationForm, isKey, type KeyForm, KeyFields } from "./ApplicationFields.tsx"
import "../destinations/destinations.css"

interface Props {
  readonly application: ApplicationData
}

const mostKeys = 2

const Settings = ({ application }: Props) => {
  const { id, name, tokenSeconds, scopes, createdAt, createdBy } = application
  const before: ApplicationForm = { name, tokenSeconds, scopes }
  const [form, setForm] = useState(before)
  const change = useApiChange()
  const dirty = JSON.stringify(form) !== JSON.stringify(before)
  const right = form.name.trim() !== "" && form.scopes.length > 0
  return (
    <form
      className="card fixed"
      aria-label="Settings"
      onSubmit={(event) => {
        event.preventDefault()
        if (right) change.mutate(changeOAuthApplication(id, { ...form, name: form.name.trim() }))
      }}
    >
      <h2 className="h">Settings</h2>
      <div className="sec2 form">
        <ApplicationFields form={form} error={change.error} onChange={setForm} />
        <dl className="facts2">
          <dt>App id</dt>
          <dd className="m row g4">
            {id} <Copy text={id} what="app id" />
          </dd>
          <dt>Made</dt>
          <dd title={exact(createdAt)}>
            {moment(createdAt)} by {actorText(createdBy)}
          </dd>
        </dl>
      </div>
      {change.error === null ? undefined : <Failed error={change.error} />}
      <div className="f">
        <span className={form.scopes.length === 0 ? "bad" : "q2"}>
          {form.scopes.length === 0
            ? "Its tokens must be good for something."
            : "What is taken away stops counting at once, also for tokens that are out."}
        </span>
        <button className="btn p ml" type="submit" disabled={!dirty || !right || change.isPending}>
          Save
        </button>
      </div>
    </form>
  )
}

const AddKey = ({ application, onClose }: Props & { readonly onClose: () => void }) => {
  const add = useApiChange()
  const [key, setKey] = useState<KeyForm>({ name: "", publicKey: "" })
  return (
    <Confirm
      open
      title="Add a key"
      verb="Add key"
      keep="Cancel"
      error={add.error}
      busy={add.isPending}
      disabled={!isKey(key)}
      onConfirm={() => add.mutate(addOAuthKey(application.id, key), { onSuccess: onClose })}
      onClose={onClose}
    >
      <div className="form">
        <KeyFields form={key} onChange={setKey} />
      </div>
    </Confirm>
  )
}

const Keys = ({ application }: Props) => {
  const { id, keys } = application
  const remove = useApiChange()
  const [adding, setAdding] = useState(false)
  const [asking, setAsking] = useState<ApplicationData["keys"][number] | undefined>()
  const full = keys.length >= mostKeys
  return (
    <section className="card fixed" aria-label="Keys">
      <h2 className="h">
        Keys
        <span className="r">
          <button
            className="btn g s"
            type="button"
            disabled={full}
            title={full ? `An application has at most ${mostKeys} keys` : ""}
            onClick={() => setAdding(true)}
          >
            <Plus size={12} aria-hidden="true" />
            Add key…
          </button>
        </span>
      </h2>
      <Table columns={[["Key"], ["Key id", 290], ["Added", 110], ["Do", 90, "hidden"]]}>
        {keys.map((key) => (
          <tr key={key.id}>
            <td>{key.name}</td>
            <td className="m" title={key.id}>
              {key.id}
            </td>
            <td className="q" title={exact(key.createdAt)}>
              {ago(key.createdAt)}
            </td>
            <td>
              <span className="row g4">
                <Copy text={key.id} what="key id" />
                <RowButton
                  icon={X}
                  verb="Remove"
                  of={`key ${key.name}`}
                  disabled={keys.length < 2}
                  onClick={() => setAsking(key)}
                />
              </span>
            </td>
          </tr>
        ))}
      </Table>
      {adding ? <AddKey application={application} onClose={() => setAdding(false)} /> : undefined}
      {asking === undefined ? undefined : (
        <Confirm
          open
          title={`Remove the key ${asking.name}?`}
          verb="Remove key"
          keep="Keep it"
          error={remove.error}
          busy={remove.isPending}
          onConfirm={() => remove.mutate(removeOAuthKey(id, asking.id), { onSuccess: () => setAsking(undefined) })}
          onClose={() => setAsking(undefined)}
        >
          <p className="q2">
            Whoever signs with it gets no token any more. Tokens that were given out for it stay valid until they
            expire.
          </p>
        </Confirm>
      )}
    </section>
  )
}

const Connected = ({ application }: Props) => {
  const { slug } = useSpace()
  const all = useApi(allSources).data ?? []
  const own = all.filter(({ id }) => application.sources.includes(id))
  return (
    <section className="card fixed" aria-label="Sources">
      <h2 className="h">Sources</h2>
      <div className="pad row g16 wrap">
        {own.length === 0 ? (
          <span className="q2">
            It is connected to no source. The settings of a server's source offer it under OAuth.
          </span>
        ) : undefined}
        {own.map(({ id, name, slug: address }) => (
          <Link
            className="acc"
            key={id}
            to="/s/$space/sources/$source/$tab"
            params={{ space: slug, source: id, tab: "settings" }}
          >
            {name ?? address}
          </Link>
        ))}
      </div>
    </section>
  )
}

const ApplicationPage = () => {
  const { slug } = useSpace()
  const navigate = useNavigate()
  const { application: id } = useParams({ from: "/app/s/$space/oauth-applications/$application" })
  const query = useApi(oauthApplication(id))
  const name = query.data?.name ?? "OAuth application"
  useCrumbs(`Sources|/s/${slug}/sources`, `OAuth applications|/s/${slug}/oauth-applications`, name)
  return (
    <Page title={name} sub="OAuth application" ready={query.data !== undefined || query.error !== null}>
      <QueryView query={query} rows={8}>
        {(application) => (
          <div className="wide col g12">
            <Keys application={application} />
            <Settings
              key={JSON.stringify([application.name, application.tokenSeconds, application.scopes])}
              application={application}
            />
            <Connected application={application} />
            <Deletion
              name={name}
              kind="application"
              hint="Its tokens end with it."
              consequences="Its tokens and keys stop working at once. Sources and events stay."
              request={deleteOAuthApplication(id, name)}
              onDeleted={() => void navigate({ to: "/s/$space/oauth-applications", params: { space: slug } })}
              blocked={
                application.sources.length === 0
                  ? undefined
                  : `It is connected to ${plural(application.sources.length, "source")}. Disconnect them to delete it.`
              }
            />
          </div>
        )}
      </QueryView>
    </Page>
  )
}

export const OAuthApplication = () => (
  <OwnersOnly title="OAuth application">
    <ApplicationPage />
  </OwnersOnly>
)

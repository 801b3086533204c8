/** OAuth applications (ING-142, ADM-75): servers that sign with a key of their own and send with tokens that expire. */
import { Link, useNavigate } from "@tanstack/react-router"
import { Plus } from "lucide-react"
import { useState } from "react"
import { useSpace } from "../../api/hooks.ts"
import { useApi, useApiChange } from "../../api/public-api.ts"
import type { OAuthApplication } from "../../api/public-types.ts"
import { addOAuthApplication, oauthApplications, revokeOAuthToken } from "../../api/requests.ts"
import { Copy } from "../../parts/Copy.tsx"
import { Confirm } from "../../parts/Dialog.tsx"
import { FormField } from "../../parts/FormField.tsx"
import { Page } from "../../parts/Page.tsx"
import { Empty } from "../../parts/States.tsx"
import { QueryPanel, Table } from "../../parts/Table.tsx"
import { useCrumbs } from "../../shell/crumbs.ts"
import { count, plural } from "../../words.ts"
import { OwnersOnly } from "../destinations/OwnersOnly.tsx"
import { lifetimeText } from "./application.ts"
import { ApplicationFields, type ApplicationForm, isKey, type KeyForm, KeyFields } from "./ApplicationFields.tsx"

const newForm: ApplicationForm = { name: "", tokenSeconds: 86_400, scopes: ["tracking_api:write"] }

const AddApplication = ({ onClose }: { readonly onClose: () => void }) => {
  const { slug } = useSpace()
  const navigate = useNavigate()
  const add = useApiChange<OAuthApplication>()
  const [form, setForm] = useState(newForm)
  const [key, setKey] = useState<KeyForm>({ name: "", publicKey: "" })
  return (
    <Confirm
      open
      title="Add an OAuth application"
      verb="Add application"
      keep="Cancel"
      error={add.error}
      busy={add.isPending}
      disabled={form.name.trim() === "" || form.scopes.length === 0 || !isKey(key)}
      onConfirm={() =>
        add.mutate(addOAuthApplication({ ...form, name: form.name.trim(), key }), {
          onSuccess: ({ id }) =>
            void navigate({
              to: "/s/$space/oauth-applications/$application",
              params: { space: slug, application: id }
            })
        })
      }
      onClose={onClose}
    >
      <div className="form">
        <ApplicationFields form={form} error={add.error} strict={false} onChange={setForm} />
        <KeyFields form={key} onChange={setKey} />
      </div>
    </Confirm>
  )
}

const RevokeToken = ({ onClose }: { readonly onClose: () => void }) => {
  const revoke = useApiChange()
  const [token, setToken] = useState("")
  return (
    <Confirm
      open
      title="Revoke a token"
      verb="Revoke token"
      keep="Cancel"
      error={revoke.error}
      busy={revoke.isPending}
      disabled={token.trim() === ""}
      onConfirm={() => revoke.mutate(revokeOAuthToken(token.trim()), { onSuccess: onClose })}
      onClose={onClose}
    >
      <FormField label="The whole token" required help="Requests with it are refused within five seconds, for good.">
        {(control) => (
          <textarea
            {...control}
            className="input m"
            rows={6}
            spellCheck={false}
            value={token}
            onChange={(event) => setToken(event.target.value)}
          />
        )}
      </FormField>
    </Confirm>
  )
}

const Applications = () => {
  const { slug } = useSpace()
  const query = useApi(oauthApplications)
  const [asking, setAsking] = useState<"add" | "revoke" | undefined>()
  useCrumbs(`Sources|/s/${slug}/sources`, "OAuth applications")
  const add = (
    <button className="btn p" type="button" onClick={() => setAsking("add")}>
      <Plus size={14} aria-hidden="true" />
      Add application…
    </button>
  )
  const isEmpty = query.data?.length === 0
  return (
    <Page
      title={query.data === undefined ? "OAuth applications" : plural(query.data.length, "OAuth application")}
      sub="servers that sign with a key of their own, for tokens that expire"
      ready={query.data !== undefined || query.error !== null}
      actions={
        isEmpty ? undefined : (
          <>
            <button className="btn" type="button" onClick={() => setAsking("revoke")}>
              Revoke a token…
            </button>
            {add}
          </>
        )
      }
    >
      <QueryPanel label="OAuth applications" query={query} rows={3}>
        {(all) =>
          all.length === 0 ? (
            <Empty title="No server signs yet" actions={add}>
              An application has a public key here and a private one at home. Connect it to a source, and OAuth can be
              enforced there: a write key alone is then not enough.
            </Empty>
          ) : (
            <Table
              columns={[
                ["Application", "24%"],
                ["App id", 250],
                ["Tokens last", 100],
                ["Scopes"],
                ["Keys", 60, "num"],
                ["Sources", 76, "num"]
              ]}
            >
              {all.map(({ id, name, tokenSeconds, scopes, keys, sources }) => (
                <tr key={id}>
                  <td>
                    <Link
                      className="b el who"
                      to="/s/$space/oauth-applications/$application"
                      params={{ space: slug, application: id }}
                    >
                      <span className="el">{name}</span>
                    </Link>
                  </td>
                  <td>
                    <span className="row g4">
                      <span className="m el" title={id}>
                        {id}
                      </span>
                      <Copy text={id} what="app id" />
                    </span>
                  </td>
                  <td>{lifetimeText(tokenSeconds)}</td>
                  <td className="m q2" title={scopes.join("  ")}>
                    {scopes.join("  ")}
                  </td>
                  <td className="num">{count(keys.length)}</td>
                  <td className={sources.length === 0 ? "num q" : "num"}>{count(sources.length)}</td>
                </tr>
              ))}
            </Table>
          )
        }
      </QueryPanel>
      {asking === "add" ? <AddApplication onClose={() => setAsking(undefined)} /> : undefined}
      {asking === "revoke" ? <RevokeToken onClose={() => setAsking(undefined)} /> : undefined}
    </Page>
  )
}

export const OAuthApplications = () => (
  <OwnersOnly title="OAuth applications">
    <Applications />
  </OwnersOnly>
)

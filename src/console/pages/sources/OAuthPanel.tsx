/** OAuth of a source (ING-140 to ING-150): connected to an application first, enforced when its clients have tokens. */
import { Link } from "@tanstack/react-router"
import { useMayConnect, useSpace } from "../../api/hooks.ts"
import { useApi, useApiChange } from "../../api/public-api.ts"
import type { Source } from "../../api/public-types.ts"
import { connectOAuth, disconnectOAuth, oauthApplications } from "../../api/requests.ts"
import { Failed } from "../../parts/States.tsx"
import { SwitchRow } from "../../parts/SwitchRow.tsx"

/** ING-140: what runs in a browser or on a phone cannot keep a private key. */
const connectable = new Set(["server", "http", "function"])

export const OAuthPanel = ({ source }: { readonly source: Source }) => {
  const { slug } = useSpace()
  const may = useMayConnect()
  const { id, oauth = null, metadata } = source
  const can = connectable.has(metadata.slug)
  const { data = [] } = useApi(oauthApplications, { enabled: can })
  const change = useApiChange()
  if (!can) return undefined
  return (
    <section className="card fixed" aria-label="OAuth">
      <h2 className="h">
        OAuth 2.0
        <span className="r">
          <Link className="btn g s" to="/s/$space/oauth-applications" params={{ space: slug }}>
            Applications
          </Link>
        </span>
      </h2>
      <SwitchRow
        label="OAuth is enforced"
        on={oauth?.enabled === true}
        disabled={!may || oauth === null || change.isPending}
        onChange={(enabled) =>
          oauth === null ? undefined : change.mutate(connectOAuth(id, { applicationId: oauth.applicationId, enabled }))
        }
        title={oauth?.enabled === true ? "A token is needed" : "The write key is enough"}
        says={
          oauth === null
            ? "Connect an application first. Clients can then be changed one after the other."
            : "Requests without a valid token of the application are refused while it is enforced."
        }
      >
        <select
          className="input"
          aria-label="OAuth application"
          disabled={!may || change.isPending}
          value={oauth?.applicationId ?? ""}
          onChange={({ currentTarget: { value } }) =>
            change.mutate(
              value === "" ? disconnectOAuth(id) : connectOAuth(id, { applicationId: value, enabled: false })
            )
          }
        >
          <option value="">{data.length === 0 ? "No application" : "Not connected"}</option>
          {data.map((application) => (
            <option key={application.id} value={application.id}>
              {application.name}
            </option>
          ))}
        </select>
      </SwitchRow>
      {change.error === null ? undefined : <Failed error={change.error} />}
    </section>
  )
}

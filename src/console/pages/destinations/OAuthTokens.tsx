/** Tokens of entries that sign in by OAuth (DST-10): pasted here, then refreshed by Braid; never shown again. */
import { useState } from "react"
import { useMayConnect } from "../../api/hooks.ts"
import { useApiChange } from "../../api/public-api.ts"
import { connectDestination } from "../../api/requests.ts"
import { FormField } from "../../parts/FormField.tsx"
import { Failed } from "../../parts/States.tsx"
import type { TabProps } from "./Destination.tsx"

export const OAuthTokens = ({ destination }: TabProps) => {
  const may = useMayConnect()
  const change = useApiChange()
  const [accessToken, setAccess] = useState("")
  const [refreshToken, setRefresh] = useState("")
  const { connected = false, id, metadata } = destination
  if (metadata.scheme?.startsWith("oauth") !== true) return undefined
  const fields = [
    ["Access token", accessToken, setAccess],
    ["Refresh token", refreshToken, setRefresh]
  ] as const
  return (
    <form
      className="card fixed"
      aria-label="OAuth"
      onSubmit={(event) => {
        event.preventDefault()
        if (accessToken !== "")
          change.mutate(connectDestination(id, { accessToken, refreshToken }), {
            onSuccess: () => {
              setAccess("")
              setRefresh("")
            }
          })
      }}
    >
      <h2 className="h">
        OAuth
        <span className="r">
          <span className={connected ? "tag good" : "tag warn"}>
            {connected ? "tokens are stored" : "no tokens yet"}
          </span>
        </span>
      </h2>
      <div className="sec2 form two">
        {fields.map(([label, value, set]) => (
          <FormField key={label} label={label}>
            {(control) => (
              <input
                {...control}
                className="input"
                type="password"
                autoComplete="off"
                disabled={!may}
                value={value}
                onChange={(event) => set(event.target.value)}
              />
            )}
          </FormField>
        ))}
      </div>
      {change.error === null ? undefined : <Failed error={change.error} />}
      <div className="f">
        <span className="q2">From your own OAuth client at the vendor. Braid refreshes them when they expire.</span>
        <button className="btn p ml" type="submit" disabled={!may || accessToken === "" || change.isPending}>
          Store tokens
        </button>
      </div>
    </form>
  )
}

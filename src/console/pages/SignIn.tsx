/** Signing in with an access token, until there are accounts. A link may carry the token in its fragment, which no server sees. */
import { useQueryClient } from "@tanstack/react-query"
import { useNavigate, useRouter, useSearch } from "@tanstack/react-router"
import { type FormEvent, useEffect, useEffectEvent, useState } from "react"
import { signIn } from "../api/client.ts"
import { sessionOptions } from "../api/hooks.ts"
import { Failed } from "../parts/States.tsx"
import { Mark } from "../shell/Mark.tsx"

const tokenInFragment = (): string | undefined => {
  const match = /^#token=([\x21-\x7e]{1,256})$/.exec(location.hash)
  if (match === null) return undefined
  // Gone from the address before anything else happens.
  history.replaceState(history.state, "", location.pathname + location.search)
  return decodeURIComponent(match[1]!)
}

export const SignIn = () => {
  const { next, ended } = useSearch({ from: "/sign-in" })
  const navigate = useNavigate()
  const router = useRouter()
  const client = useQueryClient()
  const [token, setToken] = useState("")
  const [error, setError] = useState<Error | undefined>()
  const [busy, setBusy] = useState(false)

  const enter = async (secret: string) => {
    setBusy(true)
    setError(undefined)
    try {
      client.setQueryData(sessionOptions.queryKey, await signIn(secret))
      await router.invalidate()
      await navigate({ to: next ?? "/", replace: true })
    } catch (failure) {
      setError(failure instanceof Error ? failure : new Error(String(failure)))
    } finally {
      setBusy(false)
    }
  }
  const enterFromLink = useEffectEvent(() => {
    const secret = tokenInFragment()
    if (secret !== undefined) void enter(secret)
  })
  useEffect(() => {
    document.title = "Sign in - Braid"
    enterFromLink()
  }, [])
  const submitted = (event: FormEvent) => {
    event.preventDefault()
    if (token.trim() !== "") void enter(token.trim())
  }
  return (
    <main className="signin" id="main" data-ready="">
      <form className="card" onSubmit={submitted}>
        <div className="brand">
          <Mark />
          Braid
        </div>
        <h1>Sign in</h1>
        {ended === true && error === undefined && !busy ? (
          <p className="note" role="status">
            Your session has ended: it lasts twelve hours, or until its token is revoked. Sign in, and you are back
            where you were.
          </p>
        ) : undefined}
        <p className="q2">
          With an access token of a space, or of the workspace. What you may do here is what the token may do.
        </p>
        <label className="field">
          <span className="lbl">Access token</span>
          <input
            className="input m"
            type="password"
            name="token"
            autoComplete="current-password"
            spellCheck={false}
            autoFocus
            value={token}
            onChange={(event) => setToken(event.target.value)}
          />
        </label>
        {error === undefined ? undefined : <Failed error={error} />}
        <button className="btn p" type="submit" disabled={busy || token.trim() === ""}>
          Sign in
        </button>
        <p className="q" style={{ fontSize: 12 }}>
          Braid printed one when it first started. Another is made with <span className="m">createAccessToken</span>.
        </p>
      </form>
    </main>
  )
}

/**
 * The assertion with which an application asks for a token (ING-145, ING-146), as far as it can be judged without a store: by whom it is
 * signed, for whom, and when. Pure. What clients really send is taken: `iss` is the application or absent, times have fractions, `aud` may
 * end in a slash, `typ` may be missing.
 */
import { createPublicKey, type KeyObject } from "node:crypto"
import { type OAuthApplication, type OAuthScope, type ParsedJwt, parseJwt } from "../workspace/oauth-token.ts"

export interface TokenError {
  readonly status: 400 | 401 | 415 | 429 | 503
  readonly error:
    | "invalid_request"
    | "invalid_client"
    | "invalid_scope"
    | "unsupported_grant_type"
    | "temporarily_unavailable"
  readonly description: string
}

export interface Assertion {
  readonly application: OAuthApplication
  readonly jti: string
  /** ms; until then the same one must not be taken again. */
  readonly forgetAt: number
}

/** Seconds. */
const longestLife = 60
const clockSkew = 30
const longestAssertion = 8_192
const longestJti = 256

const refused = (description: string): TokenError => ({ status: 401, error: "invalid_client", description })
const invalid = (description: string): TokenError => ({ status: 400, error: "invalid_request", description })

const keyObjects = new Map<string, KeyObject>()
const mostKeyObjects = 1_000

const keyObject = (pem: string): KeyObject => {
  let key = keyObjects.get(pem)
  if (key === undefined) {
    if (keyObjects.size >= mostKeyObjects) keyObjects.clear()
    keyObjects.set(pem, (key = createPublicKey(pem)))
  }
  return key
}

const withoutSlash = (url: string): string => url.replace(/\/+$/, "")

/** Who signed it; undefined: nobody that we know. */
const signer = (jwt: ParsedJwt, applications: ReadonlyMap<string, OAuthApplication>): OAuthApplication | undefined => {
  const { alg, kid } = jwt.header
  const { sub } = jwt.payload
  if (alg !== "RS256" || typeof sub !== "string") return undefined
  const application = applications.get(sub)
  const key = application?.keys.find(({ id }) => id === kid)
  return key !== undefined && jwt.isSignedWith(keyObject(key.publicKey)) ? application : undefined
}

/** `server`: our own address, as the caller sees it; `now`: ms. */
export const checkAssertion = (
  text: string,
  applications: ReadonlyMap<string, OAuthApplication>,
  server: string,
  now: number
): Assertion | TokenError => {
  const jwt = parseJwt(text, longestAssertion)
  if (jwt === undefined) return refused("client_assertion is no JWT.")
  const application = signer(jwt, applications)
  if (application === undefined)
    return refused("The assertion is not signed (RS256) with a key of the application that `sub` and `kid` name.")
  const { iss, aud, iat, exp, jti } = jwt.payload
  if (iss !== undefined && iss !== application.id && (typeof iss !== "string" || withoutSlash(iss) !== server))
    return refused(`\`iss\` is the application, ${server}, or absent.`)
  const audiences: ReadonlyArray<unknown> = Array.isArray(aud) ? aud : [aud]
  if (!audiences.some((each) => typeof each === "string" && withoutSlash(each) === server))
    return refused(`\`aud\` must be ${server}.`)
  if (typeof iat !== "number" || typeof exp !== "number" || exp <= iat)
    return refused("`iat` and `exp` are seconds since 1970, `exp` after `iat`.")
  if (Math.round(exp - iat) > longestLife) return refused(`An assertion lives ${longestLife} seconds at most.`)
  const seconds = now / 1000
  // Clients correct their clock by these two texts (ING-148).
  if (exp + clockSkew <= seconds) return invalid("Token is expired")
  if (iat > seconds + clockSkew) return invalid("Token used before issued")
  if (typeof jti !== "string" || jti === "" || jti.length > longestJti)
    return refused(`\`jti\` is missing, or longer than ${longestJti} characters.`)
  return { application, jti, forgetAt: Math.ceil((exp + clockSkew) * 1000) }
}

/** Those that were asked for, if the application has all of them. */
export const grantedScopes = (
  asked: string | undefined,
  { scopes }: OAuthApplication
): ReadonlyArray<OAuthScope> | TokenError => {
  const wanted = [...new Set((asked ?? "").split(" ").filter((scope) => scope !== ""))]
  const granted = [...scopes].filter((scope) => wanted.includes(scope))
  return granted.length === wanted.length
    ? granted
    : {
        status: 400,
        error: "invalid_scope",
        description: "The application does not have all of the scopes that were asked for."
      }
}

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

/** The form of a token request (ING-147): the assertion and the scopes, or what is wrong. */
export const readForm = (body: string): { readonly assertion: string; readonly scope: string } | TokenError => {
  const form = new URLSearchParams(body)
  const grant = form.get("grant_type")
  if (grant === null) return invalid("grant_type is missing.")
  if (grant !== "client_credentials")
    return { status: 400, error: "unsupported_grant_type", description: "grant_type must be client_credentials." }
  if (form.get("client_assertion_type") !== assertionType)
    return invalid(`client_assertion_type must be ${assertionType}.`)
  const assertion = form.get("client_assertion")
  if (assertion === null || assertion === "") return invalid("client_assertion is missing.")
  const scope = form.get("scope")?.trim() ?? ""
  return scope === "" ? invalid("scope is missing.") : { assertion, scope }
}

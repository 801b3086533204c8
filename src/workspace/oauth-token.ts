/**
 * Access tokens of OAuth applications (ING-149, ING-150): JWTs that Braid has signed itself, RS256. Pure and synchronous; the door asks
 * per request, so a token that was verified once is remembered.
 *
 * What makes a token ours is the signature, whose key never leaves the database: a token of another region or installation has none of
 * our key ids. Whether the application is still there, has the scope and the token is not revoked is asked each time.
 */
import { createPublicKey, type KeyObject, sign, verify } from "node:crypto"
import type { OAuthSnapshot } from "./workspace.ts"

/** ING-142. */
export const oauthScopes = ["tracking_api:write", "functions:write", "public_api:read_write"] as const
export type OAuthScope = (typeof oauthScopes)[number]

const daySeconds = 86_400
/** How long the tokens of an application can last: 1, 2, 3 days, 1, 2, 3 weeks, 30 days. */
export const tokenLifetimes = [1, 2, 3, 7, 14, 21, 30].map((days) => days * daySeconds)

/** With which an application signs its assertions. */
export interface OAuthKey {
  /** The `kid` of assertions. */
  readonly id: string
  readonly name: string
  /** PEM, `BEGIN PUBLIC KEY`. */
  readonly publicKey: string
}

export interface OAuthApplication {
  readonly id: string
  readonly name: string
  readonly tokenSeconds: number
  readonly scopes: ReadonlySet<OAuthScope>
  readonly keys: ReadonlyArray<OAuthKey>
}

export interface TokenClaims {
  readonly iss: string
  readonly aud: string
  /** The application. */
  readonly sub: string
  /** Separated by blanks. */
  readonly scope: string
  /** Seconds. */
  readonly iat: number
  readonly exp: number
  readonly jti: string
}

export interface VerifiedToken {
  readonly id: string
  readonly application: OAuthApplication
  /** Those of the token that the application still has. */
  readonly scopes: ReadonlySet<OAuthScope>
  /** Seconds. */
  readonly expiresAt: number
}

/** Longer ones are nobody's: an access token has about 700 characters. */
const longestToken = 4_096
const mostRemembered = 10_000

const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url")

export const signToken = (claims: TokenClaims, kid: string, privateKey: KeyObject): string => {
  const content = `${encoded({ alg: "RS256", typ: "JWT", kid })}.${encoded(claims)}`
  return `${content}.${sign("RSA-SHA256", Buffer.from(content), privateKey).toString("base64url")}`
}

export interface ParsedJwt {
  readonly header: Readonly<Record<string, unknown>>
  readonly payload: Readonly<Record<string, unknown>>
  readonly isSignedWith: (key: KeyObject) => boolean
}

const part = (text: string): Readonly<Record<string, unknown>> | undefined => {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, "base64url").toString())
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : undefined
  } catch {
    return undefined
  }
}

const jwtForm = /^[\w-]+\.[\w-]+\.[\w-]+$/

/** Undefined when it has not the form of one. Says nothing about its signature. */
export const parseJwt = (text: string, longest = longestToken): ParsedJwt | undefined => {
  if (text.length > longest || !jwtForm.test(text)) return undefined
  const [first, second, third] = text.split(".") as [string, string, string]
  const header = part(first)
  const payload = part(second)
  if (header === undefined || payload === undefined) return undefined
  return {
    header,
    payload,
    isSignedWith: (key) => verify("RSA-SHA256", Buffer.from(`${first}.${second}`), key, Buffer.from(third, "base64url"))
  }
}

const claimsOf = ({ iss, aud, sub, scope, iat, exp, jti }: ParsedJwt["payload"]): TokenClaims | undefined =>
  typeof iss === "string" &&
  typeof aud === "string" &&
  typeof sub === "string" &&
  typeof scope === "string" &&
  typeof iat === "number" &&
  typeof exp === "number" &&
  typeof jti === "string"
    ? { iss, aud, sub, scope, iat, exp, jti }
    : undefined

/** What a token says that one of our keys has signed, expired or not. */
export const readSignedToken = (
  token: string,
  keyOf: (kid: string) => KeyObject | undefined
): TokenClaims | undefined => {
  const jwt = parseJwt(token)
  const kid = jwt?.header["kid"]
  if (jwt === undefined || typeof kid !== "string" || jwt.header["alg"] !== "RS256") return undefined
  const key = keyOf(kid)
  return key === undefined || !jwt.isSignedWith(key) ? undefined : claimsOf(jwt.payload)
}

/** One of a process: remembers public keys and the tokens that it has verified, those used last. */
export class TokenVerifier {
  private readonly known = new Map<string, TokenClaims>()
  private readonly keys = new Map<string, { readonly pem: string; readonly key: KeyObject }>()

  /** Undefined: malformed, of another signer, expired, revoked, or its application is gone (`invalid_token`). `now`: ms. */
  verify(oauth: OAuthSnapshot | undefined, token: string, now: number): VerifiedToken | undefined {
    if (oauth === undefined) return undefined
    const claims = this.claims(oauth, token)
    if (claims === undefined || claims.exp * 1000 <= now || oauth.revoked.has(claims.jti)) return undefined
    const application = oauth.applications.get(claims.sub)
    if (application === undefined) return undefined
    const asked = claims.scope.split(" ")
    const scopes = new Set([...application.scopes].filter((scope) => asked.includes(scope)))
    return { id: claims.jti, application, scopes, expiresAt: claims.exp }
  }

  private claims(oauth: OAuthSnapshot, token: string): TokenClaims | undefined {
    const known = this.known.get(token)
    if (known !== undefined) {
      this.known.delete(token)
      this.known.set(token, known)
      return known
    }
    const claims = readSignedToken(token, (kid) => this.keyOf(oauth, kid))
    if (claims === undefined) return undefined
    this.known.set(token, claims)
    if (this.known.size > mostRemembered) this.known.delete(this.known.keys().next().value!)
    return claims
  }

  private keyOf(oauth: OAuthSnapshot, kid: string): KeyObject | undefined {
    const pem = oauth.signingKeys.get(kid)
    if (pem === undefined) return undefined
    const known = this.keys.get(kid)
    if (known?.pem === pem) return known.key
    const key = createPublicKey(pem)
    this.keys.set(kid, { pem, key })
    return key
  }
}

/**
 * The cookie of a console session, and the proof that a request with it was made by our own page. The cookie is sent below
 * `/console` only, so it never travels with calls of the Tracking or Profile API.
 *
 * Against forged requests, besides SameSite=Strict: a header that a foreign page could only send after a preflight, which we
 * never answer, and the browser's own word (Sec-Fetch-Site, else Origin) that the request comes from this origin.
 */
import type { IncomingHttpHeaders } from "node:http"
import { sessionSeconds } from "./sessions.ts"

const cookieName = "braid_session"

export const cookieIn = (cookies: string | undefined, name: string): string | undefined => {
  for (const part of (cookies ?? "").split(";")) {
    const equals = part.indexOf("=")
    if (equals > 0 && part.slice(0, equals).trim() === name) return part.slice(equals + 1).trim()
  }
  return undefined
}

export const sessionSecretIn = ({ cookie }: IncomingHttpHeaders): string | undefined => {
  const secret = cookieIn(cookie, cookieName)
  return secret !== undefined && /^[A-Za-z0-9_-]{43}$/.test(secret) ? secret : undefined
}

/** `secure`: people reach us over https. */
export const sessionCookie = (secret: string, secure: boolean): string =>
  `${cookieName}=${secret}; Path=/console; HttpOnly; SameSite=Strict; Max-Age=${sessionSeconds}${secure ? "; Secure" : ""}`

export const endedCookie = `${cookieName}=; Path=/console; HttpOnly; SameSite=Strict; Max-Age=0`

const hostOf = (url: string): string | undefined => (URL.canParse(url) ? new URL(url).host : undefined)

/**
 * Where a request comes from, by the browser's own word: a page of ours, one of another site, or no browser at all.
 * `publicUrl`: the address that people use, when a proxy changes it.
 */
export const originOf = (headers: IncomingHttpHeaders, publicUrl: string): "own" | "foreign" | "none" => {
  const site = headers["sec-fetch-site"]
  if (site !== undefined) return site === "same-origin" ? "own" : "foreign"
  const { origin, host } = headers
  if (origin === undefined) return "none"
  const from = hostOf(origin)
  return from !== undefined && (from === host || from === hostOf(publicUrl)) ? "own" : "foreign"
}

/** Whether our own page made this request. */
export const isFromConsole = (headers: IncomingHttpHeaders, publicUrl: string): boolean =>
  headers["braid-console"] !== undefined && originOf(headers, publicUrl) !== "foreign"

/** Requests and answers as people may see them (DEL-23): without secrets, bodies cut. */
import type { Headers, Hop } from "../platform/outbound.ts"
import type { Exchange } from "./runner.ts"

export const mask = "••••••••"
const maxBody = 64 * 1024
/** More than is shown, so that a secret at the cut is found. */
export const recordedBody = maxBody + 8 * 1024
/** Shorter ones would blank out ordinary words. */
const minSecret = 4

const secretHeaders =
  /^(?:authorization|proxy-authorization|cookie|set-cookie|x-signature(?:-256)?)$|token|secret|signature|api-?key|password|^x-auth/i
const secretParameters = /token|secret|signature|^sig$|api_?-?key|^key$|password|^auth/i

/** Hosts whose addresses are secrets by themselves: who knows the last part may post. */
const secretPaths =
  /^(?:hooks\.slack\.com|hooks\.zapier\.com|discord(?:app)?\.com|open\.(?:larksuite\.com|feishu\.cn)|.*\.webhook\.office\.com)$/
const tokensInJson = /("(?:access_token|refresh_token|id_token|client_secret)"\s*:\s*")[^"]*/g

export type Mask = (text: string) => string

/** Every spelling in which a secret may turn up. */
export const maskFor = (secrets: Iterable<unknown>): Mask => {
  const spellings = new Set<string>()
  for (const secret of secrets) {
    if (typeof secret !== "string" || secret.length < minSecret) continue
    spellings.add(secret)
    spellings.add(encodeURIComponent(secret))
    spellings.add(JSON.stringify(secret).slice(1, -1))
    spellings.add(Buffer.from(secret).toString("base64"))
  }
  if (spellings.size === 0) return (text) => text
  // The longest first: one secret may be the beginning of another.
  const sorted = [...spellings].sort((a, b) => b.length - a.length)
  return (text) => sorted.reduce((masked, secret) => masked.replaceAll(secret, mask), text)
}

const maskedUrl = (text: string, hide: Mask): string => {
  try {
    const url = new URL(text)
    if (url.password !== "") url.password = mask
    if (url.username !== "") url.username = mask
    if (secretPaths.test(url.hostname)) url.pathname = url.pathname.replace(/[^/]+\/?$/, encodeURIComponent(mask))
    const names = new Set([...url.searchParams.keys()].filter((name) => secretParameters.test(name)))
    if (names.size === 0 && url.password === "" && !secretPaths.test(url.hostname)) return hide(text)
    for (const name of names) url.searchParams.set(name, mask)
    return hide(url.href.replaceAll(encodeURIComponent(mask), mask))
  } catch {
    return hide(text)
  }
}

const maskedHeaders = (headers: Headers | NodeJS.Dict<string | Array<string>>, hide: Mask): Record<string, string> => {
  const shown: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue
    const text = typeof value === "string" ? value : value.join(", ")
    shown[name] = secretHeaders.test(name) ? mask : hide(text)
  }
  return shown
}

const shownBody = (body: Buffer | undefined, hide: Mask): string => {
  if (body === undefined || body.length === 0) return ""
  // Masked before it is cut: half a secret is one, too.
  const text = hide(body.subarray(0, recordedBody).toString("utf8")).replace(tokensInJson, `$1${mask}`)
  return body.length > maxBody ? text.slice(0, maxBody) : text
}

export const exchangeOf = (hop: Hop, hide: Mask): Exchange => ({
  request: {
    method: hop.method,
    url: maskedUrl(hop.url, hide),
    headers: maskedHeaders(hop.headers, hide),
    body: shownBody(hop.body, hide)
  },
  ...(hop.answer === undefined
    ? {}
    : {
        response: {
          status: hop.answer.status,
          headers: maskedHeaders(hop.answer.headers, hide),
          body: shownBody(hop.answer.body, hide)
        }
      }),
  ...(hop.error === undefined ? {} : { error: hide(hop.error.message) })
})

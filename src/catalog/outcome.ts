/**
 * What an attempt came to (DEL-3, CAT-6, CAT-7): from an HTTP status, from whatever an action threw, or from a member of a multi-status
 * answer. Errors are told apart by name, status and code, never by class: two copies of a package have two of each.
 *
 * Codes are those of Event Delivery (DEL-45): `ECONNREFUSED` here is what Delivery Overview lists as `EREFUSED`.
 */
import type { Outcome } from "./runner.ts"

type Failed = Extract<Outcome, { readonly kind: "failed" }>

export const delivered: Outcome = { kind: "delivered" }

/** Of what is shown to people; the full text of an answer is in its exchange. */
const maxMessage = 1_000

export const failed = (code: string, message: string, retry: boolean, retryAfterMs?: number): Failed => ({
  kind: "failed",
  code,
  message: message.length > maxMessage ? `${message.slice(0, maxMessage)}…` : message,
  retry,
  ...(retryAfterMs === undefined ? {} : { retryAfterMs })
})

const days = "Mon|Tue|Wed|Thu|Fri|Sat|Sun"
const months = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
const httpDates = [
  new RegExp(`^(?:${days}), \\d{2} (?:${months}) \\d{4} \\d{2}:\\d{2}:\\d{2} GMT$`),
  new RegExp(
    `^(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday), \\d{2}-(?:${months})-\\d{2} \\d{2}:\\d{2}:\\d{2} GMT$`
  ),
  new RegExp(`^(?:${days}) (?:${months}) [ \\d]\\d \\d{2}:\\d{2}:\\d{2} \\d{4}$`)
]

/** Milliseconds to wait. Only whole seconds and the three forms of an HTTP date count (DEL-6). */
export const retryAfter = (header: string | undefined, now: number): number | undefined => {
  const text = header?.trim()
  if (text === undefined) return undefined
  if (/^\d+$/.test(text)) return Number(text) * 1000
  if (!httpDates.some((form) => form.test(text))) return undefined
  const at = Date.parse(text.endsWith("GMT") ? text : `${text} GMT`)
  return Number.isNaN(at) ? undefined : Math.max(0, at - now)
}

const retriedStatuses = new Set([408, 423, 429])

/** An HTTP status, a destination's own one or one that an action gave its error. */
export const ofStatus = (status: number, message: string, retryAfterMs?: number): Outcome => {
  if (status >= 200 && status < 300) return delivered
  const retry = retriedStatuses.has(status) || (status >= 500 && status !== 501)
  return failed(status === 408 ? "ETIMEDOUT" : String(status), message, retry, retry ? retryAfterMs : undefined)
}

const certificates =
  /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_|CERT_|CRL_|ERROR_IN_C|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED|HOSTNAME_MISMATCH|ERR_TLS_CERT_ALTNAME_INVALID)/
const network =
  /^(ECONNRESET|ECONNREFUSED|ECONNABORTED|ENOTFOUND|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN|EPIPE|EPROTO|ERR_SSL_.*|ERR_TLS_.*|ECONNECTION)$/
/** No request could be made of what was set. */
const unsendable =
  /^(EEGRESS|EPROTOCOL|ERR_INVALID_URL|ERR_INVALID_PROTOCOL|ERR_INVALID_HTTP_TOKEN|ERR_INVALID_CHAR|ERR_UNESCAPED_CHARACTERS)$/
const timeouts = /^(ETIMEDOUT|ESOCKETTIMEDOUT|ERR_SOCKET_CONNECTION_TIMEOUT|TimeoutError)$/
/** What the action threw because the mapped payload is not what the destination takes. */
const rejections = /^(PAYLOAD_VALIDATION_FAILED|INVALID_AUDIENCE_MEMBERSHIP)$/

const property = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined
const text = (value: unknown): string => (typeof value === "string" ? value : "")
const numeric = (value: unknown): number | undefined => {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value
  return typeof number === "number" && Number.isInteger(number) && number >= 100 && number < 1000 ? number : undefined
}

/** The text that a destination's answer itself gives, else the error's. */
const messageOf = (error: unknown): string => {
  const response = property(error, "response")
  const content = text(property(response, "content")).trim()
  const message = text(property(error, "message"))
  if (content !== "" && content.length <= 500 && !content.startsWith("<")) return content
  return message === "" ? text(property(error, "name")) || "No reason was given" : message
}

/** By the code of a failed connection; undefined when it is none. */
const ofConnection = (code: string, message: string): Outcome | undefined => {
  if (unsendable.test(code)) return failed("INVALID_SETTINGS", message, false)
  if (certificates.test(code))
    return failed("TLS_ERROR", `The certificate was not accepted: ${message} (${code})`, true)
  if (timeouts.test(code)) return failed("ETIMEDOUT", message, true)
  if (/^(EPROTO|ERR_SSL_)/.test(code)) {
    const reason = /SSL routines:[^:]*:([^:]+)/.exec(message)?.[1] ?? message
    return failed(code, `The TLS handshake failed: ${reason}`, true)
  }
  if (code.startsWith("HPE_")) return failed("EPROTO", `The answer cannot be read as HTTP: ${message}`, true)
  if (network.test(code)) return failed(code, message, true)
  return undefined
}

export class SettingsInvalid extends Error {
  override readonly name = "SettingsInvalid"
}

/** The tokens could not be refreshed because the destination said no; another try would hear the same (DEL-12). */
export class RefreshRefused extends Error {
  override readonly name = "RefreshRefused"
}

/** `retryAfterMs`: what the last answer asked for. */
export const ofError = (error: unknown, retryAfterMs?: number): Outcome => {
  const name = text(property(error, "name"))
  const message = messageOf(error)
  // A client may wrap what the connection said.
  for (let inner = error, depth = 0; inner !== undefined && depth < 4; inner = property(inner, "cause"), depth++) {
    const found = ofConnection(text(property(inner, "code")), text(property(inner, "message")) || message)
    if (found !== undefined) return found
  }
  switch (name) {
    case "SettingsInvalid":
      return failed("INVALID_SETTINGS", message, false)
    case "RefreshRefused":
      return failed("401", `OAUTH_REFRESH_FAILED: ${message}`, false)
    case "InvalidAuthenticationError": {
      const code = text(property(error, "code"))
      return failed("401", code === "OAUTH_REFRESH_FAILED" ? `${code}: ${message}` : message, false)
    }
    case "AggregateAjvError":
    case "PayloadValidationError":
    case "InvalidAudienceMembershipError":
      return failed("MESSAGE_REJECTED", message, false)
    case "AggregateError":
    case "ValidationError":
    case "ParseError":
    case "RenderError":
    case "TokenizationError":
    case "UndefinedVariableError":
      return failed("INVALID_SETTINGS", `The mapping is not valid: ${message}`, false)
    case "RetryableError":
      return failed("RETRY", message, true, retryAfterMs)
    case "TimeoutError":
    case "RequestTimeoutError":
    case "RequestClientError":
      return failed("ETIMEDOUT", message, true)
    case "TooManyRedirects":
      return failed("307", message, false)
  }
  const status =
    numeric(property(property(error, "response"), "status")) ??
    numeric(property(error, "status")) ??
    numeric(property(property(error, "$metadata"), "httpStatusCode"))
  if (status !== undefined) {
    if (status >= 400 && rejections.test(text(property(error, "code"))))
      return failed("MESSAGE_REJECTED", message, false)
    const found = ofStatus(status, message, retryAfterMs)
    if (found.kind === "failed") return found
  }
  return failed("INTERNAL", message, true)
}

/** One member of what `onBatch` answers. */
export const ofMember = (member: unknown, retryAfterMs?: number): Outcome => {
  const status = numeric(property(member, "status"))
  if (status === undefined) return failed("INTERNAL", "The action did not say what became of this event", true)
  const message = text(property(member, "errormessage")) || `The destination answered ${status}`
  const rejected = rejections.test(text(property(member, "errortype")))
  if (status >= 400 && status < 500 && rejected && property(member, "errorreporter") === "INTEGRATIONS")
    return failed("MESSAGE_REJECTED", message, false)
  return ofStatus(status, message, retryAfterMs)
}

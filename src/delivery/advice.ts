/** What Event Delivery says of an error (DEL-23, DEL-45): in plain words, what to do, and where to read on. */
import { codeInfo, isFunctionError } from "./codes.ts"
import type { SampleState } from "./samples.ts"

export interface Advice {
  /** `errors.discarded.400` */
  readonly name: string
  readonly label: string
  readonly description: string
  readonly actions: ReadonlyArray<string>
  readonly links: ReadonlyArray<{ readonly text: string; readonly url: string }>
}

/** As Event Delivery names it; the Delivery Overview says `EREFUSED`. */
export const errorCode = (code: string): string => (code === "EREFUSED" ? "ECONNREFUSED" : code)
/** And back. */
export const overviewCode = (code: string): string => (code === "ECONNREFUSED" ? "EREFUSED" : code)

const connection: ReadonlySet<string> = new Set(
  "EREFUSED ECONNRESET ECONNABORTED ENOTFOUND EHOSTUNREACH ENETUNREACH EAI_AGAIN EPIPE EPROTO ETIMEDOUT etimedout TLS_ERROR".split(
    " "
  )
)

const tester = "Send one such event with the Event Tester and look at the response."

const actionsOf = (code: string, isFiltered: boolean): ReadonlyArray<string> => {
  if (isFiltered) return ["If these events should arrive, change the function, or the mapping that they come from."]
  switch (code) {
    case "400":
    case "BAD_REQUEST":
      return [
        "Read the response in a sample: it names the invalid fields.",
        "Correct the mapping, or what the source sends."
      ]
    case "401":
    case "OAUTH_REFRESH_FAILED":
      return ["Authenticate again, or update the credentials in the settings.", "Replay what failed once it works."]
    case "403":
      return ["Give the credentials the missing privilege at the vendor.", "Authenticate again."]
    case "404":
      return ["Check addresses, ids and names in the settings and the mapping."]
    case "429":
      return [
        "Ask the vendor for a higher limit.",
        "Set `maxEventsPerSecond` of the destination, to avoid bursts.",
        "Switch on batching where the mapping has it."
      ]
    case "INVALID_SETTINGS":
      return ["Complete or correct the settings of the destination: the message in a sample says what is wrong."]
    case "MESSAGE_REJECTED":
      return ["Check the required fields of the mapping with the Mapping Tester.", "Make the trigger narrower."]
    case "DESTINATION_DISABLED":
    case "DESTINATION_DELETED":
      return ["Nothing, if it was meant. Replay sends what was left out."]
    case "MAPPING_DISABLED":
      return ["Switch the mapping on again, if it was not meant. Replay sends what was left out."]
    case "FAILED_DATA_ENCRYPTION":
      return ["Leave fields out of the encryption that must be numbers or truth values."]
    default:
  }
  if (connection.has(code))
    return [
      "Check the address in the settings.",
      "Otherwise the vendor is down: deliveries are retried for four hours."
    ]
  if (/^5\d\d$/.test(code))
    return [
      "Wait: deliveries are retried for four hours.",
      "If it lasts, switch the destination off and ask the vendor."
    ]
  return ["Read the message in a sample.", tester]
}

const linksOf = (code: string): Advice["links"] => {
  if (/^[1-5]\d\d$/.test(code))
    return [
      { text: `HTTP status ${code}`, url: `https://developer.mozilla.org/docs/Web/HTTP/Reference/Status/${code}` }
    ]
  return connection.has(code)
    ? [{ text: "Errors of connections", url: "https://nodejs.org/api/errors.html#common-system-errors" }]
    : []
}

export const adviceOf = (code: string, state: SampleState): Advice => {
  const stored = overviewCode(code)
  const isFiltered = state === "filtered"
  const isOfFunction = isFiltered || isFunctionError(stored)
  const { label, help } = codeInfo(isOfFunction ? "filtered_at_destination" : "failed_delivery", stored)
  return {
    name: `errors.${state === "awaiting_retry" ? "awaiting-retry" : state}.${errorCode(code)}`,
    label,
    description: help,
    actions: actionsOf(stored, isFiltered),
    links: linksOf(stored)
  }
}

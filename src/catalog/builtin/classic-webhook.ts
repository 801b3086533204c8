/**
 * Webhooks (Classic), DST-112: every event as one POST to each of up to five addresses. Delivered when one of them took it; retried
 * when all refused and one may take it later. The body has the members of the event's type by the spec, not the whole event.
 */
import { createHmac } from "node:crypto"
import { ownField } from "../own-settings.ts"
import { delivered, failed, ofError, ofStatus, retryAfter } from "../outcome.ts"
import type { Outcome } from "../runner.ts"
import { type Builtin, ownEntry, type Send, type Values } from "./builtin.ts"

const maxUrls = 5
const answerWithinMs = 5_000

const common = [
  "anonymousId",
  "channel",
  "context",
  "integrations",
  "messageId",
  "originalTimestamp",
  "projectId",
  "receivedAt",
  "sentAt",
  "timestamp",
  "type",
  "userId"
]
const ofType: Readonly<Record<string, ReadonlyArray<string>>> = {
  track: ["event", "properties"],
  page: ["name", "category", "properties"],
  screen: ["name", "category", "properties"],
  identify: ["traits"],
  group: ["groupId", "traits"],
  alias: ["previousId"]
}

const bodyOf = (event: Values): string => {
  const body: Record<string, unknown> = { version: 1 }
  for (const key of [...common, ...(ofType[String(event["type"])] ?? [])])
    if (event[key] !== undefined) body[key] = event[key]
  return JSON.stringify(body)
}

const urlsOf = (settings: Values): ReadonlyArray<string> => {
  const urls = settings["urls"]
  return (Array.isArray(urls) ? urls : [urls]).filter((url) => typeof url === "string" && url !== "").slice(0, maxUrls)
}

/** Written as an object, or as lines of `Name: value`. */
const extraHeaders = (settings: Values): Record<string, string> => {
  const headers = settings["headers"]
  if (typeof headers !== "object" || headers === null) return {}
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]))
}

const post = async (settings: Values, text: string, send: Send): Promise<Outcome> => {
  const body = Buffer.from(text)
  const secret = settings["sharedSecret"]
  const headers = {
    ...extraHeaders(settings),
    "user-agent": "Segment.io/1.0",
    "content-type": "application/json",
    ...(typeof secret === "string" && secret !== ""
      ? { "x-signature": createHmac("sha1", secret).update(body).digest("hex") }
      : {})
  }
  const outcomes = await Promise.all(
    urlsOf(settings).map(async (url) => {
      try {
        const answer = await send({
          method: "POST",
          url,
          headers,
          body,
          headersMs: answerWithinMs,
          totalMs: answerWithinMs
        })
        const said = answer.body.toString("utf8", 0, 500) || `The webhook answered ${answer.status}`
        return ofStatus(answer.status, said, retryAfter(answer.headers["retry-after"], Date.now()))
      } catch (error) {
        return ofError(error)
      }
    })
  )
  if (outcomes.some(({ kind }) => kind === "delivered")) return delivered
  const worst = outcomes.find((outcome) => outcome.kind === "failed" && outcome.retry) ?? outcomes[0]
  return worst ?? failed("INVALID_SETTINGS", "No webhook address is set", false)
}

export const classicWebhook: Builtin = {
  entry: ownEntry({
    id: "54521fda25e721e32a72ef06",
    slug: "webhooks",
    name: "Webhooks (Classic)",
    description: "Sends every event to up to five addresses of yours, as it was received.",
    categories: ["Raw Data"],
    kind: "classic",
    settings: [
      ownField({
        key: "urls",
        type: "string",
        format: "uri",
        label: "Webhook URLs",
        description: "Up to five. An event is delivered when one of them has taken it.",
        required: true,
        multiple: true
      }),
      ownField({
        key: "headers",
        type: "object",
        label: "Headers",
        description: "Sent with every request.",
        additionalProperties: true
      }),
      ownField({
        key: "sharedSecret",
        type: "password",
        label: "Shared Secret",
        description: "If set, requests carry X-Signature, the hexadecimal HMAC-SHA1 of their body under this secret."
      })
    ],
    deletesUsers: true
  }),
  call: (settings, events, send) =>
    Promise.all(events.map((event) => post(settings, bodyOf(JSON.parse(event) as Values), send))),
  deleteUser: (settings, { userId }, send) =>
    post(settings, JSON.stringify({ type: "delete", userId, timestamp: new Date().toISOString() }), send)
}

/**
 * How a notice gets out: e-mail by the operator's SMTP server, Slack and webhooks by HTTP through the egress, which refuses addresses
 * inside, also behind a redirect (ADM-118). An answer that is not 2xx is a failure.
 */
import { Context, Effect, Layer, Option, Redacted } from "effect"
import { createHmac } from "node:crypto"
import type { Transporter } from "nodemailer"
import { Settings } from "../../config.ts"
import { makeEgress } from "../../platform/egress.ts"
import { send } from "../../platform/outbound.ts"
import type { Channel, ChannelType, NoticeKind } from "./alert.ts"
import { type Facts, textOf, titleOf } from "./words.ts"

/** Why it did not arrive; undefined: it did. */
type Sent = Effect.Effect<string | undefined>

export class AlertSenders extends Context.Service<
  AlertSenders,
  {
    /** What can be chosen: without SMTP there is no e-mail (ADM-64). */
    readonly available: ReadonlyArray<ChannelType>
    readonly send: (channel: Exclude<Channel, { readonly type: "IN_APP" }>, kind: NoticeKind, facts: Facts) => Sent
  }
>()("braid/delivery/AlertSenders") {}

export interface SenderSettings {
  readonly allowPrivate: ReadonlyArray<string>
  readonly smtpUrl: string | undefined
  readonly smtpFrom: string
}

const timeoutMs = 10_000

const reasonOf = (error: unknown): string =>
  error instanceof Error && error.message !== "" ? error.message : String(error)

/** Workflow URLs get flat facts, incoming webhooks a text (DEL-53). A workflow knows no state, so an end has a type of its own. */
const slackBody = (url: string, channel: string, kind: NoticeKind, facts: Facts): object => {
  const isWorkflow = /^\/(workflows|triggers)\//.test(new URL(url).pathname)
  if (isWorkflow) return kind === "recovered" ? { ...facts, alertType: `${facts.alertType}_RECOVERED` } : facts
  return { text: textOf(kind, facts), ...(channel === "" ? {} : { channel }) }
}

/** ADM-61. */
export const signatureOf = (secret: string, body: string): string =>
  createHmac("sha256", secret).update(body).digest("hex")

export const makeSenders = ({ allowPrivate, smtpFrom, smtpUrl }: SenderSettings): AlertSenders["Service"] => {
  const egress = makeEgress(allowPrivate)
  // Read only where there is a server for it: most installations have none.
  let mailer: Promise<Transporter> | undefined
  const mail = async (url: string) => {
    mailer ??= import("nodemailer").then(({ createTransport }) => createTransport(url, { from: smtpFrom }))
    return mailer
  }

  const post = (url: string, body: string, headers: Readonly<Record<string, string>>) =>
    send(egress, {
      method: "POST",
      url,
      headers: { ...headers, "content-type": "application/json", "user-agent": "Braid" },
      body: Buffer.from(body),
      totalMs: timeoutMs,
      redirects: 3,
      bodyLimit: 10_000
    }).then(({ status, body }) =>
      status >= 200 && status < 300
        ? undefined
        : `It answered ${status}${body.length === 0 ? "" : `: ${body.toString().slice(0, 200)}`}`
    )

  const sending = async (
    channel: Exclude<Channel, { readonly type: "IN_APP" }>,
    kind: NoticeKind,
    facts: Facts
  ): Promise<string | undefined> => {
    switch (channel.type) {
      case "EMAIL":
        if (smtpUrl === undefined) return "There is no SMTP server: set BRAID_SMTP_URL."
        await (
          await mail(smtpUrl)
        ).sendMail({ to: channel.address, subject: titleOf(kind, facts), text: textOf(kind, facts) })
        return undefined
      case "SLACK":
        return post(channel.url, JSON.stringify(slackBody(channel.url, channel.channel, kind, facts)), {})
      case "WEBHOOK": {
        const body = JSON.stringify({ ...facts, state: kind })
        return post(channel.url, body, { "x-signature-256": signatureOf(channel.secret, body) })
      }
    }
  }

  return {
    available: ["IN_APP", ...(smtpUrl === undefined ? [] : (["EMAIL"] as const)), "SLACK", "WEBHOOK"],
    send: (channel, kind, facts) =>
      Effect.tryPromise({ try: () => sending(channel, kind, facts), catch: reasonOf }).pipe(
        Effect.timeoutOrElse({
          duration: timeoutMs + 5_000,
          orElse: () => Effect.succeed<string | undefined>("There was no answer in time.")
        }),
        Effect.catch(Effect.succeed)
      )
  }
}

export const alertSendersLive = Layer.effect(
  AlertSenders,
  Effect.map(Settings, ({ egressAllowPrivate, smtpFrom, smtpUrl }) =>
    makeSenders({
      allowPrivate: egressAllowPrivate,
      smtpUrl: Option.getOrUndefined(Option.map(smtpUrl, Redacted.value)),
      smtpFrom
    })
  )
)

/** Channels of alerts as they are asked for, kept and shown (DEL-53, DEL-55): addresses with a token in them, and secrets, are sealed. */
import { Effect } from "effect"
import type { Vault } from "../../platform/vault.ts"
import { AlertRefused, type Channel, type ChannelType } from "./alert.ts"

/** A channel keeps its id while its alert is changed, so that what became of its notices stays with it. */
export interface KeptChannel {
  readonly id: string
  readonly channel: Channel
}

/** What is stored beside the secrets. */
type Open =
  | { readonly id: string; readonly type: "IN_APP" }
  | { readonly id: string; readonly type: "EMAIL"; readonly address: string }
  | { readonly id: string; readonly type: "SLACK"; readonly channel: string }
  | { readonly id: string; readonly type: "WEBHOOK" }

type Secret = { readonly url: string; readonly secret?: string }

const mask = "••••••••"
const mostChannels = 10
const longestUrl = 2_000

const refuse = (message: string) => new AlertRefused({ code: "VALIDATION_FAILED", message })

const textIn = (value: object, key: string): string => {
  const text: unknown = Reflect.get(value, key)
  return typeof text === "string" ? text.trim() : ""
}

/** Only where it leads to. */
const maskedUrl = (url: string): string => (url === mask ? mask : `${new URL(url).origin}/${mask}`)

/** As the API shows it. */
export const shownChannel = (channel: Channel): Channel => {
  switch (channel.type) {
    case "IN_APP":
      return { type: "IN_APP" }
    case "EMAIL":
      return { type: "EMAIL", address: channel.address }
    case "SLACK":
      return { type: "SLACK", url: maskedUrl(channel.url), channel: channel.channel }
    case "WEBHOOK":
      return { type: "WEBHOOK", url: maskedUrl(channel.url), secret: mask }
  }
}

const checkUrl = (url: string): string => {
  const parsed = URL.canParse(url) && url.length <= longestUrl ? new URL(url) : undefined
  if (parsed === undefined || (parsed.protocol !== "https:" && parsed.protocol !== "http:"))
    throw refuse("`url` of a channel is a complete https:// address.")
  return url
}

const readChannel = (value: unknown, available: ReadonlyArray<ChannelType>, before: Channel | undefined): Channel => {
  if (typeof value !== "object" || value === null) throw refuse("Each of `channels` is an object with a `type`.")
  const type = textIn(value, "type")
  if (!available.some((each) => each === type))
    throw refuse(
      type === "EMAIL"
        ? "There is no e-mail here: an operator can set it up with BRAID_SMTP_URL."
        : `\`type\` of a channel is one of ${available.join(", ")}.`
    )
  if (type === "IN_APP") return { type }
  if (type === "EMAIL") {
    const address = textIn(value, "address")
    if (!/^[^\s@<>,;]{1,64}@[^\s@<>,;]{1,190}$/.test(address))
      throw refuse("`address` of an e-mail channel is one e-mail address.")
    return { type, address }
  }
  const url = textIn(value, "url")
  if (type === "SLACK") {
    const kept = before?.type === "SLACK" && url === maskedUrl(before.url) ? before.url : checkUrl(url)
    return { type, url: kept, channel: textIn(value, "channel").slice(0, 80) }
  }
  const secret = textIn(value, "secret")
  const old = before?.type === "WEBHOOK" ? before : undefined
  if (secret === "" || (secret === mask && old === undefined))
    throw refuse("A webhook channel needs a `secret`, by which the receiver knows the notice is from here.")
  return {
    type: "WEBHOOK",
    url: old !== undefined && url === maskedUrl(old.url) ? old.url : checkUrl(url),
    secret: secret === mask ? old!.secret : secret
  }
}

const nameOf = (channel: unknown): { readonly type: string; readonly url: string } =>
  typeof channel === "object" && channel !== null
    ? { type: textIn(channel, "type"), url: textIn(channel, "url") }
    : { type: "", url: "" }

/** What a client sent; a secret that comes back as it was shown stays what it is. */
export const readChannels = (
  value: unknown,
  available: ReadonlyArray<ChannelType>,
  before: ReadonlyArray<KeptChannel>,
  newId: () => string
): Effect.Effect<ReadonlyArray<KeptChannel>, AlertRefused> =>
  Effect.try({
    try: () => {
      if (!Array.isArray(value) || value.length === 0 || value.length > mostChannels)
        throw refuse(`\`channels\` lists 1 to ${mostChannels} channels.`)
      const left = [...before]
      return value.map((each: unknown): KeptChannel => {
        const { type, url } = nameOf(each)
        const ofType = left.filter(({ channel }) => channel.type === type)
        // That which was shown with this address, else any of its type.
        const same = ofType.find(({ channel }) => nameOf(shownChannel(channel)).url === url) ?? ofType[0]
        if (same !== undefined) left.splice(left.indexOf(same), 1)
        return { id: same?.id ?? newId(), channel: readChannel(each, available, same?.channel) }
      })
    },
    catch: (error) => {
      if (error instanceof AlertRefused) return error
      throw error
    }
  })

const place = (alertId: string) => `channels of the alert ${alertId}`

/** As columns of its row. Throws `VaultLocked`. */
export const sealChannels = (
  vault: Vault["Service"],
  alertId: string,
  channels: ReadonlyArray<KeptChannel>
): { readonly channels: string; readonly secrets: string | null } => {
  const secrets: Record<string, Secret> = {}
  const open = channels.map(({ id, channel }): Open => {
    if (channel.type === "SLACK") {
      secrets[id] = { url: channel.url }
      return { id, type: "SLACK", channel: channel.channel }
    }
    if (channel.type === "WEBHOOK") {
      secrets[id] = { url: channel.url, secret: channel.secret }
      return { id, type: "WEBHOOK" }
    }
    return { ...channel, id }
  })
  return {
    channels: JSON.stringify(open),
    secrets: Object.keys(secrets).length === 0 ? null : vault.seal(JSON.stringify(secrets), place(alertId))
  }
}

/** Throws `VaultLocked`. */
export const openChannels = (
  vault: Vault["Service"],
  alertId: string,
  row: { readonly channels: string; readonly secrets: string | null }
): ReadonlyArray<KeptChannel> => {
  const secrets = (row.secrets === null ? {} : JSON.parse(vault.open(row.secrets, place(alertId)))) as Record<
    string,
    Secret
  >
  return (JSON.parse(row.channels) as ReadonlyArray<Open>).map((open): KeptChannel => {
    const { url = "", secret = "" } = secrets[open.id] ?? {}
    if (open.type === "SLACK") return { id: open.id, channel: { type: "SLACK", url, channel: open.channel } }
    if (open.type === "WEBHOOK") return { id: open.id, channel: { type: "WEBHOOK", url, secret } }
    return open.type === "EMAIL"
      ? { id: open.id, channel: { type: "EMAIL", address: open.address } }
      : { id: open.id, channel: { type: "IN_APP" } }
  })
}

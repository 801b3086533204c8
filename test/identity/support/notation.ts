/**
 * The notation of the worked cases (spec 02 section 18), as text.
 *
 *     event   [type] [@time] [id=message id] type:value ... [{"json":"merged into the message"}]
 *     graph   P1{user_id:u1 email:e1} P2{anonymous_id:a1..a5} G1{group_id:g1}
 *
 * Identifiers are put where the default types are read (IDR-30), all others and a second value of a type into
 * `context.externalIds`. Profiles are numbered by creation over the whole case: P users, G accounts.
 */
import type { JsonObject, Message, MessageType } from "../../../src/event/message.ts"
import { messageTypes } from "../../../src/event/message.ts"

const start = Date.parse("2024-05-01T00:00:00.000Z")
const minute = 60_000

interface Draft {
  [key: string]: unknown
  context: { [key: string]: unknown; externalIds?: Array<JsonObject> }
  traits?: { [key: string]: unknown }
}

const accountTypes = new Set(["group_id", "crm_account_id"])

const place = (draft: Draft, type: string, value: string): boolean => {
  const into = (object: { [key: string]: unknown }, key: string): boolean => {
    if (key in object) return false
    object[key] = value
    return true
  }
  const section = (key: string) => (draft.context[key] ??= {}) as { [key: string]: unknown }
  switch (type) {
    case "user_id":
      return into(draft, "userId")
    case "anonymous_id":
      return into(draft, "anonymousId")
    case "group_id":
      return draft["type"] === "group" ? into(draft, "groupId") : into(draft.context, "groupId")
    case "email":
      return draft["type"] === "identify" ? into((draft.traits ??= {}), "email") : into(section("traits"), "email")
    case "android.id":
    case "ios.id": {
      const device = section("device")
      const system = type.slice(0, type.indexOf("."))
      if (device["type"] !== undefined && device["type"] !== system) return false
      device["type"] = system
      return into(device, "id")
    }
    case "ga_client_id": {
      const google = (section("integrations")["Google Analytics"] ??= {}) as { [key: string]: unknown }
      return into(google, "clientId")
    }
    default:
      return false
  }
}

/** `a1..a5` -> a1, a2, a3, a4, a5. */
export const range = (value: string): ReadonlyArray<string> => {
  const match = /^([a-z]+)(\d+)\.\.[a-z]+(\d+)$/.exec(value)
  if (match === null) return [value]
  const [, prefix, from, to] = match
  return Array.from({ length: Number(to) - Number(from) + 1 }, (_, i) => `${prefix}${Number(from) + i}`)
}

const identifiersIn = (text: string): ReadonlyArray<readonly [type: string, value: string]> =>
  text
    .trim()
    .split(/[\s,]+/)
    .filter((part) => part !== "")
    .flatMap((part) => {
      const colon = part.indexOf(":")
      return range(part.slice(colon + 1)).map((value) => [part.slice(0, colon), value] as const)
    })

/** The n-th event of a run; one minute after the one before, unless it says otherwise. */
export const message = (line: string, n: number): Message => {
  const [, head, json] = /^([^{]*)(\{.*\})?$/s.exec(line.trim())!
  let time = new Date(start + n * minute).toISOString()
  let messageId = `m-${n}`
  let type: MessageType = "track"
  const rest: Array<string> = []
  for (const word of head!.trim().split(/[\s,]+/)) {
    if ((messageTypes as ReadonlyArray<string>).includes(word)) type = word as MessageType
    else if (word.startsWith("@")) time = new Date(word.slice(1)).toISOString()
    else if (word.startsWith("id=")) messageId = word.slice(3)
    else rest.push(word)
  }
  const draft: Draft = { type, messageId, context: {} }
  for (const [identifier, value] of identifiersIn(rest.join(" "))) {
    if (place(draft, identifier, value)) continue
    draft.context.externalIds ??= []
    const collection = accountTypes.has(identifier) ? "accounts" : "users"
    draft.context.externalIds.push({ id: value, type: identifier, collection, encoding: "none" })
  }
  if (type === "track") draft["event"] = "Shoe Clicked"
  const extra = json === undefined ? {} : (JSON.parse(json) as { context?: object; traits?: object })
  const traits =
    draft.traits === undefined && extra.traits === undefined ? {} : { traits: { ...draft.traits, ...extra.traits } }
  return {
    integrations: {},
    timestamp: time,
    originalTimestamp: time,
    receivedAt: time,
    version: 2,
    channel: "server",
    ...draft,
    ...extra,
    ...traits,
    context: { ...draft.context, ...extra.context }
  } as unknown as Message
}

export interface GraphText {
  readonly name: string
  readonly ids: ReadonlyArray<string>
}

/** Profiles with their identifiers, sorted, so that two graphs compare as text. */
export const parseGraph = (text: string): ReadonlyArray<GraphText> =>
  [...text.matchAll(/([PG]\d+)\{([^}]*)\}/g)].map(([, name, ids]) => ({
    name: name!,
    ids: identifiersIn(ids!)
      .map(([type, value]) => `${type}:${value}`)
      .sort()
  }))

export const showGraph = (graph: ReadonlyArray<GraphText>): string =>
  graph.map(({ name, ids }) => `${name}{${ids.join(" ")}}`).join(" ")

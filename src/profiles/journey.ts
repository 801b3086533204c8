/** One event's way: taken by the Tracking API or not, stored, resolved by the space or left out, with the reason at every stop. */
import type { LiveEntry } from "../debugger/reader.ts"
import { reasonOf } from "../debugger/words.ts"
import { listedName, type Message, type MessageType } from "../event/message.ts"
import { liveFilterOf } from "./live-filter.ts"
import type { Outcome } from "./outcomes.ts"
import { recordLoaders, withoutConsent } from "./record-loaders.ts"
import type { RequestContext } from "./resolvers.ts"

export interface JourneyStop {
  readonly kind: "ACCEPTED" | "DUPLICATE" | "DISCARDED" | "DROPPED" | "RESOLVED" | "WAITING"
  /** ms */
  readonly at: number | null
  readonly text: string
  /** Identifiers that the text may name are in it: whoever masks the text looks there. */
  readonly named?: object
  readonly data: object
}

export interface Journey {
  readonly messageId: string
  readonly type: MessageType | null
  readonly event: string | null
  readonly timestamp: string | null
  readonly receivedAt: string | null
  readonly sourceId: string | null
  readonly sourceName: string | null
  readonly raw: object | null
  readonly stops: ReadonlyArray<JourneyStop>
  readonly outcome: Outcome | null
}

/** Stops of one message that are shown; a client that sends it for ever adds no more. */
const mostEntries = 50

const libraryOf = ({ context }: Message): string => {
  const { library } = context
  if (typeof library !== "object" || library === null || Array.isArray(library)) return "an unnamed library"
  const { name, version } = library as { readonly name?: unknown; readonly version?: unknown }
  return [name, version].filter((part) => typeof part === "string").join(" ") || "an unnamed library"
}

const accepted = (message: Message, source: string): JourneyStop => ({
  kind: "ACCEPTED",
  at: Date.parse(message.receivedAt),
  text: `Answered 200 and stored; sent by ${libraryOf(message)} to the source ${source}.`,
  data: { channel: message.channel, library: libraryOf(message) }
})

const seenStop = ({ status, at, code }: LiveEntry): JourneyStop | undefined => {
  if (status === "duplicate")
    return { kind: "DUPLICATE", at, text: "It came again and was not stored a second time.", data: {} }
  if (status === "discarded" || status === "blocked")
    return { kind: "DISCARDED", at, text: `Not stored. ${reasonOf(code ?? "")}`, data: { code } }
  return undefined
}

/** Null: nobody knows the message. */
export const journeyOf = async (messageId: string, context: RequestContext): Promise<Journey | null> => {
  const { services, space, sources } = context
  const filter = { ...liveFilterOf(null, context), messageId }
  const [[outcome = null], entries, explanation] = await Promise.all([
    services.run(services.outcomes(space, [messageId])),
    services.run(services.live.newest(filter, mostEntries)),
    services.run(services.explain.ofMessage(space.id, messageId))
  ])
  if (outcome === null && entries.length === 0 && explanation === null) return null
  const stored = outcome === null ? null : await recordLoaders(context).messages.load(outcome.position)
  const kept =
    entries.find(({ status }) => status === "accepted") ?? entries.find(({ status }) => status === "duplicate")
  const message = stored ?? (kept === undefined ? null : (JSON.parse(kept.body) as Message))
  const source = outcome?.source ?? entries[0]?.source
  const name = source === undefined ? null : sources.name(source)
  const stops: Array<JourneyStop> = []
  if (message !== null) stops.push(accepted(message, name ?? ""))
  for (const entry of entries.toReversed()) {
    const stop = seenStop(entry)
    if (stop !== undefined) stops.push(stop)
  }
  if (explanation !== null)
    stops.push({
      kind: explanation.action === "dropped" ? "DROPPED" : "RESOLVED",
      at: message === null ? null : Date.parse(message.receivedAt),
      text: explanation.summary,
      named: explanation.record,
      data: { action: explanation.action, rulesVersion: explanation.rulesVersion, space: space.slug }
    })
  else if (message !== null)
    stops.push({ kind: "WAITING", at: null, text: `It waits for the space ${space.name} to resolve it.`, data: {} })
  const shown = message ?? (entries[0] === undefined ? null : (JSON.parse(entries[0].body) as Partial<Message>))
  return {
    messageId,
    type: message?.type ?? null,
    event:
      shown === null
        ? null
        : listedName({ type: shown.type ?? "track", ...(shown.event === undefined ? {} : { event: shown.event }) }),
    timestamp: message?.timestamp ?? null,
    receivedAt: message?.receivedAt ?? null,
    sourceId: source === undefined ? null : sources.id(source),
    sourceName: name,
    raw: message === null ? (shown as object | null) : withoutConsent(message),
    stops,
    outcome:
      outcome ??
      (explanation?.action === "dropped" ? droppedOutcome(messageId, source ?? 0, explanation.summary) : null)
  }
}

const droppedOutcome = (messageId: string, source: number, reason: string): Outcome => ({
  messageId,
  position: 0,
  seq: 0,
  source,
  action: "dropped",
  user: null,
  account: null,
  demoted: 0,
  mapped: 0,
  merged: 0,
  violations: 0,
  reason
})

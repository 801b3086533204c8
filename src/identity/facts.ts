/** What the resolver needs to know of an event besides its identifiers. */
import type { Message } from "../event/message.ts"
import type { LogEvent } from "../log/event-log.ts"
import type { EventFacts, Seq } from "./model.ts"

const nameOf = ({ type, event, name }: Message): string | null =>
  (type === "track" ? event : type === "page" || type === "screen" ? name : undefined) ?? null

/**
 * `t` is the earlier of `timestamp` and `receivedAt` (IDR-22): one event dated 2099 must not freeze a trait for
 * 70 years. A time that cannot be read counts as absent; without both, `t` is 0.
 */
export const factsOf = (
  message: Message,
  event: Pick<LogEvent, "position" | "source">,
  sourceId: string,
  seq: Seq = event.position
): EventFacts => {
  const received = Date.parse(message.receivedAt)
  const stamped = Date.parse(message.timestamp)
  const receivedAt = Number.isNaN(received) ? (Number.isNaN(stamped) ? 0 : stamped) : received
  const timestamp = Number.isNaN(stamped) ? receivedAt : stamped
  return {
    position: event.position,
    seq,
    messageId: message.messageId,
    type: message.type,
    name: nameOf(message),
    sourceId,
    source: event.source,
    t: Math.min(timestamp, receivedAt),
    timestamp,
    receivedAt
  }
}

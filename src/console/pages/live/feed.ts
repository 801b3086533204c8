/**
 * The list of the debugger: the newest 500 messages, each once, the newest first (ING-120, ING-123). While it is paused the
 * list stays as it is, and what arrives waits behind it. Pure; see test/console/live.test.ts.
 */
import type { LiveEventsData } from "./live.gql.ts"

export type Message = LiveEventsData["liveEvents"][number]
export type Outcome = NonNullable<Message["outcome"]>

export const most = 500

export interface Feed {
  readonly shown: ReadonlyArray<Message>
  /** Came while the list was paused; the newest first. */
  readonly waiting: ReadonlyArray<Message>
  /** How many came while it was paused, also those that are not kept. */
  readonly missed: number
}

export const emptyFeed: Feed = { shown: [], waiting: [], missed: 0 }

/** The newest of both, each once; numbers of messages rise. */
const newest = (a: ReadonlyArray<Message>, b: ReadonlyArray<Message>): ReadonlyArray<Message> => {
  const byId = new Map<string, Message>()
  for (const message of [...a, ...b]) byId.set(message.id, message)
  return [...byId.values()].sort((x, y) => Number(y.id) - Number(x.id)).slice(0, most)
}

export const arrive = (feed: Feed, messages: ReadonlyArray<Message>, paused: boolean): Feed => {
  if (!paused) return { ...feed, shown: newest(messages, feed.shown) }
  const known = new Set([...feed.shown, ...feed.waiting].map(({ id }) => id))
  const fresh = messages.filter(({ id }) => !known.has(id))
  return { ...feed, waiting: newest(fresh, feed.waiting), missed: feed.missed + fresh.length }
}

/** Goes on: the newest 500 of what was shown and what came meanwhile. */
export const resume = (feed: Feed): Feed => ({ ...emptyFeed, shown: newest(feed.waiting, feed.shown) })

const isOpen = ({ status, outcome, messageId }: Message): boolean =>
  outcome === null && messageId !== null && (status === "ACCEPTED" || status === "DUPLICATE")

/** Ids of messages that the space had not resolved when they came; the newest first. */
export const unresolved = (feed: Feed, since: number): ReadonlyArray<string> => [
  ...new Set(
    [...feed.waiting, ...feed.shown].flatMap((message) =>
      isOpen(message) && Date.parse(message.receivedAt) >= since ? [message.messageId!] : []
    )
  )
]

/** Tells what has become of messages. */
export const settle = (feed: Feed, outcomes: ReadonlyArray<Outcome | null>): Feed => {
  const byId = new Map(outcomes.flatMap((outcome) => (outcome === null ? [] : [[outcome.messageId, outcome] as const])))
  if (byId.size === 0) return feed
  const told = (messages: ReadonlyArray<Message>) =>
    messages.map((message) => {
      const outcome = isOpen(message) ? byId.get(message.messageId!) : undefined
      return outcome === undefined ? message : { ...message, outcome }
    })
  return { ...feed, shown: told(feed.shown), waiting: told(feed.waiting) }
}

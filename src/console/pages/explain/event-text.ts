/** Events as a person types them. Pure. */
import { jsonProblem, type JsonProblem } from "../../json-problem.ts"

export const exampleText = JSON.stringify(
  {
    type: "identify",
    userId: "abc123",
    anonymousId: "anon_1",
    traits: { email: "jane@example.com", name: "Jane Doe" }
  },
  undefined,
  2
)

interface ReadText {
  readonly event?: unknown
  readonly problem?: JsonProblem | undefined
}

export const readEventText = (text: string): ReadText => {
  const problem = jsonProblem(text)
  return problem === undefined ? { event: JSON.parse(text) as unknown } : { problem }
}

/** What says when and as what it came. */
const ofThen: ReadonlySet<string> = new Set([
  "messageId",
  "timestamp",
  "originalTimestamp",
  "receivedAt",
  "sentAt",
  "version",
  "channel"
])

/** A stored message as a question: it was resolved already under its id, and what is asked is what such an event would do now. */
export const asNew = (raw: unknown): unknown =>
  typeof raw === "object" && raw !== null && !Array.isArray(raw)
    ? Object.fromEntries(Object.entries(raw).filter(([key]) => !ofThen.has(key)))
    : raw

export const textOf = (raw: unknown): string => JSON.stringify(asNew(raw), undefined, 2)

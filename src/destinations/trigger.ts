/**
 * Triggers of mappings (DST-86 to DST-88): which events a mapping takes.
 *
 *     text --normalise--> simple?  --yes--> Segment's own `validate`, so that it means what it means there
 *                             `----no---> FQL
 *
 * Simple is what Segment's parser gives back as it was; everything else it misreads in silence.
 */
import { generateFql, parseFql as parseSubscription, validate } from "@segment/destination-subscriptions"
import { normaliseTrigger } from "../catalog/trigger-text.ts"
import { parseFql } from "../fql/fql.ts"
import { asks } from "./asks.ts"

export type CompiledTrigger =
  | {
      readonly trigger: string
      readonly simple: boolean
      /** Throws what the event cannot answer. */
      readonly fires: (event: object) => boolean
      readonly problem?: undefined
    }
  /** Why it is none, with the place. */
  | { readonly problem: string }

/** A pattern that Segment's parser does not read as the glob that it is. */
const misreadPattern = /match\([^"]*"(?![^"*?[\\]*\*"|\*[^"*?[\\]*")/

const parseSimple = (trigger: string) => {
  if (misreadPattern.test(trigger)) return undefined
  const parsed = parseSubscription(trigger)
  try {
    return normaliseTrigger(generateFql(parsed)) === trigger ? parsed : undefined
  } catch {
    return undefined
  }
}

const maxBytes = 5120

export const compileTrigger = (text: string): CompiledTrigger => {
  const bytes = Buffer.byteLength(text)
  if (bytes > maxBytes) return { problem: `The trigger has ${bytes} bytes; at most ${maxBytes} are allowed.` }
  const trigger = normaliseTrigger(text)
  const simple = parseSimple(trigger)
  if (simple !== undefined) return { trigger, simple: true, fires: (event) => validate(simple, event) }
  const parsed = parseFql(trigger)
  if (!parsed.ok) return { problem: parsed.problem.message }
  return { trigger, simple: false, fires: asks(parsed.filter) }
}

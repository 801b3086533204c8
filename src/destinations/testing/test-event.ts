/**
 * The testers: sends one real event to a destination, now, and tells what was asked and answered (DEL-60 to DEL-65).
 *
 *     event --> triggers --> encryption --> the executor, once for each mapping --> exchanges
 *
 * Filters and all other rules before the triggers are passed by; nothing is counted, retried, batched or kept. The Event Tester
 * asks the enabled mappings; the Mapping Tester one that is given to it, saved or not, enabled or not. Both end after 30 seconds: what has
 * not answered by then is told as a time-out. Who may test, and the entry in the audit trail, is the caller's.
 */
import { Clock, Data, Effect, Fiber, Schedule } from "effect"
import { randomUUID } from "node:crypto"
import { DestinationRunner, type Exchange, type OAuthTokens } from "../../catalog/runner.ts"
import { messageTypes } from "../../event/message.ts"
import { type Destination, Destinations, type Mapping } from "../destination.ts"
import { withEncryptionCode } from "../pipeline/encrypted-rejection.ts"
import { encryptFields } from "../pipeline/encrypt.ts"
import { isObject, type Payload } from "../pipeline/stopped.ts"
import { matchedMappings } from "../pipeline/triggers.ts"

/** DEL-64. */
const longestMs = 30_000
const atOnce = 5

/** As it is documented (DEL-61). */
export const nothingMatches = "You may not have any subscriptions that match this event."

/** The test was not made: nothing was sent. */
export class TestRefused extends Data.TaggedError("TestRefused")<{
  readonly code: "TEST_UNSUPPORTED" | "EVENT_INVALID"
  readonly message: string
}> {}

export interface TestedCall {
  /** Null: the destination has no mappings, or the mapping is not saved. */
  readonly subscriptionId: string | null
  readonly name: string
  readonly status: "delivered" | "failed"
  /** Of DEL-40, when it failed. */
  readonly code?: string
  readonly message?: string
  readonly exchanges: ReadonlyArray<Exchange>
}

export interface TestResult {
  /** Mappings that the event matches; 1 for a destination without mappings. */
  readonly matched: number
  /** When nothing does. */
  readonly message?: string
  /** In the order of the mappings. */
  readonly results: ReadonlyArray<TestedCall>
  /** Requests that were made. */
  readonly calls: number
  /** The event as it was handed to the mappings: completed, and encrypted where the destination says so. */
  readonly event: Payload
}

export interface TestRequest {
  readonly destination: Destination
  readonly event: unknown
  /** Mapping Tester: this one alone. `saved: false`: it has no id yet. */
  readonly mapping?: Mapping | undefined
  readonly saved?: boolean
}

/** What libraries and the door would have added: mappings read these. */
const completed = (event: Payload, now: number): Payload => {
  const at = new Date(now).toISOString()
  return {
    ...event,
    messageId: event["messageId"] ?? `test-${randomUUID()}`,
    context: event["context"] ?? {},
    integrations: event["integrations"] ?? {},
    timestamp: event["timestamp"] ?? at,
    receivedAt: event["receivedAt"] ?? at
  }
}

const refuse = (code: TestRefused["code"], message: string) => new TestRefused({ code, message })

const problemOf = (
  { connectionMode, entry, name, unknownEntry }: Destination,
  event: unknown
): TestRefused | undefined => {
  if (unknownEntry === true)
    return refuse("TEST_UNSUPPORTED", `The catalog does not know what "${name}" is (any more); it cannot be executed.`)
  if (entry.kind === "storage")
    return refuse("TEST_UNSUPPORTED", `"${name}" takes copies of everything; there is no single event to test.`)
  if (connectionMode === "device")
    return refuse("TEST_UNSUPPORTED", `"${name}" gets its events from the device. Only cloud mode can be tested here.`)
  if (!isObject(event)) return refuse("EVENT_INVALID", "The event must be a JSON object.")
  if (!messageTypes.includes(event["type"] as never))
    return refuse("EVENT_INVALID", `The type of the event must be one of ${messageTypes.join(", ")}.`)
  return undefined
}

const matchedBy = (
  { destination, mapping }: TestRequest,
  event: Payload
): ReadonlyArray<Mapping | undefined> | string => {
  if (destination.entry.kind === "classic") return [undefined]
  const candidates = mapping === undefined ? destination.mappings : [{ ...mapping, enabled: true }]
  const matched = matchedMappings(candidates, event)
  if (!("code" in matched)) return matched
  return matched.detail === undefined ? nothingMatches : `${nothingMatches} (${matched.detail})`
}

const timedOut = { status: "failed", code: "ETIMEDOUT", message: `No answer within ${longestMs / 1000} s.` } as const

/** Sends the event. Fails only when there is nothing to test. */
export const testEvent = (
  request: TestRequest
): Effect.Effect<TestResult, TestRefused, DestinationRunner | Destinations> =>
  Effect.gen(function* () {
    const { destination, saved = true } = request
    const problem = problemOf(destination, request.event)
    if (problem !== undefined) return yield* problem
    const runner = yield* DestinationRunner
    const destinations = yield* Destinations
    const event = completed(request.event as Payload, yield* Clock.currentTimeMillis)
    const matched = matchedBy(request, event)
    if (typeof matched === "string") return { matched: 0, message: matched, results: [], calls: 0, event }

    const told = (mapping: Mapping | undefined) => ({
      subscriptionId: mapping === undefined || !saved ? null : mapping.id,
      name: mapping?.name ?? destination.name
    })
    const encrypted = destination.encryption === undefined ? { event } : encryptFields(destination.encryption, event)
    if (encrypted.stopped !== undefined) {
      const { code, detail = "" } = encrypted.stopped
      const failed = { status: "failed", code, message: detail, exchanges: [] } as const
      return { matched: matched.length, results: matched.map((it) => ({ ...told(it), ...failed })), calls: 0, event }
    }
    const text = JSON.stringify(encrypted.event)

    const store = (tokens: OAuthTokens) =>
      destinations.storeTokens(destination.id, tokens).pipe(
        Effect.retry({ schedule: Schedule.spaced("200 millis"), times: 10 }),
        Effect.catch(() =>
          Effect.logError(`New OAuth tokens of "${destination.name}" could not be stored: authorise it again.`)
        )
      )
    const call = Effect.fnUntraced(function* (mapping: Mapping | undefined) {
      const { exchanges, outcomes } = yield* runner.call({
        instance: destination.id,
        metadataId: destination.entry.id,
        settings: destination.settings,
        tokens: destination.tokens,
        onRefresh: store,
        actionSlug: mapping?.actionSlug,
        mapping: mapping?.settings,
        events: [text],
        batch: false,
        recordAll: true
      })
      const outcome =
        outcomes[0] === undefined
          ? ({ kind: "failed", code: "INTERNAL", message: "The destination gave no result." } as const)
          : withEncryptionCode(destination, mapping, outcomes[0])
      return outcome.kind === "delivered"
        ? { ...told(mapping), status: "delivered" as const, exchanges }
        : { ...told(mapping), status: "failed" as const, code: outcome.code, message: outcome.message, exchanges }
    })

    const results = yield* withDeadline(
      matched.map((mapping) =>
        call(mapping).pipe(
          Effect.catchTag("RunnerUnavailable", ({ message }) =>
            Effect.succeed({ ...told(mapping), status: "failed" as const, code: "INTERNAL", message, exchanges: [] })
          )
        )
      ),
      (n) => ({ ...told(matched[n]), ...timedOut, exchanges: [] })
    )
    const calls = results.reduce((sum, { exchanges }) => sum + exchanges.length, 0)
    return { matched: matched.length, results, calls, event: encrypted.event }
  })

/**
 * All results in order; `late` stands in for those that are not there when the time is over. What is under way then runs to its own
 * end, unseen: tokens that it refreshes on the way have to be stored.
 */
const withDeadline = <A, E, R>(
  calls: ReadonlyArray<Effect.Effect<A, E, R>>,
  late: (n: number) => A
): Effect.Effect<ReadonlyArray<A>, E, R> =>
  Effect.gen(function* () {
    const done: Array<A | undefined> = calls.map(() => undefined)
    let over = false
    const each = (call: Effect.Effect<A, E, R>, n: number) =>
      Effect.suspend(() => (over ? Effect.void : Effect.map(call, (result) => void (done[n] = result))))
    const running = yield* Effect.forkDetach(Effect.forEach(calls, each, { concurrency: atOnce, discard: true }))
    yield* Effect.timeoutOption(Fiber.join(running), longestMs)
    over = true
    return done.map((result, n) => result ?? late(n))
  })

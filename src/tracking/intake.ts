/**
 * From a parsed request to the log, for the POST routes and the pixel alike: write key, meters, unpacking, durable
 * append, counting (the order of ING-100). Says what became of the request; the caller says it to the client.
 */
import type { IncomingMessage } from "node:http"
import type { SourceTally } from "../delivery/source-tally.ts"
import { type DiscardCode, warningsOf } from "../event/codes.ts"
import { isObject } from "../event/json.ts"
import type { Recorder } from "../debugger/recorder.ts"
import type { JsonObject, MessageType } from "../event/message.ts"
import type { Arrival } from "../event/normalise.ts"
import { formatTime, notedTime } from "../event/timestamps.ts"
import { someUserId } from "../event/user-ids.ts"
import type { AppendRequest } from "../log/event-log.ts"
import type { SchemaNames } from "../source-schema/names.ts"
import type { KeyUses } from "../workspace/key-use.ts"
import { TokenVerifier } from "../workspace/oauth-token.ts"
import type { IsSuppressed } from "../workspace/suppressions.ts"
import type { Source, WorkspaceSnapshot } from "../workspace/workspace.ts"
import { botsOf } from "./bots.ts"
import type { Counters } from "./counters.ts"
import { retrySeconds, SenderMeters, TokenBucket } from "./meters.ts"
import type { Senders } from "../platform/sender.ts"
import type { UnknownKeys } from "./unknown-keys.ts"
import { type Intake, type Origin, unpackBatch, unpackSingle } from "./unpack.ts"
import { bearerToken, requestKey } from "./write-key.ts"

/** The parts of the event log that the door uses. */
export interface Log {
  readonly offer: (request: AppendRequest) => boolean
  readonly held: () => number
}

/** Why a request to a source with OAuth is refused (ING-150). */
type OAuthProblem = "invalid_token" | "insufficient_scope" | "source_not_connected"

interface IntakeSettings {
  readonly collectIpv6: boolean
  readonly rejectUnknownKeys: boolean
  readonly dedupScope: "workspace" | "source"
  readonly heldEvents: number
}

export interface IntakeDeps {
  readonly snapshot: () => WorkspaceSnapshot
  /** Answers undefined while nobody is suppressed. */
  readonly suppression?: () => IsSuppressed | undefined
  readonly log: Log
  readonly settings: IntakeSettings
  readonly senders: Senders
  readonly counters: Counters
  readonly unknownKeys: UnknownKeys
  readonly newMessageId: () => string
  /** Milliseconds after which a request is answered although its commit is still under way (ING-10). */
  readonly deadlineMs: number
  /** What the debugger shows; absent: nothing is kept for it. */
  readonly recorder?: Pick<Recorder, "accepted" | "blocked" | "discarded">
  /** When keys are used; absent: nobody wants to know. */
  readonly keyUse?: Pick<KeyUses, "note">
  /** What names came, for the schema of the source; absent: nobody keeps one. */
  readonly names?: Pick<SchemaNames, "blocked" | "blockedTrait" | "of" | "stored">
  /** How many came and what became of them; absent: nobody counts. */
  readonly counts?: Pick<SourceTally, "of" | "stored" | "failed" | "filtered" | "suppressed">
}

/** A request whose body was read and parsed. */
export interface Parsed {
  readonly req: IncomingMessage
  readonly body: JsonObject
  /** The type of a single call; undefined for a batch. */
  readonly type: MessageType | undefined
  readonly client: boolean
  readonly pixel: boolean
  readonly receivedAt: number
  /** The write key of the Authorization header. */
  readonly headerKey: string | undefined
}

export type Outcome =
  | { readonly kind: "done" }
  | {
      readonly kind: "refused"
      readonly code: "invalid_request" | "invalid_write_key" | "unknown_write_key" | "payload_too_large" | OAuthProblem
      readonly message?: string
    }
  | { readonly kind: "later"; readonly code: "rate_limited" | "unavailable"; readonly seconds: number }

/** Why a message was blocked (ING-116). */
const eventSetting = "event_setting"

const done: Outcome = { kind: "done" }
const unavailable: Outcome = { kind: "later", code: "unavailable", seconds: 2 }

const libraryOf = (body: JsonObject): string | null => {
  const first = Array.isArray(body.batch) ? body.batch[0] : undefined
  for (const holder of [body, first]) {
    const context = isObject(holder) ? holder.context : undefined
    const library = isObject(context) ? context.library : undefined
    const name = isObject(library) ? library.name : undefined
    if (typeof name === "string") return name
  }
  return null
}

/** `answer` is called exactly once; with `done` only after everything accepted is durable. */
export const makeIntake = (deps: IntakeDeps): ((parsed: Parsed, answer: (outcome: Outcome) => void) => void) => {
  const { counters, counts, log, names, recorder, senders, settings, snapshot } = deps
  const unknownSenders = new SenderMeters()
  const tokens = new TokenVerifier()
  let requests: TokenBucket | undefined

  const unknownSource = (key: string, parsed: Parsed): Outcome => {
    const sender = senders.addressOf(parsed.req)
    deps.unknownKeys.seen(key, parsed.receivedAt, libraryOf(parsed.body), sender === "" ? null : sender)
    counters.add("unknownKeys")
    if (!parsed.pixel && !unknownSenders.take(sender, snapshot().limits.requestsPerSecond, parsed.receivedAt)) {
      return { kind: "later", code: "rate_limited", seconds: 1 }
    }
    return settings.rejectUnknownKeys ? { kind: "refused", code: "unknown_write_key" } : done
  }

  /** The meters of ING-34; a pixel call is dropped where another one would be told to come back. */
  const metered = (parsed: Parsed): Outcome | undefined => {
    const { messagesPerSecond, requestsPerSecond } = snapshot().limits
    const over = log.held() - settings.heldEvents
    if (over >= 0) {
      return { kind: "later", code: "rate_limited", seconds: retrySeconds((over + 1) / Math.max(1, messagesPerSecond)) }
    }
    if (parsed.pixel) return undefined
    requests ??= new TokenBucket(requestsPerSecond, parsed.receivedAt)
    return requests.take(requestsPerSecond, parsed.receivedAt)
      ? undefined
      : { kind: "later", code: "rate_limited", seconds: retrySeconds(1 / requestsPerSecond) }
  }

  /** ING-150; a source without OAuth does not look at tokens. */
  const unauthorised = (parsed: Parsed, { oauth, id }: Source): OAuthProblem | undefined => {
    if (oauth?.enabled !== true) return undefined
    const sent = bearerToken(parsed.req.headers.authorization)
    const token = sent === undefined ? undefined : tokens.verify(snapshot().oauth, sent, parsed.receivedAt)
    const problem =
      token === undefined
        ? "invalid_token"
        : token.application.id !== oauth.application
          ? "source_not_connected"
          : token.scopes.has("tracking_api:write")
            ? undefined
            : "insufficient_scope"
    if (problem !== undefined) counters.add("reasons", id, problem)
    return problem
  }

  const arrivalOf = (parsed: Parsed, source: Source): Arrival => {
    const { body, client, receivedAt, req } = parsed
    const address = senders.addressOf(req)
    const agent = req.headers["user-agent"]
    const noting = { warnings: 0 }
    const sentAt = parsed.type === undefined ? notedTime(body.sentAt, noting) : Number.NaN
    // The batch's own fault is no message's fault, but somebody should hear of it.
    if (noting.warnings !== 0) counters.add("warnings", source.id, "timestamp_invalid")
    return {
      receivedAt,
      receivedAtText: formatTime(receivedAt),
      sentAt,
      client,
      mobile: source.kind === "mobile",
      ip: address === "" || (address.includes(":") && !settings.collectIpv6) ? undefined : address,
      userAgent: agent,
      newMessageId: deps.newMessageId,
      warnings: 0
    }
  }

  const count = (source: Source, intake: Intake, receivedAt: number, isSuppressed: Origin["isSuppressed"]): void => {
    const { id, no } = source
    if (intake.suppressed > 0) counters.add("suppressed", id, "", intake.suppressed)
    if (intake.reason !== undefined) counters.add("reasons", id, intake.reason)
    for (const [i, code] of (intake.discarded satisfies ReadonlyArray<DiscardCode>).entries()) {
      counters.add("discarded", id, code)
      const item = intake.refused[i]
      const isHidden =
        isSuppressed !== undefined && isObject(item) && someUserId(item, (userId) => isSuppressed(userId, no))
      if (!isHidden) recorder?.discarded(no, code, item, receivedAt)
    }
    for (const message of intake.blocked) {
      counters.add("blocked", id, eventSetting)
      recorder?.blocked(no, eventSetting, message, receivedAt)
      names?.blocked(names.of(no, message, receivedAt), receivedAt)
    }
    for (const { type, trait } of intake.blockedTraits) names?.blockedTrait(no, type, trait.keys, receivedAt)
    for (const bits of intake.warnings) for (const code of warningsOf(bits)) counters.add("warnings", id, code)
  }

  /** For the overview of the source (ING-116): when it is sure that the request does not come again. */
  const countFates = ({ no }: Source, { type }: Parsed, intake: Intake, at: number): void => {
    if (counts === undefined) return
    for (const [i, code] of intake.discarded.entries()) counts.failed(no, code, intake.refused[i], at, 1, type)
    for (const message of intake.blocked) counts.filtered(no, eventSetting, message, at)
    if (intake.suppressed > 0) counts.suppressed(no, intake.suppressed, at)
    if (intake.reason !== undefined) counts.failed(no, intake.reason, undefined, at)
  }

  const append = (source: Source, parsed: Parsed, intake: Intake, answer: (outcome: Outcome) => void): void => {
    const { receivedAt } = parsed
    const events = intake.events
    let answered = false
    const settle = (outcome: Outcome) => {
      if (answered) return false
      answered = true
      clearTimeout(timer)
      answer(outcome)
      return true
    }
    const timer = setTimeout(settle, deps.deadlineMs, unavailable)
    const taken = log.offer({
      events,
      receivedAt,
      done: (error, duplicates, which) => {
        if (error !== undefined) return void settle(unavailable)
        recorder?.accepted(source.no, events, receivedAt, which)
        names?.stored(intake.names, receivedAt, which)
        counts?.stored(intake.cells, receivedAt, which)
        countFates(source, parsed, intake, receivedAt)
        if (duplicates < events.length) counters.add("accepted", source.id, "", events.length - duplicates)
        if (duplicates > 0) counters.add("duplicates", source.id, "", duplicates)
        if (!settle(done)) counters.add("late")
      }
    })
    if (!taken) settle(unavailable)
  }

  return (parsed, answer) => {
    const { body, receivedAt, type } = parsed
    const { differ, key } = requestKey(body.writeKey, parsed.headerKey)
    if (key === undefined) return answer({ kind: "refused", code: "invalid_write_key" })
    if (differ) counters.add("keyMismatches")
    const source = snapshot().sourceByWriteKey.get(key)
    if (source === undefined) return answer(unknownSource(key, parsed))
    const limited = metered(parsed)
    if (limited !== undefined) return answer(limited)
    const problem = unauthorised(parsed, source)
    if (problem !== undefined) {
      counts?.failed(source.no, problem, undefined, receivedAt)
      return answer({ kind: "refused", code: problem })
    }
    deps.keyUse?.note(source.id, key, receivedAt, () => libraryOf(body))
    if (!source.enabled) {
      counters.add("reasons", source.id, "source_disabled")
      const messages = type === undefined ? (body.batch as ReadonlyArray<unknown>).length : 1
      counts?.failed(source.no, "source_disabled", undefined, receivedAt, messages, type)
      return answer(done)
    }

    const origin: Origin = {
      source: source.no,
      dedupPrefix: settings.dedupScope === "source" ? `${source.id}\n` : "",
      isSuppressed: deps.suppression?.(),
      names,
      counts,
      blocks: source.blocks,
      isBot: parsed.client ? botsOf(source) : undefined
    }
    const arrival = arrivalOf(parsed, source)
    const intake =
      type === undefined
        ? unpackBatch(body, body.batch as ReadonlyArray<unknown>, origin, arrival)
        : unpackSingle(body, type, origin, arrival)
    if (intake === "payload_too_large") {
      counters.add("reasons", source.id, "bad_request")
      counts?.failed(source.no, "bad_request", undefined, receivedAt)
      return answer({ kind: "refused", code: "payload_too_large" })
    }
    count(source, intake, receivedAt, origin.isSuppressed)
    if (intake.events.length === 0) {
      countFates(source, parsed, intake, receivedAt)
      return answer(done)
    }
    append(source, parsed, intake, answer)
  }
}

/** One call to the executor, and what it means: it never fails (DEL-3), and new tokens are stored before it counts (DEL-12). */
import { Cause, Effect, Schedule } from "effect"
import type { SqlError } from "effect/sql"
import {
  type ActionCall,
  type CallResult,
  DestinationRunner,
  type OAuthTokens,
  type Outcome
} from "../../catalog/runner.ts"
import { causeMessage } from "../../platform/supervise.ts"
import type { Destination } from "../destination.ts"
import { withEncryptionCode } from "../pipeline/encrypted-rejection.ts"
import type { Call } from "./engine.ts"

export interface Answered {
  readonly outcomes: ReadonlyArray<Outcome>
  readonly exchanges: CallResult["exchanges"]
  /** The executor failed: nothing is known of the destination. */
  readonly blameless: boolean
}

/** Shown as the code of DEL-40 for what did not come to a request. */
const unknown = (message: string): Outcome => ({ kind: "failed", code: "INTERNAL", message, retry: true })

/** Tokens as they are, until the configuration knows of them. */
export class Tokens {
  #seen: OAuthTokens | undefined
  #fresh: OAuthTokens | undefined

  of({ tokens }: Destination): OAuthTokens | undefined {
    if (tokens === this.#seen && this.#fresh !== undefined) return this.#fresh
    this.#seen = tokens
    this.#fresh = undefined
    return tokens
  }

  refreshed(tokens: OAuthTokens): void {
    this.#fresh = tokens
  }
}

const storing = Schedule.spaced("200 millis")

export const runCall = Effect.fnUntraced(function* (
  destination: Destination,
  call: Call,
  tokens: Tokens,
  store: (tokens: OAuthTokens) => Effect.Effect<void, SqlError.SqlError>
): Effect.fn.Return<Answered, never, DestinationRunner> {
  const runner = yield* DestinationRunner
  const keep = (fresh: OAuthTokens) =>
    store(fresh).pipe(
      Effect.tap(() => Effect.sync(() => tokens.refreshed(fresh))),
      Effect.retry({ schedule: storing, times: 10 }),
      Effect.catch((error) => {
        tokens.refreshed(fresh)
        return Effect.logError(
          `New OAuth tokens of the destination ${destination.name} could not be stored: ${causeMessage(Cause.fail(error))}. They are used until Braid stops; authorise the destination again then.`
        )
      })
    )
  const action: ActionCall = {
    instance: destination.id,
    onRefresh: keep,
    metadataId: destination.entry.id,
    settings: destination.settings,
    tokens: tokens.of(destination),
    actionSlug: call.mapping?.actionSlug,
    mapping: call.mapping?.settings,
    events: call.events,
    batch: call.batch
  }
  const exit = yield* Effect.exit(runner.call(action))
  if (exit._tag === "Failure") {
    if (Cause.hasInterruptsOnly(exit.cause)) return yield* Effect.interrupt
    const message = causeMessage(exit.cause)
    return { outcomes: call.jobs.map(() => unknown(message)), exchanges: [], blameless: true }
  }
  const { exchanges, refreshed } = exit.value
  const outcomes = exit.value.outcomes.map((outcome) => withEncryptionCode(destination, call.mapping, outcome))
  if (refreshed !== undefined) tokens.refreshed(refreshed)
  if (outcomes.length === call.jobs.length) return { outcomes, exchanges, blameless: false }
  const message = `The destination was asked about ${call.jobs.length} event(s) and answered about ${outcomes.length}`
  return { outcomes: call.jobs.map((_, i) => outcomes[i] ?? unknown(message)), exchanges, blameless: true }
})

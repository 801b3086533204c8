/** `braid explain`: reads an event, asks, prints. Beside a running service as without one; writes nothing. */
import { Console, Effect, References } from "effect"
import { storesToRead } from "./app.ts"
import { storedEventsAt } from "./archive/events-at.ts"
import { chosenSpace, CommandFailed, readJson, readRules } from "./command-input.ts"
import type { History } from "./archive/history.ts"
import { objectStoreLive } from "./archive/object-store-live.ts"
import type { Settings } from "./config.ts"
import { makeExplain } from "./identity/explain/service.ts"
import { showExplanation } from "./identity/explain/terminal.ts"
import type { Database } from "./platform/database.ts"

export interface ExplainArguments {
  /** `-` reads standard input. */
  readonly file: string | undefined
  readonly messageId: string | undefined
  /** Slug; may be left out when there is one space. */
  readonly space: string | undefined
  readonly rules: string | undefined
  readonly json: boolean
}

/** Opens the archive only when it is asked. */
const makeBodies = Effect.map(Effect.context<Database | Settings>(), (context): Pick<History["Service"], "at"> => ({
  at: (positions) =>
    Effect.flatMap(storedEventsAt, (at) => at(positions)).pipe(Effect.provide(objectStoreLive), Effect.provide(context))
}))

const defaultWidth = 100

export const explainEvent = ({ file, messageId, space: slug, rules, json }: ExplainArguments) =>
  Effect.gen(function* () {
    if ((file === undefined) === (messageId === undefined))
      return yield* new CommandFailed({
        message: "Give the file of an event (- for standard input), or --message-id."
      })
    if (messageId !== undefined && rules !== undefined)
      return yield* new CommandFailed({
        message: "--rules goes with the file of an event: a record of the past cannot be told otherwise."
      })
    const event = file === undefined ? undefined : yield* readJson(file)
    const document = rules === undefined ? undefined : yield* readRules(rules)
    const answer = Effect.gen(function* () {
      const space = yield* chosenSpace(slug)
      const explain = yield* makeExplain(yield* makeBodies)
      const explanation =
        messageId === undefined
          ? yield* explain.dryRun(space.id, event, document)
          : yield* explain.ofMessage(space.id, messageId)
      if (explanation === null) {
        const message = `The space ${space.slug} has not resolved a message ${messageId}: it never arrived, waits, is long forgotten, or named a suppressed user, of whom nothing is kept.`
        return yield* new CommandFailed({ message })
      }
      return { explanation, heading: `Space ${space.slug}` }
    })
    // What the stores say about being opened is no news here.
    const { explanation, heading } = yield* answer.pipe(
      Effect.provide(storesToRead),
      Effect.provideService(References.MinimumLogLevel, "Warn")
    )
    const { columns, isTTY } = process.stdout
    const colours = isTTY === true && process.env["NO_COLOR"] === undefined
    yield* Console.log(
      json
        ? JSON.stringify(explanation, null, 2)
        : showExplanation(explanation, { colours, heading, width: Math.min(columns ?? defaultWidth, 140) })
    )
  })

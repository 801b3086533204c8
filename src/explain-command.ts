/** `braid explain`: reads an event, asks, prints. Beside a running service as without one; writes nothing. */
import { Console, Data, Effect, References } from "effect"
import { createReadStream } from "node:fs"
import { storesToRead } from "./app.ts"
import { storedEventsAt } from "./archive/events-at.ts"
import type { History } from "./archive/history.ts"
import { objectStoreLive } from "./archive/object-store-live.ts"
import type { Settings } from "./config.ts"
import { makeExplain } from "./identity/explain/service.ts"
import { showExplanation } from "./identity/explain/terminal.ts"
import type { Database } from "./platform/database.ts"
import { Workspace } from "./workspace/workspace.ts"

/** The command cannot do what was asked; the message says what to change. */
export class ExplainCommandFailed extends Data.TaggedError("ExplainCommandFailed")<{ readonly message: string }> {}

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

/** Far more than an event or a table of rules can be. */
const maxBytes = 4 * 1024 * 1024

const readText = async (file: string): Promise<string> => {
  const chunks: Array<Buffer> = []
  let bytes = 0
  for await (const chunk of file === "-" ? process.stdin : createReadStream(file)) {
    chunks.push(chunk as Buffer)
    bytes += (chunk as Buffer).length
    if (bytes > maxBytes) throw new Error(`more than ${maxBytes} bytes`)
  }
  return Buffer.concat(chunks).toString()
}

const readJson = (file: string): Effect.Effect<unknown, ExplainCommandFailed> =>
  Effect.tryPromise({
    try: async () => JSON.parse(await readText(file)) as unknown,
    catch: (error) => {
      const what = file === "-" ? "Standard input" : file
      const why = error instanceof Error ? error.message : String(error)
      return new ExplainCommandFailed({
        message: `${what} ${error instanceof SyntaxError ? "is no JSON" : "cannot be read"}: ${why}`
      })
    }
  })

/** A document of the API names its version, which says nothing here. */
const withoutVersion = (rules: unknown): unknown => {
  if (typeof rules !== "object" || rules === null || !("version" in rules)) return rules
  const { version: _, ...rest } = rules
  return rest
}

const chosenSpace = Effect.fnUntraced(function* (slug: string | undefined) {
  const { spaces } = (yield* Workspace).current()
  const found = slug === undefined && spaces.length === 1 ? spaces[0] : spaces.find((space) => space.slug === slug)
  if (found !== undefined) return found
  const known = `There are: ${spaces.map((space) => space.slug).join(", ")}.`
  const message =
    slug === undefined ? `Say with --space which space is meant. ${known}` : `There is no space "${slug}". ${known}`
  return yield* new ExplainCommandFailed({ message })
})

export const explainEvent = ({ file, messageId, space: slug, rules, json }: ExplainArguments) =>
  Effect.gen(function* () {
    if ((file === undefined) === (messageId === undefined))
      return yield* new ExplainCommandFailed({
        message: "Give the file of an event (- for standard input), or --message-id."
      })
    if (messageId !== undefined && rules !== undefined)
      return yield* new ExplainCommandFailed({
        message: "--rules goes with the file of an event: a record of the past cannot be told otherwise."
      })
    const event = file === undefined ? undefined : yield* readJson(file)
    const document = rules === undefined ? undefined : withoutVersion(yield* readJson(rules))
    const answer = Effect.gen(function* () {
      const space = yield* chosenSpace(slug)
      const explain = yield* makeExplain(yield* makeBodies)
      const explanation =
        messageId === undefined
          ? yield* explain.dryRun(space.id, event, document)
          : yield* explain.ofMessage(space.id, messageId)
      if (explanation === null) {
        const message = `The space ${space.slug} has not resolved a message ${messageId}: it never arrived, waits, or is long forgotten.`
        return yield* new ExplainCommandFailed({ message })
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

/** `braid export`: what a source has sent within a time range, as gzip with one JSON object a line (ING-175). Beside a running service or without one. */
import { Clock, Console, Effect, Stream } from "effect"
import { createWriteStream } from "node:fs"
import { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"
import { createGzip } from "node:zlib"
import { History } from "./archive/history.ts"
import { eventLines } from "./archive/lines.ts"
import { CommandFailed } from "./command-input.ts"
import { Workspace } from "./workspace/workspace.ts"

export interface ExportArguments {
  /** Slug. */
  readonly source: string
  readonly from: string | undefined
  readonly to: string | undefined
  readonly forImport: boolean
  /** Undefined: standard output. */
  readonly file: string | undefined
}

const timeIn = (text: string | undefined, otherwise: number) => {
  const time = text === undefined ? otherwise : Date.parse(text)
  return Number.isNaN(time)
    ? Effect.fail(
        new CommandFailed({
          message: `${JSON.stringify(text)} is no time. Write it as 2024-05-01 or 2024-05-01T12:00:00Z.`
        })
      )
    : Effect.succeed(time)
}

export const exportEvents = ({ source: slug, from, to, forImport, file }: ExportArguments) =>
  Effect.gen(function* () {
    const { sources } = (yield* Workspace).current()
    const history = yield* History
    const source = sources.find((each) => each.slug === slug)
    if (source === undefined)
      return yield* new CommandFailed({
        message: `There is no source "${slug}". There are: ${sources.map((each) => each.slug).join(", ")}.`
      })
    const receivedFrom = yield* timeIn(from, 0)
    const receivedTo = yield* timeIn(to, yield* Clock.currentTimeMillis)
    const lines = eventLines(history, { receivedFrom, receivedTo, sources: [source.no] }, forImport)
    const pages = Stream.toAsyncIterable(lines)
    yield* Effect.tryPromise({
      try: () =>
        pipeline(
          Readable.from(pages),
          createGzip(),
          file === undefined ? process.stdout : createWriteStream(file, { mode: 0o600 })
        ),
      catch: (error) =>
        new CommandFailed({
          message: `The export ended early: ${error instanceof Error ? error.message : String(error)}`
        })
    })
    if (file !== undefined) yield* Console.error(`The events of ${slug} were written to ${file}`)
  })

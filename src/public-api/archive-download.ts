/**
 * What a source has sent, as a file (ING-175): gzip, one JSON object a line, oldest first.
 *
 *     GET /public-api/sources/{id}/events?startTime=…&endTime=…[&forImport=true]
 *
 * Owners with PII access only. Not part of the declared Public API, because it answers with a file. The range is read and sorted before the first
 * byte is sent; from then on memory is bounded and a slow reader is waited for. What goes wrong later cuts the file off: gzip tells.
 */
import { Clock, Context, Effect, Exit, Layer, Stream } from "effect"
import type { IncomingMessage, ServerResponse } from "node:http"
import { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"
import { createGzip } from "node:zlib"
import { History } from "../archive/history.ts"
import { eventLines } from "../archive/lines.ts"
import { Database } from "../platform/database.ts"
import { causeMessage } from "../platform/supervise.ts"
import { Sessions } from "../workspace/sessions.ts"
import { type Source, Workspace } from "../workspace/workspace.ts"
import { makeAuthenticate } from "./authenticate.ts"
import { mustBeOwner } from "./caller.ts"
import { failureOf } from "./failure.ts"
import { readIdentity } from "./identity.ts"
import { forbidden, notFound, problem } from "./problem.ts"
import { ApiTokens } from "./tokens.ts"

const pathForm = /^(\/console)?\/public-api\/sources\/([^/]+)\/events\/?$/
/** At once in one process: each reads as fast as it can. */
const mostAtOnce = 2

interface Asked {
  readonly source: Source
  /** ms */
  readonly from: number
  readonly to: number
  readonly forImport: boolean
}

const timeIn = (query: URLSearchParams, name: string) => {
  const text = query.get(name)
  const time = Date.parse(text ?? "")
  return Number.isNaN(time)
    ? Effect.fail(
        problem(
          422,
          "input-validation",
          `"${name}" is a time such as 2024-05-01T00:00:00Z, found ${JSON.stringify(text)}.`
        )
      )
    : Effect.succeed(time)
}

const minute = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replaceAll(":", "-")

const fileName = ({ source, from, to }: Asked): string => {
  return `${source.slug}--${minute(from)}--${minute(to)}.ndjson.gz`
}

const make = Effect.gen(function* () {
  const { write: sql } = yield* Database
  const workspace = yield* Workspace
  const history = yield* History
  const clock = yield* Clock.Clock
  const { id: workspaceId } = yield* readIdentity(sql)
  const authenticate = yield* makeAuthenticate(workspaceId)
  const services = yield* Effect.context<never>()
  const run = Effect.runForkWith(services)
  let active = 0

  const asked = Effect.fnUntraced(function* (req: IncomingMessage) {
    const [path = "", search = ""] = (req.url ?? "").split("?", 2)
    const [, session, id = ""] = pathForm.exec(path) ?? []
    const caller = yield* authenticate(req, session === undefined ? "token" : "session")
    if (req.method !== "GET")
      return yield* problem(405, "method-not-allowed", "Use GET.", { headers: { Allow: "GET" } })
    yield* mustBeOwner(caller)
    if (caller.masked) return yield* forbidden("This needs access to personal data, which the token takes away.")
    const source = workspace.current().sources.find((each) => each.id === decodeURIComponent(id))
    if (source === undefined) return yield* notFound(`source ${id}`)
    const query = new URLSearchParams(search)
    const from = yield* timeIn(query, "startTime")
    const to = query.has("endTime") ? yield* timeIn(query, "endTime") : clock.currentTimeMillisUnsafe()
    if (from >= to) return yield* problem(422, "input-validation", "`endTime` is after `startTime`.")
    return { source, from, to, forImport: query.get("forImport") === "true" } satisfies Asked
  })

  const send = (req: IncomingMessage, res: ServerResponse) =>
    Effect.gen(function* () {
      const request = yield* asked(req)
      if (active >= mostAtOnce)
        return yield* problem(429, "RequestError", "Too many exports at once. Try again when one has ended.", {
          headers: { "Retry-After": "30" }
        })
      active += 1
      const { source, from: receivedFrom, to: receivedTo, forImport } = request
      const lines = eventLines(history, { receivedFrom, receivedTo, sources: [source.no] }, forImport)
      const pages = Stream.toAsyncIterable(lines)[Symbol.asyncIterator]()
      yield* Effect.gen(function* () {
        // Whatever is wrong with the archive is known by then, and can still be answered.
        const first = yield* Effect.tryPromise({ try: () => pages.next(), catch: (error) => error })
        const all = (async function* () {
          for (let page = first; page.done !== true; page = await pages.next()) yield page.value
        })()
        res.writeHead(200, {
          "Content-Type": "application/gzip",
          "Content-Disposition": `attachment; filename="${fileName(request)}"`,
          "Cache-Control": "no-store"
        })
        res.flushHeaders()
        yield* Effect.tryPromise({
          try: () => pipeline(Readable.from(all), createGzip(), res),
          catch: (error) => error
        })
      }).pipe(
        Effect.ensuring(
          Effect.promise(async () => {
            active -= 1
            await pages.return?.()
          })
        )
      )
    })

  const handle = (req: IncomingMessage, res: ServerResponse): void => {
    const answered = Effect.exit(send(req, res)).pipe(
      Effect.flatMap((exit) => {
        if (Exit.isSuccess(exit)) return Effect.void
        if (res.headersSent) {
          res.destroy()
          // The reader went away, or the archive failed half-way: it has an incomplete file either way.
          return Effect.logWarning(`An export of a source was cut off: ${causeMessage(exit.cause)}`)
        }
        return Effect.map(failureOf(exit.cause), ({ status, errors, headers }) => {
          const text = JSON.stringify({ errors: errors.map((error) => ({ ...error, status })) })
          res.writeHead(status, { "Content-Type": "application/json; charset=utf-8", ...headers })
          res.end(text)
        })
      })
    )
    run(answered)
  }

  return ArchiveDownload.of({ matches: (path) => pathForm.test(path), handle })
})

export class ArchiveDownload extends Context.Service<
  ArchiveDownload,
  {
    readonly matches: (path: string) => boolean
    readonly handle: (req: IncomingMessage, res: ServerResponse) => void
  }
>()("braid/public-api/ArchiveDownload") {
  /** Must be asked before the Public API, whose paths these are. */
  static readonly layer = Layer.effect(this, make).pipe(
    Layer.provideMerge(ApiTokens.layer),
    Layer.provide(Sessions.layer)
  )
}

/**
 * The console as one room of the HTTP server: its files, its page for every route, and signing in. What the pages show comes
 * from `/console/graphql`, which is the Profile API's.
 *
 * The page may run no script but its own files, ask nobody but us, and be framed by nobody.
 */
import { Cause, Context, Effect, Exit, Layer } from "effect"
import type { IncomingMessage, ServerResponse } from "node:http"
import { Settings } from "../config.ts"
import { cookieIn, endedCookie, isFromConsole, sessionCookie, sessionSecretIn } from "../workspace/session-cookie.ts"
import { Sessions } from "../workspace/sessions.ts"
import { Workspace } from "../workspace/workspace.ts"
import { type ConsoleFile, readConsoleFiles } from "./files.ts"
import { makeAttemptLimit, tokenOf, whoIs } from "./sign-in.ts"

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "font-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'"
].join("; ")

const securityHeaders = {
  "Content-Security-Policy": policy,
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Permissions-Policy": "camera=(), microphone=(), geolocation=()"
} as const

const root = "/console"
const assets = "assets/"

const matches = (path: string): boolean => path === root || path.startsWith(`${root}/`)

/** Whether the sender takes this content coding; a quality of 0 means no. */
const takes = (req: IncomingMessage, coding: string): boolean =>
  String(req.headers["accept-encoding"] ?? "")
    .split(",")
    .some((part) => {
      const [name = "", ...parameters] = part.split(";").map((piece) => piece.trim().toLowerCase())
      return name === coding && !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter))
    })

const send = (
  req: IncomingMessage,
  res: ServerResponse,
  status: number,
  type: string,
  body: Buffer | string,
  headers: Readonly<Record<string, string>> = {}
): void => {
  if (res.headersSent || res.destroyed) return
  if (!req.complete && req.method !== "GET" && req.method !== "HEAD") res.setHeader("Connection", "close")
  res.writeHead(status, {
    "Content-Type": type,
    "Content-Length": Buffer.byteLength(body),
    "Cache-Control": "no-store",
    ...securityHeaders,
    ...headers
  })
  res.end(req.method === "HEAD" ? undefined : body)
}

const json = (
  req: IncomingMessage,
  res: ServerResponse,
  status: number,
  body: unknown,
  headers?: Readonly<Record<string, string>>
) => send(req, res, status, "application/json", JSON.stringify(body), headers)

const refuse = (req: IncomingMessage, res: ServerResponse, status: number, code: string, message: string) =>
  json(req, res, status, { error: { code, message } })

const sendFile = (req: IncomingMessage, res: ServerResponse, file: ConsoleFile, immutable: boolean): void => {
  const best = file.compressed.find(([coding]) => takes(req, coding))
  send(req, res, 200, file.type, best?.[1] ?? file.body, {
    "Cache-Control": immutable ? "public, max-age=31536000, immutable" : "no-cache",
    ...(file.compressed.length > 0 ? { Vary: "Accept-Encoding" } : {}),
    ...(best === undefined ? {} : { "Content-Encoding": best[0] })
  })
}

const notBuilt = `<!doctype html><html lang="en"><title>Console not built</title><p>The console has not been built. Run
<code>npm run build</code> and start Braid again. Everything else works.</p></html>`

export class ConsoleRoom extends Context.Service<
  ConsoleRoom,
  {
    readonly matches: (path: string) => boolean
    /** Answers every request that `matches`; never throws. */
    readonly handle: (req: IncomingMessage, res: ServerResponse) => void
  }
>()("braid/console-server/ConsoleRoom") {
  static readonly layer = Layer.effect(
    this,
    Effect.gen(function* () {
      const { publicUrl } = yield* Settings
      const workspace = yield* Workspace
      const sessions = yield* Sessions
      const run = Effect.runPromiseExitWith(yield* Effect.context<never>())
      const built = readConsoleFiles()
      const mayTry = makeAttemptLimit(() => performance.now())
      const secure = publicUrl.startsWith("https:")

      const value = async <A, E>(effect: Effect.Effect<A, E>): Promise<A> => {
        const exit = await run(effect)
        if (Exit.isSuccess(exit)) return exit.value
        throw Cause.squash(exit.cause)
      }

      const signIn = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
        if (!mayTry())
          return refuse(req, res, 429, "RATE_LIMITED", "Too many sign-ins at once. Try again in ten seconds.")
        const token = await tokenOf(req)
        if (token === undefined) return refuse(req, res, 400, "VALIDATION_FAILED", "Paste an access token.")
        const secret = await value(sessions.open(token))
        const session = secret === undefined ? undefined : await value(sessions.find(secret))
        if (secret === undefined || session === undefined)
          return refuse(req, res, 401, "UNAUTHENTICATED", "There is no such access token, or it was revoked.")
        json(req, res, 200, whoIs(session.access, workspace.current()), { "Set-Cookie": sessionCookie(secret, secure) })
      }

      const session = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
        const { method } = req
        if (method !== "GET" && !isFromConsole(req.headers, publicUrl))
          return refuse(req, res, 403, "FORBIDDEN", "This request was not made by the console.")
        const secret = sessionSecretIn(req.headers)
        if (method === "POST") return signIn(req, res)
        if (method === "DELETE") {
          if (secret !== undefined) await value(sessions.close(secret))
          return json(req, res, 200, {}, { "Set-Cookie": endedCookie })
        }
        if (method !== "GET") return refuse(req, res, 405, "VALIDATION_FAILED", "Use GET, POST or DELETE.")
        const found = secret === undefined ? undefined : await value(sessions.find(secret))
        // Null: nobody is signed in, which is an answer and no error.
        json(req, res, 200, found === undefined ? null : whoIs(found.access, workspace.current()))
      }

      const page = (req: IncomingMessage, res: ServerResponse): void => {
        if (built === undefined) return send(req, res, 503, "text/html; charset=utf-8", notBuilt)
        const theme = cookieIn(req.headers.cookie, "braid_theme")
        const [before, after] = built.page
        const chosen = theme === "dark" || theme === "light" ? ` data-theme="${theme}"` : ""
        send(req, res, 200, "text/html; charset=utf-8", `${before}${chosen}${after}`)
      }

      const handle = (req: IncomingMessage, res: ServerResponse): void => {
        const [path = ""] = (req.url ?? root).split("?")
        const below = path.slice(root.length + 1)
        if (below === "session") {
          session(req, res).catch(() => refuse(req, res, 500, "INTERNAL", "Internal error."))
          return
        }
        if (req.method !== "GET" && req.method !== "HEAD") return refuse(req, res, 405, "VALIDATION_FAILED", "Use GET.")
        const file = built?.files.get(below)
        if (file !== undefined) return sendFile(req, res, file, below.startsWith(assets))
        if (below.startsWith(assets)) return send(req, res, 404, "text/plain; charset=utf-8", "There is no such file.")
        page(req, res)
      }
      return { matches, handle }
    })
  ).pipe(Layer.provide(Sessions.layer))
}

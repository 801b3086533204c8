/**
 * The GraphiQL page, complete in itself: no script, style or font comes from another host, and the
 * `Content-Security-Policy` sees to it. Who is signed in to the console asks with that session; others enter their token in the header
 * editor.
 *
 * The page is several megabytes, so it is made when somebody first asks for it, and kept compressed.
 */
import { createRequire } from "node:module"
import { promisify } from "node:util"
import { Worker } from "node:worker_threads"
import { gunzip } from "node:zlib"
import type { Exchange } from "./exchange.ts"
import { consolePath, graphqlPath, spaceHeader } from "./graphql-paths.ts"

/** Lines that fit the pane of a small window: it does not wrap. */
const welcome = `# Signed in to the console? Then press play.
# Otherwise put your access token into the Headers
# below first. The round arrows at the bottom left
# fetch the schema, for help while you type.

query {
  spaces {
    id
    name
    profileCount
  }
}
`

const options = {
  title: "Braid",
  endpoint: graphqlPath,
  defaultQuery: welcome,
  headers: JSON.stringify({ Authorization: "Bearer <access token>" }, undefined, 2),
  isHeadersEditorEnabled: true,
  defaultEditorToolsVisibility: "headers",
  shouldPersistHeaders: false
} as const

/**
 * Runs before the page's own script. With a token in the header editor requests go out as they are. Without one they go where the session
 * counts, with the header that says a page of ours sent them (`session-cookie.ts`); when nobody is signed in, the page says what to do
 * instead of being refused. A session of the whole workspace asks about its first space, unless the header editor names another.
 */
const chooseCaller = `{
  // GraphiQL opens one more, empty tab whenever it is loaded again and remembers others; what was typed last is in the address.
  try { localStorage.removeItem("graphiql:tabState") } catch {}
  const send = window.fetch
  const message = "Sign in to the console, or put your access token into the Headers editor below in place of <access token>."
  const spaceHeader = ${JSON.stringify(spaceHeader)}
  const signedIn = () => send("/console/session").then((answer) => answer.ok ? answer.json() : null).catch(() => null)
  window.fetch = async (url, init) => {
    const headers = new Headers(init && init.headers)
    if (/^(bearer|basic) +[^<\\s]/i.test(headers.get("authorization") || "")) return send(url, init)
    const who = await signedIn()
    if (who === null) return Response.json({ errors: [{ message }] })
    headers.delete("authorization")
    headers.set("braid-console", "graphiql")
    if (!headers.has(spaceHeader) && who.spaces.length > 0) headers.set(spaceHeader, who.spaces[0].id)
    return send(${JSON.stringify(consolePath)}, { ...init, headers })
  }
}`

const policy = [
  "default-src 'none'",
  "script-src 'unsafe-inline' 'unsafe-eval' blob:",
  "worker-src blob:",
  "style-src 'unsafe-inline'",
  "img-src data:",
  "font-src data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'"
].join("; ")

/** Runs in a thread of its own, whose memory is given back: the package is nine megabytes of source text. */
const renderer = `
  const { parentPort, workerData } = require("node:worker_threads")
  const { gzipSync } = require("node:zlib")
  const { renderGraphiQL } = require(workerData.module)
  const [head, ...rest] = renderGraphiQL(workerData.options).split("<script>")
  parentPort.postMessage(gzipSync(head + "<script>" + workerData.first + "</script>\\n<script>" + rest.join("<script>")))
`

const require = createRequire(import.meta.url)

const render = (): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const module = require.resolve("@graphql-yoga/render-graphiql")
    const worker = new Worker(renderer, { eval: true, workerData: { module, options, first: chooseCaller } })
    worker.once("message", (page: Uint8Array) => resolve(Buffer.from(page.buffer, page.byteOffset, page.byteLength)))
    worker.once("error", reject)
    worker.once("exit", () => reject(new Error("The page of GraphiQL could not be made.")))
  })

let page: Promise<Buffer> | undefined

export const sendGraphiql = async ({ req, res, requestId }: Exchange): Promise<void> => {
  page ??= render()
  const compressed = await page.catch((error: unknown) => {
    page = undefined
    throw error
  })
  const plain = !/\bgzip\b/.test(String(req.headers["accept-encoding"] ?? ""))
  const body = plain ? await promisify(gunzip)(compressed) : compressed
  res.writeHead(200, {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Length": body.length,
    ...(plain ? undefined : { "Content-Encoding": "gzip" }),
    "Content-Security-Policy": policy,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
    Vary: "Accept-Encoding",
    "Request-Id": requestId
  })
  res.end(body)
}

/** Answers that can be cached: settings document, browser library, chunks (ING-152, ING-157). With ETag, and gzip where it pays. */
import { hash } from "node:crypto"
import type { IncomingMessage, ServerResponse } from "node:http"
import { promisify } from "node:util"
import { gzip } from "node:zlib"
import { type Answers, json } from "./answers.ts"
import type { DeviceParts } from "../destinations/device/device-mode.ts"
import type { Source } from "../workspace/workspace.ts"
import type { BrowserLibrary } from "./browser-library.ts"
import type { PublicUrl } from "../platform/public-url.ts"
import { settingsDocument } from "./settings-document.ts"

interface Rendered {
  readonly plain: Buffer
  readonly gzipped: Buffer | undefined
  readonly etag: string
}

interface Known {
  readonly from: ReadonlyArray<unknown>
  readonly file: Promise<Rendered>
}

const compress = promisify(gzip)
const acceptsGzip = (req: IncomingMessage): boolean =>
  String(req.headers["accept-encoding"] ?? "")
    .toLowerCase()
    .split(",")
    .some((offer) => /^(?:gzip|\*)$/.test(offer.split(";")[0]!.trim()) && !/;\s*q=0(?:\.0*)?\s*$/.test(offer))

/** One file per write key and host that was asked for lately; a sender may invent hosts. */
const maxRendered = 64
const javascript = "text/javascript; charset=utf-8"
const anyOrigin = ["Access-Control-Allow-Origin", "*", "Vary", "Accept-Encoding"]
const noSource = Buffer.from(
  "This write key belongs to no source of this installation. Check the write key of your page or app.\n"
)
const noFile = Buffer.from("There is no such file.\n")

export interface StaticAnswers {
  readonly settings: (req: IncomingMessage, res: ServerResponse, writeKey: string) => Promise<void>
  readonly library: (req: IncomingMessage, res: ServerResponse, writeKey: string) => Promise<void>
  readonly bundle: (req: IncomingMessage, res: ServerResponse, file: string) => Promise<void>
}

export const makeStaticAnswers = (options: {
  readonly answers: Answers
  readonly library: BrowserLibrary
  readonly urlOf: (req: IncomingMessage) => PublicUrl
  /** The source of any kind, enabled or not, that has this key. */
  readonly sourceOf: (writeKey: string) => Source | undefined
  /** What its destinations add to its settings document; the same object while that is the same. */
  readonly deviceParts?: ((source: Source) => DeviceParts | undefined) | undefined
}): StaticAnswers => {
  const { answers, deviceParts, library, sourceOf, urlOf } = options
  const rendered = new Map<string, Known>()

  /** `from`: what the text is made of, beside the key; other objects are another text. */
  const render = (key: string, from: ReadonlyArray<unknown>, text: () => string): Promise<Rendered> => {
    let entry = rendered.get(key)
    if (entry === undefined || entry.from.some((part, i) => part !== from[i])) {
      const plain = Buffer.from(text())
      const etag = hash("sha256", plain, "hex").slice(0, 32)
      entry = { from, file: compress(plain).then((gzipped) => ({ plain, gzipped, etag })) }
    }
    rendered.delete(key)
    rendered.set(key, entry)
    if (rendered.size > maxRendered) rendered.delete(rendered.keys().next().value!)
    return entry.file
  }

  const send = (req: IncomingMessage, res: ServerResponse, file: Rendered, type: string, cache: string): void => {
    const gzipped = acceptsGzip(req) ? file.gzipped : undefined
    const etag = gzipped === undefined ? `"${file.etag}"` : `"${file.etag}-gzip"`
    const headers = [...anyOrigin, "Cache-Control", cache, "ETag", etag]
    const known = String(req.headers["if-none-match"] ?? "")
    if (known === "*" || known.includes(etag)) {
      answers.notModified(res, headers)
      return
    }
    const encoding = gzipped === undefined ? [] : ["Content-Encoding", "gzip"]
    answers.send(req, res, 200, gzipped ?? file.plain, ["Content-Type", type, ...headers, ...encoding])
  }
  const missing = (req: IncomingMessage, res: ServerResponse, text: Buffer) =>
    answers.send(req, res, 404, text, ["Content-Type", "text/plain; charset=utf-8", ...anyOrigin])

  return {
    settings: async (req, res, writeKey) => {
      const source = sourceOf(writeKey)
      if (source === undefined) return missing(req, res, noSource)
      const at = urlOf(req)
      const device = source.enabled ? deviceParts?.(source) : undefined
      const file = await render(`settings ${writeKey} ${at.protocol} ${at.host}`, [source, device], () =>
        JSON.stringify(settingsDocument(writeKey, at, { blocks: source.blocks, device }))
      )
      send(req, res, file, json, "public, max-age=120")
    },
    library: async (req, res, writeKey) => {
      if (sourceOf(writeKey) === undefined) return missing(req, res, noSource)
      const at = urlOf(req)
      const file = await render(`library ${writeKey} ${at.protocol} ${at.host}`, [], () => library.main(writeKey, at))
      send(req, res, file, javascript, "public, max-age=300")
    },
    bundle: async (req, res, file) => {
      const text = library.chunk(file)
      if (text === undefined) return missing(req, res, noFile)
      send(req, res, await render(file, [], () => text), javascript, "public, max-age=31536000, immutable")
    }
  }
}

/** Segment's package in this process, with requests that are answered here (CAT-9). */
import { Executor } from "../../src/catalog/worker/executor.ts"
import { type Definition, loadPackage, type Package, type PackageRequest } from "../../src/catalog/worker/package.ts"
import type { SentTarget } from "../../src/catalog/worker/protocol.ts"
import type { CallResult } from "../../src/catalog/runner.ts"

export const webhook = "614a3c7d791c91c41bae7599"

type Values = Readonly<Record<string, unknown>>

export interface Stub {
  readonly status: number
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
}

export const target = (metadataId: string, more: Partial<SentTarget> = {}): SentTarget => ({
  metadataId,
  settings: 0,
  tokens: undefined,
  instance: undefined,
  application: undefined,
  stores: false,
  ...more
})

export interface SeenRequest {
  readonly url: string
  readonly method: string
  readonly body: string
  readonly headers: Readonly<Record<string, ReadonlyArray<string>>>
}

/** `own`: definitions beside those of the package. */
export const packageHere = (
  answer: (request: SeenRequest) => Stub = () => ({ status: 200, body: "{}" }),
  own: Readonly<Record<string, Definition>> = {}
) => {
  const seen: Array<SeenRequest> = []
  const fetch = async (request: PackageRequest): Promise<object> => {
    const body = request.body === null ? "" : (await request.buffer()).toString()
    const it = { url: request.url, method: request.method, body, headers: request.headers.raw() }
    seen.push(it)
    const { body: text = "", headers = {}, status } = answer(it)
    const made = kit.newHeaders()
    for (const [name, value] of Object.entries(headers)) made.append(name, value)
    return kit.newResponse(Buffer.from(text), { url: request.url, status, headers: made })
  }
  const kit: Package = loadPackage(fetch)
  const executor = new Executor({ ...kit, definition: (id) => own[id] ?? kit.definition(id) })
  const call = async (
    metadataId: string,
    actionSlug: string,
    mapping: Values,
    event: Values | ReadonlyArray<Values>,
    settings: Values = {}
  ): Promise<CallResult> =>
    (await executor.execute(
      {
        kind: "call",
        target: target(metadataId),
        actionSlug,
        mapping: 0,
        events: [event].flat().map((one) => JSON.stringify(one)),
        batch: Array.isArray(event),
        recordAll: false
      },
      settings,
      mapping,
      async () => {},
      new AbortController()
    )) as CallResult
  return { kit, executor, seen, call }
}

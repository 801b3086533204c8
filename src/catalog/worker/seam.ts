/**
 * The one way out of Segment's package (CAT-9, CAT-10): its `fetch`, by our rules for addresses, time and size. The body is read to its
 * end here, because the package's client hangs on one that stalls or is large. What was sent belongs to the call that is being
 * executed; the exchange is written down only when somebody asks for it.
 */
import { AsyncLocalStorage } from "node:async_hooks"
import { createHmac } from "node:crypto"
import type { Egress } from "../../platform/egress.ts"
import { type Hop, send } from "../../platform/outbound.ts"
import { recordedBody } from "../masking.ts"
import { behindOursMs, type PackageFetch, type PackageRequest } from "./package.ts"

/** A call that is being executed. */
export interface Running {
  readonly hops: Array<Hop>
  readonly stop: AbortController
  /** Bytes of answers. */
  held: number
  /** Key of a second signature, over the whole body (DST-111). */
  readonly signature256: string | undefined
  /** Around a refresh of tokens; `refresh` is the destination's own. */
  readonly refreshing: (refresh: () => Promise<unknown>) => Promise<unknown>
}

/** Kept of one call, the first and the last ones: an action may make hundreds of requests. */
const maxHops = 40
const bodyLimit = 1024 * 1024
/** Bytes of answers that calls hold; beyond, only the beginning of a body is kept. */
const maxHeld = 256 * 1024 * 1024
let held = 0

/** To be called when a call has ended. */
export const release = (call: Running): void => {
  held -= call.held
}

const cut = (body: Buffer): Buffer => (body.length > recordedBody ? Buffer.from(body.subarray(0, recordedBody)) : body)

const recorded = (hop: Hop): Hop => ({
  ...hop,
  body: hop.body === undefined ? undefined : cut(hop.body),
  ...(hop.answer === undefined ? {} : { answer: { ...hop.answer, body: cut(hop.answer.body) } })
})

export const running = new AsyncLocalStorage<Running>()

interface MakeResponse {
  readonly newResponse: (body: Buffer, how: object) => object
  readonly newHeaders: () => { readonly append: (name: string, value: string) => void }
}

const limits = (request: PackageRequest) => {
  // An action that asks for its own limit gets it; the client's clock ends it, whatever it waits for.
  if (request.timeout === behindOursMs) return { headersMs: 10_000, totalMs: 15_000 }
  return request.timeout > 0
    ? { headersMs: request.timeout, totalMs: request.timeout }
    : { headersMs: 30_000, totalMs: 60_000 }
}

export const makeSeam =
  (egress: () => Egress, response: () => MakeResponse): PackageFetch =>
  async (request) => {
    const call = running.getStore()
    const body = request.body === null ? undefined : await request.buffer()
    const key = call?.signature256
    const signed =
      key === undefined
        ? {}
        : {
            "x-signature-256": createHmac("sha256", key)
              .update(body ?? "")
              .digest("hex")
          }
    const stops = [call?.stop.signal, request.signal ?? undefined].filter((signal) => signal !== undefined)
    const manual = request.redirect !== "follow"
    const answer = await send(egress(), {
      method: request.method,
      url: request.url,
      headers: { ...request.headers.raw(), ...signed },
      body,
      ...limits(request),
      bodyLimit: held > maxHeld ? recordedBody : bodyLimit,
      redirects: manual ? 0 : Math.min(20, request.follow),
      signal: stops.length > 1 ? AbortSignal.any(stops) : stops[0],
      onHop: (hop) => {
        if (call === undefined) return
        if (call.hops.length >= maxHops) call.hops.splice(maxHops / 2, 1)
        call.hops.push(recorded(hop))
      }
    })
    if (call !== undefined) {
      call.held += answer.body.length
      held += answer.body.length
    }
    if (request.redirect === "error" && answer.status >= 300 && answer.status < 400)
      throw Object.assign(new Error("The destination answered with a redirect"), { code: "ERR_REDIRECT" })
    const { newHeaders, newResponse } = response()
    const headers = newHeaders()
    for (let i = 0; i + 1 < answer.rawHeaders.length; i += 2) {
      try {
        headers.append(answer.rawHeaders[i]!, answer.rawHeaders[i + 1]!)
      } catch {
        // A header that the package's client would not have read either.
      }
    }
    return newResponse(answer.body, {
      url: answer.url,
      status: answer.status,
      statusText: answer.statusText,
      headers,
      counter: answer.redirected ? 1 : 0
    })
  }

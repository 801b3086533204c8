/**
 * The Tracking API: the one door for events (spec 01).
 *
 *     request --route--> body --parse--> write key, meters --> messages --offer--> EVENT LOG --committed--> 200
 *
 * A plain function on the shared `node:http` server, because a router would double the cost of a request. 200 means
 * durable, and bad input is never answered 5xx.
 */
import { Clock, Context, Effect, Layer, Metric } from "effect"
import { randomFillSync } from "node:crypto"
import type { IncomingMessage, ServerResponse } from "node:http"
import { Settings, type SettingsValue } from "../config.ts"
import { LiveRecorder } from "../debugger/recorder.ts"
import { SourceCounts } from "../delivery/source-tally.ts"
import { Destinations } from "../destinations/destination.ts"
import { type DeviceParts, makeDeviceParts } from "../destinations/device/device-mode.ts"
import { decodeUtf8, isObject, parseJson } from "../event/json.ts"
import { makeMessageIds } from "../event/message-id.ts"
import type { JsonObject } from "../event/message.ts"
import { EventLog } from "../log/event-log.ts"
import { SourceSchemaNames } from "../source-schema/names.ts"
import { KeyUse } from "../workspace/key-use.ts"
import { type IsSuppressed, Suppressions } from "../workspace/suppressions.ts"
import { type Source, Workspace, type WorkspaceSnapshot } from "../workspace/workspace.ts"
import { Answers } from "./answers.ts"
import { type BodyBudget, type BodyProblem, readBody } from "./body.ts"
import { loadBrowserLibrary } from "./browser-library.ts"
import { Counters, type Series } from "./counters.ts"
import { type IntakeDeps, type Log, makeIntake, type Outcome } from "./intake.ts"
import { pixelPayload } from "./pixel.ts"
import { makePublicUrl } from "../platform/public-url.ts"
import { findRoute, type Route } from "./routes.ts"
import { makeSenders, SettingInvalid } from "../platform/sender.ts"
import { makeStaticAnswers } from "./static-answers.ts"
import { type UnknownKey, UnknownKeys } from "./unknown-keys.ts"
import { maxBatchBytes, maxSingleBytes } from "./unpack.ts"
import { basicUser } from "./write-key.ts"

/** Bytes of all bodies that are being read; more senders are told to come back. */
const maxBodyBytes = 128 * 1024 * 1024
const maxHops = 3

/** What the shared server needs: room for 32 KB of pixel payload, as base64, in the request line (ING-105). */
export const serverOptions = { maxHeaderSize: 64 * 1024 } as const

export interface TrackingDeps {
  readonly snapshot: () => WorkspaceSnapshot
  /** Answers undefined while nobody is suppressed. */
  readonly suppression?: () => IsSuppressed | undefined
  readonly log: Log
  readonly settings: Pick<
    SettingsValue,
    "collectIpv6" | "dedupScope" | "heldEvents" | "publicUrl" | "rejectUnknownKeys" | "trustedProxies"
  > &
    Partial<Pick<SettingsValue, "oauthInvalidTokenStatus">>
  /** Milliseconds. */
  readonly now: () => number
  /** A fault of ours, not of a sender. */
  readonly onDefect: (error: unknown) => void
  readonly onSeries?: (series: Series) => void
  /** Default 5,000 ms (ING-10). */
  readonly deadlineMs?: number
  readonly recorder?: NonNullable<IntakeDeps["recorder"]>
  readonly names?: NonNullable<IntakeDeps["names"]>
  readonly keyUse?: NonNullable<IntakeDeps["keyUse"]>
  readonly counts?: NonNullable<IntakeDeps["counts"]>
  /** What destinations add to the document of a source (DST-22). */
  readonly deviceParts?: (source: Source) => DeviceParts | undefined
}

export interface TrackingService {
  /** The request is for the Tracking API; also for its unknown routes, which it answers 404. */
  readonly matches: (url: string) => boolean
  /** Answers a request that `matches`. Never throws. */
  readonly handle: (req: IncomingMessage, res: ServerResponse) => void
  readonly counters: Counters
  /** Write keys of no source, seen within seven days (ING-18); newest first. */
  readonly unknownKeys: () => ReadonlyArray<UnknownKey>
}

type Post = Extract<Route, { readonly kind: "message" | "batch" }>

/** The body as an object that fits its route, or what is wrong with it. */
const parse = (bytes: Buffer, route: Post): JsonObject | string => {
  const text = decodeUtf8(bytes)
  if (text === undefined) return "the body is not UTF-8"
  let body: unknown
  try {
    body = parseJson(text)
  } catch {
    return "malformed JSON"
  }
  if (!isObject(body)) return "the body must be a JSON object"
  return route.kind === "batch" && !Array.isArray(body.batch) ? "batch is missing or is not an array" : body
}

const nothing = () => {}

/** Throws `SettingInvalid`. */
export const makeTracking = (deps: TrackingDeps): TrackingService => {
  const counters = new Counters(deps.onSeries)
  const answers = new Answers(counters, { invalid_token: deps.settings.oauthInvalidTokenStatus })
  const unknownKeys = new UnknownKeys()
  const senders = makeSenders(deps.settings.trustedProxies)
  const budget: BodyBudget = { used: 0, max: maxBodyBytes }
  const intake = makeIntake({
    ...deps,
    senders,
    counters,
    unknownKeys,
    newMessageId: makeMessageIds((bytes) => void randomFillSync(bytes)),
    deadlineMs: deps.deadlineMs ?? 5_000
  })
  const files = makeStaticAnswers({
    answers,
    library: loadBrowserLibrary(),
    urlOf: makePublicUrl(deps.settings.publicUrl, senders),
    sourceOf: (writeKey) => deps.snapshot().sourceByWriteKey.get(writeKey),
    deviceParts: deps.deviceParts
  })

  const defect = (req: IncomingMessage, res: ServerResponse, error: unknown): void => {
    deps.onDefect(error)
    if (res.headersSent) res.destroy()
    else answers.failure(req, res, "internal")
  }

  /** A request that cannot be read counts against the source that its header names (ING-97). */
  const badRequest = (headerKey: string | undefined): void => {
    const source = headerKey === undefined ? undefined : deps.snapshot().sourceByWriteKey.get(headerKey)
    counters.add("reasons", source?.id ?? "unknown", "bad_request")
    if (source !== undefined) deps.counts?.failed(source.no, "bad_request", undefined, deps.now())
  }

  const refuseBody = (req: IncomingMessage, res: ServerResponse, problem: BodyProblem): void => {
    if (problem === "busy") return answers.later(req, res, "unavailable", 2)
    if (problem !== "gone") badRequest(basicUser(req.headers.authorization))
    if (problem === "payload_too_large" || problem === "unsupported_encoding") answers.failure(req, res, problem)
    else if (problem === "endless") answers.failure(req, res, "payload_too_large", undefined, ["Connection", "close"])
    else if (problem === "undecodable") {
      answers.failure(req, res, "invalid_request", "the body is not what Content-Encoding says")
    }
  }

  const report = (req: IncomingMessage, res: ServerResponse, outcome: Outcome): void => {
    if (outcome.kind === "done") answers.success(req, res)
    else if (outcome.kind === "later") answers.later(req, res, outcome.code, outcome.seconds)
    else if (outcome.code === "invalid_token")
      answers.failure(req, res, outcome.code, undefined, ["WWW-Authenticate", 'Bearer error="invalid_token"'])
    else answers.failure(req, res, outcome.code, outcome.message)
  }

  const receive = (req: IncomingMessage, res: ServerResponse, route: Post): void => {
    const receivedAt = deps.now()
    const limit = route.kind === "batch" ? maxBatchBytes : maxSingleBytes
    readBody(req, limit, budget, (bytes, problem) => {
      try {
        if (bytes === undefined) return refuseBody(req, res, problem!)
        const headerKey = basicUser(req.headers.authorization)
        const body = parse(bytes, route)
        if (typeof body === "string") {
          badRequest(headerKey)
          return answers.failure(req, res, "invalid_request", body)
        }
        const type = route.kind === "message" ? route.type : undefined
        intake({ req, body, type, client: route.client, pixel: false, receivedAt, headerKey }, (outcome) =>
          report(req, res, outcome)
        )
      } catch (error) {
        defect(req, res, error)
      }
    })
  }

  const pixel = (req: IncomingMessage, res: ServerResponse, type: Extract<Route, { kind: "pixel" }>["type"]): void => {
    if (req.method === "HEAD") return answers.gif(req, res)
    const url = req.url ?? ""
    const question = url.indexOf("?")
    const body = question === -1 ? undefined : pixelPayload(url.slice(question + 1))
    if (body === undefined) {
      badRequest(/[?&]writeKey=([\w-]+)/.exec(url)?.[1])
      return answers.gif(req, res)
    }
    const parsed = { req, body, type, client: true, pixel: true, receivedAt: deps.now(), headerKey: undefined }
    intake(parsed, (outcome) => {
      if (outcome.kind === "later") counters.add("pixelDropped")
      else if (outcome.kind === "refused") badRequest(undefined)
      answers.gif(req, res)
    })
  }

  const selfMetrics = (req: IncomingMessage, res: ServerResponse): void =>
    readBody(req, maxBatchBytes, budget, (bytes, problem) => {
      if (bytes === undefined && problem !== "payload_too_large") return refuseBody(req, res, problem!)
      counters.add("selfMetrics")
      answers.success(req, res)
    })

  const get = (req: IncomingMessage, res: ServerResponse, route: Route): void => {
    if (route.kind === "pixel") pixel(req, res, route.type)
    else if (route.kind === "settings") {
      files.settings(req, res, route.writeKey).catch((error: unknown) => defect(req, res, error))
    } else if (route.kind === "library") {
      files.library(req, res, route.writeKey).catch((error: unknown) => defect(req, res, error))
    } else if (route.kind === "bundle") {
      files.bundle(req, res, route.file).catch((error: unknown) => defect(req, res, error))
    } else answers.wrongMethod(req, res, "POST, OPTIONS")
  }

  const dispatch = (req: IncomingMessage, res: ServerResponse): void => {
    const route = findRoute(req.url ?? "")
    if (route === undefined || route.kind === "unknown") return answers.failure(req, res, "not_found")
    if (req.method === "OPTIONS") return answers.preflight(req, res)
    if (req.method === "GET" || req.method === "HEAD") return get(req, res, route)
    const isPost = route.kind === "message" || route.kind === "batch" || route.kind === "self-metrics"
    if (!isPost) return answers.wrongMethod(req, res, "GET, HEAD, OPTIONS")
    if (req.method !== "POST") return answers.wrongMethod(req, res, "POST, OPTIONS")
    if (Number(req.headers["x-function-hops"] ?? 0) > maxHops) return answers.failure(req, res, "loop_detected")
    if (req.headers["x-retry-count"] !== undefined) counters.add("retried")
    if (route.kind === "self-metrics") return selfMetrics(req, res)
    return receive(req, res, route)
  }

  return {
    matches: (url) => findRoute(url) !== undefined,
    handle: (req, res) => {
      try {
        dispatch(req, res)
      } catch (error) {
        defect(req, res, error)
      }
    },
    counters,
    unknownKeys: () => unknownKeys.list(deps.now())
  }
}

export class Tracking extends Context.Service<Tracking, TrackingService>()("braid/tracking/Tracking") {
  static readonly layer: Layer.Layer<
    Tracking,
    SettingInvalid,
    Settings | Workspace | EventLog | LiveRecorder | SourceSchemaNames | SourceCounts | Destinations
  > = Layer.effect(
    this,
    Effect.gen(function* () {
      const settings = yield* Settings
      const workspace = yield* Workspace
      const suppressions = yield* Suppressions
      const keyUse = yield* KeyUse
      const log = yield* EventLog
      const recorder = yield* LiveRecorder
      const names = yield* SourceSchemaNames
      const counts = yield* SourceCounts
      const destinations = yield* Destinations
      const clock = yield* Clock.Clock
      const context = yield* Effect.context<never>()
      const registrations: Array<{ readonly remove: () => void }> = []
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => registrations.forEach((registration) => registration.remove()))
      )

      /** The scrape reads our plain number; counting itself touches no metric. */
      const onSeries = (series: Series): void => {
        const { description, labels, name } = series.family
        const counter = Metric.counter(name, { description, incremental: true }).pipe(
          Metric.withAttributes(Object.fromEntries(labels.map((label, n) => [label, series.values[n]!])))
        )
        const get = () => ({ count: series.count, incremental: true })
        registrations.push(Metric.registerUnsafe(counter, context, { get, update: nothing, modify: nothing }))
      }
      const runFork = Effect.runForkWith(context)
      return yield* Effect.try({
        try: () =>
          makeTracking({
            snapshot: workspace.current,
            suppression: suppressions.current,
            keyUse,
            log,
            settings,
            recorder,
            names,
            counts,
            deviceParts: makeDeviceParts(destinations.current),
            now: () => clock.currentTimeMillisUnsafe(),
            onDefect: (error) =>
              void runFork(Effect.logError("A request of the Tracking API failed by a fault of ours", error)),
            onSeries
          }),
        catch: (error) => {
          if (error instanceof SettingInvalid) return error
          throw error
        }
      })
    })
  )
}

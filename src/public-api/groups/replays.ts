/** Replays to destinations (DEL-70 to DEL-75): Workspace Owners start and steer them; whoever sees the source sees how they go. */
import { Effect, Schema, Struct } from "effect"
import { HttpApiEndpoint } from "effect/http-api"
import {
  replayModes,
  type ReplayRequest,
  Replays,
  replayStates,
  type ReplayView
} from "../../destinations/replay/replay.ts"
import { makeSourceAccess } from "../access.ts"
import { type Caller, mustBeOwner } from "../caller.ts"
import { created, data, group, handled } from "../group.ts"
import { pageOf, paginated, pagination } from "../pages.ts"
import { notFound } from "../problem.ts"
import { moment, timeText } from "../shapes.ts"

const counts = Schema.Array(Schema.Struct({ code: Schema.String, count: Schema.Number }))
const event = Schema.Struct({ type: Schema.String, name: Schema.optionalKey(Schema.String) })
const time = Schema.NullOr(Schema.String)
const number = Schema.NullOr(Schema.Number)
const replay = Schema.Struct({
  id: Schema.String,
  sourceId: Schema.String,
  destinationIds: Schema.Array(Schema.String),
  from: Schema.String,
  to: Schema.String,
  mode: Schema.Literals(replayModes),
  events: Schema.Array(event),
  maxEventsPerSecond: number,
  state: Schema.Literals(replayStates),
  held: Schema.Boolean,
  total: number,
  sent: Schema.Number,
  pending: Schema.Number,
  filtered: counts,
  failed: counts,
  ratePerSecond: number,
  etaSeconds: number,
  createdAt: Schema.String,
  createdBy: Schema.String,
  startedAt: time,
  finishedAt: time,
  error: Schema.NullOr(Schema.String)
})
const estimate = Schema.Struct({ total: Schema.Number, firstAt: time, lastAt: time })
const params = { replayId: Schema.String }
const one = data({ replay })

const declared = group("Replays").add(
  HttpApiEndpoint.post("createReplay", "/replays", {
    payload: Schema.Struct({
      sourceId: Schema.String,
      destinationIds: Schema.Array(Schema.String),
      from: moment,
      to: moment,
      events: Schema.optionalKey(Schema.Array(event)),
      mode: Schema.optionalKey(Schema.Literals(replayModes)),
      maxEventsPerSecond: Schema.optionalKey(Schema.Number),
      /** Starts nothing: answers `estimate` in place of `replay`. */
      dryRun: Schema.optionalKey(Schema.Boolean)
    }),
    success: created({ replay: Schema.optionalKey(replay), estimate: Schema.optionalKey(estimate) })
  }),
  HttpApiEndpoint.get("listReplays", "/replays", {
    query: { sourceId: Schema.optionalKey(Schema.String), pagination },
    success: data({ replays: Schema.Array(replay), pagination: paginated })
  }),
  HttpApiEndpoint.get("getReplay", "/replays/:replayId", { params, success: one }),
  HttpApiEndpoint.post("pauseReplay", "/replays/:replayId/pause", { params, success: one }),
  HttpApiEndpoint.post("resumeReplay", "/replays/:replayId/resume", { params, success: one }),
  HttpApiEndpoint.post("cancelReplay", "/replays/:replayId/cancel", { params, success: one })
)

const iso = (ms: number | null) => (ms === null ? null : timeText(ms))

const shown = (view: ReplayView): typeof replay.Type => ({
  ...Struct.omit(view, ["no"]),
  from: timeText(view.from),
  to: timeText(view.to),
  createdAt: timeText(view.createdAt),
  startedAt: iso(view.startedAt),
  finishedAt: iso(view.finishedAt)
})

export const replays = Effect.gen(function* () {
  const management = yield* Replays
  const access = yield* makeSourceAccess

  const steer = (how: "pause" | "resume" | "cancel") =>
    Effect.fnUntraced(function* ({ caller, params }: { caller: Caller; params: { readonly replayId: string } }) {
      yield* mustBeOwner(caller)
      return { replay: shown(yield* management.steer(caller.actor, params.replayId, how)) }
    })

  return handled(declared, {
    createReplay: ({ caller, payload: { dryRun, events = [], from, maxEventsPerSecond, mode = "all", to, ...rest } }) =>
      Effect.gen(function* () {
        yield* mustBeOwner(caller)
        const request: ReplayRequest = {
          ...rest,
          events,
          mode,
          from: Date.parse(from),
          to: Date.parse(to),
          maxEventsPerSecond
        }
        if (dryRun !== true) return { replay: shown(yield* management.create(caller.actor, request)) }
        const { firstAt, lastAt, total } = yield* management.estimate(request)
        return { estimate: { total, firstAt: iso(firstAt), lastAt: iso(lastAt) } }
      }),
    listReplays: ({ caller, query }) =>
      Effect.gen(function* () {
        const all = (yield* management.list).filter(
          ({ sourceId }) =>
            access.seesSource(caller, sourceId) && (query.sourceId === undefined || query.sourceId === sourceId)
        )
        const page = pageOf("replays", all, ({ no }) => -no, query.pagination)
        return { replays: page.entries.map(shown), pagination: page.pagination }
      }),
    getReplay: ({ caller, params }) =>
      Effect.gen(function* () {
        const found = yield* management.find(params.replayId)
        if (!access.seesSource(caller, found.sourceId)) return yield* notFound(`replay ${params.replayId}`)
        return { replay: shown(found) }
      }),
    pauseReplay: steer("pause"),
    resumeReplay: steer("resume"),
    cancelReplay: steer("cancel")
  })
})

/** Asking for replays and steering them (DEL-75, ADM-121); the process that carries them out (`owner.ts`) reads what is asked here. */
import { Clock, Effect, Layer, Semaphore } from "effect"
import type { SqlError } from "effect/sql"
import { History } from "../../archive/history.ts"
import { Database } from "../../platform/database.ts"
import { int4s, texts } from "../../platform/sql-arrays.ts"
import { causeMessage } from "../../platform/supervise.ts"
import { type Change, changeWorkspace } from "../../workspace/changes.ts"
import { newReplayId } from "../../workspace/secrets.ts"
import { type Source, Workspace } from "../../workspace/workspace.ts"
import { type Destination, Destinations } from "../destination.ts"
import { type DestinationRefused, invalid, refused } from "../manage/refused.ts"
import { type ReplayRequest, Replays, type ReplayState, type Steer } from "./replay.ts"
import { makeSelect, survey } from "./selection.ts"
import { readViews } from "./views.ts"

const mostOpen = 100
const mostDestinations = 50
const mostEvents = 200
const mostPerSecond = 100_000
/** A longer one is asked for by starting it: then its progress is seen. */
const longestEstimate = "30 seconds"

const types = new Set(["track", "identify", "group", "page", "screen", "alias", "delete"])

const checkDestination = (
  destination: Destination | undefined,
  id: string,
  sourceId: string
): Effect.Effect<Destination, DestinationRefused> => {
  const field = "destinationIds"
  if (destination === undefined || destination.sourceId !== sourceId)
    return invalid("REPLAY_NOT_CONNECTED", `The destination ${id} is not connected to the source ${sourceId}.`, field)
  const { connectionMode, entry, name, unknownEntry } = destination
  if (connectionMode === "device")
    return invalid(
      "REPLAY_DEVICE_MODE",
      `"${name}" is in device mode: only the browser of a visitor sends to it.`,
      field
    )
  if (entry.kind === "storage")
    return invalid(
      "REPLAY_NOT_SUPPORTED",
      `"${name}" keeps raw logs from the moment it is enabled. Older events are in the archive: download those of the source instead.`,
      field
    )
  if (unknownEntry === true || !entry.replay)
    return invalid("REPLAY_NOT_SUPPORTED", `"${name}" does not take events with times of the past.`, field)
  return Effect.succeed(destination)
}

const checkRequest = (request: ReplayRequest, now: number): Effect.Effect<void, DestinationRefused> => {
  const { destinationIds, events, from, maxEventsPerSecond: most, to } = request
  if (from >= to) return invalid("REPLAY_RANGE", "The range ends before it begins.", "to")
  if (from > now) return invalid("REPLAY_RANGE", "The range begins in the future.", "from")
  if (destinationIds.length === 0 || destinationIds.length > mostDestinations)
    return invalid("VALIDATION_FAILED", `Name 1 to ${mostDestinations} destinations.`, "destinationIds")
  if (new Set(destinationIds).size < destinationIds.length)
    return invalid("VALIDATION_FAILED", "A destination is named twice.", "destinationIds")
  if (events.length > mostEvents) return invalid("VALIDATION_FAILED", `List at most ${mostEvents} events.`, "events")
  const odd = events.findIndex(({ type }) => !types.has(type))
  if (odd >= 0) return invalid("VALIDATION_FAILED", `A type is one of ${[...types].join(", ")}.`, `events[${odd}].type`)
  if (most !== undefined && !(Number.isInteger(most) && most >= 1 && most <= mostPerSecond))
    return invalid("VALIDATION_FAILED", `A whole number from 1 to ${mostPerSecond}.`, "maxEventsPerSecond")
  return Effect.void
}

/** What each step may begin with, where it leads, and how the audit trail calls it. */
const steps: Readonly<
  Record<Steer, { readonly from: ReadonlyArray<ReplayState>; readonly to: ReplayState; readonly action: string }>
> = {
  pause: { from: ["queued", "running"], to: "paused", action: "Replay Paused" },
  resume: { from: ["paused", "failed"], to: "queued", action: "Replay Resumed" },
  cancel: { from: ["queued", "running", "paused", "failed"], to: "canceled", action: "Replay Canceled" }
}

const make = Effect.gen(function* () {
  const { write: sql } = yield* Database
  const history = yield* History
  const workspace = yield* Workspace
  const destinations = yield* Destinations
  /** Each reads as fast as it can. */
  const oneEstimate = yield* Semaphore.make(1)

  const check = Effect.fnUntraced(function* (
    request: ReplayRequest
  ): Effect.fn.Return<
    { readonly source: Source; readonly chosen: ReadonlyArray<Destination> },
    DestinationRefused | SqlError.SqlError
  > {
    yield* destinations.refresh
    const source = workspace.current().sources.find(({ id }) => id === request.sourceId)
    if (source === undefined)
      return yield* refused("not-found", "NOT_FOUND", `There is no source ${request.sourceId}.`, "sourceId")
    yield* checkRequest(request, yield* Clock.currentTimeMillis)
    const { byId } = destinations.current()
    const chosen = yield* Effect.forEach(request.destinationIds, (id) =>
      checkDestination(byId.get(id), id, request.sourceId)
    )
    return { source, chosen }
  })

  const find = Effect.fnUntraced(function* (id: string) {
    const [view] = yield* readViews(sql, id)
    return view ?? (yield* refused("not-found", "NOT_FOUND", `There is no replay ${id}.`))
  })

  const insert = Effect.fnUntraced(function* (
    { actor, at, audit, sql }: Change,
    request: ReplayRequest,
    source: Source,
    chosen: ReadonlyArray<Destination>
  ) {
    const [open] = yield* sql<{ n: number }>`
      select count(*)::int as n from replays where state in ('queued', 'running', 'paused')`
    if (open!.n >= mostOpen)
      return yield* refused(
        "conflict",
        "REPLAY_LIMIT",
        `There are ${mostOpen} replays that have not ended. Wait, or cancel some.`
      )
    const id = newReplayId()
    const { events, from, maxEventsPerSecond: most, mode, sourceId, to } = request
    const [row] = yield* sql<{ no: number }>`
      insert into replays (id, source_id, source, received_from, received_to, mode, events, per_second, state, created_at, created_by)
      values (${id}, ${sourceId}, ${source.no}, ${new Date(from)}, ${new Date(to)}, ${mode}, ${JSON.stringify(events)}, ${most ?? null},
        'queued', ${new Date(at)}, ${actor}) returning no`
    yield* sql`insert into replay_runs (replay, destination, destination_id) select ${row!.no}, u.no, u.id
      from unnest(${int4s(chosen.map(({ no }) => no))}, ${texts(chosen.map(({ id }) => id))}) with ordinality u (no, id, nth) order by u.nth`
    const after = { ...request, from: new Date(from).toISOString(), to: new Date(to).toISOString() }
    audit({ space: null, action: "Replay Created", target: `replay ${id}`, after })
    return id
  })

  return Replays.of({
    create: Effect.fnUntraced(function* (actor, request) {
      const { chosen, source } = yield* check(request)
      const id = yield* changeWorkspace(sql, actor, (change) => insert(change, request, source, chosen))
      return yield* find(id)
    }),
    estimate: Effect.fnUntraced(function* (request) {
      const { chosen, source } = yield* check(request)
      const range = { receivedFrom: request.from, receivedTo: request.to, sources: [source.no] }
      const numbers = chosen.map(({ no }) => no)
      return yield* survey(history, range, makeSelect(sql, request), numbers).pipe(
        oneEstimate.withPermits(1),
        Effect.timeoutOrElse({
          duration: longestEstimate,
          orElse: () =>
            Effect.fail(
              "it takes longer than 30 seconds. Choose a shorter range, or start the replay and look at its progress"
            )
        }),
        Effect.catchCause((cause) =>
          refused("unavailable", "REPLAY_ESTIMATE", `The events could not be counted: ${causeMessage(cause)}.`)
        )
      )
    }),
    list: readViews(sql, null),
    find,
    steer: Effect.fnUntraced(function* (actor, id, how) {
      const { action, from, to } = steps[how]
      yield* changeWorkspace(sql, actor, ({ at, audit, sql }) =>
        Effect.gen(function* () {
          const [row] = yield* sql<{ state: ReplayState }>`select state from replays where id = ${id} for update`
          if (row === undefined) return yield* refused("not-found", "NOT_FOUND", `There is no replay ${id}.`)
          // Asked twice.
          if (row.state === to || (how === "resume" && row.state === "running")) return
          if (!from.includes(row.state))
            return yield* refused("conflict", "REPLAY_STATE", `A replay that is ${row.state} cannot be told to ${how}.`)
          const endedAt = to === "canceled" ? new Date(at) : null
          yield* sql`update replays set state = ${to}, finished_at = ${endedAt}, error = null where id = ${id}`
          audit({ space: null, action, target: `replay ${id}`, before: { state: row.state }, after: { state: to } })
        })
      )
      return yield* find(id)
    })
  })
})

export const replayManagementLive = Layer.effect(Replays, make)

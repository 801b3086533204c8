/**
 * Carries regulations out (PRV-1, PRV-8): one process of all at a time, each step once more after a kill with the same result.
 *
 *     RUNNING --barrier = head of the log--> look for messages --> every space has resolved them --> erase profiles (each space's
 *     actor) --> remove the messages of both from log and archive --> ask destinations (`forwarded-deletions.ts`) --> FINISHED
 *
 * - Spaces that have left the configuration are reached, too (`identity/removed-spaces.ts`).
 * - What arrived up to the barrier is deleted; later messages are new data (PRV-10), apart from what the profile gets until it
 *   is erased.
 * - A suppression is known everywhere before its barrier is set: what slipped in meanwhile lies below it and is removed.
 * - Space by space and part by part is noted in the transaction that erases (`regulation_parts`), so nothing is done twice.
 */
import { Cause, Clock, Duration, Effect, Layer, Schedule } from "effect"
import type { SqlError } from "effect/sql"
import { History, type HistoryFailed } from "../archive/history.ts"
import { Settings } from "../config.ts"
import { eraseSeen, eraseSeenWhere } from "../debugger/erase.ts"
import { eraseSamples, eraseSamplesOf } from "../delivery/sample-reader.ts"
import { noteRawLogErasures } from "../destinations/raw-logs/erase.ts"
import { eraseJobsAt, eraseJobsOf } from "../destinations/actors/erase-jobs.ts"
import { type Destination, Destinations } from "../destinations/destination.ts"
import type { Message } from "../event/message.ts"
import { someUserId } from "../event/user-ids.ts"
import { forgetRemovedSpaces } from "../identity/forget-spaces.ts"
import { dropGraphs } from "../identity/generations/keep.ts"
import type { IdentityGraph } from "../identity/graph.ts"
import type { LiveGraphs } from "../identity/live-graphs.ts"
import type { OperationRefused } from "../identity/operations/operation.ts"
import { requestOperation } from "../identity/operations/request.ts"
import { removedSpaces, storedSpaces, tendSpace } from "../identity/removed-spaces.ts"
import { SpaceActors } from "../identity/space-actors.ts"
import type { LogEvent, Position } from "../log/event-log.ts"
import { Database } from "../platform/database.ts"
import { oncePerDatabase } from "../platform/once-per-database.ts"
import { float8s, texts } from "../platform/sql-arrays.ts"
import { causeMessage, supervise } from "../platform/supervise.ts"
import { endRegulation, pruneRegulations, startRegulations } from "../workspace/manage-regulations.ts"
import { regulationKinds, type RegulationType, shownForMs } from "../workspace/regulation.ts"
import { Workspace } from "../workspace/workspace.ts"
import { readForwarded, registerTargets } from "./forwarded-deletions.ts"
import { scan } from "./scan.ts"

const lock = 0x62_72_61_72
const forgetLock = 0x62_72_61_77
const subjectsAPart = 50
const positionsAtOnce = 5_000
const bodiesAtOnce = 500
const regulationsAtOnce = 100
const pruneEvery = "1 hour"
/** For a space to take an operation; the next round asks how it went. */
const patience = Duration.seconds(10)
const pollAsked = Schedule.spaced("50 millis")

export interface DeletionOptions {
  readonly pollEvery?: Duration.Input
  /** How long it takes until every process knows of a suppression. */
  readonly settleMs?: number
}

const decoder = new TextDecoder()
const messageIdOf = ({ body }: LogEvent): string => (JSON.parse(decoder.decode(body)) as Message).messageId

interface Row {
  readonly n: number
  readonly id: string
  readonly type: RegulationType
  readonly source: string | null
  readonly barrier: Position
  readonly scanned: Position
}

/** One step after the other, as far as they can be done now. */
export const makeDeletions = Effect.fnUntraced(function* (
  settleMs: number,
  /** All destinations, for deletions that are forwarded. */
  targets: () => ReadonlyArray<Destination> = () => []
) {
  const database = yield* Database
  const history = yield* History
  const workspace = yield* Workspace
  const actors = yield* SpaceActors
  const context = yield* Effect.context<Database | History | IdentityGraph | LiveGraphs | Settings | Workspace>()
  const { write: sql } = database
  const removed = Effect.provideContext(removedSpaces, context)

  const underway = sql<Row>`select n::float8 as n, id, type, source, barrier::float8 as barrier, scanned::float8 as scanned
    from regulations where status = 'RUNNING' and barrier is not null order by n limit ${regulationsAtOnce}`

  const userIdsOf = (n: number) =>
    Effect.map(
      sql<{ userId: string }>`select user_id as "userId" from regulation_subjects
        where regulation = ${n}::float8::bigint and user_id is not null order by n`,
      (rows) => rows.map(({ userId }) => userId)
    )

  /** The barrier is the head of the log in the database: every message that was accepted before is at or below it. */
  const setBarriers = Effect.gen(function* () {
    const settled = new Date((yield* Clock.currentTimeMillis) - settleMs)
    yield* sql`update regulations set barrier = (select pos from log_head where log = 1)
      where status = 'RUNNING' and barrier is null and created_at <= ${settled}`
  })

  const search = Effect.fnUntraced(function* (rows: ReadonlyArray<Row>) {
    const open = rows.filter(({ barrier, scanned }) => scanned < barrier)
    if (open.length === 0) return
    // Of every source that there ever was.
    const sources = yield* sql<{ id: string; no: number }>`select id, no from sources`
    const numbers = new Map(sources.map(({ id, no }) => [id, no]))
    const wanted = yield* Effect.forEach(open, (row) =>
      Effect.map(userIdsOf(row.n), (userIds) => ({
        ...row,
        userIds,
        source: row.source === null ? null : (numbers.get(row.source) ?? -1)
      }))
    )
    yield* scan({ database, history }, [...numbers.values()], wanted)
  })

  /** Runs a space that nobody runs for as long as the answer takes; what comes in between is told, and tried again. */
  const tending = <A, E>(spaceId: string, answer: Effect.Effect<A, E>): Effect.Effect<A | "later", E> =>
    Effect.raceFirst(
      answer,
      tendSpace(spaceId).pipe(
        Effect.catchCause((cause) =>
          Cause.hasInterruptsOnly(cause)
            ? Effect.interrupt
            : Effect.as(
                Effect.logWarning(`Erasing in the removed space ${spaceId} waits: ${causeMessage(cause)}`),
                "later" as const
              )
        ),
        Effect.provideContext(context)
      )
    )

  const asked = (spaceId: string) => sql`select 1 from space_operations
    where space = ${spaceId} and kind = 'erase_user' and finished_at is null limit 1`

  /** Erases what is left to erase in one space; false: it must wait. Fails when the space gave up. `removed`: nobody runs it. */
  const eraseIn = Effect.fnUntraced(function* (
    { id, n }: Row,
    spaceId: string,
    userIds: ReadonlyArray<string>,
    removed: boolean
  ): Effect.fn.Return<boolean, OperationRefused | SqlError.SqlError> {
    const rows = yield* sql<{ part: number }>`select part from regulation_parts
      where regulation = ${n}::float8::bigint and space = ${spaceId}`
    const done = new Set(rows.map(({ part }) => part))
    // Its owner is slow or away, or whoever asked was killed: it is not asked twice.
    if ((yield* asked(spaceId)).length > 0) {
      const answered = Effect.repeat(asked(spaceId), { schedule: pollAsked, until: (rows) => rows.length === 0 })
      if (removed) yield* tending(spaceId, Effect.timeoutOption(answered, patience))
      return false
    }
    for (let part = 0; part * subjectsAPart < userIds.length; part++) {
      if (done.has(part)) continue
      const input = {
        regulation: id,
        part,
        userIds: userIds.slice(part * subjectsAPart, (part + 1) * subjectsAPart)
      }
      const request = { spaceId, kind: "erase_user", input, actor: `regulation ${id}`, reason: "" } as const
      const requested = Effect.as(requestOperation(database, request, patience), "done" as const)
      const outcome = yield* (removed ? tending(spaceId, requested) : requested).pipe(
        Effect.catchTag("OperationRefused", (refused) =>
          refused.code === "NOT_FOUND" || refused.code === "CONFLICT"
            ? Effect.succeed("done" as const)
            : refused.code === "TIMEOUT"
              ? Effect.succeed("later" as const)
              : Effect.fail(refused)
        )
      )
      if (outcome === "later") return false
    }
    return true
  })

  /** In every space that there is now, or was; false: some are not there yet. A text: why some of them gave up. */
  const eraseEverywhere = Effect.fnUntraced(function* (row: Row) {
    const userIds = yield* userIdsOf(row.n)
    const running = (yield* actors.progress).map((space) => ({ ...space, removed: false }))
    // What a removed space did not read it will not read: its messages are removed from the log.
    const left = (yield* removed).map((id) => ({ id, slug: id, position: row.barrier, removed: true }))
    let outcome: boolean | string = true
    for (const { id, position, slug, removed } of [...running, ...left]) {
      const erased = yield* (position < row.barrier ? Effect.succeed(false) : eraseIn(row, id, userIds, removed)).pipe(
        Effect.catchTag("OperationRefused", ({ message }) => Effect.succeed(`Space ${slug}: ${message}`))
      )
      // Who runs a space drops what lay beside it; here nobody does. While the graph is away the regulation waits (`nothingAside`).
      if (removed)
        yield* dropGraphs(id).pipe(
          Effect.catchTag(["GraphUnavailable", "GraphFenced"], () => Effect.void),
          Effect.provideContext(context)
        )
      if (erased === false) outcome = false
      else if (typeof erased === "string" && outcome === true) outcome = erased
    }
    return outcome
  })

  const removeMessages = Effect.fnUntraced(function* ({
    n,
    type
  }: Row): Effect.fn.Return<boolean, HistoryFailed | SqlError.SqlError> {
    let removed = false
    for (;;) {
      const rows = yield* sql<{ pos: number }>`select pos::float8 as pos from regulation_positions
        where regulation = ${n}::float8::bigint order by pos limit ${positionsAtOnce}`
      if (rows.length === 0) return removed
      const positions = rows.map(({ pos }) => pos)
      for (let i = 0; i < positions.length; i += bodiesAtOnce) {
        const events = yield* history.at(positions.slice(i, i + bodiesAtOnce))
        const messageIds = events.map(messageIdOf)
        yield* eraseSeen(database, messageIds)
        yield* eraseSamples(database, messageIds)
        // Only these two kinds reach what lies outside (PRV-1).
        if (regulationKinds[type].category === "forwarded") yield* noteRawLogErasures(sql, events)
      }
      yield* history.erase(positions)
      yield* eraseJobsAt(sql, positions)
      yield* sql`delete from regulation_positions where regulation = ${n}::float8::bigint and pos = any(${float8s(positions)}::float8[]::bigint[])`
      removed = true
    }
  })

  /** What debugger and samples of deliveries show of the subjects, also what was never stored. */
  const removeSamples = Effect.fnUntraced(function* ({ barrier, n, source, type }: Row) {
    if (!regulationKinds[type].deletesMessages) return
    const userIds = new Set(yield* userIdsOf(n))
    const only = source === null ? undefined : workspace.current().sources.find(({ id }) => id === source)?.no
    yield* eraseSeenWhere(
      database,
      (message, from) => (source === null || from === only) && someUserId(message, (userId) => userIds.has(userId))
    )
    if (source !== null && only === undefined) return
    yield* eraseSamplesOf(database, [...userIds], only ?? null)
    yield* eraseJobsOf(sql, [...userIds], { source: only ?? null, upTo: barrier })
  })

  const advance = Effect.fnUntraced(function* (row: Row) {
    if (row.scanned < row.barrier) return
    const { erasesProfiles } = regulationKinds[row.type]
    const outcome = erasesProfiles ? yield* eraseEverywhere(row) : true
    if (outcome === false) return
    yield* removeSamples(row)
    yield* removeMessages(row)
    // A space that was made meanwhile may have read them before they were gone.
    if (erasesProfiles && outcome === true && !(yield* arrivedEverywhere(row))) return
    if (erasesProfiles && !(yield* nothingAside)) return
    if (erasesProfiles) yield* removeResults(row)
    // Operations that found nobody still say whom they looked for.
    yield* sql`update space_operations set input = null where kind = 'erase_user' and finished_at is not null and input is not null`
    const failed = typeof outcome === "string"
    if (!failed && regulationKinds[row.type].category === "forwarded") {
      yield* registerTargets(sql, row.n, row.source, targets())
      const asked = yield* readForwarded(sql, row.n)
      if (asked.some(({ status }) => status === "RUNNING")) return
      const refused = asked.filter(({ status }) => status === "FAILED").length
      return yield* endRegulation(sql, row.n, undefined, refused > 0)
    }
    yield* endRegulation(sql, row.n, failed ? outcome : undefined)
  })

  const arrivedEverywhere = Effect.fnUntraced(function* ({ n }: Row) {
    const rows = yield* sql<{
      space: string
    }>`select distinct space from regulation_parts where regulation = ${n}::float8::bigint`
    const done = new Set(rows.map(({ space }) => space))
    const spaces = [...workspace.current().spaces.map(({ id }) => id), ...(yield* storedSpaces(database))]
    return spaces.every((id) => done.has(id))
  })

  /** Nothing is left of graphs beside the live ones: what was dropped when the people were erased goes in the background. */
  const nothingAside = Effect.map(
    sql`select 1 from space_generations where role = 'dropped'
        union all select 1 from what_if_runs where shadow and state not in ('queued', 'running') limit 1`,
    (rows) => rows.length === 0
  )

  /** Results of what-if runs that tell of the subjects, also where rules in force give them no profile. */
  const removeResults = Effect.fnUntraced(function* ({ n }: Row) {
    const told = (yield* userIdsOf(n)).map((userId) => JSON.stringify(userId))
    yield* sql`delete from what_if_clusters c where exists (select 1 from unnest(${texts(told)}) u (v)
      where position(u.v in concat(c.strands, c.rec_before, c.rec_after)) > 0)`
  })

  const round = Effect.gen(function* () {
    yield* setBarriers
    yield* Effect.flatMap(underway, search)
    for (const row of yield* underway) yield* advance(row)
  })

  return { start: startRegulations(sql), round: oncePerDatabase(database, lock, round) }
})

/**
 * Starts regulations when their time has come, in any process, and carries them out, in one; removes what is left of spaces that
 * left the configuration long ago.
 */
export const deletionsLive = ({ pollEvery = "1 second", settleMs = 10_000 }: DeletionOptions = {}) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const { write: sql } = yield* Database
      const destinations = yield* Destinations
      const { start, round } = yield* makeDeletions(settleMs, () => destinations.current().all)
      const often = Schedule.spaced(pollEvery)
      yield* Effect.forkScoped(supervise("regulations", Effect.asVoid(Effect.repeat(start, often))))
      yield* Effect.forkScoped(supervise("deletions", Effect.asVoid(Effect.repeat(round, often))))
      const prune = Effect.repeat(pruneRegulations(sql, shownForMs), Schedule.spaced(pruneEvery))
      yield* Effect.forkScoped(supervise("prune regulations", Effect.asVoid(prune)))
      const { removedSpaceDays } = yield* Settings
      const forget = oncePerDatabase(yield* Database, forgetLock, forgetRemovedSpaces(removedSpaceDays))
      yield* Effect.forkScoped(
        supervise("removed spaces", Effect.asVoid(Effect.repeat(forget, Schedule.spaced(pruneEvery))))
      )
    })
  )

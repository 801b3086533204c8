/** Which events of a range a replay sends: of listed types and names, and of those that failed (DEL-70, DEL-74). */
import type { PgClient } from "@effect/sql-pg"
import { Effect, Stream } from "effect"
import type { SqlError } from "effect/sql"
import type { History, HistoryFailed, ReceivedRange, ReplayEvent, SortFailed } from "../../archive/history.ts"
import { float8s } from "../../platform/sql-arrays.ts"
import { type FeedEvent, feedEvent } from "../actors/job.ts"
import type { Estimate, ReplayRequest } from "./replay.ts"

export type Selection = Pick<ReplayRequest, "events" | "mode">

/** The wanted ones of a page, parsed, for the destination with this number. */
export type Select = (
  page: ReadonlyArray<ReplayEvent>,
  destination: number
) => Effect.Effect<ReadonlyArray<FeedEvent>, SqlError.SqlError>

export const makeSelect = (sql: PgClient.PgClient, { events, mode }: Selection): Select => {
  const isListed = (event: FeedEvent): boolean =>
    events.length === 0 ||
    events.some(({ name, type }) => type === event.type && (name === undefined || name === event.name))

  const failed = (page: ReadonlyArray<ReplayEvent>, destination: number) =>
    Effect.map(
      sql<{ position: number }>`select position::float8 as position from discarded_events
        where destination = ${destination} and position = any(${float8s(page.map(({ position }) => position))}::float8[]::bigint[])`,
      (rows) => {
        const positions = new Set(rows.map(({ position }) => position))
        return page.filter(({ position }) => positions.has(position))
      }
    )

  return (page, destination) =>
    Effect.map(mode === "failed" ? failed(page, destination) : Effect.succeed(page), (left) =>
      left
        .map((event): FeedEvent => {
          const { messageId, position, receivedAt, timestamp } = event
          return { ...feedEvent(event), receivedAt, place: { messageId, position, receivedAt, timestamp } }
        })
        .filter(isListed)
    )
}

/** Reads the whole range; whole chunks of the archive are told without reading where everything is wanted. */
export const countEvents = Effect.fnUntraced(function* (
  history: History["Service"],
  range: ReceivedRange,
  { events, mode }: Selection,
  select: Select,
  destination: number
): Effect.fn.Return<number, HistoryFailed | SortFailed | SqlError.SqlError> {
  if (events.length === 0 && mode === "all") return yield* history.countByTime(range)
  return (yield* survey(history, range, select, [destination])).total
})

export const survey = Effect.fnUntraced(function* (
  history: History["Service"],
  range: ReceivedRange,
  select: Select,
  destinations: ReadonlyArray<number>
): Effect.fn.Return<Estimate, HistoryFailed | SortFailed | SqlError.SqlError> {
  let total = 0
  let firstAt: number | null = null
  let lastAt: number | null = null
  yield* Stream.runForEach(history.readByTime(range), (page) =>
    Effect.forEach(
      destinations,
      (destination) =>
        Effect.map(select(page, destination), (wanted) => {
          total += wanted.length
          if (wanted.length === 0) return
          const [from, to] = [wanted[0]!.place!.timestamp, wanted.at(-1)!.place!.timestamp]
          firstAt = Math.min(firstAt ?? from, from)
          lastAt = Math.max(lastAt ?? to, to)
        }),
      { discard: true }
    )
  )
  return { total, firstAt, lastAt }
})

/** Loaders for one request beyond those of profiles: where a decision's event is in the log, and its message. */
import DataLoader from "dataloader"
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { Message } from "../event/message.ts"
import type { Seq } from "../identity/model.ts"
import { movedEvents } from "../identity/schema.ts"
import type { Position } from "../log/event-log.ts"
import type { Database } from "../platform/database.ts"
import { float8s } from "../platform/sql-arrays.ts"
import type { RequestContext } from "./resolvers.ts"
import type { ReadSpace } from "./views.ts"

interface RecordLoaders {
  readonly positions: DataLoader<Seq, Position>
  readonly messages: DataLoader<Position, Message | null>
}

const decoder = new TextDecoder()

const ofContext = new WeakMap<RequestContext, RecordLoaders>()

const make = ({ services, readSpace }: RequestContext): RecordLoaders => ({
  positions: new DataLoader((seqs) => services.run(services.positionsOf(readSpace, seqs))),
  messages: new DataLoader(async (positions) => {
    const events = await services.run(services.history.at(positions))
    const found = new Map(events.map(({ position, body }) => [position, JSON.parse(decoder.decode(body)) as Message]))
    return positions.map((position) => found.get(position) ?? null)
  })
})

export const recordLoaders = (context: RequestContext): RecordLoaders => {
  let loaders = ofContext.get(context)
  if (loaders === undefined) ofContext.set(context, (loaders = make(context)))
  return loaders
}

/** Positions of events by their numbers of resolution; nearly always they are the same. */
export const makePositionsOf =
  ({ read: sql }: Database["Service"]) =>
  (space: ReadSpace, seqs: ReadonlyArray<Seq>): Effect.Effect<ReadonlyArray<Position>, SqlError.SqlError> =>
    Effect.map(
      sql.unsafe<{ seq: Seq; pos: Position }>(
        `select s.seq::float8 as seq, s.pos::float8 as pos from ${movedEvents(space.schema)} s where s.seq = any($1::float8[]::bigint[])`,
        [float8s(seqs)]
      ),
      (moved) => {
        const positions = new Map(moved.map(({ seq, pos }) => [seq, pos]))
        return seqs.map((seq) => positions.get(seq) ?? seq)
      }
    )

/** Consent preferences are never returned (PRO-26). */
export const withoutConsent = ({ context, ...message }: Message): object => {
  const { consent: _, ...rest } = context
  return { ...message, context: rest }
}

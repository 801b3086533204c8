/**
 * Reads what is replayed beside the batches of a space, one page ahead: counting and sorting a month takes a while. One replay at
 * a time; another one that is started takes the place of the one before.
 */
import { type Cause, Effect, FiberHandle, Latch, Stream } from "effect"
import type { SqlError } from "effect/sql"
import { History, type ReplayEvent } from "../archive/history.ts"
import type { Replay } from "./source-admission.ts"

interface Reading {
  readonly id: number
  /** The newest request to delete people when it began: after a newer one, pages are to be looked at again. */
  readonly newest: number
  page: ReadonlyArray<ReplayEvent>
  ended: boolean
  failure: Cause.Cause<unknown> | undefined
  /** To be opened when the next page is wanted. */
  readonly wanted: Latch.Latch
}

export const makeReader = Effect.fnUntraced(function* (options: {
  readonly setTotal: (id: number, total: number) => Effect.Effect<unknown, SqlError.SqlError>
  /** Called when there is a page, the end or a failure. */
  readonly wake: () => void
}) {
  const { setTotal, wake } = options
  const history = yield* History
  const fiber = yield* FiberHandle.make<void, never>()
  let current: Reading | undefined

  const start = (replay: Replay, sources: ReadonlyArray<number>, newest: number) => {
    const { id, key, receivedFrom, upTo } = replay
    // No end of time: what was accepted between connecting and admission is part of it.
    const range = { receivedFrom, receivedTo: Infinity, sources, upTo }
    const own: Reading = { id, newest, page: [], ended: false, failure: undefined, wanted: Latch.makeUnsafe(false) }
    current = own
    const give = (page: ReadonlyArray<ReplayEvent>) =>
      Effect.suspend(() => {
        own.wanted.closeUnsafe()
        own.page = page
        wake()
        return own.wanted.await
      })
    return Effect.gen(function* () {
      if (key === null) yield* setTotal(id, yield* history.countByTime(range))
      yield* Stream.runForEach(history.readByTime(key === null ? range : { ...range, after: key }), give)
      own.ended = true
    }).pipe(
      Effect.catchCause((cause) => Effect.sync(() => (own.failure = cause))),
      Effect.andThen(Effect.sync(wake)),
      (body) => FiberHandle.run(fiber, body),
      Effect.as(own)
    )
  }

  return {
    start,
    /** What is read of this replay; undefined: it is not the one that is read. */
    of: (id: number): Reading | undefined => (current?.id === id ? current : undefined),
    forget: () => void (current = undefined),
    stop: Effect.suspend(() => {
      current = undefined
      return FiberHandle.clear(fiber)
    })
  }
})

/**
 * Many requests, few queries: while `inFlight` batches are on their way, further keys gather for the next one. An idle
 * store is asked at once, so nothing waits for a timer; a busy one gets larger batches instead of more of them.
 *
 * A batch fails as a whole: what may hurt others (slow or unbounded reads) does not belong here.
 */
import { type Context, Effect, Exit } from "effect"

const inFlight = 2
/** Keys of several callers that go into one batch; the keys of one caller are never split. */
const batchKeys = 100

interface Waiting<K, V, E> {
  readonly keys: ReadonlyArray<K>
  readonly resume: (answer: Effect.Effect<ReadonlyArray<V>, E>) => void
}

export type BatchRead<K, V, E> = (keys: ReadonlyArray<K>) => Effect.Effect<ReadonlyArray<V>, E>

/** `read` answers in input order, one value a key. */
export const coalesce = <K, V, E>(context: Context.Context<never>, read: BatchRead<K, V, E>): BatchRead<K, V, E> => {
  const run = Effect.runCallbackWith(context)
  let queue: Array<Waiting<K, V, E>> = []
  let running = 0

  const takeBatch = (): ReadonlyArray<Waiting<K, V, E>> => {
    let size = queue[0]!.keys.length
    let n = 1
    while (n < queue.length && size + queue[n]!.keys.length <= batchKeys) size += queue[n++]!.keys.length
    const batch = queue.slice(0, n)
    queue = queue.slice(n)
    return batch
  }

  const pump = (): void => {
    while (running < inFlight && queue.length > 0) {
      const batch = takeBatch()
      running += 1
      const keys = batch.length === 1 ? batch[0]!.keys : batch.flatMap((each) => each.keys)
      run(read(keys), {
        onExit: (exit) => {
          running -= 1
          let from = 0
          for (const { keys: own, resume } of batch) {
            resume(Exit.isSuccess(exit) ? Effect.succeed(exit.value.slice(from, from + own.length)) : exit)
            from += own.length
          }
          pump()
        }
      })
    }
  }

  return (keys) =>
    keys.length === 0
      ? Effect.succeed([])
      : Effect.callback((resume) => {
          queue.push({ keys, resume })
          pump()
        })
}

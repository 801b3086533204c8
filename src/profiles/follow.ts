/**
 * Subscriptions as cursors: every subscriber knows the place behind which it reads, and asks for more when its client has taken
 * what there was. So nothing piles up for a slow client, and a resume token is just that place (PRO-66).
 *
 * Subscribers that wait at the same place share one read (`SharedReads`): a thousand of them cost one query a round.
 */

/** Answers of the last moment by place; bounded, because nearly all subscribers stand at the head. */
export class SharedReads<T> {
  private readonly reads = new Map<number, { readonly at: number; readonly batch: Promise<T> }>()
  private readonly read: (after: number) => Promise<T>

  constructor(read: (after: number) => Promise<T>) {
    this.read = read
  }

  get(after: number): Promise<T> {
    const now = performance.now()
    const known = this.reads.get(after)
    if (known !== undefined && now - known.at < freshMs) return known.batch
    this.reads.delete(after)
    for (const oldest of this.reads.keys()) {
      if (this.reads.size < mostReads) break
      this.reads.delete(oldest)
    }
    const batch = this.read(after)
    this.reads.set(after, { at: now, batch })
    // A failure is told to whoever waits for it, and not kept.
    batch.catch(() => this.reads.delete(after))
    return batch
  }
}

const nothing = () => {}

const freshMs = 200
const mostReads = 64
const pauseMs = 250

/**
 * Items of `step` one after the other; it is asked again when the client has taken all, after a pause when there were none.
 * Ends when `step` answers null, or when it is returned.
 */
export const follow = <T>(step: () => Promise<ReadonlyArray<T> | null>, pause = pauseMs): AsyncIterableIterator<T> => {
  let ready: Array<T> = []
  const state = { ended: false, wake: nothing }
  const rest = () =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, pause)
      state.wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  const over = { done: true, value: undefined } as const
  const next = async (): Promise<IteratorResult<T>> => {
    while (!state.ended) {
      const item = ready.shift()
      if (item !== undefined) return { done: false, value: item }
      const more = await step()
      if (more === null) break
      ready = [...more]
      if (ready.length === 0 && !state.ended) await rest()
    }
    state.ended = true
    return over
  }
  return {
    next,
    return: () => {
      state.ended = true
      state.wake()
      return Promise.resolve(over)
    },
    [Symbol.asyncIterator]() {
      return this
    }
  }
}

/**
 * Fifty threads leave the source; at each step as many fall out as its share of what was received. Rounded by the largest remainder,
 * with at least one thread for whatever is there, so that no loss is out of sight. Pure.
 */
export const threadCount = 50

/** Threads for each part; they sum up to `threads` when there is anything. */
export const shareThreads = (parts: ReadonlyArray<number>, threads = threadCount): ReadonlyArray<number> => {
  const total = parts.reduce((sum, part) => sum + part, 0)
  if (total === 0) return parts.map(() => 0)
  const exact = parts.map((part) => (part / total) * threads)
  const given = exact.map((share) => (share > 0 ? Math.max(1, Math.floor(share)) : 0))
  const remainder = (i: number) => exact[i]! - given[i]!
  const byRemainder = (sign: number) => parts.map((_, i) => i).toSorted((a, b) => sign * (remainder(b) - remainder(a)))
  for (let left = threads - given.reduce((sum, n) => sum + n, 0); left !== 0; left -= Math.sign(left)) {
    // Too few: to whom most was cut. Too many: from whom most was added, but never the last thread.
    const next = left > 0 ? byRemainder(1).find((i) => parts[i]! > 0) : byRemainder(-1).find((i) => given[i]! > 1)
    if (next === undefined) break
    given[next] = given[next]! + Math.sign(left)
  }
  return given
}

/** A step: how many threads leave it, and how many go on behind it. */
export interface StepThreads {
  readonly out: number
  readonly on: number
}

/** Of the losing steps in order; what goes on behind the last is what was delivered. */
export const stepThreads = (losses: ReadonlyArray<number>, delivered: number): ReadonlyArray<StepThreads> => {
  const shares = shareThreads([...losses, delivered])
  let on = shares.reduce((sum, n) => sum + n, 0)
  return losses.map((_, i) => {
    on -= shares[i]!
    return { out: shares[i]!, on }
  })
}

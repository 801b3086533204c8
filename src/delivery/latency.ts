/**
 * Latencies as counts of bins that grow by a factor: a percentile of any number of them from a few hundred small numbers. Each bin
 * stands for its middle, which is at most 2 % away from everything in it; that is the error of P95 (DEL-21).
 */

const error = 0.02
const factor = (1 + error) / (1 - error)
const logFactor = Math.log(factor)

/** Eleven days and more are one. */
const lastBin = Math.ceil(Math.log(1e9) / logFactor)

/** Of ms; less than one counts as one. */
export const binOf = (ms: number): number =>
  Math.min(lastBin, Math.max(0, Math.ceil(Math.log(Math.max(1, ms)) / logFactor)))

/** ms */
export const middleOf = (bin: number): number => (2 * factor ** bin) / (factor + 1)

/** Nearest rank; bins in any order. Undefined: there is none. */
export const percentile = (
  bins: Iterable<readonly [bin: number, count: number]>,
  percent: number
): number | undefined => {
  const sorted = [...bins].sort(([a], [b]) => a - b)
  const rank = Math.ceil((sorted.reduce((sum, [, count]) => sum + count, 0) * percent) / 100)
  let seen = 0
  for (const [bin, count] of sorted) if ((seen += count) >= rank && count > 0) return Math.round(middleOf(bin))
  return undefined
}

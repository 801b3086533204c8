/**
 * What bounds an evaluation (FQL-41). Counted steps instead of a clock: the same statement gives the same answer on the
 * same event on any machine, however busy. A step is about 10 ns at most, so the limit is about 10 ms.
 *
 * Only work that grows with values is charged; the parts of a statement are at most 5,120. Values grow beyond the event,
 * too: each `string( [ x ] )` around another doubles the backslashes. One count serves all filters, because an
 * evaluation is never interrupted by another.
 */
import { FqlError } from "./error.ts"

export const maxSteps = 1_000_000

/** Levels of lists and objects that `=`, `in` and `string` look into; a message has 64. */
export const maxLevels = 500

let left = maxSteps

export const startSteps = (): void => {
  left = maxSteps
}

/** Of the evaluation that ran last. */
export const stepsTaken = (): number => maxSteps - left

const tooLong = new FqlError(
  `The evaluation would take more than ${maxSteps} steps: compare shorter texts, or use a simpler glob.`
)
const tooDeep = new FqlError(`A value is nested deeper than ${maxLevels} levels.`)

export const charge = (steps: number): void => {
  left -= steps
  if (left < 0) throw tooLong
}

export const descend = (level: number): void => {
  if (level > maxLevels) throw tooDeep
}

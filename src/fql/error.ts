/** The statement could not be evaluated on this event. An answer; thrown only to leave the inside of an evaluation. */
export class FqlError extends Error {
  readonly code = "FQL_EVALUATION"
}

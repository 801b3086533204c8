import { Data } from "effect"

/** Embedded PostgreSQL cannot work here, or does not any more: what happened, the end of its log, what to do. */
export class EmbeddedPostgresFailed extends Data.TaggedError("EmbeddedPostgresFailed")<{
  readonly what: string
  readonly advice: string
  readonly logFile?: string
  readonly logTail?: string
}> {
  override get message() {
    const log = this.logFile === undefined ? "" : `\nIts log: ${this.logFile}`
    const tail = this.logTail === undefined || this.logTail === "" ? "" : `, which ends with:\n${this.logTail}`
    return `The embedded PostgreSQL cannot be used: ${this.what}.\nWhat to do: ${this.advice}.${log}${tail}`
  }
}

import { Data } from "effect"

/** A local Neo4j cannot be had on this machine, or does not start: what is missing or happened, what to do. */
export class LocalNeo4jFailed extends Data.TaggedError("LocalNeo4jFailed")<{
  readonly what: string
  readonly advice: string
  readonly logTail?: string
}> {
  override get message() {
    const tail = this.logTail === undefined || this.logTail === "" ? "" : `\nIts log ends with:\n${this.logTail}`
    return `No local Neo4j: ${this.what}.\nWhat to do: ${this.advice}.${tail}`
  }
}

/** A statement as a question to an event; throws what the event cannot answer (DST-60). */
import { evaluate, type FqlFilter } from "../fql/fql.ts"

export const asks =
  (filter: FqlFilter) =>
  (event: object): boolean => {
    const answer = evaluate(filter, event)
    if (typeof answer !== "boolean") throw answer
    return answer
  }

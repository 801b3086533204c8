/** Event filters of a space (IDR-14), compiled once when they are read. The language itself: `fql/`. */
import { evaluate, parseFql } from "../fql/fql.ts"
import type { EventFilter } from "./workspace.ts"

export interface FilterAnswer {
  /** False when the statement could not be evaluated. */
  readonly matches: boolean
  /** Why it could not be evaluated on this event. */
  readonly error: string | null
}

export type CompiledStatement =
  | { readonly ask: (event: unknown) => FilterAnswer; readonly problem?: undefined }
  /** Why the statement is none, with the place. */
  | { readonly problem: string; readonly ask?: undefined }

export const compileStatement = (fql: string): CompiledStatement => {
  const parsed = parseFql(fql)
  if (!parsed.ok) return { problem: parsed.problem.message }
  return {
    ask: (event) => {
      const answer = evaluate(parsed.filter, event)
      return typeof answer === "boolean" ? { matches: answer, error: null } : { matches: false, error: answer.message }
    }
  }
}

/** For the snapshot. A stored statement that does not parse any more can be evaluated on no event. */
export const compileFilter = ({
  id,
  name,
  enabled,
  fql
}: {
  readonly id: string
  readonly name: string
  readonly enabled: boolean
  readonly fql: string
}): EventFilter => {
  const parsed = parseFql(fql)
  const matches = (event: unknown): boolean | undefined => {
    if (!parsed.ok) return undefined
    const answer = evaluate(parsed.filter, event)
    return typeof answer === "boolean" ? answer : undefined
  }
  return { id, name, enabled, matches }
}

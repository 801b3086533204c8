/**
 * FQL, the language of filters (spec 04 section 5): which events? Parsed and checked once, then asked per event.
 *
 *     const parsed = parseFql("type = 'track' and match(event, 'Button *')")
 *     if (parsed.ok) evaluate(parsed.filter, event)          // true, false or an FqlError
 *
 * Evaluation is pure and bounded: no clock is read, but the steps are counted (`steps.ts`).
 */
import { FqlProblem } from "./ast.ts"
import { compile, type Truth } from "./compile.ts"
import { FqlError } from "./error.ts"
import { parse } from "./parser.ts"
import { startSteps } from "./steps.ts"

export { FqlError } from "./error.ts"

export interface FqlFilter {
  readonly text: string
  /** Use `evaluate`, which bounds it. */
  readonly run: Truth
}

export type ParsedFql =
  | { readonly ok: true; readonly filter: FqlFilter }
  /** `column` counts from 1; the message says what was expected. */
  | { readonly ok: false; readonly problem: { readonly message: string; readonly column: number } }

export const parseFql = (text: string): ParsedFql => {
  try {
    return { ok: true, filter: { text, run: compile(parse(text)) } }
  } catch (error) {
    if (error instanceof FqlProblem) return { ok: false, problem: { message: error.message, column: error.at + 1 } }
    throw error
  }
}

/** Whether the event (any JSON) matches; an `FqlError` when that cannot be said. Never throws. */
export const evaluate = ({ run }: FqlFilter, event: unknown): boolean | FqlError => {
  startSteps()
  try {
    return run(event)
  } catch (error) {
    if (error instanceof FqlError) return error
    return new FqlError(error instanceof Error ? error.message : String(error))
  }
}

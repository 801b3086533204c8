/**
 * FQL, the language of filters (spec 04 section 5): which events? Parsed and checked once, then asked per event.
 *
 *     const parsed = parseFql("type = 'track' and match(event, 'Button *')")
 *     if (parsed.ok) evaluate(parsed.filter, event)          // true, false or an FqlError
 *
 * Evaluation is pure and bounded: statements are short, every function is linear but for globs, which count their steps.
 */
import { FqlProblem } from "./ast.ts"
import { compile, type Evaluate } from "./compile.ts"
import { parse } from "./parser.ts"
import { FqlError, typeOf, type Value } from "./values.ts"

export { FqlError } from "./values.ts"

export interface FqlFilter {
  readonly text: string
  readonly run: Evaluate
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
  try {
    const value = run(event as Value)
    if (typeof value === "boolean") return value
    return value === null ? false : new FqlError(`The statement must be true or false, but is a ${typeOf(value)}.`)
  } catch (error) {
    if (error instanceof FqlError) return error
    // An event nested too deeply to be compared.
    return new FqlError(error instanceof Error ? error.message : String(error))
  }
}

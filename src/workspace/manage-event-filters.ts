/**
 * Event filters of a source (ING-134): what is named here is kept out at the door. What a process accepts follows within five seconds;
 * what it had accepted before stays.
 */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { Change } from "./changes.ts"
import { type ChangeRefused, refuse } from "./refused.ts"
import {
  type BlockedNames,
  longestEventName,
  longestTraitPath,
  mostBlockedEvents,
  mostBlockedTraits,
  orderedBlocks
} from "./source-blocks.ts"
import { findSource, writeBlocked } from "./source-rows.ts"

type Changed<A> = Effect.Effect<A, ChangeRefused | SqlError.SqlError>

export const readEventFilters = (sql: PgClient.PgClient, id: string): Changed<BlockedNames> =>
  Effect.map(findSource(sql, id), ({ blocked }) => blocked)

const limits = [
  ["track", "events", mostBlockedEvents, longestEventName],
  ["identify", "traits", mostBlockedTraits, longestTraitPath],
  ["group", "traits", mostBlockedTraits, longestTraitPath]
] as const

/** What is wrong with the names; undefined: nothing. */
export const blockedProblem = (names: BlockedNames): string | undefined => {
  for (const [type, what, most, longest] of limits) {
    if (names[type].length > most) return `A source blocks at most ${most} ${what} (${type}).`
    if (names[type].some((name) => name === "" || name.length > longest || name.includes("\0")))
      return `The names of ${what} (${type}) have 1 to ${longest} characters.`
  }
  return undefined
}

/** From now on exactly these are blocked. Answers them in order. */
export const setEventFilters = (change: Change, id: string, names: BlockedNames): Changed<BlockedNames> =>
  Effect.gen(function* () {
    const { blocked: before } = yield* findSource(change.sql, id)
    const after = orderedBlocks(names)
    const problem = blockedProblem(after)
    if (problem !== undefined) return yield* refuse("VALIDATION_FAILED", problem)
    yield* writeBlocked(change, id, before, after)
    return after
  })

export type BlockChange =
  | { readonly type: "track" | "identify" | "group"; readonly name: string; readonly blocked: boolean }
  | { readonly type: "page" | "screen"; readonly blocked: boolean }

/** Switches some and leaves the others as they are: two people at two switches do not undo each other. */
export const changeEventFilters = (
  change: Change,
  id: string,
  changes: ReadonlyArray<BlockChange>
): Changed<BlockedNames> =>
  Effect.gen(function* () {
    const { blocked } = yield* findSource(change.sql, id)
    const after = changes.reduce<BlockedNames>((names, each) => {
      if (!("name" in each)) return { ...names, [each.type]: each.blocked }
      const others = names[each.type].filter((name) => name !== each.name)
      return { ...names, [each.type]: each.blocked ? [...others, each.name] : others }
    }, blocked)
    return yield* setEventFilters(change, id, after)
  })

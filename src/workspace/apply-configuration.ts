/**
 * Applying a configuration that a person has at hand (`braid config apply`): everything in it is made so, whoever made it; what it does not
 * name stays. One transaction. Applied again it changes nothing, because each member is compared with what is there.
 *
 * Not the file that Braid starts with: that one compares with what it said the last time, and leaves alone what people made
 * (`apply-file.ts`).
 */
import type { PgClient } from "@effect/sql-pg"
import { Data, Effect } from "effect"
import type { SqlError } from "effect/sql"
import { applyMembers } from "./apply-file.ts"
import { type Audited, type Change, changeWorkspace } from "./changes.ts"
import type { Configuration } from "./configured.ts"
import type { Problem } from "./decode.ts"
import { membersOf } from "./file-members.ts"
import { problemsWith } from "./file-problems.ts"
import { encodeRules } from "./stored.ts"
import { ConfigFileInvalid } from "./workspace.ts"

/** Nothing was written; these are the entries that would have told of it. */
class OnlyTried extends Data.TaggedError("OnlyTried")<{ readonly entries: ReadonlyArray<Audited> }> {}

/** Sources that are connected to a space of the file and are not among those that it names. */
const disconnectOthers = Effect.fnUntraced(function* ({ sql, audit }: Change, { sources, spaces }: Configuration) {
  const ids = new Map(sources.map(({ id, slug }) => [slug, id]))
  for (const { id: space, sources: slugs } of spaces) {
    const named = new Set(slugs.map((slug) => ids.get(slug)))
    const connected = yield* sql<{ source: string }>`
      select c.source from space_connections c join sources s on s.id = c.source where c.space = ${space} and s.doc is not null`
    for (const { source } of connected.filter(({ source }) => !named.has(source))) {
      yield* sql`delete from space_connections where space = ${space} and source = ${source}`
      audit({ space, action: "Source Disconnected From Space", target: `source ${source}`, before: { source } })
    }
  }
})

export interface ToApply<E> {
  readonly actor: string
  /** For messages. */
  readonly file: string
  readonly configuration: Configuration
  /** By space id: the rules in force, which may be others than what was declared. */
  readonly rulesInForce: ReadonlyMap<string, string>
  /** What other rooms take from the file, in the same transaction. */
  readonly further: (change: Change) => Effect.Effect<ReadonlyArray<Problem>, E>
  /** Only say what would change. */
  readonly dryRun: boolean
}

/** Answers the audit entries of what was changed. Refused: nothing is. */
export const applyConfiguration = <E>(
  sql: PgClient.PgClient,
  { actor, file, configuration, rulesInForce, further, dryRun }: ToApply<E>
): Effect.Effect<ReadonlyArray<Audited>, E | ConfigFileInvalid | SqlError.SqlError> =>
  changeWorkspace(sql, actor, (change) =>
    Effect.gen(function* () {
      const entries: Array<Audited> = []
      const noting: Change = {
        ...change,
        audit: (entry) => {
          entries.push(entry)
          change.audit(entry)
        }
      }
      const problems = yield* problemsWith(sql, configuration, "api")
      if (problems.length > 0) return yield* new ConfigFileInvalid({ file, problems })
      const rules = new Map(configuration.spaces.map(({ id, rules }) => [id, encodeRules(rules)]))
      const members = membersOf(configuration).filter(
        ({ kind, id }) => kind !== "space.rules" || rulesInForce.get(id) !== rules.get(id)
      )
      yield* applyMembers(noting, configuration, members, "api")
      yield* disconnectOthers(noting, configuration)
      const others = yield* further(noting)
      if (others.length > 0) return yield* new ConfigFileInvalid({ file, problems: others })
      return dryRun ? yield* new OnlyTried({ entries }) : entries
    })
  ).pipe(
    Effect.catchIf(
      (error) => error instanceof OnlyTried,
      (tried) => Effect.succeed(tried.entries)
    )
  )

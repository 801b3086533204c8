/**
 * The switch to another generation of a space, as one transaction under the epoch of the space's owner (IDR-193): before it
 * nothing has happened, after it everything. Renaming schemas is transactional, and statements that are prepared follow the name.
 *
 * What the tables of a space hold besides what follows from its events is taken over here: versions of the rules, counters and
 * places of what was dropped, messages that could not be resolved. What is not in them - audit trail, operations, cursor, connected
 * sources, replays - belongs to the space and not to a generation.
 */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import { addAudit } from "../../workspace/audit.ts"
import { rulesDecided } from "../../workspace/changes.ts"
import type { Seq } from "../model.ts"
import type { OperationRefused, RebuildAnswer } from "../operations/operation.ts"
import type { OperationTally } from "../reapply/tally.ts"
import { spaceSchema } from "../schema.ts"
import { readerName, SpaceFenced } from "../space-store.ts"
import { cancelled } from "./cancel.ts"
import { type Aside, graphAdapters, graphOfGeneration, keptDays, readerAside, schemaAside } from "./generation.ts"

export interface RulesPair {
  /** Of the generation that was live, and of the one that is. */
  readonly before: number
  readonly after: number
}

export interface SwitchOptions {
  readonly sql: PgClient.PgClient
  readonly spaceId: string
  readonly epoch: number
  /** Everything that the space has decided, and the other generation with it. */
  readonly committed: Seq
  readonly aside: Aside
  readonly generation: number
  readonly liveGeneration: number
  readonly operation: { readonly id: number; readonly actor: string; readonly reason: string }
  readonly audit: { readonly id: string; readonly at: number; readonly action: string; readonly data: object }
  /** What became of the operations of people in the other generation. */
  readonly operations: OperationTally
  /** Settles the rules of the other generation, or refuses. */
  readonly rules: Effect.Effect<RulesPair, SqlError.SqlError | OperationRefused>
  /** What else commits with the switch. */
  readonly also: (rules: RulesPair) => Effect.Effect<void, SqlError.SqlError>
}

/** Counters go on: of what was dropped live and, in a new generation, of what its own replay dropped. */
const carryOver = ({ sql, spaceId, aside }: SwitchOptions) =>
  Effect.gen(function* () {
    const [from, into] = [spaceSchema(spaceId), schemaAside(spaceId, aside)]
    const counted = aside === "next" ? "d.count + excluded.count" : "greatest(d.count, excluded.count)"
    yield* sql.unsafe(`insert into ${into}.drops as d (reason, count) select reason, count from ${from}.drops
      on conflict (reason) do update set count = ${counted}`)
    yield* sql.unsafe(
      `insert into ${into}.dropped (reason, pos, at) select reason, pos, at from ${from}.dropped on conflict do nothing`
    )
    // Ledger keys of the erased: a late duplicate must not come back (IDR-162).
    const key = "pos, ts, t, h, source, rules, action, kind"
    yield* sql.unsafe(
      `insert into ${into}.stamps (${key}) select ${key} from ${from}.stamps where pos = 0 on conflict (h) do nothing`
    )
    const columns = "pos, n, at, kind, profile, collection, type, value, rec"
    yield* sql.unsafe(`insert into ${into}.violations (${columns}) select ${columns} from ${from}.violations
      where kind = 'Internal resolution failure' on conflict do nothing`)
  })

const rename = (sql: PgClient.PgClient, from: string, to: string) => sql.unsafe(`alter schema ${from} rename to ${to}`)

/** Removes the tables of a generation that is aside; its graph is removed later (`keep.ts`). */
export const dropAside = (sql: PgClient.PgClient, spaceId: string, aside: Aside) =>
  Effect.gen(function* () {
    yield* sql`update space_generations set role = 'dropped' where space = ${spaceId} and role = ${aside}`
    yield* sql.unsafe(`drop schema if exists ${schemaAside(spaceId, aside)} cascade`)
  })

/**
 * Forgets what is aside, in the caller's transaction: somebody was erased, and it still has them (IDR-162). A rebuild that is under way
 * starts again; there is nothing to go back to any more.
 */
export const forgetAside = (sql: PgClient.PgClient, spaceId: string) =>
  Effect.gen(function* () {
    yield* sql`delete from cursors where reader = ${readerAside(spaceId)}`
    yield* dropAside(sql, spaceId, "next")
    yield* dropAside(sql, spaceId, "previous")
  })

/** Locks the cursor of the space for the caller's transaction, so that nobody takes the space over in between. */
export const holdSpace = Effect.fnUntraced(function* (sql: PgClient.PgClient, spaceId: string, epoch: number) {
  const [row] = yield* sql<{ pos: number; seq: number; held: boolean }>`
    select pos::float8 as pos, greatest(pos, seq)::float8 as seq, epoch = ${epoch}::float8::bigint as held
    from cursors where reader = ${readerName(spaceId)} for update`
  if (row?.held !== true) return yield* new SpaceFenced({ space: spaceId, at: row?.pos ?? 0 })
  return row
})

/** To be run in `LiveGraphs.switching`. */
export const switchGeneration = (options: SwitchOptions) =>
  Effect.gen(function* () {
    const { sql, spaceId, epoch, committed, aside, generation, operation, audit } = options
    const { pos, seq } = yield* holdSpace(sql, spaceId, epoch)
    const caughtUp = yield* sql`delete from cursors
      where reader = ${readerAside(spaceId)} and seq = ${committed}::float8::bigint returning 1 as n`
    if (caughtUp.length !== 1 || seq !== committed) return yield* new SpaceFenced({ space: spaceId, at: pos })
    const rules = yield* options.rules
    yield* carryOver(options)
    if (aside === "next") yield* dropAside(sql, spaceId, "previous")
    const [live, swap] = [spaceSchema(spaceId), schemaAside(spaceId, "swap")]
    yield* rename(sql, live, swap)
    yield* rename(sql, schemaAside(spaceId, aside), live)
    yield* rename(sql, swap, schemaAside(spaceId, "previous"))
    yield* sql`delete from space_generations where space = ${spaceId} and generation = ${generation}`
    yield* sql`insert into space_generations (space, generation, role, operation, seq, replaced_at, kept_until)
      values (${spaceId}, ${options.liveGeneration}, 'previous', ${operation.id}::float8::bigint, ${committed}::float8::bigint,
        now(), now() + make_interval(days => ${keptDays}))`
    const graph = graphOfGeneration(spaceId, generation)
    for (const adapter of graphAdapters)
      yield* sql`insert into space_graphs (space, adapter, graph, generation) values (${spaceId}, ${adapter}, ${graph}, ${generation})
        on conflict (space, adapter) do update set graph = excluded.graph, generation = excluded.generation`
    yield* sql`update cursors set epoch = epoch + 1 where reader = ${readerName(spaceId)}`
    yield* rulesDecided(sql, spaceId)
    const { id, at, action, data } = audit
    const { actor, reason } = operation
    const { list: _, ...counted } = options.operations
    yield* addAudit(sql, [
      {
        id,
        at,
        space: spaceId,
        actor,
        action,
        target: `rules version ${rules.after}`,
        reason: reason === "" ? null : reason,
        before: { rulesVersion: rules.before, generation: options.liveGeneration },
        after: { rulesVersion: rules.after, generation },
        data: { ...data, operations: counted }
      }
    ])
    yield* options.also(rules)
    const answer: RebuildAnswer = { auditId: id, rulesVersion: rules.after, operations: options.operations }
    const done = yield* sql`update space_operations set finished_at = now(), answer = ${JSON.stringify(answer)}
      where id = ${operation.id}::float8::bigint and cancel is null returning 1 as n`
    if (done.length === 0) return yield* cancelled
    return rules
  }).pipe(options.sql.withTransaction, Effect.uninterruptible)

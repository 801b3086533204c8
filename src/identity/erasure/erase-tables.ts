/**
 * What the tables of a space, and the tables that all spaces share, lose when profiles are erased (IDR-162); part of the one
 * transaction of the operation. Ledger keys stay, with nothing beside them, so that a late duplicate does not come back.
 */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import { float8s, texts } from "../../platform/sql-arrays.ts"
import type { FoundProfile, GraphError } from "../graph.ts"
import { decodeEntry, encodeEntry, identifierOf } from "../journal.ts"
import type { Identifier, ProfileNo, Seq } from "../model.ts"
import type { OperationContext } from "../operations/execution.ts"
import { encodeOperation } from "../operations/operation-entry.ts"
import { erasedValue, scrubEvent, scrubOperationEntry } from "./scrub.ts"
import { type Context, eachEntry, stayingIn, type Traces } from "./traces.ts"

const writeJournal = (
  { database, schema }: Pick<Context, "database" | "schema">,
  rows: ReadonlyArray<readonly [Seq, string]>
) =>
  rows.length === 0
    ? Effect.void
    : Effect.asVoid(
        database.write.unsafe(
          `update ${schema}.journal j set rec = u.rec from unnest($1::float8[], $2::text[]) u (pos, rec) where j.pos = u.pos::bigint`,
          [float8s(rows.map(([pos]) => pos)), texts(rows.map(([, rec]) => rec))]
        )
      )

/** Rewrites the entries that tell of the erased. */
export const scrubJournal = Effect.fnUntraced(function* (
  context: Context,
  { erased, seqs, operations }: Traces
): Effect.fn.Return<void, SqlError.SqlError | GraphError> {
  yield* eachEntry(
    context,
    seqs,
    Effect.fnUntraced(function* (rows): Effect.fn.Return<void, SqlError.SqlError | GraphError> {
      const entries = rows.map(({ pos, rec }) => decodeEntry(pos, rec))
      const mapped: Array<Identifier> = []
      for (const entry of entries)
        for (const side of [entry.users, entry.accounts])
          if (side !== undefined && erased.members.has(side.target))
            mapped.push(...(side.mapped ?? []).map((no) => identifierOf(entry, no)))
      const stays = yield* stayingIn(context, mapped, erased)
      const changed: Array<readonly [Seq, string]> = []
      for (const entry of entries) {
        const scrubbed = scrubEvent(entry, erased, stays)
        if (scrubbed !== entry) changed.push([entry.seq, encodeEntry(scrubbed)])
      }
      yield* writeJournal(context, changed)
    })
  )
  yield* writeJournal(
    context,
    operations.map(({ entry, isAbout }) => [entry.seq, encodeOperation(scrubOperationEntry(entry, erased, isAbout))])
  )
})

/** Violations of the erased, and those of others that name one of their identifiers. */
const eraseViolations = Effect.fnUntraced(function* ({ database, schema }: Context, { erased, seqs }: Traces) {
  const names = [...erased.identifiers]
  yield* database.write.unsafe(
    `delete from ${schema}.violations v where v.pos = any($1::float8[]::bigint[])
       and (v.profile = any($2::float8[]::bigint[]) or concat_ws(e'\\n', v.collection, v.type, v.value) = any($3::text[]))`,
    [float8s(seqs), float8s([...erased.members]), texts(names)]
  )
})

/** What people wrote into the audit trail, asked operations for, or compared, about the erased. */
const eraseShared = Effect.fnUntraced(function* (
  { database, spaceId }: Pick<OperationContext, "database" | "spaceId">,
  { operations, erased }: Traces,
  profiles: ReadonlyArray<FoundProfile>
) {
  const { write: sql } = database
  const audits = operations.flatMap(({ entry, isAbout }) => (isAbout ? [entry.auditId] : []))
  // Also pictures of people who had one of their identifiers: a rebuild may have left nothing else of that operation.
  const named = [...erased.identifiers].map((text) => {
    const [, type, ...value] = text.split("\n")
    return JSON.stringify({ type, id: value.join("\n") }).slice(1, -1)
  })
  yield* sql`update audit set before = null, after = null, reason = case when reason is null then null else ${erasedValue} end,
      data = case when data is null then null else (data::jsonb - 'identifiers' || case when data::jsonb ? 'moved' then '{"moved":[]}'::jsonb else '{}'::jsonb end)::text end
    where space = ${spaceId} and (id = any(${texts(audits)}) or (action in ('Merge Undone', 'Profile Split')
      and exists (select 1 from unnest(${texts(named)}) u (v) where position(u.v in concat(before, after)) > 0)))`
  // Names that they are found by (profiles/search-index.ts). Whoever is about to add one waits, and then finds no event of theirs.
  yield* sql`lock table profile_words in share row exclusive mode`
  yield* sql`delete from profile_words where space = ${spaceId} and profile = any(${float8s([...erased.members])}::float8[]::bigint[])`
  const values = [...erased.identifiers].map((text) =>
    JSON.stringify(text.slice(text.lastIndexOf("\n") + 1)).slice(1, -1)
  )
  const segmentIds = profiles.flatMap((profile) => profile.members.map(({ segmentId }) => segmentId))
  const told = texts([...values, ...segmentIds])
  yield* sql`update space_operations o set input = null, reason = null, error = null where o.space = ${spaceId} and o.finished_at is not null
    and exists (select 1 from unnest(${told}) u (v) where position(u.v in concat(o.input, o.answer, o.reason, o.error)) > 0)`
  // Whom a run was about is left out of it with them.
  yield* sql`update what_if_runs set scope = '{"from":null,"to":null,"sources":null,"identifiers":[],"profiles":[]}' where space = ${spaceId}
    and (position('"identifiers":[{' in scope) > 0 or position('"profiles":["' in scope) > 0) and exists (select 1 from unnest(${told}) u (v) where position(u.v in scope) > 0)`
  // A run in progress has read of them and would show it.
  yield* sql`update what_if_runs set state = 'failed', finished_at = now(), error = 'A person was erased from this space meanwhile; start another run.'
    where space = ${spaceId} and state = 'running'`
  yield* sql`delete from what_if_clusters c using what_if_runs w where c.run = w.n and w.space = ${spaceId}
    and exists (select 1 from unnest(${told}) u (v)
      where position(u.v in concat(c.before, c.after, c.strands, c.rec_before, c.rec_after)) > 0)`
})

const nothing = `pos = 0, seq = null, profile = null, account = null, ts = 'epoch', t = 'epoch', name = null, ids = null`

/**
 * Messages that name a user and were resolved to somebody else, who loses them with log and archive. Not what was resolved under
 * the message id of one that came again and says something else.
 */
export const eraseNamed = Effect.fnUntraced(function* (
  { database, schema }: Pick<Context, "database" | "schema">,
  regulation: string
): Effect.fn.Return<void, SqlError.SqlError> {
  yield* database.write.unsafe(
    `update ${schema}.stamps s set ${nothing} from regulation_positions p join regulations r on r.n = p.regulation
     where r.id = $1 and s.h = p.h and s.pos = p.pos`,
    [regulation]
  )
  yield* database.write.unsafe(
    `delete from ${schema}.resolved_again r using ${schema}.stamps s where s.h = r.h and s.pos = 0`,
    []
  )
})

export const eraseTables = Effect.fnUntraced(function* (
  context: Context & Pick<OperationContext, "spaceId">,
  traces: Traces,
  profiles: ReadonlyArray<FoundProfile>,
  regulation: string
): Effect.fn.Return<void, SqlError.SqlError> {
  const { database, schema } = context
  const members = float8s([...traces.erased.members] satisfies ReadonlyArray<ProfileNo>)
  const run = (text: string) => database.write.unsafe(text, [members])
  yield* eraseViolations(context, traces)
  yield* run(`delete from ${schema}.traits where profile = any($1::float8[]::bigint[])`)
  yield* run(`delete from ${schema}.journal_profiles where profile = any($1::float8[]::bigint[])`)
  yield* run(
    // Without a place in the log: no replay finds the event, even while its body is still there.
    `update ${schema}.stamps set ${nothing}
     where profile = any($1::float8[]::bigint[])`
  )
  yield* eraseNamed(context, regulation)
  yield* eraseShared(context, traces, profiles)
})

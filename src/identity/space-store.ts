/**
 * What a space keeps in PostgreSQL, and the one statement that commits a batch.
 *
 * Every part of the commit reads from the compare-and-set of the cursor: when another process has moved it
 * (or taken the space over, which raises the epoch), no row comes back and nothing at all is written.
 */
import { Data, Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { Position } from "../log/event-log.ts"
import type { Database } from "../platform/database.ts"
import { float8s, int2s, int4s, texts, timestamptzs, uuids } from "../platform/sql-arrays.ts"
import { suppressedUser } from "./drops.ts"
import type { ProfileNo, Seq } from "./model.ts"
import { AgainRows, writeAgain } from "./resolved-again.ts"
import { spaceSchema } from "./schema.ts"

/** Rows of one batch, column by column, as `unnest` wants them. */
export class BatchRows {
  readonly stamps = {
    pos: [] as Array<Position>,
    seq: [] as Array<Seq | null>,
    profile: [] as Array<ProfileNo | null>,
    account: [] as Array<ProfileNo | null>,
    ts: [] as Array<number>,
    t: [] as Array<number>,
    h: [] as Array<string>,
    source: [] as Array<number>,
    rules: [] as Array<number>,
    action: [] as Array<number>,
    kind: [] as Array<number>,
    name: [] as Array<number | null>,
    ids: [] as Array<string | null>
  }
  /** Stamps that are there and change (IDR-133). */
  readonly again = new AgainRows()
  readonly traits = { profile: [] as Array<ProfileNo>, doc: [] as Array<string> }
  readonly journal = { pos: [] as Array<Position>, rec: [] as Array<string> }
  readonly journalProfiles = { profile: [] as Array<ProfileNo>, pos: [] as Array<Seq> }
  readonly violations = {
    pos: [] as Array<Position>,
    n: [] as Array<number>,
    at: [] as Array<number>,
    kind: [] as Array<string>,
    profile: [] as Array<ProfileNo | null>,
    collection: [] as Array<string | null>,
    type: [] as Array<string | null>,
    value: [] as Array<string | null>,
    rec: [] as Array<string>
  }
  readonly drops = { reason: [] as Array<string>, pos: [] as Array<Position>, at: [] as Array<number> }
  readonly autoAdded = { type: [] as Array<string>, collection: [] as Array<string>, pos: [] as Array<Position> }
}

/** Another process owns the space now, or the cursor is not where this process left it. */
export class SpaceFenced extends Data.TaggedError("SpaceFenced")<{ readonly space: string; readonly at: Position }> {
  override get message() {
    return `Space ${this.space} was moved on by another process past position ${this.at}; this process wrote nothing and starts over from the stored position.`
  }
}

export const readerName = (spaceId: string): string => `identity:${spaceId}`

const commitText = (s: string): string => `
with c as (update cursors set pos = $2::float8::bigint, seq = $36::float8::bigint
           where reader = $1 and pos = $3::float8::bigint and epoch = $4::float8::bigint and seq = $37::float8::bigint returning 1),
 s as (insert into ${s}.stamps (pos, profile, account, ts, t, h, source, rules, action, kind, name, ids, seq)
       select u.* from c, unnest($5::float8[], $6::float8[], $7::float8[], $8::timestamptz[], $9::timestamptz[], $10::uuid[],
         $11::int4[], $12::int4[], $13::int2[], $14::int2[], $15::float8[], $16::text[], $38::float8[]) u),
 t as (insert into ${s}.traits (profile, doc) select u.* from c, unnest($17::float8[], $18::text[]) u
       on conflict (profile) do update set doc = excluded.doc),
 j as (insert into ${s}.journal (pos, rec) select u.* from c, unnest($19::float8[], $20::text[]) u),
 p as (insert into ${s}.journal_profiles (profile, pos) select u.* from c, unnest($39::float8[], $40::float8[]) u),
 v as (insert into ${s}.violations (pos, n, at, kind, profile, collection, type, value, rec)
       select u.* from c, unnest($21::float8[], $22::int2[], $23::timestamptz[], $24::text[], $25::float8[], $26::text[], $27::text[], $28::text[], $29::text[]) u),
 d as (insert into ${s}.dropped (reason, pos, at)
       select u.reason, u.pos, u.at from c, unnest($30::text[], $31::float8[], $32::timestamptz[]) u (reason, pos, at)
       where u.reason <> '${suppressedUser}' on conflict do nothing),
 n as (insert into ${s}.drops as old (reason, count)
       select u.reason, count(*) from c, unnest($30::text[]) u (reason) group by 1
       on conflict (reason) do update set count = old.count + excluded.count),
 a as (insert into ${s}.auto_added (type, collection, pos)
       select u.* from c, unnest($33::text[], $34::text[], $35::float8[]) u on conflict (type) do nothing)
select count(*)::int as n from c`

export interface CommitHeader {
  readonly from: Position
  readonly to: Position
  readonly epoch: number
  /** Last `seq` given before this commit, and with it. */
  readonly fromSeq: Seq
  readonly toSeq: Seq
}

/** Everything a space actor reads from and writes to Postgres. */
export const makeSpaceStore = (
  database: Database["Service"],
  spaceId: string,
  /** Another generation than the live one (`generations/`). */
  { schema: s, reader }: { readonly schema: string; readonly reader: string } = {
    schema: spaceSchema(spaceId),
    reader: readerName(spaceId)
  }
) => {
  const sql = database.write
  const text = commitText(s)

  /** Commits the batch and moves the cursor, or fails with `SpaceFenced` and writes nothing. */
  const commit = (header: CommitHeader, rows: BatchRows): Effect.Effect<void, SpaceFenced | SqlError.SqlError> => {
    const { stamps, again, traits, journal, journalProfiles, violations, drops, autoAdded } = rows
    const committed = sql
      .unsafe<{ n: number }>(text, [
        reader,
        header.to,
        header.from,
        header.epoch,
        float8s(stamps.pos),
        float8s(stamps.profile),
        float8s(stamps.account),
        timestamptzs(stamps.ts),
        timestamptzs(stamps.t),
        uuids(stamps.h),
        int4s(stamps.source),
        int4s(stamps.rules),
        int2s(stamps.action),
        int2s(stamps.kind),
        float8s(stamps.name),
        texts(stamps.ids),
        float8s(traits.profile),
        texts(traits.doc),
        float8s(journal.pos),
        texts(journal.rec),
        float8s(violations.pos),
        int2s(violations.n),
        timestamptzs(violations.at),
        texts(violations.kind),
        float8s(violations.profile),
        texts(violations.collection),
        texts(violations.type),
        texts(violations.value),
        texts(violations.rec),
        texts(drops.reason),
        float8s(drops.pos),
        timestamptzs(drops.at),
        texts(autoAdded.type),
        texts(autoAdded.collection),
        float8s(autoAdded.pos),
        header.toSeq,
        header.fromSeq,
        float8s(stamps.seq),
        float8s(journalProfiles.profile),
        float8s(journalProfiles.pos)
      ])
      .pipe(
        Effect.flatMap((result) =>
          result[0]?.n === 1 ? Effect.void : Effect.fail(new SpaceFenced({ space: spaceId, at: header.from }))
        )
      )
    if (again.h.length === 0) return committed
    return sql.withTransaction(Effect.andThen(committed, Effect.asVoid(writeAgain(sql, s, again))))
  }

  /** Moves the cursor over events of other spaces: nothing to store, but the log may then forget them. */
  const skip = (header: Pick<CommitHeader, "from" | "to" | "epoch">) =>
    sql<{ pos: number }>`update cursors set pos = ${header.to}::float8::bigint
      where reader = ${reader} and pos = ${header.from}::float8::bigint and epoch = ${header.epoch}::float8::bigint returning pos::float8 as pos`.pipe(
      Effect.flatMap((rows) =>
        rows.length === 1 ? Effect.void : Effect.fail(new SpaceFenced({ space: spaceId, at: header.from }))
      )
    )

  /** Takes `toSeq` for an operation, at the place where the cursor is; to be called inside its transaction. */
  const advance = (header: Omit<CommitHeader, "to">) =>
    sql<{ seq: number }>`update cursors set seq = ${header.toSeq}::float8::bigint
      where reader = ${reader} and pos = ${header.from}::float8::bigint and epoch = ${header.epoch}::float8::bigint
        and seq = ${header.fromSeq}::float8::bigint returning seq::float8 as seq`.pipe(
      Effect.flatMap((rows) =>
        rows.length === 1 ? Effect.void : Effect.fail(new SpaceFenced({ space: spaceId, at: header.from }))
      )
    )

  /**
   * Runs `write` under the epoch, in one transaction that a takeover waits for: for what goes beside the cursor. Fails with
   * `SpaceFenced` and writes nothing when another process has taken the space over, however long this one was paused.
   */
  const owned = <A, E>(epoch: number, write: Effect.Effect<A, E>) =>
    sql.withTransaction(
      Effect.gen(function* () {
        const [row] = yield* sql<{ pos: number; own: boolean }>`
          select pos::float8 as pos, epoch = ${epoch}::float8::bigint as own from cursors where reader = ${reader} for share`
        if (row?.own !== true) return yield* new SpaceFenced({ space: spaceId, at: row?.pos ?? 0 })
        return yield* write
      })
    )

  return {
    reader,
    commit,
    skip,
    advance,
    owned,

    /** Writes the journal entry of an operation. */
    addJournal: (seq: Seq, rec: string) =>
      sql.unsafe(`insert into ${s}.journal (pos, rec) values ($1::float8::bigint, $2)`, [seq, rec]),

    /** Makes the space a reader of the log, from `start` on; a space that is one already stays where it is. */
    register: (start: Position) =>
      sql`insert into cursors (reader, pos) values (${reader}, ${start}::float8::bigint) on conflict (reader) do nothing`,

    /** Takes the space over: every commit of an earlier owner fails from here on. */
    takeOver: () =>
      sql<{
        pos: number
        epoch: number
        seq: number
      }>`update cursors set epoch = epoch + 1 where reader = ${reader} returning pos::float8 as pos, epoch::float8 as epoch, seq::float8 as seq`.pipe(
        Effect.map((rows) => rows[0]!)
      ),

    /** Which of these ledger keys the space has seen (IDR-132). */
    known: (hashes: ReadonlyArray<string>) =>
      sql
        .unsafe<{ h: string }>(`select h::text as h from ${s}.stamps where h = any($1::uuid[])`, [uuids(hashes)])
        .pipe(Effect.map((rows) => new Set(rows.map((row) => row.h)))),

    /** Trait documents of the profiles that have one. */
    traitDocs: (profiles: ReadonlyArray<ProfileNo>) =>
      sql.unsafe<{ profile: number; doc: string }>(
        `select t.profile::float8 as profile, t.doc from unnest($1::float8[]) u (p) join ${s}.traits t on t.profile = u.p::bigint`,
        [float8s(profiles)]
      ),

    /** Journal entries with `after < seq <= upTo`, ascending. */
    journal: (after: Seq, upTo: Seq, limit: number) =>
      sql.unsafe<{ pos: number; rec: string }>(
        `select j.pos::float8 as pos, j.rec from ${s}.journal j where j.pos > $1::float8::bigint and j.pos <= $2::float8::bigint order by j.pos limit $3`,
        [after, upTo, limit]
      ),
    journalLength: () =>
      sql.unsafe<{ n: number }>(`select count(*)::int as n from ${s}.journal`).pipe(Effect.map((rows) => rows[0]!.n)),

    autoAdded: () =>
      sql.unsafe<{ type: string; collection: "users" | "accounts" }>(
        `select type, collection from ${s}.auto_added order by pos, type`
      ),

    /** The version in force, and the document that the configuration declared last. */
    latestRules: () =>
      sql
        .unsafe<{ version: number; doc: string; declared: string | null }>(
          `select r.version, r.doc, (select f.doc from ${s}.rules f where f.origin = 'file' order by f.version desc limit 1) as declared
           from ${s}.rules r order by r.version desc limit 1`
        )
        .pipe(Effect.map((rows) => rows[0])),
    rulesVersion: (version: number) =>
      sql
        .unsafe<{ doc: string }>(`select doc from ${s}.rules where version = $1`, [version])
        .pipe(Effect.map((rows) => rows[0]?.doc)),
    /** What the configuration declares. */
    saveRules: (epoch: number, version: number, doc: string, at: number) =>
      owned(
        epoch,
        sql.unsafe(`insert into ${s}.rules (version, doc, saved_at) values ($1, $2, $3)`, [version, doc, new Date(at)])
      ),

    /** Violations and finished operations older than 30 days (PRO-80) and all but the newest 100 drops of 7 days per reason (IDR-21) go. */
    prune: (now: number) =>
      sql.unsafe(`delete from ${s}.violations where at < $1`, [new Date(now - 30 * 86_400_000)]).pipe(
        Effect.andThen(
          sql`delete from space_operations where space = ${spaceId} and finished_at < ${new Date(now - 30 * 86_400_000)}`
        ),
        // Replays whose sources were all disconnected.
        Effect.andThen(
          sql`delete from space_replays r where r.space = ${spaceId} and r.started_at < ${new Date(now - 30 * 86_400_000)}
            and not exists (select 1 from space_connections c where c.replay = r.id)`
        ),
        Effect.andThen(
          sql.unsafe(
            `delete from ${s}.dropped d where d.at < $1 or d.pos < (select min(x.pos) from
               (select y.pos from ${s}.dropped y where y.reason = d.reason order by y.pos desc limit 100) x)`,
            [new Date(now - 7 * 86_400_000)]
          )
        ),
        Effect.asVoid
      )
  }
}

export type SpaceStore = ReturnType<typeof makeSpaceStore>

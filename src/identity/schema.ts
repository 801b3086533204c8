/**
 * Tables of one space: a Postgres schema named after the space id, so that nothing of one space can reach
 * another (IDR-2). The graph is not here but in its adapter; these tables are the truth it is built from.
 *
 * `h` is the ledger key (IDR-132). `pos` of stamps and dropped is the log position, elsewhere the `seq` of `model.ts`;
 * `seq` of a stamp is null when it is equal to `pos`.
 */
import { generationMigrations } from "./generations/schema.ts"
import { whatIfMigrations } from "./what-if/schema.ts"

/** Statements that create version 1, one per element; `s` is the quoted schema name. */
export const spaceTables = (s: string): ReadonlyArray<string> => [
  `create schema ${s}`,
  // One row per resolved event: ledger and page index in one. `ts` = timestamp, `t` = identity time (IDR-22);
  // `kind` = index in messageTypes, `action` = index in actions; `name` = nameHash of the event name;
  // `ids` = null when every extracted, unblocked identifier is promoted, else a JSON list of [collection, type, value] (IDR-39).
  `create table ${s}.stamps (
     pos bigint not null, profile bigint, account bigint, ts timestamptz not null, t timestamptz not null,
     h uuid not null, source int not null, rules int not null, action smallint not null, kind smallint not null, name bigint, ids text, seq bigint)`,
  `create index stamps_profile on ${s}.stamps (profile, ts desc, pos desc) where profile is not null`,
  `create index stamps_account on ${s}.stamps (account, ts desc, pos desc) where account is not null`,
  // The few events dated after their arrival: the newest by t is not the newest by ts (IDR-22, IDR-105).
  `create index stamps_late_profile on ${s}.stamps (profile, t desc, pos desc) where profile is not null and t < ts`,
  `create index stamps_late_account on ${s}.stamps (account, t desc, pos desc) where account is not null and t < ts`,
  `create unique index stamps_ledger on ${s}.stamps (h)`,
  `create index stamps_pos on ${s}.stamps using brin (pos)`,
  // {"plan":["pro",1790000000000,3,89261234567890]}: value (null = removed), write time ms, source number, position.
  // Kept under the profile that received the write; merged on read over the members of a canonical profile (IDR-102).
  `create table ${s}.traits (profile bigint primary key, doc text not null) with (fillfactor = 80)`,
  // The resolution record of every event that decided something (IDR-140), as written by journal.ts.
  `create table ${s}.journal (pos bigint primary key, rec text not null)`,
  // Errors and violations (IDR-141, 142); kept 30 days (PRO-80).
  `create table ${s}.violations (
     pos bigint not null, n smallint not null, at timestamptz not null, kind text not null, profile bigint,
     collection text, type text, value text, rec text not null, primary key (pos, n))`,
  `create index violations_at on ${s}.violations (at)`,
  // Silent drops (IDR-20, IDR-21) and ledger duplicates: a counter per reason, and where the newest 100 are in the log.
  `create table ${s}.drops (reason text primary key, count bigint not null) with (fillfactor = 50)`,
  `create table ${s}.dropped (reason text not null, pos bigint not null, at timestamptz not null, primary key (reason, pos))`,
  // Types added by events (IDR-37).
  `create table ${s}.auto_added (type text primary key, collection text not null, pos bigint not null)`,
  // Every saved version of the rules document (IDR-156).
  `create table ${s}.rules (version int primary key, doc text not null, saved_at timestamptz not null)`
]

/** Brings the tables of an older space up to date; idempotent. */
export const spaceTablesSince = (s: string): ReadonlyArray<string> => [
  `alter table ${s}.stamps add column if not exists seq bigint`,
  `create index if not exists stamps_seq on ${s}.stamps (seq) where seq is not null`,
  // What stood between two identifiers (explain/why-not-merged.ts).
  `create index if not exists violations_identifier on ${s}.violations (type, value, pos)
     where type is not null and kind <> 'ID value blocked'`,
  // Which entries of the journal tell of a profile, for its history (IDR-210). The entry that created it is not here: its number says which one.
  `create table if not exists ${s}.journal_profiles (profile bigint not null, pos bigint not null, primary key (profile, pos))`,
  // How far the journal from before is told there (operations/tell-journal.ts); a new space has none.
  `create table if not exists ${s}.journal_backfill (done bigint not null, up_to bigint not null)`,
  `insert into ${s}.journal_backfill (done, up_to) select 0, coalesce(max(j.pos), 0) from ${s}.journal j
     having not exists (select 1 from ${s}.journal_backfill)`,
  // Demotions, for contended identifiers (IDR-211).
  `create index if not exists violations_demoted on ${s}.violations (pos) where type is not null
     and kind in ('Identifier value limit exceeded', 'Identifier value time limit exceeded', 'Profiles kept apart')`,
  // Operations are few among the events: erasure reads all of them.
  `create index if not exists journal_operations on ${s}.journal (pos) where rec like '{"operation"%'`,
  // Ledger keys of erased people, which have no place in the log any more.
  `create index if not exists stamps_erased on ${s}.stamps (h) where pos = 0`,
  // Who saved a version: 'file' (the configuration) or 'api'.
  `alter table ${s}.rules add column if not exists origin text not null default 'file', add column if not exists actor text`,
  // Segment ids of generations before that are issued no more (IDR-194): each follows the event with this seq, to the profile that it was resolved to.
  `create table if not exists ${s}.former_ids (segment_id text primary key, seq bigint not null, profile bigint)`,
  // Events that were resolved once more and changed something then (IDR-133), under the `seq` of that; their stamps keep the first one.
  `create table if not exists ${s}.resolved_again (seq bigint primary key, h uuid not null)`,
  `create index if not exists resolved_again_h on ${s}.resolved_again (h, seq)`
]

/** As a table: the events whose `seq` is not their place in the log, under every `seq` that they were resolved with. */
export const movedEvents = (s: string): string =>
  `(select m.seq, m.pos, m.ts, m.source, m.profile, m.account, false as again from ${s}.stamps m where m.seq is not null
    union all select r.seq, m.pos, m.ts, m.source, m.profile, m.account, true from ${s}.resolved_again r join ${s}.stamps m on m.h = r.h)`

/** Quoted schema name of a space. The id was validated when the configuration was read. */
export const spaceSchema = (spaceId: string): string => `"${spaceId}"`

/** Tables that all spaces share. Ids 200 to 299 belong to identity. */
export const identityMigrations = [
  {
    id: 200,
    name: "identity",
    statements: [
      // The live graph of a space on an adapter (see GraphId).
      `create table space_graphs (
     space text not null, adapter text not null, graph text not null, generation int not null, primary key (space, adapter))`,
      // Work asked of a space's actor by the command line; the actor takes it between two batches.
      `create table space_operations (
     id bigint generated always as identity primary key, space text not null, kind text not null, requested_at timestamptz not null default now(),
     started_at timestamptz, finished_at timestamptz, done bigint not null default 0, total bigint not null default 0, error text)`
    ]
  },
  {
    id: 201,
    name: "operations",
    statements: [
      // `input`, `answer`: JSON, see operations/operation.ts; `code`: why it was refused.
      `alter table space_operations add column input text, add column actor text, add column reason text, add column answer text, add column code text`,
      `create index space_operations_open on space_operations (space, id) where finished_at is null`,
      // Last `seq` of a space, when it is ahead of the cursor (IDR-130).
      `alter table cursors add column seq bigint not null default 0`
    ]
  },
  {
    id: 202,
    name: "owners",
    statements: [
      // Processes that share the spaces, by the number of their lock; which of them live says pg_locks (space-owners.ts).
      `create table space_processes (
     no int generated always as identity primary key, label text not null, serving boolean not null,
     started_at timestamptz not null default now())`,
      // A space as a number, for its lock.
      `create table space_numbers (no int generated always as identity primary key, space text not null unique)`
    ]
  },
  {
    id: 203,
    name: "attempts at operations",
    statements: [`alter table space_operations add column attempts int not null default 0`]
  },
  {
    id: 204,
    name: "replays of connected sources",
    statements: [
      // One stream: sources that were connected to a space together (source-admission.ts). `up_to`: where the space stood; what came
      // later waits. `key`: the last event that was replayed, as JSON; `pos`: once all were, how far what waited is resolved.
      // `began_*`: since the space was opened last, to estimate the end.
      `create table space_replays (
     id bigint generated always as identity primary key, space text not null, days int not null, received_from timestamptz not null,
     up_to bigint not null, state text not null default 'replaying' check (state in ('replaying', 'failed', 'complete')),
     key text, pos bigint, processed bigint not null default 0, skipped bigint not null default 0, total bigint,
     started_at timestamptz not null, began_at timestamptz, began_processed bigint not null default 0, touched_at timestamptz,
     finished_at timestamptz, error text, retry_at timestamptz)`,
      `create index space_replays_open on space_replays (space, id) where finished_at is null`,
      // False: the space was read before sources were admitted; those that it has are, without a replay.
      `alter table cursors add column admits boolean not null default false`,
      `alter table cursors alter column admits set default true`
    ]
  },
  {
    id: 205,
    name: "replays that resolve again",
    statements: [
      `alter table space_replays add column mode text not null default 'skip_resolved' check (mode in ('skip_resolved', 're_resolve'))`
    ]
  },
  ...whatIfMigrations,
  ...generationMigrations
] as const

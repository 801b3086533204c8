/**
 * Tables of destinations: what people set, the one truth for every process. All changes go through `changeWorkspace`, one at a time, so
 * `revision` goes up in the order of commits: readers take only what is newer than what they have (`stored.ts`).
 */
import { vaultMigrations } from "../platform/vault.ts"

/** Ids 800 to 849. */
export const destinationMigrations = [
  ...vaultMigrations,
  {
    id: 810,
    name: "destinations",
    statements: [
      `create sequence destination_revision`,
      // `no` stands for the destination in counts, jobs and cursors; the row stays when it is deleted, without settings, so that its counts
      // keep a name (DST-13). `settings`: JSON without secrets; `secrets`: JSON, each value sealed by the vault; `tokens`: sealed JSON.
      // `encryption`: JSON `{enabled, fields, publicKey, keysGeneratedAt}`. Credentials: of the last test.
      `create table destinations (
         no int generated always as identity primary key, id text not null unique, source text not null, metadata_id text not null,
         name text not null, enabled boolean not null, settings text not null, secrets text not null default '{}', tokens text,
         connection_mode text not null check (connection_mode in ('cloud', 'device')), max_events_per_second float8, encryption text,
         credentials text not null default 'untested' check (credentials in ('ok', 'failed', 'untested')), credentials_message text,
         revision bigint not null, created_at timestamptz not null, created_by text not null, updated_at timestamptz not null, deleted_at timestamptz)`,
      `create unique index destinations_name on destinations (source, name) where deleted_at is null`,
      `create index destinations_revision on destinations (revision) where deleted_at is null`,
      // `actions`: JSON, normalised.
      `create table destination_filters (
         n bigint generated always as identity, id text primary key, destination int not null references destinations, title text not null,
         description text, fql text not null, actions text not null, enabled boolean not null,
         created_at timestamptz not null, created_by text not null, updated_at timestamptz not null)`,
      `create index destination_filters_destination on destination_filters (destination)`,
      // `settings`: JSON as it was sent, keys not expanded.
      `create table destination_mappings (
         n bigint generated always as identity, id text primary key, destination int not null references destinations, action text not null,
         name text not null, trigger text not null, settings text not null, enabled boolean not null, model text,
         created_at timestamptz not null, created_by text not null, updated_at timestamptz not null)`,
      `create index destination_mappings_destination on destination_mappings (destination)`,
      // What the schema of its source keeps from it (DST-45); `name` empty but for track.
      `create table destination_schema_filters (
         destination int not null references destinations, type text not null check (type in ('track', 'identify', 'group')), name text not null,
         primary key (destination, type, name))`,
      `create table consent_categories (
         n bigint generated always as identity, id text primary key, name text not null, enabled boolean not null,
         created_at timestamptz not null, created_by text not null)`,
      `create table consent_category_entries (
         category text not null references consent_categories on delete cascade, metadata_id text not null, primary key (category, metadata_id))`
    ]
  }
] as const

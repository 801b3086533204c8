/**
 * Tables of the workspace: the one truth about sources, spaces, connections, event filters, tokens and labels, for every
 * process on the database. `origin` says who made an object: the configuration file removes only what is its own.
 */
import { auditMigrations } from "./audit.ts"
import { regulationMigrations } from "./regulation-schema.ts"
import { sessionMigrations } from "./sessions.ts"
import { sourceMigrations } from "./source-tables.ts"

/** Ids 300 to 399 belong to the workspace. */
export const workspaceMigrations = [
  ...auditMigrations,
  {
    id: 301,
    name: "spaces",
    statements: [
      // One row: its lock serialises changes; `version` counts them, so that a process knows when it is behind.
      `create table workspace (
         one boolean primary key default true check (one), version bigint not null default 0, limits text) with (fillfactor = 50)`,
      `insert into workspace default values`,
      // What the configuration file declared last time, member by member: only what differs from it is applied.
      `create table file_objects (kind text not null, id text not null, hash text not null, primary key (kind, id))`,
      // What the file says of a source, as JSON; null when it has left the file.
      `alter table sources add column doc text`,
      // `rules`: what was declared, by the file or when the space was made; versions saved since are in the space's own schema.
      // While `rules_draft`, nobody has decided on them and no source can be connected (IDR-6).
      // `policy`: labels that a source must carry, all of them; empty = any source (IDR-9).
      // A space that has left the file keeps its row, so that what was made in it is there when it comes back.
      `create table spaces (
         n bigint generated always as identity, id text primary key check (id ~ '^spa_[0-9A-Za-z]{22}$'), slug text not null, name text not null,
         kind text not null check (kind in ('dev', 'prod')), origin text not null check (origin in ('file', 'api')),
         rules text not null, rules_draft boolean not null default false, policy text[] not null default '{}',
         created_at timestamptz not null, created_by text not null, removed_at timestamptz)`,
      `create unique index spaces_slug on spaces (slug) where removed_at is null`,
      `create table space_connections (
         n bigint generated always as identity, space text not null references spaces, source text not null,
         origin text not null check (origin in ('file', 'api')), connected_at timestamptz not null, connected_by text not null,
         primary key (space, source))`,
      `create table space_filters (
         n bigint generated always as identity, id text primary key, space text not null references spaces, name text not null, fql text not null,
         enabled boolean not null, created_at timestamptz not null, created_by text not null)`,
      `create index space_filters_space on space_filters (space)`,
      // Only the hash of a secret is kept (PRO-4). `space` null: of the whole workspace.
      `create table access_tokens (
         n bigint generated always as identity, id text primary key, space text references spaces, name text not null, hash text not null unique,
         scopes text[] not null, origin text not null check (origin in ('file', 'api')), created_at timestamptz not null, created_by text not null,
         last_used_at timestamptz) with (fillfactor = 80)`,
      // Labels that a person made; those in use and the built-in ones exist without a row (IDR-10).
      `create table labels (label text primary key, description text, created_at timestamptz not null, created_by text not null)`
    ]
  },
  {
    id: 302,
    name: "replays of connected sources",
    statements: [
      // `admitted`, `replay`: written by the owner of the space (identity/source-admission.ts) once it reads the source.
      `alter table space_connections add column replay_days int not null default 30,
         add column admitted boolean not null default false, add column replay bigint`
    ]
  },
  {
    id: 303,
    name: "replays on request",
    statements: [
      // `replay_at`: when a replay of a connected source was asked for; null = with its connection.
      `alter table space_connections add column replay_mode text not null default 'skip_resolved', add column replay_at timestamptz`
    ]
  },
  ...sessionMigrations,
  ...regulationMigrations,
  ...sourceMigrations
] as const

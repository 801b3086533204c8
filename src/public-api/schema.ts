/** Tables of the Public API (ids 1000 to 1049), and the name of the workspace (ADM-1), which nothing else asks for. */
export const publicApiMigrations = [
  {
    id: 1000,
    name: "public api",
    statements: [
      `alter table workspace
         add column id text not null default substr(md5(random()::text || clock_timestamp()::text), 1, 22),
         add column slug text not null default 'main', add column name text not null default 'Main'`,
      // `permissions`: JSON (ADM-43). Only the hash of a secret is kept (ADM-70); revoked ones stay, so that their names do.
      `create table public_api_tokens (
         n bigint generated always as identity primary key, id text not null unique, description text not null, hash text not null unique,
         prefix text not null, permissions text not null, masked boolean not null, created_at timestamptz not null, created_by text not null,
         expires_at timestamptz, revoked_at timestamptz, last_used_at timestamptz) with (fillfactor = 80)`,
      // ADM-19. `answer` is sealed with the caller's own secret: it may hold one that is shown once.
      `create table public_api_answers (
         caller text not null, key text not null, request text not null, status int, answer bytea, created_at timestamptz not null,
         primary key (caller, key))`,
      `create index public_api_answers_age on public_api_answers (created_at)`
    ]
  }
] as const

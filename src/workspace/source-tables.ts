/** Tables of sources as people manage them, and of OAuth applications. Ids 330 to 359. */
export const sourceMigrations = [
  {
    id: 330,
    name: "managed sources",
    statements: [
      // `blocked`: what the schema keeps out, as JSON (`source-blocks.ts`); null = nothing.
      `alter table sources add column origin text not null default 'file' check (origin in ('file', 'api')),
         add column created_at timestamptz, add column created_by text, add column blocked text,
         add column oauth_application text, add column oauth_enabled boolean not null default false`,
      // What is told of a write key. The keys themselves are in sources.doc; one without a row was never used.
      `create table source_keys (
         source text not null, key text not null, created_at timestamptz, created_by text, last_used_at timestamptz, last_library text,
         primary key (source, key)) with (fillfactor = 80)`
    ]
  },
  {
    id: 331,
    name: "oauth applications",
    statements: [
      `create table oauth_applications (
         n bigint generated always as identity, id text primary key, name text not null, token_seconds int not null, scopes text[] not null,
         origin text not null check (origin in ('file', 'api')), created_at timestamptz not null, created_by text not null)`,
      // `id` is what assertions call `kid`.
      `create table oauth_keys (
         n bigint generated always as identity, id text primary key, application text not null references oauth_applications on delete cascade,
         name text not null, public_key text not null, created_at timestamptz not null, created_by text not null)`,
      `create index oauth_keys_application on oauth_keys (application)`,
      // Our own: the private one is sealed. Kept until the last token that it has signed has expired.
      `create table oauth_signing_keys (kid text primary key, public_key text not null, private_key text not null, created_at timestamptz not null)`,
      // Assertions that were taken, until they expire: nobody can use one again, in no process.
      `create table oauth_assertions (application text not null, jti text not null, expires_at timestamptz not null, primary key (application, jti))`,
      `create index oauth_assertions_expiry on oauth_assertions (expires_at)`,
      // Until they would have expired.
      `create table oauth_revoked (jti text primary key, application text not null, expires_at timestamptz not null, revoked_at timestamptz not null)`
    ]
  }
] as const

/** Tables of regulations and of the suppression list. */
export const regulationMigrations = [
  {
    id: 320,
    name: "regulations",
    statements: [
      // `from_pos`, `barrier`: messages in between that name a subject are removed; `scanned`: up to where they were looked for.
      `create table regulations (
         n bigint generated always as identity primary key, id text not null unique, type text not null, source text, status text not null,
         actor text not null, audit text not null, subjects int not null, created_at timestamptz not null, due_at timestamptz not null,
         started_at timestamptz, finished_at timestamptz, from_pos bigint not null, barrier bigint, scanned bigint not null, error text)`,
      `create index regulations_open on regulations (n) where status in ('INITIALIZED', 'RUNNING')`,
      `create index regulations_created on regulations (created_at)`,
      // \`h\`: hash128 of the id. \`user_id\` is null once the regulation has ended: then nothing but the hash is kept.
      `create table regulation_subjects (
         regulation bigint not null references regulations on delete cascade, n int not null, h uuid not null, user_id text,
         primary key (regulation, n))`,
      `create index regulation_subjects_h on regulation_subjects (h)`,
      // Log positions that are still to be removed, and which parts of the subjects are erased in which space.
      `create table regulation_positions (regulation bigint not null references regulations on delete cascade, pos bigint not null, primary key (regulation, pos))`,
      `create table regulation_parts (
         regulation bigint not null references regulations on delete cascade, space text not null, part int not null, primary key (regulation, space, part))`,
      // One row: its lock serialises what changes the list; \`version\` counts the changes.
      `create table suppression (one boolean primary key default true check (one), version bigint not null) with (fillfactor = 50)`,
      `insert into suppression (version) values (0)`,
      // \`source\`: id of the only source that it holds for, or ''. A lifted row stays for a day, so that every process takes it over.
      `create table suppressed_users (
         source text not null, h uuid not null, user_id text not null, regulation bigint not null, version bigint not null,
         since timestamptz not null, lifted_at timestamptz, primary key (h, source))`,
      `create index suppressed_users_version on suppressed_users (version, h)`
    ]
  },
  {
    id: 321,
    name: "regulations by ledger key",
    statements: [
      // The ledger key of a message that names a subject, whoever it was resolved to.
      `alter table regulation_positions add column h uuid`
    ]
  }
] as const

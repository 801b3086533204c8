/** Tables of the source schema. Ids 700 to 719 belong to it. */
export const sourceSchemaMigrations = [
  {
    id: 700,
    name: "source schema",
    statements: [
      // `kind`: event, property, identify or group; `event` is the event of a property, otherwise 0. Only names, never values.
      `create table schema_names (
         id int generated always as identity primary key, source int not null, kind smallint not null, event int not null, name text collate "C" not null,
         last_seen timestamptz, archived_at timestamptz, unique (source, kind, event, name))`,
      // Messages that had the name, by day (UTC); kept for 31 days.
      `create table schema_days (
         name int not null references schema_names on delete cascade, day date not null, allowed int not null, blocked int not null default 0,
         primary key (name, day))`
    ]
  }
] as const

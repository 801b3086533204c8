/** Tables of the debugger. Ids 600 to 699 belong to it. */
export const debuggerMigrations = [
  {
    id: 600,
    name: "live events",
    statements: [
      // The newest messages of each source as the Tracking API saw them (ING-123): at most 500 each, for at most 7 days.
      // \`n\` is given under a lock, so its order is the order of commits: a plain number is a complete cursor.
      `create table live_events (
         n bigint generated always as identity primary key, source int not null, at timestamptz not null, status smallint not null, code text,
         message_id text, type text, event text, identifier text, one_in int not null, body text not null)`,
      `create index live_events_source on live_events (source, n desc)`,
      `create index live_events_message on live_events (message_id) where message_id is not null`,
      // How many messages came, by second for two minutes and by minute for 14 days.
      `create table source_seconds (
         second timestamptz not null, source int not null, accepted int not null, discarded int not null, duplicates int not null,
         primary key (second, source))`,
      `create table source_minutes (
         minute timestamptz not null, source int not null, accepted int not null, discarded int not null, duplicates int not null,
         primary key (minute, source))`
    ]
  }
] as const

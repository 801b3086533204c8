/** Where each raw log is, and which files it has written. Ids 950 to 959. */
export const rawLogMigrations = [
  {
    id: 950,
    name: "raw logs",
    statements: [
      // `destination`: Destination.no. `pos`: everything of the source up to here is in files. `planned`: JSON, files that are being stored
      // (reader.ts). `stop_at`: it was switched off; what came later is not for it. `active`: it is read at all.
      `create table raw_logs (
         destination int primary key, source int not null, active boolean not null, pos bigint not null, stop_at bigint, planned text,
         epoch bigint not null default 0, written_at timestamptz, error text, error_at timestamptz)`,
      `create table raw_log_files (
         destination int not null, key text not null, first_pos bigint not null, last_pos bigint not null,
         received_from timestamptz not null, received_to timestamptz not null, events int not null, bytes bigint not null,
         primary key (destination, key))`,
      `create index raw_log_files_place on raw_log_files (destination, last_pos)`,
      // Messages that a deletion takes out of the files as well (RAW-7).
      `create table raw_log_erasures (destination int not null, pos bigint not null, message_id text not null, primary key (destination, pos))`
    ]
  }
] as const

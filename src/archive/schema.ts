/**
 * What PostgreSQL knows about the archive: which chunks there are. This table is the truth, changed in fenced
 * transactions; the manifests beside the chunks are copies of it for people and for other tools.
 */

/** Ids 400 to 499 belong to the archive. */
export const archiveMigrations = [
  {
    id: 400,
    name: "archive",
    statements: [
      // Times in milliseconds since 1970. \`sources[i]\` has \`source_events[i]\` events.
      `create table archive_chunks (
         last_pos bigint primary key, first_pos bigint not null, object text not null unique, sha256 text not null,
         events int not null, bytes bigint not null,
         received_from bigint not null, received_to bigint not null,
         timestamp_from bigint not null, timestamp_to bigint not null,
         sources int[] not null, source_events int[] not null)`,
      `create index archive_chunks_received on archive_chunks (received_to, received_from)`
    ]
  },
  {
    id: 401,
    name: "archive id",
    statements: [`create table archive_id (id text not null, one boolean primary key default true check (one))`]
  }
] as const

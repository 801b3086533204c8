/** Tables of replays to destinations, and of what was discarded, which is replayed as "failed". */

/** Ids 860 to 879 belong to replays. */
export const replayMigrations = [
  {
    id: 860,
    name: "replays to destinations",
    statements: [
      // What a person asked for. \`up_to\`: head of the log when it began; what arrives meanwhile stays out.
      `create table replays (
         no int generated always as identity primary key, id text not null unique, source_id text not null, source int not null,
         received_from timestamptz not null, received_to timestamptz not null, mode text not null, events text not null, per_second int,
         state text not null, error text, up_to bigint, created_at timestamptz not null, created_by text not null,
         started_at timestamptz, finished_at timestamptz)`,
      // One of its destinations. \`pos\`: events that are behind it, in the order of replays; \`place\`: the last one of them.
      `create table replay_runs (
         no int generated always as identity primary key, replay int not null references replays on delete cascade, destination int not null,
         destination_id text not null, finished boolean not null default false, total bigint, rate float8,
         epoch bigint not null default 0, seq bigint not null default 0, pos bigint not null default 0, place text)`,
      `create index replay_runs_replay on replay_runs (replay)`,
      `create index replay_runs_open on replay_runs (no) where not finished`,
      `create table replay_counts (
         run int not null references replay_runs on delete cascade, step smallint not null, code text not null, n bigint not null,
         primary key (run, step, code))`,
      // Events of which a job was discarded, for 30 days (DEL-74).
      `create table discarded_events (destination int not null, position bigint not null, primary key (destination, position))`,
      // Waiting jobs of replays are rows of \`delivery_jobs\`, with -replay_runs.no as their destination and the place in the replay as
      // their position; this is where the event lies in the log.
      `alter table delivery_jobs add column log_position bigint`,
      `create index delivery_jobs_log_position on delivery_jobs (log_position) where log_position is not null`
    ]
  }
] as const

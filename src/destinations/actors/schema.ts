/** Tables of delivery: jobs that wait, and how downstreams are. What is delivered at once leaves no row (`engine.ts`). */

/** Ids 850 to 899 belong to the actors. */
export const actorMigrations = [
  {
    id: 850,
    name: "delivery jobs",
    statements: [
      // One job that waits: for its next attempt (`next_at`), or behind an older one of the same user and mapping (null).
      // \`key\`: mapping and user, the order of which is kept. \`several\`: the event has more jobs than this one; \`failed\`: one of
      // them was discarded. Both are for counting the event once (DEL-33).
      `create table delivery_jobs (
         destination int not null, position bigint not null, mapping text not null, key text not null, source int not null,
         payload text not null, attempts smallint not null, first_at timestamptz, next_at timestamptz, received_at timestamptz not null,
         event_type text not null, event_name text not null, app_version text not null, user_id text, anonymous_id text,
         several boolean not null, failed boolean not null, last_code text not null,
         primary key (destination, position, mapping))`,
      `create index delivery_jobs_due on delivery_jobs (destination, next_at) where next_at is not null`,
      `create index delivery_jobs_key on delivery_jobs (destination, key, position)`,
      `create index delivery_jobs_user on delivery_jobs (user_id) where user_id is not null`,
      // Processes that share the destinations, as \`space_processes\` for spaces.
      `create table delivery_processes (
         no int generated always as identity primary key, label text not null, serving boolean not null)`,
      // Requests of all processes to all instances of an entry, ten seconds a row (DEL-8).
      `create table downstream_requests (
         metadata_id text not null, at timestamptz not null, requests bigint not null, failures bigint not null,
         primary key (metadata_id, at))`,
      `create index downstream_requests_at on downstream_requests (at)`,
      `create table downstream_modes (
         metadata_id text primary key, reduced_since timestamptz, cause text, failing_since timestamptz, flooded_since timestamptz)`
    ]
  },
  {
    id: 851,
    name: "forwarded deletions",
    statements: [
      `create index delivery_jobs_position on delivery_jobs (position)`,
      // What a regulation asks of each destination (PRV-8). \`done\`: subjects it has answered; \`attempts\`: failed ones at the next.
      `create table regulation_destinations (
         regulation bigint not null references regulations on delete cascade, destination int not null, id text not null, name text not null,
         source text not null, status text not null, error text not null default '', finished_at timestamptz, done int not null default 0,
         attempts int not null default 0, next_at timestamptz not null, primary key (regulation, destination))`,
      `create index regulation_destinations_open on regulation_destinations (next_at) where status = 'RUNNING'`,
      `alter table regulations add column forwarded boolean not null default false`
    ]
  }
] as const

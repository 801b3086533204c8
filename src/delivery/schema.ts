import { alertTables } from "./alerts/schema.ts"

/** Tables of what can be seen of delivery. Ids 900 to 949 belong to it. */
export const deliveryMigrations = [
  {
    id: 900,
    name: "delivery counts",
    statements: [
      // What was counted and is not yet rolled up: only appended to, and emptied by one process (roll-up.ts).
      `create table delivery_fresh (
         at timestamptz not null, destination int not null, source int not null, step smallint not null, code text not null, mapping text not null,
         event_type text not null, event_name text not null, app_version text not null, attempts smallint not null, n int not null)`,
      `create table delivery_fresh_latencies (at timestamptz not null, destination int not null, bin smallint not null, n int not null)`,
      // Which events a destination (0: the source itself) counts apart; as many as there is room for.
      `create table delivery_labels (
         id int generated always as identity primary key, destination int not null, source int not null, event_type text not null,
         event_name text collate "C" not null, app_version text collate "C" not null,
         unique (destination, source, event_type, event_name, app_version))`,
      `create table delivery_series (
         id int generated always as identity primary key, label int not null references delivery_labels on delete cascade, step smallint not null,
         code text collate "C" not null, mapping text collate "C" not null, attempts smallint not null,
         unique (label, step, code, mapping, attempts))`,
      // \`grain\`: 0 minute, 1 hour, 2 day (UTC); \`at\` is where the bucket begins, of \`receivedAt\`.
      `create table delivery_counts (
         series int not null references delivery_series on delete cascade, grain smallint not null, at timestamptz not null, n int not null,
         primary key (series, grain, at)) with (fillfactor = 80)`,
      `create table delivery_latencies (
         destination int not null, grain smallint not null, at timestamptz not null, bin smallint not null, n int not null,
         primary key (destination, grain, at, bin)) with (fillfactor = 80)`
    ]
  },
  {
    id: 901,
    name: "delivery samples",
    statements: [
      // Up to ten per code and hour; \`sent\` and \`exchanges\` are JSON. \`user_ids\`: whom the event names, for deletion.
      `create table delivery_samples (
         n bigint generated always as identity primary key, destination int not null, source int not null, step smallint not null, code text not null,
         state smallint not null, mapping text not null, at timestamptz not null, hour timestamptz not null, received_at timestamptz not null,
         message text not null, sent text not null, exchanges text not null, message_id text not null, user_ids text[] not null)`,
      `create index delivery_samples_code on delivery_samples (destination, step, code, hour)`,
      `create index delivery_samples_hour on delivery_samples (hour)`,
      `create index delivery_samples_message on delivery_samples (message_id)`,
      `create index delivery_samples_users on delivery_samples using gin (user_ids)`
    ]
  },
  { id: 902, name: "alerts", statements: alertTables }
] as const

/** Tables of alerts; ids of the room's migrations are in `../schema.ts`. */
export const alertTables: ReadonlyArray<string> = [
  // `channels`: JSON, without secrets; `secrets`: JSON of what they lack, sealed by the vault, null when there is nothing.
  // `judged_hour`: end of the last window that was judged; `noticed_at`: of the last notice while it fires.
  `create table alerts (
     n bigint generated always as identity primary key, id text not null unique, type text not null, resource text not null, threshold float8 not null,
     channels text not null, secrets text, created_by text not null, created_at timestamptz not null, updated_at timestamptz not null,
     state text not null check (state in ('ok', 'firing')), value float8, judged_hour timestamptz, last_fired_at timestamptz, noticed_at timestamptz)`,
  `create index alerts_resource on alerts (resource)`,
  // What one channel is told; kept until a day after it has ended, the last of each channel as long as its alert.
  // `facts`: JSON. `next_at`: of the next attempt; null: it has ended.
  `create table alert_notices (
     n bigint generated always as identity primary key, alert bigint not null references alerts on delete cascade, channel text not null,
     kind text not null, facts text not null, created_at timestamptz not null, attempts int not null default 0, next_at timestamptz,
     delivered_at timestamptz, error text, failed_at timestamptz)`,
  `create index alert_notices_due on alert_notices (next_at) where next_at is not null`,
  `create index alert_notices_alert on alert_notices (alert, channel, n desc)`,
  // The bell of the console. Kept for 30 days.
  `create table notifications (
     n bigint generated always as identity primary key, at timestamptz not null, kind text not null, resource text not null, title text not null,
     body text not null, path text not null)`,
  // How far somebody has read.
  `create table notifications_seen (actor text primary key, n bigint not null)`
]

/**
 * Tables and statements of `graph-postgres.ts`; `s` is the quoted schema name. Times are epoch milliseconds. Numbers
 * travel as float8 (exact below 2^53). ORDER BY and joins name table columns, never the float8 of the output.
 */

export const tables = (s: string): ReadonlyArray<string> => [
  `create schema ${s}`,
  // One row: where the graph is, and how many canonical profiles it has.
  `create table ${s}.state (
     one boolean primary key default true check (one), pos bigint not null, users bigint not null, accounts bigint not null) with (fillfactor = 10)`,
  // `root` = the canonical profile, kept flat.
  `create table ${s}.profiles (
     profile bigint primary key, root bigint not null, segment_id text not null unique, created_at bigint not null,
     source int not null, message_id text not null) with (fillfactor = 90)`,
  `create index profiles_root on ${s}.profiles (root)`,
  // h = hash128 of collection, type and value; `profile` = the one that it first belonged to.
  `create table ${s}.identifiers (
     h uuid primary key, profile bigint not null, type text not null, value text not null, added_at bigint not null,
     source int not null, message_id text not null)`,
  `create index identifiers_profile on ${s}.identifiers (profile)`,
  // One active merge at most leads away from a profile (INV-3). rec = the MergeRow.
  `create table ${s}.merges (from_profile bigint primary key, pos bigint not null, rec text not null)`,
  // MEMBER_OF between the profiles as they were; of equal ones the earliest.
  `create table ${s}.links (
     user_profile bigint not null, account_profile bigint not null, created_at bigint not null, pos bigint not null,
     source int not null, message_id text not null, primary key (user_profile, account_profile))`,
  `create index links_account on ${s}.links (account_profile)`,
  `insert into ${s}.state (pos, users, accounts) values (0, 0, 0)`
]

export const position = (s: string): string => `select x.pos::float8 as pos from ${s}.state x`

export const counts = (s: string): string =>
  `select x.users::float8 as users, x.accounts::float8 as accounts from ${s}.state x`

export const apply = (s: string): string => `
with c as (update ${s}.state set pos = $1::float8::bigint, users = users + $3::float8::bigint, accounts = accounts + $4::float8::bigint
           where pos = $2::float8::bigint and pos <> $1::float8::bigint returning 1),
 pn as (insert into ${s}.profiles (profile, root, segment_id, created_at, source, message_id)
        select u.* from c, unnest($5::float8[], $6::float8[], $7::text[], $8::float8[], $9::int4[], $10::text[]) u),
 i as (insert into ${s}.identifiers (h, profile, type, value, added_at, source, message_id)
       select u.* from c, unnest($11::uuid[], $12::float8[], $13::text[], $14::text[], $15::float8[], $16::int4[], $17::text[]) u),
 pm as (update ${s}.profiles p set root = u.becomes::bigint
        from c, unnest($18::float8[], $19::float8[]) u (was, becomes) where p.root = u.was::bigint),
 m as (insert into ${s}.merges (from_profile, pos, rec) select u.* from c, unnest($20::float8[], $21::float8[], $22::text[]) u),
 l as (insert into ${s}.links as old (user_profile, account_profile, created_at, pos, source, message_id)
       select u.* from c, unnest($23::float8[], $24::float8[], $25::float8[], $26::float8[], $27::int4[], $28::text[]) u
       on conflict (user_profile, account_profile) do update
         set created_at = excluded.created_at, pos = excluded.pos, source = excluded.source, message_id = excluded.message_id
         where (excluded.created_at, excluded.pos) < (old.created_at, old.pos))
select count(*)::int4 as n from c`

export const load = (s: string): string => `
with asked as (
  select u.o::int4 as o, p.root from unnest($1::uuid[]) with ordinality u (h, o)
    join ${s}.identifiers i on i.h = u.h join ${s}.profiles p on p.profile = i.profile
  union all
  select null, p.root from unnest($2::float8[]) u (no) join ${s}.profiles p on p.profile = u.no::bigint),
 roots as (select a.root, coalesce(array_agg(a.o) filter (where a.o is not null), '{}') as owned from asked a group by a.root)
select r.root::float8 as root, p.segment_id, r.owned, x.merges, y.types, y.added
from roots r join ${s}.profiles p on p.profile = r.root
cross join lateral (select count(*)::int4 - 1 as merges from ${s}.profiles m where m.root = r.root) x
cross join lateral (
  select coalesce(array_agg(i.type), '{}') as types, coalesce(array_agg(i.added_at::float8), '{}') as added
  from ${s}.profiles m join ${s}.identifiers i on i.profile = m.profile where m.root = r.root) y`

export const issued = (s: string): string =>
  `select p.segment_id from unnest($1::text[]) u (id) join ${s}.profiles p on p.segment_id = u.id`

export const find = (s: string): string => `
with asked as (
  select u.o, p.root from unnest($1::text[], $2::int4[]) u (id, o) join ${s}.profiles p on p.segment_id = u.id
  union all
  select u.o, p.root from unnest($3::uuid[], $4::int4[]) u (h, o)
    join ${s}.identifiers i on i.h = u.h join ${s}.profiles p on p.profile = i.profile
  union all
  select u.o, p.root from unnest($5::float8[], $6::int4[]) u (no, o) join ${s}.profiles p on p.profile = u.no::bigint)
select a.o, a.root::float8 as root, m.profile::float8 as no, m.segment_id, m.created_at::float8 as created_at, m.source, m.message_id
from asked a join ${s}.profiles m on m.root = a.root
order by a.o, m.profile`

export const externalIds = (s: string): string => `
select u.o::int4 as o, i.profile::float8 as profile, i.type, i.value, i.added_at::float8 as added_at, i.source, i.message_id, m.segment_id
from unnest($1::float8[]) with ordinality u (no, o)
join ${s}.profiles m on m.root = u.no::bigint join ${s}.identifiers i on i.profile = m.profile`

export const links = (s: string): string => `
select u.o::int4 as o, t.* from unnest($1::float8[], $2::float8[], $3::float8[], $4::int4[]) with ordinality u (no, at, pos, lim, o)
cross join lateral (
  with l as materialized (
    select distinct on (b.root) b.root, b.created_at, b.pos from (
      select x.root, k.created_at, k.pos from ${s}.profiles m
        join ${s}.links k on k.user_profile = m.profile join ${s}.profiles x on x.profile = k.account_profile
        where m.root = u.no::bigint
      union all
      select x.root, k.created_at, k.pos from ${s}.profiles m
        join ${s}.links k on k.account_profile = m.profile join ${s}.profiles x on x.profile = k.user_profile
        where m.root = u.no::bigint) b
    order by b.root, b.created_at, b.pos),
  page as (
    select l.* from l where (l.created_at, l.pos) > (u.at::bigint, u.pos::bigint) order by l.created_at, l.pos limit u.lim)
  select (select count(*) from l)::int4 as total,
    coalesce(array_agg(r.profile::float8 order by g.created_at, g.pos), '{}') as nos,
    coalesce(array_agg(r.segment_id order by g.created_at, g.pos), '{}') as segment_ids,
    coalesce(array_agg(g.created_at::float8 order by g.created_at, g.pos), '{}') as created_at,
    coalesce(array_agg(g.pos::float8 order by g.created_at, g.pos), '{}') as pos
  from page g join ${s}.profiles r on r.profile = g.root) t`

export const merges = (s: string): string => `
select u.o::int4 as o, k.rec from unnest($1::float8[]) with ordinality u (no, o)
join ${s}.profiles m on m.root = u.no::bigint join ${s}.merges k on k.from_profile = m.profile`

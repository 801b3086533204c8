/**
 * Tables and statements of the Postgres graph (of operations: `graph-postgres-operations-sql.ts`); `s` is the quoted schema name. Times are epoch milliseconds. Numbers
 * travel as float8 (exact below 2^53). ORDER BY and joins name table columns, never the float8 of the output.
 *
 * A growing table is ahead of its statistics, and without them Postgres takes a profile for one with a thousand members
 * and reads whole tables. Where it must go from profile to profile by index, `offset 0` leaves it no other way.
 */

/** What graphs of older versions lack; idempotent. `apart`: named in a separation once; a load passes by all others. */
export const tablesSince = (s: string): ReadonlyArray<string> => [
  `alter table ${s}.profiles add column if not exists apart boolean not null default false`,
  // KEPT_APART between the profiles as they were named; it follows them to their roots.
  `create table if not exists ${s}.separations (
     a bigint not null, b bigint not null, audit text not null, since bigint not null, primary key (a, b))`,
  `create index if not exists separations_b on ${s}.separations (b)`,
  `create index if not exists merges_id on ${s}.merges (substring(rec from '"id":"(mrg_[0-9A-Za-z]+)"'))`,
  // What is left of an erased profile (IDR-162): no time, no source, no message.
  `create table if not exists ${s}.erased (segment_id text primary key, profile bigint not null)`
]

/** Created last: a graph that has it has everything. A table added to the list goes to its end and becomes this one. */
export const newest = "erased"

/** Fails or finds nothing where a table is missing. */
export const opened = (s: string): string =>
  `select x.pos::float8 as pos from ${s}.state x where to_regclass('${s}.${newest}') is not null`

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
  ...tablesSince(s),
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
 pm as (update ${s}.profiles p set root = ($19::float8[])[array_position($18::float8[], p.root::float8)]::bigint
        from c where p.root = any ($18::float8[]::bigint[])),
 m as (insert into ${s}.merges (from_profile, pos, rec) select u.* from c, unnest($20::float8[], $21::float8[], $22::text[]) u),
 l as (insert into ${s}.links as old (user_profile, account_profile, created_at, pos, source, message_id)
       select u.* from c, unnest($23::float8[], $24::float8[], $25::float8[], $26::float8[], $27::int4[], $28::text[]) u
       on conflict (user_profile, account_profile) do update
         set created_at = excluded.created_at, pos = excluded.pos, source = excluded.source, message_id = excluded.message_id
         where (excluded.created_at, excluded.pos) < (old.created_at, old.pos))
select count(*)::int4 as n from c`

/** Members of the canonical profile `root`, as a table to join laterally. */
export const members = (s: string, root: string): string =>
  `(select m.profile, m.segment_id, m.apart from ${s}.profiles m where m.root = ${root} offset 0) m`

/** The canonical profile of `profile`. */
export const rootOf = (s: string, profile: string): string =>
  `(select p.root from ${s}.profiles p where p.profile = ${profile} offset 0)`

/** The relations of a canonical profile to others, from whichever side. */
const separationsOf = (s: string, root: string): string => `
  select x.no, x.audit, x.since from (
    select ${rootOf(s, "z.other")} as no, z.audit, z.since from ${members(s, root)} cross join lateral (
      select k.b as other, k.audit, k.since from ${s}.separations k where k.a = m.profile
      union all
      select k.a, k.audit, k.since from ${s}.separations k where k.b = m.profile offset 0) z) x
  where x.no <> ${root}`

const apartFrom = (s: string, root: string): string =>
  `(select array_agg(distinct z.no::float8) from (${separationsOf(s, root)}) z)`

export const separations = (s: string): string => `
select u.o::int4 as o, z.no::float8 as no, r.segment_id, z.audit, z.since::float8 as since
from unnest($1::float8[]) with ordinality u (no, o)
cross join lateral (${separationsOf(s, "u.no::bigint")}) z join ${s}.profiles r on r.profile = z.no`

/**
 * In the order of the keys, behind $1. Of one collection: the parity of the profile must not be $2, said like this because
 * Postgres takes "=" for rare and would rather sort the whole table.
 */
export const walk = (s: string): string => `
select i.type, i.value, r.profile::float8 as no, r.segment_id
from (select * from ${s}.identifiers i where i.h > $1::uuid and i.profile % 2 <> $2::int4 order by i.h limit $3::int4) i
cross join lateral ${rootOf(s, "i.profile")} p
cross join lateral (select r.profile, r.segment_id from ${s}.profiles r where r.profile = p.root offset 0) r
order by i.h`

/** Reads all identifiers of the types; what does not fit into `work_mem` is counted on disk. */
export const crowded = (s: string): string => `
with c as (
  select p.root, i.type, count(*)::int4 as n from ${s}.identifiers i join ${s}.profiles p on p.profile = i.profile
  where i.profile % 2 = $1::int4 and i.type = any ($2::text[]) group by 1, 2)
select c.root::float8 as no, r.segment_id, c.type, c.n as count
from (
  select c.* from c join unnest($2::text[], $3::int4[]) u (type, least) on u.type = c.type and c.n >= u.least
  order by c.n desc, c.root, c.type collate "C" limit $4::int4) c
join ${s}.profiles r on r.profile = c.root order by c.n desc, c.root, c.type collate "C"`

export const load = (s: string): string => `
with asked as (
  select u.o::int4 as o, p.root from unnest($1::uuid[]) with ordinality u (h, o)
    join ${s}.identifiers i on i.h = u.h join ${s}.profiles p on p.profile = i.profile
  union all
  select null, p.root from unnest($2::float8[]) u (no) join ${s}.profiles p on p.profile = u.no::bigint),
 roots as (select a.root, coalesce(array_agg(a.o) filter (where a.o is not null), '{}') as owned from asked a group by a.root)
select r.root::float8 as root, x.segment_id, r.owned, x.merges, y.types, y.added,
  case when x.apart then ${apartFrom(s, "r.root")} end as apart
from roots r
cross join lateral (
  select count(*)::int4 - 1 as merges, max(m.segment_id) filter (where m.profile = r.root) as segment_id, bool_or(m.apart) as apart
  from ${members(s, "r.root")}) x
cross join lateral (
  select coalesce(array_agg(i.type), '{}') as types, coalesce(array_agg(i.added_at::float8), '{}') as added
  from ${members(s, "r.root")} cross join lateral (
    select i.type, i.added_at from ${s}.identifiers i where i.profile = m.profile offset 0) i) y`

export const issued = (s: string): string => `
select p.segment_id from unnest($1::text[]) u (id) join ${s}.profiles p on p.segment_id = u.id
union all
select t.segment_id from unnest($1::text[]) u (id) join ${s}.erased t on t.segment_id = u.id`

export const find = (s: string): string => `
with asked as (
  select u.o, p.root from unnest($1::text[], $2::int4[]) u (id, o) join ${s}.profiles p on p.segment_id = u.id
  union all
  select u.o, p.root from unnest($3::uuid[], $4::int4[]) u (h, o)
    join ${s}.identifiers i on i.h = u.h join ${s}.profiles p on p.profile = i.profile
  union all
  select u.o, p.root from unnest($5::float8[], $6::int4[]) u (no, o) join ${s}.profiles p on p.profile = u.no::bigint)
select a.o, a.root::float8 as root, m.profile::float8 as no, m.segment_id, m.created_at::float8 as created_at, m.source, m.message_id
from asked a cross join lateral (select * from ${s}.profiles m where m.root = a.root offset 0) m
order by a.o, m.profile`

export const externalIds = (s: string): string => `
select u.o::int4 as o, m.profile::float8 as profile, i.type, i.value, i.added_at::float8 as added_at, i.source, i.message_id, m.segment_id
from unnest($1::float8[]) with ordinality u (no, o) cross join lateral ${members(s, "u.no::bigint")}
cross join lateral (select * from ${s}.identifiers i where i.profile = m.profile offset 0) i`

const linksOver = (s: string, near: string, far: string): string => `
  select ${rootOf(s, `k.${far}`)} as root, k.created_at, k.pos from ${members(s, "u.no::bigint")}
  cross join lateral (select * from ${s}.links k where k.${near} = m.profile offset 0) k`

export const links = (s: string): string => `
select u.o::int4 as o, t.* from unnest($1::float8[], $2::float8[], $3::float8[], $4::int4[]) with ordinality u (no, at, pos, lim, o)
cross join lateral (
  with l as materialized (
    select distinct on (b.root) b.root, b.created_at, b.pos from (
      ${linksOver(s, "user_profile", "account_profile")} union all ${linksOver(s, "account_profile", "user_profile")}) b
    order by b.root, b.created_at, b.pos),
  page as (
    select l.* from l where (l.created_at, l.pos) > (u.at::bigint, u.pos::bigint) order by l.created_at, l.pos limit u.lim)
  select (select count(*) from l)::int4 as total,
    coalesce(array_agg(g.root::float8 order by g.created_at, g.pos), '{}') as nos,
    coalesce(array_agg(r.segment_id order by g.created_at, g.pos), '{}') as segment_ids,
    coalesce(array_agg(g.created_at::float8 order by g.created_at, g.pos), '{}') as created_at,
    coalesce(array_agg(g.pos::float8 order by g.created_at, g.pos), '{}') as pos
  from page g cross join lateral (select r.segment_id from ${s}.profiles r where r.profile = g.root offset 0) r) t`

export const findMerge = (s: string): string =>
  `select k.rec from ${s}.merges k where substring(k.rec from '"id":"(mrg_[0-9A-Za-z]+)"') = $1`

export const merges = (s: string): string => `
select u.o::int4 as o, k.rec from unnest($1::float8[]) with ordinality u (no, o)
cross join lateral ${members(s, "u.no::bigint")}
cross join lateral (select k.rec from ${s}.merges k where k.from_profile = m.profile offset 0) k`

/**
 * The statement of each kind of `GraphOperation`, for `graph-postgres-write.ts`. Each counts what it really changed, so
 * that naming what is gone changes nothing. The CTEs share a snapshot: what one deletes, the others still see.
 */
import { rootOf } from "./graph-postgres-sql.ts"

const no1 = "$1::float8::bigint"
const no2 = "$2::float8::bigint"

/** `$1` = keys. */
export const unmap = (s: string): string => `delete from ${s}.identifiers i where i.h = any ($1::uuid[])`

/** `$1` = keys, `$2` = the profile they go to. */
export const remap = (s: string): string => `
update ${s}.identifiers i set profile = p.profile from ${s}.profiles p where p.profile = ${no2} and i.h = any ($1::uuid[])`

/** `$1` = the profile merged away. What still leads to it follows it. */
export const unmerge = (s: string): string => `
with recursive gone as (delete from ${s}.merges k where k.from_profile = ${no1} returning k.from_profile),
 e as materialized (
   select k.from_profile as f, (k.rec::json ->> 'into')::bigint as t
   from ${s}.profiles p join ${s}.merges k on k.from_profile = p.profile
   where p.root = ${rootOf(s, no1)} and p.profile <> ${no1}),
 d (p) as (select g.from_profile from gone g union select e.f from e join d on e.t = d.p),
 r as (update ${s}.profiles set root = ${no1} where profile in (select d.p from d))
update ${s}.state set users = users + 1 - g.from_profile % 2, accounts = accounts + g.from_profile % 2 from gone g`

/** `$1`, `$2` = users and accounts, pair by pair. */
export const unlink = (s: string): string => `
delete from ${s}.links k using unnest($1::float8[], $2::float8[]) u (a, b)
where k.user_profile = u.a::bigint and k.account_profile = u.b::bigint`

/** `$1` < `$2` = profiles, `$3` = audit entry, `$4` = since. */
export const separate = (s: string): string => `
with n as (
  insert into ${s}.separations (a, b, audit, since)
  select x.profile, y.profile, $3::text, $4::float8::bigint from ${s}.profiles x, ${s}.profiles y
  where x.profile = ${no1} and y.profile = ${no2}
  on conflict (a, b) do update set audit = excluded.audit, since = excluded.since returning 1)
update ${s}.state set apart = true where exists (select 1 from n)`

/** `$1`, `$2` = profiles. */
export const lift = (s: string): string => `
delete from ${s}.separations k using ${s}.profiles x, ${s}.profiles y, (select ${rootOf(s, no1)} as a, ${rootOf(s, no2)} as b) r
where x.profile = k.a and y.profile = k.b and ((x.root = r.a and y.root = r.b) or (x.root = r.b and y.root = r.a))`

/** `$1` = a profile of those to be erased. */
export const erase = (s: string): string => `
with r as materialized (select p.root from ${s}.profiles p where p.profile = ${no1}),
 gone as (delete from ${s}.profiles p using r where p.root = r.root returning p.profile, p.segment_id),
 t as (insert into ${s}.tombstones (segment_id, profile) select g.segment_id, g.profile from gone g),
 i as (delete from ${s}.identifiers i using gone g where i.profile = g.profile),
 m as (delete from ${s}.merges k using gone g where k.from_profile = g.profile),
 u as (delete from ${s}.links k using gone g where k.user_profile = g.profile),
 a as (delete from ${s}.links k using gone g where k.account_profile = g.profile),
 x as (delete from ${s}.separations k using gone g where k.a = g.profile or k.b = g.profile)
update ${s}.state set users = users - 1 + r.root % 2, accounts = accounts - r.root % 2 from r`

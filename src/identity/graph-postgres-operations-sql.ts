/**
 * The statement of each kind of `GraphOperation`, for `graph-postgres-write.ts`. Each counts what it really changed, so
 * that naming what is gone changes nothing. The CTEs share a snapshot: what one deletes, the others still see.
 */
import { members, rootOf } from "./graph-postgres-sql.ts"

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
   select k.f, k.t from ${members(s, rootOf(s, no1))} cross join lateral (
     select k.from_profile as f, (k.rec::json ->> 'into')::bigint as t from ${s}.merges k
     where k.from_profile = m.profile offset 0) k
   where m.profile <> ${no1}),
 d (p) as (select g.from_profile from gone g union select e.f from e join d on e.t = d.p),
 r as (update ${s}.profiles set root = ${no1} where profile = any (array(select d.p from d)))
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
  on conflict (a, b) do update set audit = excluded.audit, since = excluded.since returning a, b)
update ${s}.profiles p set apart = true from n where p.profile in (n.a, n.b)`

/** `$1`, `$2` = profiles. */
export const lift = (s: string): string => `
delete from ${s}.separations where ctid = any (array(
  select z.id from (select ${rootOf(s, no1)} as a, ${rootOf(s, no2)} as b) r cross join lateral ${members(s, "r.a")}
  cross join lateral (
    select k.ctid as id, k.b as other from ${s}.separations k where k.a = m.profile
    union all
    select k.ctid, k.a from ${s}.separations k where k.b = m.profile offset 0) z
  where ${rootOf(s, "z.other")} = r.b))`

/** `$1` = a profile of those to be erased. */
export const erase = (s: string): string => {
  const gone = "any (array(select g.profile from gone g))"
  return `
with r as materialized (select p.root from ${s}.profiles p where p.profile = ${no1}),
 gone as (delete from ${s}.profiles p where p.root = any (array(select r.root from r)) returning p.profile, p.segment_id),
 t as (insert into ${s}.erased (segment_id, profile) select g.segment_id, g.profile from gone g),
 i as (delete from ${s}.identifiers i where i.profile = ${gone}),
 m as (delete from ${s}.merges k where k.from_profile = ${gone}),
 u as (delete from ${s}.links k where k.user_profile = ${gone}),
 a as (delete from ${s}.links k where k.account_profile = ${gone}),
 x as (delete from ${s}.separations k where k.a = ${gone} or k.b = ${gone})
update ${s}.state set users = users - 1 + r.root % 2, accounts = accounts - r.root % 2 from r`
}

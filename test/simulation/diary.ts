/**
 * What became lasting, in the order in which it did: triggers write a line in the very transaction of each event that is resolved
 * or dropped, operation, version of the rules, step of a replay. It is how a run is told to the model, one thing after another.
 */
import { Effect } from "effect"
import type { Position } from "../../src/log/event-log.ts"
import { Database } from "../../src/platform/database.ts"

interface Line {
  readonly tx: number
  readonly what: "event" | "drop" | "operation" | "rules" | "replay" | "admitted"
  /** Position of an event, id of an operation or replay, number of a version or connection. */
  readonly ref: number
  /** `resolution_seq` of an event; where the space stood when a connection was admitted. */
  readonly at: number
  readonly detail: string
}

/** Events that one transaction resolved or dropped, in no order yet. */
export interface Batch {
  readonly what: "batch"
  /** The replay that it belongs to, if any, and whether its events are the ones that waited for it. */
  readonly replay: number | undefined
  readonly waited: boolean
  readonly stamps: ReadonlyArray<{ readonly position: Position; readonly seq: number; readonly rules: number }>
  readonly drops: ReadonlyArray<{ readonly position: Position; readonly reason: string }>
}

export type Entry =
  | Batch
  /** Answered or refused. */
  | { readonly what: "operation"; readonly id: number }
  | { readonly what: "rules"; readonly version: number; readonly isDeclared: boolean }
  | { readonly what: "admitted"; readonly connection: number; readonly replay: number; readonly place: Position }

const line = (values: string) =>
  `insert into public.simulation_diary (tx, space, what, ref, at, detail) select txid_current(), ${values}`
const body = (statement: string) => `returns trigger language plpgsql as $$ begin ${statement}; return null; end $$`

/** Once for a database. */
export const makeDiary = Effect.gen(function* () {
  const { write: sql } = yield* Database
  const own = "TG_TABLE_SCHEMA"
  for (const statement of [
    `create table simulation_diary (
       n bigint generated always as identity primary key, tx bigint not null, space text not null, what text not null,
       ref bigint not null, at bigint not null, detail text not null)`,
    `create index simulation_diary_space on simulation_diary (space, n)`,
    `create function simulation_stamps() ${body(line(`${own}, 'event', pos, coalesce(seq, pos), rules::text from made`))}`,
    `create function simulation_drops() ${body(line(`${own}, 'drop', pos, 0, reason from made`))}`,
    `create function simulation_rules() ${body(line(`${own}, 'rules', new.version, 0, new.origin`))}`,
    `create function simulation_operations() ${body(line(`new.space, 'operation', new.id, 0, ''`))}`,
    `create trigger simulation after update on space_operations for each row
       when (old.answer is null and old.code is null and (new.answer is not null or new.code is not null)) execute function simulation_operations()`,
    `create function simulation_replays() ${body(line(`new.space, 'replay', new.id, 0, case when old.pos is null then 'replayed' else 'waited' end`))}`,
    `create trigger simulation after update on space_replays for each row
       when (old.processed <> new.processed or old.pos is distinct from new.pos or old.key is distinct from new.key) execute function simulation_replays()`,
    `create function simulation_admitted() ${body(
      line(`new.space, 'admitted', new.n, r.up_to, r.id::text from public.space_replays r where r.id = new.replay`)
    )}`,
    `create trigger simulation after update on space_connections for each row when (new.admitted and not old.admitted) execute function simulation_admitted()`
  ])
    yield* sql.unsafe(statement)
})

/** For each space, part of the transaction that makes its tables. */
export const diaryOf = (s: string): ReadonlyArray<string> => [
  `create trigger simulation after insert on ${s}.stamps referencing new table as made for each statement execute function public.simulation_stamps()`,
  `create trigger simulation after insert on ${s}.dropped referencing new table as made for each statement execute function public.simulation_drops()`,
  `create trigger simulation after insert on ${s}.rules for each row execute function public.simulation_rules()`
]

export const readDiary = Effect.fnUntraced(function* (spaceId: string) {
  const { write: sql } = yield* Database
  const lines = yield* sql<Line>`
    select tx::float8 as tx, what, ref::float8 as ref, at::float8 as at, detail from simulation_diary where space = ${spaceId} order by n`
  const entries: Array<Entry> = []
  for (const [, all] of Map.groupBy(lines, ({ tx }) => tx)) {
    const of = (what: Line["what"]) => all.filter((it) => it.what === what)
    const [replay] = of("replay")
    const stamps = of("event").map(({ ref, at, detail }) => ({ position: ref, seq: at, rules: Number(detail) }))
    const drops = of("drop").map(({ ref, detail }) => ({ position: ref, reason: detail }))
    if (stamps.length + drops.length > 0)
      entries.push({ what: "batch", replay: replay?.ref, waited: replay?.detail === "waited", stamps, drops })
    for (const { ref, detail } of of("rules"))
      entries.push({ what: "rules", version: ref, isDeclared: detail === "file" })
    for (const { ref } of of("operation")) entries.push({ what: "operation", id: ref })
    for (const { ref, at, detail } of of("admitted"))
      entries.push({ what: "admitted", connection: ref, replay: Number(detail), place: at })
  }
  return entries
})

/** What a space made of messages, by their ids: from the ledger and the journal, any number in one statement. */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { SettingsValue } from "../config.ts"
import { decodeEntry } from "../identity/journal.ts"
import { actions, type ProfileNo, type Seq } from "../identity/model.ts"
import { spaceSchema } from "../identity/schema.ts"
import type { Position } from "../log/event-log.ts"
import type { Database } from "../platform/database.ts"
import { hash128 } from "../platform/hash.ts"
import { int4s, uuids } from "../platform/sql-arrays.ts"
import type { Space } from "../workspace/workspace.ts"

export interface Outcome {
  readonly messageId: string
  readonly position: Position
  readonly seq: Seq
  readonly source: number
  readonly action: (typeof actions)[number] | "dropped"
  readonly user: ProfileNo | null
  readonly account: ProfileNo | null
  readonly demoted: number
  readonly mapped: number
  readonly merged: number
  readonly violations: number
  readonly reason: string | null
}

interface Row {
  readonly o: number
  readonly pos: Position
  readonly seq: Seq
  readonly source: number
  readonly action: number
  readonly profile: ProfileNo | null
  readonly account: ProfileNo | null
  readonly rec: string | null
}

/** Ledger keys that a message may have in the space: one, or one for each of its sources (ING-64). */
export const ledgerKeys = (
  scope: SettingsValue["dedupScope"],
  { sources }: Space,
  messageId: string
): ReadonlyArray<string> =>
  scope === "source" ? sources.map(({ id }) => hash128(`${id}\n${messageId}`)) : [hash128(messageId)]

const text = (s: string): string => `
select u.o, s.pos::float8 as pos, coalesce(s.seq, s.pos)::float8 as seq, s.source, s.action::int4 as action,
  s.profile::float8 as profile, s.account::float8 as account, j.rec
from unnest($1::int4[], $2::uuid[]) u (o, h) join ${s}.stamps s on s.h = u.h
left join ${s}.journal j on j.pos = coalesce(s.seq, s.pos)`

export const makeOutcomes =
  (database: Database["Service"], scope: SettingsValue["dedupScope"]) =>
  (
    space: Space,
    messageIds: ReadonlyArray<string>
  ): Effect.Effect<ReadonlyArray<Outcome | null>, SqlError.SqlError> => {
    if (messageIds.length === 0) return Effect.succeed([])
    const keys = messageIds.map((id) => ledgerKeys(scope, space, id))
    const parameters = [int4s(keys.flatMap((each, o) => each.map(() => o))), uuids(keys.flat())]
    return Effect.map(database.read.unsafe<Row>(text(spaceSchema(space.id)), parameters), (rows) => {
      const found = new Map(rows.map((row) => [row.o, row]))
      return messageIds.map((messageId, o) => {
        const row = found.get(o)
        return row === undefined ? null : outcomeOf(messageId, row)
      })
    })
  }

const outcomeOf = (messageId: string, { pos, seq, source, action, profile, account, rec }: Row): Outcome => {
  const entry = rec === null ? undefined : decodeEntry(seq, rec)
  const sides = [entry?.users, entry?.accounts].filter((side) => side !== undefined)
  const sum = (count: (side: (typeof sides)[number]) => number) => sides.reduce((n, side) => n + count(side), 0)
  return {
    messageId,
    position: pos,
    seq,
    source,
    action: actions[action] ?? "none",
    user: profile,
    account,
    demoted: sum(({ demoted = [] }) => demoted.length),
    mapped: sum(({ mapped = [] }) => mapped.length),
    merged: sum(({ merged = [] }) => merged.length),
    violations: entry?.violations?.length ?? 0,
    reason: null
  }
}

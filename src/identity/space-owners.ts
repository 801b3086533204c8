/** Numbers of spaces, and the locks by which processes share them (`platform/membership.ts`). */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { ItemNo } from "../platform/fair-share.ts"
import type { Kind } from "../platform/membership.ts"
import { texts } from "../platform/sql-arrays.ts"

/** "brai", "braj" in ASCII. The second halves of the lock numbers come from tables (`schema.ts`). */
export const spaceKind: Kind = { processes: 0x62_72_61_69, items: 0x62_72_61_6a, table: "space_processes" }

/** Numbers of spaces by id; a space gets its number once. */
export const numberSpaces = (
  sql: PgClient.PgClient,
  ids: ReadonlyArray<string>
): Effect.Effect<ReadonlyMap<string, ItemNo>, SqlError.SqlError> =>
  Effect.gen(function* () {
    yield* sql`insert into space_numbers (space) select u.space from unnest(${texts(ids)}) u (space)
      where not exists (select 1 from space_numbers n where n.space = u.space) on conflict (space) do nothing`
    const rows = yield* sql<{ no: ItemNo; space: string }>`
      select no, space from space_numbers where space = any(${texts(ids)})`
    return new Map(rows.map(({ no, space }) => [space, no]))
  })

/** Whose history an operation belongs to (IDR-210); for events it is `toldOf` in `journal.ts`. */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import { float8s } from "../../platform/sql-arrays.ts"
import type { ProfileNo } from "../model.ts"
import type { OperationContext } from "./execution.ts"

export const tellOf = (
  { database, schema, seq }: Pick<OperationContext, "database" | "schema" | "seq">,
  profiles: ReadonlyArray<ProfileNo>
): Effect.Effect<void, SqlError.SqlError> =>
  Effect.asVoid(
    database.write.unsafe(
      `insert into ${schema}.journal_profiles (profile, pos) select u.no, $2::float8::bigint from unnest($1::float8[]) u (no)`,
      [float8s([...new Set(profiles)]), seq]
    )
  )

import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { Database } from "../../src/platform/database.ts"
import { testDatabase } from "../support/database.ts"
it.live("x", () =>
  Effect.gen(function* () {
    const db = yield* Database
    const rows = yield* db.read`select pos::int as pos from log_head`
    assert.deepStrictEqual(rows, [{ pos: 0 }])
  }).pipe(Effect.provide(testDatabase))
)

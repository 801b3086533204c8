/** How often an event filter could not be evaluated (IDR-14): counted by the space under a reason of its own. */
import { Effect } from "effect"
import { filterErrorReason } from "../identity/event-filters.ts"
import { spaceSchema } from "../identity/schema.ts"
import type { Database } from "../platform/database.ts"

export const readFilterErrors = (database: Database["Service"], spaceId: string, filterId: string) =>
  Effect.map(
    database.read.unsafe<{ count: number }>(
      `select count::float8 as count from ${spaceSchema(spaceId)}.drops where reason = $1`,
      [filterErrorReason(filterId)]
    ),
    ([row]) => row?.count ?? 0
  )

/**
 * Erasing people from a space for a regulation (IDR-162): the whole canonical profile that holds `user_id:X`, other user ids
 * included, for the graph says that it is one person. Of each profile the segment id is left, so that it is never issued again.
 *
 * Which events were theirs is noted in `regulation_positions`; log and archive lose them afterwards (`privacy/deletions.ts`).
 * A part of a regulation is executed once, however often it is asked for: what the person sends later is new data (PRV-10).
 */
import { Effect } from "effect"
import { float8s } from "../../platform/sql-arrays.ts"
import type { FoundProfile } from "../graph.ts"
import { eraseNamed, eraseTables, scrubJournal } from "../erasure/erase-tables.ts"
import { findTraces } from "../erasure/traces.ts"
import { forgetAside } from "../generations/switch.ts"
import type { Execute, OperationContext } from "./execution.ts"
import { refuse } from "./separation.ts"

/** The profiles that hold these user ids, each once. */
export const profilesOfUsers = Effect.fnUntraced(function* (
  { graph, graphId }: Pick<OperationContext, "graph" | "graphId">,
  userIds: ReadonlyArray<string>
) {
  const found = yield* graph.find(
    graphId,
    "users",
    userIds.map((value) => ({ identifier: { collection: "users" as const, type: "user_id", value } }))
  )
  const byNo = new Map<number, FoundProfile>()
  for (const profile of found) if (profile !== null) byNo.set(profile.no, profile)
  return [...byNo.values()]
})

export const eraseUser: Execute<"erase_user"> = Effect.fnUntraced(function* (context, { regulation, part, userIds }) {
  const { database, graph, graphId, operationId, schema, spaceId } = context
  const { write: sql } = database
  const mark = sql`insert into regulation_parts (regulation, space, part)
    select n, ${spaceId}, ${part} from regulations where id = ${regulation} and status = 'RUNNING' on conflict do nothing returning 1`
  const [done] = yield* sql`select 1 from regulation_parts p join regulations r on r.n = p.regulation
    where r.id = ${regulation} and p.space = ${spaceId} and p.part = ${part}`
  if (done !== undefined) return yield* refuse("CONFLICT", "These people were erased by this regulation before.")
  const profiles = yield* profilesOfUsers(context, userIds)
  if (profiles.length === 0) {
    // Whoever got messages that name them loses those all the same: log and archive do, too.
    yield* sql.withTransaction(Effect.andThen(mark, eraseNamed(context, regulation)))
    return yield* refuse("NOT_FOUND", "Nobody in this space has one of these user ids.")
  }
  const externalIds = (yield* graph.externalIds(
    graphId,
    profiles.map(({ no }) => no)
  )).flat()
  const members = profiles.flatMap((profile) => profile.members.map(({ no }) => no))
  const write = Effect.gen(function* () {
    // A rebuild that has read the entries as they were would keep what is taken out of them now; none can begin meanwhile.
    yield* sql`lock table space_operations in share row exclusive mode`
    const rebuilding = yield* sql`select 1 from space_operations
      where space = ${spaceId} and kind = 'rebuild' and started_at is not null and finished_at is null`
    if (rebuilding.length > 0)
      return yield* refuse("TIMEOUT", "The graph of this space is being built again; nothing is erased meanwhile.")
    if ((yield* mark).length === 0)
      return yield* refuse("CONFLICT", "The regulation is not under way, or these people were erased by it before.")
    yield* sql.unsafe(
      `insert into regulation_positions (regulation, pos) select distinct r.n, s.pos from regulations r, ${schema}.stamps s
       where r.id = $1 and s.profile = any($2::float8[]::bigint[]) on conflict do nothing`,
      [regulation, float8s(members)]
    )
    yield* forgetAside(sql, spaceId)
    const traces = yield* findTraces(context, profiles, externalIds)
    yield* scrubJournal(context, traces)
    yield* eraseTables(context, traces, profiles, regulation)
    yield* sql`update space_operations set input = null where id = ${operationId}::float8::bigint`
  })
  const segmentIds = profiles.map(({ segmentId }) => segmentId)
  return {
    mutations: {
      profiles: [],
      mappings: [],
      merges: [],
      links: [],
      operations: profiles.map(({ no }) => ({ kind: "erase" as const, profile: no }))
    },
    write,
    audit: {
      action: "Profile Erased",
      target: `regulation ${regulation}`,
      before: null,
      after: { profiles: segmentIds }
    },
    answer: { segmentIds },
    successes: []
  }
})

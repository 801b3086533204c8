/** What the erasure of user ids would take from a space (IDR-162), so that a wrongly merged profile is split first. */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { Database } from "../../platform/database.ts"
import { float8s } from "../../platform/sql-arrays.ts"
import type { GraphError, GraphId, IdentityGraph } from "../graph.ts"
import { spaceSchema } from "../schema.ts"
import { profilesOfUsers } from "./erase-user.ts"
import type { ExternalId } from "./operation.ts"

export interface ErasurePreview {
  readonly spaceId: string
  readonly segmentId: string
  readonly mergedSegmentIds: ReadonlyArray<string>
  readonly identifiers: ReadonlyArray<ExternalId>
  readonly events: number
}

export const previewErasure = Effect.fnUntraced(function* (
  { database, graph }: { readonly database: Database["Service"]; readonly graph: IdentityGraph["Service"] },
  { id: spaceId, graphId }: { readonly id: string; readonly graphId: GraphId },
  userIds: ReadonlyArray<string>
): Effect.fn.Return<ReadonlyArray<ErasurePreview>, GraphError | SqlError.SqlError> {
  const profiles = yield* profilesOfUsers({ graph, graphId }, userIds)
  if (profiles.length === 0) return []
  const externalIds = yield* graph.externalIds(
    graphId,
    profiles.map(({ no }) => no)
  )
  const previews: Array<ErasurePreview> = []
  for (const [i, { segmentId, members }] of profiles.entries()) {
    const [events] = yield* database.read.unsafe<{ n: number }>(
      `select count(*)::int as n from ${spaceSchema(spaceId)}.stamps where profile = any($1::float8[]::bigint[])`,
      [float8s(members.map(({ no }) => no))]
    )
    previews.push({
      spaceId,
      segmentId,
      mergedSegmentIds: members.flatMap((member) => (member.segmentId === segmentId ? [] : [member.segmentId])),
      identifiers: externalIds[i]!.map(({ type, value }) => ({ type, id: value })),
      events: events!.n
    })
  }
  return previews
})

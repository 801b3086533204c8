/** Connecting sources to spaces (IDR-9, IDR-11, IDR-13). Profiles stay when a source is disconnected. */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { Change } from "./changes.ts"
import type { ConfiguredSource } from "./configured.ts"
import { complies } from "./labels.ts"
import { findSpace } from "./manage-spaces.ts"
import { type ChangeRefused, refuse } from "./refused.ts"
import { decodeSource } from "./stored.ts"
import { defaultReplayDays, type ReplayMode } from "./workspace.ts"

export interface ConnectionView {
  readonly spaceId: string
  readonly source: ConfiguredSource
  readonly connectedAt: number
  readonly connectedBy: string
  /** It does not carry what the policy asks for now; nothing is cut off for that. */
  readonly policyViolation: boolean
}

type Changed<A> = Effect.Effect<A, ChangeRefused | SqlError.SqlError>

interface Row {
  readonly id: string
  readonly doc: string
  readonly at: number
  readonly by: string
}

const readPolicy = (sql: PgClient.PgClient, spaceId: string) =>
  Effect.map(
    sql<{ policy: ReadonlyArray<string> }>`select policy::text[] as policy from spaces where id = ${spaceId}`,
    ([row]) => row?.policy ?? []
  )

/** The connections of a space, the oldest first; without those of sources that have left the file. */
export const readConnections = Effect.fnUntraced(function* (
  sql: PgClient.PgClient,
  spaceId: string
): Effect.fn.Return<ReadonlyArray<ConnectionView>, SqlError.SqlError> {
  const policy = yield* readPolicy(sql, spaceId)
  const rows = yield* sql<Row>`
    select s.id, s.doc, (extract(epoch from c.connected_at) * 1000)::float8 as at, c.connected_by as by
    from space_connections c join sources s on s.id = c.source where c.space = ${spaceId} and s.doc is not null order by c.n`
  return rows.map(({ id, doc, at, by }) => {
    const source = { id, ...decodeSource(doc) }
    const policyViolation = !complies(policy, source.labels)
    return { spaceId, source, connectedAt: at, connectedBy: by, policyViolation }
  })
})

const unsupported = (source: ConfiguredSource): boolean => source.kind === "object_cloud"

/** What could be connected now: enabled, of a kind that sends events, and as the policy wants it. */
export const readConnectable = Effect.fnUntraced(function* (
  sql: PgClient.PgClient,
  spaceId: string
): Effect.fn.Return<ReadonlyArray<ConfiguredSource>, SqlError.SqlError> {
  const policy = yield* readPolicy(sql, spaceId)
  const rows = yield* sql<{ id: string; doc: string }>`
    select id, doc from sources s where doc is not null
      and not exists (select 1 from space_connections c where c.space = ${spaceId} and c.source = s.id) order by no`
  return rows
    .map(({ id, doc }): ConfiguredSource => ({ id, ...decodeSource(doc) }))
    .filter((source) => source.enabled && !unsupported(source) && complies(policy, source.labels))
})

const refusal = (policy: ReadonlyArray<string>, id: string, source: ConfiguredSource | undefined) => {
  if (source === undefined) return refuse("NOT_FOUND", `There is no source ${id}.`)
  if (unsupported(source))
    return refuse("SOURCE_TYPE_UNSUPPORTED", `Source ${id} is of the kind ${source.kind}, which sends no events.`)
  if (!source.enabled) return refuse("VALIDATION_FAILED", `Source ${id} is disabled. Enable it first.`)
  if (!complies(policy, source.labels))
    return refuse(
      "CONNECTION_POLICY",
      `Source ${id} has the labels ${source.labels?.join(", ") || "(none)"}; this space takes only sources with all of ${policy.join(", ")}.`
    )
  return undefined
}

const mostReplayDays = 36_500

/** `least`: 0 where no replay is an answer, too. */
export const checkReplayDays = (days: number, least: 0 | 1): Effect.Effect<void, ChangeRefused> =>
  days >= least && days <= mostReplayDays
    ? Effect.void
    : refuse(
        "VALIDATION_FAILED",
        `\`replayDays\` is a number of days from ${least === 0 ? "0 (no replay)" : least} to ${mostReplayDays}.`
      )

/**
 * Connects all of them or none; what is connected already stays as it is. Events received in `replayDays` before are replayed
 * as one stream, whatever the number of sources (IDR-12); 0: resolution begins with the next event.
 */
export const connectSources = (
  change: Change,
  spaceId: string,
  sourceIds: ReadonlyArray<string>,
  replayDays: number = defaultReplayDays,
  replayMode: ReplayMode = "skip_resolved"
): Changed<void> =>
  Effect.gen(function* () {
    const { sql, at, actor, audit } = change
    const space = yield* findSpace(change, spaceId)
    yield* checkReplayDays(replayDays, 0)
    if (space.draft)
      return yield* refuse(
        "VALIDATION_FAILED",
        "This space has no identity rules yet. Save them first, then connect sources."
      )
    const rows = yield* sql<{ id: string; doc: string }>`select id, doc from sources where doc is not null`
    const known = new Map(rows.map(({ id, doc }) => [id, { id, ...decodeSource(doc) }]))
    const connected = yield* sql<{ source: string }>`select source from space_connections where space = ${spaceId}`
    const before = new Set(connected.map(({ source }) => source))
    for (const id of new Set(sourceIds)) {
      if (before.has(id) && known.has(id)) continue
      const refused = refusal(space.policy, id, known.get(id))
      if (refused !== undefined) return yield* refused
      yield* sql`insert into space_connections (space, source, origin, connected_at, connected_by, replay_days, replay_mode)
        values (${spaceId}, ${id}, 'api', ${new Date(at)}, ${actor}, ${replayDays}, ${replayMode})`
      const after = { source: id, replayDays, replayMode }
      audit({ space: spaceId, action: "Source Connected To Space", target: `source ${id}`, after })
    }
  })

export const disconnectSource = (change: Change, spaceId: string, sourceId: string): Changed<void> =>
  Effect.gen(function* () {
    yield* findSpace(change, spaceId)
    const gone =
      yield* change.sql`delete from space_connections where space = ${spaceId} and source = ${sourceId} returning 1`
    if (gone.length === 0) return yield* refuse("NOT_FOUND", `Source ${sourceId} is not connected to this space.`)
    const [target, before] = [`source ${sourceId}`, { source: sourceId }]
    change.audit({ space: spaceId, action: "Source Disconnected From Space", target, before })
  })

/**
 * The workspace that the processes of a simulation see: one space, three sources, who is connected and which rules the
 * configuration declares. What changes is in the database at once; processes may get to know of it later.
 */
import { Effect, Layer } from "effect"
import { Database } from "../../src/platform/database.ts"
import { readerName } from "../../src/identity/space-store.ts"
import type { Position } from "../../src/log/event-log.ts"
import { Suppressions } from "../../src/workspace/suppressions.ts"
import {
  type Connection,
  type EventFilter,
  type Source,
  type Space,
  Workspace,
  type WorkspaceSnapshot
} from "../../src/workspace/workspace.ts"
import { type ConnectStep, type Plan, sourceNos } from "./plan.ts"
import { filterAnswer } from "./reference-extract.ts"

/** For the verdict: what was connected from when to when. */
export interface Connected {
  readonly no: number
  readonly source: number
  /** ms */
  readonly receivedFrom: number
  /** Where the log stood when it was disconnected. */
  until: Position
  /** Disconnected while something of it was under way: nobody knows how much came in. */
  isVague: boolean
}

const dayMs = 86_400_000

const sources: ReadonlyArray<Source> = sourceNos.map((no) => ({
  no,
  id: `src_${no}`,
  slug: `source-${no}`,
  name: `Source ${no}`,
  kind: "website",
  writeKeys: [],
  enabled: true
}))

export const filterId = "flt_age"

export class World {
  readonly connections: Array<Connected> = []
  private readonly listeners = new Set<(snapshot: WorkspaceSnapshot) => void>()
  private readonly plan: Plan
  private readonly filters: ReadonlyArray<EventFilter>
  private current: ReadonlyArray<Connection> = []
  private space: Space
  /** Changed, and the processes do not know yet. */
  private untold = false

  constructor(plan: Plan) {
    this.plan = plan
    const { filteredAge: age } = plan
    const matches: EventFilter["matches"] = (event) => filterAnswer(event as Record<string, unknown>, age!)
    this.filters = age === undefined ? [] : [{ id: filterId, name: "by age", enabled: true, matches }]
    this.space = this.spaceWith(plan.rules)
  }

  private spaceWith(rules: Plan["rules"]): Space {
    const { current, filters, plan } = this
    return {
      id: plan.spaceId,
      slug: "s",
      name: "S",
      kind: "dev",
      sources: sources.filter(({ no }) => current.some(({ source }) => source === no)),
      rules,
      filters,
      connections: current
    }
  }

  readonly make = Effect.gen({ self: this }, function* () {
    const { spaceId } = this.plan
    const { write: sql } = yield* Database
    for (const { no, id } of sources)
      yield* sql`insert into sources (no, id) values (${no}, ${id}) on conflict do nothing`
    yield* sql`insert into spaces (id, slug, name, kind, origin, rules, created_at, created_by)
      values (${spaceId}, ${`s-${this.plan.seed}`}, 'S', 'dev', 'api', '{}', now(), 'simulation')`
  })

  readonly connect = Effect.fnUntraced({ self: this }, function* (step: ConnectStep) {
    const { write: sql } = yield* Database
    const { days, receivedFrom } = step
    const connectedAt = receivedFrom + days * dayMs
    for (const source of step.sources) {
      if (this.current.some((it) => it.source === source)) continue
      const [row] = yield* sql<{ no: number }>`
        insert into space_connections (space, source, origin, connected_at, connected_by, replay_days)
        values (${this.plan.spaceId}, ${`src_${source}`}, 'api', ${new Date(connectedAt)}, 'simulation', ${days}) returning n::float8 as no`
      const { no } = row!
      this.current = [...this.current, { no, source, connectedAt, replayDays: days, replayMode: "skip_resolved" }]
      this.connections.push({ no, source, receivedFrom, until: Infinity, isVague: false })
    }
    this.change(this.spaceWith(this.space.rules), step.late)
  })

  readonly disconnect = Effect.fnUntraced({ self: this }, function* (source: number, head: Position, isVague: boolean) {
    const { write: sql } = yield* Database
    const connection = this.connections.findLast((it) => it.source === source && it.until === Infinity)
    if (connection === undefined) return
    yield* sql`delete from space_connections where space = ${this.plan.spaceId} and source = ${`src_${source}`}`
    connection.until = head
    connection.isVague = isVague
    this.current = this.current.filter((it) => it.source !== source)
    this.change(this.spaceWith(this.space.rules), false)
  })

  declare(rules: Plan["rules"]): void {
    this.change(this.spaceWith(rules), false)
  }

  private change(space: Space, late: boolean): void {
    this.untold = true
    this.next = space
    if (!late) this.tell()
  }
  private next: Space | undefined

  /** Every process knows of everything. */
  tell(): void {
    if (!this.untold) return
    this.untold = false
    this.space = this.next!
    const snapshot = this.snapshot()
    for (const listener of this.listeners) listener(snapshot)
  }

  private snapshot(): WorkspaceSnapshot {
    const { space } = this
    return {
      sources,
      sourceByNo: new Map(sources.map((it) => [it.no, it])),
      sourceByWriteKey: new Map(),
      spaces: [space],
      spaceById: new Map([[space.id, space]]),
      tokenByHash: new Map(),
      limits: { requestsPerSecond: 0, messagesPerSecond: 0, spaceEventsPerSecond: 0, profileApiPerSecond: 0 }
    }
  }

  get layer() {
    const { suppressed } = this.plan
    const isSuppressed = (userId: string, source: number) =>
      userId === suppressed?.userId && source === suppressed.source
    return Layer.mergeAll(
      Layer.succeed(Workspace, {
        current: () => this.snapshot(),
        reload: Effect.void,
        refresh: Effect.void,
        onChange: (listener) =>
          Effect.asVoid(
            Effect.acquireRelease(
              Effect.sync(() => this.listeners.add(listener)),
              () => Effect.sync(() => this.listeners.delete(listener))
            )
          )
      }),
      Layer.succeed(Suppressions, {
        current: () => (suppressed === undefined ? undefined : isSuppressed),
        refresh: Effect.void
      })
    )
  }
}

/** Removes everything of the space. */
export const clear = Effect.fnUntraced(function* ({ spaceId }: Plan) {
  const { write: sql } = yield* Database
  yield* sql.withTransaction(
    Effect.gen(function* () {
      yield* sql.unsafe(`drop schema if exists "${spaceId}" cascade`)
      for (const table of ["space_graphs", "space_operations", "audit", "space_replays", "space_connections"])
        yield* sql.unsafe(`delete from ${table} where space = $1`, [spaceId])
      yield* sql`delete from spaces where id = ${spaceId}`
      yield* sql`delete from simulation_diary where space = ${spaceId}`
      yield* sql`delete from regulations`
      yield* sql`delete from suppressed_users`
      yield* sql`delete from cursors where reader = ${readerName(spaceId)}`
    })
  )
})

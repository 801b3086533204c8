/**
 * Runs this process's share of the spaces. Every heartbeat looks at the locks (`space-owners.ts`), computes the share
 * (`fair-share.ts`), takes what is free and its own, and hands over what is too much:
 *
 *     stop the actor at the end of its batch -> wait for its commit -> free the lock -> another process takes it
 *
 * - What is free is taken at once; handing over waits a few rounds, so that a process that comes and goes moves nothing.
 * - A lost session means lost locks: all actors end, and the process joins anew. Before an actor opens the space,
 *   also after a failure, the session is asked: a process that was paused does not take back what it lost.
 * - Where no service lives, one command runs the spaces, until a service comes.
 */
import { Data, Effect, FiberMap, Queue } from "effect"
import { hostname } from "node:os"
import { Settings } from "../config.ts"
import { Database } from "../platform/database.ts"
import { Health } from "../platform/health.ts"
import { supervise } from "../platform/supervise.ts"
import { type Space, Workspace } from "../workspace/workspace.ts"
import { shareOf, type SpaceNo } from "./fair-share.ts"
import { joinProcesses, numberSpaces, type Owners } from "./space-owners.ts"

class OwnershipLost extends Data.TaggedError("OwnershipLost")<{ readonly space: string }> {
  override get message() {
    return `This process has lost the lock of space ${this.space}; it stops its spaces and joins the others anew.`
  }
}

/** By this the processes that share the spaces name each other. */
const ownLabel = `${hostname()}:${process.pid}`

/** A lease is renewed at least five times before it ends. */
const longestHeartbeatMs = 1_000
/** Rounds for which a surplus must last before it is handed over. */
const patience = 3

const fiberOf = (space: Space): string => `space:${space.slug}`

export interface SpaceHost {
  readonly runsHere: (spaceId: string) => boolean
  /** Label of the process that runs the space, `host:pid`; undefined: none, or not known yet. */
  readonly processOf: (spaceId: string) => string | undefined
}

/**
 * Runs `actorOf(space)` for every space that belongs to this process, restarted when it fails, for as long as the scope
 * lives. `serving`: takes its share beside others; otherwise it runs spaces only while no process serves.
 */
export const hostSpaces = Effect.fnUntraced(function* <E1, E2, R1, R2>(options: {
  readonly serving: boolean
  /** Called before a space may be opened, and again after each change of the configuration. */
  readonly prepare: (spaces: ReadonlyArray<Space>) => Effect.Effect<void, E1, R1>
  readonly actorOf: (space: Space) => Effect.Effect<void, E2, R2>
}) {
  const { serving, prepare, actorOf } = options
  const { url, write: sql } = yield* Database
  const workspace = yield* Workspace
  const health = yield* Health
  const leaseMs = (yield* Settings).spaceLeaseSeconds * 1000
  const heartbeatMs = Math.min(longestHeartbeatMs, leaseMs / 5)
  /** Spaces whose lock is held. `leaving`: its actor has been told to stop. */
  let held = new Map<string, "running" | "leaving">()
  let processOf = new Map<string, string>()
  const numbers = new Map<string, SpaceNo>()
  let prepared: unknown

  /** The spaces of the configuration, ready to be opened. */
  const current = Effect.gen(function* () {
    const snapshot = workspace.current()
    if (snapshot !== prepared) {
      yield* prepare(snapshot.spaces)
      const ids = snapshot.spaces.map(({ id }) => id)
      for (const [id, no] of yield* numberSpaces(sql, ids)) numbers.set(id, no)
      prepared = snapshot
    }
    return snapshot.spaces
  })

  const share = Effect.gen(function* () {
    const membership = yield* joinProcesses({ url, leaseMs, label: ownLabel, serving })
    const mine = new Map<string, "running" | "leaving">()
    held = mine
    const actors = yield* FiberMap.make<string>()
    let surplusFor = 0

    const start = (space: Space, no: SpaceNo) => {
      mine.set(space.id, "running")
      const left = Effect.gen(function* () {
        mine.delete(space.id)
        if (workspace.current().spaceById.has(space.id)) health.set(fiberOf(space), "standby")
        else health.remove(fiberOf(space))
        // On a session that is gone there is nothing to give.
        yield* Effect.ignore(membership.give(no))
      })
      return actorOf(space).pipe(
        (actor) => supervise(fiberOf(space), Effect.andThen(membership.confirm, actor)),
        Effect.ensuring(left),
        (actor) => FiberMap.run(actors, space.id, actor)
      )
    }

    const handOver = (id: string) => {
      mine.set(id, "leaving")
      // In the background: the heart goes on beating while a commit is waited for.
      return Effect.forkScoped(FiberMap.remove(actors, id))
    }

    /** Who runs what, for `/health`. */
    const report = ({ live, ownerOf }: Owners, spaces: ReadonlyArray<Space>) => {
      const labels = new Map(live.map(({ no, label }) => [no, label]))
      processOf = new Map()
      for (const space of spaces) {
        const label = labels.get(ownerOf.get(numbers.get(space.id)!) ?? 0)
        if (label !== undefined) processOf.set(space.id, label)
        if (!mine.has(space.id)) health.set(fiberOf(space), "standby")
      }
      health.set("identity", mine.size > 0 || spaces.length === 0 ? "running" : "standby")
    }

    const round = Effect.gen(function* () {
      const spaces = yield* current
      const owners = yield* membership.look
      for (const space of mine.keys())
        if (owners.ownerOf.get(numbers.get(space)!) !== membership.no) return yield* new OwnershipLost({ space })
      const services = owners.live.filter((process) => process.serving)
      const sharing = (services.length > 0 ? services : owners.live.slice(0, 1)).map(({ no }) => no)
      const byNo = new Map(spaces.map((space) => [numbers.get(space.id)!, space]))
      const { take, give } = shareOf(membership.no, {
        processes: sharing,
        spaces: [...byNo.keys()].sort((a, b) => a - b),
        ownerOf: owners.ownerOf
      })
      surplusFor = give.length === 0 ? 0 : surplusFor + 1
      if (surplusFor > patience || !sharing.includes(membership.no))
        for (const no of give) {
          const { id } = byNo.get(no)!
          if (mine.get(id) === "running") yield* handOver(id)
        }
      for (const no of take) {
        const space = byNo.get(no)!
        if (!mine.has(space.id) && (yield* membership.take(no))) yield* start(space, no)
      }
      report(owners, spaces)
    })

    const changes = yield* Queue.sliding<void>(1)
    yield* workspace.onChange(() => void Queue.offerUnsafe(changes, undefined))
    while (true) {
      yield* round
      yield* Effect.timeoutOption(Queue.take(changes), heartbeatMs)
    }
  }).pipe(Effect.scoped)

  // First thing: who reads finds the tables of every space.
  yield* current
  yield* Effect.forkScoped(supervise("identity", share))
  return {
    runsHere: (spaceId) => held.has(spaceId),
    // What it holds itself it knows before the others tell.
    processOf: (spaceId) => (held.has(spaceId) ? ownLabel : processOf.get(spaceId))
  } satisfies SpaceHost
})

/**
 * Runs this process's share of items that all processes of a database share. Every heartbeat looks at the locks
 * (`membership.ts`), computes the share (`fair-share.ts`), takes what is free and its own, and hands over what is too much:
 *
 *     stop the actor at the end of its batch -> wait for its commit -> free the lock -> another process takes it
 *
 * - What is free is taken at once; handing over waits a few rounds, so that a process that comes and goes moves nothing.
 * - A lost session means lost locks: all actors end, and the process joins anew. Before an actor begins, also after a failure, the
 *   session is asked: a process that was paused does not take back what it lost.
 * - Where no service lives, one command runs the items, until a service comes.
 */
import { Data, type Duration, Effect, FiberMap, Queue, type Scope } from "effect"
import { hostname } from "node:os"
import { Database } from "./database.ts"
import { type ItemNo, shareOf } from "./fair-share.ts"
import { Health } from "./health.ts"
import { joinProcesses, type Kind, type Membership, type Owners } from "./membership.ts"
import { supervise } from "./supervise.ts"

class OwnershipLost extends Data.TaggedError("OwnershipLost")<{ readonly fiber: string }> {
  override get message() {
    return `This process has lost the lock of ${this.fiber}; it stops all that it runs of the kind and joins the others anew.`
  }
}

/** By this the processes name each other. */
const ownLabel = `${hostname()}:${process.pid}`

/** A lease is renewed at least five times before it ends. */
const longestHeartbeatMs = 1_000
/** Rounds for which a surplus must last before it is handed over. */
const patience = 3

export interface Item {
  readonly id: string
  /** By which its lock is known. */
  readonly no: ItemNo
  /** Name of the fiber that runs it. */
  readonly fiber: string
}

export interface Host {
  readonly runsHere: (id: string) => boolean
  /** Label of the process that runs the item, `host:pid`; undefined: none, or not known yet. */
  readonly processOf: (id: string) => string | undefined
}

export interface HostOptions<T extends Item, E1, E2, R1, R2> {
  readonly kind: Kind
  /** Name of the fiber that shares. */
  readonly name: string
  /** Takes its share beside others; otherwise it runs items only while no process serves. */
  readonly serving: boolean
  readonly leaseSeconds: number
  /** All items, ready to be run. */
  readonly items: Effect.Effect<ReadonlyArray<T>, E1, R1>
  /** Whether the item is still there; asked when its actor ends. */
  readonly exists: (id: string) => boolean
  /** Calls the listener when there may be other items. */
  readonly onChange: (listener: () => void) => Effect.Effect<void, never, Scope.Scope>
  /** `confirm` fails when the lock is not held any more; asked before each start, also after a failure. */
  readonly actorOf: (item: T, confirm: Membership["confirm"]) => Effect.Effect<void, E2, R2>
  /** Where the fibers of items are shown; default: with the others. */
  readonly health?: Health["Service"]
}

/** Runs `actorOf(item)` for every item that belongs to this process, restarted when it fails, for as long as the scope lives. */
export const hostItems = Effect.fnUntraced(function* <T extends Item, E1, E2, R1, R2>(
  options: HostOptions<T, E1, E2, R1, R2>
) {
  const { actorOf, exists, items: current, kind, name, serving } = options
  const { url } = yield* Database
  const health = yield* Health
  const shown = options.health ?? health
  const leaseMs = options.leaseSeconds * 1000
  const heartbeatMs: Duration.Input = Math.min(longestHeartbeatMs, leaseMs / 5)
  /** Items whose lock is held. `leaving`: its actor has been told to stop. */
  let held = new Map<string, "running" | "leaving">()
  let processOf = new Map<string, string>()

  const share = Effect.gen(function* () {
    const membership = yield* joinProcesses({ kind, url, leaseMs, label: ownLabel, serving })
    const mine = new Map<string, "running" | "leaving">()
    held = mine
    const actors = yield* FiberMap.make<string>()
    let surplusFor = 0

    const start = (item: T) => {
      mine.set(item.id, "running")
      const left = Effect.gen(function* () {
        mine.delete(item.id)
        if (exists(item.id)) shown.set(item.fiber, "standby")
        else shown.remove(item.fiber)
        // On a session that is gone there is nothing to give.
        yield* Effect.ignore(membership.give(item.no))
      })
      return actorOf(item, membership.confirm).pipe(
        (actor) => supervise(item.fiber, Effect.andThen(membership.confirm, actor)),
        Effect.provideService(Health, shown),
        Effect.ensuring(left),
        (actor) => FiberMap.run(actors, item.id, actor)
      )
    }

    const handOver = (id: string) => {
      mine.set(id, "leaving")
      // In the background: the heart goes on beating while a commit is waited for.
      return Effect.forkScoped(FiberMap.remove(actors, id))
    }

    /** Who runs what, for `/health`. */
    const report = ({ live, ownerOf }: Owners, items: ReadonlyArray<T>) => {
      const labels = new Map(live.map(({ no, label }) => [no, label]))
      processOf = new Map()
      for (const { fiber, id, no } of items) {
        const label = labels.get(ownerOf.get(no) ?? 0)
        if (label !== undefined) processOf.set(id, label)
        if (!mine.has(id)) shown.set(fiber, "standby")
      }
      health.set(name, mine.size > 0 || items.length === 0 ? "running" : "standby")
    }

    let known = new Map<string, T>()
    const round = Effect.gen(function* () {
      const items = yield* current
      const owners = yield* membership.look
      for (const id of mine.keys()) {
        const item = known.get(id)!
        if (owners.ownerOf.get(item.no) !== membership.no) return yield* new OwnershipLost({ fiber: item.fiber })
      }
      const services = owners.live.filter((process) => process.serving)
      const sharing = (services.length > 0 ? services : owners.live.slice(0, 1)).map(({ no }) => no)
      const byNo = new Map(items.map((item) => [item.no, item]))
      known = new Map([...known, ...items.map((item): [string, T] => [item.id, item])])
      const { take, give } = shareOf(membership.no, {
        processes: sharing,
        items: [...byNo.keys()].sort((a, b) => a - b),
        ownerOf: owners.ownerOf
      })
      surplusFor = give.length === 0 ? 0 : surplusFor + 1
      if (surplusFor > patience || !sharing.includes(membership.no))
        for (const no of give) {
          const { id } = byNo.get(no)!
          if (mine.get(id) === "running") yield* handOver(id)
        }
      for (const no of take) {
        const item = byNo.get(no)!
        if (!mine.has(item.id) && (yield* membership.take(no))) yield* start(item)
      }
      report(owners, items)
    })

    const changes = yield* Queue.sliding<void>(1)
    yield* options.onChange(() => void Queue.offerUnsafe(changes, undefined))
    while (true) {
      yield* round
      yield* Effect.timeoutOption(Queue.take(changes), heartbeatMs)
    }
  }).pipe(Effect.scoped)

  yield* Effect.forkScoped(supervise(name, share))
  return {
    runsHere: (id) => held.has(id),
    // What it holds itself it knows before the others tell.
    processOf: (id) => (held.has(id) ? ownLabel : processOf.get(id))
  } satisfies Host
})

/**
 * The instances of one shard: a fixed part of all destinations that one process has at a time (`platform/host.ts`), so that locks
 * and their heartbeat do not grow with the number of destinations. Who takes a shard takes all its instances over in one statement.
 */
import { Effect, FiberMap, Latch } from "effect"
import { EventLog } from "../../log/event-log.ts"
import { Health } from "../../platform/health.ts"
import { supervise } from "../../platform/supervise.ts"
import { type Destination, Destinations } from "../destination.ts"
import { type InstanceStatus, runInstance, type Surroundings } from "./instance.ts"

export const shards = 16

/** Storage destinations have readers of their own (`raw-logs/`). */
const isOurs = ({ entry }: Destination): boolean => entry.kind !== "storage"
export const shardOf = (no: number): number => no % shards

const mostShown = 20

/** Shows of a thousand fibers those that are not well, and not more than twenty of them. */
export const onlyUnwell = (health: Health["Service"]): Health["Service"] => {
  const shown = new Set<string>()
  const show = (name: string, how: () => void) => {
    if (shown.size >= mostShown && !shown.has(name)) return
    shown.add(name)
    how()
  }
  const hide = (name: string) => {
    if (shown.delete(name)) health.remove(name)
  }
  return {
    set: (name, status) => {
      if (status === "restarting" || status === "waiting") show(name, () => health.set(name, status))
      else hide(name)
    },
    failed: (name, error) => show(name, () => health.failed(name, error)),
    waiting: (name, reason) => show(name, () => health.waiting(name, reason)),
    remove: hide,
    fibers: health.fibers
  }
}

/** Runs the shard until it is interrupted. `statuses`: of all instances of the process, by destination id. */
export const runShard = Effect.fnUntraced(function* (
  around: Surroundings,
  shard: number,
  statuses: Map<string, InstanceStatus>
) {
  const { store } = around
  const log = yield* EventLog
  const destinations = yield* Destinations
  const { health } = around
  const fibers = yield* FiberMap.make<string>()
  const woken = yield* Latch.make(false)

  /** Those that were deleted while nobody ran them. */
  const cleanUp = Effect.gen(function* () {
    const mine = (yield* store.known).filter((no) => shardOf(no) === shard)
    // Somebody else may know of newer ones than this process does.
    yield* destinations.refresh
    const there = new Set(destinations.current().all.map(({ no }) => no))
    const gone = mine.filter((no) => !there.has(no))
    for (const [no, { standing }] of yield* store.open(gone, log.released())) {
      yield* store.discardAll(no, standing.epoch, "DESTINATION_DELETED")
      yield* store.forget(no, standing.epoch)
    }
  })

  const run = (destination: Destination, opened: Parameters<typeof runInstance>[2]) => {
    const { id, name, no } = destination
    const status: InstanceStatus = { destination: id, engine: undefined, member: undefined }
    statuses.set(id, status)
    // What was taken over is good for the first time; after a failure the instance begins at what is stored.
    let first = opened
    return Effect.suspend(() => {
      const opened = first
      first = undefined
      return runInstance(around, destination, opened, status)
    }).pipe(
      (instance) => supervise(`destination ${no} ${name}`, instance),
      Effect.provideService(Health, health),
      Effect.ensuring(Effect.sync(() => statuses.delete(id))),
      (instance) => FiberMap.run(fibers, id, instance)
    )
  }

  yield* destinations.onChange(() => void woken.openUnsafe())
  yield* cleanUp
  while (true) {
    woken.closeUnsafe()
    const fresh: Array<Destination> = []
    for (const one of destinations.current().all)
      if (isOurs(one) && shardOf(one.no) === shard && !FiberMap.hasUnsafe(fibers, one.id)) fresh.push(one)
    if (fresh.length > 0) {
      const opened = yield* store.open(
        fresh.map(({ no }) => no),
        log.released()
      )
      for (const one of fresh) yield* run(one, opened.get(one.no))
    }
    yield* woken.await
  }
}, Effect.scoped)

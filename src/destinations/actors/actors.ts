/**
 * Delivery: one actor per destination instance, here or in another process on the same database. This file puts together what they
 * share - feed, committer, retry modes - and tells how they are.
 */
import { Clock, Context, Duration, Effect, Layer, Metric, Schedule } from "effect"
import { DestinationRunner } from "../../catalog/runner.ts"
import { Settings } from "../../config.ts"
import { EventLog, type Position } from "../../log/event-log.ts"
import { Database } from "../../platform/database.ts"
import { Health } from "../../platform/health.ts"
import { hostItems } from "../../platform/host.ts"
import { supervise } from "../../platform/supervise.ts"
import { Destinations } from "../destination.ts"
import { makeCommitter } from "./committer.ts"
import { makeFeed } from "./feed.ts"
import type { InstanceStatus } from "./instance.ts"
import { basesFrom } from "./retry.ts"
import { makeRetryModes } from "./retry-modes.ts"
import { onlyUnwell, runShard, shards } from "./shards.ts"
import { makeDeliveryStore } from "./store.ts"

/** "brak", "bral" in ASCII, as for spaces (`identity/space-owners.ts`). */
const kind = { processes: 0x62_72_61_6b, items: 0x62_72_61_6c, table: "delivery_processes" }

const aheadEvents = 5_000
/** Events in memory of all instances of the process, and of one at most and at least. */
const aheadBytes = 256 * 1024 * 1024
const aheadOfOne = { most: 16 * 1024 * 1024, least: 256 * 1024 }

export interface InstanceProgress {
  readonly destination: string
  /** Up to here every event is delivered, discarded or waits for its retry. */
  readonly position: Position
  readonly inFlight: number
  /** Jobs that wait for their retry, or behind one that does. */
  readonly waiting: number
  /** Requests that may be on their way at once. */
  readonly window: number
  /** ms; 0: it is not paused. */
  readonly pausedUntil: number
  /** So much waits that nothing more is read (the log keeps it). */
  readonly full: boolean
  /** Age of the oldest event that is neither delivered nor waiting. */
  readonly lagMs: number
}

/** Of the instances that run in this process. */
export interface DeliveryProgress {
  readonly instances: number
  readonly shards: number
  readonly inFlight: number
  readonly waiting: number
  readonly paused: number
  readonly full: number
  readonly lagMs: number
}

export interface DeliveryOptions {
  /** Milliseconds between two commits at least. */
  readonly commitEveryMs?: number
  /** How often idle instances store how far they are. */
  readonly idleEvery?: Duration.Input
  readonly drainMs?: number
}

const gauge = (name: string, description: string) => Metric.gauge(`braid_delivery_${name}`, { description })
const gauges = {
  instances: gauge("instances", "Destinations that this process delivers to"),
  inFlight: gauge("in_flight", "Requests to destinations that are under way"),
  waiting: gauge("waiting_jobs", "Jobs that wait for a retry, or behind one that does"),
  paused: gauge("paused_instances", "Destinations that asked for a pause"),
  full: gauge("full_instances", "Destinations for which so much waits that nothing more is read"),
  lagMs: gauge("lag_ms", "Age of the oldest event that is neither delivered nor waiting for a retry")
}
const gaugesEvery = "5 seconds"

export class DeliveryActors extends Context.Service<
  DeliveryActors,
  {
    /** Those that run in this process. */
    readonly instances: Effect.Effect<ReadonlyArray<InstanceProgress>>
    readonly progress: Effect.Effect<DeliveryProgress>
  }
>()("braid/destinations/DeliveryActors") {
  static readonly layer = (options: DeliveryOptions = {}) => Layer.effect(DeliveryActors, make(options))
}

const make = ({ commitEveryMs = 100, drainMs = 5_000, idleEvery = "1 minute" }: DeliveryOptions) =>
  Effect.gen(function* () {
    const database = yield* Database
    const settings = yield* Settings
    const health = onlyUnwell(yield* Health)
    const services = yield* Effect.context<Destinations | DestinationRunner | EventLog>()
    const statuses = new Map<string, InstanceStatus>()

    const store = makeDeliveryStore(database)
    const committer = yield* makeCommitter(store, commitEveryMs)
    const feed = yield* makeFeed
    const policy = {
      attempts: settings.retryAttempts,
      windowMs: settings.retryMinutes * 60_000,
      bases: basesFrom(settings.retryFirstSeconds * 1000)
    }
    const modes = yield* makeRetryModes(policy, {
      failuresPerSecond: settings.massFailuresPerSecond,
      failingHours: settings.massFailureHours
    })
    /** Instances that hold events share the memory. */
    const bytesOfOne = () => {
      let holding = 1
      for (const { engine } of statuses.values()) if (engine !== undefined && engine.bytes > 0) holding++
      return Math.min(aheadOfOne.most, Math.max(aheadOfOne.least, aheadBytes / holding))
    }
    let aheadOfEach = aheadOfOne.most
    const limits = {
      window: settings.deliveryWindow,
      waiting: settings.deliveryWaiting,
      aheadEvents,
      get aheadBytes() {
        return aheadOfEach
      }
    }
    const around = { store, committer, feed, modes, limits, health, drainMs }

    const items = Array.from({ length: shards }, (_, no) => ({ id: String(no), no, fiber: `delivery shard ${no}` }))
    const host = yield* hostItems({
      kind,
      name: "delivery",
      serving: true,
      leaseSeconds: settings.spaceLeaseSeconds,
      items: Effect.succeed(items),
      exists: () => true,
      onChange: () => Effect.void,
      actorOf: ({ no }, confirm) => Effect.provideContext(runShard({ ...around, confirm }, no, statuses), services),
      health
    })

    const idle = Effect.sync(() =>
      committer.idle([...statuses.values()].flatMap(({ member }) => (member === undefined ? [] : [member])))
    )
    yield* Effect.forkScoped(
      supervise("delivery cursors", Effect.forever(Effect.andThen(Effect.sleep(idleEvery), idle)))
    )

    const instances = Effect.map(Clock.currentTimeMillis, (now) =>
      [...statuses.values()].flatMap(({ destination, engine }): ReadonlyArray<InstanceProgress> =>
        engine === undefined
          ? []
          : [
              {
                destination,
                position: engine.position,
                inFlight: engine.inFlight,
                waiting: engine.waiting,
                window: engine.window,
                pausedUntil: engine.pausedUntil > now ? engine.pausedUntil : 0,
                full: engine.isFull,
                lagMs: engine.lagMs(now)
              }
            ]
      )
    )
    const progress = Effect.map(instances, (all) => {
      const sum = { inFlight: 0, waiting: 0, paused: 0, full: 0, lagMs: 0 }
      for (const one of all) {
        sum.inFlight += one.inFlight
        sum.waiting += one.waiting
        if (one.pausedUntil > 0) sum.paused++
        if (one.full) sum.full++
        sum.lagMs = Math.max(sum.lagMs, one.lagMs)
      }
      return { instances: all.length, shards: items.filter(({ id }) => host.runsHere(id)).length, ...sum }
    })
    const measure = Effect.gen(function* () {
      aheadOfEach = bytesOfOne()
      const { instances, ...now } = yield* progress
      yield* Metric.update(gauges.instances, instances)
      for (const name of ["inFlight", "waiting", "paused", "full", "lagMs"] as const)
        yield* Metric.update(gauges[name], now[name])
    })
    yield* Effect.forkScoped(Effect.repeat(measure, Schedule.spaced(gaugesEvery)))
    return DeliveryActors.of({ instances, progress })
  })

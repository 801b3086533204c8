/** Delivery on a real log and a real database, to destinations that answer as the test says. */
import { Context, Effect, Layer, Logger, Schedule } from "effect"
import { type ActionCall, type CallResult, DestinationRunner, type OAuthTokens } from "../../src/catalog/runner.ts"
import { Settings, type SettingsValue } from "../../src/config.ts"
import { type Destination, Destinations, type DestinationsSnapshot } from "../../src/destinations/destination.ts"
import { DeliveryActors, type DeliveryOptions } from "../../src/destinations/actors/actors.ts"
import { EventLog } from "../../src/log/event-log.ts"
import { postgresEventLog } from "../../src/log/postgres.ts"
import { Database } from "../../src/platform/database.ts"
import { Health } from "../../src/platform/health.ts"
import { testDatabase } from "./database.ts"
import { message, type ShortMessage } from "./space.ts"

export type Answer = (call: ActionCall) => Effect.Effect<CallResult>

export const all =
  (outcome: CallResult["outcomes"][number]): Answer =>
  (call) =>
    Effect.succeed({ outcomes: call.events.map(() => outcome), exchanges: [] })

/** What processes share in a test: the configuration, and what was told to whom. */
export class World {
  snapshot: DestinationsSnapshot = { version: 1, all: [], byId: new Map(), bySource: new Map() }
  readonly listeners = new Set<(snapshot: DestinationsSnapshot) => void>()
  readonly calls: Array<ActionCall> = []
  readonly answers = new Map<string, Answer>()
  readonly stored: Array<OAuthTokens> = []

  set(...all: ReadonlyArray<Destination>): void {
    const bySource = Map.groupBy(all, ({ source }) => source)
    this.snapshot = {
      version: this.snapshot.version + 1,
      all,
      byId: new Map(all.map((one) => [one.id, one])),
      bySource
    }
    for (const listener of this.listeners) listener(this.snapshot)
  }

  /** Message ids told to a destination, in order. */
  told(destination: string): ReadonlyArray<string> {
    return this.calls
      .filter(({ instance }) => instance === destination)
      .flatMap(({ events }) => events.map((text) => (JSON.parse(text) as { messageId: string }).messageId))
  }
}

export class Given extends Context.Service<Given, World>()("braid/test/World") {
  static readonly layer = Layer.sync(this, () => new World())
}

export const destinations = Layer.effect(
  Destinations,
  Effect.map(Given, (world) =>
    Destinations.of({
      current: () => world.snapshot,
      refresh: Effect.void,
      onChange: (listener) =>
        Effect.asVoid(
          Effect.acquireRelease(
            Effect.sync(() => world.listeners.add(listener)),
            () => Effect.sync(() => world.listeners.delete(listener))
          )
        ),
      storeTokens: (_, tokens) => Effect.sync(() => void world.stored.push(tokens))
    })
  )
)

const nothing = Effect.die(new Error("not asked for in these tests"))
export const runner = Layer.effect(
  DestinationRunner,
  Effect.map(Given, (world) =>
    DestinationRunner.of({
      call: (call) =>
        Effect.suspend(() => {
          world.calls.push(call)
          return (world.answers.get(call.instance!) ?? all({ kind: "delivered" }))(call)
        }),
      testAuthentication: () => nothing,
      choices: () => nothing,
      hook: () => nothing,
      deleteUser: () => nothing
    })
  )
)

/** A process that delivers, for as long as the scope lives. */
export const process = (options: DeliveryOptions = {}, settings: Partial<SettingsValue> = {}) =>
  DeliveryActors.layer({ commitEveryMs: 5, idleEvery: "50 millis", drainMs: 200, ...options }).pipe(
    Layer.provide(Layer.merge(destinations, runner)),
    Layer.provide(
      Layer.effect(
        Settings,
        Effect.map(Settings, (value) => ({ ...value, spaceLeaseSeconds: 3, ...settings }))
      ).pipe(Layer.provide(Settings.layer))
    ),
    Layer.fresh
  )

export const stores = postgresEventLog({ limit: () => 0, queueBytes: 64 * 1024 * 1024 }).pipe(
  Layer.provideMerge(Layer.mergeAll(testDatabase, Health.layer, Given.layer)),
  Layer.provide(Logger.layer([]))
)

const encoder = new TextEncoder()

/** Accepts messages of source 1, in their order. */
export const send = Effect.fnUntraced(function* (...messages: ReadonlyArray<ShortMessage>) {
  const log = yield* EventLog
  yield* Effect.callback<void, unknown>((resume) => {
    const events = messages.map((short) => {
      const full = message(short)
      return { source: 1, dedupKey: full.messageId, body: encoder.encode(JSON.stringify(full)) }
    })
    const done = (error: unknown) => resume(error === undefined ? Effect.void : Effect.fail(error))
    if (!log.offer({ events, receivedAt: Date.now(), done })) done(new Error("the queue of the log is full"))
  })
})

export const until = <E, R>(holds: Effect.Effect<boolean, E, R>) =>
  Effect.asVoid(Effect.repeat(holds, { schedule: Schedule.spaced("5 millis"), until: (is) => is }))

/** Waits until nothing is on its way or uncommitted: every cursor is at the end of the log. */
export const settled = Effect.gen(function* () {
  const log = yield* EventLog
  const { write: sql } = yield* Database
  yield* until(
    Effect.map(
      sql`select 1 from cursors where reader like 'destination:%' and pos < ${log.released()}::float8::bigint`,
      (rows) => rows.length === 0
    )
  )
})

export interface CountRow {
  readonly destination: number
  readonly mapping: string
  readonly step: number
  readonly code: string
  readonly attempts: number
  readonly n: number
}

/** What was counted, events only. */
export const counts = Effect.gen(function* () {
  const { write: sql } = yield* Database
  return yield* sql<CountRow>`select destination, mapping, step::int as step, code, attempts::int as attempts, sum(n)::int as n
    from delivery_fresh where mapping = '' group by 1, 2, 3, 4, 5 order by 1, 3, 4, 5`
})

export const jobs = Effect.gen(function* () {
  const { write: sql } = yield* Database
  const rows = yield* sql<{ destination: number; payload: string; attempts: number; waits: boolean }>`
    select destination, payload, attempts::int as attempts, next_at is null as waits
    from delivery_jobs order by destination, position`
  return rows.map(({ attempts, destination, payload, waits }) => {
    const { messageId } = JSON.parse(payload) as { readonly messageId: string }
    return { destination, message: messageId, attempts, waits }
  })
})

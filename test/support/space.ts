/**
 * A space with everything below the HTTP surface, on the test run's own stores: events go into the real log, the
 * real actor resolves them. `messages` are stored messages in short form; what is left out is filled in.
 */
import { Context, Effect, Layer, Schedule, type Scope } from "effect"
import { randomBytes } from "node:crypto"
import { Settings, type SettingsValue } from "../../src/config.ts"
import type { Message } from "../../src/event/message.ts"
import type { IdentityGraph } from "../../src/identity/graph.ts"
import { LiveGraphs } from "../../src/identity/live-graphs.ts"
import { SpaceActors } from "../../src/identity/space-actors.ts"
import { EventLog } from "../../src/log/event-log.ts"
import { postgresEventLog } from "../../src/log/postgres.ts"
import { base62 } from "../../src/platform/hash.ts"
import { Database } from "../../src/platform/database.ts"
import { Health } from "../../src/platform/health.ts"
import type { RulesDocument } from "../../src/workspace/rules.ts"
import { defaultRules } from "../../src/workspace/rules-document.ts"
import { type Source, type Space, Workspace, type WorkspaceSnapshot } from "../../src/workspace/workspace.ts"
import { testDatabase } from "./database.ts"

export type ShortMessage = Partial<Message> & { readonly [member: string]: unknown }

let n = 0

/** Fills in what every stored message has. */
export const message = (short: ShortMessage, receivedAt = Date.now()): Message => {
  const at = new Date(receivedAt).toISOString()
  return {
    type: "track",
    messageId: `m-${n++}`,
    context: {},
    integrations: {},
    timestamp: at,
    originalTimestamp: at,
    receivedAt: at,
    version: 2,
    channel: "server",
    ...short
  } as Message
}

export class Rig extends Context.Service<
  Rig,
  {
    readonly space: Space
    readonly source: Source
    /** Appends the messages as one request, in order. */
    readonly send: (messages: ReadonlyArray<ShortMessage>) => Effect.Effect<void, unknown>
    /** Waits until the space has resolved everything that was accepted. */
    readonly settled: Effect.Effect<void>
    /** Saves other rules, as a changed configuration file does. */
    readonly setRules: (rules: RulesDocument) => void
  }
>()("braid/test/Rig") {}

const encoder = new TextEncoder()

/** The rig on a fresh database with the given graph; settings as in production unless given. */
export const rig = <E, R>(
  graph: Layer.Layer<IdentityGraph, E, R>,
  options: { readonly settings?: Partial<SettingsValue>; readonly rules?: RulesDocument } = {}
) => {
  const source: Source = {
    no: 1,
    id: "src_web",
    slug: "web",
    name: "Website",
    kind: "website",
    writeKeys: ["wk_web"],
    enabled: true
  }
  const id = `spa_${base62(randomBytes(16), 22)}`
  let space: Space = {
    id,
    slug: "demo",
    name: "Demo",
    kind: "dev",
    sources: [source],
    rules: options.rules ?? defaultRules
  }
  const listeners = new Set<(snapshot: WorkspaceSnapshot) => void>()
  const snapshot = (): WorkspaceSnapshot => ({
    sources: [source],
    sourceByNo: new Map([[1, source]]),
    sourceByWriteKey: new Map([["wk_web", source]]),
    spaces: [space],
    spaceById: new Map([[space.id, space]]),
    tokenByHash: new Map(),
    limits: { requestsPerSecond: 0, messagesPerSecond: 0, spaceEventsPerSecond: 0, profileApiPerSecond: 0 }
  })
  let current = snapshot()
  const workspace = Layer.effect(
    Workspace,
    Effect.gen(function* () {
      const { write: sql } = yield* Database
      yield* sql`insert into sources (no, id) overriding system value values (1, ${source.id}) on conflict do nothing`
      return Workspace.of({
        current: () => current,
        reload: Effect.void,
        onChange: (listener) =>
          Effect.asVoid(
            Effect.acquireRelease(
              Effect.sync(() => listeners.add(listener)),
              () => Effect.sync(() => listeners.delete(listener))
            )
          ) as Effect.Effect<void, never, Scope.Scope>
      })
    }).pipe(Effect.orDie)
  )
  const settings = Layer.effect(
    Settings,
    Effect.map(Settings, (value) => ({ ...value, ...options.settings }))
  ).pipe(Layer.provide(Settings.layer))
  const rigLayer = Layer.effect(
    Rig,
    Effect.gen(function* () {
      const log = yield* EventLog
      const actors = yield* SpaceActors
      return Rig.of({
        get space() {
          return space
        },
        source,
        send: (messages) =>
          Effect.callback<void, unknown>((resume) => {
            const full = messages.map((short) => message(short))
            const taken = log.offer({
              events: full.map((it) => ({
                source: 1,
                dedupKey: it.messageId,
                body: encoder.encode(JSON.stringify(it))
              })),
              receivedAt: Date.now(),
              done: (error) => resume(error === undefined ? Effect.void : Effect.fail(error))
            })
            if (!taken) resume(Effect.fail(new Error("the queue of the log is full")))
          }),
        settled: actors.progress.pipe(
          Effect.repeat({ schedule: Schedule.spaced("5 millis"), until: (all) => all.every((it) => it.lag === 0) }),
          Effect.asVoid
        ),
        setRules: (rules) => {
          space = { ...space, rules }
          current = snapshot()
          for (const listener of listeners) listener(current)
        }
      })
    })
  )
  return rigLayer.pipe(
    Layer.provideMerge(SpaceActors.layer),
    Layer.provideMerge(LiveGraphs.layer),
    Layer.provideMerge(graph),
    Layer.provideMerge(postgresEventLog({ limit: () => 0, queueBytes: 64 * 1024 * 1024 })),
    Layer.provideMerge(workspace),
    Layer.provideMerge(settings),
    Layer.provideMerge(testDatabase),
    Layer.provideMerge(Health.layer)
  )
}

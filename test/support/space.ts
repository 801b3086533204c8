/**
 * A space with everything below the HTTP surface, on the test run's own stores: events go into the real log, the
 * real actor resolves them. `messages` are stored messages in short form; what is left out is filled in.
 */
import { Context, Effect, Layer, Logger, Schedule } from "effect"
import { randomBytes } from "node:crypto"
import { ObjectStore } from "../../src/archive/object-store.ts"
import { Settings, type SettingsValue } from "../../src/config.ts"
import type { Message } from "../../src/event/message.ts"
import type { IdentityGraph } from "../../src/identity/graph.ts"
import { LiveGraphs } from "../../src/identity/live-graphs.ts"
import { readerName } from "../../src/identity/space-store.ts"
import { SpaceActors } from "../../src/identity/space-actors.ts"
import { EventLog } from "../../src/log/event-log.ts"
import { postgresEventLog } from "../../src/log/postgres.ts"
import { base62 } from "../../src/platform/hash.ts"
import { Database } from "../../src/platform/database.ts"
import { Health } from "../../src/platform/health.ts"
import type { RulesDocument } from "../../src/workspace/rules.ts"
import { defaultRules } from "../../src/workspace/rules-document.ts"
import { type Source, type Space, Workspace, type WorkspaceSnapshot } from "../../src/workspace/workspace.ts"
import { forgetLog, testArchive } from "./archive.ts"
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

/** Another appender, whose window has forgotten the message, takes it again; it is from a user who is another one now. */
export const redeliver = Effect.fnUntraced(function* (messageId: string, userId: string) {
  const { write: sql } = yield* Database
  const body = new TextEncoder().encode(JSON.stringify(message({ messageId, userId })))
  yield* sql`with head as (update log_head set pos = pos + 1 returning pos),
    seen as (insert into log_seen select pos, ''::bytea from head)
    insert into events select head.pos, now(), known.source, known.h, ${body} from head,
      (select source, h from events where convert_from(body, 'UTF8')::json ->> 'messageId' = ${messageId} limit 1) known`
})

export class Rig extends Context.Service<
  Rig,
  {
    readonly space: Space
    /** Appends the messages as one request, in order. */
    readonly send: (messages: ReadonlyArray<ShortMessage>) => Effect.Effect<void, unknown>
    /** Waits until the space has resolved everything that was accepted. */
    readonly settled: Effect.Effect<void>
    /** Saves other rules, as a changed configuration file does. */
    readonly setRules: (rules: RulesDocument) => void
    /** Leaves the space for a new, empty one with a source of its own; everything else goes on. */
    readonly enter: (rules: RulesDocument) => Effect.Effect<Space, unknown>
    /** Days go by: what was sent is in the archive only. Waits until the space has resolved it. */
    readonly forgetLog: Effect.Effect<void, unknown>
  }
>()("braid/test/Rig") {}

const encoder = new TextEncoder()

const nameSource = (sql: Database["Service"]["write"], source: Source) =>
  sql`insert into sources (no, id) overriding system value values (${source.no}, ${source.id}) on conflict do nothing`

const sourceOf = (no: number): Source => ({
  no,
  id: `src_${no}`,
  slug: `source-${no}`,
  name: "Website",
  kind: "website",
  writeKeys: [`wk_${no}`],
  enabled: true
})
const spaceOf = (no: number, rules: RulesDocument): Space => {
  const id = `spa_${base62(randomBytes(16), 22)}`
  return { id, slug: `demo-${no}`, name: "Demo", kind: "dev", sources: [sourceOf(no)], rules }
}

/** The rig on a fresh database with the given graph; settings as in production unless given. */
export const rig = <E, R>(
  graph: Layer.Layer<IdentityGraph, E, R>,
  options: { readonly settings?: Partial<SettingsValue>; readonly rules?: RulesDocument } = {}
) => {
  let no = 1
  let space = spaceOf(no, options.rules ?? defaultRules)
  let daysGoneBy = 0
  const listeners = new Set<(snapshot: WorkspaceSnapshot) => void>()
  const snapshot = (): WorkspaceSnapshot => ({
    sources: space.sources,
    sourceByNo: new Map(space.sources.map((source) => [source.no, source])),
    sourceByWriteKey: new Map(),
    spaces: [space],
    spaceById: new Map([[space.id, space]]),
    tokenByHash: new Map(),
    limits: { requestsPerSecond: 0, messagesPerSecond: 0, spaceEventsPerSecond: 0, profileApiPerSecond: 0 }
  })
  let current = snapshot()
  const change = (next: Space) => {
    space = next
    current = snapshot()
    for (const listener of listeners) listener(current)
  }
  const workspace = Layer.effect(
    Workspace,
    Effect.gen(function* () {
      yield* nameSource((yield* Database).write, sourceOf(no))
      return Workspace.of({
        current: () => current,
        reload: Effect.void,
        refresh: Effect.void,
        onChange: (listener) =>
          Effect.asVoid(
            Effect.acquireRelease(
              Effect.sync(() => listeners.add(listener)),
              () => Effect.sync(() => listeners.delete(listener))
            )
          )
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
      const context = yield* Effect.context<Database | EventLog | ObjectStore>()
      const { write: sql } = yield* Database
      const settled = actors.progress.pipe(
        Effect.repeat({ schedule: Schedule.spaced("5 millis"), until: (all) => all.every((it) => it.lag === 0) }),
        Effect.asVoid
      )
      return Rig.of({
        get space() {
          return space
        },
        send: (messages) =>
          Effect.callback<void, unknown>((resume) => {
            const full = messages.map((short) => message(short))
            const taken = log.offer({
              events: full.map((it) => ({
                source: no,
                // As with the scope `source` (ING-64): every space of the rig has a source of its own.
                dedupKey: `${space.sources[0]!.id}\n${it.messageId}`,
                body: encoder.encode(JSON.stringify(it))
              })),
              receivedAt: Date.now(),
              done: (error) => resume(error === undefined ? Effect.void : Effect.fail(error))
            })
            if (!taken) resume(Effect.fail(new Error("the queue of the log is full")))
          }),
        settled,
        forgetLog: Effect.gen(function* () {
          yield* settled
          daysGoneBy += 3
          // Spaces that were left read no more.
          yield* sql`delete from cursors where reader like 'identity:%' and reader <> ${readerName(space.id)}`
          const days = yield* Effect.provide(forgetLog, context)
          if (days.length === 0) return yield* Effect.die(new Error("the log has kept everything"))
        }),
        setRules: (rules) => change({ ...space, rules }),
        enter: (rules) =>
          Effect.gen(function* () {
            no += 1
            yield* nameSource(sql, sourceOf(no))
            change(spaceOf(no, rules))
            return space
          })
      })
    })
  )
  return rigLayer.pipe(
    Layer.provideMerge(SpaceActors.layer),
    Layer.provideMerge(LiveGraphs.layer),
    Layer.provideMerge(graph),
    Layer.provideMerge(testArchive),
    Layer.provideMerge(
      postgresEventLog({
        limit: () => 0,
        queueBytes: 64 * 1024 * 1024,
        now: () => Date.now() + daysGoneBy * 86_400_000
      })
    ),
    Layer.provideMerge(workspace),
    Layer.provideMerge(settings),
    Layer.provideMerge(testDatabase),
    Layer.provideMerge(Health.layer),
    Layer.provide(Logger.layer([]))
  )
}

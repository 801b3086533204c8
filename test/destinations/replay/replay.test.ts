import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Exit, Layer, Scope } from "effect"
import { Settings } from "../../../src/config.ts"
import { eraseJobsAt } from "../../../src/destinations/actors/erase-jobs.ts"
import { compileFilters } from "../../../src/destinations/compiled.ts"
import { replayManagementLive } from "../../../src/destinations/replay/manage.ts"
import { replaysLive } from "../../../src/destinations/replay/owner.ts"
import { type ReplayRequest, Replays, type ReplayState } from "../../../src/destinations/replay/replay.ts"
import { Database } from "../../../src/platform/database.ts"
import type { Source } from "../../../src/workspace/workspace.ts"
import { Workspace } from "../../../src/workspace/workspace.ts"
import { testArchive } from "../../support/archive.ts"
import {
  all,
  counts,
  destinations,
  Given,
  jobs,
  process,
  runner,
  send,
  settled,
  stores,
  until
} from "../../support/delivery.ts"
import { delivered, failed, webhook } from "../actors/world.ts"
import { entry } from "../given.ts"

const source: Source = { no: 1, id: "src_web", slug: "web", name: "Web", kind: "website", writeKeys: [], enabled: true }
const workspace = Layer.mock(Workspace, {
  current: () => ({
    sources: [source],
    sourceByNo: new Map(),
    sourceByWriteKey: new Map(),
    spaces: [],
    spaceById: new Map(),
    tokenByHash: new Map(),
    limits: { messagesPerSecond: 0, requestsPerSecond: 0, spaceEventsPerSecond: 0, profileApiPerSecond: 0 }
  })
})

const management = replayManagementLive.pipe(
  Layer.provide(Layer.merge(destinations, workspace)),
  Layer.provideMerge(testArchive),
  Layer.provideMerge(stores)
)

const settings = Layer.effect(
  Settings,
  Effect.map(Settings, (value) => ({ ...value, retryFirstSeconds: 0.02 }))
).pipe(Layer.provide(Settings.layer))

/** A process that carries replays out, until it is stopped. */
const start = Effect.gen(function* () {
  const scope = yield* Scope.make()
  const process = replaysLive({ commitEveryMs: 5, pollMs: 20, drainMs: 200 }).pipe(
    Layer.provide(Layer.mergeAll(destinations, runner, settings)),
    Layer.fresh
  )
  yield* Layer.buildWithScope(process, scope)
  yield* Effect.addFinalizer(() => Scope.close(scope, Exit.void))
  return Scope.close(scope, Exit.void)
})

/** Requests of a window that has grown by a few hundred successes (DEL-6). */
const mostInFlight = 30

let next = 1
/** A destination of its own for each test. */
const to = (other = {}) => {
  const no = next++
  return webhook({ id: `dst_${no}`, no, name: `Webhook ${no}`, enabled: false, ...other })
}

const hour = 3_600_000
const iso = (ms: number) => new Date(ms).toISOString()
const range = (from: number, to: number) => ({ from, to })
/** Each test has an hour of its own. */
let begin = Date.parse("2026-01-05T12:00:00Z")
const anHour = () => range(begin, (begin += hour))

const asked = (ids: ReadonlyArray<string>, other: Partial<ReplayRequest> & { from: number; to: number }) =>
  ({
    sourceId: "src_web",
    destinationIds: ids,
    events: [],
    mode: "all",
    maxEventsPerSecond: 100_000,
    ...other
  }) satisfies ReplayRequest

const create = (request: ReplayRequest) => Replays.use((replays) => replays.create("owner", request))
const find = (id: string) => Replays.use((replays) => replays.find(id))
const steer = (id: string, how: "pause" | "resume" | "cancel") =>
  Replays.use((replays) => replays.steer("owner", id, how))
const reaches = (id: string, ...states: ReadonlyArray<ReplayState>) =>
  until(Effect.map(find(id), ({ state }) => states.includes(state)))

const many = (n: number, prefix: string, at: number) =>
  Array.from({ length: n }, (_, i) => ({
    messageId: `${prefix}-${i}`,
    userId: `u${i % 5}`,
    timestamp: iso(at + i),
    receivedAt: iso(at + i)
  }))
const ids = (messages: ReadonlyArray<{ readonly messageId: string }>) => messages.map(({ messageId }) => messageId)

layer(management, { excludeTestServices: true, timeout: "30 seconds" })("replays to destinations", (it) => {
  it.effect(
    "AC1-38, AC4-6, AC4-60, AC4-61, AC8-46: a disabled destination gets the gap, oldest first, with original ids and times, and nothing is in Event Delivery",
    () =>
      Effect.gen(function* () {
        const world = yield* Given
        const filters = compileFilters([{ id: "f", fql: 'type = "identify"', actions: [{ type: "DROP" }] }])
        const one = to({ filters, consentCategories: ["ads"] })
        world.set(one)
        const { from, to: end } = anHour()
        const at = (n: number) => ({ timestamp: iso(from + n - 86_400_000), receivedAt: iso(from + n), userId: "u" })
        const consent = { context: { consent: { categoryPreferences: { ads: false } } } }
        yield* send(
          { ...at(3), messageId: "third" },
          { ...at(1), messageId: "first", integrations: { All: false } },
          { ...at(2), messageId: "second", integrations: { [one.entry.name]: false } },
          { ...at(4), messageId: "identified", type: "identify" },
          { ...at(5), messageId: "refused", ...consent },
          { ...at(0), messageId: "before", receivedAt: iso(from - 1) },
          { ...at(0), messageId: "after", receivedAt: iso(end) }
        )
        yield* start
        const { id } = yield* create(asked([one.id], { from, to: end }))
        yield* reaches(id, "done")
        assert.deepStrictEqual(world.told(one.id), ["first", "second", "third"])
        const [first] = world.calls.filter(({ instance }) => instance === one.id)
        assert.include(JSON.parse(first!.events[0]!), { messageId: "first", ...at(1) })
        for (const { events } of world.calls)
          for (const text of events)
            assert.deepStrictEqual((JSON.parse(text) as { integrations: object }).integrations, {
              All: false,
              [one.entry.name]: true
            })
        const view = yield* find(id)
        assert.deepInclude(view, {
          total: 5,
          sent: 3,
          pending: 0,
          failed: [],
          error: null,
          createdBy: "owner",
          filtered: [
            { code: "FILTERED_BY_END_USER_CONSENT", count: 1 },
            { code: "FILTERED_BY_RULES", count: 1 }
          ]
        })
        assert.deepStrictEqual(yield* counts, [])
      }).pipe(Effect.scoped)
  )

  it.effect("DEL-70: only listed types and names; to several destinations", () =>
    Effect.gen(function* () {
      const world = yield* Given
      const [a, b] = [to(), to()]
      world.set(a, b)
      const { from, to: end } = anHour()
      const at = { timestamp: iso(from), receivedAt: iso(from) }
      yield* send(
        { ...at, messageId: "bought", event: "Bought", userId: "u" },
        { ...at, messageId: "seen", event: "Seen", userId: "u" },
        { ...at, messageId: "named", type: "identify", userId: "u" }
      )
      const request = asked([a.id, b.id], {
        from,
        to: end,
        events: [{ type: "track", name: "Bought" }, { type: "identify" }],
        maxEventsPerSecond: undefined
      })
      const estimate = yield* Replays.use((replays) => replays.estimate(request))
      assert.deepStrictEqual(estimate, { total: 4, firstAt: from, lastAt: from })
      yield* start
      const { id } = yield* create(request)
      yield* reaches(id, "done")
      for (const { id } of [a, b]) assert.deepStrictEqual(world.told(id), ["bought", "named"])
      assert.deepInclude(yield* find(id), { total: 4, sent: 4, destinationIds: [a.id, b.id] })
    }).pipe(Effect.scoped)
  )

  it.effect("DEL-2, DEL-73: what fails is tried again in a waiting set of its own, and counted when it has ended", () =>
    Effect.gen(function* () {
      const world = yield* Given
      const one = to()
      world.set(one)
      const { from, to: end } = anHour()
      const messages = many(6, "retried", from)
      yield* send(...messages)
      let calls = 0
      world.answers.set(one.id, (call) => {
        const { messageId } = JSON.parse(call.events[0]!) as { messageId: string }
        if (messageId === "retried-3") return all(failed("400", false))(call)
        return calls++ < 2 ? all(failed("503", true))(call) : all(delivered)(call)
      })
      yield* start
      const { id } = yield* create(asked([one.id], { from, to: end }))
      yield* reaches(id, "done")
      const told = world.told(one.id)
      assert.sameMembers([...new Set(told)], ids(messages))
      assert.strictEqual(told.length, 8)
      // Those of one user stay in their order.
      assert.isBelow(told.lastIndexOf("retried-0"), told.indexOf("retried-5"))
      assert.deepInclude(yield* find(id), { sent: 5, failed: [{ code: "400", count: 1 }], pending: 0 })
      assert.deepStrictEqual(yield* jobs, [])
    }).pipe(Effect.scoped)
  )

  it.effect(
    "ING-174: stopped or killed half-way it goes on where it was: none is lost, only what was not committed comes again",
    () =>
      Effect.gen(function* () {
        const world = yield* Given
        const { write: sql } = yield* Database
        const one = to()
        world.set(one)
        const { from, to: end } = anHour()
        const messages = many(300, "resumed", from)
        yield* send(...messages)
        const gate = yield* Deferred.make<void>()
        const nudge = yield* Deferred.make<void>()
        const again = yield* Deferred.make<void>()
        const answer = (call: Parameters<ReturnType<typeof all>>[0]) => {
          const told = new Set(world.told(one.id)).size
          if (told <= 100) return all(delivered)(call)
          const wait = Deferred.await(told <= 200 ? gate : told === 201 ? nudge : again)
          return Effect.andThen(wait, all(delivered)(call))
        }
        world.answers.set(one.id, answer)
        const stop = yield* start
        const { id } = yield* create(asked([one.id], { from, to: end }))
        yield* until(Effect.sync(() => world.told(one.id).length > 100))
        yield* stop
        const stopped = yield* find(id)
        assert.strictEqual(stopped.state, "running")
        const lost = world.told(one.id).length - stopped.sent
        assert.isAtMost(lost, mostInFlight)
        yield* Deferred.succeed(gate, undefined)
        yield* start
        yield* until(Effect.sync(() => new Set(world.told(one.id)).size > 200))
        yield* until(Effect.map(find(id), ({ sent }) => sent > 150))
        // Nothing of what it has in memory is written any more, as when it is killed.
        const [fenced] = yield* sql<{ epoch: number }>`
          update replay_runs set epoch = epoch + 1 where destination = ${one.no} returning epoch::float8 as epoch`
        // The next answer is one to commit: only then it sees that it must begin again.
        yield* Deferred.succeed(nudge, undefined)
        yield* until(
          sql`select 1 from replay_runs where destination = ${one.no} and epoch > ${fenced!.epoch}::float8::bigint`.pipe(
            Effect.map((rows) => rows.length > 0)
          )
        )
        yield* Deferred.succeed(again, undefined)
        yield* reaches(id, "done")
        const told = world.told(one.id)
        assert.sameMembers([...new Set(told)], ids(messages))
        assert.isAtMost(told.length, 300 + lost + 50 + mostInFlight)
        assert.deepInclude(yield* find(id), { total: 300, sent: 300 })
      }).pipe(Effect.scoped)
  )

  it.effect("DEL-73: paused, resumed, cancelled; what has ended is not steered", () =>
    Effect.gen(function* () {
      const world = yield* Given
      const { write: sql } = yield* Database
      const one = to()
      world.set(one)
      const { from, to: end } = anHour()
      yield* send(...many(60, "steered", from))
      yield* start
      const { id } = yield* create(asked([one.id], { from, to: end, maxEventsPerSecond: 20 }))
      yield* until(Effect.sync(() => world.told(one.id).length >= 20))
      yield* steer(id, "pause")
      // The other one of the same destination has its turn meanwhile.
      const other = yield* create(asked([one.id], { from, to: end, events: [{ type: "identify" }] }))
      yield* reaches(other.id, "done")
      const { sent } = yield* find(id)
      assert.isAtLeast(sent, 20)
      assert.strictEqual(world.told(one.id).length, sent)
      assert.isBelow(sent, 60)
      yield* steer(id, "resume")
      yield* until(Effect.sync(() => world.told(one.id).length > sent))
      world.answers.set(one.id, all(failed("503", true)))
      assert.deepInclude(yield* steer(id, "cancel"), { state: "canceled" })
      yield* until(Effect.map(sql`select 1 from replay_runs where not finished`, (rows) => rows.length === 0))
      assert.deepStrictEqual(yield* jobs, [])
      assert.isBelow(world.told(one.id).length, 60)
      const refused = yield* Effect.flip(steer(id, "resume"))
      assert.include(refused, { code: "REPLAY_STATE" })
      const actions = yield* sql<{
        action: string
      }>`select action from audit where target = ${`replay ${id}`} order by n`
      assert.deepStrictEqual(
        actions.map(({ action }) => action),
        ["Replay Created", "Replay Paused", "Replay Resumed", "Replay Canceled"]
      )
    }).pipe(Effect.scoped)
  )

  it.effect("DEL-74: only what failed", () =>
    Effect.gen(function* () {
      const world = yield* Given
      const one = to({ enabled: true })
      world.set(one)
      const { from, to: end } = anHour()
      world.answers.set(one.id, (call) => all(call.events[0]!.includes("bad") ? failed("400", false) : delivered)(call))
      const scope = yield* Scope.make()
      yield* Layer.buildWithScope(process(), scope)
      const { write: sql } = yield* Database
      yield* until(
        Effect.map(
          sql`select 1 from cursors where reader = ${`destination:${one.no}`} and epoch > 0`,
          (rows) => rows.length > 0
        )
      )
      yield* send(...many(3, "good", from), ...many(2, "bad", from))
      yield* settled
      yield* Scope.close(scope, Exit.void)
      const before = yield* counts
      world.answers.clear()
      world.calls.length = 0
      yield* start
      const { id } = yield* create(asked([one.id], { from, to: end, mode: "failed" }))
      yield* reaches(id, "done")
      assert.sameMembers([...world.told(one.id)], ["bad-0", "bad-1"])
      assert.deepInclude(yield* find(id), { total: 2, sent: 2 })
      assert.deepStrictEqual(yield* counts, before)
    }).pipe(Effect.scoped)
  )

  it.effect("ADM-121: a deletion of people holds it, and takes its waiting jobs; then it goes on by itself", () =>
    Effect.gen(function* () {
      const world = yield* Given
      const { write: sql } = yield* Database
      const one = to()
      world.set(one)
      const { from, to: end } = anHour()
      yield* send(...many(3, "held", from))
      yield* sql`insert into regulations (id, type, status, actor, audit, subjects, created_at, due_at, from_pos, scanned)
        values ('reg_1', 'SUPPRESS_WITH_DELETE', 'RUNNING', 'p', '', 1, now(), now(), 0, 0)`
      const stop = yield* start
      const { id } = yield* create(asked([one.id], { from, to: end }))
      const other = yield* create(asked([one.id], { from, to: end }))
      assert.deepInclude(yield* find(id), { state: "paused", held: true })
      yield* steer(other.id, "cancel")
      yield* until(Effect.map(sql`select 1 from replay_runs where not finished`, (rows) => rows.length === 1))
      assert.deepStrictEqual(world.told(one.id), [])
      world.answers.set(one.id, all(failed("503", true)))
      yield* sql`update regulations set status = 'FINISHED', finished_at = now()`
      yield* until(Effect.map(jobs, (rows) => rows.length === 3))
      yield* stop
      // Where the event lies in the log, not in the replay.
      const rows = yield* sql<{ at: number }>`select log_position::float8 as at from delivery_jobs order by position`
      yield* eraseJobsAt(
        sql,
        rows.slice(0, 2).map(({ at }) => at)
      )
      world.answers.clear()
      yield* start
      yield* reaches(id, "done")
      assert.deepInclude(yield* find(id), { total: 3, sent: 1 })
    }).pipe(Effect.scoped)
  )

  it.effect("a destination that is deleted ends its replay, and says so", () =>
    Effect.gen(function* () {
      const world = yield* Given
      const one = to()
      world.set(one)
      const { from, to: end } = anHour()
      yield* send(...many(3, "gone", from))
      world.answers.set(one.id, all(failed("503", true)))
      yield* start
      const { id } = yield* create(asked([one.id], { from, to: end }))
      yield* until(Effect.sync(() => world.told(one.id).length > 0))
      world.set()
      yield* reaches(id, "failed")
      assert.include((yield* find(id)).error, "deleted")
      assert.deepStrictEqual(yield* jobs, [])
    }).pipe(Effect.scoped)
  )

  it.effect.each([
    ["another source's", to({ sourceId: "src_b" }), {}, "REPLAY_NOT_CONNECTED"],
    ["none", undefined, {}, "REPLAY_NOT_CONNECTED"],
    ["in device mode", to({ connectionMode: "device" }), {}, "REPLAY_DEVICE_MODE"],
    ["without times", to({ entry: entry({ replay: false }) }), {}, "REPLAY_NOT_SUPPORTED"],
    ["raw logs", to({ entry: entry({ kind: "storage" }) }), {}, "REPLAY_NOT_SUPPORTED"],
    ["backwards", to(), { to: 0 }, "REPLAY_RANGE"],
    ["in the future", to(), range(Date.now() + hour, Date.now() + 2 * hour), "REPLAY_RANGE"],
    ["an odd type", to(), { events: [{ type: "odd" }] }, "VALIDATION_FAILED"],
    ["no rate", to(), { maxEventsPerSecond: 0 }, "VALIDATION_FAILED"]
  ] as const)("DEL-75: refused, a destination that is %s", ([, one, other, code]) =>
    Effect.gen(function* () {
      const world = yield* Given
      world.set(...(one === undefined ? [] : [one]))
      const refused = yield* Effect.flip(create(asked([one?.id ?? "dst_none"], { ...range(1, 2), ...other })))
      assert.include(refused, { code })
    })
  )
})

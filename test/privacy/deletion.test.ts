/** Deletion of people: the whole way of a regulation on real stores, with both graphs, with kills between its steps. */
import { layer } from "@effect/vitest"
import { Effect, Exit, Layer, Schedule } from "effect"
import { assert, describe } from "vitest"
import { makeExporter } from "../../src/archive/exporter.ts"
import { makeExplain } from "../../src/identity/explain/service.ts"
import { neo4jGraphOn } from "../../src/identity/graph-neo4j.ts"
import { postgresGraph } from "../../src/identity/graph-postgres.ts"
import { IdentityGraph } from "../../src/identity/graph.ts"
import { LiveGraphs } from "../../src/identity/live-graphs.ts"
import { spaceSchema } from "../../src/identity/schema.ts"
import { makeRunner } from "../../src/identity/what-if/runner.ts"
import { History } from "../../src/archive/history.ts"
import { Database } from "../../src/platform/database.ts"
import { sha256Hex } from "../../src/platform/hash.ts"
import { makeDeletions } from "../../src/privacy/deletions.ts"
import {
  createRegulation,
  findRegulation,
  type NewRegulation,
  pendingDeletions
} from "../../src/workspace/manage-regulations.ts"
import { readAudit } from "../../src/workspace/audit.ts"
import { defaultRules } from "../../src/workspace/rules-document.ts"
import { type IsSuppressed, Suppressions } from "../../src/workspace/suppressions.ts"
import { pictureOf } from "../support/graph-picture.ts"
import { runNeo4j, testNeo4j } from "../support/neo4j.ts"
import { writeSamples } from "../../src/delivery/samples.ts"
import { searchEverything } from "../support/search-everything.ts"
import { redeliver, Rig, rig, type ShortMessage } from "../support/space.ts"
import { planned, rebuilt as replaced } from "../identity/generations/support.ts"
import { ask, audits, begin, look, more } from "../identity/operations/support.ts"

const rules = { ...defaultRules, identifiers: defaultRules.identifiers.map((row) => ({ ...row, limit: 50 })) }
const limits = { quota: 0, maxSuppressed: 1000, delayMs: 0 }

/** Whom the process knows to be suppressed. */
let suppressed: IsSuppressed | undefined
const suppressions = Layer.succeed(Suppressions, { current: () => suppressed, refresh: Effect.void })

const archived = Effect.gen(function* () {
  const exporter = yield* makeExporter()
  yield* exporter.register
  yield* exporter.takeOver
  yield* exporter.round(true)
})

const ordered = (type: NewRegulation["type"], ...userIds: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const { write: sql } = yield* Database
    return yield* createRegulation(sql, "token:owner", { type, source: null, userIds }, limits)
  })

const found = (id: string) =>
  Effect.gen(function* () {
    const { write: sql } = yield* Database
    return (yield* findRegulation(sql, id, 0))!
  })

/** Carries out what is due until the regulation has ended. */
const ended = Effect.fnUntraced(function* (id: string) {
  const { start, round } = yield* makeDeletions(0)
  return yield* start.pipe(
    Effect.andThen(round),
    Effect.andThen(found(id)),
    Effect.repeat({ schedule: Schedule.spaced("20 millis"), until: ({ finishedAt }) => finishedAt !== null })
  )
})

const rebuilt = Effect.gen(function* () {
  const { space } = yield* Rig
  const { write: sql } = yield* Database
  const [row] = yield* sql<{ id: number }>`
    insert into space_operations (space, kind) values (${space.id}, 'rebuild') returning id::float8 as id`
  const [done] = yield* sql<{ error: string | null }>`
    select error from space_operations where id = ${row!.id}::float8::bigint and finished_at is not null`.pipe(
    Effect.repeat({ schedule: Schedule.spaced("20 millis"), until: (rows) => rows.length > 0 })
  )
  assert.isNull(done!.error)
})

/** The same from the history: a generation of its own, under the rules in force. */
const replacedByItself = Effect.gen(function* () {
  const done = yield* replaced(yield* planned(rules))
  assert.isNull(done.error)
})

/** In the one space of the suite; a new space is only made where another one has to be left. */
const tell = Effect.fnUntraced(function* (messages: ReadonlyArray<ShortMessage>) {
  const { space } = yield* Rig
  yield* space.rules === rules ? more(messages) : begin(messages, rules)
})

/** Everything that the graph says of who is left. */
const picture = Effect.gen(function* () {
  const { space } = yield* Rig
  return yield* pictureOf((yield* LiveGraphs).graphOf(space.id))
})

const issued = (...segmentIds: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const { space } = yield* Rig
    const graph = yield* IdentityGraph
    return [...(yield* graph.issued((yield* LiveGraphs).graphOf(space.id), segmentIds))].sort()
  })

/** Erin on a phone and a laptop, which merge; Otto, who is somebody else; both in a group. All that is Erin's says `erin`. */
const story = (erin: string, otto: string) => [
  { type: "identify" as const, anonymousId: `${erin}-phone`, traits: { email: `${erin}@x.io`, name: `${erin} first` } },
  { type: "identify" as const, anonymousId: `${erin}-laptop`, userId: erin, traits: { plan: `${erin} pro` } },
  { type: "identify" as const, userId: otto, anonymousId: `${otto}-phone`, traits: { email: `${otto}@x.io` } },
  { type: "track" as const, event: "Signed In", userId: erin, anonymousId: `${erin}-phone`, properties: { a: 1 } },
  { type: "group" as const, userId: erin, groupId: `group of ${otto}`, traits: { name: "Group" } },
  { type: "group" as const, userId: otto, groupId: `group of ${otto}` },
  { type: "track" as const, event: "Bought", userId: `${erin}-second`, anonymousId: `${erin}-laptop` },
  { type: "track" as const, event: "Bought", userId: otto, properties: { what: "a hat" } },
  { type: "alias" as const, userId: `${otto}-new`, previousId: erin }
]

const toldRaw = (erin: string) => ({ type: "track" as const, event: "A", userId: erin, messageId: `raw-${erin}` })

const suite = <E>(adapter: string, graph: Layer.Layer<IdentityGraph, E, Database>) =>
  layer(rig(graph, { settings: { dedupScope: "source" } }).pipe(Layer.provide(suppressions)), {
    excludeTestServices: true,
    timeout: "60 seconds"
  })(`deletion, ${adapter}`, (it) => {
    it.effect("AC2-23, IDR-162, PRV-8: nothing is left of the person, and of everybody else everything", () =>
      Effect.gen(function* () {
        yield* tell(story("erin1", "otto1").map((each, n) => ({ ...each, messageId: `first-${n}` })))
        yield* archived
        yield* more([{ type: "track", event: "After", userId: "erin1", properties: { note: "erin1 again" } }])
        const erin = (yield* look("user_id:erin1"))!
        const otto = yield* look("user_id:otto1")
        const group = yield* look("group_id:group of otto1")
        assert.strictEqual(erin.merges, 1)
        assert.isAbove((yield* searchEverything("erin1")).length, 4)

        // What the debugger shows of her: a message that was refused.
        yield* (yield* Database).write`insert into live_events (source, at, status, one_in, body)
          values (1, now(), 1, 1, ${JSON.stringify({ type: "track", userId: " erin1" })})`
        // Samples of deliveries: of a message that names her, and of one that is only hers.
        const sampled = {
          destination: 1,
          source: 1,
          step: "failed_delivery",
          code: "400",
          state: "discarded",
          mapping: ""
        } as const
        const when = { at: Date.now(), receivedAt: Date.now(), message: "erin1 is wrong", exchanges: [] }
        yield* writeSamples((yield* Database).write, [
          { ...sampled, ...when, sent: JSON.stringify({ type: "track", messageId: "x", userId: "erin1" }) },
          { ...sampled, ...when, sent: JSON.stringify({ type: "track", messageId: "first-0", event: "Anonymous" }) }
        ])
        // A word that she can be found by.
        const { id: spaceId } = (yield* Rig).space
        yield* (yield* Database).write.unsafe(
          `insert into profile_words select $1, 'erin1 first', s.profile from ${spaceSchema(spaceId)}.stamps s order by s.pos limit 1`,
          [spaceId]
        )
        const id = yield* ordered("DELETE_INTERNAL", "erin1")
        assert.strictEqual(yield* pendingDeletions((yield* Database).write), 1)
        assert.include(yield* ended(id), { status: "FINISHED", error: null, subjects: 1 })

        assert.deepStrictEqual(yield* searchEverything("erin1"), [])
        assert.isNull(yield* look(erin.segmentId))
        assert.isNull(yield* look("user_id:erin1"))
        assert.isNull(yield* look("email:erin1@x.io"))
        assert.deepStrictEqual(yield* look("user_id:otto1"), otto)
        assert.include(yield* look("group_id:group of otto1"), { segmentId: group!.segmentId, events: 1 })
        assert.deepStrictEqual(yield* issued(erin.segmentId), [erin.segmentId])
        assert.strictEqual(yield* pendingDeletions((yield* Database).write), 0)

        const before = yield* picture
        yield* rebuilt
        assert.deepStrictEqual(yield* picture, before)
        assert.deepStrictEqual(yield* issued(erin.segmentId), [erin.segmentId])
        assert.deepStrictEqual(yield* searchEverything("erin1"), [])
      })
    )

    it.effect("PRV-8: the audit trail keeps that it happened, with the hash of whom", () =>
      Effect.gen(function* () {
        const { write: sql } = yield* Database
        const [row] = yield* sql<{ after: string; action: string }>`
          select action, after from audit where space is null and action = 'Workspace Regulation Created' order by n desc limit 1`
        assert.deepInclude(JSON.parse(row!.after), { subjectIds: [sha256Hex("erin1")] })
        const [erased] = yield* audits
        assert.include(erased, { action: "Profile Erased" })
      })
    )

    it.effect("IDR-182, IDR-193: neither an explanation nor a generation made of the history brings her back", () =>
      Effect.gen(function* () {
        const { id: spaceId } = (yield* Rig).space
        const otto = (yield* look("user_id:otto1"))!
        // What is known of a message of hers, to somebody who has its id.
        const explain = yield* makeExplain(yield* History)
        const told = yield* explain.ofMessage(spaceId, "first-1")
        assert.deepInclude(told, { action: "erased", dryRun: false, profile: null, violations: [], successes: [] })
        assert.deepInclude(told!.steps.at(-1), { kind: "DROP_CHECK" })
        assert.deepInclude(told!.steps.at(-1)!.data, { check: "deletion", reason: "erased" })

        // A generation that is made of the history does not know her either.
        yield* replacedByItself
        assert.isNull(yield* look("user_id:erin1"))
        assert.deepInclude(yield* look("user_id:otto1"), { segmentId: otto.segmentId, ids: otto.ids })
        assert.strictEqual((yield* explain.ofMessage(spaceId, "first-1"))?.action, "erased")
        assert.deepStrictEqual(yield* searchEverything("erin1"), [])
      })
    )

    it.effect(
      "IDR-132, PRV-8: a redelivery that names the person takes nothing from whoever sent the message first",
      () =>
        Effect.gen(function* () {
          yield* tell([
            { type: "identify", userId: "erin20" },
            { type: "track", event: "Bought", userId: "otto20", messageId: "otto20-bought" }
          ])
          yield* redeliver("otto20-bought", "erin20")
          yield* more([{ type: "track", event: "After", userId: "otto20" }])
          yield* ended(yield* ordered("DELETE_INTERNAL", "erin20"))
          assert.isNull(yield* look("user_id:erin20"))
          assert.include(yield* look("user_id:otto20"), { events: 2 })
        })
    )

    it.effect("PRV-8: messages that name somebody without a profile leave those who got them", () =>
      Effect.gen(function* () {
        yield* tell([
          { type: "identify", userId: "otto21" },
          { type: "alias", userId: "otto21", previousId: "erin21" }
        ])
        assert.isNull(yield* look("user_id:erin21"))
        assert.include(yield* ended(yield* ordered("DELETE_INTERNAL", "erin21")), { status: "FINISHED" })
        assert.include(yield* look("user_id:otto21"), { events: 1 })
      })
    )

    it.effect("PRV-10, IDR-163: late duplicates stay away, new data makes a new profile with a new id", () =>
      Effect.gen(function* () {
        const first = { type: "identify" as const, userId: "erin2", traits: { a: 1 }, messageId: "erin2-first" }
        yield* tell([first])
        const was = (yield* look("user_id:erin2"))!
        yield* ended(yield* ordered("DELETE_INTERNAL", "erin2"))
        yield* more([first])
        assert.isNull(yield* look("user_id:erin2"))
        yield* more([{ type: "track", event: "Back", userId: "erin2" }])
        const is = (yield* look("user_id:erin2"))!
        assert.notStrictEqual(is.segmentId, was.segmentId)
        assert.include(is, { events: 1 })
        assert.deepStrictEqual(is.traits, {})
      })
    )

    it.effect("IDR-162: what was split off, removed and merged back leaves the journal, too", () =>
      Effect.gen(function* () {
        yield* tell(story("erin3", "otto3"))
        yield* more([
          { type: "identify", userId: "otto3", traits: { email: "erin3-shared@x.io" } },
          { type: "identify", userId: "otto3", traits: { email: "erin3-old@x.io" } }
        ])
        const otto = (yield* look("user_id:otto3"))!
        // Two of Otto's identifiers are Erin's after all: they go to a profile of their own, which she then merges with.
        const ids = ["erin3-shared@x.io", "erin3-old@x.io"].map((id) => ({ type: "email", id }))
        yield* ask("split", { profile: otto.segmentId, identifiers: ids, keepApart: false }, "erin3 said so")
        yield* more([{ type: "identify", userId: "erin3", context: { traits: { email: "erin3-shared@x.io" } } }])
        yield* ask("delete_identifier", { userId: "erin3", identifier: { type: "email", id: "erin3-old@x.io" } })
        const erin = (yield* look("user_id:erin3"))!
        assert.strictEqual(erin.merges, 2)
        assert.include(erin.ids, "email:erin3-shared@x.io")
        const left = yield* look("user_id:otto3")

        assert.include(yield* ended(yield* ordered("DELETE_INTERNAL", "erin3")), { status: "FINISHED" })
        // Otto's own messages named these addresses, and stay, with the trait that they wrote.
        const remains = yield* searchEverything("erin3")
        assert.deepStrictEqual(
          remains.filter((place) => !/public\.events|\.traits/.test(place)),
          []
        )
        assert.deepStrictEqual(yield* look("user_id:otto3"), left)
        const before = yield* picture
        yield* rebuilt
        assert.deepStrictEqual(yield* picture, before)
      })
    )

    it.effect("PRV-8: killed between any two steps, the next one to come finishes it", () =>
      Effect.gen(function* () {
        yield* tell(story("erin4", "otto4"))
        yield* archived
        const otto = yield* look("user_id:otto4")
        const id = yield* ordered("SUPPRESS_WITH_DELETE_INTERNAL", "erin4")
        const whole = yield* makeDeletions(0)
        yield* whole.start
        const history = yield* History
        let erasures = 0
        const dying = Layer.succeed(History, {
          ...history,
          read: (query) => (erasures === 0 ? Effect.die(new Error("killed while looking")) : history.read(query)),
          erase: (positions) =>
            Effect.andThen(history.erase(positions), Effect.die(new Error(`killed after erasing ${++erasures}`)))
        })
        // Dies while it looks for messages; then after they are gone and before that is noted.
        for (const kill of [0, 1]) {
          erasures = kill
          const { round } = yield* makeDeletions(0).pipe(Effect.provide(dying))
          assert.isTrue(Exit.isFailure(yield* Effect.exit(round)))
        }
        assert.include(yield* found(id), { status: "RUNNING" })
        assert.include(yield* ended(id), { status: "FINISHED" })
        assert.deepStrictEqual(
          (yield* searchEverything("erin4")).filter((place) => !place.includes("suppressed_users")),
          []
        )
        assert.deepStrictEqual(yield* look("user_id:otto4"), otto)
        // Asked for once more: nothing else happens.
        assert.include(yield* ended(yield* ordered("DELETE_INTERNAL", "erin4")), { status: "FINISHED" })
        assert.deepStrictEqual(yield* look("user_id:otto4"), otto)
      })
    )

    it.effect(
      "W-50, AC8-31, IDR-160: who is suppressed is not resolved and not archived, also when the log has the message already",
      () =>
        Effect.gen(function* () {
          const { write: sql } = yield* Database
          yield* tell([{ type: "identify", userId: "erin6", traits: { first: "before" } }])
          const before = yield* look("user_id:erin6")
          const id = yield* ordered("SUPPRESS_ONLY", "erin6")
          suppressed = (userId) => userId === "erin6"
          // As if the door had not known yet.
          yield* more([
            { type: "track", event: "late of erin6", userId: "erin6", anonymousId: "erin6-phone" },
            { type: "track", event: "E", anonymousId: "somebody" }
          ])
          yield* archived
          assert.deepStrictEqual(yield* look("user_id:erin6"), before)
          assert.isNull(yield* look("anonymous_id:erin6-phone"))
          // Neither does a generation that is made of the history, in which the message still is.
          assert.isAbove((yield* searchEverything("late of erin6")).length, 0)
          yield* replacedByItself
          assert.deepInclude(yield* look("user_id:erin6"), { ids: before!.ids, events: 1 })
          assert.isNull(yield* look("anonymous_id:erin6-phone"))

          const { id: spaceId } = (yield* Rig).space
          const explain = yield* makeExplain(yield* History).pipe(Effect.provide(suppressions))
          const hidden: ReadonlyArray<object> = [
            { type: "track", event: "E", userId: " erin6 " },
            { type: "alias", userId: "new", previousId: "erin6" },
            {
              type: "track",
              event: "E",
              anonymousId: "x",
              context: {
                externalIds: [{ id: "erin6", type: "user_id", collection: "users", encoding: "none" }]
              }
            }
          ]
          for (const event of hidden) {
            const told = yield* explain.dryRun(spaceId, event)
            assert.deepInclude(told, { action: "dropped", dryRun: true, profile: null, account: null })
            assert.deepStrictEqual(
              told.steps.map(({ kind, data }) => ({ kind, data })),
              [{ kind: "DROP_CHECK", data: { check: "door", dropped: true, reason: "suppressed" } }]
            )
          }
          const free = yield* explain.dryRun(spaceId, { type: "track", event: "E", anonymousId: "erin6" })
          assert.strictEqual(free.action, "create")
          suppressed = undefined
          assert.isNotNull(yield* look("anonymous_id:somebody"))
          const s = spaceSchema(spaceId)
          const drops = yield* sql.unsafe(
            `select count::int as count, (select count(*)::int from ${s}.dropped d where d.reason = r.reason) as told from ${s}.drops r
               where reason = 'suppressed'`
          )
          assert.deepStrictEqual(drops, [{ count: 1, told: 0 }])
          assert.include(yield* ended(id), { status: "FINISHED" })
          assert.deepStrictEqual(yield* searchEverything("late of erin6"), [])
          assert.isAbove((yield* searchEverything("before")).length, 0)
        })
    )

    it.effect("PRV-1, RAW-7: deletions that are forwarded reach raw logs, the others do not", () =>
      Effect.gen(function* () {
        const { write: sql } = yield* Database
        yield* sql`insert into raw_logs (destination, source, active, pos) select n, n, true, 0 from generate_series(1, 9) n`
        const noted = Effect.map(
          sql<{ id: string }>`select message_id as id from raw_log_erasures order by message_id`,
          (rows) => rows.map(({ id }) => id)
        )
        yield* tell(["erin8", "erin9"].map(toldRaw))
        assert.include(yield* ended(yield* ordered("DELETE_INTERNAL", "erin8")), { status: "FINISHED" })
        assert.deepStrictEqual(yield* noted, [])
        assert.include(yield* ended(yield* ordered("DELETE_ONLY", "erin9")), { status: "FINISHED" })
        assert.deepStrictEqual(yield* noted, ["raw-erin9"])
        yield* sql`truncate raw_logs, raw_log_erasures`
      })
    )

    it.effect("PRV-1: DELETE_ARCHIVE_ONLY takes the messages and leaves the profile; another space is left alone", () =>
      Effect.gen(function* () {
        yield* tell(story("erin5", "otto5"))
        yield* archived
        const erin = yield* look("user_id:erin5")
        const audited = yield* audits
        assert.include(yield* ended(yield* ordered("DELETE_ARCHIVE_ONLY", "erin5")), { status: "FINISHED" })
        assert.deepStrictEqual(yield* look("user_id:erin5"), erin)
        const left = (yield* searchEverything("erin5 pro")).filter((place) => !place.includes(".traits"))
        assert.deepStrictEqual(left, [])
        assert.deepStrictEqual(yield* audits, audited)
      })
    )

    it.effect("IDR-162: a space that has left the configuration is reached, with everything beside it", () =>
      Effect.gen(function* () {
        const { write: sql } = yield* Database
        const graph = yield* IdentityGraph
        const graphs = yield* LiveGraphs
        yield* begin(story("erin7", "otto7"), rules)
        const otto = (yield* look("user_id:otto7"))!
        // The former generation has her, too, and so has what a what-if run left whose process died.
        yield* replacedByItself
        const { id: left } = (yield* Rig).space
        const [run] = yield* sql<{ n: number }>`
            insert into what_if_runs (id, space, state, rules, base_version, reapply, actor, created_at, touched_at, shadow)
            values ('wif_dead', ${left}, 'failed', '{}', 1, true, 'test', now(), now() - interval '1 minute', true) returning n::float8 as n`
        const shadow = `${left}.${500_000_000 + run!.n * 2}`
        const from = yield* graph.open(shadow)
        yield* graph.apply(shadow, from, {
          position: 3,
          profiles: [{ no: 6, segmentId: otto.segmentId, createdAt: 0, source: 1, messageId: "erin7-m" }],
          mappings: [
            {
              collection: "users",
              type: "user_id",
              value: "erin7",
              profile: 6,
              addedAt: 0,
              source: 1,
              messageId: "m"
            }
          ],
          merges: [],
          links: []
        })
        yield* begin([{ type: "identify", userId: "erin7", traits: { name: "erin7 here" } }], rules)
        yield* Effect.forkScoped(yield* makeRunner)
        assert.include(yield* ended(yield* ordered("DELETE_INTERNAL", "erin7")), { status: "FINISHED", error: null })
        assert.deepStrictEqual(yield* searchEverything("erin7"), [])
        const [still] = yield* graph.find(graphs.graphOf(left), "users", [{ segmentId: otto.segmentId }])
        assert.strictEqual(still?.segmentId, otto.segmentId)
        const [erased] = yield* readAudit(sql, { spaceId: left, limit: 1 })
        assert.include(erased, { action: "Profile Erased" })
        // Asked for again, it has nothing to do there.
        assert.include(yield* ended(yield* ordered("DELETE_INTERNAL", "erin7")), { status: "FINISHED", error: null })
      })
    )
  })

suite("the Postgres graph", postgresGraph)

const neo4j = await runNeo4j()
describe.skipIf(neo4j === undefined)("with Neo4j", () => {
  const address = neo4j ?? { url: "bolt://127.0.0.1:1", user: "", password: "" }
  suite("the Neo4j graph", neo4jGraphOn.pipe(Layer.provideMerge(testNeo4j(address))))
})

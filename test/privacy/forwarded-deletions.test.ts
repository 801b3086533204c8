/** Deletions that are passed on to destinations: who is asked, how often, and what the regulation says of it. */
import { layer } from "@effect/vitest"
import { Effect, Layer, Schedule } from "effect"
import { assert } from "vitest"
import { DestinationRunner, type Outcome } from "../../src/catalog/runner.ts"
import { type Destination, Destinations } from "../../src/destinations/destination.ts"
import { postgresGraph } from "../../src/identity/graph-postgres.ts"
import { Database } from "../../src/platform/database.ts"
import { makeDeletions } from "../../src/privacy/deletions.ts"
import { makeForwarder, readForwarded } from "../../src/privacy/forwarded-deletions.ts"
import { createRegulation, findRegulation } from "../../src/workspace/manage-regulations.ts"
import type { RegulationType } from "../../src/workspace/regulation.ts"
import { destination, entry } from "../destinations/given.ts"
import { Rig, rig } from "../support/space.ts"

const deletes = entry({ deletesUsers: true })
const all: ReadonlyArray<Destination> = [
  destination({}, { id: "dst_1", no: 1, name: "Can", entry: deletes, sourceId: "src_1" }),
  destination({}, { id: "dst_2", no: 2, name: "Cannot", sourceId: "src_1" }),
  destination({}, { id: "dst_3", no: 3, name: "Off", entry: deletes, enabled: false, sourceId: "src_1" })
]

const asked: Array<string> = []
let answer: (userId: string) => Outcome = () => ({ kind: "delivered" })

const nothing = Effect.die(new Error("not asked for in these tests"))
const destinations = Layer.merge(
  Layer.succeed(Destinations, {
    current: () => ({ version: 1, all, byId: new Map(all.map((one) => [one.id, one])), bySource: new Map() }),
    refresh: Effect.void,
    onChange: () => Effect.void,
    storeTokens: () => Effect.void
  }),
  Layer.succeed(DestinationRunner, {
    call: () => nothing,
    testAuthentication: () => nothing,
    choices: () => nothing,
    hook: () => nothing,
    deleteUser: ({ instance }, { userId }) =>
      Effect.sync(() => {
        asked.push(`${instance} ${userId}`)
        return answer(userId)
      })
  })
)

const limits = { quota: 0, maxSuppressed: 1000, delayMs: 0 }

/** Carries the regulation out; every delay is over at once. */
const carriedOut = Effect.fnUntraced(function* (type: RegulationType, ...userIds: ReadonlyArray<string>) {
  const { write: sql } = yield* Database
  const id = yield* createRegulation(sql, "token:owner", { type, source: null, userIds }, limits)
  const { round, start } = yield* makeDeletions(0, () => all)
  const forward = yield* makeForwarder
  const regulation = yield* Effect.gen(function* () {
    yield* start
    yield* round
    yield* sql`update regulation_destinations set next_at = now() - interval '1 second' where status = 'RUNNING'`
    yield* forward
    return (yield* findRegulation(sql, id, 0))!
  }).pipe(Effect.repeat({ schedule: Schedule.spaced("10 millis"), until: ({ finishedAt }) => finishedAt !== null }))
  const told = yield* readForwarded(sql, regulation.n)
  return {
    status: regulation.status,
    destinations: told.map(({ error, name, status }) => `${name} ${status} ${error}`.trim())
  }
})

layer(Layer.merge(rig(postgresGraph), destinations), { excludeTestServices: true })("forwarded deletions", (it) => {
  it.effect(
    "AC8-32, DST-113: who can delete is asked for each subject; who cannot does not lower the total; waiting jobs go",
    () =>
      Effect.gen(function* () {
        const { send, settled } = yield* Rig
        const { write: sql } = yield* Database
        yield* send([
          { messageId: "a", userId: "u1" },
          { messageId: "b", userId: "u1" },
          { messageId: "c", userId: "u9" }
        ])
        yield* settled
        yield* sql`insert into delivery_jobs (destination, position, mapping, key, source, payload, attempts, next_at, received_at, event_type,
          event_name, app_version, user_id, several, failed, last_code)
        select 1, pos, 'm', 'u ' || (convert_from(body, 'UTF8')::json ->> 'userId'), source, convert_from(body, 'UTF8'), 1, now(), now(), 'track', '', '',
          convert_from(body, 'UTF8')::json ->> 'userId', false, false, '500' from events`
        assert.deepStrictEqual(yield* carriedOut("SUPPRESS_WITH_DELETE", "u1", "u2"), {
          status: "FINISHED",
          destinations: ["Can FINISHED", "Cannot NOT_SUPPORTED", "Off NOT_SUPPORTED The destination is disabled."]
        })
        assert.deepStrictEqual(asked, ["dst_1 u1", "dst_1 u2"])
        const left = yield* sql<{ user: string }>`select user_id as user from delivery_jobs`
        assert.deepStrictEqual(left, [{ user: "u9" }])
      })
  )

  it.effect(
    "AC8-33: one that goes on failing makes it PARTIAL_SUCCESS, and says why; what succeeded is not asked again",
    () =>
      Effect.gen(function* () {
        asked.length = 0
        answer = (userId) =>
          userId === "u4" ? { kind: "failed", code: "500", message: "down", retry: true } : { kind: "delivered" }
        const { destinations, status } = yield* carriedOut("DELETE_ONLY", "u3", "u4")
        assert.strictEqual(status, "PARTIAL_SUCCESS")
        assert.strictEqual(destinations[0], "Can FAILED 500: down")
        assert.deepStrictEqual(asked, ["dst_1 u3", ...Array.from({ length: 5 }, () => "dst_1 u4")])
      })
  )

  it.effect("internal deletions ask nobody", () =>
    Effect.gen(function* () {
      asked.length = 0
      const { destinations, status } = yield* carriedOut("DELETE_INTERNAL", "u5")
      assert.deepStrictEqual([status, destinations, asked], ["FINISHED", [], []])
    })
  )
})

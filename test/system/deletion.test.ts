/** `kill -9` of the whole service in the middle of a deletion (PRV-8): the next one finishes it, and nothing is left anywhere. */
import { Effect, Redacted, Schedule } from "effect"
import { join } from "node:path"
import { expect, it } from "vitest"
import { folderObjectStore } from "../../src/archive/object-folder.ts"
import { connectDatabase } from "../../src/platform/database-layer.ts"
import { Database } from "../../src/platform/database.ts"
import { findRegulation } from "../../src/workspace/manage-regulations.ts"
import { freshDatabase } from "../support/database.ts"
import { searchEverything } from "../support/search-everything.ts"
import { configuration, Service } from "./support/service.ts"

/** Each is held by the test, until the service waits for it there: in the middle of erasing, and of removing messages. */
const holds = [
  { table: "profile_words", hold: "access exclusive", wanted: "ShareRowExclusiveLock" },
  { table: "events", hold: "share", wanted: "RowExclusiveLock" }
] as const

const soon = <A, E>(what: Effect.Effect<A, E>, is: (value: A) => boolean) =>
  what.pipe(Effect.repeat({ schedule: Schedule.spaced("10 millis"), until: is }), Effect.timeout("30 seconds"))

it("PRV-8, IDR-162: killed while it erases and while it removes messages, the deletion is finished by the next", () =>
  Effect.gen(function* () {
    const url = yield* freshDatabase
    const database = yield* connectDatabase(url, { embedded: false })
    const { write: sql } = database
    const owner = { name: "owner", secret: "pt_owner", scopes: ["workspace:admin"] }
    const env = { BRAID_DATABASE_URL: Redacted.value(url), BRAID_REGULATION_DELAY_SECONDS: "0" }
    const service = yield* Effect.acquireRelease(
      Effect.promise(() => new Service({ config: { tokens: [...configuration.tokens, owner] }, env }).start()),
      (it) => Effect.promise(() => it.dispose())
    )
    const call = (path: string, body: object) =>
      Effect.promise(async () => {
        const headers = { authorization: "Bearer pt_owner", "content-type": "application/json" }
        const response = await fetch(`${service.url}/public-api/${path}`, {
          method: "POST",
          headers,
          body: JSON.stringify(body)
        })
        return (await response.json()) as { readonly data: { readonly regulateId: string } }
      })

    yield* Effect.promise(() =>
      service.batch([
        { type: "identify", userId: "erin", anonymousId: "erin-phone", traits: { email: "erin@x.io" } },
        { type: "track", event: "Seen", anonymousId: "erin-phone" },
        { type: "group", userId: "erin", groupId: "all", traits: { name: "All" } },
        { type: "group", userId: "otto", groupId: "all" },
        { type: "identify", userId: "otto", traits: { email: "otto@x.io" } }
      ])
    )
    yield* Effect.promise(() => service.settled())
    const otto = () => Effect.promise(() => service.profile("user_id:otto/traits"))
    const before = yield* otto()
    expect(before.status).toBe(200)

    const { regulateId } = (yield* call("regulations", {
      regulationType: "DELETE_INTERNAL",
      subjectType: "USER_ID",
      subjectIds: ["erin"]
    })).data
    // As if it had been asked for long ago: every process knows of it.
    yield* sql`update regulations set created_at = created_at - interval '1 minute'`
    for (const { hold, table, wanted } of holds)
      yield* sql
        .withTransaction(
          Effect.gen(function* () {
            yield* sql.unsafe(`lock table ${table} in ${hold} mode`)
            yield* soon(
              sql.unsafe<{ n: number }>(
                `select count(*)::int as n from pg_locks where relation = '${table}'::regclass and mode = '${wanted}' and not granted`
              ),
              ([row]) => row!.n > 0
            )
            yield* Effect.promise(() => service.kill())
          })
        )
        .pipe(Effect.andThen(Effect.promise(() => service.start())))
    const ended = yield* soon(findRegulation(sql, regulateId, 0), (it) => it?.finishedAt !== null)
    expect(ended).toMatchObject({ status: "FINISHED", error: null })
    const archive = folderObjectStore(join(service.dataDir, "archive"))
    const found = yield* searchEverything("erin").pipe(
      Effect.provide(archive),
      Effect.provideService(Database, database)
    )
    expect(found).toEqual([])
    expect((yield* Effect.promise(() => service.profile("user_id:erin/traits"))).status).toBe(404)
    expect(yield* otto()).toEqual(before)
  }).pipe(Effect.scoped, Effect.runPromise))

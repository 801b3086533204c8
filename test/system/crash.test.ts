/** Accidents to the whole process: whatever happens, what was acknowledged is there once (ING-10, ING-101, AC2-28). */
import { Effect, Redacted } from "effect"
import { describe, expect, it } from "vitest"
import { postgresGraph } from "../../src/identity/graph-postgres.ts"
import { IdentityGraph } from "../../src/identity/graph.ts"
import { Database } from "../../src/platform/database.ts"
import { connectDatabase } from "../../src/platform/database-layer.ts"
import { freshDatabase } from "../support/database.ts"
import { differences, logEvents } from "./support/clean-run.ts"
import { Service, spaceId } from "./support/service.ts"
import { makeTraffic, random, Sender } from "./support/traffic.ts"

const kills = Number(process.env["BRAID_TEST_KILLS"] ?? 50)
const seed = Number(process.env["BRAID_TEST_SEED"] ?? Date.now() % 1_000_000)

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

const missing = (acknowledged: ReadonlyArray<string>, events: ReadonlyArray<{ readonly body: Uint8Array }>) => {
  const decoder = new TextDecoder()
  const stored = new Set(
    events.map((event) => (JSON.parse(decoder.decode(event.body)) as { messageId: string }).messageId)
  )
  return acknowledged.filter((id) => !stored.has(id))
}

describe("kill -9", () => {
  it(
    `AC2-28 INV-21: ${kills} kills at random moments under load lose nothing, double nothing and leave the graph of a clean run (seed ${seed})`,
    { timeout: 600_000 },
    () =>
      Effect.gen(function* () {
        const url = yield* freshDatabase
        const service = new Service({ env: { BRAID_DATABASE_URL: Redacted.value(url) } })
        const when = random(seed)
        const acknowledged = yield* Effect.promise(async () => {
          await service.start()
          const sender = new Sender(service, makeTraffic(seed, 40), { loops: 4, batch: 7 })
          for (let i = 0; i < kills; i++) {
            await sleep(20 + when() * 250)
            await service.kill()
            await service.start()
          }
          await sleep(200)
          await sender.finish()
          await service.settled()
          expect(await service.stop()).toBe(0)
          return sender.acknowledged
        }).pipe(Effect.ensuring(Effect.promise(() => service.dispose())))

        const database = yield* connectDatabase(url, { embedded: false })
        const events = yield* logEvents(database)
        expect(missing(acknowledged, events)).toEqual([])
        const found = yield* Effect.gen(function* () {
          const graph = yield* IdentityGraph
          return yield* differences({ database, graph, graphId: `${spaceId}.1`, spaceId })
        }).pipe(Effect.provide(postgresGraph), Effect.provideService(Database, database))
        expect(found).toEqual([])
        expect(events.length).toBeGreaterThan(acknowledged.length - 1)
        expect(acknowledged.length).toBeGreaterThan(kills)
      }).pipe(Effect.scoped, Effect.runPromise)
  )
})

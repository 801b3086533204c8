/**
 * Accidents to the whole process under load. Whatever happens: what was acknowledged is in the log once, and ledger,
 * traits and graph equal a clean run of the log (ING-10, ING-101, AC2-28).
 *
 * The seed is in the test's name; BRAID_TEST_SEED repeats a run, BRAID_TEST_KILLS changes its length.
 */
import { Effect, Layer, Redacted, type Scope } from "effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { neo4jGraphOn } from "../../src/identity/graph-neo4j.ts"
import { postgresGraph } from "../../src/identity/graph-postgres.ts"
import { IdentityGraph } from "../../src/identity/graph.ts"
import { connectDatabase } from "../../src/platform/database-layer.ts"
import { Database } from "../../src/platform/database.ts"
import { embeddedPostgres } from "../../src/platform/embedded-postgres.ts"
import { Health } from "../../src/platform/health.ts"
import { freshDatabase } from "../support/database.ts"
import { ownNeo4j, runNeo4j, testNeo4j } from "../support/neo4j.ts"
import { differences, logEvents } from "./support/clean-run.ts"
import { Service, type ServiceOptions, spaceId } from "./support/service.ts"
import { makeTraffic, random, Sender } from "./support/traffic.ts"

const kills = Number(process.env["BRAID_TEST_KILLS"] ?? 50)
const seed = Number(process.env["BRAID_TEST_SEED"] ?? Date.now() % 1_000_000)

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

const running = (options: ServiceOptions) =>
  Effect.acquireRelease(
    Effect.promise(() => new Service(options).start()),
    (service) => Effect.promise(() => service.dispose())
  )

/** Sends from four loops while `accidents` happen; answers what was acknowledged, with nothing left to resolve. */
const underLoad = async (service: Service, accidents: () => Promise<void>) => {
  const sender = new Sender(service, makeTraffic(seed, 40), { loops: 4, batch: 7 })
  await accidents()
  await sleep(200)
  await sender.finish()
  await service.settled()
  return sender.acknowledged
}

const missing = (acknowledged: ReadonlyArray<string>, events: ReadonlyArray<{ readonly body: Uint8Array }>) => {
  const decoder = new TextDecoder()
  const idOf = (body: Uint8Array) => (JSON.parse(decoder.decode(body)) as { messageId: string }).messageId
  const stored = new Set(events.map((event) => idOf(event.body)))
  return acknowledged.filter((id) => !stored.has(id))
}

/** Compares stores and clean run; the graph is asked through its port. */
const expectWhole = <E>(
  url: Redacted.Redacted,
  acknowledged: ReadonlyArray<string>,
  graph: Layer.Layer<IdentityGraph, E, Database>
) =>
  Effect.gen(function* () {
    const database = yield* Database
    const events = yield* logEvents(database)
    expect(missing(acknowledged, events)).toEqual([])
    expect(acknowledged.length).toBeGreaterThan(50)
    const found = yield* differences({ database, graph: yield* IdentityGraph, graphId: `${spaceId}.1`, spaceId })
    expect(found).toEqual([])
  }).pipe(
    Effect.provide(
      graph.pipe(Layer.provideMerge(Layer.effect(Database, Effect.orDie(connectDatabase(url, { embedded: false })))))
    )
  )

const run = (program: Effect.Effect<void, unknown, Scope.Scope>) => Effect.runPromise(Effect.scoped(program))

/** Kills and restarts the service at random moments, like a machine that fails again and again. */
const killed = (service: Service, times: number) => async () => {
  const when = random(seed)
  for (let i = 0; i < times; i++) {
    await sleep(20 + when() * 250)
    await service.kill()
    await service.start()
  }
}

describe("on the Postgres graph", () => {
  it(`AC2-28 INV-21: ${kills} kills -9 under load, seed ${seed}`, { timeout: 600_000 }, () =>
    run(
      Effect.gen(function* () {
        const url = yield* freshDatabase
        const service = yield* running({ env: { BRAID_DATABASE_URL: Redacted.value(url) } })
        const acknowledged = yield* Effect.promise(() => underLoad(service, killed(service, kills)))
        yield* expectWhole(url, acknowledged, postgresGraph)
      })
    )
  )

  it(
    `AC1-22: the embedded PostgreSQL survives the service, is adopted, and is restarted when it dies, seed ${seed}`,
    {
      timeout: 300_000
    },
    () =>
      run(
        Effect.gen(function* () {
          const service = yield* running({})
          const folder = join(service.dataDir, "postgres")
          const postmaster = () => Number(readFileSync(join(folder, "data/postmaster.pid"), "utf8").split("\n")[0])
          const acknowledged = yield* Effect.promise(() =>
            underLoad(service, async () => {
              const first = postmaster()
              await killed(service, 5)()
              expect(postmaster()).toBe(first)
              for (let i = 0; i < 3; i++) {
                await sleep(300)
                const killed = postmaster()
                process.kill(killed, "SIGQUIT")
                // A probe that throws, as while there is no file, is tried again.
                await service.until("another server, and the service ready again", 60, async () =>
                  postmaster() !== killed && (await fetch(`${service.url}/health/ready`)).status === 200
                    ? true
                    : undefined
                )
              }
            })
          )
          const { url } = yield* embeddedPostgres({ dataDir: service.dataDir, onOwned: "join" })
          yield* expectWhole(url, acknowledged, postgresGraph)
        }).pipe(Effect.provide(Health.layer))
      )
  )
})

describe.skipIf((await runNeo4j()) === undefined)("on the Neo4j graph", () => {
  it(
    `AC2-28 INV-21: kills -9, then Neo4j stopped and started while events are accepted, seed ${seed}`,
    {
      timeout: 600_000
    },
    () =>
      run(
        Effect.gen(function* () {
          const neo4j = yield* ownNeo4j
          const url = yield* freshDatabase
          const service = yield* running({
            env: {
              BRAID_DATABASE_URL: Redacted.value(url),
              BRAID_GRAPH: "neo4j",
              BRAID_NEO4J_URL: neo4j.url,
              BRAID_NEO4J_USER: neo4j.user,
              BRAID_NEO4J_PASSWORD: neo4j.password
            }
          })
          const acknowledged = yield* Effect.promise(() =>
            underLoad(service, async () => {
              await killed(service, Math.ceil(kills / 3))()
              await sleep(500)
              await neo4j.stop()
              const statuses: Array<number> = []
              for (let i = 0; i < 40; i++) {
                statuses.push((await service.batch([{ type: "track", userId: `away-${i}`, event: "E" }])).status)
                await sleep(50)
              }
              expect(new Set(statuses)).toEqual(new Set([200]))
              expect((await service.health()).spaces[0]!.lag).toBeGreaterThan(0)
              await neo4j.start()
            })
          )
          yield* expectWhole(url, acknowledged, neo4jGraphOn.pipe(Layer.provide(testNeo4j(neo4j))))
        })
      )
  )
})

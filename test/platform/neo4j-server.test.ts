/** A local Neo4j: its life, and a graph whose server goes away and comes back. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Redacted, Schedule } from "effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { inject } from "vitest"
import { IdentityGraph } from "../../src/identity/graph.ts"
import { neo4jGraphOn } from "../../src/identity/graph-neo4j.ts"
import { localNeo4j, runLocalNeo4j } from "../../src/platform/neo4j-local.ts"
import type { Neo4jServer } from "../../src/platform/neo4j-server.ts"
import { Neo4j, neo4jLayer } from "../../src/platform/neo4j.ts"
import { isAlive } from "../../src/platform/process-lock.ts"
import { freshGraph, id, Story } from "../contract/graph-story.ts"
import { lossyProxy } from "../support/lossy-proxy.ts"
import { ownNeo4j } from "../support/neo4j.ts"

const none = () => {}
const temporary = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), `braid-test-${process.pid}-neo4j-`))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)
const until = (done: () => boolean) =>
  Effect.sync(done).pipe(Effect.repeat({ until: (it) => it, schedule: Schedule.spaced("50 millis") }))

describe("a Neo4j that is not there", () => {
  it.live("does not keep the layer from starting; calls fail in words", () =>
    Effect.gen(function* () {
      const graph = yield* IdentityGraph
      const error = yield* Effect.flip(graph.ping)
      assert.strictEqual(error._tag, "GraphUnavailable")
      assert.match(error.message, /identity graph \(neo4j\) could not be reached.*ServiceUnavailable/)
    }).pipe(
      Effect.provide(
        Layer.provide(
          neo4jGraphOn,
          neo4jLayer({ url: "bolt://127.0.0.1:1", user: "neo4j", password: Redacted.make("x") })
        )
      )
    )
  )

  it.live("an address that is none is refused at once", () =>
    Effect.gen(function* () {
      const build = Layer.build(neo4jLayer({ url: "http://127.0.0.1", user: "neo4j", password: undefined }))
      assert.include((yield* Effect.flip(Effect.scoped(build))).message, '"http://127.0.0.1" is no URL of a Neo4j')
    })
  )
})

const serverAt = ({ url, user, password }: Pick<Neo4jServer, "url" | "user" | "password">) =>
  Neo4j.pipe(Effect.provide(neo4jLayer({ url, user, password: Redacted.make(password) })))

/** What a process leaves that is killed while it creates a constraint: an index that no constraint owns. */
const leaveHalf = Effect.fnUntraced(function* (neo4j: Neo4j["Service"], { url, user, password }: Neo4jServer) {
  const statement = "CREATE CONSTRAINT braid_profile IF NOT EXISTS FOR (p:Profile) REQUIRE p.key IS UNIQUE"
  const count = (query: string) => Effect.map(neo4j.read<{ n: number }>(query, { statement }), ([row]) => row!.n)
  const creating = count("SHOW TRANSACTIONS YIELD metaData WHERE metaData.command = $statement RETURN count(*) AS n")
  const halves = count(
    "SHOW INDEXES YIELD name, owningConstraint WHERE name = 'braid_profile' AND owningConstraint IS NULL RETURN count(*) AS n"
  )
  const proxy = yield* lossyProxy(Number(new URL(url).port))
  const lost = yield* serverAt({ url: `bolt://127.0.0.1:${proxy.port}`, user, password })
  do {
    yield* neo4j.command("DROP CONSTRAINT braid_profile IF EXISTS", {})
    const creation = yield* Effect.forkChild(Effect.exit(lost.command(statement, {})))
    yield* creating.pipe(Effect.repeat({ until: (n) => n > 0 || creation.pollUnsafe() !== undefined }))
    proxy.cut()
    yield* Fiber.join(creation)
    yield* creating.pipe(Effect.repeat({ until: (n) => n === 0 }))
  } while ((yield* halves) === 0)
  assert.include((yield* Effect.flip(neo4j.command(statement, {}))).code, "IndexWithNameAlreadyExists")
})

const skip = inject("neo4j") === null || process.env["BRAID_NEO4J_URL"] !== undefined

// A start takes five seconds on an idle machine.
describe.skipIf(skip)("a local Neo4j", { timeout: 180_000 }, () => {
  it.live("the graph goes on where it was when its server comes back", () =>
    Effect.gen(function* () {
      const server = yield* ownNeo4j
      const { url, password } = server
      const neo4j = yield* serverAt(server)
      yield* leaveHalf(neo4j, server)
      const graph = yield* IdentityGraph.pipe(Effect.provide(Layer.provide(neo4jGraphOn, Layer.succeed(Neo4j, neo4j))))
      // The first graphs of an empty server: many at once want the same constraints.
      const graphId = freshGraph()
      yield* Effect.all([graphId, freshGraph(), freshGraph(), freshGraph()].map(graph.open), {
        concurrency: "unbounded"
      })
      const story = new Story()
      const p1 = story.create("users", id("email:e1"))
      const first = story.take()
      yield* graph.apply(graphId, first.from, first.mutations)
      story.create("users", id("email:e2"))
      const second = story.take()

      yield* Effect.promise(() => server.stop())
      assert.strictEqual(
        (yield* Effect.flip(graph.apply(graphId, second.from, second.mutations)))._tag,
        "GraphUnavailable"
      )
      assert.strictEqual((yield* Effect.flip(graph.find(graphId, "users", [{ no: p1 }])))._tag, "GraphUnavailable")

      yield* Effect.promise(() => server.start())
      assert.strictEqual(server.url, url)
      assert.strictEqual(server.password, password)
      yield* graph.apply(graphId, second.from, second.mutations)
      assert.strictEqual(yield* graph.open(graphId), story.position)
      assert.strictEqual(yield* graph.count(graphId, "users"), 2)

      const other = yield* Effect.flip(
        Effect.scoped(
          localNeo4j(
            { home: join(tmpdir(), `braid-test-${process.pid}-neo4j-b`), port: Number(new URL(url).port) },
            none
          )
        )
      )
      assert.include(other.message, "is in use")
    }).pipe(Effect.scoped)
  )

  it.live("ends with its owner, however that ends, and says so when it ends by itself", () =>
    Effect.gen(function* () {
      const dataDir = yield* temporary
      const home = join(dataDir, "neo4j")
      const owner = spawn(
        process.execPath,
        [
          "--input-type=module",
          "-e",
          `const { Neo4jServer } = await import(${JSON.stringify(join(import.meta.dirname, "../../src/platform/neo4j-server.ts"))})
           const { findNeo4j } = await import(${JSON.stringify(join(import.meta.dirname, "../../src/platform/neo4j-programs.ts"))})
           const server = new Neo4jServer(await findNeo4j(() => {}), { home: ${JSON.stringify(home)} })
           await server.start()
           console.log("up")
           setInterval(() => {}, 1000)`
        ],
        { stdio: ["ignore", "pipe", "inherit"] }
      )
      yield* Effect.promise(() => once(owner.stdout, "data"))
      const pid = Number(readFileSync(join(home, "run", "server.pid"), "utf8"))
      assert.isTrue(isAlive(pid))
      const refused = yield* Effect.flip(runLocalNeo4j({ dataDir, port: 0 }))
      assert.include(refused.message, `another process (${owner.pid}) already runs a Neo4j`)
      owner.kill("SIGKILL")
      yield* until(() => !isAlive(pid))

      const server = yield* localNeo4j({ home }, none)
      process.kill(Number(readFileSync(join(home, "run", "server.pid"), "utf8")), "SIGKILL")
      yield* Effect.promise(() => server.gone())
      yield* Effect.promise(() => server.stop())
      assert.isFalse(existsSync(join(home, "braid.pid")))
    }).pipe(Effect.scoped)
  )
})

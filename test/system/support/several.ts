/** Several services on one database, as behind a load balancer: the same configuration file, data folders of their own. */
import { Effect, Layer, type Redacted } from "effect"
import { execFile } from "node:child_process"
import { randomBytes } from "node:crypto"
import { hostname } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { expect } from "vitest"
import { IdentityGraph } from "../../../src/identity/graph.ts"
import { connectDatabase } from "../../../src/platform/database-layer.ts"
import { Database } from "../../../src/platform/database.ts"
import { base62 } from "../../../src/platform/hash.ts"
import { differences, logEvents } from "./clean-run.ts"
import { configuration, type Health, Service } from "./service.ts"

const root = join(import.meta.dirname, "../../..")

/** All spaces take all sources. Ids are new in every run: all tests share one Neo4j. */
export const manySpaces = (count: number) => {
  const spaces = Array.from({ length: count }, (_, i) => ({
    id: `spa_${base62(randomBytes(16), 22)}`,
    slug: `space-${i + 1}`,
    name: `Space ${i + 1}`,
    kind: "dev",
    sources: ["web", "srv"]
  }))
  const tokens = spaces.map(({ slug }) => ({
    name: slug,
    space: slug,
    secret: `pt_${slug}`,
    scopes: ["profiles:read"]
  }))
  return { ...configuration, spaces, tokens }
}

/** Who runs what, as a service says. */
const told = (health: Health) => JSON.stringify(health.spaces.map(({ slug, process }) => [slug, process]))

export type ManySpaces = ReturnType<typeof manySpaces>

export class Cluster {
  readonly config: ManySpaces
  private readonly env: Record<string, string>
  private readonly all: Array<Service> = []
  /** Those that the load balancer sends to. */
  private readonly open = new Set<Service>()
  private next = 0

  constructor(spaces: number, env: Record<string, string>) {
    this.config = manySpaces(spaces)
    this.env = env
  }

  get ids(): ReadonlyArray<string> {
    return this.config.spaces.map(({ id }) => id)
  }

  get databaseUrl(): string {
    return this.env["BRAID_DATABASE_URL"]!
  }

  async join(env: Record<string, string> = {}): Promise<Service> {
    const service = new Service({ config: this.config, env: { ...this.env, ...env } })
    this.all.push(service)
    await service.start()
    this.open.add(service)
    return service
  }

  /** Takes a service from the load balancer, or puts it back. */
  close(service: Service): void {
    this.open.delete(service)
  }
  reopen(service: Service): void {
    this.open.add(service)
  }

  /** What a sender sends to: the services in turn. */
  readonly batch = (batch: ReadonlyArray<unknown>): Promise<Response> => {
    const open = [...this.open]
    return open[this.next++ % open.length]!.batch(batch)
  }

  /** Waits until the services run so many spaces each, all spaces together, and agree about who runs which. */
  async shares(seconds: number, ...counts: ReadonlyArray<readonly [Service, number]>): Promise<void> {
    const services = counts.map(([service]) => service)
    let last: ReadonlyArray<unknown> = []
    await services[0]!
      .until(`shares of ${counts.map(([, count]) => count).join(", ")}`, seconds, async () => {
        const healths = await Promise.all(services.map((service) => service.health()))
        last = healths.map(({ spaces, fibers }) => ({ spaces, fibers }))
        const agreed = healths.every((health) => told(health) === told(healths[0]!))
        const right = counts.every(([service, count], at) => {
          const { spaces, fibers } = healths[at]!
          const label = `${hostname()}:${service.pid}`
          const here = spaces.filter((space) => space.runsHere)
          const statuses = spaces.map(({ slug }) => fibers.find(({ name }) => name === `space:${slug}`)?.status)
          return (
            here.length === count &&
            spaces.every(
              (space, i) =>
                space.runsHere === (space.process === label) && (statuses[i] === "running") === space.runsHere
            )
          )
        })
        return agreed && right ? true : undefined
      })
      .catch((error: unknown) => {
        throw new Error(`${String(error)}; last seen: ${JSON.stringify(last)}`, { cause: error })
      })
  }

  /** Waits until each service knows that everything is resolved. */
  async settled(seconds = 60): Promise<void> {
    const heads = await Promise.all([...this.open].map(async (service) => (await service.health()).log.head))
    const head = Math.max(...heads)
    for (const service of this.open)
      await service.until("all to be resolved", seconds, async () => {
        const health = await service.health()
        return health.log.head >= head && health.spaces.every(({ lag }) => lag === 0) ? true : undefined
      })
  }

  /** Runs a command beside the services. */
  braid(...args: ReadonlyArray<string>): Promise<string> {
    const { dataDir, configFile } = this.all[0]!
    const settings = { BRAID_DATA_DIR: dataDir, BRAID_CONFIG: configFile, BRAID_PORT: "0" }
    const env = { ...process.env, ...settings, ...this.env }
    return promisify(execFile)(process.execPath, [join(root, "bin/braid.mjs"), ...args], { env }).then(
      (it) => it.stdout
    )
  }

  async dispose(): Promise<void> {
    for (const service of this.all) {
      // A paused process cannot end.
      service.signal("SIGCONT")
      await service.dispose()
    }
  }
}

/** Every acknowledged event is in the log once, and every space holds what a clean run of the log would have made. */
export const expectWhole = <E>(options: {
  readonly url: Redacted.Redacted
  readonly cluster: Cluster
  readonly acknowledged: ReadonlyArray<string>
  readonly graph: Layer.Layer<IdentityGraph, E, Database>
  /** Of the live graphs. */
  readonly generation: number
}) =>
  Effect.gen(function* () {
    const { cluster, acknowledged, generation } = options
    const database = yield* Database
    const graph = yield* IdentityGraph
    const decoder = new TextDecoder()
    const events = yield* logEvents(database)
    const stored = new Set(
      events.map(({ body }) => (JSON.parse(decoder.decode(body)) as { readonly messageId: string }).messageId)
    )
    expect(acknowledged.filter((id) => !stored.has(id))).toEqual([])
    for (const spaceId of cluster.ids)
      expect(yield* differences({ database, graph, graphId: `${spaceId}.${generation}`, spaceId })).toEqual([])
  }).pipe(
    Effect.provide(
      options.graph.pipe(
        Layer.provideMerge(Layer.effect(Database, Effect.orDie(connectDatabase(options.url, { embedded: false }))))
      )
    )
  )

/** Several processes on one database: a second service that stands by, and the commands that work beside a service or without one. */
import { execFile } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { gunzipSync } from "node:zlib"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { runNeo4j } from "../support/neo4j.ts"
import { withDatabase } from "./support/own-database.ts"
import { configuration, Service } from "./support/service.ts"

const root = join(import.meta.dirname, "../..")
const neo4j = await runNeo4j()

const services: Array<Service> = []
const make = (env: Record<string, string>) => {
  const service = new Service({ env })
  services.push(service)
  return service
}
beforeEach(() => void (services.length = 0))
afterEach(async () => {
  for (const service of services) await service.dispose()
})

const braid = (
  service: Service,
  env: Record<string, string>,
  ...args: ReadonlyArray<string>
): Promise<{ code: number; out: string; err: string }> =>
  new Promise((resolve) => {
    const settings = { BRAID_DATA_DIR: service.dataDir, BRAID_CONFIG: service.configFile, BRAID_PORT: "0" }
    execFile(
      process.execPath,
      [join(root, "bin/braid.mjs"), ...args],
      { env: { ...process.env, ...settings, ...env } },
      (error, out, err) => resolve({ code: error === null ? 0 : Number(error.code ?? -1), out, err })
    )
  })

const people = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => ({
    type: "identify",
    userId: `p-${from + i}`,
    anonymousId: `a-${from + i}`,
    traits: { email: `p-${from + i}@example.com`, n: from + i }
  }))

/** `n` people are there, all of them resolved. */
const expectPeople = async (service: Service, count: number) => {
  await service.until(`${count} people`, 30, async () =>
    (await service.profile(`user_id:p-${count - 1}/traits`)).status === 200 ? true : undefined
  )
  await service.settled()
  for (const n of [0, Math.floor(count / 2), count - 1]) {
    expect((await service.profile(`email:p-${n}@example.com/traits`)).body.traits).toMatchObject({ n })
    expect((await service.profile(`user_id:p-${n}/external_ids`)).body.data).toHaveLength(3)
  }
}

const waiting = async (service: Service) =>
  (await service.health()).fibers.some(({ name, status }) => name === "identity" && status === "standby")

describe("two services on one database", () => {
  it("the second takes events and answers, and takes over when the first is killed", () =>
    withDatabase(async (url) => {
      const env = { BRAID_DATABASE_URL: url }
      const first = await make(env).start()
      const second = await make(env).start()
      await second.until("the second to stand by", 10, async () => ((await waiting(second)) ? true : undefined))
      expect(await waiting(first)).toBe(false)
      for (let n = 0; n < 100; n += 10)
        expect((await (n % 20 === 0 ? first : second).batch(people(n, n + 10))).status).toBe(200)
      // What either accepted is resolved by the first, and seen through both.
      await expectPeople(first, 100)
      await expectPeople(second, 100)
      await first.kill()
      expect((await second.batch(people(100, 120))).status).toBe(200)
      await second.until("the second to take over", 30, async () => ((await waiting(second)) ? undefined : true))
      await expectPeople(second, 120)
      await first.start()
      await first.until("the first to stand by", 10, async () => ((await waiting(first)) ? true : undefined))
      await first.batch(people(120, 130))
      await expectPeople(first, 130)
      await expectPeople(second, 130)
      expect([await first.stop(), await second.stop()]).toEqual([0, 0])
    }))
})

describe("braid migrate", () => {
  it("ends with 0, also the second time; what it prepared is what a service needs", () =>
    withDatabase(async (url) => {
      const env = { BRAID_DATABASE_URL: url }
      const service = make(env)
      for (let i = 0; i < 2; i++) expect(await braid(service, env, "migrate")).toMatchObject({ code: 0 })
      await service.start()
      expect((await service.batch(people(0, 1))).status).toBe(200)
    }))

  it("works on the embedded server, alone and beside a service", async () => {
    const service = make({})
    expect(await braid(service, {}, "migrate")).toMatchObject({ code: 0 })
    await service.start()
    expect(await braid(service, {}, "migrate")).toMatchObject({ code: 0 })
    await service.batch(people(0, 3))
    await expectPeople(service, 3)
  })
})

const adapters = [
  ["Postgres", {}],
  ...(neo4j === undefined
    ? []
    : [
        [
          "Neo4j",
          {
            BRAID_GRAPH: "neo4j",
            BRAID_NEO4J_URL: neo4j.url,
            BRAID_NEO4J_USER: neo4j.user,
            BRAID_NEO4J_PASSWORD: neo4j.password ?? ""
          }
        ] as const
      ])
] as const

describe.each(adapters)("braid graph rebuild on %s", (_, graph) => {
  // Graphs in Neo4j are named after the space, and all tests share the server.
  const id = `spa_${Math.random().toString(36).slice(2, 12).padEnd(22, "0")}`
  const config = {
    spaces: [{ ...configuration.spaces[0], id }],
    tokens: configuration.tokens
  }
  const profile = (service: Service, path: string) =>
    fetch(`${service.url}/v1/spaces/${id}/collections/users/profiles/${path}`, {
      headers: { authorization: "Bearer pt_demo" }
    })

  it(
    "while the service runs and takes events, without one, and for a space that is not there",
    () =>
      withDatabase(async (url) => {
        const env = { BRAID_DATABASE_URL: url, ...graph }
        const service = make(env)
        service.configure(config)
        await service.start()
        for (let n = 0; n < 2_000; n += 500) await service.batch(people(n, n + 500))
        await service.settled()
        const rebuilding = braid(service, env, "graph", "rebuild", "--space", "demo")
        for (let n = 2_000; n < 2_500; n += 20) await service.batch(people(n, n + 20))
        const rebuilt = await rebuilding
        expect(rebuilt).toMatchObject({ code: 0 })
        expect(rebuilt.out).toContain("demo: the graph was built again from its journal and is in use")
        await service.settled()
        const ids = async (n: number) =>
          (await (await profile(service, `email:p-${n}@example.com/external_ids`)).json()).data
        for (const n of [0, 1_999, 2_000, 2_499]) expect(await ids(n)).toHaveLength(3)

        const unknown = await braid(service, env, "graph", "rebuild", "--space", "nowhere")
        expect(unknown).toMatchObject({ code: 1 })
        expect(unknown.err).toContain('there is no space "nowhere" in the configuration; there are: demo')

        expect(await service.stop()).toBe(0)
        expect(await braid(service, env, "graph", "rebuild")).toMatchObject({ code: 0 })
        await service.start()
        await service.batch([{ type: "identify", userId: "p-0", anonymousId: "a-later", traits: {} }])
        await service.settled()
        expect(await ids(0)).toHaveLength(4)
      }),
    180_000
  )
})

describe("braid config, braid export, braid token", () => {
  it("ING-175, PRO-4: work beside a service, which follows; what is wrong ends with 1 and changes nothing", async () => {
    const service = await make({}).start()
    expect((await service.batch(people(0, 2))).status).toBe(200)
    const file = join(service.dataDir, "exported.json")
    expect((await braid(service, {}, "config", "export", file)).code).toBe(0)
    const exported = JSON.parse(readFileSync(file, "utf8")) as { sources: Array<{ slug: string; blocked: object }> }
    expect(exported.sources.map(({ slug }) => slug)).toEqual(["web", "srv"])
    exported.sources[0]!.blocked = { track: ["Noise"] }
    writeFileSync(file, JSON.stringify(exported))
    const tried = await braid(service, {}, "config", "apply", file, "--dry-run")
    expect(tried.out).toBe("Would change (1):\n  Schema Event Filters Modified: source src_web\n")
    expect((await braid(service, {}, "config", "apply", file)).out).toContain("Changed (1)")
    await service.until("the service to block it", 5, async () => {
      const settings = (await (await fetch(`${service.url}/v1/projects/wk_web/settings`)).json()) as {
        readonly plan: { readonly track: object }
      }
      return "Noise" in settings.plan.track ? true : undefined
    })
    writeFileSync(file, JSON.stringify({ ...exported, spaces: "none" }))
    const wrong = await braid(service, {}, "config", "apply", file)
    expect([wrong.code, wrong.err]).toEqual([1, expect.stringContaining("spaces: expected an array")])
    const events = join(service.dataDir, "events.ndjson.gz")
    expect((await braid(service, {}, "export", "web", events)).code).toBe(0)
    const lines = gunzipSync(readFileSync(events)).toString().trim().split("\n")
    expect(lines.map((line) => (JSON.parse(line) as { userId: string }).userId).sort()).toEqual(["p-0", "p-1"])

    const made = await braid(service, {}, "token", "--name", "Jo")
    const secret = /^ +token +(pt_\w+)/m.exec(made.out)![1]!
    expect(made.out).toContain(`/console/sign-in#token=${secret}`)
    await service.until("the service to know the token", 10, async () => {
      const answer = await fetch(`${service.url}/public-api/`, { headers: { authorization: `Bearer ${secret}` } })
      return answer.status === 200 ? true : undefined
    })
    const narrow = await braid(service, {}, "token", "--scope", "profiles:read")
    expect([narrow.code, narrow.err]).toEqual([1, expect.stringContaining("Name a space")])
  }, 120_000)
})

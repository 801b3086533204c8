/** The pinned interface of the service (issue 3), item by item, on whole processes. What the commands print: `command-line.test.ts`. */
import { spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { once } from "node:events"
import { readFileSync, rmSync, statSync } from "node:fs"
import { type AddressInfo, connect, createServer } from "node:net"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { Gate, withDatabase } from "./support/own-database.ts"
import { configuration, Service, type ServiceOptions, spaceId, token } from "./support/service.ts"

const root = join(import.meta.dirname, "../..")

const services: Array<Service> = []
const make = (options: ServiceOptions = {}) => {
  const service = new Service(options)
  services.push(service)
  return service
}
const onDatabase = (url: string, config: Record<string, unknown> = {}) =>
  make({ config, env: { BRAID_DATABASE_URL: url } })
beforeEach(() => void (services.length = 0))
afterEach(async () => {
  for (const service of services) await service.dispose()
})

const read = (service: Service, space: string, secret: string, path: string) =>
  fetch(`${service.url}/v1/spaces/${space}/collections/users/profiles/${path}`, {
    headers: { authorization: `Bearer ${secret}` }
  })

const space = (slug: string, id: string, rules = {}) => ({ id, slug, kind: "dev", sources: ["web"], rules })

describe("the configuration file", () => {
  it("is made when absent, with secrets that are shown once and work right away", async () => {
    const service = make()
    rmSync(service.configFile)
    await service.start()
    const shown = service.stdout
    const secret = (name: string) => new RegExp(`${name} +(\\S+)`).exec(shown)![1]!
    const [key, pt, space] = [secret("write key"), secret("profile token"), secret("space")]
    expect((await service.post("/v1/identify", { userId: "u", traits: { plan: "free" } }, key)).status).toBe(200)
    await service.settled()
    expect(await (await read(service, space, pt, "user_id:u/traits")).json()).toMatchObject({
      traits: { plan: "free" }
    })

    const text = readFileSync(service.configFile, "utf8")
    const { sources, spaces, tokens } = JSON.parse(text)
    expect([sources, spaces, tokens].map((list: ReadonlyArray<unknown>) => list.length)).toEqual([1, 1, 1])
    expect(text).not.toContain(pt)
    expect(statSync(service.configFile).mode & 0o777).toBe(0o600)
    expect(await service.stop()).toBe(0)
    await service.start()
    expect(service.stdout).not.toContain(key)
    expect((await read(service, space, pt, "user_id:u/traits")).status).toBe(200)
    // ING-137: what was counted before the stop was written by it.
    const file = await fetch(`${service.url}/v1/spaces/${space}/sources/${sources[0].id}/schema.csv?type=identify`, {
      headers: { authorization: `Bearer ${pt}` }
    })
    expect((await file.text()).split("\r\n")[1]).toMatch(/^plan,\S+Z,1,0,1$/)
  })

  it("takes the example of the issue, rules and limits included; a secret may be a hash", () =>
    withDatabase(async (url) => {
      const hash = createHash("sha256").update("pt_hashed").digest("hex")
      const service = await onDatabase(url, {
        sources: [configuration.sources[0]],
        spaces: [
          { ...configuration.spaces[0], sources: ["web"], rules: { identifiers: [{ type: "user_id", rank: 1 }] } }
        ],
        tokens: [
          ...configuration.tokens,
          { name: "h", space: "demo", secret: `sha256:${hash}`, scopes: ["profiles:read"] }
        ],
        limits: {
          requestsPerSecond: 1000,
          messagesPerSecond: 1000,
          spaceEventsPerSecond: 1000,
          profileApiPerSecond: 100
        }
      }).start()
      await service.batch([{ type: "track", userId: "u", anonymousId: "a", event: "E" }])
      await service.settled()
      for (const secret of [token, "pt_hashed"])
        expect((await read(service, spaceId, secret, "user_id:u/events")).status).toBe(200)
      expect((await read(service, spaceId, `sha256:${hash}`, "user_id:u/events")).status).toBe(401)
    }))

  it("IDR-2: the same source in two spaces is resolved in each, and neither sees the other; a third comes by SIGHUP", () =>
    withDatabase(async (url) => {
      const [one, two, three] = [
        "spa_1111111111111111111111",
        "spa_2222222222222222222222",
        "spa_3333333333333333333333"
      ] as const
      const first = {
        sources: [configuration.sources[0], { ...configuration.sources[1], enabled: false }],
        spaces: [
          space("one", one),
          space("two", two, { autoAddIdentifiers: false, identifiers: [{ type: "user_id" }] })
        ],
        tokens: [
          { name: "1", space: "one", secret: "pt_1" },
          { name: "2", space: "two", secret: "pt_2" }
        ]
      }
      const service = await onDatabase(url, first).start()
      await service.batch([
        { type: "identify", userId: "u1", traits: { email: "same@example.com" } },
        { type: "identify", userId: "u2", traits: { email: "same@example.com" } }
      ])
      // A disabled source is thanked, and nothing is kept.
      expect((await service.batch([{ type: "identify", userId: "disabled", traits: {} }], "wk_srv")).status).toBe(200)
      await service.settled()
      const ids = async (id: string, secret: string, user: string) => {
        const { data } = await (await read(service, id, secret, `user_id:${user}/external_ids`)).json()
        return (data as ReadonlyArray<{ id: string }>).map((it) => it.id).sort()
      }
      // One: `user_id` is unique, so the e-mail stays with the first. Two: e-mails do not identify.
      expect(await ids(one, "pt_1", "u1")).toEqual(["same@example.com", "u1"])
      expect(await ids(two, "pt_2", "u1")).toEqual(["u1"])
      for (const [id, secret] of [
        [one, "pt_2"],
        [two, "pt_1"]
      ] as const)
        expect((await read(service, id, secret, "user_id:u1/traits")).status).toBe(401)
      expect((await read(service, one, "pt_1", "user_id:disabled/traits")).status).toBe(404)

      service.configure({
        ...first,
        spaces: [...first.spaces, space("three", three)],
        tokens: [...first.tokens, { name: "3", space: "three", secret: "pt_3" }]
      })
      service.signal("SIGHUP")
      await service.until("the third space", 10, async () =>
        (await service.health()).spaces.some(({ slug }) => slug === "three") ? true : undefined
      )
      await service.batch([{ type: "identify", userId: "late", traits: {} }])
      await service.settled()
      // IDR-12: a new space begins with what the log has of the last 30 days.
      for (const user of ["late", "u1"])
        expect((await read(service, three, "pt_3", `user_id:${user}/traits`)).status).toBe(200)
      expect((await read(service, one, "pt_1", "user_id:late/traits")).status).toBe(200)
    }))
})

describe("limits", () => {
  it("AC1-27: above the request rate some get 429 with two equal whole numbers, and every 200 is stored", () =>
    withDatabase(async (url) => {
      const service = await onDatabase(url, { limits: { ...configuration.limits, requestsPerSecond: 50 } }).start()
      const answers = await Promise.all(
        Array.from({ length: 600 }, async (_, i) => {
          const answer = await service.post("/v1/track", {
            userId: `rate-${i % 20}`,
            event: "E",
            messageId: `rate-${i}`
          })
          await answer.arrayBuffer()
          return answer
        })
      )
      const refused = answers.filter(({ status }) => status === 429)
      const accepted = answers.filter(({ status }) => status === 200).length
      expect(refused.length).toBeGreaterThan(0)
      expect(refused.length + accepted).toBe(600)
      for (const { headers } of refused) {
        expect(headers.get("retry-after")).toMatch(/^[1-9]\d?\d?$/)
        expect(headers.get("x-ratelimit-reset")).toBe(headers.get("retry-after"))
      }
      await service.settled()
      const pages = await Promise.all(
        Array.from({ length: 20 }, (_, i) => service.profile(`user_id:rate-${i}/events?limit=100`))
      )
      expect(pages.reduce((sum, { body }) => sum + (body.data?.length ?? 0), 0)).toBe(accepted)
    }))

  it("AC1-28, AC3-15: with the default limits 5,000 messages are taken at once and processed at 1,000 a second; the Profile API has a rate of its own", () =>
    withDatabase(async (url) => {
      const service = await onDatabase(url, { limits: undefined }).start()
      const began = performance.now()
      for (let batch = 0; batch < 5; batch++) {
        const messages = Array.from({ length: 1000 }, (_, i) => ({
          type: "track",
          userId: `held-${i}`,
          event: `E${batch}`
        }))
        expect((await service.batch(messages)).status).toBe(200)
      }
      await service.settled()
      // The first thousand pass at once.
      expect(performance.now() - began).toBeGreaterThan(3_000)
      const answers = await Promise.all(
        Array.from({ length: 400 }, () => read(service, spaceId, token, "user_id:held-1/traits"))
      )
      const statuses = answers.map(({ status }) => status)
      expect(new Set(statuses)).toEqual(new Set([200, 429]))
      expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(100)
      const waits = answers.filter(({ status }) => status === 429).map(({ headers }) => headers.get("retry-after"))
      expect(new Set(waits)).toEqual(new Set(["1"]))
      // The burst above has used the rate up: the next read may still be refused.
      const events = await service.until("a unit of the rate", 10, async () => {
        const { status, body } = await service.profile("user_id:held-999/events?limit=100")
        return status === 429 ? undefined : body.data.map(({ event }) => event)
      })
      expect(events.sort()).toEqual(["E0", "E1", "E2", "E3", "E4"])
    }))
})

describe("the process", () => {
  it("has a fixed port when asked, a second one is told that it is in use, and `npm start` is `braid serve`", () =>
    withDatabase(async (url) => {
      const free = createServer().listen(0, "127.0.0.1")
      await once(free, "listening")
      const { port } = free.address() as AddressInfo
      free.close()
      const { dataDir } = make()
      const env = { ...process.env, BRAID_PORT: String(port), BRAID_DATA_DIR: dataDir, BRAID_DATABASE_URL: url }
      const npm = spawn("npm", ["start"], { cwd: root, env, detached: true, stdio: ["ignore", "pipe", "inherit"] })
      const ended = once(npm, "exit")
      let out = ""
      npm.stdout.on("data", (chunk) => (out += chunk))
      const probe = make()
      try {
        await probe.until("the ready line", 60, async () =>
          out.includes(`Braid is ready at http://127.0.0.1:${port}\n`) ? true : undefined
        )
        const second = make({ env: { BRAID_PORT: String(port), BRAID_DATABASE_URL: url } })
        await expect(second.start()).rejects.toThrow(/Braid ended \(1\)[^]*the port is in use/)
      } finally {
        process.kill(-npm.pid!, "SIGTERM")
      }
      await ended
    }))

  it("is not ready while PostgreSQL is away, refuses with 503, and is ready when it is back; SIGTERM ends it in between", () =>
    withDatabase(async (url) => {
      const gate = await Gate.before(url)
      const service = await onDatabase(gate.url).start()
      const ready = async () => (await fetch(`${service.url}/health/ready`)).status
      expect(await ready()).toBe(200)
      gate.shut()
      await service.until("503", 20, async () => ((await ready()) === 503 ? true : undefined))
      expect(await service.health()).toMatchObject({ status: "degraded", ready: false })
      const refused = await service.post("/v1/track", { userId: "away", event: "E", messageId: "again" })
      expect({ status: refused.status, body: await refused.json() }).toMatchObject({
        status: 503,
        body: { code: "unavailable" }
      })
      gate.reopen()
      await service.until("200", 30, async () => ((await ready()) === 200 ? true : undefined))
      await service.until("the next try", 30, async () =>
        (await service.post("/v1/track", { userId: "away", event: "E", messageId: "again" })).status === 200
          ? true
          : undefined
      )
      await service.settled()
      expect((await service.profile("user_id:away/events")).body.data).toHaveLength(1)
      gate.shut()
      const asked = performance.now()
      expect(await service.stop()).toBe(0)
      expect(performance.now() - asked).toBeLessThan(15_000)
    }))

  it("ends within 15 s although clients hold connections, some in the middle of a request", () =>
    withDatabase(async (url) => {
      const service = await onDatabase(url).start()
      const { port } = new URL(service.url)
      const beginnings = [
        "",
        "POST /v1/track HTTP/1.1\r\nhost: x\r\ncontent-length: 500\r\n\r\n{",
        "GET /health HTTP/1.1\r\nhost: x\r\n\r\n"
      ]
      const hanging = beginnings.map((bytes) => {
        const socket = connect(Number(port), "127.0.0.1", () => socket.write(bytes))
        return socket.on("error", () => {})
      })
      await service.batch([{ type: "track", userId: "u", event: "E" }])
      const asked = performance.now()
      expect(await service.stop()).toBe(0)
      expect(performance.now() - asked).toBeLessThan(15_000)
      for (const socket of hanging) socket.destroy()
    }))
})

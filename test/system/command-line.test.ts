/** The command line as a person meets it: what is printed where, exit codes, and no stack for what is not our fault. */
import { execFile, spawn, spawnSync } from "node:child_process"
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import manifest from "../../package.json" with { type: "json" }
import { Service } from "./support/service.ts"

const root = join(import.meta.dirname, "../..")
let dataDir: string
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "braid-test-"))
  chmodSync(dataDir, 0o755)
})
afterEach(() => rmSync(dataDir, { recursive: true, force: true }))

interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

const run = (program: string, args: ReadonlyArray<string>, env: Record<string, string> = {}): Promise<Ended> =>
  new Promise((resolve) => {
    const options = { env: { ...process.env, BRAID_DATA_DIR: dataDir, BRAID_PORT: "0", ...env } }
    execFile(program, args, options, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), out, err })
    )
  })
const braid = (args: ReadonlyArray<string>, env: Record<string, string> = {}) =>
  run(process.execPath, [join(root, "bin/braid.mjs"), ...args], env)

const stack = /^\s+at /m

describe("commands", () => {
  it("--version and --help", async () => {
    expect((await braid(["--version"])).out).toContain(manifest.version)
    const help = await braid(["--help"])
    expect(help.code).toBe(0)
    for (const command of ["serve", "demo", "migrate", "doctor", "graph", "neo4j"])
      expect(help.out).toContain(`  ${command} `)
  })

  it("./bin/braid needs no npm and works through a link", async () => {
    const link = join(dataDir, "braid")
    spawnSync("ln", ["-s", join(root, "bin/braid"), link])
    expect((await run(link, ["--version"])).out).toContain(manifest.version)
  })

  it.each([
    [["serv"], {}, "serve"],
    [["serve"], { BRAID_PORT: "eighty" }, "BRAID_PORT: expected an integer"],
    [["serve"], { BRAID_GRAPH: "neptune" }, 'BRAID_GRAPH: expected "postgres" | "neo4j"']
  ])("%j with %j fails with 1 and says what is wrong", async (args, env, text) => {
    const { code, err, out } = await braid(args, env)
    expect({ code, out: out.includes("Braid is ready") }).toEqual({ code: 1, out: false })
    expect(err + out).toContain(text)
    expect(err).not.toMatch(stack)
  })

  it("a wrong configuration file stops the start with path and expectation", async () => {
    writeFileSync(join(dataDir, "config.json"), '{"sources":[],"spaces":[],"limits":{"requestsPerSecond":"many"}}')
    const { code, err } = await braid(["serve"])
    expect(code).toBe(1)
    expect(err).toContain('limits.requestsPerSecond: expected a whole number per second, 0 = off, found "many"')
    expect(err).not.toMatch(stack)
  })

  it("a Node that is too old is told what to do", async () => {
    const script = `Object.defineProperty(process.versions, "node", { value: "20.1.0" }); await import(process.argv[1])`
    const { code, err } = await run(process.execPath, [
      "--input-type=module",
      "-e",
      script,
      join(root, "bin/braid.mjs")
    ])
    expect(code).toBe(1)
    expect(err).toContain("Braid needs Node 24 or newer; this is Node 20.1.0.")
    expect(err).not.toMatch(stack)
  })
})

describe("doctor", () => {
  it("finds nothing wrong, and changes nothing", async () => {
    const { code, out } = await braid(["doctor"])
    expect(out).toMatch(/^ok {4}Node/m)
    expect(out).toMatch(/^ok {4}PostgreSQL +embedded/m)
    expect(out).toContain("Everything that Braid needs is there.")
    expect(code).toBe(0)
    expect(existsSync(join(dataDir, "config.json"))).toBe(false)
  })

  it("names everything that is wrong, each with what to do", async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve))
    const { port } = other.address() as { port: number }
    mkdirSync(join(dataDir, "config.json"))
    const { code, err, out } = await braid(["doctor"], {
      BRAID_PORT: String(port),
      BRAID_DATABASE_URL: "postgres://nobody:x@127.0.0.1:1/none",
      BRAID_GRAPH: "neo4j",
      BRAID_NEO4J_URL: "bolt://127.0.0.1:1"
    })
    other.close()
    expect(code).toBe(1)
    for (const subject of ["port", "PostgreSQL", "Neo4j", "configuration"])
      expect(out).toMatch(new RegExp(`^FAIL {2}${subject}.*\\n.*-> `, "m"))
    expect(err).toContain("4 of the checks failed")
  })

  it("lists all wrong settings at once", async () => {
    const { out } = await braid(["doctor"], { BRAID_PORT: "x", BRAID_MAX_MERGES: "-1", BRAID_COLLECT_IPV6: "maybe" })
    expect(out.match(/^FAIL {2}settings/gm)).toHaveLength(3)
  })
})

describe("serve", () => {
  it("makes a configuration, says when it is ready, drains on SIGTERM and ends with 0; logs are JSON lines", async () => {
    const service = new Service()
    rmSync(service.configFile)
    await service.start()
    expect(service.stdout).toContain("A new configuration was written")
    expect(await service.stop()).toBe(0)
    const written = JSON.parse(readFileSync(service.configFile, "utf8"))
    expect(service.stdout).toContain(written.sources[0].writeKeys[0])
    for (const line of service.stderr.trim().split("\n"))
      expect(Object.keys(JSON.parse(line))).toEqual(expect.arrayContaining(["timestamp", "level", "message"]))
    await service.dispose()
  })

  it("reads the file again on SIGHUP and keeps the last good one when it is wrong", async () => {
    const service = await new Service().start()
    const added = { id: "src_new", slug: "new", name: "New", kind: "http", writeKeys: ["wk_new"], enabled: true }
    const { sources, spaces } = JSON.parse(readFileSync(service.configFile, "utf8"))
    const connected = { sources: [...sources, added], spaces: [{ ...spaces[0], sources: ["web", "srv", "new"] }] }
    service.configure({ ...connected, sources: "none" })
    service.signal("SIGHUP")
    await service.until("the complaint", 10, async () =>
      service.stderr.includes("sources: expected an array") ? true : undefined
    )
    expect((await service.post("/v1/identify", { userId: "before" })).status).toBe(200)
    service.configure(connected)
    service.signal("SIGHUP")
    await service.until("the new source", 10, async () =>
      service.stderr.includes("Configuration read again") ? true : undefined
    )
    await service.post("/v1/identify", { userId: "after", traits: { plan: "free" } }, "wk_new")
    await service.settled()
    expect((await service.profile("user_id:after/traits")).body.traits).toEqual({ plan: "free" })
    expect(await service.stop()).toBe(0)
    await service.dispose()
  })

  it("npm start passes SIGTERM on and ends with 0", async () => {
    const env = { ...process.env, BRAID_DATA_DIR: dataDir, BRAID_PORT: "0" }
    const npm = spawn("npm", ["start"], { cwd: root, env, stdio: ["ignore", "pipe", "inherit"] })
    const ended = new Promise((resolve) => npm.once("exit", (code, signal) => resolve(code ?? signal)))
    await new Promise<void>((resolve, reject) => {
      let out = ""
      npm.stdout.on("data", (chunk) => {
        out += chunk
        if (out.includes("Braid is ready at")) resolve()
      })
      void ended.then((how) => reject(new Error(`ended with ${how}: ${out}`)))
    })
    npm.kill("SIGTERM")
    expect(await ended).toBe(0)
    // The service itself is gone, too: its folder is free.
    expect(existsSync(join(dataDir, "postgres", "braid.pid"))).toBe(false)
  })
})

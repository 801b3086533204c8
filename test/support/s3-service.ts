/**
 * One S3-compatible server for the run: S3Proxy, whose jars Maven brings once (43 MB) into a cache outside the project;
 * it keeps its objects in memory. Another server can be named with BRAID_TEST_S3_ENDPOINT, BRAID_TEST_S3_ACCESS_KEY_ID and
 * BRAID_TEST_S3_SECRET_ACCESS_KEY. Started when the first test file asks for it.
 */
import { execFile, spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { once } from "node:events"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { homedir, tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import type { S3Address } from "./s3.ts"
import type { TestService } from "./services.ts"

declare module "vitest" {
  export interface ProvidedContext {
    /** Where `test/support/s3.ts` asks for the address; null = none. */
    s3: string | null
  }
}

const run = promisify(execFile)
const here = join(import.meta.dirname, "../services/s3")
const accessKeyId = "braid"
const secretAccessKey = "not-a-secret"

/** The folder with the jars, filled by one rename when it is not there. */
const jars = async (): Promise<string> => {
  const pom = join(here, "pom.xml")
  const xdg = process.env["XDG_CACHE_HOME"]
  const cache = join(xdg === undefined || xdg === "" ? join(homedir(), ".cache") : xdg, "braid")
  const folder = join(cache, `s3proxy-${createHash("sha256").update(readFileSync(pom)).digest("hex").slice(0, 8)}`)
  if (existsSync(folder)) return folder
  mkdirSync(cache, { recursive: true })
  const aside = mkdtempSync(`${folder}.`)
  try {
    console.log(`Fetching S3Proxy with Maven into ${folder} (43 MB, once) ...`)
    const copy = ["dependency:copy-dependencies", "-DincludeScope=runtime", `-DoutputDirectory=${aside}`]
    await run("mvn", ["-q", "-B", "-ntp", "-f", pom, ...copy], { timeout: 600_000, maxBuffer: 64 * 1024 * 1024 })
    renameSync(aside, folder)
  } catch (error) {
    if (!existsSync(folder)) throw error
  } finally {
    rmSync(aside, { recursive: true, force: true })
  }
  return folder
}

/** Starts the server on a free port and reads from its own words which one that is. */
const start = async (lib: string, folder: string) => {
  const properties = join(folder, "s3proxy.conf")
  const settings = {
    "s3proxy.endpoint": "http://127.0.0.1:0",
    "s3proxy.authorization": "aws-v2-or-v4",
    "s3proxy.identity": accessKeyId,
    "s3proxy.credential": secretAccessKey,
    "jclouds.provider": "transient",
    "jclouds.identity": "x",
    "jclouds.credential": "x"
  }
  writeFileSync(
    properties,
    Object.entries(settings)
      .map((entry) => entry.join("="))
      .join("\n")
  )
  const java = [`-Dlogback.configurationFile=${join(here, "logback.xml")}`, "-Xmx256m", "-XX:+UseSerialGC"]
  const main = ["-cp", join(lib, "*"), "org.gaul.s3proxy.Main", "--properties", properties]
  const server = spawn("java", [...java, ...main], { stdio: ["ignore", "pipe", "pipe"] })
  let said = ""
  const port = await new Promise<number>((resolve, reject) => {
    const listen = (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-10_000)
      const found = /Started ServerConnector.*\{127\.0\.0\.1:(\d+)\}/.exec(said)
      if (found !== null) resolve(Number(found[1]))
    }
    server.stdout.on("data", listen)
    server.stderr.on("data", listen)
    server.once("exit", (code) => reject(new Error(`S3Proxy ended with ${code}: ${said}`)))
    server.once("error", reject)
  })
  const stop = async () => {
    if (server.exitCode !== null) return
    server.kill("SIGKILL")
    await once(server, "exit")
  }
  return { address: { endpoint: `http://127.0.0.1:${port}`, accessKeyId, secretAccessKey }, stop }
}

/** Answers every request with the address; the first one starts the server. */
const broker = async (address: () => Promise<S3Address>) => {
  let found: Promise<S3Address> | undefined
  const server = createServer((_, response) => {
    found ??= address()
    found.then(
      (it) => response.end(JSON.stringify(it)),
      (error: unknown) => response.writeHead(500).end(String(error))
    )
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  server.unref()
  const { port } = server.address() as { readonly port: number }
  return { url: `http://127.0.0.1:${port}/`, close: () => server.close() }
}

export const s3Service: TestService = {
  name: "S3",
  start: async (provide) => {
    const endpoint = process.env["BRAID_TEST_S3_ENDPOINT"]
    if (endpoint !== undefined && endpoint !== "") {
      const { url, close } = await broker(async () => ({
        endpoint,
        accessKeyId: process.env["BRAID_TEST_S3_ACCESS_KEY_ID"] ?? "",
        secretAccessKey: process.env["BRAID_TEST_S3_SECRET_ACCESS_KEY"] ?? ""
      }))
      provide("s3", url)
      return { found: `${endpoint} (BRAID_TEST_S3_ENDPOINT)`, stop: async () => void close() }
    }
    let lib: string
    try {
      await run("java", ["-version"], { timeout: 60_000 })
      lib = await jars()
    } catch (error) {
      provide("s3", null)
      const why = error instanceof Error ? error.message.split("\n")[0] : String(error)
      return { skipped: `S3Proxy needs Java 17 and, once, Maven (${why}), or set BRAID_TEST_S3_ENDPOINT` }
    }
    // The name that the sweep of `postgres-service.ts` knows.
    const folder = mkdtempSync(join(tmpdir(), `braid-test-${process.pid}-s3-`))
    let stopServer: (() => Promise<void>) | undefined
    const { url, close } = await broker(async () => {
      const { address, stop } = await start(lib, folder)
      stopServer = stop
      return address
    })
    provide("s3", url)
    return {
      found: "S3Proxy; starts when a test needs it",
      stop: async () => {
        close()
        await stopServer?.()
        rmSync(folder, { recursive: true, force: true })
      }
    }
  }
}

/**
 * A cold start and the memory of a small installation (issue 3, promise 6): `bin/braid serve` in an empty
 * folder until it says that it is ready (database made, started and migrated), the same again in that folder, beside
 * a bare `initdb` and the bare start of its server; then the demo, and what node and PostgreSQL hold after it.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { PostgresCluster } from "../src/platform/postgres-cluster.ts"
import { memory } from "./support/cpu.ts"
import { full, median, printTable } from "./support/table.ts"

const rounds = full ? 5 : 1
const root = join(import.meta.dirname, "..")

const freshFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "braid-bench-"))
  chmodSync(folder, 0o755)
  return folder
}

const run = async (
  command: string,
  dataDir: string,
  until: string
): Promise<{ readonly child: ChildProcess; readonly ms: number }> => {
  const start = performance.now()
  const child = spawn(join(root, "bin/braid"), [command], {
    cwd: root,
    env: { ...process.env, BRAID_PORT: "0", BRAID_DATA_DIR: dataDir, BRAID_GRAPH: "postgres", BRAID_LOG_LEVEL: "Warn" },
    stdio: ["ignore", "pipe", "inherit"]
  })
  let printed = ""
  await new Promise<void>((resolve, reject) => {
    child.stdout!.on("data", (chunk: Buffer) => {
      printed += chunk
      if (printed.includes(until)) resolve()
    })
    child.once("exit", (code) => reject(new Error(`braid ${command} ended with ${code}: ${printed}`)))
  })
  return { child, ms: performance.now() - start }
}

const end = async (child: ChildProcess): Promise<void> => {
  const ended = new Promise((resolve) => child.once("exit", resolve))
  child.kill("SIGTERM")
  await ended
}

/** PostgreSQL alone: what the service cannot be faster than. */
const bareServer = async (): Promise<number> => {
  const folder = freshFolder()
  const start = performance.now()
  mkdirSync(join(folder, "postgres"))
  const cluster = new PostgresCluster(join(folder, "postgres"), {})
  await cluster.prepare()
  await cluster.start(async () => undefined)
  const ms = performance.now() - start
  await cluster.stop()
  rmSync(folder, { recursive: true, force: true })
  return ms
}

const cold: Array<number> = []
const warm: Array<number> = []
const floor: Array<number> = []
for (let round = 0; round < rounds; round++) {
  floor.push(await bareServer())
  const folder = freshFolder()
  for (const list of [cold, warm]) {
    const { child, ms } = await run("serve", folder, "Braid is ready at")
    list.push(ms)
    await end(child)
  }
  rmSync(folder, { recursive: true, force: true })
}
const ms = (values: ReadonlyArray<number>) => `${Math.round(median(values))} ms`
printTable(
  ["", "until ready", "against PostgreSQL alone", "worst"],
  [
    ["initdb and start of PostgreSQL alone", ms(floor), "1.00 x", `${Math.round(Math.max(...floor))} ms`],
    [
      "braid serve, empty folder",
      ms(cold),
      `${(median(cold) / median(floor)).toFixed(2)} x`,
      `${Math.round(Math.max(...cold))} ms`
    ],
    [
      "braid serve, again",
      ms(warm),
      `${(median(warm) / median(floor)).toFixed(2)} x`,
      `${Math.round(Math.max(...warm))} ms`
    ]
  ]
)

const demos: Array<{ readonly ms: number; readonly node: number; readonly postgres: number }> = []
for (let round = 0; round < rounds; round++) {
  const folder = freshFolder()
  const { child, ms } = await run("demo", folder, "Ctrl-C stops it.")
  const sizes = memory(child.pid!)
  demos.push({ ms, node: sizes.get("node")!, postgres: sizes.get("postgres")! })
  await end(child)
  rmSync(folder, { recursive: true, force: true })
}
console.log(
  `\n  demo: ${(median(demos.map((demo) => demo.ms)) / 1000).toFixed(1)} s to its end; resident after it (PSS, MB):`
)
const row = (name: string, size: (demo: (typeof demos)[number]) => number) => {
  const all = demos.map(size)
  return [name, median(all).toFixed(0), Math.max(...all).toFixed(0)]
}
printTable(
  ["", "median", "worst"],
  [
    row("node", (demo) => demo.node),
    row("postgres", (demo) => demo.postgres),
    row("together", (demo) => demo.node + demo.postgres)
  ]
)

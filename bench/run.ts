/** Runs the benchmarks one after the other: all files beside this one, or those whose names contain a given word. */
import { spawnSync } from "node:child_process"
import { readdirSync } from "node:fs"
import { basename, join } from "node:path"

const words = process.argv.slice(2)
const files = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith(".ts") && file !== basename(import.meta.filename))
  .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
  .sort()

if (files.length === 0) {
  console.error(`No benchmark is called like ${words.join(" or ")}.`)
  process.exit(1)
}

let failed = 0
for (const file of files) {
  console.log(`\n== ${file}`)
  const env = { ...process.env, BENCH: process.env["BENCH"] ?? "1" }
  const { status } = spawnSync(
    process.execPath,
    ["--expose-gc", "--max-semi-space-size=16", join(import.meta.dirname, file)],
    {
      stdio: "inherit",
      env
    }
  )
  if (status !== 0) failed += 1
}
process.exitCode = failed === 0 ? 0 : 1

/** Finding Java and fetching Neo4j, with stand-ins for `java` and `mvn` on the PATH. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, assert, beforeEach, describe, it, vi } from "vitest"
import { findNeo4j } from "../../src/platform/neo4j-programs.ts"

const nothing = () => {}
let folder: string
let calls: string

const program = (name: string, body: string) =>
  writeFileSync(join(folder, "bin", name), `#!/bin/sh\n${body}\n`, { mode: 0o755 })

const java = (version: string) => program("java", `echo 'openjdk version "${version}" 2025-04-15' >&2`)

/** Copies one "jar", slowly, and notes that it was called. */
const maven = () =>
  program(
    "mvn",
    `echo called >> "${calls}"
for a in "$@"; do case "$a" in -DoutputDirectory=*) out="\${a#-DoutputDirectory=}";; esac; done
/bin/mkdir -p "$out" && /bin/sleep 0.3 && echo jar > "$out/neo4j.jar"`
  )

const failure = async () => {
  try {
    await findNeo4j(nothing)
  } catch (error) {
    return (error as Error).message
  }
  return assert.fail("it was found")
}

describe("Neo4j without Docker", () => {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "braid-neo4j-programs-"))
    calls = join(folder, "calls")
    mkdirSync(join(folder, "bin"))
    vi.stubEnv("PATH", join(folder, "bin"))
    vi.stubEnv("JAVA_HOME", "")
    vi.stubEnv("XDG_CACHE_HOME", join(folder, "cache"))
  })
  afterEach(() => {
    vi.unstubAllEnvs()
    rmSync(folder, { recursive: true, force: true })
  })

  it("says that Java is missing", async () => {
    assert.match(
      await failure(),
      /there is no Java on this machine[^]*What to do: install a Java runtime of version 17/
    )
  })

  it.each(["1.8.0_402", "11.0.2", "16.0.1"])("says that Java %s is too old", async (version) => {
    java(version)
    assert.include(await failure(), `the Java of this machine is ${version}, and Neo4j 5 needs 17 or newer`)
  })

  it("says that Maven is missing, and leaves nothing behind", async () => {
    java("17.0.15")
    assert.match(await failure(), /there is no Maven on this machine[^]*BRAID_NEO4J_URL/)
    assert.deepStrictEqual(readdirSync(join(folder, "cache", "braid")), [])
  })

  it("says what Maven said when it fails, and leaves nothing behind", async () => {
    java("21")
    program("mvn", "echo '[INFO] fine'; echo '[ERROR] Could not resolve artifact'; exit 1")
    assert.include(await failure(), "[ERROR] Could not resolve artifact")
    assert.deepStrictEqual(readdirSync(join(folder, "cache", "braid")), [])
  })

  it("fetches once, also when several runs begin at once, and finds it afterwards", async () => {
    java("17.0.15")
    maven()
    const downloads: Array<string> = []
    const runs = await Promise.all([1, 2, 3].map(() => findNeo4j((version) => downloads.push(version))))
    assert.strictEqual(new Set(runs.map((run) => run.lib)).size, 1)
    assert.isTrue(existsSync(join(runs[0]!.lib, "neo4j.jar")))
    assert.strictEqual(readdirSync(join(folder, "cache", "braid")).length, 1)
    const before = readFileSync(calls, "utf8")
    const again = await findNeo4j(() => assert.fail("it was fetched again"))
    assert.deepInclude(again, { origin: "cached", javaVersion: "17.0.15", version: downloads[0]! })
    assert.match(again.version, /^5\.26\.\d+$/)
    assert.strictEqual(readFileSync(calls, "utf8"), before)
  })

  it("removes what a killed run has left half done", async () => {
    java("17.0.15")
    maven()
    const left = join(folder, "cache", "braid", "neo4j-5.26.0-00000000.999999999-abcdef")
    mkdirSync(left, { recursive: true })
    await findNeo4j(nothing)
    assert.isFalse(existsSync(left))
  })

  it("prefers JAVA_HOME", async () => {
    java("11.0.2")
    maven()
    mkdirSync(join(folder, "home", "bin"), { recursive: true })
    vi.stubEnv("JAVA_HOME", join(folder, "home"))
    writeFileSync(join(folder, "home", "bin", "java"), `#!/bin/sh\necho 'openjdk version "21.0.1"' >&2\n`, {
      mode: 0o755
    })
    assert.strictEqual((await findNeo4j(nothing)).javaVersion, "21.0.1")
  })
})

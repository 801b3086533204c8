/**
 * Neo4j Community without Docker: the jars come from Maven, once, into a cache outside the project; Java is the machine's.
 *
 * The version and the list of jars are those of `test/services/neo4j/pom.xml`. A cache folder appears by one rename, so
 * it is whole or absent, also when two runs fill it at once.
 */
import { execFile } from "node:child_process"
import { createHash, randomBytes } from "node:crypto"
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { homedir } from "node:os"
import { dirname, join } from "node:path"
import { promisify } from "node:util"
import { LocalNeo4jFailed } from "./local-neo4j-failed.ts"
import { isAlive } from "./process-lock.ts"

const run = promisify(execFile)
const oldestJava = 17
const copyTimeoutMs = 15 * 60_000

export interface Neo4jPrograms {
  readonly version: string
  readonly java: string
  /** What `java -version` calls itself, e.g. `17.0.15`. */
  readonly javaVersion: string
  /** Folder with the jars. */
  readonly lib: string
  readonly origin: "cached" | "downloaded"
}

const useYourOwn = "or start a Neo4j 5 elsewhere and set BRAID_NEO4J_URL, BRAID_NEO4J_USER and BRAID_NEO4J_PASSWORD"

/** The pom lies in the checkout: above this file, and above the bundle that contains it. */
const findPom = (): string => {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    const pom = join(folder, "test", "services", "neo4j", "pom.xml")
    if (existsSync(pom)) return pom
    if (dirname(folder) === folder) {
      throw new LocalNeo4jFailed({
        what: "test/services/neo4j/pom.xml is not part of this installation",
        advice: `run from a checkout of Braid, ${useYourOwn}`
      })
    }
  }
}

const cacheFolder = (): string => {
  const xdg = process.env["XDG_CACHE_HOME"]
  return join(xdg === undefined || xdg === "" ? join(homedir(), ".cache") : xdg, "braid")
}

const findJava = async (): Promise<{ readonly java: string; readonly javaVersion: string }> => {
  const home = process.env["JAVA_HOME"]
  const java = home !== undefined && existsSync(join(home, "bin", "java")) ? join(home, "bin", "java") : "java"
  const advice = `install a Java runtime of version ${oldestJava} or 21, ${useYourOwn}`
  let said: string
  try {
    said = (await run(java, ["-version"], { timeout: 60_000 })).stderr
  } catch {
    throw new LocalNeo4jFailed({ what: "there is no Java on this machine (`java -version` does not run)", advice })
  }
  const javaVersion = /version "([^"]+)"/.exec(said)?.[1] ?? "unknown"
  if (!(Number.parseInt(javaVersion, 10) >= oldestJava)) {
    throw new LocalNeo4jFailed({
      what: `the Java of this machine is ${javaVersion}, and Neo4j 5 needs ${oldestJava} or newer`,
      advice
    })
  }
  return { java, javaVersion }
}

/** What runs that were killed have left half done. */
const sweep = (target: string): void => {
  for (const name of readdirSync(dirname(target))) {
    const [, pid] = /^neo4j-.*\.(\d+)-[0-9a-f]{6}$/.exec(name) ?? []
    if (pid !== undefined && !isAlive(Number(pid)))
      rmSync(join(dirname(target), name), { recursive: true, force: true })
  }
}

const copyJars = async (pom: string, target: string): Promise<void> => {
  const output = `${target}.${process.pid}-${randomBytes(3).toString("hex")}`
  try {
    mkdirSync(output, { recursive: true })
    sweep(target)
    await run(
      "mvn",
      [
        "-q",
        "-B",
        "-ntp",
        "-f",
        pom,
        "dependency:copy-dependencies",
        "-DincludeScope=runtime",
        `-DoutputDirectory=${join(output, "lib")}`
      ],
      { timeout: copyTimeoutMs, maxBuffer: 64 * 1024 * 1024 }
    )
    writeFileSync(join(output, "README.txt"), "Neo4j Community, copied by Braid from Maven. Safe to delete.\n")
    renameSync(output, target)
  } catch (error) {
    if (existsSync(target)) return // Another run was faster.
    const { code, syscall, stdout } = error as NodeJS.ErrnoException & { readonly stdout?: string }
    throw code === "ENOENT" && syscall === "spawn mvn"
      ? new LocalNeo4jFailed({
          what: "there is no Maven on this machine (`mvn` does not run), which fetches Neo4j once",
          advice: `install Maven 3, ${useYourOwn}`
        })
      : new LocalNeo4jFailed({
          what: `Maven could not fetch Neo4j: ${/^\[ERROR\].*/m.exec(stdout ?? "")?.[0] ?? String(error)}`,
          advice: `look at \`mvn -f ${pom} dependency:copy-dependencies\`, ${useYourOwn}`
        })
  } finally {
    rmSync(output, { recursive: true, force: true })
  }
}

/**
 * Finds Java and the server's jars; fetches the jars when they are not there yet (about 125 MB, a minute or several).
 * Rejects with `LocalNeo4jFailed`, which names what is missing.
 */
export const findNeo4j = async (onDownload: (version: string, folder: string) => void): Promise<Neo4jPrograms> => {
  const pom = findPom()
  const text = readFileSync(pom, "utf8")
  const version = /<neo4j\.version>([^<]+)</.exec(text)?.[1] ?? "unknown"
  const { java, javaVersion } = await findJava()
  const folder = join(cacheFolder(), `neo4j-${version}-${createHash("sha256").update(text).digest("hex").slice(0, 8)}`)
  const lib = join(folder, "lib")
  const cached = existsSync(lib) && readdirSync(lib).length > 0
  if (!cached) {
    onDownload(version, folder)
    await copyJars(pom, folder)
  }
  return { version, java, javaVersion, lib, origin: cached ? "cached" : "downloaded" }
}

/** Makes the database cluster and its password, once, so that a kill at any moment leaves it whole or absent. */
import { spawn } from "node:child_process"
import { randomBytes } from "node:crypto"
import * as fs from "node:fs"
import { dirname, join } from "node:path"
import type { EmbeddedPostgresFailed } from "./embedded-postgres-failed.ts"
import type { PostgresPrograms, RunAs } from "./postgres-binaries.ts"
import { adviceFor, command, environment, spawnProblem } from "./postgres-process.ts"

const majorVersion = "18"

export interface NewCluster {
  readonly folder: string
  /** The cluster itself, below `folder`. */
  readonly data: string
  /** Superuser to make. */
  readonly role: string
  readonly programs: PostgresPrograms
  readonly runAs: RunAs
  readonly failed: (what: string, advice: string, said?: string) => EmbeddedPostgresFailed
}

/** Makes what is not there yet. An interrupted run leaves only an `init-*` folder behind, which is thrown away. */
export const makeCluster = async (cluster: NewCluster): Promise<{ readonly password: string }> => {
  const { folder, failed } = cluster
  for (const name of fs.readdirSync(folder)) if (name.startsWith("init-")) await throwAway(join(folder, name))
  const exists = isCluster(cluster)
  const passwordFile = join(folder, "password")
  if (!fs.existsSync(passwordFile)) {
    if (exists)
      throw failed(`${passwordFile} is missing, and without it nobody can enter the database`, `restore that file`)
    makePassword(cluster, passwordFile)
  }
  if (!exists) await initdb(cluster, join(folder, `init-${process.pid}`), passwordFile)
  return { password: fs.readFileSync(passwordFile, "utf8").trim() }
}

/**
 * The initdb of a Braid that was killed may still write there, until it finds its files or its terminal gone: what appears
 * behind the sweep is swept again, for about 20 seconds.
 */
const throwAway = (folder: string): Promise<void> =>
  fs.promises.rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })

const isCluster = ({ data, failed }: NewCluster): boolean => {
  const versionFile = join(data, "PG_VERSION")
  if (fs.existsSync(versionFile)) {
    const version = fs.readFileSync(versionFile, "utf8").trim()
    if (version === majorVersion) return true
    throw failed(
      `${data} was made by PostgreSQL ${version}, this is PostgreSQL ${majorVersion}`,
      `move the data with pg_dump and pg_restore of a packaged PostgreSQL, or start with another BRAID_DATA_DIR`
    )
  }
  if (!fs.existsSync(data)) return false
  if (fs.readdirSync(data).length > 0) {
    throw failed(`${data} is not empty and holds no PostgreSQL data`, `move that folder away`)
  }
  fs.rmdirSync(data)
  return false
}

/** Durable before the cluster that can only be entered with it. */
const makePassword = ({ runAs: { owner } }: NewCluster, file: string) => {
  const fresh = `${file}.new`
  const fd = fs.openSync(fresh, "w", 0o600)
  fs.writeSync(fd, `${randomBytes(24).toString("base64url")}\n`)
  fs.fsyncSync(fd)
  fs.closeSync(fd)
  if (owner !== undefined) fs.chownSync(fresh, owner.uid, owner.gid)
  fs.renameSync(fresh, file)
}

const initdb = async (cluster: NewCluster, fresh: string, passwordFile: string): Promise<void> => {
  const { data, role, programs, runAs, failed } = cluster
  fs.mkdirSync(fresh, { mode: 0o700 })
  if (runAs.owner !== undefined) fs.chownSync(fresh, runAs.owner.uid, runAs.owner.gid)
  const [program, args] = command(runAs, programs.initdb, [
    `--pgdata=${fresh}`,
    `--username=${role}`,
    `--pwfile=${passwordFile}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--no-instructions"
  ])
  const said: Array<Buffer> = []
  const problem = await new Promise<string | undefined>((resolve) => {
    const child = spawn(program, args, { ...runAs.spawn, ...environment, stdio: ["ignore", "pipe", "pipe"] })
    child.stdout.on("data", (chunk: Buffer) => said.push(chunk))
    child.stderr.on("data", (chunk: Buffer) => said.push(chunk))
    child.once("error", (error) => resolve(spawnProblem(error, program)))
    child.once("close", (code, signal) =>
      resolve(code === 0 ? undefined : `initdb ended with ${signal ?? `exit code ${code}`}`)
    )
  })
  if (problem !== undefined) {
    const output = Buffer.concat(said).toString("utf8")
    await throwAway(fresh)
    throw failed(`the database could not be made: ${problem}`, adviceFor(output), output)
  }
  fs.renameSync(fresh, data)
  // Else a power cut could undo the new names although events below them are durable.
  for (const folder of [cluster.folder, dirname(cluster.folder)]) {
    const fd = fs.openSync(folder, "r")
    fs.fsyncSync(fd)
    fs.closeSync(fd)
  }
}

/** The README's first command, without a terminal: the whole story, then a service that stays up. */
import { spawn } from "node:child_process"
import { chmodSync, mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, it } from "vitest"

const root = join(import.meta.dirname, "../..")
const dataDir = mkdtempSync(join(tmpdir(), "braid-test-"))
chmodSync(dataDir, 0o755)
afterAll(() => rmSync(dataDir, { recursive: true, force: true }))

const taken = createServer()
let port: number
beforeAll(async () => {
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve))
  port = (taken.address() as { port: number }).port
})
afterAll(() => void taken.close())

/** Starts the demo, waits for `text`, answers with what was printed and how to end it. */
const demo = async (text: string) => {
  const env = { ...process.env, BRAID_DATA_DIR: dataDir, BRAID_PORT: String(port), BRAID_GRAPH: "postgres" }
  const child = spawn(process.execPath, [join(root, "bin/braid.mjs"), "demo"], {
    env,
    stdio: ["ignore", "pipe", "pipe"]
  })
  let out = ""
  let err = ""
  child.stderr.on("data", (chunk) => (err += chunk))
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve))
  await new Promise<void>((resolve, reject) => {
    child.stdout.on("data", (chunk) => {
      out += chunk
      if (out.includes(text)) resolve()
    })
    void ended.then((code) => reject(new Error(`the demo ended with ${code}:\n${out}\n${err}`)))
  })
  return {
    out,
    err: () => err,
    end: () => {
      child.kill("SIGINT")
      return ended
    }
  }
}

it("W-7 W-5 plays, shows Jane as two profiles and then as one, stays up, and can be run again", async () => {
  const first = await demo("Ctrl-C stops it.")
  expect(first.out).toContain(`Port ${port} on 127.0.0.1 is taken by another program`)
  const url = /Braid is ready at (http:\/\/127\.0\.0\.1:\d+)/.exec(first.out)![1]!
  const [before, after] = first.out.split("One profile:")
  expect(before!.match(/use_[0-9A-Za-z]{27}/g)).toHaveLength(2)
  expect(after!.match(/use_[0-9A-Za-z]{27}/g)).toEqual([/use_\w+/.exec(before!)![0]])
  for (const value of ["5285bc35-05ef-4d21", "b50e18a5-1b8d-451c", "jane.kim@segment.com"])
    expect(after).toContain(value)
  expect(after).toMatch(/^ {2}merges +1$/m)
  expect(first.out).toContain(`GraphiQL       ${url}/graphql`)

  // The lines that it invites to try. The first: W-5 is one profile with seven identifiers.
  const [line] = /curl -u pt_demo: \S+user_id:abc123def\S+/.exec(first.out)!
  const answer = await fetch(line.split(" ").at(-1)!, { headers: { authorization: `Basic ${btoa("pt_demo:")}` } })
  const { data } = (await answer.json()) as { data: ReadonlyArray<{ type: string }> }
  const types = data.map(({ type }) => type).sort()
  expect(types).toEqual(["android.id", "anonymous_id", "anonymous_id", "anonymous_id", "email", "ios.id", "user_id"])

  // A second demo beside it has a folder of its own.
  const second = await demo("Everything is in")
  expect(second.out).toContain(join(dataDir, "demo-2"))
  expect(await second.end()).toBe(0)
  expect(await first.end()).toBe(0)
  expect(first.err() + second.err()).toBe("")
})

/** `braid explain` as a user runs it: beside a service and without one, from a file and from standard input. */
import { spawn } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { ksuid } from "../../src/platform/hash.ts"
import { Service, spaceId } from "./support/service.ts"

const root = join(import.meta.dirname, "../..")
const service = new Service()

const braid = (args: ReadonlyArray<string>, input = ""): Promise<{ code: number; out: string; err: string }> =>
  new Promise((resolve) => {
    const settings = { BRAID_DATA_DIR: service.dataDir, BRAID_CONFIG: service.configFile, BRAID_PORT: "0" }
    const child = spawn(process.execPath, [join(root, "bin/braid.mjs"), "explain", ...args], {
      env: { ...process.env, ...settings }
    })
    let [out, err] = ["", ""]
    child.stdout.on("data", (chunk) => (out += chunk))
    child.stderr.on("data", (chunk) => (err += chunk))
    child.once("close", (code) => resolve({ code: code ?? -1, out, err }))
    child.stdin.end(input)
  })

const jane = { type: "identify", messageId: "j-1", userId: "abc123", traits: { email: "jane@example1.com" } }
const w3 = { ...jane, messageId: "j-2", userId: "abc456" }
const file = (name: string, content: unknown): string => {
  const path = join(service.dataDir, name)
  writeFileSync(path, JSON.stringify(content))
  return path
}
const kinds = (out: string) => [...out.matchAll(/^ +\d+ {2}(\S[a-z ]*?) {2,}/gm)].map((match) => match[1])

/** Of the profile that the second event makes. */
const idAt = (time: string): string => `use_${ksuid(Date.parse(time), `${spaceId}\nusers\nj-2`)}`

/** What a call that fails says. */
const wrong = async (...args: ReadonlyArray<string>): Promise<string> => {
  const { code, err } = await braid(args)
  expect(code).toBe(1)
  return err
}

beforeAll(async () => {
  await service.start()
  await service.batch([jane])
  await service.settled()
})
afterAll(() => service.dispose())

describe("braid explain", () => {
  it("AC2-13, AC2-14: beside a running service, readable at a glance; the last line says what would happen", async () => {
    const said = await braid([file("w3.json", w3)])
    expect(said).toMatchObject({ code: 0, err: "" })
    expect(kinds(said.out)).toEqual([
      "drop check",
      "extract",
      "rank",
      "lookup",
      "candidate",
      "limit check",
      "breach",
      "demote",
      "limit check",
      "decide",
      "would write"
    ])
    expect(said.out).not.toContain("\u001B[")
    for (const line of said.out.split("\n")) expect(line.length).toBeLessThanOrEqual(100)
    const last = said.out.trimEnd().split("\n\n").at(-1)!.replaceAll("\n", " ")
    expect(last).toMatch(
      /^The event would create the profile use_[0-9A-Za-z]{27} with user_id:abc456\. email jane@example1\.com would not count as an identifier\.$/
    )
    const rules = file("rules.json", {
      version: 1,
      identifiers: [
        { type: "user_id", rank: 1, limit: 2 },
        { type: "email", rank: 2 }
      ]
    })
    const under = await braid(["-", "--rules", rules, "--space", "demo"], JSON.stringify(w3))
    expect(under.out.trimEnd().split("\n\n").at(-1)!.replaceAll("\n", " ")).toMatch(
      /^The event would add user_id:abc456 to use_/
    )
  })

  it("IDR-181: what it said comes true; then the record is told by message id", async () => {
    const said = JSON.parse(
      (await braid([file("w3.json", { ...w3, receivedAt: new Date().toISOString() }), "--json"])).out
    )
    expect(said).toMatchObject({ action: "create", dryRun: true, profile: { created: true } })
    await service.batch([w3])
    await service.settled()
    const done = JSON.parse((await braid(["--message-id", "j-2", "--json"])).out)
    expect(done).toMatchObject({ action: "create", dryRun: false })
    // Without a timestamp of its own, the event happened when it was received, which is all that the id still depends on.
    expect(said.profile.segmentId).toBe(idAt(said.record.event.timestamp))
    expect(done.profile.segmentId).toBe(idAt(done.record.event.timestamp))
    expect(done.steps.map(({ kind }: { kind: string }) => kind)).toEqual(
      expect.arrayContaining(["BREACH", "DEMOTE", "DECIDE"])
    )
    const shown = await braid(["--message-id", "j-2"])
    expect(kinds(shown.out)).toContain("wrote")
  })

  it("says what is wrong", async () => {
    expect(await wrong()).toContain("Give the file of an event")
    expect(await wrong("/nowhere/event.json")).toContain("/nowhere/event.json cannot be read: ENOENT")
    expect(await wrong(file("list.json", []))).toContain("An event is a JSON object")
    expect(await wrong(file("w3.json", w3), "--space", "nowhere")).toContain(
      'There is no space "nowhere". There are: demo.'
    )
    expect(await wrong("--message-id", "m-none")).toContain("has not resolved a message m-none")
  })

  it("works without a service, too", async () => {
    expect(await service.stop()).toBe(0)
    const said = await braid(["-"], JSON.stringify({ ...w3, messageId: "j-9" }))
    expect(said).toMatchObject({ code: 0 })
    expect(said.out.replaceAll("\n", " ")).toContain("The event would go to the profile use_")
  })
})

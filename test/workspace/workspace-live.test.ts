import { Console, Effect, Layer, Option, type Scope } from "effect"
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { Settings, type SettingsValue } from "../../src/config.ts"
import { sha256Hex } from "../../src/platform/hash.ts"
import { Health } from "../../src/platform/health.ts"
import { ConfigFileInvalid, Workspace } from "../../src/workspace/workspace.ts"
import { workspaceLive } from "../../src/workspace/workspace-live.ts"
import { testDatabase } from "../support/database.ts"

let folder: string
let configFile: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "braid-workspace-"))
  configFile = join(folder, "deep", "config.json")
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const source = (slug: string, more: object = {}) => ({
  id: `src_${slug}`,
  slug,
  name: slug,
  kind: "http",
  writeKeys: [`wk_${slug}`],
  ...more
})
const file = (slugs: ReadonlyArray<string>, more: object = {}) => ({
  sources: slugs.map((slug) => source(slug)),
  spaces: [{ id: "spa_0123456789abcdefghijkl", slug: "demo", kind: "dev", sources: slugs }],
  ...more
})
const write = (content: unknown) => {
  rmSync(configFile, { force: true })
  writeFileSync(configFile, typeof content === "string" ? content : JSON.stringify(content))
}

/** Runs `body` with a live workspace on its own database and returns what was printed. */
const run = async <A, E>(body: Effect.Effect<A, E, Workspace | Scope.Scope>) => {
  const printed: Array<string> = []
  const console = { ...globalThis.console, log: (...args: ReadonlyArray<unknown>) => void printed.push(args.join(" ")) }
  const settings = Layer.effect(
    Settings,
    Effect.map(Settings, (all): SettingsValue => ({ ...all, configFile, databaseUrl: Option.none() }))
  ).pipe(Layer.provide(Settings.layer))
  const value = await body.pipe(
    Effect.provide(
      workspaceLive.pipe(Layer.provideMerge(testDatabase), Layer.provideMerge(settings), Layer.provide(Health.layer))
    ),
    Effect.provideService(Console.Console, console),
    Effect.scoped,
    Effect.runPromise
  )
  return { value, printed: printed.join("\n") }
}

const current = Effect.map(Workspace, (workspace) => workspace.current())

describe("a new installation", () => {
  it("gets a file with one source, one space and one token, shown once, readable by its owner only", async () => {
    const first = await run(current)
    const [token] = /pt_[0-9A-Za-z]{32}/.exec(first.printed)!
    const text = readFileSync(configFile, "utf8")
    expect(statSync(configFile).mode & 0o777).toBe(0o600)
    expect(text).not.toContain(token)
    const written = JSON.parse(text)
    expect(first.printed).toContain(written.sources[0].writeKeys[0])
    expect(first.printed).toContain(written.spaces[0].id)
    expect(first.value.tokenByHash.get(sha256Hex(token))?.spaceId).toBe(written.spaces[0].id)
    expect(first.value.sourceByWriteKey.size).toBe(1)
    expect((await run(current)).printed).toBe("")
  })
})

const start = () => {
  const made = mkdtempSync(join(folder, "c-"))
  configFile = join(made, "config.json")
}

describe("a running installation", () => {
  it("numbers new sources once and keeps the numbers of those that left", async () => {
    start()
    write(file(["a", "b"]))
    const { value } = await run(
      Effect.gen(function* () {
        const workspace = yield* Workspace
        const before = workspace.current()
        const seen: Array<number> = []
        yield* workspace.onChange((snapshot) => seen.push(snapshot.sources.length))
        write(file(["b", "c", "d"]))
        yield* workspace.reload
        return { before, after: workspace.current(), seen }
      })
    )
    const numbers = (snapshot: typeof value.before) => new Map(snapshot.sources.map(({ no, slug }) => [slug, no]))
    expect(numbers(value.after).get("b")).toBe(numbers(value.before).get("b"))
    expect(new Set([...numbers(value.before).values(), ...numbers(value.after).values()]).size).toBe(4)
    expect(value.after.sourceByNo.get(numbers(value.before).get("a")!)).toMatchObject({ id: "src_a", enabled: false })
    expect(value.after.sourceByWriteKey.has("wk_a")).toBe(false)
    expect(value.seen).toEqual([3])
  })

  it.each([
    ["text that is not JSON", () => "{", "(the whole file): expected JSON"],
    ["a wrong member", () => file(["a"], { limit: {} }), 'limit: unknown member; did you mean "limits"?'],
    [
      "ING-114 another slug for a source",
      () => file([], { sources: [{ ...source("a"), slug: "z" }] }),
      'sources[0].slug: expected "a"'
    ],
    [
      "ING-114 another kind for a source",
      () => file([], { sources: [source("a", { kind: "server" })] }),
      'sources[0].kind: expected "http"'
    ],
    [
      "IDR-3 another slug for a space",
      () => file([], { spaces: [{ ...file(["a"]).spaces[0]!, slug: "z", sources: [] }] }),
      'spaces[0].slug: expected "demo"'
    ]
  ])("keeps the last good snapshot when the file becomes wrong: %s", async (_, content, problem) => {
    start()
    write(file(["a"]))
    const { value } = await run(
      Effect.gen(function* () {
        const workspace = yield* Workspace
        const before = workspace.current()
        write(content())
        const error = yield* Effect.flip(workspace.reload)
        return { error, same: workspace.current() === before }
      })
    )
    expect(value.error).toBeInstanceOf(ConfigFileInvalid)
    expect(value.error.message).toContain(problem)
    expect(value.same).toBe(true)
  })

  it("does not start with a wrong file", async () => {
    start()
    write({ sources: [], spaces: [], tokens: 5 })
    await expect(run(current)).rejects.toThrow("tokens: expected an array of tokens, found 5")
  })

  it("reads the file again on SIGHUP", async () => {
    start()
    write(file(["a"]))
    const { value } = await run(
      Effect.gen(function* () {
        const workspace = yield* Workspace
        const changed = Promise.withResolvers<ReadonlyArray<string>>()
        yield* workspace.onChange((snapshot) => changed.resolve(snapshot.sources.map(({ slug }) => slug)))
        write(file(["a", "n"]))
        yield* Effect.sync(() => process.emit("SIGHUP"))
        return yield* Effect.promise(() => changed.promise)
      })
    )
    expect(value).toEqual(["a", "n"])
    expect(process.listenerCount("SIGHUP")).toBe(0)
  })
})

/** Secrets at rest (ADM-84): the key of the database, the key beside it, and changing the latter. */
import { Effect, Exit, Layer, Redacted, Scope } from "effect"
import { createHash, randomBytes } from "node:crypto"
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { Database } from "../../src/platform/database.ts"
import { connectDatabase } from "../../src/platform/database-layer.ts"
import { type MasterKeySettings, readMasterKeys } from "../../src/platform/master-key.ts"
import { Vault, vaultLayer, VaultLocked } from "../../src/platform/vault.ts"
import { freshDatabase } from "../support/database.ts"

const [first, second, third] = [1, 2, 3].map((byte) => Buffer.alloc(32, byte))

type Opened = Vault["Service"]

const scope = Scope.makeUnsafe()
let database: Database["Service"]
beforeAll(async () => {
  database = await Effect.runPromise(
    Scope.provide(scope)(Effect.flatMap(freshDatabase, (url) => connectDatabase(url, { embedded: true })))
  )
})
afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))

/** Runs `body` on a database without keys; `open` starts the vault as a process with these master keys would. */
const withVaults = <A>(
  body: (open: (current?: Buffer, previous?: Buffer) => Effect.Effect<Opened, unknown>) => Effect.Effect<A, unknown>
) =>
  Effect.runPromise(
    Effect.andThen(
      database.write`delete from vault_keys`,
      Effect.suspend(() =>
        body((current, previous) =>
          Vault.pipe(
            Effect.provide(
              vaultLayer(Effect.succeed({ current, previous })).pipe(Layer.provide(Layer.succeed(Database, database)))
            )
          )
        )
      )
    )
  )

const message = (effect: Effect.Effect<unknown, unknown>) =>
  Effect.map(Effect.flip(effect), (error) => (error as Error).message)
const thrown = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    return error instanceof VaultLocked ? error.message : `not expected: ${String(error)}`
  }
  return "nothing"
}

describe("the vault", () => {
  it("opens what it sealed, for its place only, and what another process sealed", () =>
    withVaults((open) =>
      Effect.gen(function* () {
        const [one, other] = yield* Effect.all([open(first), open(first)], { concurrency: 2 })
        const sealed = one.seal("s3cret ü", "setting a of x")
        expect(sealed).not.toContain("s3cret")
        expect(one.seal("s3cret ü", "setting a of x")).not.toBe(sealed)
        expect(other.open(sealed, "setting a of x")).toBe("s3cret ü")
        expect(thrown(() => one.open(sealed, "setting b of x"))).toContain("changed or copied by hand")
        const [version, id, text] = sealed.split(".")
        const bytes = Buffer.from(text!, "base64")
        bytes[14]! ^= 1
        expect(thrown(() => one.open([version, id, bytes.toString("base64")].join("."), "setting a of x"))).toContain(
          "by hand"
        )
        for (const nonsense of ["", "v1", "v1.nokey.AAAA", `v1.${id}.`, `v2.${id}.${text}`])
          expect(thrown(() => one.open(nonsense, "setting a of x"))).toMatch(/by hand|not there/)
      })
    ))

  it("the database alone holds no key: the data key is there only wrapped", () =>
    withVaults((open) =>
      Effect.gen(function* () {
        yield* open(first)
        const [row] = yield* database.write<{ all: string }>`select k::text as all from vault_keys k`
        for (const encoding of ["hex", "base64"] as const) expect(row!.all).not.toContain(first!.toString(encoding))
        expect(row!.all).not.toContain(createHash("sha256").update(first!).digest("hex").slice(0, 16))
      })
    ))

  it("another master key is refused by name; with the former one beside it the data key is wrapped anew", () =>
    withVaults((open) =>
      Effect.gen(function* () {
        const before = yield* open(first)
        const sealed = before.seal("s3cret", "p")
        expect(yield* message(open(second))).toMatch(/another master key.*BRAID_MASTER_KEY_PREVIOUS/)
        expect(yield* message(open(third, second))).toContain("another master key")
        const changed = yield* open(second, first)
        expect(changed.open(sealed, "p")).toBe("s3cret")
        // A process that runs since before goes on, in both directions.
        expect(changed.open(before.seal("late", "p"), "p")).toBe("late")
        expect((yield* open(second)).open(sealed, "p")).toBe("s3cret")
        expect(yield* message(open(first))).toContain("another master key")
        expect((yield* open(second, first)).open(sealed, "p")).toBe("s3cret")
      })
    ))

  it("without a master key nothing can be sealed; with secrets there already, it does not start", () =>
    withVaults((open) =>
      Effect.gen(function* () {
        const without = yield* open()
        expect(without.locked?.message).toContain("Set BRAID_MASTER_KEY")
        expect(thrown(() => without.seal("x", "p"))).toContain("Set BRAID_MASTER_KEY")
        yield* open(first)
        expect(yield* message(open())).toMatch(/no master key is set.*fingerprint [0-9a-f]{16}/)
      })
    ))
})

describe("the master key", () => {
  const folder = mkdtempSync(join(tmpdir(), "braid-vault-"))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const none: MasterKeySettings = {
    masterKey: undefined,
    previousMasterKey: undefined,
    masterKeyFile: "",
    dataDir: folder,
    embedded: false
  }
  const read = (settings: Partial<MasterKeySettings>) => Effect.runPromise(readMasterKeys({ ...none, ...settings }))

  it("is base64 or hex of 32 bytes", async () => {
    for (const encoding of ["base64", "hex"] as const)
      expect((await read({ masterKey: Redacted.make(` ${first!.toString(encoding)}\n`) })).current).toEqual(first)
    const keys = await read({
      masterKey: Redacted.make(second!.toString("hex")),
      previousMasterKey: Redacted.make(first!.toString("hex"))
    })
    expect(keys).toEqual({ current: second, previous: first })
    await expect(read({ masterKey: Redacted.make("too short") })).rejects.toThrow(/BRAID_MASTER_KEY.*32 random bytes/)
    await expect(read({ previousMasterKey: Redacted.make("x") })).rejects.toThrow("BRAID_MASTER_KEY_PREVIOUS")
  })

  it("on the embedded set-up is a file that only its user can read, made once", async () => {
    const file = join(folder, "master.key")
    expect(await read({})).toEqual({ current: undefined, previous: undefined })
    expect(existsSync(file)).toBe(false)
    const [one, other] = await Promise.all([read({ embedded: true }), read({ embedded: true })])
    expect(one.current).toHaveLength(32)
    expect(other).toEqual(one)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(Buffer.from(readFileSync(file, "utf8"), "base64")).toEqual(one.current)
    expect((await read({ embedded: true, masterKey: Redacted.make(third!.toString("hex")) })).current).toEqual(third)
  })

  it("of a file that is named is never made", async () => {
    const file = join(folder, "elsewhere.key")
    await expect(read({ masterKeyFile: file, embedded: true })).rejects.toThrow(/elsewhere\.key.*ENOENT/)
    writeFileSync(file, randomBytes(32).toString("hex"))
    expect((await read({ masterKeyFile: file })).current).toHaveLength(32)
  })
})

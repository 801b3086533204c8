import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { folderObjectStore } from "../../src/archive/object-folder.ts"
import { ObjectStore } from "../../src/archive/object-store.ts"
import { objectStoreContract } from "./object-store.ts"

const temporaryFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "braid-objects-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)
const open = (folder: string) =>
  Layer.build(folderObjectStore(folder)).pipe(Effect.flatMap((context) => Effect.provide(ObjectStore, context)))

objectStoreContract("folder", {
  empty: Effect.flatMap(temporaryFolder, (folder) => open(join(folder, "made", "by-us"))),
  gone: Effect.gen(function* () {
    const folder = yield* temporaryFolder
    const store = yield* open(join(folder, "archive"))
    rmSync(join(folder, "archive"), { recursive: true })
    // Even root cannot make a folder below a file.
    writeFileSync(join(folder, "archive"), "")
    return store
  })
})

describe("the folder", () => {
  it.live("a full disk is called by its name", () =>
    Effect.gen(function* () {
      if (!existsSync("/dev/full")) return
      const folder = yield* temporaryFolder
      // Every write to /dev/full fails with ENOSPC.
      const store = yield* open(folder)
      rmSync(join(folder, ".tmp"), { recursive: true })
      symlinkSync("/dev/full", join(folder, ".tmp"))
      const error = yield* Effect.flip(store.put("a", Buffer.from("x")))
      assert.strictEqual(error._tag, "ObjectStoreFailed")
      assert.deepStrictEqual(readdirSync(folder), [".tmp"])
    }).pipe(Effect.scoped)
  )

  it.live("a put that fails leaves nothing behind, neither object nor half of it", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const store = yield* open(folder)
      yield* store.put("a", Buffer.from("old"))
      yield* Effect.flip(store.put("a", { file: join(folder, "no such file") }))
      yield* Effect.flip(store.put("a/b", Buffer.from("x")))
      assert.strictEqual(Buffer.from(yield* store.get("a")).toString(), "old")
      assert.deepStrictEqual(readdirSync(join(folder, ".tmp")), [])
    }).pipe(Effect.scoped)
  )

  it.live("what a crash left half-written goes with a later start, and is never listed", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      mkdirSync(join(folder, ".tmp"))
      writeFileSync(join(folder, ".tmp", "old"), "half")
      writeFileSync(join(folder, ".tmp", "young"), "half of somebody else who is at it")
      utimesSync(join(folder, ".tmp", "old"), 1, 1)
      const store = yield* open(folder)
      assert.deepStrictEqual(readdirSync(join(folder, ".tmp")), ["young"])
      assert.deepStrictEqual((yield* store.list({ prefix: "" })).objects, [])
    }).pipe(Effect.scoped)
  )

  it.live("delete takes folders away that are empty, and only those", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const store = yield* open(folder)
      yield* store.put("a/b/c", Buffer.from("x"))
      yield* store.put("a/d", Buffer.from("x"))
      yield* store.delete("a/b/c")
      assert.deepStrictEqual(readdirSync(join(folder, "a")), ["d"])
      yield* store.delete("a/d")
      assert.deepStrictEqual(readdirSync(folder), [".tmp"])
    }).pipe(Effect.scoped)
  )
})

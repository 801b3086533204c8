import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { folderObjectStore } from "../../src/archive/object-folder.ts"
import { ObjectStore } from "../../src/archive/object-store.ts"
import { objectStoreContract } from "./object-store.ts"

const temporaryFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "braid-objects-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)
/** A disk of 256 kB; undefined where this user may not mount one. */
const smallDisk = Effect.gen(function* () {
  const folder = yield* temporaryFolder
  return yield* Effect.acquireRelease(
    Effect.sync(() => {
      const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", folder]).status === 0
      return mounted ? folder : undefined
    }),
    (disk) => Effect.sync(() => disk !== undefined && spawnSync("umount", [disk]))
  )
})
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
  it.live("a full disk is called by its name, and the old object stays", (context) =>
    Effect.gen(function* () {
      const disk = yield* smallDisk
      if (disk === undefined) return context.skip("this user may not mount a small disk to fill")
      const store = yield* open(join(disk, "archive"))
      yield* store.put("a", Buffer.from("old"))
      const error = yield* Effect.flip(store.put("a", Buffer.alloc(1024 * 1024)))
      assert.strictEqual(error._tag, "ObjectStoreFailed")
      assert.match(error.message, /"a" in folder .*archive: the disk is full\. Free some space.*BRAID_ARCHIVE_DIR/)
      assert.strictEqual(Buffer.from(yield* store.get("a")).toString(), "old")
      yield* store.put("b", Buffer.from("there is room for this"))
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

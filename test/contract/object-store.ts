/** What every object store promises (the port's comments), as a suite over an adapter. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, type Scope } from "effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { ObjectStore, ObjectStoreFailed } from "../../src/archive/object-store.ts"

type Store = ObjectStore["Service"]

/** `empty`: a store without objects. `gone`: one whose place does not exist or does not answer. */
export interface ObjectStores {
  readonly empty: Effect.Effect<Store, ObjectStoreFailed, Scope.Scope>
  readonly gone: Effect.Effect<Store, ObjectStoreFailed, Scope.Scope>
}

const bytes = (text: string) => Buffer.from(text)
const text = (content: Uint8Array) => Buffer.from(content).toString()
const keys = (listed: { readonly objects: ReadonlyArray<{ readonly key: string }> }) =>
  listed.objects.map(({ key }) => key)

const below = (store: Store, prefix: string) => Effect.map(store.list({ prefix }), keys)

const notKeys = [
  "",
  "/a",
  "a/",
  "a//b",
  "..",
  "../a",
  "a/../b",
  "a/..",
  "./a",
  ".tmp/a",
  "a\\b",
  "a b",
  "a\0b",
  "ä",
  "a/%2e%2e/b",
  "x".repeat(201),
  `${"x/".repeat(300)}x`
]

export const objectStoreContract = (adapter: string, { empty, gone }: ObjectStores): void => {
  const test = (name: string, body: (store: Store) => Effect.Effect<void, unknown, Scope.Scope>) =>
    it.live(name, () => Effect.flatMap(empty, body).pipe(Effect.scoped))

  describe(`ObjectStore contract (${adapter})`, () => {
    test("what was put is there: bytes, size, and in the list", (store) =>
      Effect.gen(function* () {
        const content = Uint8Array.from({ length: 300 }, (_, n) => n % 256)
        yield* store.put("days/2026-03-10/a.zst", content)
        assert.deepStrictEqual(Uint8Array.from(yield* store.get("days/2026-03-10/a.zst")), content)
        const info = { key: "days/2026-03-10/a.zst", bytes: 300 }
        assert.deepStrictEqual(yield* store.head(info.key), info)
        assert.deepStrictEqual(yield* store.list({ prefix: "" }), { objects: [info], more: false })
      }))

    test("an object may be empty", (store) =>
      Effect.gen(function* () {
        yield* store.put("nothing", new Uint8Array(0))
        assert.strictEqual((yield* store.get("nothing")).length, 0)
        assert.deepStrictEqual(yield* store.head("nothing"), { key: "nothing", bytes: 0 })
      }))

    test("a file is streamed in and stays where it is", (store) =>
      Effect.gen(function* () {
        const folder = mkdtempSync(join(tmpdir(), "braid-object-"))
        yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(folder, { recursive: true })))
        const file = join(folder, "large")
        const content = Buffer.alloc(3 * 1024 * 1024, "0123456789abcde")
        writeFileSync(file, content)
        yield* store.put("large", { file })
        yield* store.put("large.copy", { file })
        assert.isTrue(content.equals(yield* store.get("large")))
        assert.isTrue(content.equals(yield* store.get("large.copy")))
      }))

    test("put replaces the whole object, get sees the old one or the new one", (store) =>
      Effect.gen(function* () {
        const contents = ["first, the longest of all", "second", "third"].map((it) => it.repeat(5000))
        yield* store.put("a", bytes(contents[0]!))
        const seen = new Set<string>()
        const read = Effect.map(store.get("a"), (content) => void seen.add(text(content)))
        const write = Effect.forEach([1, 2, 0, 1, 2], (n) => store.put("a", bytes(contents[n]!)), { discard: true })
        yield* Effect.all([write, Effect.forEach(Array.from({ length: 20 }), () => read)], { concurrency: 2 })
        for (const content of seen) assert.include(contents, content)
        assert.strictEqual(text(yield* store.get("a")), contents[2])
      }))

    test("a range gives the part of it that there is", (store) =>
      Effect.gen(function* () {
        yield* store.put("a", bytes("0123456789"))
        const part = (from: number, to: number) => Effect.map(store.get("a", { from, to }), text)
        assert.strictEqual(yield* part(0, 10), "0123456789")
        assert.strictEqual(yield* part(0, 1), "0")
        assert.strictEqual(yield* part(3, 6), "345")
        assert.strictEqual(yield* part(8, 100), "89")
        assert.strictEqual(yield* part(10, 20), "")
        assert.strictEqual(yield* part(5, 5), "")
      }))

    test("what is not there is an error of its own, with its key and its place", (store) =>
      Effect.gen(function* () {
        yield* store.put("a/b", bytes("x"))
        for (const key of ["b", "a/c", "a/b/c"]) {
          const error = yield* Effect.flip(store.get(key))
          assert.strictEqual(error._tag, "ObjectNotFound")
          assert.include(error.message, `"${key}"`)
          assert.include(error.message, store.place)
          assert.isUndefined(yield* store.head(key))
        }
      }))

    test("delete removes one object, and is done when there is none", (store) =>
      Effect.gen(function* () {
        yield* store.put("a/b/c", bytes("x"))
        yield* store.put("a/d", bytes("y"))
        yield* store.delete("a/b/c")
        yield* store.delete("a/b/c")
        yield* store.delete("never/was")
        assert.deepStrictEqual(keys(yield* store.list({ prefix: "" })), ["a/d"])
        assert.strictEqual((yield* Effect.flip(store.get("a/b/c")))._tag, "ObjectNotFound")
        yield* store.put("a/b/c", bytes("again"))
        assert.strictEqual(text(yield* store.get("a/b/c")), "again")
      }))

    test("lists are in byte order, begin after a key, and come in pages", (store) =>
      Effect.gen(function* () {
        const all = ["B", "a-b/c", "a.b", "a/b", "a/b.c", "a/b=c", "a0", "ab/c", "ab/d/e", "ab/f", "b"]
        yield* Effect.forEach(all.toReversed(), (key) => store.put(key, bytes(key)), { discard: true })
        assert.deepStrictEqual(keys(yield* store.list({ prefix: "" })), all)
        for (const limit of [1, 2, 3, all.length]) {
          const found: Array<string> = []
          for (let after: string | undefined; ; after = found.at(-1)) {
            const page = yield* store.list({ prefix: "", after, limit })
            assert.isAtMost(page.objects.length, limit)
            found.push(...keys(page))
            if (!page.more) break
          }
          assert.deepStrictEqual(found, all, `in pages of ${limit}`)
        }
        const after = (key: string, prefix = "") => Effect.map(store.list({ prefix, after: key }), keys)
        assert.deepStrictEqual(yield* after("a/b"), all.slice(4))
        assert.deepStrictEqual(yield* after("ab/d/zz"), ["ab/f", "b"])
        assert.deepStrictEqual(yield* after("a/b", "a/"), ["a/b.c", "a/b=c"])
      }))

    test("a prefix is text, not a folder", (store) =>
      Effect.gen(function* () {
        for (const key of ["day-1/a", "day-1/b", "day-10/a", "day-2/a", "day"]) yield* store.put(key, bytes(key))
        assert.deepStrictEqual(yield* below(store, "day-1"), ["day-1/a", "day-1/b", "day-10/a"])
        assert.deepStrictEqual(yield* below(store, "day-1/"), ["day-1/a", "day-1/b"])
        assert.deepStrictEqual(yield* below(store, "day-1/b"), ["day-1/b"])
        assert.deepStrictEqual(yield* below(store, "night"), [])
      }))

    test("names that could lead elsewhere are refused by every operation", (store) =>
      Effect.gen(function* () {
        for (const key of notKeys) {
          const attempts = [store.put(key, bytes("x")), store.get(key), store.head(key), store.delete(key)]
          for (const attempt of attempts) {
            assert.strictEqual(
              (yield* Effect.flip<unknown, { readonly _tag: string }, never>(attempt))._tag,
              "ObjectStoreFailed",
              key
            )
          }
        }
        assert.strictEqual((yield* Effect.flip(store.list({ prefix: "../" })))._tag, "ObjectStoreFailed")
        assert.deepStrictEqual(keys(yield* store.list({ prefix: "" })), [])
      }))

    it.live("a store that is not there says what failed, where, and what to do", () =>
      Effect.gen(function* () {
        const store = yield* gone
        const attempts = [
          ["put", store.put("a", bytes("x"))],
          ["get", store.get("a")],
          ["head", store.head("a")],
          ["list", store.list({ prefix: "" })],
          ["delete", store.delete("a")]
        ] as const
        for (const [operation, attempt] of attempts) {
          const exit = yield* Effect.result<unknown, { readonly _tag: string; readonly message: string }, never>(
            attempt
          )
          // A folder that is gone has no objects; that is all it can say.
          if (exit._tag === "Success" || exit.failure._tag === "ObjectNotFound") {
            assert.notStrictEqual(operation, "put")
            assert.strictEqual(adapter, "folder")
            continue
          }
          assert.strictEqual(exit.failure._tag, "ObjectStoreFailed")
          assert.match(exit.failure.message, new RegExp(`could not ${operation} .*: .+\\. [A-Z].*BRAID_`))
          assert.include(exit.failure.message, store.place)
        }
      }).pipe(Effect.scoped)
    )
  })
}

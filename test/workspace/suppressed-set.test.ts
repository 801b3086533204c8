/** The suppressed user ids of a process: exact, however they come and go. */
import * as fc from "fast-check"
import { expect, it } from "vitest"
import { SuppressedSet } from "../../src/workspace/suppressed-set.ts"
import { SuppressedUsers } from "../../src/workspace/suppressions.ts"

it("has what was added and not removed, and nothing else", () => {
  const ids = fc.oneof(fc.string({ maxLength: 3 }), fc.integer({ min: 0, max: 60 }).map(String))
  const changes = fc.array(fc.tuple(ids, fc.boolean()), { maxLength: 300 })
  fc.assert(
    fc.property(changes, fc.array(ids), (all, asked) => {
      const set = new SuppressedSet()
      const model = new Set<string>()
      for (const [id, add] of all) {
        if (add) {
          set.add(id)
          model.add(id)
        } else {
          set.remove(id)
          model.delete(id)
        }
      }
      expect(set.size).toBe(model.size)
      for (const id of [...asked, ...all.map(([it]) => it)]) expect(set.has(id)).toBe(model.has(id))
    }),
    { numRuns: 200 }
  )
})

it("takes at most 60 bytes an id, and no more for ids that come and go", () => {
  const set = new SuppressedSet()
  for (let i = 0; i < 100_000; i++) set.add(`user-${i}`)
  expect(set.bytes / set.size).toBeLessThan(60)
  const { bytes } = set
  for (let i = 0; i < 100_000; i++) {
    set.remove(`user-${i}`)
    set.add(`other-${i}`)
  }
  expect(set.size).toBe(100_000)
  expect(set.bytes).toBeLessThanOrEqual(bytes * 2)
})

it("PRV-5: knows whom only one source suppresses", () => {
  const users = new SuppressedUsers()
  users.change("a", "", true)
  users.change("b", "src_web", true)
  expect([users.has("a", "src_srv"), users.has("b", "src_srv"), users.has("b", "src_web")]).toEqual([true, false, true])
  users.change("b", "src_web", false)
  expect([users.has("b", "src_web"), users.size, users.isEmpty]).toEqual([false, 1, false])
})

import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll } from "vitest"
import { byReplayOrder, type ReplayEvent } from "../../src/archive/history.ts"
import { ReplaySorter } from "../../src/archive/replay-sort.ts"
import { hash128 } from "../../src/platform/hash.ts"

const folder = mkdtempSync(join(tmpdir(), "braid-sort-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const eventOf = (n: number, key: { timestamp: number; receivedAt: number; messageId: string }): ReplayEvent => ({
  ...key,
  position: n + 1,
  source: n % 7,
  hash: hash128(String(n)),
  body: Buffer.from(JSON.stringify({ n, text: "ü".repeat(n % 50) }))
})
const plain = ({ body, ...rest }: ReplayEvent) => ({ ...rest, body: Buffer.from(body).toString() })

const sorted = async (events: ReadonlyArray<ReplayEvent>, runBytes: number, size = 7) => {
  const sorter = new ReplaySorter({ folder, runBytes })
  for (const event of events) if (sorter.add(event, event)) await sorter.spill()
  const found: Array<ReplayEvent> = []
  for await (const part of sorter.merged(size)) {
    assert.isAtLeast(part.length, 1)
    assert.isAtMost(part.length, size)
    found.push(...part)
  }
  await sorter.close()
  return found.map(plain)
}

describe("IDR-134: the order of a replay", () => {
  it("is timestamp, then receivedAt, then messageId, in memory as on disk", async () => {
    const small = fc.integer({ min: 0, max: 3 })
    const key = fc.record({
      timestamp: small,
      receivedAt: small,
      messageId: fc.constantFrom("a", "b", "B", "é", "😀", "")
    })
    await fc.assert(
      fc.asyncProperty(fc.array(key, { maxLength: 60 }), fc.constantFrom(1, 500, 2000, 1e9), async (keys, runBytes) => {
        const events = keys.map((it, n) => eventOf(n, it))
        const expected = events.toSorted(byReplayOrder).map(plain)
        assert.deepStrictEqual(await sorted(events, runBytes), expected)
      }),
      { numRuns: 60 }
    )
  })

  it("holds over more runs than are merged at once", async () => {
    // One event a run: 200 runs are merged in two steps.
    const events = Array.from({ length: 200 }, (_, n) =>
      eventOf(n, { timestamp: (n * 7919) % 101, receivedAt: n % 3, messageId: String(n) })
    )
    assert.deepStrictEqual(await sorted(events, 1, 1000), events.toSorted(byReplayOrder).map(plain))
  })

  it("leaves no file behind, not even while it works", async () => {
    const sorter = new ReplaySorter({ folder, runBytes: 1 })
    const event = eventOf(1, { timestamp: 1, receivedAt: 1, messageId: "m" })
    sorter.add(event, event)
    await sorter.spill()
    assert.deepStrictEqual(readdirSync(folder), [])
    await sorter.close()
  })
})

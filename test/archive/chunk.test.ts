import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { decodeChunk, encodeChunk, indexAfter, NotAChunk } from "../../src/archive/chunk.ts"
import { type LogEvent, positionsPerDay } from "../../src/log/event-log.ts"
import { hash128 } from "../../src/platform/hash.ts"

const day = 20_522
const events = (count: number): ReadonlyArray<LogEvent> =>
  Array.from({ length: count }, (_, n) => ({
    position: day * positionsPerDay + 1 + 3 * n,
    source: 1 + (n % 3),
    hash: hash128(`m-${n}`),
    body: new TextEncoder().encode(
      JSON.stringify({
        messageId: `m-${n}`,
        name: "Grüße 🙂",
        timestamp: new Date(Date.UTC(2026, 2, 9) + n).toISOString(),
        receivedAt: new Date(Date.UTC(2026, 2, 10) - n).toISOString()
      })
    )
  }))

const expectRefused = async (what: string, damage: Uint8Array) => {
  const problem = await decodeChunk(damage).then(
    () => "it was read",
    (error: unknown) => error
  )
  assert.instanceOf(problem, NotAChunk, what)
}

const plain = ({ body, ...rest }: LogEvent) => ({ ...rest, body: Buffer.from(body).toString() })

describe("a chunk", () => {
  it.each([1, 2, 1000])("gives %d event(s) back as they were", async (count) => {
    const all = events(count)
    const chunk = await decodeChunk((await encodeChunk(all)).bytes)
    assert.strictEqual(chunk.count, count)
    assert.deepStrictEqual(
      all.map((_, i) => plain(chunk.event(i))),
      all.map(plain)
    )
    assert.strictEqual(chunk.timestamps[count - 1], Date.UTC(2026, 2, 9) + count - 1)
    assert.strictEqual(chunk.receivedAt[count - 1], Date.UTC(2026, 2, 10) - count + 1)
  })

  it("knows its range, its times and how many events each source has", async () => {
    const all = events(10)
    const { bytes: _, sha256, ...summary } = await encodeChunk(all)
    assert.match(sha256, /^[0-9a-f]{64}$/)
    assert.deepStrictEqual(summary, {
      first: all[0]!.position,
      last: all[9]!.position,
      events: 10,
      receivedAt: { from: Date.UTC(2026, 2, 10) - 9, to: Date.UTC(2026, 2, 10) },
      timestamp: { from: Date.UTC(2026, 2, 9), to: Date.UTC(2026, 2, 9) + 9 },
      sources: new Map([
        [1, 4],
        [2, 3],
        [3, 3]
      ])
    })
  })

  it("IDR-22: an event that does not tell its times was received on its day and happened then", async () => {
    const chunk = await decodeChunk((await encodeChunk([{ ...events(1)[0]!, body: Buffer.from("{}") }])).bytes)
    assert.deepStrictEqual([chunk.timestamps[0], chunk.receivedAt[0]], [day * 86_400_000, day * 86_400_000])
  })

  it("finds the first event after a position", async () => {
    const all = events(5)
    const chunk = await decodeChunk((await encodeChunk(all)).bytes)
    const first = all[0]!.position
    const found = [0, first - 1, first, first + 1, first + 2, first + 3, first + 12, first + 99]
    assert.deepStrictEqual(
      found.map((position) => indexAfter(chunk, position)),
      [0, 0, 1, 1, 1, 2, 5, 5]
    )
  })

  it("is a file of lines for anybody with zstd and a text editor", async (context) => {
    const all = events(100)
    const { bytes } = await encodeChunk(all)
    const { error, status, stdout } = spawnSync("zstd", ["-dc"], { input: bytes })
    if (error !== undefined) return context.skip("there is no zstd on this machine")
    assert.strictEqual(status, 0)
    assert.strictEqual(stdout.toString(), all.map(({ body }) => `${Buffer.from(body).toString()}\n`).join(""))
  })

  // The last four bytes are a checksum that zlib does not insist on; SHA-256 covers them.
  it("that was cut or changed is expectRefused, never read in part", async () => {
    const { bytes } = await encodeChunk(events(100))
    for (const length of [0, 7, 31, 32, 100, bytes.length >> 1, bytes.length - 8])
      await expectRefused(`cut at ${length}`, bytes.subarray(0, length))
    for (const at of [0, 8, 12, 16, 20, 40, bytes.length - 30]) {
      await expectRefused(
        `flipped at ${at}`,
        bytes.map((byte, i) => (i === at ? byte ^ 0xff : byte))
      )
    }
  })
})

import { afterEach, describe, expect, it } from "vitest"
import { retrySeconds, SenderMeters, TokenBucket } from "../../src/tracking/meters.ts"
import { UnknownKeys } from "../../src/tracking/unknown-keys.ts"
import { type Api, startApi } from "./harness.ts"

const takeAll = (bucket: TokenBucket, rate: number, now: number) => {
  let taken = 0
  while (taken < 10_000 && bucket.take(rate, now)) taken += 1
  return taken
}

describe("ING-34: token bucket", () => {
  it("ING-34: a burst of two seconds, then the rate", () => {
    const bucket = new TokenBucket(10, 0)
    expect(takeAll(bucket, 10, 0)).toBe(20)
    expect(takeAll(bucket, 10, 500)).toBe(5)
    expect(takeAll(bucket, 10, 60_000)).toBe(20)
  })
  it("ING-34: a clock that is set back neither fills nor freezes it", () => {
    const bucket = new TokenBucket(10, 100_000)
    expect(takeAll(bucket, 10, 100_000)).toBe(20)
    expect(takeAll(bucket, 10, 0)).toBe(0)
    expect(takeAll(bucket, 10, 1_000)).toBe(10)
  })
  it("ING-34: 0 is off", () => expect(takeAll(new TokenBucket(0, 0), 0, 0)).toBe(10_000))
  it("ING-34: the seconds are whole and between 1 and 300", () =>
    expect([0, 0.001, 1, 1.2, 1e9].map(retrySeconds)).toEqual([1, 1, 1, 2, 300]))
  it("ING-34: senders are metered apart, and their table is bounded", () => {
    const senders = new SenderMeters()
    const ofOne = (sender: string) => [1, 2, 3].map(() => senders.take(sender, 1, 0))
    expect(ofOne("a")).toEqual([true, true, false])
    expect(ofOne("b")).toEqual([true, true, false])
    for (let n = 0; n < 10_000; n++) senders.take(`x${n}`, 1, 0)
    expect(senders.take("a", 1, 0)).toBe(true)
  })
})

describe("ING-18: list of unknown keys", () => {
  it("ING-18: eight characters, count, last seen; newest first; seven days", () => {
    const keys = new UnknownKeys()
    keys.seen("secret-key-1", 1_000, "lib", "1.1.1.1")
    keys.seen("other", 2_000, null, null)
    keys.seen("secret-key-2", 3_000, "lib2", "1.1.1.2")
    expect(keys.list(3_000)).toEqual([
      { key: "secret-k", count: 2, lastSeen: 3_000, library: "lib2", ip: "1.1.1.2" },
      { key: "other", count: 1, lastSeen: 2_000, library: null, ip: null }
    ])
    expect(keys.list(2_500 + 7 * 86_400_000)).toHaveLength(1)
  })
  it("ING-18: the list is bounded", () => {
    const keys = new UnknownKeys()
    for (let n = 0; n < 2_000; n++) keys.seen(String(n), n, "x".repeat(10_000), null)
    expect(keys.list(2_000)).toHaveLength(500)
    expect(keys.list(2_000)[0]!.library).toHaveLength(100)
  })
})

describe("ING-18, ING-34: at the door", () => {
  let api: Api
  afterEach(() => api.close())
  const track = { userId: "u", event: "E" }

  it("ING-34: unknown keys are metered per sender, and do not use up the workspace's requests", async () => {
    api = await startApi({ limits: { requestsPerSecond: 2 } })
    const status = async (key: string) => (await api.post("/v1/track", track, key)).status
    const unknown = []
    for (let n = 0; n < 5; n++) unknown.push(await status("nobody"))
    expect(unknown).toEqual([200, 200, 200, 200, 429])
    expect(await status("S")).toBe(200)
  })
  it("ING-18: the operator can have unknown keys refused", async () => {
    api = await startApi({ settings: { rejectUnknownKeys: true } })
    const reply = await api.post("/v1/track", track, "nobody")
    expect([reply.status, reply.json!.code]).toEqual([400, "unknown_write_key"])
  })
  it("ING-34: a full queue of held messages is answered 429 for new requests; pixels are dropped and counted", async () => {
    api = await startApi({ settings: { heldEvents: 600_000 }, limits: { messagesPerSecond: 1_000 } })
    api.log.heldEvents = 599_999
    expect((await api.post("/v1/track", track)).status).toBe(200)
    api.log.heldEvents = 605_500
    const reply = await api.post("/v1/track", track)
    expect([reply.status, reply.headers["retry-after"], reply.headers["x-ratelimit-reset"]]).toEqual([429, "6", "6"])
    api.log.heldEvents = 5_000_000
    expect((await api.post("/v1/track", track)).headers["retry-after"]).toBe("300")
    const pixel = await api.send("/v1/pixel/track?writeKey=W&userId=u&event=E")
    expect([pixel.status, pixel.headers["content-type"]]).toEqual([200, "image/gif"])
    expect(api.tracking.counters.get("pixelDropped")).toBe(1)
    expect(api.log.stored).toHaveLength(1)
  })
  it("ING-34: pixel calls never get 429", async () => {
    api = await startApi({ limits: { requestsPerSecond: 1 } })
    for (let n = 0; n < 5; n++) {
      expect((await api.send("/v1/pixel/track?writeKey=W&userId=u&event=E")).status).toBe(200)
    }
    expect(api.log.stored).toHaveLength(5)
  })
})

/** What the door counts of each source for its overview (ING-116, DEL-33): once a message, and only when it does not come again. */
import { afterEach, beforeEach, expect, it } from "vitest"
import { SourceTally } from "../../src/delivery/source-tally.ts"
import { compileBlocks, nothingBlocked } from "../../src/workspace/source-blocks.ts"
import { type Api, startApi } from "./harness.ts"

let api: Api
let counts: SourceTally
beforeEach(async () => {
  counts = new SourceTally()
  api = await startApi({ counts, suppression: () => (userId) => userId === "gone" })
})
afterEach(() => api.close())

/** `source step code type name version count` */
const counted = () =>
  counts
    .take()
    .counts()
    .map(({ source, step, code, eventType, eventName, appVersion, count }) =>
      [source, step, code, eventType, eventName, appVersion, count].filter((part) => part !== "").join(" ")
    )
    .sort()

const track = (event: unknown, more: object = {}) => ({ type: "track", event, userId: "u", ...more })

it("counts stored messages with type, name and version, and duplicates apart", async () => {
  const context = { app: { version: "2.1" } }
  await api.post(
    "/v1/batch",
    { batch: [track("A", { context }), track("A", { context }), { type: "page", userId: "u", name: "Home" }] },
    "S"
  )
  await api.post("/v1/track", track("B", { messageId: "b" }), "S")
  await api.post("/v1/track", track("B", { messageId: "b" }), "S")
  expect(counted()).toEqual([
    "2 duplicate track B 1",
    "2 successfully_received page 1",
    "2 successfully_received track A 2.1 2",
    "2 successfully_received track B 1"
  ])
})

it("AC1-12: counts each message that cannot be kept, and the request beside them", async () => {
  await api.post("/v1/batch", { batch: [track("Good"), track(undefined), { type: "foo" }, 5] }, "S")
  await api.post("/v1/track", { event: "No one" }, "S")
  expect(counted()).toEqual([
    "2 failed_on_ingest event_not_defined track 1",
    "2 failed_on_ingest invalid_type 2",
    "2 failed_on_ingest multi_user_error 1",
    "2 failed_on_ingest no_user_anon_id track No one 1",
    "2 successfully_received track Good 1"
  ])
})

it("counts requests that could not be read, and what a disabled source is sent", async () => {
  await api.post("/v1/track", "{", "S")
  await api.post("/v1/batch", { batch: [] }, "S")
  await api.post("/v1/batch", { batch: [track("A"), track("B")] }, "D")
  await api.post("/v1/identify", { userId: "u" }, "D")
  expect(counted()).toEqual([
    "2 failed_on_ingest bad_request 1",
    "2 failed_on_ingest empty_batch 1",
    "4 failed_on_ingest source_disabled 2",
    "4 failed_on_ingest source_disabled identify 1"
  ])
})

it("counts what the schema blocks, and suppressed people without a word about them", async () => {
  const web = api.snapshot.sources[1]!
  const blocks = compileBlocks({ ...nothingBlocked, track: ["Secret"] })
  const source = { ...web, ...(blocks === undefined ? {} : { blocks }) }
  api.snapshot = {
    ...api.snapshot,
    sourceByWriteKey: new Map([...api.snapshot.sourceByWriteKey, ["S", source]])
  }
  await api.post("/v1/batch", { batch: [track("Secret"), track("Open"), track("Open", { userId: "gone" })] }, "S")
  expect(counted()).toEqual([
    "2 filtered_at_source event_setting track Secret 1",
    "2 successfully_received track Open 1",
    "2 suppressed 1"
  ])
})

it("counts nothing of a request that its client sends again", async () => {
  api.log.mode = "down"
  const batch = { batch: [track("A", { messageId: "a" }), track(undefined)] }
  expect((await api.post("/v1/batch", batch, "S")).status).toBe(503)
  expect(counted()).toEqual([])
  api.log.mode = "up"
  await api.post("/v1/batch", batch, "S")
  expect(counted()).toEqual([
    "2 failed_on_ingest event_not_defined track 1",
    "2 failed_on_ingest multi_user_error 1",
    "2 successfully_received track A 1"
  ])
})

/** Suppressed users at the door (PRV-7): answered as everybody, kept nothing of. */
import { afterAll, beforeAll, expect, it } from "vitest"
import { type Api, startApi } from "./harness.ts"

let api: Api
beforeAll(async () => {
  api = await startApi({
    suppression: () => (userId, source) => userId === "u1" || (userId === "only-s" && source === 2)
  })
})
afterAll(() => api.close())

const externalIds = (id: unknown) => ({ context: { externalIds: [{ id, type: "user_id", collection: "users" }] } })

it.each([
  ["the user id", { type: "track", event: "E", userId: "u1" }],
  ["blanks around it", { type: "track", event: "E", userId: " u1 " }],
  ["an external id", { type: "track", event: "E", anonymousId: "a1", ...externalIds("u1") }],
  ["an external id of another collection", { type: "track", event: "E", anonymousId: "a1", ...externalIds(" u1") }],
  ["the previous id of an alias", { type: "alias", userId: "u2", previousId: "u1" }],
  ["suppression at this source", { type: "track", event: "E", userId: "only-s" }]
])("W-50, IDR-161, PRV-7: blocked by %s", async (_, message) => {
  const before = api.log.events.length
  const count = api.tracking.counters.get("suppressed", "srv")
  const reply = await api.post("/v1/batch", { batch: [message, { type: "track", event: "E", userId: "u9" }] })
  expect(reply.status).toBe(200)
  expect(api.log.stored.slice(before).map(({ userId }) => userId)).toEqual(["u9"])
  expect(api.tracking.counters.get("suppressed", "srv")).toBe(count + 1)
})

it.each([
  ["no user id", { type: "track", event: "E", anonymousId: "a1" }],
  ["another case", { type: "track", event: "E", userId: "U1" }],
  [
    "an external id of another type",
    { type: "track", event: "E", anonymousId: "a", context: { externalIds: [{ id: "u1", type: "email" }] } }
  ],
  ["a previous id outside an alias", { type: "track", event: "E", userId: "u2", previousId: "u1" }]
])("PRV-7: let in with %s", async (_, message) => {
  const before = api.log.events.length
  expect((await api.post("/v1/batch", { batch: [message] })).status).toBe(200)
  expect(api.log.events.length).toBe(before + 1)
})

it("a request of suppressed messages alone is a success that stores nothing and is no empty batch", async () => {
  const before = api.log.events.length
  expect((await api.post("/v1/track", { event: "E", userId: "u1" })).json).toEqual({ success: true })
  expect(api.log.events.length).toBe(before)
  expect(api.tracking.counters.get("reasons", "srv", "empty_batch_result")).toBe(0)
})

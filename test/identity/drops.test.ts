import { assert, describe, it } from "vitest"
import type { Message } from "../../src/event/message.ts"
import { dropReason } from "../../src/identity/drops.ts"
import { factsOf } from "../../src/identity/facts.ts"
import { message } from "./support/notation.ts"

const reason = (line: string) => {
  const event = message(line, 0)
  return dropReason(event, factsOf(event, { position: 1, source: 1 }, "src_web"))
}
const keys = (n: number) => Object.fromEntries(Array.from({ length: n }, (_, i) => [`k${i}`, i]))

const facts = (members: Partial<Message>) =>
  factsOf({ ...message("page user_id:u1", 0), ...members } as Message, { position: 9, source: 3 }, "src_web")

describe("drops (IDR-20)", () => {
  it.each([
    ["a", `identify ${JSON.stringify({ traits: keys(299) })}`, null],
    ["a", `identify ${JSON.stringify({ traits: keys(300) })}`, "too_many_traits"],
    ["b", `track ${JSON.stringify({ properties: keys(300) })}`, null],
    ["b", `track ${JSON.stringify({ properties: keys(301) })}`, "too_many_properties"],
    ["b", `group ${JSON.stringify({ groupId: "g", traits: keys(301) })}`, "too_many_properties"],
    ["c", `group ${JSON.stringify({ groupId: "😀".repeat(500) })}`, null],
    ["c", `group ${JSON.stringify({ groupId: "x".repeat(501) })}`, "group_id_too_long"],
    ["c", `track ${JSON.stringify({ context: { groupId: "x".repeat(501) } })}`, "group_id_too_long"],
    ["d", "group user_id:u1", "group_id_empty"],
    ["d", 'group {"groupId":null}', "group_id_empty"],
    ["d", 'group {"groupId":"  "}', "group_id_empty"],
    ["d", 'track {"context":{"groupId":" "}}', "group_id_empty"],
    ["d", 'track {"context":{"groupId":null}}', null],
    ["e", `track id=${"x".repeat(100)} user_id:u1`, null],
    ["e", `track id=${"x".repeat(101)} user_id:u1`, "message_id_too_long"],
    ["f", "track @1970-01-01T00:00:00.000Z user_id:u1", null],
    ["f", "track @1969-12-31T23:59:59.999Z user_id:u1", "timestamp_before_1970"]
  ])("(%s) %.60s is %s", (_, line, expected) => assert.strictEqual(reason(line), expected))
})

describe("facts (IDR-22)", () => {
  it("t is the earlier of timestamp and receivedAt; the stored timestamp stays", () => {
    const future = facts({ timestamp: "2099-01-01T00:00:00.000Z", receivedAt: "2024-05-01T00:00:00.000Z" })
    assert.deepStrictEqual([future.t, future.timestamp], [1714521600000, 4070908800000])
    const late = facts({ timestamp: "2024-04-01T00:00:00.000Z", receivedAt: "2024-05-01T00:00:00.000Z" })
    assert.strictEqual(late.t, late.timestamp)
  })

  it("without a readable timestamp, receivedAt", () => {
    const none = facts({ timestamp: "soon", receivedAt: "2024-05-01T00:00:00.000Z" })
    assert.deepStrictEqual([none.t, none.timestamp], [1714521600000, 1714521600000])
  })

  it("names tracks by event, pages and screens by name", () => {
    assert.strictEqual(facts({ name: "Home", event: "x" }).name, "Home")
    assert.strictEqual(facts({ type: "track", name: "Home", event: "x" }).name, "x")
    assert.strictEqual(facts({ type: "identify", name: "Home" }).name, null)
  })
})

/** How many may keep a connection open, and when connections are ended (PRO-66), with time of our own. */
import { GraphQLError } from "graphql"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import type { Caller } from "../../src/profiles/callers.ts"
import { OpenSubscription } from "../../src/profiles/open-subscription.ts"
import { type Ending, makeSubscribers } from "../../src/profiles/subscribers.ts"
import { defaultRules } from "../../src/workspace/rules-document.ts"
import type { AccessToken, Space } from "../../src/workspace/workspace.ts"

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "setInterval", "clearInterval", "performance"] }))
afterEach(() => void vi.useRealTimers())

const space: Space = { id: "spa_1", slug: "one", name: "One", kind: "dev", sources: [], rules: defaultRules }
const tokenOf = (...scopes: ReadonlyArray<"profiles:read" | "pii:masked">): AccessToken => ({
  id: "tok_1",
  name: "one",
  spaceId: space.id,
  scopes: new Set(scopes)
})

const setUp = () => {
  const counts = { connections: 0, subscriptions: 0 }
  const subscribers = makeSubscribers((connections, subscriptions) =>
    Object.assign(counts, { connections, subscriptions })
  )
  /** Joins, with what its client takes and has waiting. */
  const join = (key = "one", now = tokenOf("profiles:read")) => {
    const state: {
      now: AccessToken | undefined
      waiting: number
      taken: number
      readonly ended: Array<Ending | "destroyed">
    } = { now, waiting: 0, taken: 0, ended: [] }
    const caller: Caller = { key, access: tokenOf("profiles:read"), meter: undefined, now: async () => state.now }
    const connection = subscribers.join(caller, space, {
      waiting: () => state.waiting,
      taken: () => state.taken,
      close: (why) => void state.ended.push(why),
      destroy: () => void state.ended.push("destroyed")
    })
    return { state, caller, connection }
  }
  const joined = (key?: string, now?: AccessToken) => {
    const { connection, ...rest } = join(key, now)
    if (!("line" in connection)) throw connection
    return { connection, ...rest }
  }
  return { subscribers, counts, join, joined }
}

const codeOf = (answer: unknown): unknown => (answer instanceof GraphQLError ? answer.extensions["code"] : "taken")
const nothing = () => {}
const open = () => new OpenSubscription((result) => result)

describe("how many", () => {
  it.each([
    ["of one address", (n: number) => ["10.0.0.1", `token ${n}`] as const, 1_000],
    ["of a process", (n: number) => [`10.0.0.${n}`, `token ${n}`] as const, 2_000]
  ])("connections %s", (_, who, most) => {
    const { subscribers, counts } = setUp()
    const leave = Array.from({ length: most }, (_, n) => subscribers.arrive(who(n)[0], nothing)).at(-1)
    expect(codeOf(subscribers.arrive(who(most)[0], nothing))).toBe("RATE_LIMITED")
    expect(counts.connections).toBe(most)
    if (typeof leave === "function") [leave, leave].forEach((each) => each())
    expect(counts.connections).toBe(most - 1)
    expect(codeOf(subscribers.arrive(who(most - 1)[0], nothing))).toBe("taken")
  })

  it("connections and subscriptions of one token or session", () => {
    const { subscribers, join, joined, counts } = setUp()
    const all = Array.from({ length: 1_000 }, () => joined())
    expect([codeOf(join().connection), codeOf(join("two").connection)]).toEqual(["RATE_LIMITED", "taken"])
    const { connection } = all[0]!
    const opened = Array.from({ length: 1_000 }, () => {
      const subscription = open()
      expect(subscribers.begin(connection, subscription)).toBeUndefined()
      return subscription
    })
    expect(codeOf(subscribers.begin(connection, open()))).toBe("RATE_LIMITED")
    opened[0]!.end(undefined)
    opened[0]!.end(undefined)
    expect(counts.subscriptions).toBe(999)
    subscribers.leave(connection)
    subscribers.leave(connection)
    expect(counts.subscriptions).toBe(0)
    expect([codeOf(join().connection), codeOf(join().connection)]).toEqual(["taken", "RATE_LIMITED"])
  })
})

describe("when it ends", () => {
  const ways: ReadonlyArray<readonly [what: string, now: AccessToken | undefined, ended: ReadonlyArray<string>]> = [
    ["a token that still reads", tokenOf("profiles:read"), []],
    ["a token that has become masked", tokenOf("profiles:read", "pii:masked"), []],
    ["a token that was revoked", undefined, ["unauthenticated", "destroyed"]],
    ["a token that reads no more", tokenOf(), ["unauthenticated", "destroyed"]],
    ["a token of another space", { ...tokenOf("profiles:read"), spaceId: "spa_2" }, ["unauthenticated", "destroyed"]]
  ]
  it.each(ways)("%s", async (_, now, ended) => {
    const { subscribers, joined } = setUp()
    const { state, caller, connection } = joined()
    subscribers.begin(connection, open())
    const before = caller.access
    state.now = now
    await vi.advanceTimersByTimeAsync(1_000)
    expect(state.ended).toEqual(ended.slice(0, 1))
    expect(connection.subscriptions.size).toBe(ended.length === 0 ? 1 : 0)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(state.ended).toEqual(ended)
    expect(caller.access).toBe(ended.length === 0 ? now : before)
  })

  it("a client that takes nothing for 30 s; not one that is slow, nor one for which nothing waits", async () => {
    const { joined } = setUp()
    const [stalled, slow, idle] = [joined("a"), joined("b"), joined("c")]
    stalled.state.waiting = slow.state.waiting = 100
    for (let second = 0; second < 30; second++) {
      slow.state.taken += 1
      await vi.advanceTimersByTimeAsync(1_000)
    }
    expect(stalled.state.ended).toEqual([])
    slow.state.taken += 1
    await vi.advanceTimersByTimeAsync(2_000)
    expect([stalled, slow, idle].map(({ state }) => state.ended)).toEqual([["slow"], [], []])
  })

  it("when the process drains: at once, and nobody comes any more; who says nothing is cut", async () => {
    const { subscribers, join, joined } = setUp()
    const { state } = joined()
    const silent = vi.fn<() => void>()
    subscribers.arrive("10.0.0.1", silent)
    subscribers.drain()
    expect(state.ended).toEqual(["draining"])
    expect([codeOf(subscribers.arrive("10.0.0.2", nothing)), codeOf(join().connection)]).toEqual([
      "RATE_LIMITED",
      "RATE_LIMITED"
    ])
    await vi.advanceTimersByTimeAsync(2_000)
    expect([silent.mock.calls.length, state.ended]).toEqual([1, ["draining", "destroyed"]])
  })

  it("what cannot be asked now is asked again: a store that is away ends nothing", async () => {
    const { joined } = setUp()
    const { state, caller } = joined()
    Object.assign(caller, { now: () => Promise.reject(new Error("away")) })
    await vi.advanceTimersByTimeAsync(3_000)
    expect(state.ended).toEqual([])
  })
})

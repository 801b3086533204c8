/** Paging through Relay connections (PRO-61), and the typed client of the handbook, which pages as well. */
import { execFileSync } from "node:child_process"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { ProfileApi } from "../../docs/examples/typed-client/client.ts"
import { personByEmail } from "../../docs/examples/typed-client/person.ts"
import { postgresGraph } from "../../src/identity/graph-postgres.ts"
import { rig } from "../support/space.ts"
import { startApi, type TestApi, token } from "./support/api.ts"
import { ago, external, readProfile, sendPeople } from "./support/people.ts"

let api: TestApi
beforeAll(async () => {
  api = await startApi(rig(postgresGraph))
  await sendPeople(api)
})

afterAll(() => api.close())

const profile = (by: object, selection: string, collection?: string) => readProfile(api, by, selection, collection)

/** An identifier of a type of its own, so that no limit stands in the way. */
const identified = (id: string) => ({
  externalIds: [{ id, type: id.replace("-", "_"), collection: "users", encoding: "none" }]
})

const add = (id: string, at: number) =>
  api.send({ type: "track", event: "More", userId: "walker", context: identified(id), timestamp: ago(at) })

describe("connections", () => {
  interface Page {
    readonly edges: ReadonlyArray<{ readonly cursor: string; readonly node: Record<string, string> }>
    readonly pageInfo: Record<"hasNextPage" | "hasPreviousPage", boolean> & Record<"startCursor" | "endCursor", string>
  }
  const pageInfo = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"

  /** Walks a connection in one direction; answers the nodes in list order. */
  const walk = async (
    by: object,
    field: string,
    node: string,
    size: number,
    backward: boolean,
    collection = "USERS"
  ) => {
    const found: Array<string> = []
    let cursor: string | undefined
    for (let i = 0; i < 200; i++) {
      const args = backward
        ? `last: ${size}${cursor === undefined ? "" : `, before: "${cursor}"`}`
        : `first: ${size}${cursor === undefined ? "" : `, after: "${cursor}"`}`
      const answer = await profile(
        by,
        `page: ${field.replace("$", args)} { edges { cursor node { ${node} } } ${pageInfo} }`,
        collection
      )
      const page: Page = answer.page
      const names = page.edges.map(({ node }) => String(Object.values(node)[0]))
      expect(page.pageInfo.startCursor).toBe(page.edges[0]?.cursor ?? null)
      expect(page.pageInfo.endCursor).toBe(page.edges.at(-1)?.cursor ?? null)
      if (backward) found.unshift(...names)
      else found.push(...names)
      const more = backward ? page.pageInfo.hasPreviousPage : page.pageInfo.hasNextPage
      if (!more) {
        // Both ends are known where the list is in memory; elsewhere a cursor says that there is something behind it.
        expect(backward ? page.pageInfo.hasNextPage : page.pageInfo.hasPreviousPage).toBe(i > 0)
        return found
      }
      cursor = backward ? page.pageInfo.startCursor : page.pageInfo.endCursor
    }
    throw new Error("the paging does not end")
  }

  beforeAll(async () => {
    await api.send({
      type: "identify",
      userId: "walker",
      messageId: "walk",
      timestamp: ago(30_000),
      traits: Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`k${i}`, i]))
    })
    await api.send(
      ...Array.from({ length: 30 }, (_, i) => ({
        type: "track" as const,
        event: "Step",
        userId: "walker",
        messageId: `step-${String(i).padStart(2, "0")}`,
        // Groups of equal timestamps.
        timestamp: ago(20_000 - Math.floor(i / 4)),
        ...(i % 6 === 0 ? { context: identified(`walker-${i}`) } : undefined)
      }))
    )
  })

  const keys = Array.from({ length: 30 }, (_, i) => `k${i}`).toSorted()
  const steps = Array.from({ length: 30 }, (_, i) => `step-${String(i).padStart(2, "0")}`)
  const members = Array.from({ length: 100 }, (_, i) => i)
    .filter((i) => i % 7 === 3)
    .map((i) => `many-${i}`)

  for (const size of [1, 2, 7, 100]) {
    for (const backward of [false, true]) {
      const how = `${size} at a time, ${backward ? "backward" : "forward"}`
      const walker = external("user_id", "walker")
      it(`PRO-61: traits, ${how}`, async () => {
        expect(await walk(walker, "traits($)", "key", size, backward)).toEqual(keys)
      })
      it(`PRO-61: events, ${how}`, async () => {
        expect(await walk(walker, "events($, sort: ASC)", "messageId", size, backward)).toEqual(steps)
        expect(await walk(walker, "events($)", "messageId", size, backward)).toEqual(steps.toReversed())
      })
      it(`PRO-61: links, ${how}`, async () => {
        const field = "links($)"
        const node = "to { externalIds { edges { node { id } } } }"
        const found = await walk(external("group_id", "team-3"), field, node, Math.min(size, 20), backward, "ACCOUNTS")
        expect(found.length).toBe(members.length)
      })
      it(`PRO-61: merges, ${how}`, async () => {
        expect(await walk(external("user_id", "kim"), "merges($)", "messageId", size, backward)).toEqual([
          "w7-4",
          "p0-2"
        ])
      })
    }
  }

  it("links come in the order of creation, with their number", async () => {
    const { links } = await profile(
      external("group_id", "team-3"),
      "links(first: 2) { totalCount edges { node { createdAt to { collection externalIds { edges { node { id } } } } } } }",
      "ACCOUNTS"
    )
    expect(links.totalCount).toBe(members.length)
    expect(links.edges[1].node).toEqual({
      createdAt: ago(4000 - 10),
      to: { collection: "USERS", externalIds: { edges: [{ node: { id: "many-10" } }] } }
    })
  })

  it("AC3-22: external ids two by two, forward then backward, while new ones are added", async () => {
    const by = external("user_id", "walker")
    const old = await walk(by, "externalIds($)", "id", 100, false)
    expect(old.length).toBe(6)
    const page = async (args: string): Promise<Page> =>
      (await profile(by, `externalIds(${args}) { edges { cursor node { id } } ${pageInfo} }`)).externalIds
    const forward: Array<string> = []
    let cursor = ""
    for (const [i, at] of [19_998, 19_999.5, 1].entries()) {
      const { edges, pageInfo } = await page(`first: 2${cursor === "" ? "" : `, after: "${cursor}"`}`)
      forward.push(...edges.map(({ node }) => node["id"]!))
      cursor = pageInfo.endCursor
      await add(`new-${i}`, Math.floor(at))
    }
    const isOld = (id: string) => old.includes(id)
    expect(forward.filter(isOld)).toEqual(forward.filter(isOld).toSorted((a, b) => old.indexOf(a) - old.indexOf(b)))
    let more = true
    const rest: Array<string> = []
    while (more) {
      const { edges, pageInfo } = await page(`first: 2, after: "${cursor}"`)
      rest.push(...edges.map(({ node }) => node["id"]!))
      cursor = pageInfo.endCursor ?? cursor
      more = pageInfo.hasNextPage
    }
    expect([...forward, ...rest].filter(isOld)).toEqual(old)
    expect(new Set([...forward, ...rest]).size).toBe(forward.length + rest.length)
    expect(forward.concat(rest)).toContain("new-2")
    // And back again.
    const backward: Array<string> = []
    more = true
    cursor = ""
    while (more) {
      const { edges, pageInfo } = await page(`last: 2${cursor === "" ? "" : `, before: "${cursor}"`}`)
      backward.unshift(...edges.map(({ node }) => node["id"]!))
      cursor = pageInfo.startCursor
      more = pageInfo.hasPreviousPage
      if (backward.length === 2) await add("new-4", 25_000)
    }
    expect(backward).toContain("new-4")
    expect(backward.filter(isOld)).toEqual(old)
    expect(new Set(backward).size).toBe(backward.length)
  })
})

const open = (options: object = {}) => new ProfileApi({ host: api.url, token, ...options })

describe("the typed client of docs/examples", () => {
  it("reads a person with all their events, and null where there is nobody", async () => {
    await api.send(
      { type: "identify", userId: "typed", traits: { email: "typed@x.io", plan: "pro" }, timestamp: ago(30_000) },
      ...Array.from({ length: 12 }, (_, i) => ({
        type: "track" as const,
        event: `Step ${i}`,
        userId: "typed",
        messageId: `typed-${i}`,
        timestamp: ago(20_000 - i)
      }))
    )
    const found = await personByEmail(open(), api.space.id, "Typed@X.io")
    expect(found).toMatchObject({
      segmentId: expect.stringMatching(/^use_/),
      traits: { email: "typed@x.io", plan: "pro" },
      seenAt: new Date(ago(20_000 - 11)),
      merged: 0
    })
    expect(found?.events.map(({ type, event }) => [type, event])).toEqual(
      Array.from({ length: 12 }, (_, i) => ["TRACK", `Step ${11 - i}`])
    )
    expect(await personByEmail(open(), api.space.id, "nobody@x.io")).toBeNull()
  })
  it("says what is wrong by its code", async () => {
    await expect(personByEmail(open(), "spa_elsewhere", "a@x.io")).rejects.toMatchObject({
      code: "FORBIDDEN",
      requestId: expect.stringMatching(/^req_/)
    })
    await expect(personByEmail(open({ token: "wrong" }), api.space.id, "a@x.io")).rejects.toMatchObject({
      code: "UNAUTHENTICATED"
    })
  })
  it("comes back when the rate was exceeded", async () => {
    let asked = 0
    const busy = createServer((_, res) => {
      asked += 1
      res.writeHead(asked < 3 ? 429 : 200, { "content-type": "application/json", "retry-after": "0" })
      res.end(asked < 3 ? '{"errors":[{"message":"too many"}]}' : '{"data":{"profile":null}}')
    })
    await new Promise<void>((resolve) => busy.listen(0, "127.0.0.1", resolve))
    const host = `http://127.0.0.1:${(busy.address() as AddressInfo).port}`
    expect(await personByEmail(open({ host }), "spa", "a@x.io")).toBeNull()
    asked = 0
    await expect(personByEmail(open({ host, attempts: 2 }), "spa", "a@x.io")).rejects.toThrow("too many")
    await new Promise((resolve) => busy.close(resolve))
  })
  it("its types are those of the schema: node scripts/console-operations.mjs docs/examples/typed-client", () => {
    const script = fileURLToPath(new URL("../../scripts/console-operations.mjs", import.meta.url))
    expect(() =>
      execFileSync(process.execPath, [script, "docs/examples/typed-client", "--check"], { stdio: "pipe" })
    ).not.toThrow()
  })
})

/** How a profile came together, as the picture of threads tells it: rows, columns, regions (IDR-210, PRO-70). */
import { afterAll, beforeAll, expect, it } from "vitest"
import { postgresGraph } from "../../src/identity/graph-postgres.ts"
import { rig } from "../support/space.ts"
import { startApi, type TestApi } from "./support/api.ts"
import { ago, external, readProfile } from "./support/people.ts"

const phone = (id: string) => ({ device: { id }, os: { name: "iOS" } })
const android = (id: string) => ({ device: { id, type: "android" } })

let api: TestApi
beforeAll(async () => {
  api = await startApi(rig(postgresGraph))
  // W-6.
  await api.send(
    {
      messageId: "t-1",
      event: "App Opened",
      anonymousId: "anon_123",
      context: phone("ios_abc123"),
      timestamp: ago(9000)
    },
    {
      messageId: "t-2",
      event: "ShoeA Clicked",
      anonymousId: "anon_123",
      context: phone("ios_abc123"),
      timestamp: ago(8000)
    },
    {
      messageId: "t-3",
      type: "identify",
      userId: "abc123def",
      anonymousId: "anon_123",
      traits: { email: "janedoe@example.com" },
      timestamp: ago(7000)
    },
    { messageId: "t-4", event: "App Opened", anonymousId: "anon_456", context: android("and_1"), timestamp: ago(6000) },
    { messageId: "t-5", event: "Signed In", userId: "abc123def", anonymousId: "anon_456", timestamp: ago(5000) },
    { messageId: "t-6", event: "Run Started", userId: "abc123def", anonymousId: "anon_789", timestamp: ago(4000) },
    // Seen before, decides nothing.
    { messageId: "t-7", event: "Run Ended", userId: "abc123def", anonymousId: "anon_789", timestamp: ago(3000) },
    // Another person with the same e-mail: it is demoted there.
    {
      messageId: "t-8",
      type: "identify",
      userId: "other",
      traits: { email: "janedoe@example.com" },
      timestamp: ago(2000)
    }
  )
})
afterAll(() => api.close())

const selection = `segmentId mergeTree threads { identifierCount columnCount mergeCount complete
  threads { row type id column merges originSegmentId }
  columns { column kind effect text messageId eventType eventName rulesVersion repeats mergeIds demoted { type id }
    on { row mode segmentId } }
  regions { segmentId firstRow lastRow until mergeId into } weeks { merges identifiers { type count } } }`

it("W-6: rows in merge order, columns in order of resolution, the merge with its evidence, repeats folded", async () => {
  const { segmentId, threads, mergeTree } = await readProfile(api, external("user_id", "abc123def"), selection)
  expect(threads).toMatchObject({ columnCount: 5, mergeCount: 1, complete: true })
  const rows = threads.threads.map(({ type, id }: { type: string; id: string }) => `${type}:${id}`)
  // What came later is below the rows that were merged in.
  expect(rows.indexOf("anonymous_id:anon_789")).toBe(rows.length - 1)
  expect(rows.indexOf("anonymous_id:anon_456")).toBeGreaterThan(rows.indexOf("email:janedoe@example.com"))
  const columns = threads.columns.map(({ messageId, kind, effect, repeats }: Record<string, unknown>) => [
    messageId,
    kind,
    effect,
    repeats
  ])
  expect(columns).toEqual([
    ["t-1", "CREATE", "creates", 1],
    ["t-3", "ADD", "adds 2", 0],
    ["t-4", "CREATE", "creates", 0],
    ["t-5", "MERGE", "merges", 0],
    ["t-6", "ADD", "adds 1", 1]
  ])
  const [own, gone] = threads.regions
  expect(own).toMatchObject({ segmentId, firstRow: 0, lastRow: rows.length - 1, until: null, mergeId: null })
  expect(gone).toMatchObject({ until: 3, into: segmentId })
  // A profile of the picture is one run of rows.
  const goneRows = threads.threads.filter((it: { originSegmentId: string }) => it.originSegmentId === gone.segmentId)
  expect(goneRows.map(({ row }: { row: number }) => row)).toEqual(
    Array.from({ length: gone.lastRow - gone.firstRow + 1 }, (_, i) => gone.firstRow + i)
  )
  const merge = threads.columns[3]
  expect(merge.mergeIds).toEqual([gone.mergeId])
  expect(merge.on).toEqual([
    { row: rows.indexOf("user_id:abc123def"), mode: "MATCHED", segmentId },
    { row: rows.indexOf("anonymous_id:anon_456"), mode: "MATCHED", segmentId: gone.segmentId }
  ])
  expect(threads.threads[rows.indexOf("user_id:abc123def")]).toMatchObject({ merges: 1, column: 1 })
  expect(mergeTree).toMatchObject({ segmentId, merge: null, merged: [{ segmentId: gone.segmentId, merged: [] }] })
})

it("IDR-83: an identifier that was demoted is told where it was demoted", async () => {
  const { threads } = await readProfile(api, external("user_id", "other"), selection)
  expect(threads.columns[0]).toMatchObject({
    kind: "CREATE",
    demoted: [{ type: "email", id: "janedoe@example.com" }]
  })
})

it("PRO-62: columns are bounded; merges are the last to be left out", async () => {
  const { threads } = await readProfile(
    api,
    external("user_id", "abc123def"),
    `threads(maxColumns: 1) { complete columnCount columns { messageId } }`
  )
  expect(threads).toEqual({ complete: false, columnCount: 5, columns: [{ messageId: "t-5" }] })
  const { body } = await api.graphql(
    `query ($s: ID!) { profile(spaceId: $s, by: {externalId: {type: "user_id", id: "other"}}) { threads(maxColumns: 401) { complete } } }`,
    { s: api.space.id }
  )
  expect(body.errors[0].extensions.code).toBe("VALIDATION_FAILED")
})

const weeksOf = async (
  type: string,
  id: string
): Promise<ReadonlyArray<{ readonly from: string; readonly events: number }>> =>
  (await readProfile(api, external(type, id), "eventWeeks { from events }")).eventWeeks

it("PRO-71: events of a profile by week, of all that was merged into it", async () => {
  const weeks = await weeksOf("user_id", "abc123def")
  expect(weeks.reduce((sum, { events }) => sum + events, 0)).toBe(7)
  expect(weeks.map(({ from }) => new Date(from).getUTCDay())).toEqual(weeks.map(() => 1))
  expect((await weeksOf("user_id", "other")).map(({ events }) => events)).toEqual([1])
})

/** The schema of a source (ING-130 to ING-133, ING-137): what its lists show, what people change, and the file. */
import { Effect } from "effect"
import { afterAll, beforeAll, expect, it } from "vitest"
import { postgresGraph } from "../../src/identity/graph-postgres.ts"
import { Database } from "../../src/platform/database.ts"
import { flushSchema } from "../../src/source-schema/flush.ts"
import { SchemaNames } from "../../src/source-schema/names.ts"
import { message, rig, type ShortMessage } from "../support/space.ts"
import { startApi, type TestApi } from "./support/api.ts"

let api: TestApi
const ask = async (query: string, variables: object = {}) => {
  const { body } = await api.graphql(query, { s: api.space.id, ...variables })
  expect(body.errors).toBeUndefined()
  return body.data
}

const names = new SchemaNames()
const dayMs = 86_400_000
const arrived = async (at: number, ...messages: ReadonlyArray<ShortMessage>) => {
  names.stored(
    messages.map((short) => names.of(api.source.no, message(short), at)),
    at
  )
  await api.run(Effect.flatMap(Database, (database) => flushSchema(database, names)))
}
const schema = async (selection: string, days = 7) =>
  (
    await ask(
      `query ($s: ID!, $i: ID!, $d: Int!) { sourceSchema(spaceId: $s, sourceId: $i, days: $d) { ${selection} } }`,
      { i: api.source.id, d: days }
    )
  ).sourceSchema
const admin = { headers: { authorization: "Bearer pt_admin" } }
const change = async (call: string, selection: string, init: RequestInit = admin) =>
  (
    await api.graphql(
      `mutation ($s: ID!, $i: ID!) { ${call.replace("(", "(spaceId: $s, sourceId: $i, ")} { ${selection} } }`,
      { s: api.space.id, i: api.source.id },
      init
    )
  ).body
const listed = "events { name allowed blocked archivedAt }"

beforeAll(async () => {
  api = await startApi(rig(postgresGraph))
  const long = Date.now() - 10 * dayMs
  await arrived(
    long,
    { type: "track", userId: "u", event: "Old", properties: { a: 1 } },
    { type: "track", userId: "u", event: "Order", properties: { id: 1 } }
  )
  await arrived(
    Date.now(),
    { type: "track", userId: "u", event: "Order", properties: { products: [{ id: 1 }, { id: 2 }], "a.b": "c" } },
    { type: "track", userId: "u", event: "Order", properties: { products: [] } },
    { type: "page", userId: "u", name: "Home", properties: { url: "/" } },
    { type: "screen", userId: "u", name: "Home" },
    { type: "identify", userId: "u", traits: { email: "a@x.io", address: { city: "Berlin" } } },
    { type: "group", userId: "u", groupId: "g", traits: { plan: "pro" } }
  )
})

it("ING-130: what came in seven days, by event and by trait; the names are those that ever came", async () => {
  const found = await schema(
    `days source { id } ${listed} properties(event: "Order") { name allowed blocked }
     people: traits(type: IDENTIFY) { name allowed } accounts: traits(type: GROUP) { name allowed }`
  )
  expect(found).toEqual({
    days: 7,
    source: { id: api.source.id },
    events: [row("Old", 0), row("Order", 2), row("Page Viewed", 1), row("Screen Viewed", 1)].map((event) => ({
      ...event,
      archivedAt: null
    })),
    properties: [row("a\\.b", 1), row("id", 0), row("products", 2), row("products.$", 1), row("products.$.id", 1)],
    people: ["address", "address.city", "email"].map((name) => ({ name, allowed: 1 })),
    accounts: [{ name: "plan", allowed: 1 }]
  })
})

it("ING-130: thirty days reach further; last seen is exact", async () => {
  const before = Date.now()
  await arrived(before, { type: "track", userId: "u", event: "Now" })
  const { events } = await schema("events { name allowed lastSeenAt }", 30)
  expect(events.map(({ name, allowed }: { name: string; allowed: number }) => [name, allowed])).toEqual([
    ["Now", 1],
    ["Old", 1],
    ["Order", 3],
    ["Page Viewed", 1],
    ["Screen Viewed", 1]
  ])
  expect(Date.parse(events[0].lastSeenAt)).toBe(before)
})

it.each([
  ["8 days", `sourceSchema(spaceId: $s, sourceId: "src_1", days: 8) { days }`, "VALIDATION_FAILED"],
  ["a source of another space", `sourceSchema(spaceId: $s, sourceId: "src_x") { days }`, "NOT_FOUND"],
  ["another space", `sourceSchema(spaceId: "spa_x", sourceId: "src_1") { days }`, "FORBIDDEN"]
])("%s is refused", async (_, query, code) => {
  const { body } = await api.graphql(`query ($s: ID!) { space(id: $s) { id } ${query} }`, { s: api.space.id })
  expect(body.errors[0].extensions.code).toBe(code)
})

afterAll(() => api.close())

const row = (name: string, allowed: number) => ({ name, allowed, blocked: 0 })
const many = (from: number, to: number) =>
  Object.fromEntries(Array.from({ length: to - from }, (_, i) => [`t${from + i}`, 1]))
const file = async (type: string, days = 7) => (await schema(`export(type: ${type}) { fileName content }`, days)).export
const lines = (text: string) => text.trimEnd().split("\r\n")
const counts = (from: string) => expect.stringMatching(new RegExp(`^${from}$`))
const time = "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z"
it("ING-137: a file of each kind, every row, no values", async () => {
  await arrived(Date.now(), { type: "track", userId: "u", event: '=SUM(A1),"x"', properties: { "-1": 5 } })
  const track = await file("TRACK")
  expect(track.fileName).toMatch(/^workspace-source-1-track--\d{4}-\d\d-\d\d--\d\d-\d\d-utc\.csv$/)
  expect(lines(track.content)).toEqual([
    "Event Name,Last Seen At (UTC),Property Name,Allowed,Blocked,Total",
    counts(`"'=SUM\\(A1\\),""x""",${time},'-1,1,0,1`),
    counts(`Now,${time},,1,0,1`),
    "Old,more than 7 days ago,a,0,0,0",
    counts(`Order,${time},a\\\\\\.b,1,0,1`),
    "Order,more than 7 days ago,id,0,0,0",
    counts(`Order,${time},products,2,0,2`),
    counts(`Order,${time},products\\.\\$,1,0,1`),
    counts(`Order,${time},products\\.\\$\\.id,1,0,1`),
    counts(`Page Viewed,${time},url,1,0,1`),
    counts(`Screen Viewed,${time},,1,0,1`)
  ])
  expect(lines((await file("GROUP", 30)).content)).toEqual([
    "Trait Name,Last Seen At (UTC),Allowed,Blocked,Total",
    counts(`plan,${time},1,0,1`)
  ])
})
it("ING-137: the same as a download, with a token", async () => {
  const path = `/v1/spaces/${api.space.id}/sources/${api.source.id}/schema.csv`
  const answer = await api.fetch(`${path}?type=identify&days=30`)
  expect(answer.status).toBe(200)
  expect(answer.headers.get("content-type")).toBe("text/csv; charset=utf-8")
  expect(answer.headers.get("content-disposition")).toMatch(
    /^attachment; filename="workspace-source-1-identify--.*-utc\.csv"$/
  )
  expect(answer.headers.get("request-id")).toMatch(/^req_/)
  expect(
    lines(answer.text)
      .slice(1)
      .map((line) => line.split(",")[0])
  ).toEqual(["address", "address.city", "email"])
  const statuses = async (...paths: ReadonlyArray<string>) =>
    Promise.all(paths.map(async (each) => (await api.fetch(each)).status))
  expect(
    await statuses(
      `${path}?type=alias`,
      `${path}?days=8`,
      path.replace(api.source.id, "src_x"),
      path.replace(api.space.id, "spa_x")
    )
  ).toEqual([400, 400, 404, 401])
})

/** As `manage-event-filters.ts` leaves it. */
const block = (blocked: object | null) =>
  api.run(
    Effect.flatMap(Database, ({ write: sql }) => {
      const { no, id } = api.source
      const text = blocked === null ? null : JSON.stringify(blocked)
      return sql`insert into sources (no, id, blocked) values (${no}, ${id}, ${text}) on conflict (id) do update set blocked = excluded.blocked`
    })
  )

it("AC1-31 ING-134: blocked events and traits are counted in their rows", async () => {
  const at = Date.now()
  const blockedMessage = message({ type: "track", userId: "u", event: "Kept Out", properties: { a: 1 } })
  names.blocked(names.of(api.source.no, blockedMessage, at), at)
  names.blockedTrait(api.source.no, "identify", ["address", "city"], at)
  await api.run(Effect.flatMap(Database, (database) => flushSchema(database, names)))
  const { events, properties, traits } = await schema(
    `events { name allowed blocked } properties(event: "Kept Out") { name blocked } traits(type: IDENTIFY) { name allowed blocked }`
  )
  expect(events).toContainEqual({ name: "Kept Out", allowed: 0, blocked: 1 })
  expect(properties).toEqual([{ name: "a", blocked: 1 }])
  expect(traits).toContainEqual({ name: "address.city", allowed: expect.any(Number), blocked: 1 })
})

it("ING-132: an event is archived when it is blocked; it is hidden, still counted, and comes back", async () => {
  const allowed = await change(`archiveSchemaEvent(event: "Old")`, "days")
  expect(allowed.errors[0].extensions.code).toBe("CONFLICT")
  await block({ track: ["Old"] })
  const archived = await change(`archiveSchemaEvent(event: "Old")`, "events { name }")
  expect(archived.data.archiveSchemaEvent.events).not.toContainEqual({ name: "Old" })
  await arrived(Date.now(), { type: "track", userId: "u", event: "Old", properties: {} })
  const hidden = await schema("events(archived: true) { name allowed archivedAt }")
  expect(hidden.events).toEqual([{ name: "Old", allowed: 1, archivedAt: expect.any(String) }])
  const back = await change(`unarchiveSchemaEvent(event: "Old")`, "events { name }")
  expect(back.data.unarchiveSchemaEvent.events).toContainEqual({ name: "Old" })
  const unknown = await change(`archiveSchemaEvent(event: "Nothing")`, "days")
  expect(unknown.errors[0].extensions.code).toBe("NOT_FOUND")
})

it("ING-133: an event in advance counts nothing until it comes, and is there once", async () => {
  const added = await change(`addSchemaEvent(event: "Soon")`, "events { name allowed lastSeenAt }")
  expect(added.data.addSchemaEvent.events).toContainEqual({ name: "Soon", allowed: 0, lastSeenAt: null })
  const again = await change(`addSchemaEvent(event: "Soon")`, "days")
  expect(again.errors[0].extensions.code).toBe("CONFLICT")
  const wrong = await change(`addSchemaEvent(event: "")`, "days")
  expect(wrong.errors[0].extensions.code).toBe("VALIDATION_FAILED")
  await arrived(Date.now(), { type: "track", userId: "u", event: "Soon" })
  expect((await schema(listed)).events).toContainEqual({ name: "Soon", allowed: 1, blocked: 0, archivedAt: null })
})

it("ING-131: beyond 300 traits nothing more is listed, what is known goes on", async () => {
  await arrived(Date.now(), { type: "group", userId: "u", groupId: "g", traits: many(0, 290) })
  await arrived(Date.now(), { type: "group", userId: "u", groupId: "g", traits: { plan: "x", ...many(285, 400) } })
  const { traits } = await schema("traits(type: GROUP) { name allowed }")
  expect(traits).toHaveLength(300)
  const known = new Map(traits.map(({ name, allowed }: { name: string; allowed: number }) => [name, allowed]))
  expect([known.get("plan"), known.get("t0"), known.get("t289"), known.get("t298"), known.get("t299")]).toEqual([
    2,
    1,
    2,
    1,
    undefined
  ])
})

it("ING-131: clearing empties the lists of one kind; what comes is listed again", async () => {
  const cleared = await change("clearSchemaHistory(type: TRACK)", `${listed} traits(type: IDENTIFY) { name }`)
  expect(cleared.data.clearSchemaHistory).toMatchObject({ events: [], traits: [{}, {}, {}] })
  await arrived(Date.now(), { type: "track", userId: "u", event: "Order", properties: { id: 3 } })
  expect(await schema(`events { name allowed } properties(event: "Order") { name allowed }`)).toEqual({
    events: [{ name: "Order", allowed: 1 }],
    properties: [{ name: "id", allowed: 1 }]
  })
})

const rename = (from: string, to: string) =>
  api.run(Effect.flatMap(Database, ({ write: sql }) => sql.unsafe(`alter table ${from} rename to ${to}`)))

it("what could not be written is written with the next round", async () => {
  await rename("schema_days", "schema_days_away")
  const late = { type: "track", userId: "u", event: "Late" } as const
  await expect(arrived(Date.now(), late)).rejects.toThrow("Query failed")
  await rename("schema_days_away", "schema_days")
  await arrived(Date.now(), late)
  expect((await schema(listed)).events).toContainEqual({ name: "Late", allowed: 2, blocked: 0, archivedAt: null })
})

it("changes need the scope admin, and are in the audit trail", async () => {
  const refused = await change("clearSchemaHistory(type: TRACK)", "days", {})
  expect(refused.errors[0].extensions.code).toBe("FORBIDDEN")
  const entries = await api.run(
    Effect.flatMap(
      Database,
      ({ write: sql }) =>
        sql<{
          action: string
          actor: string
          target: string
          after: string
        }>`select action, actor, target, after from audit where action like 'Schema%' order by n`
    )
  )
  const entry = (action: string, after: object) => ({
    action,
    actor: "token:pt_admin",
    target: `source ${api.source.id}`,
    after
  })
  expect(entries.map(({ after, ...each }) => ({ ...each, after: JSON.parse(after) }))).toEqual([
    entry("Schema Event Archived", { event: "Old" }),
    entry("Schema Event Unarchived", { event: "Old" }),
    entry("Schema Event Added", { event: "Soon" }),
    entry("Schema History Cleared", { type: "track", names: expect.any(Number) })
  ])
})

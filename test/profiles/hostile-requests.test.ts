/**
 * Requests that mean harm, and requests for persisted queries (spec 03 section 2): refused before anything is executed, so that no
 * store is asked, and before anything is validated that would take long.
 */
import { getIntrospectionQuery } from "graphql"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { postgresGraph } from "../../src/identity/graph-postgres.ts"
import { sha256Hex } from "../../src/platform/hash.ts"
import { makePersistedQueries } from "../../src/profiles/persisted-queries.ts"
import { parseQuery } from "../../src/profiles/query-parsing.ts"
import { rig } from "../support/space.ts"
import { type Answer, startApi, type TestApi } from "./support/api.ts"

let api: TestApi
beforeAll(async () => {
  api = await startApi(rig(postgresGraph))
  await api.send({ type: "identify", userId: "kim", traits: { plan: "pro" } })
  await api.indexed()
})
afterAll(() => api.close())

const times = (n: number, make: (i: number) => string, between = " ") =>
  Array.from({ length: n }, (_, i) => make(i)).join(between)
const kim = `profile(spaceId: "SPACE", by: {externalId: {type: "user_id", id: "kim"}})`
const deep = (n: number) =>
  `{ ${kim} { ${times(n, () => "links { edges { node { to {")} id ${times(n, () => "} } } }")} } }`

/** What it is, the body (`SPACE` stands for the space), the code. */
type Row = readonly [what: string, body: unknown, code: string]

const query = (text: string, variables?: object) => ({ query: text, variables })

const rows: ReadonlyArray<Row> = [
  ["deep: profiles of accounts of profiles", query(deep(4)), "DEPTH_LIMIT"],
  ["deep without end", query(deep(60)), "DEPTH_LIMIT"],
  [
    "wide: pages of pages",
    query(`{ ${kim} { links(first: 100) { edges { node { to { links(first: 100) { totalCount } } } } } } }`),
    "COST_LIMIT"
  ],
  ["wide: 6,000 fields", query(`{ ${times(6_001, (i) => `f${i}`)} }`), "VALIDATION_FAILED"],
  [
    "one field 5,000 times: validation compares them in pairs",
    query(`{ ${kim} { ${times(5_000, () => "id")} } }`),
    "VALIDATION_FAILED"
  ],
  [
    "the same spread over fragments",
    query(`{ ${kim} { ${times(300, (i) => `...F${i}`)} } } ${times(300, (i) => `fragment F${i} on Profile { id }`)}`),
    "VALIDATION_FAILED"
  ],
  ["31 aliases", query(`{ ${times(31, (i) => `a${i}: ${kim} { id }`)} }`), "VALIDATION_FAILED"],
  ["2,000 aliases", query(`{ ${times(2_000, (i) => `a${i}: __typename`)} }`), "VALIDATION_FAILED"],
  [
    "aliases in a fragment that is spread again and again",
    query(`{ ${kim} { ...A ...A } } fragment A on Profile { ${times(31, (i) => `a${i}: id`)} }`),
    "VALIDATION_FAILED"
  ],
  [
    "a fragment that contains itself",
    query(`{ ${kim} { ...A } } fragment A on Profile { id ...A }`),
    "VALIDATION_FAILED"
  ],
  [
    "fragments in a circle",
    query(
      `{ ${kim} { ...A } } fragment A on Profile { ...B } fragment B on Profile { ...C } fragment C on Profile { ...A }`
    ),
    "VALIDATION_FAILED"
  ],
  [
    "fragments that double twenty times",
    query(
      `{ ${kim} { ...F0 } } ${times(20, (i) => `fragment F${i} on Profile { a${i}: links(first: 2) { edges { node { to { ...F${i + 1} } } } } b${i}: links(first: 2) { edges { node { to { ...F${i + 1} } } } } }`)} fragment F20 on Profile { id }`
    ),
    "DEPTH_LIMIT"
  ],
  [
    "fragments that double, all at one level",
    query(
      `{ ${kim} { ...F0 } } ${times(40, (i) => `fragment F${i} on Profile { ...F${i + 1} metadata { mergeCount } ...F${i + 1} }`)} fragment F40 on Profile { id }`
    ),
    "COST_LIMIT"
  ],
  [
    "fragments that spread each other, eight by eight",
    query(
      `{ ${kim} { ...F0 } } ${times(120, (i) => `fragment F${i} on Profile { ${times(8, (j) => `...F${(i + j + 1) % 120}`)} id }`)}`
    ),
    "VALIDATION_FAILED"
  ],
  [
    "a directive 2,000 times",
    query(`{ ${kim} { id ${times(2_000, () => "@include(if: true)")} } }`),
    "VALIDATION_FAILED"
  ],
  ["unknown directives", query(`{ ${kim} { id ${times(1_500, (i) => `@d${i}`)} } }`), "VALIDATION_FAILED"],
  [
    "101 references",
    query(`query ($r: [ProfileRef!]!) { profiles(spaceId: "SPACE", refs: $r) { id } }`, {
      r: Array.from({ length: 101 }, (_, i) => ({ segmentId: `use_${i}` }))
    }),
    "VALIDATION_FAILED"
  ],
  [
    "50,000 references",
    query(`query ($r: [ProfileRef!]!) { profiles(spaceId: "SPACE", refs: $r) { id } }`, {
      r: Array.from({ length: 20_000 }, () => ({ segmentId: "use_" }))
    }),
    "VALIDATION_FAILED"
  ],
  [
    "100 references with 1,001 names each",
    query(`query ($n: [String!]) { ${kim} { events(include: $n) { edges { cursor } } } }`, {
      n: Array.from({ length: 1_001 }, String)
    }),
    "VALIDATION_FAILED"
  ],
  [
    "a long list inside a filter",
    query(`query ($f: InsightFilter) { insights(spaceId: "SPACE") { successes(filter: $f) { edges { cursor } } } }`, {
      f: { sourceIds: Array.from({ length: 1_001 }, String) }
    }),
    "VALIDATION_FAILED"
  ],
  [
    "a long list in the query",
    query(`{ ${kim} { traits(keys: [${times(1_001, (i) => `"${i}"`)}]) { edges { cursor } } } }`),
    "VALIDATION_FAILED"
  ],
  ["1,500 operations", query(times(1_500, (i) => `query Q${i} { a }`)), "VALIDATION_FAILED"],
  ["several operations and no name", query(`query A { ${kim} { id } } query B { ${kim} { id } }`), "VALIDATION_FAILED"],
  ["1,000 variables", query(`query (${times(1_000, (i) => `$v${i}: ID`)}) { ${kim} { id } }`), "VALIDATION_FAILED"],
  [
    "an input object in itself 200 times",
    query(`{ explain(spaceId: "SPACE", event: ${"{a: ".repeat(201)}1${"}".repeat(201)}) { action } }`),
    "DEPTH_LIMIT"
  ],
  ["lists in lists", query(`{ node(id: ${"[".repeat(2_500)}) { id } }`), "DEPTH_LIMIT"],
  ["a name of 200 kB", query(`{ ${"a".repeat(200_000)} }`), "VALIDATION_FAILED"],
  ["a query of more than 256 kB", query(`{ ${kim} { id } } #${"x".repeat(262_144)}`), "VALIDATION_FAILED"],
  ["a string that does not end", query(`{ node(id: """${"\\n".repeat(100_000)}`), "VALIDATION_FAILED"],
  ["the whole schema six times", query(`{ ${times(6, (i) => `s${i}: __schema { types { name } }`)} }`), "COST_LIMIT"],
  [
    "the schema of the schema",
    query(`{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }`),
    "VALIDATION_FAILED"
  ],
  ["a batch", [query(`{ ${kim} { id } }`), query(`{ ${kim} { id } }`)], "VALIDATION_FAILED"],
  ["variables of more than 1 MB", query(`{ ${kim} { id } }`, { x: "x".repeat(1_048_576) }), "VALIDATION_FAILED"],
  ["a definition of a type", query(`type Query { a: ID } { ${kim} { id } }`), "VALIDATION_FAILED"]
]

const nested = (n: number) =>
  `{"query":"query ($e: JSON!) { explain(spaceId: \\"SPACE\\", event: $e) { action } }","variables":{"e":${"[".repeat(n)}${"]".repeat(n)}}}`
const bodies: ReadonlyArray<readonly [what: string, body: string]> = [
  ["variables in variables, 101 times", nested(101)],
  ["variables in variables, 250,000 times", nested(250_000)],
  ["brackets that never close", `{"query":"{ a }","variables":{"e":${"[".repeat(500_000)}`]
]

const ask = (body: string, headers: Record<string, string> = {}) => {
  api.calls.names.length = 0
  return api.graphql("", {}, { body: body.replaceAll("SPACE", api.space.id), headers })
}

const refused = ({ status, body }: Answer) => ({
  status,
  data: body.data,
  code: body.errors[0].extensions.code,
  calls: [...api.calls.names]
})

describe("PRO-62: hostile queries are refused before a store is asked", () => {
  it.each(rows)("%s", async (_, body, code) => {
    expect(refused(await ask(JSON.stringify(body)))).toEqual({ status: 400, data: undefined, code, calls: [] })
  })

  it.each(bodies)("%s", async (_, body) => {
    expect(refused(await ask(body))).toEqual({ status: 400, data: undefined, code: "VALIDATION_FAILED", calls: [] })
  })

  it.each(["{ __schema { types { name } } }", `{ __type(name: "Profile") { name } }`, deep(60)])(
    "without a token: %#",
    async (text) => {
      expect(refused(await ask(JSON.stringify({ query: text }), { authorization: "none" }))).toEqual({
        status: 401,
        data: undefined,
        code: "UNAUTHENTICATED",
        calls: []
      })
    }
  )

  it("what people send is not taken for it", async () => {
    const { body } = await ask(JSON.stringify({ query: getIntrospectionQuery() }))
    expect(body.data.__schema.types.length).toBeGreaterThan(50)
  })

  it("no name so often that validation compares more than 250 in pairs, and no more tokens than 6,000", () => {
    expect(() => parseQuery(`{ ${times(250, () => "id")} }`)).not.toThrow()
    expect(() => parseQuery(`{ ${times(251, () => "id")} }`)).toThrow(/over 250 times/)
    expect(() => parseQuery(`{ ${times(5_998, (i) => `f${i}`)} }`)).not.toThrow()
    expect(() => parseQuery(`{ ${times(5_999, (i) => `f${i}`)} }`)).toThrow(/6000 tokens/)
  })
})

const extensions = (hash: string, version = 1) => ({ persistedQuery: { version, sha256Hash: hash } })
const get = (parameters: Readonly<Record<string, unknown>>, headers: Record<string, string> = {}) => {
  api.calls.names.length = 0
  const search = new URLSearchParams(
    Object.entries(parameters).map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)])
  )
  return api.fetch(`/graphql?${search}`, { headers })
}
const post = (body: object, headers: Record<string, string> = {}) => ask(JSON.stringify(body), headers)

const long = (i: number) => `{ spaces { id } } #${i} ${"x".repeat(16_000)}`

describe("PRO-60: persisted queries", () => {
  const text = `query ($by: ProfileRef!) { profile(spaceId: "SPACE", by: $by) { segmentId trait(key: "plan") { value } } }`
  const by = { externalId: { type: "user_id", id: "kim" } }
  const known = () => text.replace("SPACE", api.space.id)
  it("is not found, is sent once, and is answered from then on, by GET and by POST", async () => {
    const hash = sha256Hex(known())
    const asked = { extensions: extensions(hash), variables: { by } }
    const first = await get(asked)
    expect([first.status, first.body.errors[0].message, first.body.errors[0].extensions.code]).toEqual([
      200,
      "PersistedQueryNotFound",
      "PERSISTED_QUERY_NOT_FOUND"
    ])
    expect(api.calls.names).toEqual([])
    const sent = await post({ ...asked, query: text })
    expect(sent.body.data.profile.trait.value).toBe("pro")
    for (const again of [await get(asked), await post(asked)]) {
      expect(again.body).toEqual(sent.body)
      expect(again.headers.get("cache-control")).toBe("no-store")
      expect(again.headers.get("access-control-allow-origin")).toBeNull()
    }
  })

  it("what was sent in one space is not known in another", async () => {
    const asked = { extensions: extensions(sha256Hex(known())), variables: { by } }
    expect((await get(asked)).body.data.profile).not.toBeNull()
    const { body } = await get(asked, { authorization: "Bearer pt_other" })
    expect(body.errors[0].extensions.code).toBe("PERSISTED_QUERY_NOT_FOUND")
  })

  it("what is refused is not kept; what is kept is measured again with other variables", async () => {
    const costly = `query ($n: Int) { ${kim} { links(first: 100) { edges { node { to { links(first: $n) { totalCount } } } } } } }`
    const asked = { extensions: extensions(sha256Hex(costly.replaceAll("SPACE", api.space.id))) }
    expect((await post({ ...asked, query: costly, variables: { n: 100 } })).body.errors[0].extensions.code).toBe(
      "COST_LIMIT"
    )
    expect((await get(asked)).body.errors[0].extensions.code).toBe("PERSISTED_QUERY_NOT_FOUND")
    expect((await post({ ...asked, query: costly, variables: { n: 1 } })).status).toBe(200)
    expect((await get({ ...asked, variables: { n: 1 } })).body.data.profile).toEqual({ links: { edges: [] } })
    expect(refused(await get({ ...asked, variables: { n: 100 } }))).toMatchObject({
      status: 400,
      code: "COST_LIMIT",
      calls: []
    })
  })

  const mutation = `mutation { createAccessToken(spaceId: "s", name: "n") { secret } }`
  const table: ReadonlyArray<readonly [what: string, ask: () => Promise<Answer>, status: number, code: string]> = [
    [
      "a hash of another query",
      () => post({ query: "{ spaces { id } }", extensions: extensions("0".repeat(64)) }),
      400,
      "VALIDATION_FAILED"
    ],
    ["a hash that is none", () => get({ extensions: extensions("abc") }), 400, "VALIDATION_FAILED"],
    [
      "a hash in upper case",
      () => get({ extensions: extensions(sha256Hex("a").toUpperCase()) }),
      400,
      "VALIDATION_FAILED"
    ],
    ["another version", () => get({ extensions: extensions(sha256Hex("a"), 2) }), 400, "VALIDATION_FAILED"],
    ["extensions that are no JSON", () => get({ extensions: "{" }), 400, "VALIDATION_FAILED"],
    ["extensions without a hash", () => get({ extensions: {} }), 400, "VALIDATION_FAILED"],
    ["the text of a query by GET", () => get({ query: "{ spaces { id } }", extensions: {} }), 400, "VALIDATION_FAILED"],
    [
      "variables that are no JSON",
      () => get({ variables: "{", extensions: extensions(sha256Hex("a")) }),
      400,
      "VALIDATION_FAILED"
    ],
    [
      "no token",
      () => get({ extensions: extensions(sha256Hex("a")) }, { authorization: "none" }),
      401,
      "UNAUTHENTICATED"
    ],
    [
      "a mutation by GET",
      async () => {
        const asked = { extensions: extensions(sha256Hex(mutation)) }
        await post({ ...asked, query: mutation })
        return get(asked)
      },
      405,
      "VALIDATION_FAILED"
    ]
  ]
  it.each(table)("%s", async (_, ask, status, code) => {
    const answer = await ask()
    expect([answer.status, answer.body.errors[0].extensions]).toEqual([
      status,
      { code, requestId: answer.headers.get("request-id") }
    ])
  })

  it("is kept within bounds: what was used least lately goes, of the own space first", () => {
    const { resolve } = makePersistedQueries()
    const send = (space: string, query: string) => resolve(space, { query, hash: sha256Hex(query) }).keep()
    const known = (space: string, query: string): boolean => {
      try {
        return resolve(space, { query: undefined, hash: sha256Hex(query) }).params.query === query
      } catch {
        return false
      }
    }
    send("b", long(0))
    for (let i = 0; i < 32; i++) send("a", long(i))
    expect([known("a", long(0)), known("b", long(0))]).toEqual([true, true])
    // The first was just used.
    send("a", long(32))
    expect([0, 1, 32].map((i) => known("a", long(i)))).toEqual([true, false, true])
    send("a", `${long(33)}${"x".repeat(1_000)}`)
    expect(known("a", `${long(33)}${"x".repeat(1_000)}`)).toBe(false)
    for (let i = 0; i < 49; i++) send(`space-${i}`, "{ spaces { id } }")
    expect([known("a", long(0)), known("b", long(0))]).toEqual([true, false])
  })
})

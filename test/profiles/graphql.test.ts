/** The GraphQL Profile API (spec 03 section 2) end to end. */
import { runInNewContext } from "node:vm"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { postgresGraph } from "../../src/identity/graph-postgres.ts"
import { rig } from "../support/space.ts"
import { basic, startApi, type TestApi, token } from "./support/api.ts"
import { external, profileQuery, readProfile, sendPeople } from "./support/people.ts"

let api: TestApi
beforeAll(async () => {
  api = await startApi(rig(postgresGraph))
  await sendPeople(api)
})

afterAll(() => api.close())

const profile = (by: object, selection: string, collection?: string) => readProfile(api, by, selection, collection)

describe("access", () => {
  it("PRO-62, PRO-64: without a token everything is 401, introspection too", async () => {
    for (const authorization of ["none", basic("pt_wrong")]) {
      const { status, body, headers } = await api.graphql(
        "{ __schema { types { name } } }",
        {},
        { headers: { authorization } }
      )
      expect(status).toBe(401)
      expect(body.data).toBeUndefined()
      expect(body.errors[0].extensions).toEqual({ code: "UNAUTHENTICATED", requestId: headers.get("request-id") })
    }
  })

  it("PRO-62: with a token the schema can be read, and says only what works", async () => {
    const { body } = await api.graphql(
      "{ __schema { subscriptionType { name } queryType { fields { name } } } }",
      {},
      {
        headers: { authorization: `Bearer ${token}` }
      }
    )
    expect(body.data.__schema.subscriptionType.name).toBe("Subscription")
    expect(body.data.__schema.queryType.fields.map(({ name }: { name: string }) => name)).toEqual(
      expect.arrayContaining(["node", "spaces", "space", "profile", "profiles"])
    )
  })

  it("PRO-4: a token without the scope is FORBIDDEN", async () => {
    const answer = await api.graphql("{ spaces { id } }", {}, { headers: { authorization: basic("pt_delete_only") } })
    expect(answer.status).toBe(403)
    expect(answer.body.errors[0].extensions.code).toBe("FORBIDDEN")
  })

  it("IDR-2: another space is FORBIDDEN, whether it exists or not", async () => {
    for (const spaceId of ["spa_other00000000000000000", "spa_nowhere"]) {
      const { body } = await api.graphql(profileQuery("id"), { spaceId, by: external("user_id", "kim") })
      expect(body.data).toEqual({ profile: null })
      expect(body.errors[0].extensions.code).toBe("FORBIDDEN")
      expect((await api.graphql(`{ space(id: "${spaceId}") { id } }`)).body.data).toEqual({ space: null })
    }
  })

  it("spaces and space by id and slug", async () => {
    const { body } = await api.graphql(
      `query ($id: ID!, $slug: String) { spaces { id slug name kind } a: space(id: $id) { id } b: space(slug: $slug) { id } c: space(slug: "x") { id } }`,
      { id: api.space.id, slug: api.space.slug }
    )
    const { id, slug, name, kind } = api.space
    expect(body.data).toEqual({ spaces: [{ id, slug, name, kind }], a: { id }, b: { id }, c: null })
  })

  it.each([
    ["not JSON", "{", "application/json"],
    ["not an object", "[]", "application/json"],
    ["no query", "{}", "application/json"],
    ["variables that are no object", `{"query":"{ spaces { id } }","variables":[]}`, "application/json"],
    ["bytes that are not UTF-8", Buffer.from([0x7b, 0xff, 0x7d]), "application/json"],
    ["another content type", `{"query":"{ spaces { id } }"}`, "text/plain"],
    ["a syntax error", `{"query":"{ spaces {"}`, "application/json"],
    ["an unknown field", `{"query":"{ nothing }"}`, "application/json"],
    ["a missing variable", `{"query":"query ($id: ID!) { node(id: $id) { id } }"}`, "application/json"],
    [
      "a variable of the wrong type",
      `{"query":"query ($id: ID!) { node(id: $id) { id } }","variables":{"id":{"a":[]}}}`,
      "application/json"
    ],
    [
      "two kinds of reference",
      `{"query":"{ profile(spaceId: \\"s\\", by: {segmentId: \\"a\\", externalId: {type: \\"a\\", id: \\"b\\"}}) { id } }"}`,
      "application/json"
    ],
    [
      "a query of more than 256 kB",
      JSON.stringify({ query: `{ spaces { id } } #${"x".repeat(262_144)}` }),
      "application/json"
    ],
    [
      "a body of more than 1 MB",
      JSON.stringify({ query: "{ spaces { id } }", variables: { x: "x".repeat(1_048_576) } }),
      "application/json"
    ]
  ])("PRO-64: %s is VALIDATION_FAILED with status 400", async (_, body, type) => {
    const answer = await api.graphql("", {}, { body, headers: { "content-type": type } })
    expect(answer.status).toBe(400)
    expect(answer.body.errors[0].extensions).toEqual({
      code: "VALIDATION_FAILED",
      requestId: answer.headers.get("request-id")
    })
  })

  it("GET without text/html is 405", async () => {
    expect((await api.fetch("/graphql?query={spaces{id}}")).status).toBe(405)
  })
})

/** What a request of the page becomes: the page's own script, with answers of ours. */
const sentBy = async (authorization: string, who: unknown, more: Record<string, string> = {}) => {
  const { text } = await api.fetch("/graphql", { headers: { accept: "text/html", authorization: "none" } })
  const script = /<script>([^]*?)<\/script>/.exec(text)![1]!
  const sent: Array<{ readonly url: string; readonly headers: Record<string, string> }> = []
  const fetch = (url: string, init?: RequestInit) => {
    if (url === "/console/session") return Promise.resolve(Response.json(who))
    sent.push({ url, headers: Object.fromEntries(new Headers(init?.headers)) })
    return Promise.resolve(Response.json({ data: {} }))
  }
  const window = { fetch }
  runInNewContext(script, { window, Headers, Response })
  const answer = await window.fetch("/graphql", { method: "POST", headers: { authorization, ...more } })
  return { sent, answer: (await answer.json()) as unknown }
}

describe("GraphiQL", () => {
  it("is served without a token, loads nothing from elsewhere, and is not allowed to", async () => {
    for (const encoding of ["gzip", "identity"]) {
      const { status, headers, text } = await api.fetch("/graphql", {
        headers: { accept: "text/html,application/xhtml+xml", authorization: "none", "accept-encoding": encoding }
      })
      expect(status).toBe(200)
      expect(headers.get("content-type")).toContain("text/html")
      expect(headers.get("content-security-policy")).toContain("default-src 'none'")
      expect(headers.get("content-security-policy")).toContain("connect-src 'self'")
      const outside = [...text.matchAll(/<(?:script|link|img)[^>]*?(?:src|href)="(?!data:)([^"]*)"/g)]
      expect(outside.map(([, url]) => url).filter((url) => /^(?:https?:)?\/\//.test(url!))).toEqual([])
      expect(text).toContain("renderYogaGraphiQL")
      expect(text).toContain("Bearer <access token>")
    }
  })

  const placeholder = "Bearer <access token>"

  it("sends a token as it is, asks with the session of who is signed in, and says what to do to others", async () => {
    const who = { spaces: [{ id: "spa_1" }, { id: "spa_2" }] }
    expect((await sentBy("Bearer pt_x", who)).sent).toEqual([
      { url: "/graphql", headers: { authorization: "Bearer pt_x" } }
    ])
    const session = { url: "/console/graphql", headers: { "braid-console": "graphiql", "braid-space": "spa_1" } }
    expect((await sentBy(placeholder, who)).sent).toEqual([session])
    expect((await sentBy(placeholder, who, { "braid-space": "spa_2" })).sent[0]!.headers["braid-space"]).toBe("spa_2")
    const nobody = await sentBy(placeholder, null)
    expect(nobody).toEqual({ sent: [], answer: { errors: [{ message: expect.stringMatching(/^Sign in/) }] } })
  })

  it("is found at the console's address, too", async () => {
    const { status, headers } = await api.fetch("/console/graphql", {
      headers: { accept: "text/html" },
      redirect: "manual"
    })
    expect([status, headers.get("location")]).toEqual([302, "/graphql"])
  })
})

/** Two turns of links: each `links { edges { node { to` is four levels. */
const nested = (inner: string) =>
  `links(first: 1) { edges { node { to { links(first: 1) { edges { node { to { ${inner} } } } } } } } }`

const refs = (n: number) => Array.from({ length: n }, (_, i) => external("user_id", `many-${i}`))
const batch = `query ($spaceId: ID!, $refs: [ProfileRef!]!) { profiles(spaceId: $spaceId, refs: $refs) { segmentId } }`

/** The code of a refusal before anything was executed. */
const refusal = async (query: string, variables: object = { by: external("user_id", "kim") }) => {
  api.calls.names.length = 0
  const { status, body, headers } = await api.graphql(query, { spaceId: api.space.id, ...variables })
  expect(body.errors[0].extensions.requestId).toBe(headers.get("request-id"))
  return { status, data: body.data, code: body.errors[0].extensions.code, calls: [...api.calls.names] }
}
const refused = (code: string) => ({ status: 400, data: undefined, code, calls: [] })

const manyIds = (links: number) =>
  `links(first: ${links}) { edges { node { to { externalIds(first: 50) { edges { node { id } } } } } } }`

describe("limits", () => {
  it("AC3-21: depth 13 is DEPTH_LIMIT, depth 12 is not", async () => {
    const twelve = nested("externalIds { edges { cursor } }")
    const thirteen = nested("externalIds { edges { node { id } } }")
    expect(await profile(external("user_id", "kim"), twelve)).toEqual({ links: { edges: [] } })
    expect(await refusal(profileQuery(thirteen))).toEqual(refused("DEPTH_LIMIT"))
  })

  it.each([
    ["{ a ", "}"],
    ["{ node(id: [", "]) }"],
    ["{ ... on Query ", "}"]
  ])("PRO-62: a query that nests %s%s 1,900 times is DEPTH_LIMIT, and overflows no stack", async (open, close) => {
    const depths = [1_900, 201].map((levels) => Math.floor(levels / open.match(/[{[(]/g)!.length))
    for (const depth of depths) {
      expect(await refusal(open.repeat(depth) + close.repeat(depth))).toEqual(refused("DEPTH_LIMIT"))
    }
  })

  it("PRO-62: brackets in strings and comments nest nothing", async () => {
    const open = "{".repeat(300)
    const { body } = await api.graphql(`{ node(id: "${open}") { id } } # ${open}`)
    expect(body.data).toEqual({ node: null })
  })

  it("AC3-21: fragments do not hide depth", async () => {
    const query = `${profileQuery("...A")} fragment A on Profile { ${nested("...B")} }
      fragment B on Profile { externalIds { edges { node { id } } } }`
    expect(await refusal(query)).toEqual(refused("DEPTH_LIMIT"))
  })

  it.each([
    ["in the query", "first: 50", {}],
    ["in a variable", "first: $n", { n: 50 }],
    ["in the default of a variable", "first: $m", {}],
    ["backwards", "last: 50", {}]
  ])("AC3-21: more than 5,000 is COST_LIMIT, page sizes %s", async (_, size, variables) => {
    const query = `query ($spaceId: ID!, $by: ProfileRef!, $n: Int, $m: Int = 50) { profile(spaceId: $spaceId, by: $by) {
      links(first: 98) { edges { node { to { externalIds(${size}) { edges { node { id } } } } } } }
      n: externalIds(first: $n) { totalCount } m: externalIds(first: $m) { totalCount } } }`
    expect(await refusal(query, { by: external("user_id", "kim"), ...variables })).toEqual(refused("COST_LIMIT"))
  })

  it("AC3-21: the cost is 1 an object and page size times child for a connection", async () => {
    // 1 + 96 x (link 1 + profile 1 + 50) = 4,993 and, with 97, 5,045.
    expect(await profile(external("user_id", "kim"), manyIds(96))).toEqual({ links: { edges: [] } })
    expect(await refusal(profileQuery(manyIds(97)))).toEqual(refused("COST_LIMIT"))
  })

  it("AC3-21: 101 references are refused, 100 are not", async () => {
    expect(await refusal(batch, { refs: refs(101) })).toEqual(refused("VALIDATION_FAILED"))
    expect((await api.graphql(batch, { spaceId: api.space.id, refs: refs(100) })).body.data.profiles.length).toBe(100)
  })

  it("PRO-62: 31 aliases are refused", async () => {
    const aliases = Array.from({ length: 31 }, (_, i) => `a${i}: segmentId`).join(" ")
    expect(await refusal(profileQuery(aliases))).toEqual(refused("VALIDATION_FAILED"))
  })

  it("PRO-60: an operation takes one unit of the rate and one per 100 of its cost", async () => {
    api.limits.profileApiPerSecond = 10
    const real = performance.now
    const at = real.call(performance)
    performance.now = () => at
    try {
      const variables = { spaceId: api.space.id, by: external("user_id", "kim") }
      // 1 + 100 x 8 / 100
      const costly = profileQuery(
        Array.from({ length: 8 }, (_, i) => `a${i}: externalIds(first: 100) { totalCount }`).join(" ")
      )
      expect((await api.graphql(costly, variables)).status).toBe(200)
      expect((await api.graphql(profileQuery("id"), variables)).status).toBe(200)
      const third = await api.graphql(profileQuery("id"), variables)
      expect(third.status).toBe(429)
      expect(third.headers.get("retry-after")).toBe("1")
      expect(third.body.errors[0].extensions.code).toBe("RATE_LIMITED")
    } finally {
      performance.now = real
      api.limits.profileApiPerSecond = 0
    }
  })

  it.each([
    "externalIds(first: 0)",
    "externalIds(first: 101)",
    "traits(last: 201)",
    "links(first: 1, last: 1)",
    `events(after: "x")`
  ])("PRO-61: %s is VALIDATION_FAILED", async (field) => {
    const { body } = await api.graphql(profileQuery(`${field} { pageInfo { endCursor } }`), {
      spaceId: api.space.id,
      by: external("user_id", "kim")
    })
    expect(body.errors[0].extensions.code).toBe("VALIDATION_FAILED")
  })
})

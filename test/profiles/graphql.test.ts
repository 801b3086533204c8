/** The GraphQL Profile API (spec 03 section 2) end to end. */
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { postgresGraph } from "../../src/identity/graph-postgres.ts"
import { rig } from "../support/space.ts"
import { basic, startApi, type TestApi, token } from "./support/api.ts"

let api: TestApi
const now = Date.now()
const ago = (ms: number) => new Date(now - ms).toISOString()

beforeAll(async () => {
  api = await startApi(rig(postgresGraph))
  // W-7, then a second merge into an older profile.
  await api.send(
    { type: "identify", messageId: "p0", userId: "kim", timestamp: ago(10_000) },
    { type: "page", messageId: "w7-1", anonymousId: "5285bc35", timestamp: ago(9000) },
    {
      type: "identify",
      messageId: "w7-2",
      anonymousId: "5285bc35",
      traits: { email: "jane.kim@segment.com", plan: "free", age: 33 },
      timestamp: ago(8000)
    },
    { type: "page", messageId: "w7-3", anonymousId: "b50e18a5", name: "Pricing", timestamp: ago(7000) },
    {
      type: "identify",
      messageId: "w7-4",
      anonymousId: "b50e18a5",
      traits: { email: "jane.kim@segment.com", plan: "pro" },
      timestamp: ago(6000)
    },
    {
      type: "track",
      event: "Signed In",
      messageId: "p0-2",
      userId: "kim",
      anonymousId: "b50e18a5",
      timestamp: ago(5000)
    }
  )
  await api.send(
    ...Array.from({ length: 100 }, (_, i) => ({
      type: "group" as const,
      messageId: `many-${i}`,
      userId: `many-${i}`,
      groupId: `team-${i % 7}`,
      traits: { name: "Team" },
      timestamp: ago(4000 - i)
    })),
    ...Array.from({ length: 100 }, (_, i) => ({
      type: "identify" as const,
      messageId: `many-t-${i}`,
      userId: `many-${i}`,
      traits: { number: i },
      timestamp: ago(3000)
    }))
  )
})

afterAll(() => api.close())

const external = (type: string, id: string) => ({ externalId: { type, id } })

const profileQuery = (selection: string) => `query ($spaceId: ID!, $by: ProfileRef!, $collection: Collection = USERS) {
  profile(spaceId: $spaceId, collection: $collection, by: $by) { ${selection} } }`

/** The `data.profile` of one look-up; fails on errors. */
const profile = async (by: object, selection: string, collection = "USERS") => {
  const { body } = await api.graphql(profileQuery(selection), { spaceId: api.space.id, by, collection })
  expect(body.errors).toBeUndefined()
  return body.data.profile
}

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
      "{ __schema { mutationType { name } queryType { fields { name } } } }",
      {},
      {
        headers: { authorization: `Bearer ${token}` }
      }
    )
    expect(body.data.__schema.mutationType).toBeNull()
    expect(body.data.__schema.queryType.fields.map(({ name }: { name: string }) => name)).toEqual([
      "node",
      "spaces",
      "space",
      "profile",
      "profiles"
    ])
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
      `query ($id: ID!) { spaces { id slug name kind } a: space(id: $id) { id } b: space(slug: "demo") { id } c: space(slug: "x") { id } }`,
      { id: api.space.id }
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
})

describe("limits", () => {
  const nested = (levels: number) => {
    // Each "links { edges { node { to" is four levels.
    let query = "segmentId"
    for (let i = 0; i < levels; i++) query = `links(first: 1) { edges { node { to { ${query} } } } }`
    return query
  }
  const refs = (n: number) => Array.from({ length: n }, (_, i) => external("user_id", `many-${i}`))
  const batch = `query ($spaceId: ID!, $refs: [ProfileRef!]!) { profiles(spaceId: $spaceId, refs: $refs) { segmentId } }`

  const refused = async (query: string, variables: object, code: string) => {
    api.calls.names.length = 0
    const answer = await api.graphql(query, variables)
    expect(answer.body.errors[0].extensions).toEqual({ code, requestId: answer.headers.get("request-id") })
    expect(answer.body.data).toBeUndefined()
    expect(answer.status).toBe(400)
    expect(api.calls.names).toEqual([])
  }

  it("AC3-21: depth 13 is DEPTH_LIMIT, depth 12 is not", async () => {
    const by = external("user_id", "kim")
    // profile + 2 x 4 + externalIds.edges.node + ...
    const twelve = nested(2).replace("segmentId", "externalIds { edges { cursor } }")
    const thirteen = nested(2).replace("segmentId", "externalIds { edges { node { id } } }")
    expect(await profile(by, twelve)).toEqual({ links: { edges: [] } })
    await refused(profileQuery(thirteen), { spaceId: api.space.id, by }, "DEPTH_LIMIT")
  })

  it("AC3-21: fragments do not hide depth", async () => {
    const query = `${profileQuery("...A")} fragment A on Profile { ${nested(2).replace("segmentId", "...B")} }
      fragment B on Profile { externalIds { edges { node { id } } } }`
    await refused(query, { spaceId: api.space.id, by: external("user_id", "kim") }, "DEPTH_LIMIT")
  })

  it.each([
    ["in the query", "first: 50", {}],
    ["in a variable", "first: $n", { n: 50 }],
    ["in the default of a variable", "first: $m", {}],
    ["backwards", "last: 50", {}]
  ])("AC3-21: more than 5,000 is COST_LIMIT, page sizes %s", async (_, size, variables) => {
    const query = `query ($spaceId: ID!, $by: ProfileRef!, $n: Int, $m: Int = 50) { profile(spaceId: $spaceId, by: $by) {
      links(first: 98) { edges { node { to { externalIds(${size}) { edges { node { id } } } } } } } n: externalIds(first: $n) { totalCount } m: externalIds(first: $m) { totalCount } } }`
    await refused(query, { spaceId: api.space.id, by: external("user_id", "kim"), ...variables }, "COST_LIMIT")
  })

  it("AC3-21: the cost is 1 an object and page size times child for a connection", async () => {
    // 1 + 96 x (link 1 + profile 1 + 50) = 4,993 and, with 97, 5,045.
    const query = (links: number) =>
      `links(first: ${links}) { edges { node { to { externalIds(first: 50) { edges { node { id } } } } } } }`
    expect(await profile(external("user_id", "kim"), query(96))).toEqual({ links: { edges: [] } })
    await refused(profileQuery(query(97)), { spaceId: api.space.id, by: external("user_id", "kim") }, "COST_LIMIT")
  })

  it("AC3-21: 101 references are refused, 100 are not", async () => {
    await refused(batch, { spaceId: api.space.id, refs: refs(101) }, "VALIDATION_FAILED")
    expect((await api.graphql(batch, { spaceId: api.space.id, refs: refs(100) })).body.data.profiles.length).toBe(100)
  })

  it("PRO-62: 31 aliases are refused", async () => {
    const aliases = Array.from({ length: 31 }, (_, i) => `a${i}: segmentId`).join(" ")
    await refused(profileQuery(aliases), { spaceId: api.space.id, by: external("user_id", "kim") }, "VALIDATION_FAILED")
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

describe("batching", () => {
  const selection = `segmentId traits { edges { node { key value messageId } } } externalIds { totalCount edges { node { type id } } }
    links { totalCount edges { node { to { segmentId traits(first: 5) { edges { node { key } } } externalIds(first: 3) { edges { node { id } } } metadata { mergeCount lastMessageId } } } } }
    events { edges { node { messageId } } } metadata { updatedAt mappingCount } merges { totalCount }`
  const query = `query ($spaceId: ID!, $refs: [ProfileRef!]!) { profiles(spaceId: $spaceId, refs: $refs) { ${selection.replace("links {", "links(first: 3) {")} } }`

  it("AC3-20, PRO-63: 100 references: input order, null for missing, as many store queries as for 2", async () => {
    const refs = Array.from({ length: 100 }, (_, i) => external("user_id", i === 41 ? "nobody" : `many-${i}`))
    const ask = async (some: ReadonlyArray<object>) => {
      api.calls.names.length = 0
      const { body } = await api.graphql(query, { spaceId: api.space.id, refs: some })
      expect(body.errors).toBeUndefined()
      return { profiles: body.data.profiles, calls: api.calls.names.toSorted() }
    }
    const few = await ask(refs.slice(0, 2))
    const many = await ask(refs)
    expect(many.calls).toEqual(few.calls)
    expect(many.profiles.length).toBe(100)
    many.profiles.forEach((found: (typeof many.profiles)[number], i: number) => {
      if (i === 41) return expect(found).toBeNull()
      expect(found.externalIds).toEqual({ totalCount: 1, edges: [{ node: { type: "user_id", id: `many-${i}` } }] })
      expect(found.traits.edges).toEqual([{ node: { key: "number", value: i, messageId: `many-t-${i}` } }])
      expect(found.links.edges[0].node.to.externalIds.edges).toEqual([{ node: { id: `team-${i % 7}` } }])
      expect(found.links.edges[0].node.to.traits.edges).toEqual([{ node: { key: "name" } }])
      expect(found.metadata).toEqual({ updatedAt: ago(3000), mappingCount: 1 })
    })
  })

  it("AC3-20: 100 profiles with traits, external ids and links at default page sizes are within the cost", async () => {
    const refs = Array.from({ length: 100 }, (_, i) => external("user_id", `many-${i}`))
    const { body } = await api.graphql(
      `query ($spaceId: ID!, $refs: [ProfileRef!]!) { profiles(spaceId: $spaceId, refs: $refs) {
        traits { edges { node { key value } } } externalIds { edges { node { type id } } } links { edges { node { to { segmentId } createdAt } } } } }`,
      { spaceId: api.space.id, refs }
    )
    expect(body.errors).toBeUndefined()
  })

  it("a field that needs no members costs one look-up and one read", async () => {
    api.calls.names.length = 0
    await profile(external("user_id", "kim"), "traits { edges { node { key } } }")
    expect(api.calls.names).toEqual(["graph.find", "sql.unsafe"])
  })
})

describe("profiles", () => {
  it("W-7: requestedId, merges, mergePath, metadata of a profile that was merged twice", async () => {
    const survivor = await profile(external("user_id", "kim"), "segmentId id requestedId mergePath masked collection")
    expect(survivor).toEqual({
      id: survivor.segmentId,
      segmentId: survivor.segmentId,
      requestedId: survivor.segmentId,
      mergePath: [survivor.segmentId],
      masked: false,
      collection: "USERS"
    })
    const { merges, metadata } = await profile(
      external("anonymous_id", "b50e18a5"),
      `merges { totalCount edges { node { id from into at messageId eventType eventName sourceId rulesVersion active
         matchedFrom { type id collection encoding } matchedInto { type id } } } }
       metadata { createdAt updatedAt expiresAt firstMessageId firstSourceId lastMessageId lastSourceId mergeCount mappingCount mergedSegmentIds }`
    )
    const [first, second] = merges.edges.map((edge: { node: object }) => edge.node)
    expect(merges.totalCount).toBe(2)
    expect(first).toMatchObject({
      at: ago(6000),
      messageId: "w7-4",
      eventType: "IDENTIFY",
      eventName: null,
      sourceId: "src_web",
      rulesVersion: 1,
      active: true,
      matchedFrom: [{ type: "anonymous_id", id: "b50e18a5", collection: "USERS", encoding: "none" }],
      matchedInto: [{ type: "email", id: "jane.kim@segment.com" }]
    })
    expect(first.id).toMatch(/^mrg_[0-9A-Za-z]{27}$/)
    expect(second).toMatchObject({
      from: first.into,
      into: survivor.segmentId,
      eventType: "TRACK",
      eventName: "Signed In"
    })
    expect(metadata).toEqual({
      createdAt: ago(10_000),
      updatedAt: ago(5000),
      expiresAt: null,
      firstMessageId: "p0",
      firstSourceId: "src_web",
      lastMessageId: "p0-2",
      lastSourceId: "src_web",
      mergeCount: 2,
      mappingCount: 4,
      mergedSegmentIds: [first.into, first.from]
    })
    // By the id of the first to be merged away: the path leads over the second.
    expect(await profile({ segmentId: first.from }, "segmentId requestedId mergePath")).toEqual({
      segmentId: survivor.segmentId,
      requestedId: first.from,
      mergePath: [first.from, first.into, survivor.segmentId]
    })
    const { body } = await api.graphql(
      `query ($a: ID!, $b: ID!) { node(id: $a) { id ... on Profile { requestedId } } space: node(id: $b) { __typename id } }`,
      { a: first.from, b: api.space.id }
    )
    expect(body.data).toEqual({
      node: { id: survivor.segmentId, requestedId: first.from },
      space: { __typename: "Space", id: api.space.id }
    })
  })

  it.each([
    ["unknown identifier", external("user_id", "nobody")],
    ["unknown segment id", { segmentId: "use_000000000000000000000000000" }],
    ["not a segment id", { segmentId: "zero\u0000byte" }],
    ["another spelling", external("USER_ID", "kim")]
  ])("PRO-64: %s is null, not an error", async (_, by) => {
    expect(await profile(by, "id")).toBeNull()
  })

  it("trait, traits by key and class", async () => {
    const found = await profile(
      external("user_id", "kim"),
      `trait(key: "plan") { key value class sourceId sourceName updatedAt messageId } none: trait(key: "x") { key }
       some: traits(keys: ["age", "x"]) { edges { node { key value } } } other: traits(class: AUDIENCE) { edges { node { key } } }`
    )
    expect(found).toEqual({
      trait: {
        key: "plan",
        value: "pro",
        class: "CUSTOM",
        sourceId: "src_web",
        sourceName: "Website",
        updatedAt: ago(6000),
        messageId: "w7-4"
      },
      none: null,
      some: { edges: [{ node: { key: "age", value: 33 } }] },
      other: { edges: [] }
    })
  })

  it("events: types, order, what they were stamped with", async () => {
    const { events, identifies, raw } = await profile(
      external("user_id", "kim"),
      `events(sort: ASC) { edges { node { messageId type event timestamp stampedSegmentId properties context externalIds { type id } } } }
       identifies: events(types: [IDENTIFY]) { edges { node { messageId event } } } raw: events(first: 1) { edges { node { raw } } }`
    )
    const nodes = events.edges.map((edge: { node: object }) => edge.node)
    expect(nodes.map(({ messageId }: { messageId: string }) => messageId)).toEqual(["w7-1", "w7-3", "p0-2"])
    expect(nodes[1]).toMatchObject({
      type: "PAGE",
      event: "Page Viewed",
      timestamp: ago(7000),
      properties: { name: "Pricing" },
      externalIds: [{ type: "anonymous_id", id: "b50e18a5" }]
    })
    expect(new Set(nodes.map(({ stampedSegmentId }: { stampedSegmentId: string }) => stampedSegmentId)).size).toBe(3)
    expect(identifies.edges.map(({ node }: { node: object }) => node)).toEqual([
      { messageId: "w7-4", event: null },
      { messageId: "w7-2", event: null },
      { messageId: "p0", event: null }
    ])
    expect(raw.edges[0].node.raw).toMatchObject({
      messageId: "p0-2",
      version: 2,
      channel: "server",
      originalTimestamp: expect.any(String),
      receivedAt: expect.any(String)
    })
  })

  it("AC3-23, PRO-68: REST and GraphQL answer the same", async () => {
    const path = "users/profiles/user_id:kim"
    const [traits, ids, metadata, events] = await Promise.all(
      ["traits?verbose=true&limit=200", "external_ids?verbose=true&limit=100", "metadata?verbose=true", "events"].map(
        async (resource) => (await api.get(`${path}/${resource}`)).body
      )
    )
    const found = await profile(
      external("user_id", "kim"),
      `traits(first: 200) { edges { node { key value sourceId updatedAt } } }
       externalIds(first: 100) { edges { node { id type collection encoding createdAt addedAt sourceId sourceName firstMessageId originSegmentId } } }
       metadata { createdAt updatedAt expiresAt firstMessageId firstSourceId lastMessageId lastSourceId mergeCount mappingCount mergedSegmentIds } segmentId
       events(first: 10) { edges { node { messageId event timestamp sourceId context properties externalIds { id type encoding } } } }`
    )
    type Edges = { edges: ReadonlyArray<{ node: Record<string, unknown> }> }
    const nodes = ({ edges }: Edges) => edges.map(({ node }) => node)
    expect(
      Object.fromEntries(
        nodes(found.traits).map(({ key, value, sourceId, updatedAt }) => [
          key,
          { value, source_id: sourceId, updated_at: updatedAt }
        ])
      )
    ).toEqual(traits.traits)
    expect(
      nodes(found.externalIds).map((id) => ({
        source_id: id["sourceId"],
        collection: String(id["collection"]).toLowerCase(),
        id: id["id"],
        type: id["type"],
        created_at: id["createdAt"],
        encoding: id["encoding"],
        first_message_id: id["firstMessageId"],
        origin_segment_id: id["originSegmentId"],
        added_at: id["addedAt"],
        source_name: id["sourceName"]
      }))
    ).toEqual(ids.data)
    const m = found.metadata
    expect({
      created_at: m.createdAt,
      updated_at: m.updatedAt,
      expires_at: m.expiresAt,
      first_message_id: m.firstMessageId,
      first_source_id: m.firstSourceId,
      last_message_id: m.lastMessageId,
      last_source_id: m.lastSourceId,
      segment_id: found.segmentId,
      merged_segment_ids: m.mergedSegmentIds,
      merge_count: m.mergeCount,
      mapping_count: m.mappingCount
    }).toEqual(metadata.metadata)
    expect(
      nodes(found.events).map(({ messageId, event, timestamp, context, properties }) => [
        messageId,
        event,
        timestamp,
        context,
        properties ?? {}
      ])
    ).toEqual(
      events.data.map((event: Record<string, unknown>) => [
        event["message_id"],
        event["event"],
        event["timestamp"],
        event["context"],
        event["properties"]
      ])
    )
  })
})

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

  /** An identifier of a type of its own, so that no limit stands in the way. */
  const identified = (id: string) => ({
    externalIds: [{ id, type: id.replace("-", "_"), collection: "users", encoding: "none" }]
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
    const add = (id: string, at: number) =>
      api.send({ type: "track", event: "More", userId: "walker", context: identified(id), timestamp: ago(at) })
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

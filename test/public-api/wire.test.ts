/** How the Public API is spoken: envelope, versions, paging, limits, idempotency, tokens and roles. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { Database } from "../../src/platform/database.ts"
import { Sessions } from "../../src/workspace/sessions.ts"
import { base, call, origin, runtime, spaceId, tokenWith } from "../support/public-api.ts"

const sql = <A>(text: string) =>
  runtime.runPromise(Effect.flatMap(Database, ({ write }) => write.unsafe<Record<string, A>>(text)))

const seen = async (secret: string) =>
  (await call("GET", "/sources", { secret })).body.data.sources.map(({ slug }: { slug: string }) => slug).join("")
const label = (text: string) => ({ key: text.split(":")[0]!, value: text.split(":")[1]! })

/** As a page in the browser asks. */
const askAsPage = async (headers: Readonly<Record<string, string>>) => {
  const response = await fetch(`${origin}/console/public-api/sources`, { headers })
  return response.status
}

describe("the envelope (ADM-14, ADM-15)", () => {
  it("AC8-2: the workspace is at both spellings of the base", async () => {
    const workspace = { id: expect.any(String), slug: "main", name: "Main" }
    expect((await call("GET", "/")).body).toEqual({ data: { workspace } })
    expect((await call("GET", "")).body).toEqual({ data: { workspace } })
  })

  const rows: ReadonlyArray<
    readonly [what: string, method: string, path: string, body: unknown, status: number, type: string]
  > = [
    ["an unknown route", "GET", "/nothing/here", undefined, 404, "not-found"],
    ["a path that is no UTF-8", "GET", "/sources/%ff", undefined, 400, "bad-request"],
    ["a text that cannot be stored", "GET", "/alerts/%00", undefined, 422, "input-validation"],
    ["one in a body", "POST", "/tokens", { description: "a\0b" }, 422, "input-validation"],
    ["malformed JSON", "POST", "/labels", "{", 400, "bad-request"],
    ["a method that a route has not", "PUT", "/labels", {}, 405, "method-not-allowed"],
    ["OPTIONS", "OPTIONS", "/labels", undefined, 405, "method-not-allowed"],
    ["an error inside", "GET", "/echo?triggerUnexpectedError=true", undefined, 500, "server-error"],
    ["an operation that is not built", "GET", "/tracking-plans", undefined, 501, "not-implemented"],
    ["too much", "POST", "/labels", "x".repeat(10 * 1024 * 1024 + 1), 413, "payload-too-large"],
    ["a resource that is not there", "GET", "/sources/src_none", undefined, 404, "not-found"]
  ]
  it.each(rows)("AC8-3: %s", async (_, method, path, body, status, type) => {
    const answer = await call(method, path, body === undefined ? {} : { body })
    expect(answer.status).toBe(status)
    expect(answer.body).toEqual({ errors: [{ type, message: expect.any(String), status }] })
    expect(answer.headers.get("content-type")).toBe("application/json; charset=utf-8")
    expect(answer.headers.get("access-control-allow-origin")).toBeNull()
  })

  it("ADM-15: tells every wrong member with its place; what is not known is named in a header (ADM-18)", async () => {
    const wrong = await call("POST", "/tokens", { body: { permissions: [{ resources: [{ id: 1, type: "HOUSE" }] }] } })
    expect(wrong.status).toBe(422)
    expect(wrong.body.errors.map(({ field, message }: { field: string; message: string }) => [field, message])).toEqual(
      [
        ["description", `"description" is required`],
        ["permissions[0].roleId", `"permissions[0].roleId" is required`],
        ["permissions[0].resources[0].id", expect.stringContaining(`must be`)],
        ["permissions[0].resources[0].type", expect.stringContaining(`"WORKSPACE"`)]
      ]
    )
    const made = await call("POST", "/labels", {
      body: { label: { key: "odd", value: "one", colour: "red" }, extra: 1 }
    })
    expect(made.status).toBe(201)
    expect(made.headers.get("x-ignored-fields")).toBe("label.colour, extra")
  })

  it("ADM-21: echo needs no token, and gives back the errors that it is asked for", async () => {
    const answer = await call("GET", "/echo?message=hi", { secret: "nobody" })
    expect(answer.body.data).toMatchObject({ method: "get", message: "hi", headers: { authorization: "***" } })
    const errors = await call("GET", "/echo?triggerMultipleErrors=true&statusCode=409")
    expect([errors.status, errors.body.errors.length]).toEqual([409, 2])
  })
})

/** Written so that the check of cited cases takes it for no comment. */
const anything = "*\u002f*"

describe("versions, pages, limits", () => {
  const alpha = { accept: "application/vnd.segment.v1alpha+json" }
  it.each([
    ["/spaces", "application/vnd.segment.v1+json", 406],
    ["/spaces", "application/vnd.segment.v1alpha+json", 200],
    ["/spaces", "application/vnd.segment.alpha+json", 200],
    ["/spaces", "application/json", 200],
    ["/spaces", `text/html, ${anything};q=0.1`, 200],
    ["/spaces", "text/html", 406],
    ["/delivery-overview/failed-delivery?sourceId=src_a", "application/vnd.segment.v1alpha+json", 406]
  ])("AC8-8: %s as %s", async (path, accept, status) => {
    const answer = await call("GET", path, { headers: { accept } })
    expect(answer.status).toBe(status)
    expect(answer.body.errors?.[0].type).toBe(status === 406 ? "not-acceptable" : undefined)
  })

  it("AC8-4: pages follow each other without gap, in both spellings of the cursor, and when entries are added", async () => {
    const first = (await call("GET", "/sources?pagination[count]=2")).body.data
    expect(first.sources.map(({ id }: { id: string }) => id)).toEqual(["src_a", "src_b"])
    expect(first.pagination).toMatchObject({ previous: null, totalEntries: 3 })
    const next = encodeURIComponent(first.pagination.next)
    for (const form of [
      `pagination[count]=2&pagination[cursor]=${next}`,
      `pagination.count=2&pagination.cursor=${next}`
    ]) {
      const { sources, pagination } = (await call("GET", `/sources?${form}`)).body.data
      expect(sources.map(({ id }: { id: string }) => id)).toEqual(["src_c"])
      expect(pagination).toMatchObject({ next: null, previous: first.pagination.current })
    }
  })

  it.each([
    ["pagination[count]=0", "pagination.count"],
    ["pagination.count=1001", "pagination.count"],
    ["pagination[count]=x", "pagination.count"],
    ["pagination[cursor]=abc", "pagination.cursor"],
    [`pagination[cursor]=${Buffer.from("labels:1").toString("base64")}`, "pagination.cursor"]
  ])("AC8-5: %s", async (query, field) => {
    const answer = await call("GET", `/sources?${query}`)
    expect([answer.status, answer.body.errors[0].field]).toEqual([422, field])
  })

  it("ADM-17: endpoints with a limit of their own say no in the envelope, and count what they had", async () => {
    const secret = await tokenWith({ role: "Workspace Owner" })
    const answers = []
    // A minute can end in between: then there are two times twenty.
    for (let n = 0; n < 41; n++) answers.push(await call("DELETE", "/labels/no/such", { secret }))
    const over = answers.find(({ status }) => status === 429)!
    expect(over.body.errors).toEqual([
      {
        type: "RequestError",
        message: "Too many requests",
        data: { remainingPoints: 0, msBeforeNext: expect.any(Number), consumedPoints: 20 },
        status: 429
      }
    ])
    expect([over.headers.get("x-ratelimit-consumed"), over.headers.get("x-ratelimit-remaining")]).toEqual(["20", "0"])
    expect(new Date(over.headers.get("x-ratelimit-reset")!).getTime()).toBeGreaterThan(Date.now() - 60_000)
    expect(answers[0]!.headers.get("x-ratelimit-consumed")).toBe("1")
  })

  it("AC8-12: the same key and body give the same answer once made; another body is refused", async () => {
    const headers = { "idempotency-key": "k1" }
    const body = { label: { key: "team", value: "blue" } }
    const first = await call("POST", "/labels", { headers, body })
    const second = await call("POST", "/labels", { headers, body })
    expect([first.status, second.status]).toEqual([201, 201])
    expect(second.body).toEqual(first.body)
    const other = await call("POST", "/labels", { headers, body: { label: { key: "team", value: "red" } } })
    expect(other.status).toBe(409)
    const failed = await call("POST", "/labels", { headers: { "idempotency-key": "k2" }, body })
    expect(failed.status).toBe(409)
    const rows = await sql<Uint8Array>("select answer from public_api_answers where key = 'k1'")
    expect(Buffer.from(rows[0]!["answer"]!).includes("team")).toBe(false)
    // What failed may be tried again under its key.
    expect(await sql("select 1 from public_api_answers where key = 'k2'")).toEqual([])
  })

  it("ADM-20: the OpenAPI document tells of every route that is served", async () => {
    const document = (await call("GET", "/openapi.json", { secret: "nobody" })).body
    expect(document.openapi).toBe("3.1.0")
    expect(document.paths["/sources/{sourceId}"].patch.operationId).toBe("updateSource")
    expect(document.paths["/labels"].post.responses["201"]).toBeDefined()
    const pages = document.paths["/sources"].get.parameters.find(({ name }: { name: string }) => name === "pagination")
    expect(pages).toMatchObject({
      style: "deepObject",
      explode: true,
      schema: { properties: { count: { type: "number" }, cursor: { type: "string" } } }
    })
    expect(document.security).toEqual([{ token: [] }])
    expect(document.paths["/sources"].get.security).toBeUndefined()
    expect(document.paths["/echo"].get).toMatchObject({ security: [], "x-versions": ["v1", "v1alpha"] })
    const { $ref } = document.paths["/labels"].post.responses.default.content["application/json"].schema
    expect(document.components.schemas[$ref.split("/").at(-1)].required).toEqual(["errors"])
    expect(JSON.stringify(document)).not.toContain('"additionalProperties":false')
    expect((await call("GET", "/spaces", { headers: alpha })).status).toBe(200)
  })
})

describe("who may what", () => {
  it("AC8-24: a token is shown once, no plain value is stored, and it ends when it is revoked", async () => {
    const made = await call("POST", "/tokens", { body: { description: "deploy" } })
    const { secret, token } = made.body.data
    expect(secret).toMatch(/^cdp_pat_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$/)
    expect(token.prefix).toBe(secret.slice(0, 14))
    expect((await call("GET", "/sources", { secret })).status).toBe(200)
    const listed = (await call("GET", "/tokens")).body.data.tokens.find(({ id }: { id: string }) => id === token.id)
    expect(listed).toMatchObject({ description: "deploy", createdBy: "token:owner", lastUsedAt: expect.any(String) })
    expect(JSON.stringify(await sql("select row_to_json(t)::text as row from public_api_tokens t"))).not.toContain(
      secret
    )
    expect((await call("DELETE", `/tokens/${token.id}`)).body).toEqual({ data: { status: "SUCCESS" } })
    expect((await call("GET", "/sources", { secret })).status).toBe(401)
    expect((await call("DELETE", `/tokens/${token.id}`)).status).toBe(404)
  })

  it("ADM-70: a token that has expired is nobody's", async () => {
    const past = await call("POST", "/tokens", { body: { description: "x", expiresAt: "2020-01-01T00:00:00Z" } })
    expect([past.status, past.body.errors[0].field]).toEqual([422, "expiresAt"])
    const soon = new Date(Date.now() + 60_000).toISOString()
    const { secret } = (await call("POST", "/tokens", { body: { description: "x", expiresAt: soon } })).body.data
    expect((await call("GET", "/", { secret })).status).toBe(200)
    await sql("update public_api_tokens set expires_at = now() - interval '1 second' where description = 'x'")
    // Read again by every process with the next change.
    await call("POST", "/labels", { body: { label: { key: "any", value: "change" } } })
    await expect.poll(async () => (await call("GET", "/", { secret })).status).toBe(401)
  })

  it("AC8-13: who only reads sees no write keys and changes nothing", async () => {
    const secret = await tokenWith({ role: "Source Read-only" })
    const { source } = (await call("GET", "/sources/src_a", { secret })).body.data
    expect([source.writeKeys, source.writeKeyDetails]).toEqual([[], []])
    const refused = await call("PATCH", "/sources/src_a", { secret, body: { name: "A" } })
    expect(refused).toMatchObject({ status: 403, body: { errors: [{ type: "forbidden" }] } })
    expect(refused.body.errors[0].message).toContain("Source Admin")
    expect((await call("GET", "/sources/src_a")).body.data.source.writeKeys).toEqual(["wk_a"])
  })

  it.each([
    ["environment:prod", "ab"],
    ["environment:prod product:truck", "b"],
    ["product:car", "ac"]
  ])("AC8-14: labels %s of one permission must all be there", async (labels, slugs) => {
    const secret = await tokenWith({ role: "Source Read-only", labels: labels.split(" ").map(label) })
    expect(await seen(secret)).toBe(slugs)
    expect((await call("GET", "/sources/src_none", { secret })).status).toBe(404)
  })

  it("AC8-15: several permissions add up; what is not seen is not there", async () => {
    const secret = await tokenWith(
      { role: "Source Read-only", labels: [label("product:truck")] },
      { role: "Source Admin", type: "SOURCE", id: "src_c" }
    )
    expect(await seen(secret)).toBe("bc")
    expect((await call("GET", "/sources/src_a", { secret })).status).toBe(404)
    expect((await call("PATCH", "/sources/src_b", { secret, body: { name: "B" } })).status).toBe(403)
    expect((await call("PATCH", "/sources/src_c", { secret, body: { name: "C2" } })).status).toBe(200)
    expect(
      (await call("POST", "/sources", { secret, body: { slug: "x", enabled: true, metadataId: "http" } })).status
    ).toBe(403)
    expect((await call("GET", "/audit-events", { secret })).status).toBe(403)
    expect((await call("GET", "/regulations", { secret })).status).toBe(403)
  })

  it("ADM-43: permissions that make no sense are refused, each with its place", async () => {
    const roles = (await call("GET", "/roles")).body.data.roles
    const roleId = (name: string) => roles.find((each: { name: string }) => each.name === name).id
    const { id } = (await call("GET", "/")).body.data.workspace
    const wrong = await call("POST", "/tokens", {
      body: {
        description: "wrong",
        permissions: [
          { roleId: "none", resources: [{ id, type: "WORKSPACE" }] },
          { roleId: roleId("End User Privacy Admin"), resources: [{ id: "src_a", type: "SOURCE" }] },
          { roleId: roleId("Source Admin"), resources: [{ id: "other", type: "WORKSPACE" }] },
          { roleId: roleId("Source Admin"), resources: [{ id: "src_a", type: "SOURCE", labels: [label("a:b")] }] }
        ]
      }
    })
    expect(wrong.body.errors.map(({ field }: { field: string }) => field)).toEqual([
      "permissions[0].roleId",
      "permissions[1].resources[0].type",
      "permissions[2].resources[0].id",
      "permissions[3].resources[0].labels"
    ])
  })

  it("AC8-16: one value of a key on a source, and a label in use stays", async () => {
    const twice = await call("POST", "/sources/src_a/labels", { body: { labels: [label("product:truck")] } })
    const used = await call("DELETE", "/labels/product/car")
    await call("POST", "/labels", { body: { label: label("team:green") } })
    await tokenWith({ role: "Source Admin", labels: [label("team:green")] })
    const inToken = await call("DELETE", "/labels/team/green")
    expect([twice.status, used.status, inToken.status]).toEqual([409, 409, 409])
  })

  it("ADM-11: the console's own page speaks it by its session, and nobody else's page does", async () => {
    const cookie = `braid_session=${await runtime.runPromise(Effect.flatMap(Sessions, (sessions) => sessions.open("pt_owner")))}`
    const own = { cookie, "braid-console": "1", "sec-fetch-site": "same-origin" }
    expect(await askAsPage(own)).toBe(200)
    expect(await askAsPage({ ...own, "sec-fetch-site": "cross-site" })).toBe(401)
    expect(await askAsPage({ cookie })).toBe(401)
    expect(await askAsPage({ ...own, cookie: "", authorization: "Bearer pt_owner" })).toBe(401)
    const response = await fetch(`${base}/sources`, { headers: own })
    expect(response.status).toBe(401)
  })

  it("ADM-41: an administrator of a space sees that space, its filters, and no source", async () => {
    const secret = "pt_space"
    expect((await call("GET", "/spaces", { secret })).body.data.spaces).toEqual([
      { id: spaceId, slug: "first", name: "First" }
    ])
    const body = { integrationId: spaceId, name: "No tests", if: `properties.test = true` }
    const { filter } = (await call("POST", "/filters", { secret, body })).body.data
    expect(filter).toMatchObject({ ...body, drop: true, enabled: true })
    expect(
      (await call("PATCH", `/filters/${filter.id}`, { secret, body: { enabled: false } })).body.data.filter.enabled
    ).toBe(false)
    expect((await call("PATCH", `/filters/${filter.id}`, { secret, body: { name: "x" } })).status).toBe(409)
    expect((await call("GET", `/filters?integrationId=${spaceId}`, { secret })).body.data.filters).toHaveLength(1)
    expect((await call("DELETE", `/filters/${filter.id}`, { secret })).status).toBe(200)
    expect((await call("GET", "/sources", { secret })).body.data.sources).toEqual([])
    expect((await call("POST", "/labels", { secret, body: { label: { key: "a", value: "b" } } })).status).toBe(403)
  })

  it("ADM-11, ADM-75: a token for profiles may nothing here; who sees no source sees no OAuth application", async () => {
    expect((await call("GET", "/labels", { secret: "pt_reader" })).status).toBe(403)
    expect((await call("GET", "/oauth-applications", { secret: "pt_space" })).status).toBe(403)
    const secret = await tokenWith({ role: "Source Read-only", type: "SOURCE", id: "src_b" })
    expect((await call("GET", "/oauth-applications", { secret })).status).toBe(200)
  })

  it("ADM-51, ADM-53: the audit trail tells newest first who changed what, page by page", async () => {
    await call("PATCH", "/", { body: { name: "Acme" } })
    const changed = await call("PATCH", "/", { body: { name: "Main" } })
    const first = (await call("GET", "/audit-events?resourceType=WORKSPACE&pagination[count]=1")).body.data
    expect(first.events[0]).toMatchObject({
      clientAddress: "127.0.0.1",
      requestId: changed.headers.get("x-request-id")
    })
    expect(first.events).toMatchObject([
      {
        type: "Workspace Modified",
        actor: "token:owner",
        resourceType: "WORKSPACE",
        resourceName: "Main",
        before: { name: "Acme" },
        after: { name: "Main" }
      }
    ])
    const next = encodeURIComponent(first.pagination.next)
    const second = (
      await call("GET", `/audit-events?resourceType=WORKSPACE&pagination[count]=1&pagination[cursor]=${next}`)
    ).body.data
    expect(second.events).toMatchObject([{ resourceName: "Acme" }])
    expect(second.pagination.next).toBeNull()
    const back = encodeURIComponent(second.pagination.previous)
    const again = (
      await call("GET", `/audit-events?resourceType=WORKSPACE&pagination[count]=1&pagination[cursor]=${back}`)
    ).body
    expect(again.data.events).toEqual(first.events)
  })
})

/** The REST Profile API (spec 03 section 1): who may read, which address means whom, what errors look like. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { postgresGraph } from "../../src/identity/graph-postgres.ts"
import { rig } from "../support/space.ts"
import { basic, startApi, type TestApi, token } from "./support/api.ts"

let api: TestApi

beforeAll(async () => {
  api = await startApi(rig(postgresGraph))
  await api.send(
    { type: "identify", messageId: "traits-1", userId: "u1", traits: { city: "Berlin" } },
    { type: "identify", messageId: "jane-1", userId: "jane", traits: { email: "Jane@X.com", first_name: "Jane" } },
    { type: "identify", messageId: "case-1", userId: "MixedCase" },
    {
      type: "identify",
      messageId: "phone-1",
      anonymousId: "a-phone",
      context: { externalIds: [{ id: "+5555550123", type: "phone_number", collection: "users", encoding: "none" }] }
    }
  )
})

afterAll(() => api.close())
beforeEach(() => {
  api.limits.profileApiPerSecond = 0
})

describe("access", () => {
  const refused = ["none", basic("pt_wrong"), basic("pt_other"), "Basic !!!", "Bearer", "Digest pt_test", basic("")]
  it("AC3-1, PRO-3, PRO-5: no, a wrong, a malformed or another space's token is 401, told apart by nothing", async () => {
    const answers = await Promise.all(
      refused.map((authorization) => api.get("users/profiles/user_id:u1/traits", { headers: { authorization } }))
    )
    for (const { status, text, headers } of answers) {
      expect(status).toBe(401)
      expect(text).toBe(answers[0]!.text)
      expect(headers.get("content-type")).toBe("application/json")
    }
    expect(answers[0]!.body.error.code).toBe("authentication_error")
    const ids = answers.map(({ headers }) => headers.get("request-id"))
    expect(new Set(ids).size).toBe(refused.length)
    expect(ids).not.toContain(null)
  })

  it.each([
    ["Basic with a password", `Basic ${Buffer.from(`${token}:ignored`).toString("base64")}`],
    ["Bearer", `Bearer ${token}`],
    ["admin scope", basic("pt_admin")]
  ])("PRO-3: %s is accepted", async (_, authorization) => {
    expect((await api.get("users/profiles/user_id:u1/traits", { headers: { authorization } })).status).toBe(200)
  })

  it("PRO-4: a token without profiles:read is 403 and told which scope it lacks", async () => {
    const answer = await api.get("users/profiles/user_id:u1/traits", {
      headers: { authorization: basic("pt_delete_only") }
    })
    expect(answer.status).toBe(403)
    expect(answer.body.error.message).toContain("profiles:read")
  })

  it("PRO-2: the older prefix is an alias", async () => {
    const answer = await api.fetch(
      `/v1/namespaces/${api.space.id}/collections/users/profiles/user_id:u1/traits?include=city`
    )
    expect(answer.body.traits).toEqual({ city: "Berlin" })
  })

  it("AC3-16, PRO-1: no answer carries a CORS header; OPTIONS and other methods are 405", async () => {
    const origin = { origin: "https://shop.example" }
    const path = "users/profiles/user_id:u1/traits"
    const answers = [
      await api.get(path, { headers: origin }),
      await api.get(path, { headers: { ...origin, authorization: "none" } }),
      await api.get(path, { method: "OPTIONS", headers: { ...origin, "access-control-request-method": "GET" } }),
      await api.get(path, { method: "POST", body: "{}" }),
      await api.fetch("/graphql", { method: "OPTIONS", headers: origin })
    ]
    expect(answers.map(({ status }) => status)).toEqual([200, 401, 405, 405, 405])
    for (const { headers } of answers)
      expect([...headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([])
  })

  it("AC3-15, PRO-6: 150 requests within a second: 100 are answered, 50 are 429 with Retry-After", async () => {
    api.limits.profileApiPerSecond = 100
    // A clock that stands still makes the second last as long as the requests need.
    const real = performance.now
    const at = real.call(performance)
    performance.now = () => at
    try {
      const answers = []
      for (let i = 0; i < 150; i++) answers.push(api.get("users/profiles/user_id:u1/metadata"))
      const all = await Promise.all(answers)
      expect(all.filter(({ status }) => status === 200).length).toBe(100)
      const refused = all.filter(({ status }) => status === 429)
      expect(refused.length).toBe(50)
      expect(new Set(refused.map(({ headers }) => headers.get("retry-after")))).toEqual(new Set(["1"]))
      expect(new Set(refused.map(({ body }) => body.error.code))).toEqual(new Set(["rate_limit_error"]))
      expect((await api.graphql("{ spaces { id } }")).body.errors[0].extensions.code).toBe("RATE_LIMITED")
    } finally {
      performance.now = real
    }
  })
})

describe("addressing", () => {
  const ok = 200
  it.each([
    ["AC3-7: e-mails are stored in lower case, the look-up is exact", "users/profiles/email:Jane@X.com/traits", 404],
    ["AC3-7: the stored spelling", "users/profiles/email:jane@x.com/traits", ok],
    ["PRO-12: types are lower case", "users/profiles/EMAIL:jane@x.com/traits", 404],
    ["PRO-12: a user_id keeps its case", "users/profiles/user_id:MixedCase/traits", ok],
    ["PRO-12: another case is another user", "users/profiles/user_id:mixedcase/traits", 404],
    ["AC3-8: percent-encoded plus", "users/profiles/phone_number:%2B5555550123/traits", ok],
    ["PRO-10: a literal plus", "users/profiles/phone_number:+5555550123/traits", ok],
    ["AC3-8: broken percent-encoding", "users/profiles/phone_number:%ZZ/traits", 400],
    ["PRO-13: bytes that are not UTF-8", "users/profiles/user_id:%FF/traits", 400],
    ["PRO-10: the whole of it encoded", "users/profiles/user_id%3Au1/traits", ok],
    ["PRO-13: empty value", "users/profiles/user_id:/traits", 400],
    ["PRO-13: empty type", "users/profiles/:u1/traits", 400],
    ["PRO-13: no colon", "users/profiles/u1/traits", 400],
    ["PRO-10: a segment id needs its full form", "users/profiles/use_123/traits", 400],
    ["PRO-11: unknown segment id", "users/profiles/use_000000000000000000000000000/traits", 404],
    ["PRO-11: wrong collection", "accounts/profiles/user_id:u1/traits", 404],
    ["a value with a zero byte is nobody's", "users/profiles/user_id:%00/traits", 404],
    ["unknown resource", "users/profiles/user_id:u1/nothing", 404],
    ["too long a path", "users/profiles/user_id:u1/traits/more", 404],
    ["unknown collection", "persons/profiles/user_id:u1/traits", 400]
  ])("%s", async (_, path, status) => {
    expect((await api.get(path)).status).toBe(status)
  })

  it("AC3-9: an unknown identifier is 404 with the documented body", async () => {
    const { status, body } = await api.get("users/profiles/user_id:nobody/traits")
    expect(status).toBe(404)
    expect(body).toEqual({ error: { code: "not_found", message: "Profile was not found." } })
  })

  it("1.3: an unknown route names no profile", async () => {
    const { status, body } = await api.get("users/profiles/user_id:u1/nothing")
    expect(status).toBe(404)
    expect(body).toEqual({ error: { code: "not_found", message: "The resource was not found." } })
  })

  it("AC3-10: the wrong characters of a collection are named", async () => {
    const { status, body } = await api.get("us!ers/profiles/user_id:u1/traits")
    expect(status).toBe(400)
    expect(body).toEqual({
      error: {
        code: "validation_error",
        message: "The parameter `collection` has invalid character(s) `!`"
      }
    })
  })
})

it.each([
  ["requests (Python)", "user_id:u1/traits?include=city%2Cplan&verbose=true&limit=100", ["city"]],
  ["net/url (Go)", "user_id:u1/traits?include=city%2Czip+code&limit=200", ["city"]],
  ["axios", "user_id:u1/traits?include=city,plan", ["city"]],
  ["a form with an empty field", "user_id:u1/traits?class=&include=&next=", ["city"]],
  ["encodeURIComponent over the identifier", "user_id%3Au1/traits", ["city"]],
  ["a template string", "user_id:u1/events?limit=200", []],
  [
    "URLSearchParams",
    "user_id:u1/events?include=Page+Viewed%2COrder+Completed&start=2024-01-01T00%3A00%3A00Z&sort=desc",
    []
  ],
  ["nothing but the identifier", "user_id:u1/external_ids?", ["u1"]]
])("Segment's host replaced, nothing else: as %s writes it", async (_, path, expected) => {
  const headers = { authorization: basic(token), "content-type": "application/json", accept: "application/json" }
  const { status, body } = await api.get(`users/profiles/${path}`, { headers })
  expect(status).toBe(200)
  const found = body.data?.map(({ id }: { id: string }) => id) ?? Object.keys(body.traits)
  expect(found).toEqual(expected)
  expect(body.cursor).toMatchObject({ has_more: false, next: "", url: expect.stringMatching(/^\/v1\/spaces\//) })
})

describe("failures", () => {
  it("1.3: a store that does not answer is 503 server_error, without internals", async () => {
    api.calls.graphDown = true
    try {
      const { status, body, headers, text } = await api.get("users/profiles/user_id:u1/traits")
      expect(status).toBe(503)
      expect(body.error.code).toBe("server_error")
      expect(headers.get("retry-after")).toBe("1")
      expect(headers.get("request-id")).toMatch(/^req_/)
      expect(text).not.toContain("secret detail")
      const answer = await api.graphql(`{ node(id: "use_000000000000000000000000000") { id } }`)
      expect(answer.status).toBe(200)
      expect(answer.body.data).toEqual({ node: null })
      expect(answer.body.errors[0].extensions).toEqual({
        code: "INTERNAL",
        requestId: answer.headers.get("request-id")
      })
      expect(answer.text).not.toContain("secret detail")
    } finally {
      api.calls.graphDown = false
    }
  })
})

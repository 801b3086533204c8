/** Spaces made while whole services run: nothing is restarted, and every process on the database follows. */
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { withDatabase } from "./support/own-database.ts"
import { configuration, Service, spaceId } from "./support/service.ts"

const services: Array<Service> = []
const make = (url: string) => {
  const tokens = [...configuration.tokens, { name: "owner", secret: "pt_owner", scopes: ["workspace:admin"] }]
  const service = new Service({ config: { tokens }, env: { BRAID_DATABASE_URL: url } })
  services.push(service)
  return service
}
beforeEach(() => void (services.length = 0))
afterEach(async () => {
  for (const service of services) await service.dispose()
})

const ask = async <A>(service: Service, secret: string, query: string, variables: object = {}) => {
  const response = await fetch(`${service.url}/graphql`, {
    method: "POST",
    headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
    body: JSON.stringify({ query, variables })
  })
  const body = (await response.json()) as { readonly data: A; readonly errors?: ReadonlyArray<object> }
  return { status: response.status, ...body }
}
const answered = async <A>(answer: ReturnType<typeof ask<A>>): Promise<A> => {
  const { data, errors } = await answer
  expect(errors).toBeUndefined()
  return data
}

const create = (service: Service, name: string) =>
  answered(
    ask<{ createSpace: { id: string; slug: string } }>(
      service,
      "pt_owner",
      `mutation ($name: String!) { createSpace(name: $name, kind: PROD, rules: { custom: {} }) { id slug } }`,
      { name }
    )
  )

const setUp = (service: Service, id: string, sources: ReadonlyArray<string>) =>
  answered(
    ask<{ createAccessToken: { secret: string; token: { id: string } } }>(
      service,
      "pt_owner",
      `mutation ($id: ID!, $sources: [ID!]!) {
        connectSources(spaceId: $id, sourceIds: $sources) { state }
        createAccessToken(spaceId: $id, name: "desk") { secret token { id } }
      }`,
      { id, sources }
    )
  )

const plan = async (service: Service, secret: string, id: string, user: string) => {
  const response = await fetch(`${service.url}/v1/spaces/${id}/collections/users/profiles/user_id:${user}/traits`, {
    headers: { authorization: `Bearer ${secret}` }
  })
  return response.status === 200
    ? ((await response.json()) as { traits: { plan: string } }).traits.plan
    : response.status
}

describe("one service", () => {
  it("a space made by GraphQL resolves the next event of its source, and is still there after a restart", () =>
    withDatabase(async (url) => {
      const service = await make(url).start()
      const { createSpace } = await create(service, "My Shop")
      expect(createSpace.slug).toBe("my-shop")
      const { secret } = (await setUp(service, createSpace.id, ["src_srv"])).createAccessToken
      const identify = (userId: string, value: string) =>
        service.post("/v1/identify", { userId, traits: { plan: value } }, "wk_srv")
      expect((await identify("kim", "pro")).status).toBe(200)
      await service.settled()
      expect(await plan(service, secret, createSpace.id, "kim")).toBe("pro")
      expect(await plan(service, secret, spaceId, "kim")).toBe(401)

      expect(await service.stop()).toBe(0)
      await service.start()
      expect((await service.health()).spaces.map(({ slug }) => slug)).toEqual(["demo", "my-shop"])
      await identify("lee", "free")
      await service.settled()
      expect(await plan(service, secret, createSpace.id, "lee")).toBe("free")
      // The same file read again changes nothing.
      service.signal("SIGHUP")
      await service.until("the file to be read", 10, async () =>
        service.stderr.includes("Configuration read again") ? true : undefined
      )
      expect(await plan(service, secret, createSpace.id, "kim")).toBe("pro")
    }))
})

describe("two services on one database", () => {
  it("what is changed in one is seen by the other: a space, its events, a token that is revoked", () =>
    withDatabase(async (url) => {
      const first = await make(url).start()
      const second = await make(url).start()
      // Made by the one that stands by; the owner prepares it.
      const { id } = (await create(second, "Shared")).createSpace
      const { secret, token } = (await setUp(second, id, ["src_web"])).createAccessToken
      await first.until("the first to follow", 5, async () => {
        const { spaces } = await answered(
          ask<{ spaces: ReadonlyArray<{ id: string; connections: ReadonlyArray<object> }> }>(
            first,
            secret,
            "{ spaces { id connections { state } } }"
          )
        )
        return spaces.some((space) => space.id === id && space.connections.length === 1) ? true : undefined
      })
      expect((await second.post("/v1/identify", { userId: "kim", traits: { plan: "pro" } })).status).toBe(200)
      for (const service of [first, second])
        await service.until("the profile", 10, async () =>
          (await plan(service, secret, id, "kim")) === "pro" ? true : undefined
        )
      await answered(ask(first, "pt_owner", `mutation ($id: ID!) { revokeAccessToken(id: $id) }`, { id: token.id }))
      expect(await plan(first, secret, id, "kim")).toBe(401)
      await second.until("PRO-4: the token to be refused by the other", 5, async () =>
        (await plan(second, secret, id, "kim")) === 401 ? true : undefined
      )
    }))
})

/** Segment's client, unchanged, asks for everything that Braid has (ADM-20); its own models say what must be in the answers. */
import * as client from "@segment/public-api-sdk-typescript"
import { generateKeyPairSync, randomUUID, sign } from "node:crypto"
import { describe, expect, it } from "vitest"
import { notBuilt } from "../../src/public-api/not-built.ts"
import { base, call, origin, spaceId, tokenWith } from "../support/public-api.ts"
import { answerProblems, operations } from "./client-models.ts"

const asked = new Set<string>()

/** Calls an operation, checks the answer against the client's model, and gives its `data`. */
// oxlint-disable-next-line typescript/no-explicit-any -- the client's own models check it
const ask = async (name: string, ...args: ReadonlyArray<unknown>): Promise<any> => {
  const operation = operations.find((each) => each.name === name)!
  const Api = Reflect.get(client, operation.api) as new (base: string) => object
  const api = Object.assign(new Api(base), { accessToken: "pt_owner" })
  const result = await (
    Reflect.get(api, name) as (...args: ReadonlyArray<unknown>) => Promise<{ response: { body: unknown } }>
  )
    .call(api, ...args)
    .catch((error: { readonly body?: unknown }) => {
      throw new Error(`${name}: ${JSON.stringify(error.body ?? String(error))}`)
    })
  const { body } = result.response
  expect(answerProblems(operation.answer, body)).toEqual([])
  asked.add(name)
  return (body as { readonly data: unknown }).data
}

const page = { count: 10 }
const webhook = "614a3c7d791c91c41bae7599"
const now = Date.now()
const period = [new Date(now - 3_600_000).toISOString(), new Date(now + 60_000).toISOString()] as const

it("ADM-20: an answer without what the client requires is noticed", () => {
  expect(answerProblems("SpaceFilterV1", {})).toEqual([])
  expect(answerProblems("LabelV1", { key: "a" })).toEqual(["LabelV1.value is missing"])
  expect(answerProblems("DeleteSourceV1Output", { status: "NOPE" })).toEqual(["DeleteSourceV1Output.status is NOPE"])
})

describe("AC8-1: every operation of a first release resolves, with every required property", () => {
  it("of the workspace", async () => {
    expect((await ask("getWorkspace")).workspace.slug).toBe("main")
    expect((await ask("echo", "hello")).message).toBe("hello")
    expect((await ask("listSpaces", page)).spaces).toMatchObject([{ id: spaceId }])
    await ask("getSpace", spaceId)
    expect((await ask("listRoles", page)).roles).toHaveLength(10)
    await ask("createLabel", { label: { key: "region", value: "eu", description: "Europe" } })
    expect((await ask("listLabels")).labels).toContainEqual({ key: "region", value: "eu", description: "Europe" })
    await ask("deleteLabel", "region", "eu")
    const { events } = await ask("listAuditEvents", page, undefined, undefined, undefined, "LABEL")
    expect(events.map(({ type }: { type: string }) => type)).toEqual(["Label Deleted", "Label Created"])
  })

  it("of regulations", async () => {
    const { RegulationTypeEnum, SubjectTypeEnum } = client.CreateWorkspaceRegulationV1Input
    const order = {
      regulationType: RegulationTypeEnum.SUPPRESS_ONLY,
      subjectType: SubjectTypeEnum.USER_ID,
      subjectIds: ["u1"]
    }
    const { regulateId } = await ask("createWorkspaceRegulation", order)
    await ask("createSourceRegulation", "src_a", order)
    await ask("getRegulation", regulateId)
    expect((await ask("listWorkspaceRegulations", page)).regulations).toHaveLength(2)
    expect((await ask("listRegulationsFromSource", "src_a", page)).regulations).toHaveLength(1)
    expect((await ask("listSuppressions", page)).suppressed).toHaveLength(1)
    await ask("deleteRegulation", regulateId)
    const objects = await call("POST", "/regulations/cloudsources/src_a", { body: { collection: "users" } })
    expect([objects.status, objects.body.errors[0].field]).toEqual([422, "collection"])
  })

  it("of sources", async () => {
    const { sourcesCatalog } = await ask("getSourcesCatalog", page)
    const server = sourcesCatalog.find(({ slug }: { slug: string }) => slug === "server")
    await ask("getSourceMetadata", server.id)
    const { source } = await ask("createSource", { slug: "shop", enabled: true, metadataId: server.id, settings: {} })
    expect(source).toMatchObject({ slug: "shop", enabled: true, writeKeys: [expect.any(String)], labels: [] })
    expect((await ask("getSource", source.id)).trackingPlanId).toBeNull()
    expect((await ask("updateSource", source.id, { name: "Shop" })).source.name).toBe("Shop")
    expect((await ask("listSources", page)).sources).toHaveLength(4)
    const dev = [{ key: "environment", value: "dev" }]
    expect((await ask("addLabelsToSource", source.id, { labels: dev })).labels).toEqual(dev)
    expect((await ask("replaceLabelsInSource", source.id, { labels: [] })).labels).toEqual([])
    const { source: rotated } = await ask("createWriteKeyForSource", source.id)
    expect(rotated.writeKeys).toHaveLength(2)
    await ask("removeWriteKeyFromSource", source.id, source.writeKeys[0])
    const { settings } = await ask("updateSchemaSettingsInSource", source.id, {
      track: { allowUnplannedEvents: false }
    })
    expect(settings.track).toMatchObject({ allowUnplannedEvents: false, allowEventOnViolations: true })
    expect(await ask("listSchemaSettingsInSource", source.id)).toEqual({ sourceId: source.id, settings })
    const empty = await call("PATCH", `/sources/${source.id}/settings`, { body: { forwardingBlockedEventsTo: "" } })
    expect(empty.status).toBe(422)
    expect((await ask("listConnectedDestinationsFromSource", source.id, page)).destinations).toEqual([])
    expect((await ask("listConnectedWarehousesFromSource", source.id, page)).warehouses).toEqual([])
    await ask("deleteSource", source.id)
  })

  it("of the catalog: all of it, page by page", async () => {
    const names: Array<string> = []
    let cursor: string | null | undefined
    let total = 0
    do {
      const asked = { count: 100, ...(typeof cursor === "string" ? { cursor } : {}) }
      const { destinationsCatalog, pagination } = await ask("getDestinationsCatalog", asked)
      names.push(...destinationsCatalog.map(({ name }: { name: string }) => name))
      cursor = pagination.next
      total = pagination.totalEntries
    } while (cursor !== null)
    expect(names).toHaveLength(total)
    expect(new Set(names).size).toBeGreaterThan(150)
    const { destinationMetadata } = await ask("getDestinationMetadata", webhook)
    expect(destinationMetadata).toMatchObject({ slug: "actions-webhook", actions: [{ slug: "send" }] })
    expect((await ask("getWarehousesCatalog", page)).warehousesCatalog).toEqual([])
    expect((await call("GET", "/catalog/warehouses/none")).status).toBe(404)
  })

  it("of destinations, filters, mappings and what they delivered", async () => {
    const { destination } = await ask("createDestination", {
      sourceId: "src_a",
      metadataId: webhook,
      name: "Hook",
      enabled: true,
      settings: { sharedSecret: "hush" }
    })
    const { id } = destination
    expect(destination).toMatchObject({ name: "Hook", settings: { sharedSecret: "••••••••" } })
    expect((await ask("listDestinations", page)).destinations).toHaveLength(1)
    expect((await ask("listConnectedDestinationsFromSource", "src_a", page)).destinations).toHaveLength(1)
    await ask("getDestination", id)
    expect((await ask("updateDestination", id, { name: "Hook 2" })).destination.name).toBe("Hook 2")

    const drop = { if: 'event = "Test"', actions: [{ type: client.DestinationFilterActionV1.TypeEnum.DROP }] }
    const { filter } = await ask("createFilterForDestination", id, {
      ...drop,
      sourceId: "src_a",
      title: "No tests",
      enabled: true
    })
    expect((await ask("updateFilterForDestination", id, filter.id, { enabled: false })).filter.enabled).toBe(false)
    await ask("getFilterInDestination", id, filter.id)
    expect((await ask("listFiltersFromDestination", id, page)).filters).toHaveLength(1)
    expect(
      (await ask("previewDestinationFilter", { filter: drop, payload: { type: "track", event: "Test" } })).result
    ).toBeNull()
    const { events } = await ask("listAuditEvents", page, undefined, undefined, filter.id)
    expect(events[0]).toMatchObject({
      type: "Destination Filter Disabled",
      before: { enabled: true },
      after: { enabled: false }
    })

    const { destinationSubscription: made } = await ask("createDestinationSubscription", id, {
      name: "All",
      actionId: destination.metadata.actions[0].id,
      trigger: 'type = "track"',
      enabled: true,
      settings: { url: "http://127.0.0.1:9/", method: "POST", data: { "@path": "$." } }
    })
    expect(
      (await ask("updateSubscriptionForDestination", id, made.id, { input: { enabled: false } })).subscription.enabled
    ).toBe(false)
    await ask("getSubscriptionFromDestination", id, made.id)
    expect((await ask("listSubscriptionsFromDestination", id, page)).subscriptions).toHaveLength(1)

    const metrics = await ask("listDeliveryMetricsSummaryFromDestination", id, "src_a", ...period, "DAY")
    expect(metrics.deliveryMetricsSummary).toMatchObject({ sourceId: "src_a", destinationMetadataId: webhook })
    const grouped = ["hour", page, ["eventName", "eventType"], { eventName: ["A, B"] }] as const
    for (const name of ["IngressSuccess", "IngressFailed", "FilteredAtSource"])
      expect((await ask(`get${name}MetricsFromDeliveryOverview`, "src_a", ...period, ...grouped)).total).toBe(0)
    for (const name of ["FilteredAtDestination", "EgressFailed", "EgressSuccess"])
      expect((await ask(`get${name}MetricsFromDeliveryOverview`, "src_a", id, ...period, ...grouped)).dataset).toEqual(
        []
      )

    await ask("removeFilterFromDestination", id, filter.id)
    await ask("removeSubscriptionFromDestination", id, made.id)
    await ask("deleteDestination", id)
  })

  it("and nothing is forgotten: what was not asked for is told to be missing", async () => {
    const missing = new Set(notBuilt.map(({ name }) => name))
    expect(operations).toHaveLength(159)
    // Answered, but by a refusal: there is nothing to delete, and there are no warehouses.
    const refused = ["createCloudSourceRegulation", "getWarehouseMetadata"]
    const forgotten = operations.filter(({ name }) => !asked.has(name) && !missing.has(name) && !refused.includes(name))
    expect(forgotten.map(({ name }) => name)).toEqual([])
    for (const { name, path, method } of operations.filter(({ name }) => missing.has(name))) {
      const answer = await call(method, path.replaceAll(/\{\w+\}/g, "x"))
      expect([name, answer.status]).toEqual([name, 501])
    }
  })
})

/** An access token of an application with these scopes, asked for as Segment's libraries do (ADM-76). */
const accessToken = async (name: string, ...scopes: ReadonlyArray<string>): Promise<string> => {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" }
  })
  const body = { name, tokenSeconds: 86_400, scopes, key: { name: "first", publicKey } }
  const { oauthApplication, keyId } = (await call("POST", "/oauth-applications", { body })).body.data
  const ask = async (): Promise<string | undefined> => {
    const now = Date.now() / 1000
    const { id } = oauthApplication
    const parts = [
      { alg: "RS256", typ: "JWT", kid: keyId },
      { iss: id, sub: id, aud: `${origin}/oauth2`, iat: now - 5, exp: now + 50, jti: randomUUID() }
    ].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    const signature = sign("RSA-SHA256", Buffer.from(parts.join(".")), privateKey).toString("base64url")
    const answer = await fetch(`${origin}/oauth2/token`, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "client_credentials",
        client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        client_assertion: [...parts, signature].join("."),
        scope: scopes.join(" ")
      })
    })
    return ((await answer.json()) as { readonly access_token?: string }).access_token
  }
  let token: string | undefined
  // The first key of an installation is made while it runs.
  await expect.poll(async () => (token = await ask()), { timeout: 10_000 }).toEqual(expect.any(String))
  return token!
}

describe("what the client relies on", () => {
  it("AC8-3: an error is an object that its users can read", async () => {
    const api = Object.assign(new client.SourcesApi(base), { accessToken: "pt_nobody" })
    const error = await api.listSources(page).catch((error: unknown) => error)
    expect(error).toMatchObject({ statusCode: 401, body: { errors: [{ type: "unauthorized", status: 401 }] } })
  })

  it("AC8-11: secrets come back as bullets and stay when they are sent back; merged one level deep", async () => {
    const body = { sourceId: "src_b", metadataId: webhook, name: "Kept", settings: { sharedSecret: "hush" } }
    const { id, settings } = (await call("POST", "/destinations", { body })).body.data.destination
    expect(settings).toMatchObject({ sharedSecret: "••••••••" })
    const back = await call("PATCH", `/destinations/${id}`, { body: { name: "Kept 2", settings } })
    expect(back.body.data.destination).toMatchObject({ name: "Kept 2", settings })
    const { events } = (await call("GET", `/audit-events?resourceId=${id}`)).body.data
    expect(JSON.stringify(events)).not.toContain("hush")
  })

  it("AC8-53, AC8-27: an OAuth application acts under its own name, where its scope says so, and stays while it is connected", async () => {
    const secret = await accessToken("Deployer", "public_api:read_write")
    expect((await call("PATCH", "/sources/src_b", { secret, body: { name: "B by app" } })).status).toBe(200)
    const { events } = (await call("GET", "/audit-events?resourceId=src_b", { secret })).body.data
    expect(events[0]).toMatchObject({ type: "Source Modified", actor: "oauth:Deployer", after: { name: "B by app" } })
    const other = await accessToken("Sender", "tracking_api:write")
    expect((await call("GET", "/sources", { secret: other })).status).toBe(403)

    const { oauthApplications } = (await call("GET", "/oauth-applications")).body.data
    const { id } = oauthApplications.find(({ name }: { name: string }) => name === "Sender")
    expect((await call("PUT", "/sources/src_b/oauth", { body: { applicationId: id } })).body.data.oauth).toEqual({
      applicationId: id,
      enabled: false
    })
    expect((await call("DELETE", `/oauth-applications/${id}?name=Sender`)).status).toBe(409)
    expect((await call("DELETE", "/sources/src_b/oauth")).status).toBe(200)
    expect((await call("DELETE", `/oauth-applications/${id}?name=wrong`)).status).toBe(422)
    expect((await call("DELETE", `/oauth-applications/${id}?name=Sender`)).status).toBe(200)
  })

  it("ADM-41: who reads a source reads its destinations and changes none of them", async () => {
    const secret = await tokenWith({ role: "Source Read-only", type: "SOURCE", id: "src_b" })
    const seen = (await call("GET", "/destinations", { secret })).body.data.destinations
    expect(seen.map(({ name }: { name: string }) => name)).toEqual(["Kept 2"])
    const [{ id }] = seen
    expect((await call("PATCH", `/destinations/${id}`, { secret, body: { name: "x" } })).status).toBe(403)
    expect((await call("POST", `/destinations/${id}/test-event`, { secret, body: { event: {} } })).status).toBe(403)
    const other = await tokenWith({ role: "Source Admin", type: "SOURCE", id: "src_a" })
    expect((await call("GET", `/destinations/${id}`, { secret: other })).status).toBe(404)
    const body = { sourceId: "src_b", metadataId: webhook, name: "x", settings: {} }
    expect((await call("POST", "/destinations", { secret: other, body })).status).toBe(404)
  })
})

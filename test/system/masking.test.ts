/**
 * AC3-26 on a running service: a person whose every value is unmistakable is sent, resolved, merged, taken apart and tried out under
 * other rules; then everything that can be asked is asked by a viewer without PII access, and no answer has one of the values. The same
 * questions asked with PII access must show them, field by field, or this test would pass on an empty service.
 */
import { buildSchema, getNamedType, type GraphQLObjectType, isObjectType } from "graphql"
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest"
import { readSdl } from "../../src/profiles/sdl.ts"
import { anyArguments, type Answer, askEverything, leavesOf } from "./support/ask-everything.ts"
import {
  by,
  card,
  changes,
  email,
  externalId,
  group,
  identifier,
  type Known,
  leaks,
  mark,
  otherEmail,
  questions,
  reason,
  rules,
  second,
  space,
  story,
  third,
  user
} from "./support/marked-person.ts"
import { launch, openPage } from "./support/browser.ts"
import { withDatabase } from "./support/own-database.ts"
import { configuration, Service, spaceId } from "./support/service.ts"

const all = ["workspace:admin"]
const tokens = [
  { name: "owner", secret: "pt_owner", scopes: all },
  { name: "owner without PII access", secret: "pt_owner_masked", scopes: [...all, "pii:masked"] },
  { name: "reader", space: "demo", secret: "pt_demo", scopes: ["profiles:read"] },
  { name: "desk", space: "demo", secret: "pt_masked", scopes: ["profiles:read", "insights:read", "pii:masked"] }
]
const schema = buildSchema(readSdl().join("\n"))

/** Of arguments that every field has. */
const named = { spaceId: `"${spaceId}"`, sourceId: `"src_web"` }

let service: Service
/** The database lives until the tests are over. */
let closed: Promise<void>
let close: () => void
const closing = new Promise<void>((resolve) => (close = resolve))

const ask = async (secret: string, query: string, variables: object = {}): Promise<Answer> => {
  const response = await fetch(`${service.url}/graphql`, {
    method: "POST",
    headers: { authorization: `Bearer ${secret}`, "content-type": "application/json", "braid-space": spaceId },
    body: JSON.stringify({ query, variables })
  })
  return (await response.json()) as Answer
}
// oxlint-disable-next-line typescript/no-explicit-any -- answers are compared, not computed with
const answered = async (query: string): Promise<any> => {
  const { data, errors } = await ask("pt_owner", query)
  if (errors !== undefined) throw new Error(`${query}: ${errors[0]!.message}`)
  return data
}
/** Events as they come, as texts. */
const subscribe = async (secret: string, subscription: string) => {
  const abort = new AbortController()
  const response = await fetch(`${service.url}/graphql`, {
    method: "POST",
    signal: abort.signal,
    headers: {
      authorization: `Bearer ${secret}`,
      "content-type": "application/json",
      "braid-space": spaceId,
      accept: "text/event-stream"
    },
    body: JSON.stringify({ query: `subscription { ${subscription} }` })
  })
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  let text = ""
  return {
    next: async (): Promise<string> => {
      for (;;) {
        const match = /event: next\ndata: (.*)\n\n/.exec(text)
        if (match !== null) return match[1]!
        const { done, value } = await reader.read()
        if (done) throw new Error(`the stream ended: ${text}`)
        text += value
      }
    },
    close: () => abort.abort()
  }
}

const get = async (secret: string, path: string) => {
  const response = await fetch(`${service.url}${path}`, { headers: { authorization: `Bearer ${secret}` } })
  return { status: response.status, text: await response.text() }
}

let known: Known

beforeAll(async () => {
  await new Promise<void>((resolve, reject) => {
    closed = withDatabase(async (url) => {
      service = new Service({ config: { ...configuration, tokens }, env: { BRAID_DATABASE_URL: url } })
      await service.start().then(() => resolve(), reject)
      await closing
    })
  })
  for (const message of story()) await service.post(`/v1/${message.type}`, message)
  await service.settled()
  const started = await answered(`mutation { startWhatIf(${space}, input: { rules: ${rules} }) { id } }`)
  const removed = await answered(
    `mutation { deleteExternalId(${space}, userId: "${user}", ${identifier("externalId", "loyalty_card", card)}, reason: "${reason}") { segmentId } }`
  )
  const merged = await answered(`{ profile(${space}, ${by("user_id", third)}) { merges { edges { node { id } } } } }`)
  const mergeId = merged.profile.merges.edges[0].node.id
  const undone = await answered(
    `mutation { undoMerge(${space}, mergeId: "${mergeId}", reason: "${reason}") { audit { id } } }`
  )
  const { segmentId } = removed.deleteExternalId
  const { merges } = (
    await answered(`{ profile(${space}, by: { segmentId: "${segmentId}" }) { merges { edges { node { id } } } } }`)
  ).profile
  known = {
    segmentId,
    runId: started.startWhatIf.id,
    mergeId: merges.edges[0].node.id,
    auditId: undone.undoMerge.audit.id
  }
  const headers = { authorization: "Bearer pt_owner", "content-type": "application/json" }
  const body = JSON.stringify({ regulationType: "SUPPRESS_ONLY", subjectType: "USER_ID", subjectIds: [`${mark}-gone`] })
  await fetch(`${service.url}/public-api/regulations`, { method: "POST", headers, body })
  await service.until("the what-if run", 30, async () =>
    (await answered(`{ whatIf(id: "${known.runId}") { state } }`)).whatIf.state === "DONE" ? true : undefined
  )
  await service.until("the debugger", 10, async () =>
    (await answered(`{ liveEvents(${space}) { id } }`)).liveEvents.length === story().length ? true : undefined
  )
}, 60_000)
afterAll(async () => {
  await service.dispose()
  close()
  await closed
})

const search = (filter: string) =>
  `{ searchProfiles(${space}, filter: { ${filter} }) { edges { node { segmentId } } } }`

/** A token made by one without PII access. */
const makeToken = (scopes: string) =>
  ask("pt_owner_masked", `mutation { createAccessToken(${space}, name: "more" ${scopes}) { token { scopes } } }`)

/** Fields that show values of the story to whoever may see them: where none were shown, masks would prove nothing. */
const telling = [
  "AuditEntry.after AuditEntry.before AuditEntry.reason Cluster.recordAfter Cluster.recordBefore ErasedIdentifier.id Event.context",
  "Event.properties Event.raw EventJourney.raw Explanation.record Explanation.summary ExternalId.id ExternalIdValue.id HistoryEntry.data",
  "HistoryEntry.text InsightRecord.nextStep InsightRecord.payload InsightRecord.text JourneyStop.text LiveEvent.identifier LiveEvent.raw",
  "SearchAnswer.text SearchHit.title SplitPreview.remaining SplitPreview.separated Step.data Step.text Thread.id ThreadColumn.text",
  "Trait.value Verdict.text"
].flatMap((line) => line.split(" "))

describe("AC3-26: a viewer without PII access", () => {
  it("AC8-19, PRO-65: sees masks in every answer of GraphQL, the debugger included, where others see values", async () => {
    const shown = new Set<string>()
    const leaky: Array<string> = []
    const { problems, reached } = await askEverything({
      schema,
      args: questions(known),
      named,
      ask: (query) => ask("pt_owner", query),
      told: async (query, type, objects) => {
        for (const object of objects)
          for (const [field, value] of Object.entries(object))
            if (leaks(JSON.stringify(value) ?? "")) shown.add(`${type.name}.${field}`)
        const masked = await ask("pt_owner_masked", query)
        if (masked.errors !== undefined && objects.length > 0)
          leaky.push(`refused: ${query}: ${masked.errors[0]!.message}`)
        if (leaks(JSON.stringify(masked))) leaky.push(`${query}: ${JSON.stringify(masked)}`)
      }
    })
    expect(leaky).toEqual([])
    expect(problems).toEqual([])
    expect(reached.size).toBeGreaterThan(100)
    const personal = Object.values(schema.getTypeMap()).flatMap((type) =>
      isObjectType(type)
        ? Object.values(type.getFields()).flatMap((field) =>
            field.astNode?.directives?.some(({ name }) => name.value === "personal")
              ? [`${type.name}.${field.name}`]
              : []
          )
        : []
    )
    expect(telling.filter((name) => !shown.has(name))).toEqual([])
    // Whatever shows a value to others is marked.
    expect([...shown].filter((name) => !personal.includes(name))).toEqual([])
  })

  it("sees masks in what is subscribed to", async () => {
    const insight = leavesOf(schema.getType("InsightRecord") as GraphQLObjectType)
    const event = leavesOf(schema.getType("LiveEvent") as GraphQLObjectType)
    const queries = [
      `profileChanged(${space}, ${by("user_id", user)}) { kind traits { key value } externalIds { type id } }`,
      `insightLogged(${space}) { ${insight} identifier { id } }`,
      `liveEvents(${space}) { ${event} }`
    ]
    const streams = await Promise.all(
      queries.flatMap((query) => ["pt_owner", "pt_owner_masked"].map((secret) => subscribe(secret, query)))
    )
    const late = { type: "identify", messageId: "m-20", userId: user, traits: { email, late: `${mark} late` } }
    await service.post("/v1/identify", { ...late, context: { externalIds: [externalId] } })
    await service.post("/v1/identify", { messageId: "m-21", userId: `${mark}-user-4`, traits: { email } })
    const first = await Promise.all(streams.map((stream) => stream.next()))
    for (const [i, text] of first.entries())
      expect([queries[i >> 1], leaks(text)]).toEqual([queries[i >> 1], i % 2 === 0])
    for (const stream of streams) stream.close()
  })

  it("sees masks in what mutations answer, errors included, and makes no token with PII access", async () => {
    const table = changes(known)
    for (const field of Object.values(schema.getMutationType()!.getFields())) {
      const type = getNamedType(field.type)
      const selection = isObjectType(type) ? `{ ${leavesOf(type)} }` : ""
      const args = table[field.name] ?? anyArguments(field, named, mark)
      const query = `mutation { ${field.name}(${args}) ${selection} }`
      const answer = JSON.stringify(await ask("pt_owner_masked", query))
      expect(leaks(answer), `${query}: ${answer}`).toBe(false)
    }
    expect((await makeToken(`, scopes: ["profiles:read"]`)).errors?.[0]!.extensions.code).toBe("FORBIDDEN")
    expect((await makeToken("")).data).toEqual({
      createAccessToken: { token: { scopes: ["profiles:read", "pii:masked"] } }
    })
  })

  it("is refused what would find values bit by bit, and finds people by what it was told whole", async () => {
    const codeOf = async (query: string) => (await ask("pt_masked", query)).errors?.[0]!.extensions.code
    expect(await codeOf(search(`text: "${mark}"`))).toBe("FORBIDDEN")
    expect(await codeOf(search(`traitKey: "plan", traitEquals: "${mark}-plan"`))).toBe("FORBIDDEN")
    expect(await codeOf(`{ liveEvents(${space}, filter: { text: "${mark}" }) { id } }`)).toBe("FORBIDDEN")
    expect(await codeOf(`{ sourceSchema(${space}, sourceId: "src_web") { export(type: TRACK) { content } } }`)).toBe(
      "FORBIDDEN"
    )
    expect((await ask("pt_masked", search(`externalId: { type: "email", id: "${otherEmail}" }`))).data).toMatchObject({
      searchProfiles: { edges: [{ node: { segmentId: expect.stringMatching(/^use_/) } }] }
    })
    expect((await ask("pt_masked", `{ search(${space}, text: "${mark}") { hits { title } } }`)).data).toEqual({
      search: { hits: [] }
    })
  })

  it("is not told an id that a value could be guessed by", async () => {
    const query = `{ profile(${space}, ${by("user_id", second)}) { masked externalIds { edges { node { mappingId type } } } } }`
    const read = async (secret: string) =>
      (
        (await ask(secret, query)).data as {
          profile: { masked: boolean; externalIds: { edges: ReadonlyArray<object> } }
        }
      ).profile
    const [full, masked] = [await read("pt_demo"), await read("pt_masked")]
    expect([full.masked, masked.masked]).toEqual([false, true])
    expect(masked.externalIds.edges).toHaveLength(full.externalIds.edges.length)
    for (const edge of full.externalIds.edges) expect(masked.externalIds.edges).not.toContainEqual(edge)
  })

  it("sees masks in every REST resource, and may download nothing", async () => {
    const base = `/v1/spaces/${spaceId}/collections`
    const people = `${base}/users/profiles`
    const paths = [
      ...["traits", "traits?verbose=true", "external_ids", "external_ids?verbose=true", "events", "links"].map(
        (resource) => `${people}/user_id:${user}/${resource}`
      ),
      `${base}/accounts/profiles/group_id:${group}/traits`,
      `${base}/accounts/profiles/group_id:${group}/links`,
      people,
      `${base}/accounts/profiles`
    ]
    for (const path of [...paths, `${people}/user_id:${user}/metadata?verbose=true`, `${people}/${mark}:/traits`]) {
      const { status, text } = await get("pt_masked", path)
      expect(leaks(text), `${path}: ${text}`).toBe(false)
      if (!paths.includes(path)) continue
      const full = await get("pt_demo", path)
      expect([path, status, full.status, leaks(full.text)]).toEqual([path, 200, 200, true])
    }
    const page = JSON.parse((await get("pt_masked", `${people}/user_id:${user}/external_ids?limit=1`)).text)
    const next = JSON.parse((await get("pt_masked", page.cursor.url)).text)
    expect(next.data[0].created_at >= page.data[0].created_at).toBe(true)
    const file = `/v1/spaces/${spaceId}/sources/src_web/schema.csv`
    expect([(await get("pt_demo", file)).status, (await get("pt_masked", file)).status]).toEqual([200, 403])
  })

  it("sees masks of whom a regulation is about", async () => {
    for (const path of ["/public-api/regulations", "/public-api/suppressions"]) {
      const [full, masked] = [await get("pt_owner", path), await get("pt_owner_masked", path)]
      expect([path, full.status, leaks(full.text), masked.status, leaks(masked.text)]).toEqual([
        path,
        200,
        true,
        200,
        false
      ])
    }
  })

  const executablePath = inject("chromium")
  it.skipIf(executablePath === null)("sees masks on the pages of the console, and nothing that breaks", async () => {
    const browser = await launch(executablePath!)
    const { page, complaints, open } = await openPage(browser, service.url)
    await open("/s/demo/profiles")
    await page.getByLabel("Access token").fill("pt_masked")
    await page.getByRole("button", { name: "Sign in" }).click()
    await page.getByText("values masked").waitFor()
    const profile = `/s/demo/profiles/${known.segmentId}`
    const pages = ["/s/demo/live", "/s/demo/explain/m-6", `${profile}/overview`, `${profile}/graph`]
    for (const path of pages) {
      await open(path)
      await page.getByText("***").filter({ visible: true }).first().waitFor({ timeout: 8000 })
      expect([path, leaks(await page.content())]).toEqual([path, false])
    }
    expect(complaints).toEqual([])
    await browser.close()
  })

  it("metrics and logs hold no value at all", async () => {
    for (const path of ["/metrics", "/health"]) expect(leaks((await get("pt_owner", path)).text)).toBe(false)
    expect(leaks(service.stdout + service.stderr)).toBe(false)
  })
})

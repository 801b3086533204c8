/**
 * What-if on a running service (spec 02 section 16.2), and the walk-through of docs/wrong-merge.md: a wrongly merged pair is found,
 * prevented by rules that were tried out first, taken apart, and stays apart.
 */
import { spawn } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, describe, expect, it } from "vitest"
import { socketClient } from "../profiles/support/streams.ts"
import { withDatabase } from "./support/own-database.ts"
import { configuration, Service, spaceId, token } from "./support/service.ts"

const services: Array<Service> = []
afterEach(async () => {
  for (const service of services.splice(0)) await service.dispose()
})

const tokens = [{ name: "demo", space: "demo", secret: "pt_demo", scopes: ["profiles:read", "admin"] }]
const onDatabase = async (url: string) => {
  const service = new Service({ config: { ...configuration, tokens }, env: { BRAID_DATABASE_URL: url } })
  services.push(service)
  return service.start()
}

const rules = (emails: number) => ({
  identifiers: [
    { type: "user_id", limit: 1, window: "EVER", rank: 1 },
    { type: "email", limit: emails, window: "EVER", rank: 2 },
    ...["anonymous_id", "ios.id", "group_id"].map((type) => ({ type, limit: 5, window: "EVER" }))
  ]
})

// oxlint-disable-next-line typescript/no-explicit-any -- answers are compared, not computed with
type Data = Record<string, any>

const ask = async (service: Service, query: string, variables: object = {}) => {
  const answer = (await service.graphql<Data>(query, { space: spaceId, ...variables })) as {
    data: Data
    errors?: ReadonlyArray<{ extensions: { code: string } }>
  }
  return { data: answer.data, code: answer.errors?.[0]?.extensions.code }
}

const start = `mutation ($space: ID!, $rules: RulesInput!) { startWhatIf(spaceId: $space, input: { rules: $rules }) { id state } }`
const state = `query ($id: ID!) { whatIf(id: $id) { state progress total summary error clusters(first: 50) { edges { node {
  change before after identifierCount identifiers { type id } firstDivergence recordBefore recordAfter
  strands { type before after count identifiers { id } } explanationBefore { action dryRun } explanationAfter { action dryRun steps { kind } } } } } } }`
const apply = `mutation ($id: ID!) { applyWhatIf(id: $id, mode: RULES_ONLY, reason: "one e-mail each") { state appliedAs } }`
const replace = `mutation ($id: ID!) { applyWhatIf(id: $id, mode: REBUILD, reason: "for the past, too") { rebuild { id } } }`
const runs = `query ($space: ID!) { whatIfRuns(spaceId: $space, first: 5) { pageInfo { hasNextPage } edges { node {
  id state actor createdAt scope { sources identifiers { type id } } } } } }`
const rebuilds = `query ($space: ID!) { rebuilds(spaceId: $space) { id state operations { applied unneeded skipped list { reason } } } }`
const cancel = `mutation ($space: ID!, $id: ID!) { cancelRebuild(spaceId: $space, id: $id, reason: "a test") { state } }`
const profile = `query ($space: ID!, $type: String!, $id: String!) {
  profile(spaceId: $space, by: { externalId: { type: $type, id: $id } }) { segmentId
    externalIds(first: 50) { edges { node { type id } } } merges { edges { node { id from messageId } } } } }`

/** What a run tells of itself until it ends (PRO-66). */
const progressOf = async (service: Service, id: string): Promise<ReadonlyArray<Data>> => {
  const query = `subscription ($id: ID!) { whatIfProgress(id: $id) { state progress processed total } }`
  const client = socketClient({ url: service.url, secret: token })
  const told: Array<Data> = []
  for await (const { data } of client.iterate<Data>({ query, variables: { id } })) told.push(data!["whatIfProgress"])
  await client.dispose()
  const processed = told.map((each) => each["processed"])
  expect(processed).toEqual(processed.toSorted((a, b) => a - b))
  return told
}

const tryOut = async (service: Service, candidate: object) => {
  const { data } = await ask(service, start, { rules: candidate })
  const { id } = data["startWhatIf"]
  expect((await progressOf(service, id)).at(-1)).toMatchObject({ state: "DONE", progress: 1 })
  const run = (await ask(service, state, { id })).data["whatIf"]
  expect(run.error).toBeNull()
  return { id, run }
}

/** `braid what-if` beside the service. */
const commandLine = (service: Service, url: string, candidate: object, ...options: ReadonlyArray<string>) => {
  const file = join(service.dataDir, "candidate.json")
  // The document of the configuration writes windows as the configuration does.
  writeFileSync(file, JSON.stringify(candidate).replaceAll("EVER", "ever"))
  const env = { BRAID_DATA_DIR: service.dataDir, BRAID_CONFIG: service.configFile, BRAID_DATABASE_URL: url }
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, "../../bin/braid.mjs"), "what-if", file, ...options],
    {
      env: { ...process.env, ...env }
    }
  )
  return new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
    let [out, err] = ["", ""]
    child.stdout.on("data", (chunk) => (out += chunk))
    child.stderr.on("data", (chunk) => (err += chunk))
    child.once("close", (code) => resolve({ code, out, err }))
  })
}

/** W-19: six people on one tablet. */
const tablet = [1, 2, 3, 4, 5, 6].map((n) => ({
  type: "identify",
  messageId: `pad-${n}`,
  anonymousId: `visit-${n}`,
  traits: { email: `e${n}@x.io` },
  context: { device: { type: "ios", id: "pad1" } }
}))

describe("what-if", () => {
  it("AC2-15, AC2-17: W-19 under one e-mail a person is six people; the rules are applied, or refused when others were saved", () =>
    withDatabase(async (url) => {
      const service = await onDatabase(url)
      for (const message of tablet) expect((await service.batch([message])).status).toBe(200)
      await service.settled()
      const find = async (n: number) =>
        (await ask(service, profile, { type: "email", id: `e${n}@x.io` })).data["profile"]
      const before = await Promise.all([1, 5, 6].map(find))
      expect(before[0].segmentId).toBe(before[1].segmentId)
      const { id, run } = await tryOut(service, rules(1))
      expect(run.summary).toMatchObject({ events: 6, users: { profiles: { before: 2, after: 6 } } })
      const [cluster] = run.clusters.edges.map(({ node }: { node: Data }) => node)
      expect(run.clusters.edges).toHaveLength(1)
      expect(cluster).toMatchObject({ change: "SPLIT", before: [before[0].segmentId], firstDivergence: "pad-2" })
      expect(cluster["after"]).toHaveLength(5)
      expect(cluster["recordAfter"].users.iterations[0].breach).toMatchObject({ type: "email", count: 2, limit: 1 })
      // IDR-191: where each identifier goes, and both explanations.
      const ways = cluster["strands"].flatMap(({ type, before: from, after, identifiers }: Data) =>
        identifiers.map(({ id }: Data) => [`${type}:${id}`, from, after])
      )
      expect(ways).toHaveLength(cluster["identifierCount"])
      expect(new Set(ways.map(([, from]: ReadonlyArray<string>) => from))).toEqual(new Set([before[0].segmentId]))
      expect(new Set(ways.map(([, , after]: ReadonlyArray<string>) => after))).toEqual(new Set(cluster["after"]))
      expect(cluster["explanationBefore"]).toEqual({ action: "ADD", dryRun: false })
      expect(cluster["explanationAfter"]).toMatchObject({ action: "CREATE", dryRun: true })
      expect(cluster["explanationAfter"].steps.map(({ kind }: Data) => kind)).toContain("BREACH")
      const said = await commandLine(service, url, rules(1), "--only", "email:e6@x.io")
      expect(said).toEqual({ code: 0, out: expect.any(String), err: expect.stringContaining("of 6 events") })
      expect(said.out).toMatch(/^Space demo: 6 events, \d of them decided otherwise$/m)
      expect(said.out).toMatch(/^ +people +2 +6 +\+4$/m)
      expect(said.out).toContain("split 1 → 5")
      expect(said.out).toContain("it is of these people only")
      expect(said.out).toContain("first decided otherwise: message pad-2")
      expect((await commandLine(service, url, { identifiers: [{ type: "email", limit: 0 }] })).err).toMatch(
        /were refused.*identifiers\[0\]\.limit/
      )
      // Live is as it was.
      expect((await find(5)).segmentId).toBe(before[0].segmentId)
      expect((await ask(service, apply, { id })).data["applyWhatIf"]).toEqual({
        state: "APPLIED",
        appliedAs: "RULES_ONLY"
      })
      expect((await ask(service, apply, { id })).code).toBe("CONFLICT")
      expect((await find(5)).segmentId).toBe(before[0].segmentId)
      // Another run, and somebody saves rules meanwhile.
      const later = await tryOut(service, rules(2))
      const save = `mutation ($space: ID!, $rules: RulesInput!) { saveRules(spaceId: $space, rules: $rules, expectedVersion: 2) { version } }`
      expect((await ask(service, save, { rules: rules(3) })).data["saveRules"].version).toBe(3)
      expect((await ask(service, apply, { id: later.id })).code).toBe("RULES_CHANGED")
      // The same history under the same rules is the same result.
      const [again, same] = [await tryOut(service, rules(1)), await tryOut(service, rules(1))]
      expect(again.run).toEqual(same.run)
      // All of them, the newest first.
      const { whatIfRuns } = (await ask(service, runs)).data
      expect(whatIfRuns.pageInfo.hasNextPage).toBe(false)
      expect(whatIfRuns.edges.map(({ node }: { node: Data }) => node)).toMatchObject([
        { id: same.id, state: "DONE", scope: null },
        { id: again.id },
        { id: later.id },
        { scope: { identifiers: [{ type: "email", id: "e6@x.io" }], sources: null } },
        { id, state: "APPLIED", actor: "token:demo" }
      ])
      // As a rebuild, which then is too late to cancel.
      const { rebuild } = (await ask(service, replace, { id: same.id })).data["applyWhatIf"]
      const done = await service.until("the rebuild", 30, async () => {
        const [newest] = (await ask(service, rebuilds)).data["rebuilds"]
        return newest.state === "DONE" ? newest : undefined
      })
      expect(done).toMatchObject({ id: rebuild.id, operations: { applied: 0, unneeded: 0, skipped: 0, list: [] } })
      expect((await ask(service, cancel, { id: rebuild.id })).code).toBe("CONFLICT")
      expect((await ask(service, cancel, { id: "999999" })).code).toBe("NOT_FOUND")
      expect((await find(5)).segmentId).not.toBe((await find(1)).segmentId)
    }))
})

describe("docs/wrong-merge.md", () => {
  it("a wrong merge is found, prevented by rules tried out first, repaired, and stays repaired", () =>
    withDatabase(async (url) => {
      const service = await onDatabase(url)
      // Ann logs out without reset(), Bob signs in on the same browser, both later use their phones.
      await service.batch([
        { type: "identify", messageId: "ann-1", anonymousId: "shared", traits: { email: "ann@x.io", name: "Ann" } },
        { type: "identify", messageId: "bob-1", anonymousId: "bob-phone", traits: { email: "bob@x.io", name: "Bob" } },
        { type: "track", messageId: "bob-2", anonymousId: "bob-phone", event: "Bought" }
      ])
      await service.batch([
        { type: "identify", messageId: "bob-3", anonymousId: "shared", traits: { email: "bob@x.io" } }
      ])
      await service.settled()

      // 1. Found: Bob's profile is Ann's, and the merge says which message did it.
      const bob = (await ask(service, profile, { type: "email", id: "bob@x.io" })).data["profile"]
      const ann = (await ask(service, profile, { type: "email", id: "ann@x.io" })).data["profile"]
      expect(bob.segmentId).toBe(ann.segmentId)
      const merge = bob.merges.edges[0].node
      expect(merge.messageId).toBe("bob-3")

      // 2. Tried out: one e-mail a person would have kept them apart.
      const { id, run } = await tryOut(service, rules(1))
      expect(run.clusters.edges[0].node).toMatchObject({ change: "SPLIT", firstDivergence: "bob-3" })

      // 3. Prevented from now on.
      expect((await ask(service, apply, { id })).data["applyWhatIf"].state).toBe("APPLIED")

      // 4. Repaired, with a look before.
      const preview = `query ($space: ID!, $merge: ID!) { previewUndoMerge(spaceId: $space, mergeId: $merge) { separated } }`
      const { separated } = (await ask(service, preview, { merge: merge.id })).data["previewUndoMerge"]
      expect(separated).toMatchObject({ traits: { email: "bob@x.io", name: "Bob" }, events: 2 })
      const undo = `mutation ($space: ID!, $merge: ID!) { undoMerge(spaceId: $space, mergeId: $merge,
        reason: "two people on one browser") { separated { segmentId } remaining { segmentId } } }`
      const apart = (await ask(service, undo, { merge: merge.id })).data["undoMerge"]
      expect(apart.separated.segmentId).toBe(merge.from)
      expect(apart.remaining.segmentId).toBe(ann.segmentId)

      // 5. And it stays so: even an event with identifiers of both.
      await service.batch([
        { type: "identify", messageId: "bob-4", anonymousId: "shared", traits: { email: "bob@x.io" } }
      ])
      await service.settled()
      const again = (await ask(service, profile, { type: "email", id: "bob@x.io" })).data["profile"]
      expect(again.segmentId).toBe(merge.from)
      expect((await ask(service, profile, { type: "email", id: "ann@x.io" })).data["profile"].segmentId).toBe(
        ann.segmentId
      )
    }))
})

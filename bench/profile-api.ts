/**
 * The Profile API (issue 3, promise 4; issue 5): a whole service with BENCH_PROFILES profiles (10^6 at full size) of 50 traits each, on both
 * graphs, asked at a fixed rate by a client on the same cores, for 1 to 100 profiles a query, beside bare graphql-yoga with the same schema
 * and canned answers of the same bytes. A latency counts from the moment when the request was due. Then the explorer's searches, one at a time.
 *
 * The profiles are written in bulk (`support/seed-profiles.ts`); some 2,000 of them then act by real events. BENCH_GRAPH: one graph only.
 */
import { Effect } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { Service, spaceId, token } from "../test/system/support/service.ts"
import { asStarted } from "./support/as-started.ts"
import { cpu } from "./support/cpu.ts"
import { type Neo4jServer, neo4jLayerOf, neo4jServer } from "./support/graphs.ts"
import { basic, closedLoop, get, openLoop, post } from "./support/http-load.ts"
import { seedProfiles, traitsEach } from "./support/seed-profiles.ts"
import { full, median, printTable, quantile, whole } from "./support/table.ts"
import { workload } from "./support/workload.ts"

const people = Number(process.env["BENCH_PROFILES"] ?? (full ? 1_000_000 : 300))
/** Those who act: their pages have events. */
const active = Math.min(2_000, people)
const events = full ? 18_000 : 500
const rounds = full ? 3 : 1

const authorization = basic(token)
let random = 9
/** Small and seeded, so that runs compare. */
const anyone = (of: number): string => {
  random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0
  return `u-${Math.floor((random / 2 ** 32) * of)}`
}
const ref = (of: number) => ({ externalId: { type: "user_id", id: anyone(of) } })
const refs = (count: number, of: number) => Array.from({ length: count }, () => ref(of))
const graphql = (query: string, variables: Record<string, unknown>) =>
  post("/graphql", authorization, JSON.stringify({ query, variables: { spaceId, ...variables } }))
const rest = (resource: string, of: number) =>
  get(`/v1/spaces/${spaceId}/collections/users/profiles/user_id:${anyone(of)}/${resource}`, authorization)

const traits = `segmentId traits(first: ${traitsEach}) { edges { node { key value } } }`
const page = `${traits} externalIds(first: 20) { edges { node { type id } } }
  events(first: 10) { edges { node { event timestamp properties } } } metadata { updatedAt mergeCount }`
const one = (selection: string) =>
  `query One($spaceId: ID!, $ref: ProfileRef!) { profile(spaceId: $spaceId, by: $ref) { ${selection} } }`
const many = (selection: string) =>
  `query Many($spaceId: ID!, $refs: [ProfileRef!]!) { profiles(spaceId: $spaceId, refs: $refs) { ${selection} } }`

interface Question {
  readonly name: string
  readonly perSecond: number
  readonly profiles: number
  readonly make: () => Buffer
  /** Whether the bare server can be asked the same. */
  readonly graphql: boolean
}
const ofOne = (name: string, perSecond: number, selection: string, of: number): Question => ({
  name: `GraphQL ${name}`,
  perSecond,
  profiles: 1,
  make: () => graphql(one(selection), { ref: ref(of) }),
  graphql: true
})
const ofMany = (name: string, profiles: number, perSecond: number, selection: string, of: number): Question => ({
  name: `GraphQL ${name}`,
  perSecond,
  profiles,
  make: () => graphql(many(selection), { refs: refs(profiles, of) }),
  graphql: true
})
const ofRest = (resource: string, of: number): Question => ({
  name: `REST ${resource}`,
  perSecond: 500,
  profiles: 1,
  make: () => rest(resource, of),
  graphql: false
})
/** Traits of anybody; whole pages of those who act. */
const questions: ReadonlyArray<Question> = [
  ofRest(`traits?limit=${traitsEach}`, people),
  ofRest("external_ids", people),
  ofRest("events", active),
  ofOne("traits", 500, traits, people),
  ofMany("traits", 10, 100, traits, people),
  ofMany("traits", 100, 10, traits, people),
  ofOne("whole page", 200, page, active),
  ofMany("whole page", 100, 5, page, active)
]

const search = (text: string) =>
  graphql(
    `
      query ($spaceId: ID!, $text: String!) {
        search(spaceId: $spaceId, text: $text) {
          class
          hits {
            title
          }
        }
      }
    `,
    {
      text
    }
  )
const filtered = (filter: object) =>
  graphql(
    `
      query ($spaceId: ID!, $filter: ProfileFilter) {
        searchProfiles(spaceId: $spaceId, filter: $filter, first: 20) {
          edges {
            node {
              segmentId
              traits(first: 5) {
                edges {
                  node {
                    key
                    value
                  }
                }
              }
            }
          }
          pageInfo {
            hasNextPage
          }
        }
      }
    `,
    { filter }
  )
const someNumber = () => anyone(people).slice(2)
const searches: ReadonlyArray<readonly [name: string, make: () => Buffer]> = [
  ["an identifier, pasted", () => search(anyone(people))],
  ["an identifier, as a filter", () => filtered({ externalId: { type: "user_id", id: anyone(people) } })],
  ["a whole name", () => filtered({ text: `first${someNumber()} last` })],
  ["beginning of an e-mail address", () => filtered({ text: `person${someNumber().slice(0, 4)}` })],
  ["a beginning that all have", () => filtered({ text: "first" })],
  ["a name that nobody has", () => filtered({ text: `nobody${someNumber()}` })],
  ["the latest activity", () => filtered({})],
  ["a trait that all have", () => filtered({ traitKey: "plan", traitEquals: "pro" })],
  ["a trait that nobody has (500 looked at)", () => filtered({ traitKey: "plan", traitEquals: someNumber() })],
  ["only anonymous ones (500 looked at)", () => filtered({ anonymousOnly: true })]
]

interface Run {
  readonly p50: number
  readonly p99: number
  readonly cpu: number
  readonly bytes: number
}
const ask = async (url: string, pid: number, { make, perSecond }: Question): Promise<Run> => {
  const count = full ? Math.max(40, perSecond * 2) : 20
  const before = cpu(pid)
  const { latencies, bytes } = await openLoop(url, Array.from({ length: count }, make), { perSecond, connections: 64 })
  const after = cpu(pid)
  const ms = after.node + after.postgres - before.node - before.postgres
  return {
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    cpu: (ms * 1000) / count,
    bytes: bytes / count
  }
}

const startBare = async (canned: unknown): Promise<{ readonly bare: ChildProcess; readonly bareUrl: string }> => {
  const bare = spawn(process.execPath, [join(import.meta.dirname, "support/bare-yoga.ts"), JSON.stringify(canned)], {
    stdio: ["ignore", "pipe", "inherit"]
  })
  const [line] = (await once(bare.stdout, "data")) as [Buffer]
  return { bare, bareUrl: line.toString().trim() }
}

const of = (list: ReadonlyArray<Run>, key: keyof Run) => median(list.map((run) => run[key]))

const compare = async (service: Service, bareUrl: string, barePid: number) => {
  const runs = questions.map(() => ({ ours: [] as Array<Run>, bare: [] as Array<Run> }))
  for (let round = 0; round <= rounds; round++)
    for (const [i, question] of questions.entries()) {
      const ours = await ask(service.url, service.pid, question)
      const floor = question.graphql ? await ask(bareUrl, barePid, question) : undefined
      if (round === 0 && full) continue
      runs[i]!.ours.push(ours)
      if (floor !== undefined) runs[i]!.bare.push(floor)
    }
  printTable(
    ["", "profiles", "a second", "p50 ms", "p99 ms", "us CPU", "bytes", "bare yoga: p50", "p99", "us CPU", "our CPU"],
    questions.map(({ name, profiles, perSecond }, i) => {
      const { ours, bare } = runs[i]!
      return [
        name,
        String(profiles),
        String(perSecond),
        of(ours, "p50").toFixed(2),
        of(ours, "p99").toFixed(2),
        of(ours, "cpu").toFixed(0),
        of(ours, "bytes").toFixed(0),
        ...(bare.length === 0
          ? ["", "", "", ""]
          : [
              of(bare, "p50").toFixed(2),
              of(bare, "p99").toFixed(2),
              of(bare, "cpu").toFixed(0),
              `${(of(ours, "cpu") / of(bare, "cpu")).toFixed(1)} x`
            ])
      ]
    })
  )
}

const explore = async (service: Service) => {
  const rows = []
  for (const [name, make] of searches) {
    const { latencies } = await closedLoop(service.url, Array.from({ length: full ? 30 : 3 }, make), 1)
    const most = Math.max(...latencies)
    rows.push([name, median(latencies).toFixed(1), most.toFixed(1), most <= 1000 ? "yes" : "NO"])
  }
  printTable(["search of the explorer, one at a time", "p50 ms", "most ms", "<= 1 s"], rows)
}

const measure = async (neo4j: Neo4jServer | undefined) => {
  const env =
    neo4j === undefined
      ? { BRAID_GRAPH: "postgres" }
      : {
          BRAID_GRAPH: "neo4j",
          BRAID_NEO4J_URL: neo4j.url,
          BRAID_NEO4J_USER: neo4j.user,
          ...(neo4j.password === undefined ? undefined : { BRAID_NEO4J_PASSWORD: neo4j.password })
        }
  const service = new Service({ env: { ...asStarted, ...env } })
  let bare: ChildProcess | undefined
  try {
    // Once without anybody: the tables are there then.
    await service.start()
    await service.settled()
    await service.stop()
    const start = performance.now()
    const took = await seedProfiles(
      service.dataDir,
      spaceId,
      people,
      neo4j === undefined ? undefined : neo4jLayerOf(neo4j)
    )
    const parts = Object.entries(took).map(([part, seconds]) => `${part} ${seconds.toFixed(1)}`)
    const seconds = ((performance.now() - start) / 1000).toFixed(1)
    console.log(
      `\n${neo4j === undefined ? "PostgreSQL" : "Neo4j"}: ${whole(people)} profiles of ${traitsEach} traits, written in ${seconds} s (${parts.join(", ")})`
    )

    await service.start()
    await service.settled(300)
    const next = workload({ seed: 3, people: active, newPeople: 0 })
    const bodies = []
    for (let i = 0; i < events; i += 100) {
      const batch = Array.from({ length: 100 }, () => next().call)
      bodies.push(post("/v1/batch", basic("wk_web"), JSON.stringify({ batch })))
    }
    await closedLoop(service.url, bodies, 4)
    await service.settled(300)

    const sample = await service.graphql<{ profile: unknown }>(one(page), { spaceId, ref: ref(1) })
    const started = await startBare(sample.data.profile)
    bare = started.bare
    await compare(service, started.bareUrl, bare.pid!)
    await explore(service)
  } finally {
    bare?.kill()
    await service.dispose()
  }
}

await Effect.runPromise(
  Effect.scoped(
    Effect.gen(function* () {
      const only = process.env["BENCH_GRAPH"]
      if (only !== "neo4j") yield* Effect.promise(() => measure(undefined))
      const neo4j = only === "postgres" ? undefined : yield* neo4jServer
      if (neo4j !== undefined) yield* Effect.promise(() => measure(neo4j))
    })
  )
)

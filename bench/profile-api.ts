/**
 * The Profile API (issue 3, promise 4): a whole service with 20,000 events of some 2,000 people, asked at a fixed rate
 * by a client on the same cores, for 1 and for 100 profiles a query, beside bare graphql-yoga with the same schema and
 * canned answers of the same bytes. A latency counts from the moment when the request was due.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { Service, spaceId, token } from "../test/system/support/service.ts"
import { asStarted } from "./support/as-started.ts"
import { cpu } from "./support/cpu.ts"
import { basic, closedLoop, get, openLoop, post } from "./support/http-load.ts"
import { full, median, printTable, quantile } from "./support/table.ts"
import { everybody, workload } from "./support/workload.ts"

const people = full ? 2_000 : 50
const events = full ? 18_000 : 500
const rounds = full ? 3 : 1

const authorization = basic(token)
let seed = 9
/** Small and seeded, so that runs compare. */
const anyone = (): string => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
  return `u-${Math.floor((seed / 2 ** 32) * people)}`
}
const ref = () => ({ externalId: { type: "user_id", id: anyone() } })
const graphql = (query: string, variables: Record<string, unknown>) =>
  post("/graphql", authorization, JSON.stringify({ query, variables: { spaceId, ...variables } }))
const rest = (resource: string) =>
  get(`/v1/spaces/${spaceId}/collections/users/profiles/user_id:${anyone()}/${resource}`, authorization)

const traits = `segmentId traits(first: 20) { edges { node { key value } } }`
const page = `${traits} externalIds(first: 20) { edges { node { type id } } }
  events(first: 10) { edges { node { event timestamp properties } } } metadata { updatedAt mergeCount }`
const one = (selection: string) =>
  `query One($spaceId: ID!, $ref: ProfileRef!) { profile(spaceId: $spaceId, by: $ref) { ${selection} } }`
const many = (selection: string) =>
  `query Many($spaceId: ID!, $refs: [ProfileRef!]!) { profiles(spaceId: $spaceId, refs: $refs) { ${selection} } }`
const refs = () => Array.from({ length: 100 }, ref)

interface Question {
  readonly name: string
  readonly perSecond: number
  readonly profiles: number
  readonly make: () => Buffer
  /** Whether the bare server can be asked the same. */
  readonly graphql: boolean
}
const questions: ReadonlyArray<Question> = [
  { name: "REST traits", perSecond: 1_000, profiles: 1, make: () => rest("traits"), graphql: false },
  { name: "REST events", perSecond: 1_000, profiles: 1, make: () => rest("events"), graphql: false },
  {
    name: "GraphQL traits",
    perSecond: 1_000,
    profiles: 1,
    make: () => graphql(one(traits), { ref: ref() }),
    graphql: true
  },
  {
    name: "GraphQL whole page",
    perSecond: 200,
    profiles: 1,
    make: () => graphql(one(page), { ref: ref() }),
    graphql: true
  },
  {
    name: "GraphQL traits",
    perSecond: 20,
    profiles: 100,
    make: () => graphql(many(traits), { refs: refs() }),
    graphql: true
  },
  {
    name: "GraphQL whole page",
    perSecond: 5,
    profiles: 100,
    make: () => graphql(many(page), { refs: refs() }),
    graphql: true
  }
]

const service = new Service({ env: asStarted })
await service.start()
let bare: ChildProcess | undefined
try {
  const next = workload({ seed: 3, people, newPeople: 0 })
  const all = [...everybody({ seed: 3, people }), ...Array.from({ length: events }, next)]
  const bodies = []
  for (let i = 0; i < all.length; i += 100)
    bodies.push(
      post("/v1/batch", basic("wk_web"), JSON.stringify({ batch: all.slice(i, i + 100).map(({ call }) => call) }))
    )
  await closedLoop(service.url, bodies, 4)
  await service.settled()

  const sample = await service.graphql<{ profile: unknown }>(one(page), {
    spaceId,
    ref: { externalId: { type: "user_id", id: "u-1" } }
  })
  bare = spawn(
    process.execPath,
    [join(import.meta.dirname, "support/bare-yoga.ts"), JSON.stringify(sample.data.profile)],
    {
      stdio: ["ignore", "pipe", "inherit"]
    }
  )
  const [line] = (await once(bare.stdout!, "data")) as [Buffer]
  const bareUrl = line.toString().trim()

  const runs = questions.map(() => ({ ours: [] as Array<Run>, bare: [] as Array<Run> }))
  interface Run {
    readonly p50: number
    readonly p99: number
    readonly cpu: number
    readonly bytes: number
  }
  const ask = async (url: string, pid: number, { make, perSecond }: Question): Promise<Run> => {
    const count = full ? Math.max(40, perSecond * 2) : 20
    const before = cpu(pid)
    const { latencies, bytes } = await openLoop(url, Array.from({ length: count }, make), {
      perSecond,
      connections: 64
    })
    const after = cpu(pid)
    const ms = after.node + after.postgres - before.node - before.postgres
    return {
      p50: quantile(latencies, 0.5),
      p99: quantile(latencies, 0.99),
      cpu: (ms * 1000) / count,
      bytes: bytes / count
    }
  }
  for (let round = 0; round <= rounds; round++)
    for (const [i, question] of questions.entries()) {
      const ours = await ask(service.url, service.pid, question)
      const floor = question.graphql ? await ask(bareUrl, bare.pid!, question) : undefined
      if (round === 0 && full) continue
      runs[i]!.ours.push(ours)
      if (floor !== undefined) runs[i]!.bare.push(floor)
    }

  const of = (list: ReadonlyArray<Run>, key: keyof Run) => median(list.map((run) => run[key]))
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
} finally {
  bare?.kill()
  await service.dispose()
}

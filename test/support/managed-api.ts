/**
 * The Profile API on a workspace of its own, declared by a file and changed through GraphQL; importing this starts it for the test
 * file and stops it behind it. Events go into the real log and are resolved by the real actors.
 */
import { Effect, Layer, Logger, ManagedRuntime, Schedule } from "effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect } from "vitest"
import { Settings, type SettingsValue } from "../../src/config.ts"
import { postgresGraph } from "../../src/identity/graph-postgres.ts"
import { LiveGraphs } from "../../src/identity/live-graphs.ts"
import { SpaceActors } from "../../src/identity/space-actors.ts"
import { EventLog } from "../../src/log/event-log.ts"
import { postgresEventLog } from "../../src/log/postgres.ts"
import { Health } from "../../src/platform/health.ts"
import { ProfileApi } from "../../src/profiles/profile-api.ts"
import { Workspace } from "../../src/workspace/workspace.ts"
import { workspaceLive } from "../../src/workspace/workspace-live.ts"
import { testArchive } from "./archive.ts"
import { testDatabase } from "./database.ts"
import { message, type ShortMessage } from "./space.ts"

export const fileSpace = "spa_0123456789abcdefghijkl"
const sources = [
  { id: "src_web", slug: "web", kind: "website", writeKeys: ["wk_web"], labels: ["environment:dev"] },
  { id: "src_srv", slug: "srv", kind: "server", writeKeys: ["wk_srv"] },
  { id: "src_crm", slug: "crm", kind: "object_cloud" }
]
const file = {
  sources,
  spaces: [{ id: fileSpace, slug: "first", name: "First", kind: "prod", sources: ["web"] }],
  tokens: [
    { name: "owner", secret: "pt_owner", scopes: ["workspace:admin"] },
    { name: "first admin", space: "first", secret: "pt_admin", scopes: ["admin"] },
    { name: "reader", space: "first", secret: "pt_reader" }
  ],
  limits: { requestsPerSecond: 0, messagesPerSecond: 0, spaceEventsPerSecond: 0, profileApiPerSecond: 0 }
}

const folder = mkdtempSync(join(tmpdir(), "braid-management-"))
const configFile = join(folder, "config.json")

const layer = ProfileApi.layer.pipe(
  Layer.provideMerge(SpaceActors.layer),
  Layer.provideMerge(LiveGraphs.layer),
  Layer.provideMerge(postgresGraph),
  Layer.provideMerge(testArchive),
  Layer.provideMerge(postgresEventLog({ limit: () => 0, queueBytes: 64 * 1024 * 1024 })),
  Layer.provideMerge(workspaceLive),
  Layer.provideMerge(testDatabase),
  Layer.provideMerge(
    Layer.effect(
      Settings,
      Effect.map(Settings, (all): SettingsValue => ({ ...all, configFile, spaceQuota: 0 }))
    ).pipe(Layer.provide(Settings.layer))
  ),
  Layer.provideMerge(Health.layer),
  Layer.provideMerge(Logger.layer([]))
)

export const runtime = ManagedRuntime.make(layer)
export const listen = async (api: ProfileApi["Service"]) => {
  const server = createServer((req, res) => api.handle(req, res))
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  }
}

let server: Awaited<ReturnType<typeof listen>>
export let url: string

beforeAll(async () => {
  writeFileSync(configFile, JSON.stringify(file))
  server = await listen(await runtime.runPromise(ProfileApi))
  url = server.url
})

afterAll(async () => {
  await server.close()
  await runtime.dispose()
  rmSync(folder, { recursive: true, force: true })
})

export const ask = async (
  secret: string,
  query: string,
  variables: object = {},
  headers: Record<string, string> = {},
  base = url
) => {
  const response = await fetch(`${base}/graphql`, {
    method: "POST",
    headers: { authorization: `Bearer ${secret}`, "content-type": "application/json", ...headers },
    body: JSON.stringify({ query, variables })
  })
  // oxlint-disable-next-line typescript/no-explicit-any -- bodies are compared, not computed with
  return { status: response.status, ...((await response.json()) as { data: any; errors?: ReadonlyArray<any> }) }
}
export const codeOf = async (answer: ReturnType<typeof ask>) => (await answer).errors?.[0].extensions.code
export const answered = async (answer: ReturnType<typeof ask>) => {
  const { data, errors } = await answer
  expect(errors).toBeUndefined()
  return data
}

export const send = (source: string, ...messages: ReadonlyArray<ShortMessage>) =>
  runtime.runPromise(
    Effect.gen(function* () {
      const log = yield* EventLog
      const workspace = yield* Workspace
      const actors = yield* SpaceActors
      const { no } = workspace.current().sources.find(({ id }) => id === source)!
      yield* Effect.callback<void, unknown>((resume) => {
        const full = messages.map((short) => message(short))
        log.offer({
          events: full.map((it) => ({
            source: no,
            dedupKey: it.messageId,
            body: new TextEncoder().encode(JSON.stringify(it))
          })),
          receivedAt: Date.now(),
          done: (error) => resume(error === undefined ? Effect.void : Effect.fail(error))
        })
      })
      yield* actors.progress.pipe(
        Effect.repeat({ schedule: Schedule.spaced("5 millis"), until: (all) => all.every((it) => it.lag === 0) })
      )
    })
  )

export const create = async (name: string, rules: object | null = { custom: {} }) =>
  (
    await answered(
      ask(
        "pt_owner",
        `mutation ($name: String!, $rules: RulesFromInput) { createSpace(name: $name, kind: DEV, rules: $rules) { id } }`,
        {
          name,
          rules
        }
      )
    )
  ).createSpace.id as string

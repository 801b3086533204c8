/**
 * The Public API on a workspace of its own, declared by a file; importing this starts it for the test file and stops it behind it.
 * Destinations are managed for real; nothing is delivered.
 */
import { Effect, Layer, Logger, ManagedRuntime, Schema } from "effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll } from "vitest"
import { catalogAndRunnerLive } from "../../src/catalog/runner-live.ts"
import { Settings, type SettingsValue } from "../../src/config.ts"
import { alertSendersLive } from "../../src/delivery/alerts/senders.ts"
import { destinationManagementLive } from "../../src/destinations/manage/management-live.ts"
import { replayManagementLive } from "../../src/destinations/replay/manage.ts"
import { destinationsLive } from "../../src/destinations/snapshot.ts"
import { vaultLive } from "../../src/destinations/vault-live.ts"
import { postgresEventLog } from "../../src/log/postgres.ts"
import { signingKeysLive } from "../../src/oauth/signing-keys.ts"
import { TokenServer } from "../../src/oauth/token-server.ts"
import { Health } from "../../src/platform/health.ts"
import { alertResourcesLive } from "../../src/public-api/alert-resources.ts"
import { allGroups } from "../../src/public-api/groups.ts"
import { PublicApi } from "../../src/public-api/public-api.ts"
import { makeRouteTable, placeOf } from "../../src/public-api/route-table.ts"
import { suppressionsLive } from "../../src/workspace/suppressions.ts"
import { Sessions } from "../../src/workspace/sessions.ts"
import { workspaceLive } from "../../src/workspace/workspace-live.ts"
import { testArchive } from "./archive.ts"
import { testDatabase } from "./database.ts"

export const spaceId = "spa_0123456789abcdefghijkl"
const file = {
  sources: [
    { id: "src_a", slug: "a", kind: "website", writeKeys: ["wk_a"], labels: ["environment:prod", "product:car"] },
    { id: "src_b", slug: "b", kind: "server", writeKeys: ["wk_b"], labels: ["environment:prod", "product:truck"] },
    { id: "src_c", slug: "c", kind: "http", writeKeys: ["wk_c"], labels: ["environment:dev", "product:car"] }
  ],
  spaces: [{ id: spaceId, slug: "first", name: "First", kind: "prod", sources: ["a"] }],
  tokens: [
    { name: "owner", secret: "pt_owner", scopes: ["workspace:admin"] },
    { name: "reader", space: "first", secret: "pt_reader" },
    { name: "space admin", space: "first", secret: "pt_space", scopes: ["admin"] }
  ]
}

const folder = mkdtempSync(join(tmpdir(), "braid-public-api-"))

const destinations = Layer.mergeAll(
  alertResourcesLive,
  alertSendersLive,
  destinationManagementLive,
  replayManagementLive
).pipe(
  Layer.provideMerge(destinationsLive),
  Layer.provideMerge(vaultLive),
  Layer.provideMerge(testArchive),
  Layer.provideMerge(postgresEventLog({ limit: () => 0, queueBytes: 1024 * 1024 }))
)

export const runtime = ManagedRuntime.make(
  Layer.mergeAll(
    PublicApi.layer(allGroups),
    Sessions.layer,
    TokenServer.layer.pipe(Layer.provide(signingKeysLive))
  ).pipe(
    Layer.provideMerge(destinations),
    Layer.provideMerge(suppressionsLive),
    Layer.provideMerge(workspaceLive),
    Layer.provideMerge(testDatabase),
    Layer.provideMerge(catalogAndRunnerLive),
    Layer.provideMerge(
      Layer.effect(
        Settings,
        Effect.map(Settings, (all): SettingsValue => ({
          ...all,
          dataDir: folder,
          configFile: join(folder, "config.json"),
          publicApiLimits: { deleteLabel: 20 }
        }))
      ).pipe(Layer.provide(Settings.layer))
    ),
    Layer.provideMerge(Health.layer),
    Layer.provideMerge(Logger.layer([]))
  )
)

const server = createServer()
/** Of the API: what clients take as their base path. */
export let base: string
export let origin: string

beforeAll(async () => {
  writeFileSync(join(folder, "config.json"), JSON.stringify(file))
  const api = await runtime.runPromise(PublicApi)
  const tokens = await runtime.runPromise(TokenServer)
  server.on("request", (req, res) => (tokens.matches(req.url ?? "") ? tokens : api).handle(req, res))
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  base = `${origin}/public-api`
  const groups = await runtime.runPromise(allGroups)
  checkOf = makeRouteTable(
    groups.flatMap(({ routes }) => routes.map(({ endpoint }) => placeOf(endpoint, checkFor([...endpoint.success][0]!))))
  )
})

afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  await runtime.dispose()
  rmSync(folder, { recursive: true, force: true })
})

type Check = (body: unknown) => void
let checkOf: (method: string, path: ReadonlyArray<string>) => { readonly value: Check }

/** Answers must be what is declared, with nothing beside it: else the OpenAPI document would not tell the truth. */
const checkFor = (success: Schema.Top): Check => {
  const decode = Schema.decodeUnknownSync(success as Schema.Decoder<unknown>, {
    onExcessProperty: "error",
    errors: "all"
  })
  return (body) => void decode(body)
}

interface Sent {
  readonly secret?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

export const call = async (method: string, path: string, { secret = "pt_owner", headers = {}, body }: Sent = {}) => {
  const response = await fetch(base + path, {
    method,
    headers: { accept: "application/json", authorization: `Bearer ${secret}`, ...headers },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) })
  })
  // oxlint-disable-next-line typescript/no-explicit-any -- bodies are compared, not computed with
  const answer = (await response.json()) as any
  const [route = ""] = path.split("?")
  if (response.ok && route !== "/openapi.json")
    checkOf(
      method,
      route
        .split("/")
        .filter((part) => part !== "")
        .map(decodeURIComponent)
    ).value(answer)
  return { status: response.status, headers: response.headers, body: answer }
}

/** A token with these permissions; the workspace when no resource is named. */
export const tokenWith = async (
  ...permissions: ReadonlyArray<{ role: string; type?: string; id?: string; labels?: ReadonlyArray<object> }>
): Promise<string> => {
  const roles: ReadonlyArray<{ id: string; name: string }> = (await call("GET", "/roles")).body.data.roles
  const { id: workspaceId } = (await call("GET", "/")).body.data.workspace
  const made = await call("POST", "/tokens", {
    body: {
      description: permissions.map(({ role }) => role).join(", "),
      permissions: permissions.map(({ role, type = "WORKSPACE", id = workspaceId, labels }) => ({
        roleId: roles.find(({ name }) => name === role)!.id,
        resources: [{ id, type, ...(labels === undefined ? {} : { labels }) }]
      }))
    }
  })
  return made.body.data.secret
}

/** The Public API of one process of an installation, with the groups that a test asks for. */
import { Effect, Layer, type Scope } from "effect"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { Settings, type SettingsValue } from "../../src/config.ts"
import { Database } from "../../src/platform/database.ts"
import { Health } from "../../src/platform/health.ts"
import type { Handled } from "../../src/public-api/group.ts"
import { PublicApi } from "../../src/public-api/public-api.ts"
import type { ApiTokens } from "../../src/public-api/tokens.ts"
import { Suppressions, suppressionsLive } from "../../src/workspace/suppressions.ts"
import { Workspace } from "../../src/workspace/workspace.ts"
import type { Process } from "./workspaces.ts"

interface Reply {
  readonly status: number
  readonly headers: Headers
  // oxlint-disable-next-line typescript/no-explicit-any -- bodies are compared, not computed with
  readonly body: any
}

export interface Serving extends Process {
  /** Base path of the Public API. */
  readonly url: string
  readonly suppressions: Effect.Success<typeof Suppressions>
  readonly call: (method: string, path: string, body?: unknown, secret?: string) => Effect.Effect<Reply, never>
}

type Needed = Workspace | Database | Health | Settings | Layer.Success<typeof suppressionsLive> | ApiTokens

/** For as long as the scope lives. */
export const servePublicApi = <E>(
  process: Process,
  groups: Effect.Effect<ReadonlyArray<Handled>, E, Needed>,
  settings: Partial<SettingsValue> = {}
): Effect.Effect<Serving, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const own = Layer.mergeAll(
      Layer.succeed(Workspace, process.workspace),
      Layer.succeed(Database, process.database),
      Layer.succeed(Health, process.health),
      Layer.effect(
        Settings,
        Effect.map(Settings, (all): SettingsValue => ({ ...all, ...settings }))
      ).pipe(Layer.provide(Settings.layer))
    )
    const context = yield* Layer.build(
      PublicApi.layer(groups).pipe(Layer.provideMerge(suppressionsLive), Layer.provide(own), Layer.fresh)
    )
    const api = yield* Effect.provide(PublicApi, context)
    const suppressions = yield* Effect.provide(Suppressions, context)
    const server = createServer((req, res) => api.handle(req, res))
    yield* Effect.acquireRelease(
      Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
      () => Effect.sync(() => server.close())
    )
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/public-api`
    return {
      ...process,
      url,
      suppressions,
      call: (method, path, body, secret = "pt_owner") =>
        Effect.promise(async () => {
          const response = await fetch(url + path, {
            method,
            headers: { authorization: `Bearer ${secret}`, accept: "application/json", connection: "close" },
            ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) })
          })
          return { status: response.status, headers: response.headers, body: await response.json() }
        })
    }
  })

/**
 * The Profile API over real stores and a real HTTP server: events are sent as accepted messages, resolved by the
 * space's actor and read back through the API. Store queries are counted.
 */
import { Effect, Layer, Logger, ManagedRuntime, Schedule } from "effect"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { History } from "../../../src/archive/history.ts"
import { GraphUnavailable, IdentityGraph } from "../../../src/identity/graph.ts"
import { readerName } from "../../../src/identity/space-store.ts"
import { EventLog } from "../../../src/log/event-log.ts"
import { Database } from "../../../src/platform/database.ts"
import { sha256Hex } from "../../../src/platform/hash.ts"
import { ProfileApi } from "../../../src/profiles/profile-api.ts"
import { Sessions } from "../../../src/workspace/sessions.ts"
import { type AccessToken, type Limits, type Source, type Space, Workspace } from "../../../src/workspace/workspace.ts"
import { type rig, Rig, type ShortMessage } from "../../support/space.ts"

export const token = "pt_test"

/** Calls of the stores made by the Profile API, by name. */
export interface Calls {
  readonly names: Array<string>
  /** While true, every call of the graph fails. */
  graphDown: boolean
}

const counted = <T extends object>(calls: Calls, service: T, prefix: string): T =>
  new Proxy(service, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== "function") return value
      return (...args: ReadonlyArray<unknown>) => {
        calls.names.push(`${prefix}.${String(name)}`)
        if (prefix === "graph" && calls.graphDown)
          return Effect.fail(new GraphUnavailable({ adapter: "postgres", code: "08006", cause: "secret detail" }))
        return Reflect.apply(value, target, args)
      }
    }
  })

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  // oxlint-disable-next-line typescript/no-explicit-any -- bodies are compared, not computed with
  readonly body: any
}

export interface TestApi {
  readonly space: Space
  readonly source: Source
  readonly url: string
  /** Mutable: what the workspace says. */
  readonly limits: { -readonly [K in keyof Limits]: Limits[K] }
  readonly calls: Calls
  /** The service knows this token no more; its workspace says nothing of it. */
  readonly revoke: (secret: string) => void
  readonly sessions: Sessions["Service"]
  readonly drain: () => void
  readonly send: (...messages: ReadonlyArray<ShortMessage>) => Promise<void>
  /** Waits until names can be found: from then on only requests ask the stores. */
  readonly indexed: () => Promise<void>
  /** Below `/v1/spaces/{id}/collections/`. */
  readonly get: (path: string, init?: RequestInit) => Promise<Answer>
  readonly fetch: (path: string, init?: RequestInit) => Promise<Answer>
  readonly graphql: (query: string, variables?: object, init?: RequestInit) => Promise<Answer>
  readonly run: <A, E>(effect: Effect.Effect<A, E, Database | EventLog | IdentityGraph | Rig>) => Promise<A>
  readonly close: () => Promise<void>
}

export const basic = (secret: string): string => `Basic ${Buffer.from(`${secret}:`).toString("base64")}`

const otherSpace = "spa_other00000000000000000"

export const tokens = (spaceId: string): ReadonlyMap<string, AccessToken> =>
  new Map(
    (
      [
        [token, spaceId, ["profiles:read"]],
        ["pt_other", otherSpace, ["profiles:read"]],
        ["pt_delete_only", spaceId, ["identifiers:delete"]],
        ["pt_admin", spaceId, ["admin"]],
        ["pt_leaving", spaceId, ["profiles:read"]]
      ] as const
    ).map(([secret, space, scopes]) => [
      sha256Hex(secret),
      {
        id: `tok_${secret}`,
        name: secret,
        spaceId: space,
        scopes: new Set<AccessToken["scopes"] extends ReadonlySet<infer S> ? S : never>(scopes)
      }
    ])
  )

/** What `rig(graph)` makes, on either graph. */
type Stores<E> = Layer.Layer<Layer.Success<ReturnType<typeof rig<never, Database>>>, E>

export const startApi = async <E>(stores: Stores<E>): Promise<TestApi> => {
  const calls: Calls = { names: [], graphDown: false }
  const limits = { requestsPerSecond: 0, messagesPerSecond: 0, spaceEventsPerSecond: 0, profileApiPerSecond: 0 }
  const revoked = new Set<string>()
  const workspace = Layer.effect(
    Workspace,
    Effect.map(Workspace, (service) =>
      Workspace.of({
        ...service,
        current: () => {
          const snapshot = service.current()
          const space = snapshot.spaces[0]!
          const spaceById = new Map([...snapshot.spaceById, [otherSpace, { ...space, id: otherSpace }]])
          const tokenByHash = new Map([...tokens(space.id)].filter(([hash]) => !revoked.has(hash)))
          return { ...snapshot, spaceById, tokenByHash, limits }
        }
      })
    )
  )
  const watched = Layer.mergeAll(
    workspace,
    Layer.effect(
      IdentityGraph,
      Effect.map(IdentityGraph, (graph) => counted(calls, graph, "graph"))
    ),
    Layer.effect(
      EventLog,
      Effect.map(EventLog, (log) => counted(calls, log, "log"))
    ),
    Layer.effect(
      History,
      Effect.map(History, (history) => counted(calls, history, "history"))
    ),
    Layer.effect(
      Database,
      Effect.map(Database, (database) => ({ ...database, read: counted(calls, database.read, "sql") }))
    )
  )
  const layer = Layer.merge(ProfileApi.layer, Sessions.layer).pipe(
    Layer.provide(watched),
    Layer.provideMerge(stores),
    Layer.provideMerge(Logger.layer([]))
  )
  const runtime = ManagedRuntime.make(layer)
  const api = await runtime.runPromise(ProfileApi)
  const sessions = await runtime.runPromise(Sessions)
  const { space, send, settled } = await runtime.runPromise(Rig)
  const server: Server = createServer((req, res) =>
    api.matches(req.url!.split("?")[0]!) ? api.handle(req, res) : res.writeHead(404).end()
  )
  server.on("upgrade", (req, socket, head) => api.upgrade(req, socket, head))
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const fetched = async (path: string, init: RequestInit = {}): Promise<Answer> => {
    const headers = new Headers(init.headers)
    if (!headers.has("authorization")) headers.set("authorization", basic(token))
    if (headers.get("authorization") === "none") headers.delete("authorization")
    const response = await fetch(`${url}${path}`, { ...init, headers })
    const text = await response.text()
    let body: unknown
    try {
      body = JSON.parse(text)
    } catch {
      body = undefined
    }
    return { status: response.status, headers: response.headers, text, body }
  }
  return {
    space,
    source: space.sources[0]!,
    url,
    limits,
    calls,
    revoke: (secret) => revoked.add(sha256Hex(secret)),
    sessions,
    drain: api.drain,
    send: (...messages) => runtime.runPromise(Effect.andThen(send(messages), settled)),
    indexed: () =>
      runtime.runPromise(
        Effect.flatMap(Database, ({ write: sql }) =>
          sql`select 1 from search_positions p join cursors c on c.reader = ${readerName(space.id)} and c.pos = p.pos
            where p.space = ${space.id}`.pipe(
            Effect.repeat({ until: (rows) => rows.length > 0, schedule: Schedule.spaced("50 millis") }),
            Effect.asVoid
          )
        )
      ),
    fetch: fetched,
    get: (path, init) => fetched(`/v1/spaces/${space.id}/collections/${path}`, init),
    graphql: (query, variables, init) =>
      fetched("/graphql", {
        method: "POST",
        body: JSON.stringify({ query, variables }),
        ...init,
        headers: { "content-type": "application/json", ...(init?.headers as Record<string, string>) }
      }),
    run: (effect) => runtime.runPromise(effect),
    close: async () => {
      api.drain()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await runtime.dispose()
    }
  }
}

/** Follows `next` to the end; answers the pages. */
export const follow = async (api: TestApi, first: string): Promise<ReadonlyArray<Answer>> => {
  const pages = [await api.get(first)]
  while (pages.at(-1)!.body.cursor.has_more) {
    if (pages.length > 100) throw new Error("the paging does not end")
    pages.push(await api.fetch(pages.at(-1)!.body.cursor.url))
  }
  return pages
}

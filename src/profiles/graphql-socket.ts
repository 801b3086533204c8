/**
 * GraphQL over WebSocket, as the protocol `graphql-transport-ws` says it (PRO-66): `/graphql` with a token in `connection_init` or in
 * the upgrade request, `/console/graphql` with the session's cookie. Each operation passes what one over HTTP passes.
 *
 *     upgrade -> origin, address -> connection_init within 3 s -> caller -> operations
 *
 * - A page of another site is refused at the upgrade, at both addresses: nothing that a browser adds by itself may open a socket.
 * - Results wait for the socket to have taken the one before; when several operations make bytes pile up all the same, it is closed
 *   (4413). Who is not there any more is found by pings.
 */
import { Cause, type Context as Services, Effect } from "effect"
import { type ExecutionArgs, GraphQLError, type GraphQLFormattedError } from "graphql"
import { type Context, handleProtocols, makeServer } from "graphql-ws"
import { randomUUID } from "node:crypto"
import type { IncomingMessage } from "node:http"
import type { Duplex } from "node:stream"
import { WebSocket, WebSocketServer } from "ws"
import { originOf } from "../workspace/session-cookie.ts"
import type { Callers } from "./callers.ts"
import { problemOf } from "./failures.ts"
import type { Engine, Outcome } from "./graphql-engine.ts"
import { finishError, graphqlError } from "./graphql-errors.ts"
import { askedBy, maxBodyBytes, nestsTooDeeply } from "./graphql-params.ts"
import { consolePath, spaceHeader } from "./graphql-paths.ts"
import type { PersistedQueries } from "./persisted-queries.ts"
import { type Connection, type Ending, mostWaitingBytes, revoked, type Subscribers } from "./subscribers.ts"

/** Operations of one socket at once. */
const mostOperations = 100
const pingEveryMs = 12_000

const closings: Readonly<Record<Ending, readonly [code: number, reason: string]>> = {
  unauthenticated: [4401, "Unauthorized"],
  slow: [4413, "Results are not taken fast enough; go on with the last resume token"],
  draining: [1001, "Going away; go on with the last resume token"]
}

/** A socket and what is known of it. */
interface Line {
  readonly socket: WebSocket
  readonly req: IncomingMessage
  readonly onConsole: boolean
  /** Id or slug of the space that it named. */
  named: string | undefined
  connection: Connection | undefined
  /** To be closed behind what its operations are told. */
  ending: Ending | undefined
  /** Has answered the last ping. */
  alive: boolean
}

type SocketContext = Context<Record<string, unknown>, Line>

const statusTexts: Readonly<Record<number, string>> = {
  403: "Forbidden",
  429: "Too Many Requests",
  503: "Service Unavailable"
}

const refuseUpgrade = (socket: Duplex, status: number, message: string): void => {
  const body = JSON.stringify({ errors: [{ message }] })
  const lines = [
    `HTTP/1.1 ${status} ${statusTexts[status] ?? "Refused"}`,
    "Connection: close",
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`
  ]
  socket.end(`${lines.join("\r\n")}\r\n\r\n${body}`)
}

/** A member of `connection_init`, or the header of the upgrade request with its name. */
const parameter = ({ connectionParams, extra }: SocketContext, name: string): string | undefined => {
  for (const [key, value] of Object.entries(connectionParams ?? {}))
    if (key.toLowerCase() === name && typeof value === "string") return value
  const header = extra.req.headers[name]
  return typeof header === "string" ? header : undefined
}

/** As it is sent: the status was for HTTP. */
const formatted = (error: GraphQLError): GraphQLFormattedError => {
  const { http: _, ...extensions } = error.extensions
  return { ...error.toJSON(), extensions }
}

const closeWhenTold = ({ extra, subscriptions }: SocketContext): void => {
  if (extra.ending !== undefined && Object.keys(subscriptions).length === 0)
    extra.socket.close(...closings[extra.ending])
}

export const makeGraphqlSockets = (options: {
  readonly engine: Engine
  readonly callers: Callers
  readonly subscribers: Subscribers
  readonly persisted: PersistedQueries
  readonly publicUrl: string
  readonly addressOf: (req: IncomingMessage) => string
  /** An operation waits for the stores; what is answered is called when it no longer does. */
  readonly enter: () => () => void
  /** ms from the message to its outcome; for a subscription, until it has begun. */
  readonly answered: (status: number, elapsed: number) => void
  readonly context: Services.Context<never>
}) => {
  const { engine, callers, subscribers, persisted, publicUrl, addressOf, enter, answered, context } = options
  const outcomes = new WeakMap<ExecutionArgs, Outcome>()
  const lines = new Set<Line>()
  let pinging: NodeJS.Timeout | undefined

  /** Its caller is known; otherwise it is closed. */
  const onConnect = async (ctx: SocketContext): Promise<boolean> => {
    const line = ctx.extra
    const { socket, req, onConsole } = line
    const caller = onConsole
      ? await callers.bySessionOfSocket(req.headers)
      : callers.byToken(parameter(ctx, "authorization"))
    const close = (code: number, reason: string): false => {
      socket.close(code, reason)
      return false
    }
    if (caller === undefined) return close(...closings.unauthenticated)
    line.named = parameter(ctx, spaceHeader)
    const admission = engine.admit(caller, line.named)
    // 4403 is final for clients; 1013 asks them to come again.
    if ("code" in admission) return close(admission.code === "FORBIDDEN" ? 4403 : 1013, admission.code)
    if (socket.readyState !== WebSocket.OPEN) return false
    const connection = subscribers.join(caller, admission.space, {
      waiting: () => socket.bufferedAmount,
      taken: () => req.socket.bytesWritten - req.socket.writableLength,
      close: (why) => {
        line.ending = why
        if (why !== "unauthenticated") return socket.close(...closings[why])
        closeWhenTold(ctx)
        // Also when an operation is not done by then.
        setTimeout(() => socket.close(...closings[why]), 1_000).unref()
      },
      destroy: () => socket.terminate()
    })
    if (!("line" in connection)) return close(1013, "RATE_LIMITED")
    line.connection = connection
    return true
  }

  /** What an operation comes to. Throws a `GraphQLError` when it may not begin. */
  const perform = async (line: Line, payload: unknown, requestId: string): Promise<Outcome> => {
    const connection = line.connection!
    const { caller } = connection
    const access = await caller.now()
    if (access === undefined) throw revoked()
    caller.access = access
    const admission = engine.admit(caller, line.named)
    if ("code" in admission) throw graphqlError(admission.code, admission.message)
    const { params, keep } = persisted.resolve(admission.space.id, askedBy(payload))
    const operation = engine.contextOf(admission, {
      requestId,
      params,
      onlyReads: false,
      onPassed: keep,
      onSubscribe: (subscription) => subscribers.begin(connection, subscription)
    })
    return engine.perform(operation)
  }

  const failure = (error: unknown, requestId: string): GraphQLError => {
    if (error instanceof GraphQLError) return finishError(error, requestId, true)
    Effect.runForkWith(context)(problemOf(Cause.die(error), requestId))
    return finishError(graphqlError("INTERNAL", "Internal error."), requestId, true)
  }

  /** Performs the operation here, so that what is refused is answered as an error, and not as a result. */
  const onSubscribe = async (ctx: SocketContext, _: string, payload: unknown) => {
    const requestId = `req_${randomUUID()}`
    const started = performance.now()
    const release = enter()
    try {
      if (ctx.extra.ending !== undefined) throw graphqlError("UNAUTHENTICATED", "This connection is being closed.")
      if (Object.keys(ctx.subscriptions).length > mostOperations)
        throw graphqlError("RATE_LIMITED", `At most ${mostOperations} operations of one connection at once.`)
      const outcome = await perform(ctx.extra, payload, requestId)
      const { result } = outcome
      const refused = !(Symbol.asyncIterator in result) && !("data" in result)
      answered(refused ? 400 : 200, performance.now() - started)
      if (refused) return (result.errors ?? []) as ReadonlyArray<GraphQLError>
      outcomes.set(outcome.args, outcome)
      return outcome.args
    } catch (error) {
      const failed = failure(error, requestId)
      answered(failed.extensions["code"] === "INTERNAL" ? 500 : 400, performance.now() - started)
      return [failed]
    } finally {
      release()
    }
  }

  const performed = (args: ExecutionArgs) => outcomes.get(args)!.result

  const protocol = makeServer<Record<string, unknown>, Line>({
    onConnect,
    onSubscribe,
    execute: performed,
    subscribe: performed,
    onError: (_ctx, _id, _payload, errors) => errors.map(formatted),
    onNext: (_ctx, _id, _payload, _args, { errors, data }) =>
      errors === undefined
        ? undefined
        : { errors: errors.map(formatted), ...(data === undefined ? undefined : { data }) },
    onComplete: (ctx) => {
      if (ctx.extra.ending !== undefined) setImmediate(closeWhenTold, ctx)
    }
  })

  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: maxBodyBytes,
    handleProtocols
  })

  const send = (line: Line, data: string): Promise<void> => {
    const { socket, connection } = line
    if (socket.readyState !== WebSocket.OPEN) return Promise.resolve()
    if (socket.bufferedAmount > mostWaitingBytes) {
      if (connection === undefined) socket.terminate()
      else subscribers.end(connection, "slow")
      return Promise.resolve()
    }
    // A socket that breaks is closed, which says all there is to say.
    return new Promise((resolve) => socket.send(data, () => resolve()))
  }

  const ping = (): void => {
    for (const line of lines) {
      if (!line.alive) line.socket.terminate()
      else if (line.socket.readyState === WebSocket.OPEN) {
        line.alive = false
        line.socket.ping()
      }
    }
  }

  const open = (socket: WebSocket, req: IncomingMessage, onConsole: boolean): void => {
    const line: Line = {
      socket,
      req,
      onConsole,
      named: undefined,
      connection: undefined,
      ending: undefined,
      alive: true
    }
    lines.add(line)
    pinging ??= setInterval(ping, pingEveryMs).unref()
    const closed = protocol.opened(
      {
        protocol: socket.protocol,
        send: (data) => send(line, data),
        close: (code, reason) => socket.close(code, reason),
        onMessage: (handle) => {
          socket.on("message", (data: Buffer, isBinary) => {
            if (isBinary) return socket.close(1003, "Send text")
            if (nestsTooDeeply(data)) return socket.close(4400, "The message is nested too deeply")
            handle(data.toString()).catch((error: unknown) => {
              Effect.runForkWith(context)(problemOf(Cause.die(error), "websocket"))
              socket.close(4500, "Internal error")
            })
          })
        }
      },
      line
    )
    socket.on("pong", () => (line.alive = true))
    // It is followed by `close`.
    socket.on("error", () => {})
    socket.once("close", (code, reason) => {
      lines.delete(line)
      if (lines.size === 0) {
        clearInterval(pinging)
        pinging = undefined
      }
      if (line.connection !== undefined) subscribers.leave(line.connection)
      void closed(code, reason.toString())
    })
  }

  /** Takes over an upgrade request for one of the two addresses. */
  return (req: IncomingMessage, socket: Duplex, head: Buffer): void => {
    socket.on("error", () => socket.destroy())
    const onConsole = req.url!.split("?")[0] === consolePath
    const origin = originOf(req.headers, publicUrl)
    if (origin === "foreign" || (onConsole && origin !== "own"))
      return refuseUpgrade(socket, 403, "Pages of another site may not open a connection.")
    const left = subscribers.arrive(addressOf(req), () => socket.destroy())
    if (typeof left !== "function")
      return refuseUpgrade(socket, (left.extensions["http"] as { readonly status: number }).status, left.message)
    socket.once("close", left)
    server.handleUpgrade(req, socket, head, (upgraded) => open(upgraded, req, onConsole))
  }
}

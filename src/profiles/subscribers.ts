/**
 * Everybody who keeps a connection of this process open: SSE streams and WebSockets. How many there may be, and when they end:
 *
 *     token revoked, signed out, space no longer readable   -> UNAUTHENTICATED to every subscription, then the connection
 *     does not take what is sent to it                      -> the connection, with a reason where there is a way to give it
 *     the process drains                                    -> the connection, at once: clients go on elsewhere with `resume`
 *
 * All connections are looked at every second, and at once when tokens or sessions of this process changed.
 */
import type { GraphQLError } from "graphql"
import type { Space } from "../workspace/workspace.ts"
import { type Caller, reads } from "./callers.ts"
import { graphqlError } from "./graphql-errors.ts"
import type { OpenSubscription } from "./open-subscription.ts"

/** Of a process: streams and sockets, and subscriptions over them. */
const mostConnections = 2_000
const mostSubscriptions = 2_000
/** Of one token or session, and of one address. */
const mostOfOne = 1_000
/** Bytes that may wait for a client, besides one result. */
export const mostWaitingBytes = 256 * 1024

const lookEveryMs = 1_000
/** A client that takes nothing for so long has gone, or should go. */
const stalledMs = 30_000
/** What was told in farewell gets this long to arrive. */
const farewellMs = 2_000

export type Ending = "unauthenticated" | "slow" | "draining"

/** What a transport says of its connection. */
interface Line {
  /** Bytes that wait for the client, and bytes that it has ever taken. */
  readonly waiting: () => number
  readonly taken: () => number
  /** Closes behind what the subscriptions were told; may take as long as the client does. */
  readonly close: (why: Ending) => void
  readonly destroy: () => void
}

/** A connection whose caller is known. */
export interface Connection {
  readonly caller: Caller
  readonly space: Space
  readonly line: Line
  readonly subscriptions: Set<OpenSubscription>
  /** When it was told to end. */
  ending: number | undefined
  stalled: { readonly taken: number; readonly since: number }
}

/** Counts who has how many. */
const makeQuota = (most: number) => {
  const counts = new Map<string, number>()
  return {
    isFull: (key: string) => (counts.get(key) ?? 0) >= most,
    take: (key: string) => void counts.set(key, (counts.get(key) ?? 0) + 1),
    give: (key: string) => {
      const left = (counts.get(key) ?? 1) - 1
      if (left === 0) counts.delete(key)
      else counts.set(key, left)
    }
  }
}

const full = (what: string) =>
  graphqlError("RATE_LIMITED", `${what} Close some, or try again later or at another process.`, 429)

export const revoked = () => graphqlError("UNAUTHENTICATED", "The access token was revoked, or its session is over.")

const goingAway = () => graphqlError("RATE_LIMITED", "This process is about to stop. Try again.", 503)

export type Subscribers = ReturnType<typeof makeSubscribers>

export const makeSubscribers = (onCount: (connections: number, subscriptions: number) => void) => {
  const connections = new Set<Connection>()
  const byCaller = makeQuota(mostOfOne)
  const subscriptionsByCaller = makeQuota(mostOfOne)
  const byAddress = makeQuota(mostOfOne)
  /** All, also those that have not said who they are. */
  const lines = new Set<{ readonly destroy: () => void }>()
  let subscriptions = 0
  let draining = false
  let timer: NodeJS.Timeout | undefined
  let looking = false

  const count = () => onCount(lines.size, subscriptions)

  /** A connection begins; or why it may not. What is answered is called when it is over. */
  const arrive = (address: string, destroy: () => void): GraphQLError | (() => void) => {
    if (draining) return goingAway()
    if (lines.size >= mostConnections) return full("This process has as many subscribers as it takes.")
    if (byAddress.isFull(address)) return full("Too many connections are open from this address.")
    const line = { destroy }
    lines.add(line)
    byAddress.take(address)
    count()
    return () => {
      if (!lines.delete(line)) return
      byAddress.give(address)
      count()
    }
  }

  /** The caller of a connection is known; or why it may not stay. */
  const join = (caller: Caller, space: Space, line: Line): GraphQLError | Connection => {
    if (draining) return goingAway()
    if (byCaller.isFull(caller.key)) return full("Too many connections of this token or session are open.")
    byCaller.take(caller.key)
    const stalled = { taken: 0, since: performance.now() }
    const connection: Connection = { caller, space, line, subscriptions: new Set(), ending: undefined, stalled }
    connections.add(connection)
    timer ??= setInterval(look, lookEveryMs).unref()
    return connection
  }

  const leave = (connection: Connection): void => {
    if (!connections.delete(connection)) return
    byCaller.give(connection.caller.key)
    for (const subscription of connection.subscriptions) subscription.end(undefined)
    if (connections.size > 0) return
    clearInterval(timer)
    timer = undefined
  }

  /** A subscription of a connection begins; or why it may not. It is counted until it ends. */
  const begin = (connection: Connection, subscription: OpenSubscription): GraphQLError | undefined => {
    const { caller } = connection
    if (subscriptions >= mostSubscriptions) return full("This process has as many subscribers as it takes.")
    if (subscriptionsByCaller.isFull(caller.key))
      return full("Too many subscriptions of this token or session are open.")
    subscriptions += 1
    subscriptionsByCaller.take(caller.key)
    connection.subscriptions.add(subscription)
    count()
    subscription.onEnd = () => {
      connection.subscriptions.delete(subscription)
      subscriptions -= 1
      subscriptionsByCaller.give(caller.key)
      count()
    }
    return undefined
  }

  const end = (connection: Connection, why: Ending): void => {
    if (connection.ending !== undefined) return
    connection.ending = performance.now()
    if (why === "unauthenticated") {
      const reason = revoked()
      for (const subscription of connection.subscriptions) subscription.end(reason)
    }
    connection.line.close(why)
    setTimeout(connection.line.destroy, farewellMs).unref()
  }

  const isStalled = (connection: Connection, now: number): boolean => {
    const taken = connection.line.taken()
    const moves = connection.line.waiting() === 0 || taken !== connection.stalled.taken
    if (moves) connection.stalled = { taken, since: now }
    return now - connection.stalled.since > stalledMs
  }

  /** Ends whoever may not stay. */
  const look = (): void => {
    const now = performance.now()
    for (const connection of connections) {
      if (connection.ending !== undefined) continue
      if (isStalled(connection, now)) end(connection, "slow")
    }
    if (!looking) void checkAll().finally(() => (looking = false))
  }

  const checkAll = async (): Promise<void> => {
    looking = true
    const known = new Map<string, ReturnType<Caller["now"]>>()
    for (const connection of connections) {
      const { caller, space } = connection
      if (!known.has(caller.key)) known.set(caller.key, caller.now())
      // What cannot be asked now is asked again in a second.
      const access = await known.get(caller.key)!.catch(() => caller.access)
      if (access === undefined || !reads(access, space)) end(connection, "unauthenticated")
      // Its scopes may be others now.
      else caller.access = access
    }
  }

  const drain = (): void => {
    draining = true
    for (const connection of connections) end(connection, "draining")
    setTimeout(() => {
      for (const { destroy } of lines) destroy()
    }, farewellMs).unref()
  }

  return { arrive, join, leave, begin, end, look, drain }
}

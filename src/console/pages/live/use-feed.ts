/**
 * Follows what arrives: takes the subscription first and reads the newest messages once it stands, so nothing falls between the
 * two; goes on behind the last message when the connection was lost; closes it while nobody looks at the page, because a browser
 * has only a few connections for all its tabs.
 */
import { useQueryClient } from "@tanstack/react-query"
import { useEffect, useEffectEvent, useState } from "react"
import { ApiError, ask } from "../../api/client.ts"
import { refresh, useSpace } from "../../api/hooks.ts"
import type { LiveEventFilter } from "../../api/schema.gql.ts"
import { subscribe } from "../../api/stream.ts"
import { arrive, emptyFeed, type Feed, type Message, resume, settle, unresolved } from "./feed.ts"
import { followLiveEvents, liveEvents, liveOutcomes } from "./live.gql.ts"

export type Connection = "opening" | "live" | "reconnecting" | "refused"

const firstPauseMs = 500
const longestPauseMs = 10_000
/** What comes within this time is shown at once. */
const batchMs = 100
const settleEveryMs = 1000
/** Messages that wait longer than this are asked for less often. */
const youngMs = 60_000
const mostAsked = 100

/** Trying again will not help. */
const final = new Set(["UNAUTHENTICATED", "FORBIDDEN", "VALIDATION_FAILED", "NOT_FOUND"])

const asApiError = (error: unknown): ApiError =>
  error instanceof ApiError ? error : new ApiError("INTERNAL", error instanceof Error ? error.message : String(error))

/** Until the page is looked at. */
const visible = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (!document.hidden || signal.aborted) return resolve()
    const look = () => {
      if (document.hidden && !signal.aborted) return
      document.removeEventListener("visibilitychange", look)
      resolve()
    }
    document.addEventListener("visibilitychange", look)
    signal.addEventListener("abort", look, { once: true })
  })

/** Ends with `signal`, when nobody has looked at the page for a while, and when the machine has lost its network. */
const whileVisible = (signal: AbortSignal) => {
  const lost = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  const look = () => {
    clearTimeout(timer)
    if (document.hidden) timer = setTimeout(() => lost.abort(), 30_000)
  }
  const stop = () => lost.abort()
  document.addEventListener("visibilitychange", look)
  addEventListener("offline", stop)
  const end = () => {
    clearTimeout(timer)
    document.removeEventListener("visibilitychange", look)
    removeEventListener("offline", stop)
  }
  return { signal: AbortSignal.any([signal, lost.signal]), stop, end }
}

const offline = new ApiError("UNREACHABLE", "This machine has no network. What arrives meanwhile will be shown.")

/** Less when the network comes back. */
const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      removeEventListener("online", end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    addEventListener("online", end)
    signal.addEventListener("abort", end, { once: true })
  })

interface Follower {
  readonly onMessages: (messages: ReadonlyArray<Message>, first: boolean) => void
  readonly onConnection: (connection: Connection, error?: ApiError) => void
}

/** Follows until `signal` ends it or the service refuses. */
const follow = async (
  space: string,
  filter: LiveEventFilter,
  signal: AbortSignal,
  { onMessages, onConnection }: Follower
): Promise<void> => {
  let last: Message | undefined
  let failures = 0
  const told = (messages: ReadonlyArray<Message>, first: boolean) => {
    for (const message of messages) if (last === undefined || Number(message.id) > Number(last.id)) last = message
    onMessages(messages, first)
  }
  while (!signal.aborted) {
    await visible(signal)
    const watched = whileVisible(signal)
    let refused: ApiError | undefined
    try {
      const opened = () => {
        failures = 0
        onConnection("live")
        if (last !== undefined) return
        ask(liveEvents, { space, filter }, space, watched.signal).then(
          (data) => told(data.liveEvents, true),
          (error: unknown) => {
            refused = asApiError(error)
            watched.stop()
          }
        )
      }
      await subscribe(followLiveEvents, { space, filter, resume: last?.resume ?? null }, space, watched.signal, {
        onOpen: opened,
        onData: (data) => told([data.liveEvents], false)
      })
      // The service goes down in order: another one goes on, or this one in a moment.
      if (!signal.aborted) onConnection("reconnecting")
    } catch (error) {
      if (signal.aborted) return
      // Hidden for a while: it goes on when somebody looks again.
      if (watched.signal.aborted && document.hidden) continue
      const failure = refused ?? (watched.signal.aborted ? offline : asApiError(error))
      if (final.has(failure.code)) return onConnection("refused", failure)
      onConnection("reconnecting", failure)
    } finally {
      watched.end()
    }
    failures += 1
    await pause(Math.min(longestPauseMs, firstPauseMs * 2 ** (failures - 1)), signal)
  }
}

interface LiveState {
  /** Undefined: nothing has been answered yet. */
  readonly feed: Feed | undefined
  readonly connection: Connection
  readonly error: ApiError | undefined
  /** The filter was changed, and what is shown is still that of the old one. */
  readonly stale: boolean
  readonly retry: () => void
}

export const useFeed = (filter: LiveEventFilter, paused: boolean): LiveState => {
  const { id: space } = useSpace()
  const client = useQueryClient()
  const [feed, setFeed] = useState<Feed | undefined>()
  const [connection, setConnection] = useState<Connection>("opening")
  const [error, setError] = useState<ApiError | undefined>()
  const [stale, setStale] = useState(false)
  const [attempt, setAttempt] = useState(0)
  const [wasPaused, setWasPaused] = useState(paused)
  if (paused !== wasPaused) {
    setWasPaused(paused)
    if (!paused && feed !== undefined) setFeed(resume(feed))
  }

  const take = useEffectEvent((messages: ReadonlyArray<Message>, first: boolean) => {
    setFeed((old) => (first ? arrive(emptyFeed, messages, false) : arrive(old ?? emptyFeed, messages, paused)))
    if (first) setStale(false)
  })
  const tell = useEffectEvent((now: Connection, failure?: ApiError) => {
    setConnection(now)
    setError(failure)
    // Whoever asks next learns the same, and is sent to sign in.
    if (failure?.code === "UNAUTHENTICATED") void refresh(client, space)
  })
  const wanted = JSON.stringify(filter)
  useEffect(() => {
    const end = new AbortController()
    let batch: Array<Message> = []
    let timer: ReturnType<typeof setTimeout> | undefined
    const flush = () => {
      timer = undefined
      if (batch.length > 0) take(batch, false)
      batch = []
    }
    setStale(true)
    void follow(space, JSON.parse(wanted) as LiveEventFilter, end.signal, {
      onMessages: (messages, first) => {
        if (end.signal.aborted) return
        if (first) return take([...messages, ...batch], true)
        batch.push(...messages)
        timer ??= setTimeout(flush, batchMs)
      },
      onConnection: (now, failure) => {
        if (!end.signal.aborted) tell(now, failure)
      }
    })
    return () => {
      end.abort()
      clearTimeout(timer)
    }
  }, [space, wanted, attempt])

  const learn = useEffectEvent(async (tick: number, signal: AbortSignal) => {
    if (feed === undefined || connection !== "live") return
    const ids = unresolved(feed, tick % 10 === 0 ? 0 : Date.now() - youngMs).slice(0, mostAsked)
    if (ids.length === 0) return
    const { outcomes } = await ask(liveOutcomes, { space, ids }, space, signal)
    setFeed((old) => (old === undefined ? old : settle(old, outcomes)))
  })
  useEffect(() => {
    const end = new AbortController()
    const loop = async () => {
      for (let tick = 1; !end.signal.aborted; tick++) {
        await pause(settleEveryMs, end.signal)
        // The stream tells when the service is away.
        if (!end.signal.aborted && !document.hidden) await learn(tick, end.signal).catch(() => {})
      }
    }
    void loop()
    return () => end.abort()
  }, [])

  return { feed, connection, error, stale, retry: () => setAttempt((n) => n + 1) }
}

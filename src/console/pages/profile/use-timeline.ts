/** Reads what a timeline is made of, page by page: events of the last 14 days, and the history since the beginning. */
import { useInfiniteQuery } from "@tanstack/react-query"
import { useMemo } from "react"
import { ask } from "../../api/client.ts"
import { nodes } from "../../api/hooks.ts"
import { eventTypes } from "../../url-state.ts"
import { profileHistory, profileTimeline } from "./profile.gql.ts"
import type { ProfileRef } from "./ref.ts"
import { frontierOf, happenedOf, rowsOf, timeline, until } from "./timeline.ts"

export type Shown = "all" | "events" | "identity"

const mostPages = 50

export const useTimeline = (of: ProfileRef, shown: Shown) => {
  const events = useInfiniteQuery({
    queryKey: [of.space, profileTimeline.name, of.id],
    queryFn: ({ pageParam, signal }) =>
      ask(profileTimeline, { ...of, types: eventTypes, after: pageParam }, of.space, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ profile }) =>
      profile?.events.pageInfo.hasNextPage === true ? (profile.events.pageInfo.endCursor ?? undefined) : undefined,
    maxPages: mostPages,
    refetchInterval: ({ state }) => ((state.data?.pages.length ?? 0) < 2 ? 15_000 : false)
  })
  const history = useInfiniteQuery({
    queryKey: [of.space, "ProfileHistoryPages", of.id],
    queryFn: ({ pageParam, signal }) => ask(profileHistory, { ...of, before: pageParam }, of.space, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ profile }) =>
      profile?.history.pageInfo.hasPreviousPage === true
        ? (profile.history.pageInfo.startCursor ?? undefined)
        : undefined,
    maxPages: mostPages,
    refetchInterval: ({ state }) => ((state.data?.pages.length ?? 0) < 2 ? 15_000 : false)
  })
  const eventPages = events.data?.pages
  const historyPages = history.data?.pages
  const came = useMemo(
    () => (eventPages ?? []).flatMap(({ profile }) => (profile === null ? [] : nodes(profile.events))),
    [eventPages]
  )
  // Pages come from the newest to the oldest, and each is the oldest first.
  const told = useMemo(
    () => (historyPages ?? []).toReversed().flatMap(({ profile }) => (profile === null ? [] : nodes(profile.history))),
    [historyPages]
  )
  const wantsEvents = shown !== "identity"
  const wantsHistory = shown !== "events"
  const { at, next } = frontierOf(
    { oldest: came.at(-1)?.timestamp, more: wantsEvents && events.hasNextPage },
    { oldest: told[0] === undefined ? undefined : happenedOf(told[0]), more: wantsHistory && history.hasNextPage }
  )
  const days = useMemo(() => until(timeline(came, told, shown), at), [came, told, shown, at])
  const reading = events.isFetchingNextPage || history.isFetchingNextPage
  return {
    rows: useMemo(() => rowsOf(days), [days]),
    ready: eventPages !== undefined && historyPages !== undefined,
    error: events.error ?? history.error,
    readAt: Math.min(events.dataUpdatedAt, history.dataUpdatedAt),
    retry: () => void Promise.all([events.refetch(), history.refetch()]),
    more: next !== undefined,
    reading,
    readOn: () => {
      if (next !== undefined && !reading) void (next === "events" ? events : history).fetchNextPage()
    }
  }
}

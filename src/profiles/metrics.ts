/** Numbers about the Profile API: one update per request, by route and status. */
import { type Context, Metric } from "effect"

const requests = Metric.counter("braid_profile_api_requests_total", {
  description: "Requests answered by the Profile API",
  incremental: true
})
const seconds = Metric.histogram("braid_profile_api_seconds", {
  description: "Time from request to answer, in seconds",
  boundaries: Metric.exponentialBoundaries({ start: 0.0005, factor: 2, count: 14 })
})

const open = Metric.gauge("braid_profile_api_open", {
  description: "Open streams and sockets, and subscriptions over them"
})

export type Route =
  | "traits"
  | "external_ids"
  | "events"
  | "metadata"
  | "links"
  | "delete"
  | "list"
  | "schema"
  | "graphql"
  | "websocket"
  | "graphiql"
  | "none"

/** Attributes are attached once per route and status, of which there are few. */
export const makeApiMetrics = (context: Context.Context<never>) => {
  const counters = new Map<string, Metric.Counter<number>>()
  const histograms = new Map<Route, typeof seconds>()
  const connections = Metric.withAttributes(open, { kind: "connections" })
  const subscriptions = Metric.withAttributes(open, { kind: "subscriptions" })
  return {
    subscribers: (lines: number, subscribed: number): void => {
      connections.updateUnsafe(lines, context)
      subscriptions.updateUnsafe(subscribed, context)
    },
    /** `elapsed` in ms. */
    answered: (route: Route, status: number, elapsed: number): void => {
      const key = `${route} ${status}`
      let counter = counters.get(key)
      if (counter === undefined) {
        counter = Metric.withAttributes(requests, { route, status: String(status) }) as Metric.Counter<number>
        counters.set(key, counter)
      }
      counter.updateUnsafe(1, context)
      let histogram = histograms.get(route)
      if (histogram === undefined) {
        histogram = Metric.withAttributes(seconds, { route }) as typeof seconds
        histograms.set(route, histogram)
      }
      histogram.updateUnsafe(elapsed / 1000, context)
    }
  }
}

export type ApiMetrics = ReturnType<typeof makeApiMetrics>

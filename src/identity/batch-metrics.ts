/** Numbers about the batches of a space: how large, with which outcomes, what was not promoted and why. */
import { Effect, Metric } from "effect"
import type { BatchCounts, ResolvedBatch } from "./batch.ts"

const eventsTotal = Metric.counter("braid_identity_events_total", {
  description: "Events that spaces have gone through, by outcome",
  incremental: true
})
const ignoredTotal = Metric.counter("braid_identity_ignored_total", {
  description: "Values that could have been identifiers but were not promoted, by reason (IDR-33)",
  incremental: true
})
const batchEvents = Metric.histogram("braid_identity_batch_events", {
  description: "Events in one commit",
  boundaries: Metric.exponentialBoundaries({ start: 1, factor: 4, count: 7 })
})

/** Counts a batch; attributes are built once. */
export const batchCounters = (space: string) => {
  const outcomes = ["resolved", "unresolved", "dropped", "duplicates", "failed"] as const satisfies ReadonlyArray<
    keyof BatchCounts
  >
  const byOutcome = outcomes.map(
    (outcome) => [outcome, Metric.withAttributes(eventsTotal, { space, outcome })] as const
  )
  const byReason = new Map<string, Metric.Counter<number>>()
  const ignored = (reason: string) => {
    let counter = byReason.get(reason)
    if (counter === undefined) {
      counter = Metric.withAttributes(ignoredTotal, { space, reason })
      byReason.set(reason, counter)
    }
    return counter
  }
  return (batch: ResolvedBatch) =>
    Effect.gen(function* () {
      yield* Metric.update(batchEvents, batch.rows.stamps.pos.length)
      for (const [outcome, counter] of byOutcome)
        if (batch.counts[outcome] > 0) yield* Metric.update(counter, batch.counts[outcome])
      for (const [reason, n] of batch.ignored) yield* Metric.update(ignored(reason), n)
    })
}

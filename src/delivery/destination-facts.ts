/**
 * What became of the events that a destination got, seen as a whole or by one of its mappings: with a mapping selected, events that
 * went only to others count as filtered, `FILTERED_AT_MAPPING` (DEL-33). How many these are is told by subtraction: every event that
 * was not filtered has at most one job of the mapping.
 */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import { type Fact, type FactQuery, readFacts } from "./facts.ts"

export const filteredAtMapping = "FILTERED_AT_MAPPING"

type By = FactQuery["by"]

const keyOf = (fact: Fact): string =>
  `${fact.step} ${fact.at} ${fact.attempts} ${fact.eventType} ${fact.subscriptionId}\n${fact.discardReason}\n${fact.appVersion}\n${fact.eventName}`

/** Sums of what is no longer told apart. */
const regroup = (facts: ReadonlyArray<Fact>, by: By): ReadonlyArray<Fact> => {
  const groups = new Map<string, Fact>()
  for (const fact of facts) {
    const group: Fact = {
      ...fact,
      discardReason: by.has("discardReason") ? fact.discardReason : "",
      subscriptionId: by.has("subscriptionId") ? fact.subscriptionId : "",
      attempts: by.has("attempts") ? fact.attempts : 0
    }
    const key = keyOf(group)
    const found = groups.get(key)
    groups.set(
      key,
      found === undefined ? group : { ...found, count: found.count + fact.count, retries: found.retries + fact.retries }
    )
  }
  return [...groups.values()]
}

/** From events and the jobs of one mapping to what is seen of that mapping. */
export const seenByMapping = (facts: ReadonlyArray<Fact>): ReadonlyArray<Fact> => {
  const seen: Array<Fact> = []
  const elsewhere = new Map<string, Fact>()
  for (const fact of facts) {
    const isJob = fact.subscriptionId !== ""
    if (isJob || fact.step === "filtered_at_destination") seen.push(fact)
    if (fact.step === "filtered_at_destination") continue
    const rest: Fact = {
      ...fact,
      step: "filtered_at_destination",
      discardReason: filteredAtMapping,
      subscriptionId: "",
      attempts: 0,
      retries: 0,
      count: isJob ? -fact.count : fact.count
    }
    const key = keyOf(rest)
    elsewhere.set(key, { ...rest, count: rest.count + (elsewhere.get(key)?.count ?? 0) })
  }
  // Below zero only while a name that has just got, or lost, its own label is pending under the other one.
  return [...seen, ...[...elsewhere.values()].filter(({ count }) => count > 0)]
}

export type DestinationQuery = Omit<FactQuery, "what"> & { readonly mapping?: string | undefined }

/** The steps of a destination: filtered, pending, failed, delivered. */
export const readDestinationFacts = Effect.fnUntraced(function* (
  sql: PgClient.PgClient,
  { mapping, ...query }: DestinationQuery
): Effect.fn.Return<ReadonlyArray<Fact>, SqlError.SqlError> {
  const { by, filter = {}, steps } = query
  if (mapping === undefined)
    return yield* readFacts(sql, { ...query, what: by.has("subscriptionId") ? "jobs" : "events" })
  const { attempts, discardReason, ...labels } = filter
  const facts = yield* readFacts(sql, {
    ...query,
    what: { mapping },
    steps: ["filtered_at_destination", "pending", "failed_delivery", "successful_delivery"],
    by: new Set([...by, "discardReason", "attempts"]),
    filter: labels
  })
  const seen = seenByMapping(facts).filter(
    (fact) =>
      steps.includes(fact.step) &&
      (discardReason === undefined || discardReason.includes(fact.discardReason)) &&
      (attempts === undefined || attempts.includes(fact.attempts))
  )
  return regroup(seen, by)
})

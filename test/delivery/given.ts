/** What became of events, counted as the engine counts them (DEL-33), and a plain model of what must be seen of it. */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { Counted } from "../../src/delivery/steps.ts"
import { Tally, writeTally } from "../../src/delivery/tally.ts"

export type JobFate =
  | { readonly kind: "delivered"; readonly attempts: number; readonly latency: number }
  | { readonly kind: "failed"; readonly code: string; readonly attempts: number }
  | { readonly kind: "pending"; readonly code: string; readonly attempts: number }

export type Fate =
  | { readonly kind: "filtered"; readonly code: string }
  /** By mapping; `""`: the one job of a classic destination. */
  | { readonly kind: "routed"; readonly jobs: Readonly<Record<string, JobFate>> }

export interface GivenEvent {
  readonly receivedAt: number
  readonly eventType: string
  readonly eventName: string
  readonly appVersion: string
  readonly fate: Fate
}

export const given = (fate: Fate, receivedAt: number, label: Partial<GivenEvent> = {}): GivenEvent => ({
  receivedAt,
  eventType: "track",
  eventName: "Order",
  appVersion: "1",
  fate,
  ...label
})

export const delivered = (attempts = 1, latency = 100): Fate => ({
  kind: "routed",
  jobs: { m1: { kind: "delivered", attempts, latency } }
})
export const failed = (code: string, attempts = 1): Fate => ({
  kind: "routed",
  jobs: { m1: { kind: "failed", code, attempts } }
})
export const pending = (code: string, attempts = 1): Fate => ({
  kind: "routed",
  jobs: { m1: { kind: "pending", code, attempts } }
})
export const filtered = (code: string): Fate => ({ kind: "filtered", code })

/** What an event is as a whole: pending, failed, delivered, in this order. */
export const asWhole = (fate: Fate): "filtered" | JobFate["kind"] => {
  if (fate.kind === "filtered") return "filtered"
  const kinds = new Set(Object.values(fate.jobs).map(({ kind }) => kind))
  return kinds.has("pending") ? "pending" : kinds.has("failed") ? "failed" : "delivered"
}

let position = 1

/** What the engine adds to its tally, and the rows of what waits, in one transaction. */
export const happened = (
  sql: PgClient.PgClient,
  { destination, source }: { readonly destination: number; readonly source: number },
  events: ReadonlyArray<GivenEvent>
): Effect.Effect<void, SqlError.SqlError> => {
  const tally = new Tally()
  const rows: Array<readonly [GivenEvent, string, JobFate, boolean, number]> = []
  for (const event of events) {
    const { eventName, eventType, appVersion, fate, receivedAt } = event
    const base = { destination, source, eventType, eventName, appVersion, receivedAt }
    const add = (more: Pick<Counted, "step" | "code" | "mapping" | "attempts"> & Partial<Counted>) =>
      tally.add({ ...base, ...more })
    if (fate.kind === "filtered") {
      add({ step: "filtered_at_destination", code: fate.code, mapping: "", attempts: 0 })
      continue
    }
    const jobs = Object.entries(fate.jobs)
    const at = position++
    for (const [mapping, job] of jobs) {
      if (job.kind === "pending") rows.push([event, mapping, job, jobs.length > 1, at])
      else if (mapping !== "")
        add(
          job.kind === "failed"
            ? { step: "failed_delivery", code: job.code, mapping, attempts: job.attempts }
            : {
                step: "successful_delivery",
                code: "",
                mapping,
                attempts: job.attempts,
                latency: job.latency
              }
        )
    }
    const whole = asWhole(fate)
    const decisive = jobs.map(([, job]) => job).find(({ kind }) => kind === whole)!
    if (decisive.kind === "failed")
      add({ step: "failed_delivery", code: decisive.code, mapping: "", attempts: decisive.attempts })
    if (decisive.kind === "delivered")
      add({
        step: "successful_delivery",
        code: "",
        mapping: "",
        attempts: decisive.attempts,
        latency: decisive.latency
      })
  }
  return sql.withTransaction(
    Effect.gen(function* () {
      yield* writeTally(sql, tally)
      for (const [event, mapping, job, several, at] of rows)
        yield* sql`insert into delivery_jobs (destination, position, mapping, key, source, payload, attempts, received_at, event_type, event_name,
            app_version, several, failed, last_code) values (${destination}, ${at}, ${mapping}, ${`${mapping} p ${at}`}, ${source}, '{}', ${job.attempts},
            ${new Date(event.receivedAt)}, ${event.eventType}, ${event.eventName}, ${event.appVersion}, ${several}, false, ${job.kind === "delivered" ? "" : job.code})`
    })
  )
}

/** What the door counts of a source. */
export const atDoor = (
  sql: PgClient.PgClient,
  source: number,
  step: "successfully_received" | "failed_on_ingest" | "filtered_at_source" | "duplicate" | "suppressed",
  code: string,
  receivedAt: number,
  count: number,
  label: { readonly eventType?: string; readonly eventName?: string; readonly appVersion?: string } = {}
): Effect.Effect<void, SqlError.SqlError> => {
  const tally = new Tally()
  tally.add(
    {
      destination: 0,
      source,
      step,
      code,
      mapping: "",
      eventType: "track",
      eventName: "Order",
      appVersion: "1",
      receivedAt,
      attempts: 0,
      ...label
    },
    count
  )
  return writeTally(sql, tally)
}

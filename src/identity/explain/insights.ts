/**
 * Errors, violations and successes of one event as records with their cause (IDR-141 to IDR-143), from its journal entry.
 * They are the rows that live resolution writes (`errorRows`), also for events whose rows are long gone.
 */
import { identifierOf, type JournalEntry, type Side } from "../journal.ts"
import type { Breach, EventFacts, Identifier, Violation } from "../model.ts"
import {
  type ErrorKind,
  errorRows,
  type Recorded,
  type Success,
  successes,
  successId,
  violationId
} from "../records.ts"

export interface Insight {
  /** `vio_…` or `suc_…`. */
  readonly id: string
  /** ms */
  readonly at: number
  readonly kind: ErrorKind | Violation["kind"] | Success["kind"]
  readonly class: "error" | "violation" | "success"
  readonly identifier: Identifier | null
  readonly breach: Breach | null
  readonly candidates: ReadonlyArray<string>
  /** Where the event went, as it was called then. */
  readonly segmentId: string | null
  /** Of a merge. */
  readonly mergeId: string | null
  /** Turn of the loop; null: not decided in the loop. */
  readonly iteration: number | null
  readonly nextStep: string | null
  readonly messageId: string
  readonly eventType: JournalEntry["type"]
  readonly eventName: string | null
  readonly sourceId: string
  readonly rulesVersion: number
}

const factsOf = (entry: JournalEntry): EventFacts => {
  const { position, seq, messageId, type, name, sourceId, source, t, timestamp, receivedAt } = entry
  return { position, seq, messageId, type, name, sourceId, source, t, timestamp, receivedAt }
}

const violationsOf = (entry: JournalEntry): ReadonlyArray<Violation> =>
  (entry.violations ?? []).map(({ kind, id, candidates = [], iteration = 0, breach = null }) => {
    const [, , , from, rank] = entry.ids[id]!
    return { kind, identifier: { ...identifierOf(entry, id), from, index: id, rank }, breach, candidates, iteration }
  })

const outcome = (side: Side | undefined) => side ?? null

const recorded = (entry: JournalEntry): Recorded => ({
  facts: factsOf(entry),
  rulesVersion: entry.rules,
  violations: violationsOf(entry),
  users: outcome(entry.users),
  accounts: outcome(entry.accounts)
})

const causeOf = (entry: JournalEntry) => ({
  at: entry.receivedAt,
  messageId: entry.messageId,
  eventType: entry.type,
  eventName: entry.name,
  sourceId: entry.sourceId,
  rulesVersion: entry.rules
})

/** In the order of `errorRows`: the number of the record is the index. */
export const errorInsights = (entry: JournalEntry): ReadonlyArray<Insight> =>
  errorRows(recorded(entry)).map(({ kind, identifier, data }, n) => ({
    ...causeOf(entry),
    id: violationId(entry.seq, n),
    kind,
    class: identifier === null ? "error" : "violation",
    identifier,
    breach: data.breach,
    candidates: data.candidates,
    segmentId: data.segment_id,
    mergeId: null,
    iteration: data.iteration === 0 ? null : data.iteration,
    nextStep: data.next_step
  }))

export const successInsights = (entry: JournalEntry): ReadonlyArray<Insight> =>
  successes(entry).map((success, n) => ({
    ...causeOf(entry),
    id: successId(entry.seq, n),
    kind: success.kind,
    class: "success",
    identifier: success.kind === "Identifier mapped" ? success.identifier : null,
    breach: null,
    candidates:
      success.kind === "Profiles merged" ? [success.from] : success.kind === "Link created" ? [success.account] : [],
    segmentId: success.segmentId,
    mergeId: success.kind === "Profiles merged" ? success.mergeId : null,
    iteration: null,
    nextStep: null
  }))

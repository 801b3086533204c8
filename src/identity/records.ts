/**
 * What Profiles Insights shows (spec 02 section 12): errors and violations as rows of their own, because people
 * filter them; successes derived from the journal entry, because they say nothing that is not in it.
 */
import { identifierOf, type JournalEntry } from "./journal.ts"
import type {
  Breach,
  CollectionResolution,
  EventFacts,
  Identifier,
  ProfileNo,
  Resolution,
  Seq,
  Violation,
  ViolationKind
} from "./model.ts"

export type ErrorKind = "No matching identifiers on event" | "Internal resolution failure"

/** Fields of the event that caused a record. */
interface Cause {
  readonly message_id: string
  readonly event: {
    readonly type: string
    readonly name: string | null
    readonly source_id: string
    readonly timestamp: string
  }
  readonly rules_version: number
}

export interface ErrorData extends Cause {
  /** The breached limit (IDR-65) when there is one. */
  readonly breach: Breach | null
  /** Segment ids that the identifier could have led to. */
  readonly candidates: ReadonlyArray<string>
  /** Where the event went; null when it was not resolved. */
  readonly segment_id: string | null
  /** Turn of the loop, from 1; 0 = not in the loop. */
  readonly iteration: number
  readonly next_step: string
}

/** One error or violation of an event; their order gives the number of the record. */
export interface ErrorRow {
  readonly kind: ErrorKind | ViolationKind
  /** The profile that the event resolved to, in the collection of the identifier. */
  readonly profile: ProfileNo | null
  readonly identifier: Identifier | null
  readonly data: ErrorData
}

export const violationId = (seq: Seq, n: number): string => `vio_${seq}_${n}`
export const successId = (seq: Seq, n: number): string => `suc_${seq}_${n}`

const causeOf = (facts: EventFacts, rulesVersion: number): Cause => ({
  message_id: facts.messageId,
  event: {
    type: facts.type,
    name: facts.name,
    source_id: facts.sourceId,
    timestamp: new Date(facts.timestamp).toISOString()
  },
  rules_version: rulesVersion
})

/** What to do about each kind, addressed to the person who looks at the record (IDR-142). */
const nextStep = ({ kind, identifier: { type, value }, breach }: Violation): string => {
  const limit =
    breach?.kind === "limit"
      ? `${breach.limit} ${breach.type} ${breach.window === "ever" ? "ever" : breach.window}`
      : ""
  switch (kind) {
    case "Identifier value limit exceeded":
      return `The profile would have exceeded ${limit}. If ${type}:${value} is shared by several people, nothing is wrong. If it is one person, raise the limit of ${breach?.kind === "limit" ? breach.type : type} or check that the client calls reset() at logout.`
    case "Identifier value time limit exceeded":
      return `The profile would have exceeded ${limit}. It is accepted once enough values are older than the window; if this happens often, choose a higher limit or a shorter window.`
    case "ID value blocked":
      return `${type} does not accept this value, because it stands for "no value" or was blocked by an administrator. Correct the client that sends it, or remove the value from the blocked values of ${type}.`
    case "Profile merge limit exceeded":
      return `So many merges into one profile mean that strangers are being joined. Look for a shared identifier in the merge history of the profile, block it or lower its limit.`
    case "Identifier mapping limit exceeded":
      return `The profile holds as many identifiers as a profile may. Look for a type that grows with every visit, and give it a limit with a window.`
    case "Profiles kept apart":
      return `These profiles were separated by a person and may not merge again. Lift the separation if they are one person after all.`
  }
}

const noIdentifiers =
  "No identifier of the event could be used. Check that the source sends userId or anonymousId and that their values are not blocked; the record shows what was ignored."

type Outcome = Pick<CollectionResolution, "target" | "segmentId"> | null

/** What the errors of an event follow from: its resolution, or as much of it as a journal entry keeps. */
export interface Recorded extends Pick<Resolution, "facts" | "rulesVersion" | "violations"> {
  readonly users: Outcome
  readonly accounts: Outcome
}

/** Errors and violations of an event (IDR-141, IDR-142), in the order in which they occurred; the error last. */
export const errorRows = (resolution: Recorded): ReadonlyArray<ErrorRow> => {
  const { facts, rulesVersion, users, accounts, violations } = resolution
  if (violations.length === 0 && (users !== null || accounts !== null)) return []
  const cause = causeOf(facts, rulesVersion)
  const rows = violations.map((violation): ErrorRow => {
    const { kind, breach, candidates, iteration } = violation
    const { collection, type, value } = violation.identifier
    const side = collection === "users" ? users : accounts
    return {
      kind,
      profile: side?.target ?? null,
      identifier: { collection, type, value },
      data: {
        ...cause,
        breach,
        candidates,
        segment_id: side?.segmentId ?? null,
        iteration,
        next_step: nextStep(violation)
      }
    }
  })
  if (users === null && accounts === null)
    rows.push({
      kind: "No matching identifiers on event",
      profile: null,
      identifier: null,
      data: { ...cause, breach: null, candidates: [], segment_id: null, iteration: 0, next_step: noIdentifiers }
    })
  return rows
}

/** What an event achieved (IDR-143). Segment ids are those at the time of the event. */
export type Success =
  | { readonly kind: "Profile created"; readonly segmentId: string }
  | { readonly kind: "Identifier mapped"; readonly segmentId: string; readonly identifier: Identifier }
  | { readonly kind: "Profiles merged"; readonly segmentId: string; readonly from: string; readonly mergeId: string }
  | { readonly kind: "Link created"; readonly segmentId: string; readonly account: string }

/** In the order in which they happened; the order gives the number of the record. */
export const successes = (entry: JournalEntry): ReadonlyArray<Success> => {
  const all: Array<Success> = []
  for (const side of [entry.users, entry.accounts]) {
    if (side === undefined) continue
    const { segmentId } = side
    if (side.action === "create") all.push({ kind: "Profile created", segmentId })
    for (const merged of side.merged ?? [])
      all.push({ kind: "Profiles merged", segmentId, from: merged.segmentId, mergeId: merged.id })
    for (const id of side.mapped ?? [])
      all.push({ kind: "Identifier mapped", segmentId, identifier: identifierOf(entry, id) })
  }
  if (entry.linked === true && entry.users !== undefined && entry.accounts !== undefined)
    all.push({ kind: "Link created", segmentId: entry.users.segmentId, account: entry.accounts.segmentId })
  return all
}

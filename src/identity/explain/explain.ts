/**
 * Explaining an event without doing anything: the functions of live resolution in their order, watched (IDR-180, INV-18).
 *
 *     question --examine--> [load what the set lacks] --explain--> Explanation
 *
 * `prepare` asks the filters, drops, looks at the ledger and extracts; `resolve` decides; the journal entry tells the rest.
 * Nothing here decides anything, so explain and resolution cannot disagree (IDR-181). Everything happens in a working set
 * that is thrown away.
 */
import type { JsonObject, Message } from "../../event/message.ts"
import type { EventFilter, Source } from "../../workspace/workspace.ts"
import { prepare, type Prepared } from "../batch.ts"
import { filtered } from "../event-filters.ts"
import type { Loaded } from "../graph.ts"
import { entryOf, identifierOf, type JournalEntry, type Side } from "../journal.ts"
import type { ProfileNo, Seq } from "../model.ts"
import type { Position } from "../../log/event-log.ts"
import { toRecord } from "../resolution-record.ts"
import { resolve, type ResolveOptions } from "../resolve.ts"
import type { Rules } from "../rules.ts"
import { type LoadRequest, WorkingSet } from "../working-set.ts"
import { errorInsights, successInsights } from "./insights.ts"
import { tellResolution } from "./loop.ts"
import { type FilterAnswer, tellDrop, tellExtraction, tellFilters, tellKept } from "./opening.ts"
import { type Explanation, type ProfileOutcome, Steps, type StepData } from "./steps.ts"
import { discardedBecause, droppedBecause } from "./words.ts"
import { type MemberDocs, summaryOf, tellWrites } from "./writes.ts"

export interface Question {
  readonly spaceId: string
  /** As the log would hold it. */
  readonly message: Message
  readonly source: Pick<Source, "no" | "id" | "enabled">
  /** Ledger key (IDR-132), and whether the space has it. */
  readonly hash: string
  readonly known: boolean
  /** Where it would be in the log, and the last `seq` of the space. */
  readonly position: Position
  readonly lastSeq: Seq
  readonly rules: Rules
  readonly filters: ReadonlyArray<EventFilter>
  readonly options: ResolveOptions
  readonly maxTraits: number
  readonly assumptions: ReadonlyArray<string>
}

/** What is known of an event before the graph was asked. */
export interface Examined {
  readonly question: Question
  readonly prepared: Prepared
  readonly answers: ReadonlyArray<FilterAnswer>
  readonly set: WorkingSet
  /** What of the graph the resolution needs; nothing when the event is dropped. */
  readonly request: LoadRequest
}

export interface Known {
  readonly loaded: Loaded
  /** Segment ids of `segmentIdsOf` that were issued before (IDR-110). */
  readonly issued: Iterable<string>
  /** Trait documents of loaded profiles, by canonical profile; needed when the event has traits. */
  readonly docs: ReadonlyMap<ProfileNo, MemberDocs>
}

const encoder = new TextEncoder()

export const examine = (question: Question): Examined => {
  const { message, source, hash, known, position, lastSeq, rules, filters } = question
  const answers: Array<FilterAnswer> = []
  const watched = filters.map((filter): EventFilter => ({
    ...filter,
    matches: (event) => {
      const answer = filter.matches(event)
      answers.push({ filter, answer })
      return answer
    }
  }))
  const event = { position, source: source.no, hash, body: encoder.encode(JSON.stringify(message)) }
  const sourceOf = () => source as Source
  const [prepared] = prepare([event], rules, sourceOf, {
    seen: new Set(known ? [hash] : []),
    lastSeq,
    filters: watched
  })
  const set = new WorkingSet(Number.POSITIVE_INFINITY)
  const request = set.request(prepared!.drop === null ? [prepared!.extraction] : [])
  return { question, prepared: prepared!, answers, set, request }
}

type Check = StepData["DROP_CHECK"]["check"]

export interface DroppedEvent extends Pick<Explanation, "messageId" | "rulesVersion" | "dryRun" | "assumptions"> {
  readonly check: Check
  readonly reason: string
}

/** Of an event that never reaches resolution. */
export const explainDrop = (steps: Steps, event: DroppedEvent): Explanation => {
  const { check, reason, dryRun, messageId, rulesVersion, assumptions } = event
  if (reason !== filtered || steps.all.length === 0) tellDrop(steps, check, reason)
  const why = check === "door" ? discardedBecause(reason) : droppedBecause(reason)
  return {
    messageId,
    rulesVersion,
    dryRun,
    assumptions,
    action: "dropped",
    profile: null,
    account: null,
    steps: steps.all,
    record: { message_id: messageId, rules_version: rulesVersion, dropped: reason },
    violations: [],
    successes: [],
    summary: `The event ${dryRun ? "would be" : "was"} dropped: ${why}.`
  }
}

const outcomeOf = (side: Side | undefined): ProfileOutcome | null =>
  side === undefined ? null : { segmentId: side.segmentId, created: side.action === "create" }

/** Everything that follows from the entry alone. */
export const fromEntry = (entry: JournalEntry): Omit<Explanation, "dryRun" | "assumptions" | "steps" | "summary"> => ({
  messageId: entry.messageId,
  action: (entry.users ?? entry.accounts)?.action ?? "unresolved",
  profile: outcomeOf(entry.users),
  account: outcomeOf(entry.accounts),
  rulesVersion: entry.rules,
  record: toRecord(entry),
  violations: errorInsights(entry),
  successes: successInsights(entry)
})

const docsOf = (docs: Known["docs"], side: Side): MemberDocs =>
  new Map([side.target, ...(side.merged ?? []).map(({ from }) => from)].flatMap((no) => [...(docs.get(no) ?? [])]))

export const explain = ({ question, prepared, answers, set, request }: Examined, known: Known): Explanation => {
  const { spaceId, message, options, maxTraits, assumptions } = question
  const { maxMerges, maxMappings } = options
  const { facts, extraction, autoAdded, rules } = prepared
  const steps = new Steps()
  tellFilters(steps, answers)
  const dropped = (reason: string) => {
    const check = reason === "ledger_duplicate" ? "ledger" : "content"
    const { messageId } = facts
    return explainDrop(steps, { messageId, rulesVersion: rules.version, dryRun: true, assumptions, check, reason })
  }
  if (prepared.drop !== null) return dropped(prepared.drop)
  tellKept(steps, "content", "Nothing about the event makes the space drop it.")
  tellKept(steps, "ledger", "Its message id has not been resolved in this space before.")

  set.absorb(request, known.loaded)
  set.noteIssued(known.issued)
  let entry: JournalEntry
  let apply: () => void
  try {
    const resolution = resolve(options, spaceId, rules, set, facts, extraction, autoAdded)
    entry = entryOf(resolution)
    apply = () => set.apply(resolution)
  } catch {
    return dropped("internal_resolution_failure")
  }
  tellExtraction(steps, entry, rules, false)
  const live = { rules, owner: set.owner, t: facts.t, maxMerges, maxMappings }
  tellResolution(steps, entry, live)
  apply()
  tellWrites(steps, entry, {
    live,
    after: ({ promoted }) => (promoted.length === 0 ? undefined : set.owner(identifierOf(entry, promoted[0]!))),
    traits: message.traits as JsonObject | undefined,
    docsOf: (side) => docsOf(known.docs, side),
    maxTraits
  })
  return { ...fromEntry(entry), dryRun: true, assumptions, steps: steps.all, summary: summaryOf(entry, false) }
}

/**
 * Explaining what has happened, from what was stored (IDR-182): the journal entry of the event, or, when it decided
 * nothing, its stamp and its message.
 */
import type { Message } from "../../event/message.ts"
import { extract, factsOf } from "../extract.ts"
import { entryOf, type JournalEntry } from "../journal.ts"
import { type CollectionResolution, collectionOf, type ExtractedIdentifier, type ProfileNo } from "../model.ts"
import type { Rules } from "../rules.ts"
import { fromEntry } from "./explain.ts"
import { tellResolution } from "./loop.ts"
import { tellExtraction, tellKept } from "./opening.ts"
import { type Explanation, Steps } from "./steps.ts"
import { summaryOf, tellWrites } from "./writes.ts"

const explainEntry = (steps: Steps, entry: JournalEntry, assumptions: ReadonlyArray<string>): Explanation => {
  tellExtraction(steps, entry, null, true)
  tellResolution(steps, entry, null)
  tellWrites(steps, entry, null)
  return { ...fromEntry(entry), dryRun: false, assumptions, steps: steps.all, summary: summaryOf(entry, true) }
}

/** Of an event that has a journal entry: that is its record, as it was written then. */
export const explainRecord = (entry: JournalEntry): Explanation => {
  const steps = new Steps()
  tellKept(steps, "ledger", "The event was resolved; this is the record that was written then.")
  return explainEntry(steps, entry, [])
}

/** As a what-if run would have decided (IDR-191), told from the entry that it would have written. */
export const explainCandidate = (entry: JournalEntry): Explanation => {
  const told = explainEntry(new Steps(), entry, ["The rules of the what-if run had always been in force."])
  return { ...told, dryRun: true, summary: summaryOf(entry, false) }
}

/** Of an event whose person was erased since (IDR-162): its ledger key is all that there is. */
export const explainErased = (messageId: string, rulesVersion: number): Explanation => {
  const steps = new Steps()
  const text =
    "The person that the event belonged to was erased. Its message id alone is known, so that it does not come back."
  tellKept(steps, "ledger", "Its message id was resolved in this space before.")
  steps.add("DROP_CHECK", text, { check: "deletion", dropped: true, reason: "erased" })
  return {
    messageId,
    rulesVersion,
    dryRun: false,
    assumptions: [],
    action: "erased",
    profile: null,
    account: null,
    steps: steps.all,
    record: { message_id: messageId, erased: true },
    violations: [],
    successes: [],
    summary: "The event was resolved, and everything that it told was erased since with the person that it belonged to."
  }
}

/** A resolved event as its stamp has it; segment ids are those of then. */
export interface Stamp {
  readonly position: number
  readonly seq: number
  readonly source: number
  readonly sourceId: string
  readonly rulesVersion: number
  /** Identifiers that were promoted (IDR-39). */
  readonly promoted: ReadonlyArray<Pick<ExtractedIdentifier, "collection" | "type" | "value">>
  readonly profile: { readonly no: ProfileNo; readonly segmentId: string } | null
  readonly account: { readonly no: ProfileNo; readonly segmentId: string } | null
}

/**
 * Of an event without a journal entry: everything it carried was on one profile already. What it carried is read again from
 * its message, by the rules of then; `rules` undefined: that cannot be done any more.
 */
export const explainStamp = (stamp: Stamp, message: Message, rules: Rules | undefined): Explanation => {
  const steps = new Steps()
  const text = "The event was resolved. It landed on its profile and decided nothing, so only that was written down."
  tellKept(steps, "ledger", text)
  const found = rules === undefined ? undefined : extract(message, rules).extraction
  const extraction = found ?? { users: [], accounts: [], blocked: [], ignored: [] }
  const isPromoted = (id: ExtractedIdentifier) =>
    stamp.promoted.some((each) => each.collection === id.collection && each.type === id.type && each.value === id.value)
  const side = (profile: Stamp["profile"]): CollectionResolution | null => {
    if (profile === null) return null
    const collection = collectionOf(profile.no)
    return {
      collection,
      action: "none",
      target: profile.no,
      segmentId: profile.segmentId,
      merged: [],
      mapped: [],
      promoted: extraction[collection].filter(isPromoted),
      demoted: [],
      skipped: [],
      iterations: []
    }
  }
  const facts = factsOf(message, stamp, stamp.sourceId, stamp.seq)
  const [users, accounts] = [side(stamp.profile), side(stamp.account)]
  const linked = message.type === "group" && users !== null && accounts !== null
  const known = { facts, rulesVersion: stamp.rulesVersion, extraction, autoAdded: [], violations: [], linked: false }
  const entry = entryOf({ ...known, users, accounts })
  const assumptions = [
    ...(rules === undefined ? ["Its message or the rules of then are gone, so what it carried is not listed."] : []),
    ...(linked ? ["The membership in the account was known already, so it was not written again."] : [])
  ]
  return explainEntry(steps, entry, assumptions)
}

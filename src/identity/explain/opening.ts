/** The steps before resolution: filters, drops, and what was found on the event (spec 02 sections 2 to 4). */
import type { EventFilter } from "../../workspace/workspace.ts"
import { compileBlocked, isJunk } from "../blocked.ts"
import { identifierOf, type JournalEntry } from "../journal.ts"
import type { Identifier } from "../model.ts"
import type { Rules } from "../rules.ts"
import { suggestedBlocked } from "../../workspace/default-types.ts"
import type { StepData, Steps } from "./steps.ts"
import { dataOf, discardedBecause, droppedBecause, ignoredBecause, limitOf, nameOf } from "./words.ts"

/** What a filter said when it was asked. */
export interface FilterAnswer {
  readonly filter: EventFilter
  readonly answer: boolean | undefined
}

export const tellFilters = (steps: Steps, answers: ReadonlyArray<FilterAnswer>): void => {
  for (const { filter, answer } of answers) {
    const { id, name } = filter
    const said = answer === undefined ? "not_evaluated" : answer ? "matches" : "does_not_match"
    const text = {
      matches: `The event filter "${name}" matches, so the event is dropped for this space.`,
      does_not_match: `The event filter "${name}" does not match.`,
      not_evaluated: `The event filter "${name}" cannot be evaluated on this event, so it drops nothing.`
    }[said]
    steps.add("FILTER", text, { id, name, answer: said })
  }
}

type Check = StepData["DROP_CHECK"]["check"]

export const tellDrop = (steps: Steps, check: Check, reason: string): void => {
  const why = check === "door" ? `The Tracking API discards the event: ${discardedBecause(reason)}.` : undefined
  steps.add("DROP_CHECK", why ?? `The event is dropped: ${droppedBecause(reason)}.`, { check, dropped: true, reason })
}

export const tellKept = (steps: Steps, check: Check, text: string): void =>
  steps.add("DROP_CHECK", text, { check, dropped: false, reason: null })

/** Which list has the value; the matchers are those of resolution. */
const listOf = ({ type, value }: Identifier, { document }: Rules): StepData["BLOCK"]["list"] => {
  const own = document.identifiers.find((row) => row.type === type)?.blocked ?? suggestedBlocked
  if (compileBlocked(own)(value)) return "type"
  if (compileBlocked(document.spaceBlocked)(value)) return "space"
  return document.blockJunk && isJunk(value) ? "junk" : null
}

const blockedBy = {
  type: "is on the blocked list of its type",
  space: "is on the blocked list of the space",
  junk: "is a word that broken clients send instead of a value"
} as const

const tellIgnored = (steps: Steps, { ignored = [] }: JournalEntry): void => {
  for (const { collection, type, from, reason } of ignored) {
    const what = type === null ? `What is in ${from}` : `${type} in ${from}`
    steps.add("IGNORE", `${what} is not used: ${ignoredBecause[reason]}.`, { collection, type, from, reason })
  }
}

const tellAdded = (steps: Steps, { autoAdded = [] }: JournalEntry, rules: Rules | null, past: boolean): void => {
  for (const { type, collection } of autoAdded) {
    const rule = rules?.byType.get(type)
    const [rank, limit, window] = [rule?.rank ?? null, rule?.limit ?? null, rule?.window ?? null]
    const how = rule === undefined ? "" : ` at rank ${rule.rank}, with the limit ${limitOf(rule)}`
    const text = `${type} ${past ? "was" : "is"} not in the identity rules yet and ${past ? "was" : "is"} added${how}.`
    steps.add("AUTO_ADD", text, { type, collection, rank, limit, window })
  }
}

/** EXTRACT, IGNORE, AUTO_ADD and BLOCK of an event that got this far. `rules`: null for a past event. */
export const tellExtraction = (steps: Steps, entry: JournalEntry, rules: Rules | null, past: boolean): void => {
  if (entry.ids.length === 0) {
    const data = { identifier: null, from: null, index: null, rank: null }
    steps.add("EXTRACT", "The event carries no identifier that can be used.", data)
  }
  entry.ids.forEach(([, , , from, rank], index) => {
    const identifier = identifierOf(entry, index)
    steps.add("EXTRACT", `Found ${nameOf(identifier)} in ${from}.`, {
      identifier: dataOf(identifier),
      from,
      index,
      rank
    })
  })
  tellIgnored(steps, entry)
  tellAdded(steps, entry, rules, past)
  entry.ids.forEach((id, index) => {
    if (id[5] !== 1) return
    const identifier = identifierOf(entry, index)
    const list = rules === null ? null : listOf(identifier, rules)
    const why = list === null ? "is a blocked value" : blockedBy[list]
    steps.add("BLOCK", `${nameOf(identifier)} is not used as an identifier: it ${why}.`, {
      identifier: dataOf(identifier),
      list
    })
  })
}

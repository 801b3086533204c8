/**
 * The steps of resolution in one collection, told from the journal entry: what live resolution decided, not what this file
 * thinks of it. For a dry run the graph adds what an entry does not keep (who owns what, counts against limits).
 */
import { identifierOf, type IdNo, type JournalEntry, type Side } from "../journal.ts"
import { tally } from "../limits.ts"
import type { Collection } from "../../workspace/rules.ts"
import type { Breach, Identifier, ProfileNo, ProfileView } from "../model.ts"
import type { Rules } from "../rules.ts"
import type { CheckedCount, Steps, TypeCount } from "./steps.ts"
import { counted, countOf, dataOf, keyOf, limitOf, listOf, nameOf, populationOf } from "./words.ts"

/** What a dry run knows besides the entry; profiles as they were before it. */
export interface Live {
  readonly rules: Rules
  readonly owner: (identifier: Identifier) => ProfileView | undefined
  readonly t: number
  readonly maxMerges: number
  readonly maxMappings: number
}

type Owner = readonly [no: ProfileNo, segmentId: string]

/** Counts of all types of the profile that these would become, the most trusted first. */
export const countsOf = (
  { rules, t }: Pick<Live, "rules" | "t">,
  matched: ReadonlyArray<ProfileView>,
  unseen: ReadonlyArray<Identifier>
): ReadonlyArray<CheckedCount> =>
  rules.ranked.flatMap((rule) => {
    const { type, limit, window } = rule
    if (!matched.some(({ added }) => added.has(type)) && !unseen.some((id) => id.type === type)) return []
    const { count, most } = tally(rule, matched, unseen, t)
    return [{ type, count, most, limit, window }]
  })

/** One side of the entry with its identifiers at hand. */
class Told {
  readonly collection: Collection
  readonly ranked: ReadonlyArray<IdNo>
  private readonly steps: Steps
  private readonly entry: JournalEntry
  private readonly side: Side
  private readonly live: Live | null

  constructor(steps: Steps, entry: JournalEntry, side: Side, collection: Collection, live: Live | null) {
    this.steps = steps
    this.entry = entry
    this.side = side
    this.collection = collection
    this.live = live
    const rankOf = (no: IdNo) => entry.ids[no]![4]
    const own = entry.ids.flatMap((id, no) => ((id[0] === 0) === (collection === "users") && id[5] === 0 ? [no] : []))
    this.ranked = side.ranked ?? own.sort((a, b) => rankOf(a) - rankOf(b) || a - b)
  }

  private id(no: IdNo): Identifier {
    return identifierOf(this.entry, no)
  }

  private names(nos: ReadonlyArray<IdNo>): string {
    return listOf(nos.map((no) => nameOf(this.id(no))))
  }

  private get matched(): ReadonlyArray<Owner> {
    return this.side.matched ?? (this.side.ranked === undefined ? [[this.side.target, this.side.segmentId]] : [])
  }

  /** Of a ranked identifier, as far as the entry says: null = no profile, undefined = it does not say. */
  private ownerOf(no: IdNo): Owner | null | undefined {
    const { side } = this
    if (this.live !== null) {
      const owner = this.live.owner(this.id(no))
      return owner === undefined ? null : [owner.no, owner.segmentId]
    }
    if (side.unseen?.includes(no) === true) return null
    if (side.ranked === undefined) return [side.target, side.segmentId]
    for (const { from, segmentId, matchedFrom, matchedInto } of side.merged ?? []) {
      if (matchedFrom.includes(no)) return [from, segmentId]
      if (matchedInto.includes(no)) return [side.target, side.segmentId]
    }
    const at = this.ranked.indexOf(no)
    const [before, with_] = [this.matchedBy(at), this.matchedBy(at + 1)]
    if (with_ === undefined) return undefined
    return with_ === 1 || (before !== undefined && before < with_) ? this.matched[with_ - 1] : undefined
  }

  /** How many profiles the first `n` of the ranked identifiers match; each turn of the loop has one fewer. */
  private matchedBy(n: number): number | undefined {
    return n === 0 ? 0 : this.side.turns?.[this.ranked.length - n]?.[0]
  }

  rank(): void {
    const { ranked, collection } = this
    const data = ranked.map((no) => ({ ...dataOf(this.id(no)), rank: this.entry.ids[no]![4] }))
    const order = data.map(({ type, id, rank }) => `${nameOf({ type, value: id })} (rank ${rank})`)
    const text =
      data.length === 1
        ? `There is one identifier for the ${populationOf(collection)}: ${order[0]}.`
        : `From the most to the least trusted: ${listOf(order)}.`
    this.steps.add("RANK", text, { collection, ranked: data })
  }

  lookUps(): void {
    for (const no of this.ranked) {
      const identifier = dataOf(this.id(no))
      const name = nameOf(this.id(no))
      const owner = this.ownerOf(no)
      if (owner === undefined) this.steps.add("LOOKUP", `${name} is on one of the candidates.`, { identifier })
      else if (owner === null)
        this.steps.add("LOOKUP", `${name} is on no ${populationOf(this.collection)} yet.`, {
          identifier,
          segment_id: null
        })
      else this.steps.add("LOOKUP", `${name} is on ${owner[1]}.`, { identifier, segment_id: owner[1] })
    }
  }

  candidates(): void {
    const { collection } = this
    for (const owner of this.matched) {
      const [no, segment_id] = owner
      const view = this.viewOf(no)
      if (view === undefined) {
        this.steps.add("CANDIDATE", `${segment_id} is a candidate.`, {
          collection,
          segment_id,
          identifiers: null,
          merges: null
        })
        continue
      }
      const identifiers = Object.fromEntries([...view.added].map(([type, times]) => [type, times.length]))
      const has = Object.entries(identifiers).map(([type, n]) => `${n} ${type}`)
      const merged = view.merges === 0 ? "" : `, and ${counted(view.merges, "profile")} merged into it`
      const text = `${segment_id} is a candidate; it has ${listOf(has)}${merged}.`
      this.steps.add("CANDIDATE", text, { collection, segment_id, identifiers, merges: view.merges })
    }
  }

  private viewOf(no: ProfileNo): ProfileView | undefined {
    if (this.live === null) return undefined
    for (const id of this.ranked) {
      const owner = this.live.owner(this.id(id))
      if (owner?.no === no) return owner
    }
    return undefined
  }

  turns(): void {
    const turns = this.side.turns ?? [[1, null] as const]
    turns.forEach(([matched, breach], i) => {
      const live = this.ranked.slice(0, this.ranked.length - i)
      this.check(i + 1, live, this.matched.slice(0, matched), breach)
      if (breach === null) return
      this.breach(i + 1, breach)
      const victim = this.id(live.at(-1)!)
      const text = `${nameOf(victim)} gives way: it is the least trusted identifier left. It stays in the data of the event.`
      this.steps.add("DEMOTE", text, { turn: i + 1, identifier: dataOf(victim) })
    })
  }

  private check(turn: number, live: ReadonlyArray<IdNo>, matched: ReadonlyArray<Owner>, breach: Breach | null): void {
    const unseen = live.filter((no) => this.side.unseen?.includes(no))
    const views = matched.flatMap(([no]) => this.viewOf(no) ?? [])
    const counts =
      this.live === null
        ? null
        : countsOf(
            this.live,
            views,
            unseen.map((no) => this.id(no))
          )
    this.steps.add("LIMIT_CHECK", this.checkText(live, matched, counts, breach), {
      collection: this.collection,
      turn,
      live: live.map((no) => keyOf(this.id(no))),
      matched: matched.map(([, segmentId]) => segmentId),
      unseen: unseen.map((no) => keyOf(this.id(no))),
      counts,
      passed: breach === null
    })
  }

  private checkText(
    live: ReadonlyArray<IdNo>,
    matched: ReadonlyArray<Owner>,
    counts: ReadonlyArray<TypeCount> | null,
    breach: Breach | null
  ): string {
    if (this.side.ranked === undefined)
      return `Everything is on one ${populationOf(this.collection)} already, so no limit can be exceeded.`
    if (live.length === 1) return `With ${this.names(live)} alone nothing can be exceeded.`
    const what = `${this.names(live)} together`
    if (counts === null)
      return `${what} ${breach === null ? "fit on one" : "do not fit on one"} ${populationOf(this.collection)}.`
    const made = matched.length > 1 ? `${what}, with ${matched.length} candidates made one,` : what
    return `${made} would give ${listOf(counts.map(countOf))}.`
  }

  private breach(turn: number, breach: Breach): void {
    const { collection } = this
    if (breach.kind === "limit") {
      const { type, count } = breach
      const text = `That is ${count} ${type}, and the limit is ${limitOf(breach)}.`
      this.steps.add("BREACH", text, { collection, turn, breach })
      return
    }
    const segment_ids = breach.profiles.map(
      (no) => this.matched.find((owner) => owner[0] === no)?.[1] ?? `profile ${no}`
    )
    const text = `${listOf(segment_ids)} were separated by a person and may not become one.`
    this.steps.add("BREACH", text, { collection, turn, breach, segment_ids })
  }

  readmitted(): void {
    const turns = this.side.turns ?? []
    const lost = turns.flatMap(([, breach], i) => (breach === null ? [] : [this.ranked[this.ranked.length - 1 - i]!]))
    const stayed = new Set(this.side.demoted?.map(([no]) => no))
    for (const no of lost.toReversed())
      if (!stayed.has(no))
        this.steps.add("READMIT", `${nameOf(this.id(no))} comes back: without the others that gave way, it fits.`, {
          identifier: dataOf(this.id(no))
        })
  }

  systemLimits(): void {
    for (const [, segment_id, cause] of this.side.skipped ?? []) {
      const limit = this.limitText(cause === "PROFILE_MERGE_LIMIT" ? "merges" : "identifiers")
      const text = `${segment_id} is not merged: one profile takes ${limit}.`
      this.steps.add("SYSTEM_LIMIT", text, { cause, segment_id, identifier: null })
    }
    const mapped = new Set(this.side.mapped)
    for (const { kind, id } of this.entry.violations ?? []) {
      if (kind !== "Identifier mapping limit exceeded" || mapped.has(id) || !this.ranked.includes(id)) continue
      if (this.side.unseen?.includes(id) !== true) continue
      const { segmentId } = this.side
      const text = `${nameOf(this.id(id))} is not added: one profile takes ${this.limitText("identifiers")}.`
      const identifier = dataOf(this.id(id))
      this.steps.add("SYSTEM_LIMIT", text, { cause: "IDENTIFIER_MAPPING_LIMIT", segment_id: segmentId, identifier })
    }
  }

  private limitText(what: "merges" | "identifiers"): string {
    if (this.live === null) return `only so many ${what}`
    return `at most ${what === "merges" ? this.live.maxMerges : this.live.maxMappings} ${what}`
  }

  decide(): void {
    const { action, segmentId } = this.side
    const merged = (this.side.merged ?? []).map((each) => each.segmentId)
    const mapped = this.side.mapped ?? []
    const what = populationOf(this.collection)
    const gets = mapped.length === 0 ? "" : `${action === "create" ? " with" : ", which gets"} ${this.names(mapped)}`
    const text = {
      create: `No ${what} matches, so a new one is made: ${segmentId}${gets}.`,
      add: `The event belongs to ${segmentId}${gets}.`,
      none: `The event belongs to ${segmentId}; nothing is added to its identifiers.`,
      merge: `${listOf(merged)} ${merged.length === 1 ? "is" : "are"} merged into ${segmentId}, the oldest${gets}.`
    }[action]
    this.steps.add("DECIDE", text, {
      collection: this.collection,
      action,
      segment_id: segmentId,
      merged,
      mapped: mapped.map((no) => keyOf(this.id(no)))
    })
  }
}

/** RANK to DECIDE of every collection that the event has identifiers of. */
export const tellResolution = (steps: Steps, entry: JournalEntry, live: Live | null): void => {
  for (const collection of ["users", "accounts"] as const) {
    const side = entry[collection]
    if (side === undefined) continue
    const told = new Told(steps, entry, side, collection, live)
    told.rank()
    told.lookUps()
    told.candidates()
    told.turns()
    told.readmitted()
    told.systemLimits()
    told.decide()
  }
  if (entry.users !== undefined || entry.accounts !== undefined) return
  const text = "No identifier is left, so the event is stored without a profile."
  steps.add("DECIDE", text, { collection: null, action: "unresolved", segment_id: null, merged: [], mapped: [] })
}

/** What the event changes, as WOULD_WRITE steps; of a past event, what it changed. Told from its journal entry. */
import type { JsonObject } from "../../event/message.ts"
import { identifierOf, type JournalEntry, mutationsOf, type Side } from "../journal.ts"
import type { ProfileNo, ProfileView } from "../model.ts"
import { mergeTraits, type TraitDoc, writeTraits } from "../traits.ts"
import { errorInsights, successInsights } from "./insights.ts"
import { countsOf, type Live } from "./loop.ts"
import type { Steps } from "./steps.ts"
import { counted, countOf, dataOf, keyOf, listOf, nameOf, populationOf, shorten } from "./words.ts"

/** Trait documents of the profiles that were merged into one, its own included (IDR-102). */
export type MemberDocs = ReadonlyMap<ProfileNo, TraitDoc>

/** What a dry run knows besides the entry. */
export interface Outlook {
  readonly live: Pick<Live, "rules" | "t">
  /** The profile as the event would leave it. */
  readonly after: (side: Side) => ProfileView | undefined
  readonly traits: JsonObject | undefined
  /** Of every profile that is part of the side's profile afterwards. */
  readonly docsOf: (side: Side) => MemberDocs
  readonly maxTraits: number
}

const has = (traits: ReadonlyMap<string, { readonly value: unknown }>, key: string): string | undefined => {
  const trait = traits.get(key)
  return trait === undefined ? undefined : JSON.stringify(trait.value)
}

/** What becomes of each trait on the whole person: the writes of live resolution on copies of the documents. */
const traitEffects = (entry: JournalEntry, side: Side, docs: MemberDocs, traits: JsonObject, maxTraits: number) => {
  const own: TraitDoc = new Map(docs.get(side.target))
  const others = [...docs].flatMap(([no, doc]) => (no === side.target ? [] : [doc]))
  const before = mergeTraits([own, ...others])
  writeTraits(own, traits, entry.t, entry.source, entry.seq, maxTraits)
  const after = mergeTraits([own, ...others])
  const effects = { set: [], removed: [], kept: [], left_out: [] } as Record<
    "set" | "removed" | "kept" | "left_out",
    Array<string>
  >
  for (const key of Object.keys(traits)) {
    const [was, is] = [has(before, key), has(after, key)]
    const written = own.get(key)?.[3] === entry.seq
    const effect = !written && !own.has(key) ? "left_out" : was === is ? "kept" : is === undefined ? "removed" : "set"
    effects[effect].push(key)
  }
  return effects
}

const someOf = (keys: ReadonlyArray<string>): string =>
  keys.length <= 6 ? listOf(keys.map(shorten)) : `${listOf(keys.slice(0, 5).map(shorten))} and ${keys.length - 5} more`

class Writes {
  private readonly steps: Steps
  private readonly entry: JournalEntry
  private readonly outlook: Outlook | null

  constructor(steps: Steps, entry: JournalEntry, outlook: Outlook | null) {
    this.steps = steps
    this.entry = entry
    this.outlook = outlook
  }

  /** `Would create` or `Created`. */
  private verb(would: string, did: string): string {
    return this.outlook === null ? did : `Would ${would}`
  }

  private get sides(): ReadonlyArray<readonly ["users" | "accounts", Side]> {
    const { users, accounts } = this.entry
    return [
      ...(users === undefined ? [] : [["users", users] as const]),
      ...(accounts === undefined ? [] : [["accounts", accounts] as const])
    ]
  }

  types(): void {
    const types = this.entry.autoAdded ?? []
    if (types.length === 0) return
    const text = `${this.verb("add", "Added")} to the identity rules: ${listOf(types.map(({ type }) => type))}.`
    this.steps.add("WOULD_WRITE", text, { write: "types", types })
  }

  /** Exactly the rows that the graph gets. */
  graph(): void {
    const { profiles, merges, mappings, links } = mutationsOf([this.entry])
    const segmentIds = new Map<ProfileNo, string>()
    for (const [collection, { target, segmentId, merged = [] }] of this.sides) {
      segmentIds.set(target, segmentId)
      for (const each of merged) segmentIds.set(each.from, each.segmentId)
      if (!profiles.some(({ no }) => no === target)) continue
      const text = `${this.verb("create", "Created")} the ${populationOf(collection)} ${segmentId}.`
      this.steps.add("WOULD_WRITE", text, { write: "profile", collection, segment_id: segmentId })
    }
    for (const { id, from, into } of merges) {
      const names = { from: segmentIds.get(from)!, into: segmentIds.get(into)! }
      const text = `${this.verb("merge", "Merged")} ${names.from} into ${names.into}.`
      this.steps.add("WOULD_WRITE", text, { write: "merge", id, ...names })
    }
    for (const mapping of mappings) {
      const segment_id = segmentIds.get(mapping.profile)!
      const text = `${this.verb("add", "Added")} ${nameOf(mapping)} to ${segment_id}.`
      this.steps.add("WOULD_WRITE", text, { write: "mapping", identifier: dataOf(mapping), segment_id })
    }
    for (const { user, account } of links) {
      const [segment_id, group] = [segmentIds.get(user)!, segmentIds.get(account)!]
      const text = `${this.verb("make", "Made")} ${segment_id} a member of ${group}.`
      this.steps.add("WOULD_WRITE", text, { write: "link", segment_id, account: group })
    }
  }

  /** Traits of a group call are the account's, those of every other call the person's (IDR-125). */
  traits(): void {
    const side = this.entry.type === "group" ? this.entry.accounts : this.entry.users
    const { outlook } = this
    if (outlook === null || side === undefined || outlook.traits === undefined) return
    if (Object.keys(outlook.traits).length === 0) return
    const effects = traitEffects(this.entry, side, outlook.docsOf(side), outlook.traits, outlook.maxTraits)
    const { set, removed, kept, left_out } = effects
    const parts = [
      ...(set.length === 0 ? [] : [`set ${someOf(set)}`]),
      ...(removed.length === 0 ? [] : [`remove ${someOf(removed)}`]),
      ...(kept.length === 0 ? [] : [`leave ${someOf(kept)} as ${kept.length === 1 ? "it is" : "they are"}`]),
      ...(left_out.length === 0 ? [] : [`leave out ${someOf(left_out)}, for it has too many traits`])
    ]
    const text = `Of the traits of ${side.segmentId}, would ${listOf(parts)}.`
    this.steps.add("WOULD_WRITE", text, { write: "traits", segment_id: side.segmentId, ...effects })
  }

  event(): void {
    const segment_ids = this.sides.map(([, { segmentId }]) => segmentId)
    const external_ids = this.sides
      .flatMap(([, { promoted }]) => promoted)
      .sort((a, b) => a - b)
      .map((no) => dataOf(identifierOf(this.entry, no)))
    const where = segment_ids.length === 0 ? "without a profile" : `in the history of ${listOf(segment_ids)}`
    const text = `${this.verb("store", "Stored")} the event ${where}.`
    this.steps.add("WOULD_WRITE", text, { write: "event", segment_ids, external_ids })
  }

  records(): void {
    for (const { id, kind, identifier } of errorInsights(this.entry)) {
      const what = identifier === null ? kind : `${kind}: ${nameOf(identifier)}`
      const text = `${this.verb("log", "Logged")} "${what}".`
      this.steps.add("WOULD_WRITE", text, {
        write: "violation",
        id,
        kind,
        identifier: identifier === null ? null : dataOf(identifier)
      })
    }
    const kinds = successInsights(this.entry).map(({ kind }) => kind)
    if (kinds.length === 0) return
    const text = `${this.verb("log", "Logged")} ${counted(kinds.length, "success", "successes")}: ${listOf([...new Set(kinds)])}.`
    this.steps.add("WOULD_WRITE", text, { write: "successes", kinds })
  }

  counts(): void {
    const { outlook } = this
    if (outlook === null) return
    for (const [, side] of this.sides) {
      const profile = outlook.after(side)
      if (profile === undefined) continue
      const counts = countsOf(outlook.live, [profile], []).map(({ type, count, limit, window }) => ({
        type,
        count,
        limit,
        window
      }))
      const has = counts.length === 0 ? "no identifiers that have a limit" : listOf(counts.map(countOf))
      const data = { write: "counts", segment_id: side.segmentId, counts, identifiers: profile.mappings } as const
      this.steps.add("WOULD_WRITE", `Afterwards ${side.segmentId} would have ${has}.`, data)
    }
  }
}

export const tellWrites = (steps: Steps, entry: JournalEntry, outlook: Outlook | null): void => {
  const writes = new Writes(steps, entry, outlook)
  writes.types()
  writes.graph()
  writes.traits()
  writes.event()
  writes.records()
  writes.counts()
}

/** The outcome of an entry in one sentence. */
export const summaryOf = (entry: JournalEntry, past: boolean): string => {
  const would = (verb: string, did: string) => (past ? did : `would ${verb}`)
  const parts = (["users", "accounts"] as const).flatMap((collection) => {
    const side = entry[collection]
    if (side === undefined) return []
    const what = populationOf(collection)
    const merged = (side.merged ?? []).map(({ segmentId }) => segmentId)
    const mapped = (side.mapped ?? []).map((no) => keyOf(identifierOf(entry, no)))
    const names = mapped.map(shorten)
    switch (side.action) {
      case "create":
        return [`${would("create", "created")} the ${what} ${side.segmentId} with ${listOf(names)}`]
      case "merge":
        return [`${would("merge", "merged")} ${listOf(merged)} into ${side.segmentId}`]
      case "add":
        return [`${would("add", "added")} ${listOf(names)} to ${side.segmentId}`]
      case "none":
        return [
          `${would("go", "went")} to the ${what} ${side.segmentId}, whose identifiers stay as they ${past ? "were" : "are"}`
        ]
    }
  })
  const lost = (entry.violations ?? []).map(({ id }) => nameOf(identifierOf(entry, id)))
  const left =
    lost.length === 0
      ? ""
      : ` ${listOf([...new Set(lost)])} ${would("not count", "did not count")} as ${lost.length === 1 ? "an identifier" : "identifiers"}.`
  const first =
    parts.length === 0 ? `${would("be stored", "was stored")} without a profile: no identifier is left` : listOf(parts)
  return `The event ${first}.${left}`
}

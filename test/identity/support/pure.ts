/**
 * The pure core as an executor: the whole pipeline of a space in memory, with batches, a small working set and
 * commits that reach the graph late, as in the service. The journal is encoded and decoded on the way.
 */
import type { Message } from "../../../src/event/message.ts"
import { dropReason } from "../../../src/identity/drops.ts"
import { extract, type Extracted, factsOf } from "../../../src/identity/extract.ts"
import type { GraphMutations } from "../../../src/identity/graph.ts"
import {
  decodeEntry,
  encodeEntry,
  entryOf,
  type JournalEntry,
  mutationsOf,
  needsEntry
} from "../../../src/identity/journal.ts"
import type { EventFacts, ProfileNo, Resolution } from "../../../src/identity/model.ts"
import { resolve } from "../../../src/identity/resolve.ts"
import { type AutoAdded, compileRules, type Rules } from "../../../src/identity/rules.ts"
import { mergeTraits, type TraitDoc, writeTraits } from "../../../src/identity/traits.ts"
import { WorkingSet } from "../../../src/identity/working-set.ts"
import { MemoryGraph } from "./memory-graph.ts"
import type { EventState, Run, State, Step } from "./run.ts"

export interface PureOptions {
  /** Steps in one batch. */
  readonly batch: number
  /** Identifiers in the working set. */
  readonly capacity: number
  /** Batches that may be decided while the graph does not have them yet. */
  readonly late: number
  /** Resolve message ids again that were resolved before. */
  readonly ignoreLedger: boolean
  /** Called after every resolution with the graph as it was before; `apply` brings it up to date. */
  readonly observe?: (resolution: Resolution, rules: Rules, before: MemoryGraph, apply: () => void) => void
}

export interface PureResult {
  readonly state: State
  readonly graph: MemoryGraph
  readonly entries: ReadonlyArray<JournalEntry>
  readonly rules: Rules
  /** Identifiers that had to be loaded, over all batches. */
  readonly loads: number
}

interface Prepared {
  readonly message: Message
  readonly facts: EventFacts
  readonly found: Extracted | "dropped" | "duplicate"
}

/** Everything in one batch over an empty space. */
export const inMemory: PureOptions = {
  batch: Number.POSITIVE_INFINITY,
  capacity: Number.POSITIVE_INFINITY,
  late: 0,
  ignoreLedger: false
}

export const runPure = (run: Run, options: PureOptions = inMemory): PureResult => {
  const { spaceId } = run
  const set = new WorkingSet(options.capacity)
  const graph = new MemoryGraph()
  const mirror = new MemoryGraph()
  const pending: Array<GraphMutations> = []
  const entries: Array<JournalEntry> = []
  const events: Array<EventState> = []
  const docs = new Map<ProfileNo, TraitDoc>()
  const ledger = new Set<string>()
  const autoAdded: Array<AutoAdded> = []
  let version = 1
  let rules = compileRules(run.rules, version, autoAdded)
  let position = 0
  let loads = 0

  const runBatch = (steps: ReadonlyArray<Step>) => {
    const prepared = steps.flatMap((step): ReadonlyArray<Prepared> => {
      if (step.kind === "rules") {
        rules = compileRules(step.document, ++version, autoAdded)
        return []
      }
      const { message } = step
      const facts = factsOf(message, { position: ++position, source: 1 }, "src_web")
      if (dropReason(message, facts) !== null) return [{ message, facts, found: "dropped" }]
      // Before extraction: a redelivery with another payload must not add types either (IDR-132).
      if (ledger.has(facts.messageId) && !options.ignoreLedger) return [{ message, facts, found: "duplicate" }]
      ledger.add(facts.messageId)
      const found = extract(message, rules)
      autoAdded.push(...found.autoAdded)
      rules = found.rules
      return [{ message, facts, found }]
    })
    if (set.full) {
      for (const mutations of pending.splice(0)) graph.apply(mutations)
      set.rotate()
    }
    const request = set.request(prepared.flatMap(({ found }) => (typeof found === "string" ? [] : [found.extraction])))
    loads += request.identifiers.length
    set.absorb(request, graph.load(request))
    const decided: Array<JournalEntry> = []
    for (const { message, facts, found } of prepared) {
      const { messageId } = facts
      if (typeof found === "string") {
        events.push({ messageId, outcome: found, users: null, accounts: null })
        continue
      }
      const { extraction, rules } = found
      const resolution = resolve(run, spaceId, rules, set, facts, extraction, found.autoAdded)
      const { users, accounts } = resolution
      const known = set.knowsLink(resolution)
      set.apply(resolution)
      const decoded = needsEntry(resolution, known)
        ? [decodeEntry(facts.position, encodeEntry(entryOf(resolution)))]
        : []
      decided.push(...decoded)
      const applyToMirror = () => mirror.apply(mutationsOf(decoded))
      if (options.observe === undefined) applyToMirror()
      else options.observe(resolution, rules, mirror, applyToMirror)
      const side = facts.type === "group" ? accounts : users
      if (side !== null && message.traits !== undefined) {
        if (!docs.has(side.target)) docs.set(side.target, new Map())
        writeTraits(docs.get(side.target)!, message.traits, facts.t, facts.source, facts.position, 5000)
      }
      events.push({
        messageId,
        outcome: users === null && accounts === null ? "unresolved" : "resolved",
        users: users?.segmentId ?? null,
        accounts: accounts?.segmentId ?? null,
        resolution
      })
    }
    entries.push(...decided)
    pending.push(mutationsOf(decided))
    while (pending.length > options.late) graph.apply(pending.shift()!)
  }

  for (let i = 0; i < run.steps.length; i += options.batch) runBatch(run.steps.slice(i, i + options.batch))
  for (const mutations of pending.splice(0)) graph.apply(mutations)
  return { state: stateOf(graph, docs, events), graph, entries, rules, loads }
}

const stateOf = (
  graph: MemoryGraph,
  docs: ReadonlyMap<ProfileNo, TraitDoc>,
  events: ReadonlyArray<EventState>
): State => {
  const nos = [...graph.profiles.keys()].sort((a, b) => a - b)
  const canonical = new Map(nos.map((no) => [no, graph.canonical(no)]))
  const traits: Record<string, Record<string, unknown>> = {}
  for (const root of new Set(canonical.values())) {
    const members = nos.filter((no) => canonical.get(no) === root)
    const merged = mergeTraits(members.flatMap((no) => docs.get(no) ?? []))
    if (merged.size > 0)
      traits[graph.segmentId(root)] = Object.fromEntries([...merged].map(([key, { value }]) => [key, value]))
  }
  const links = new Map(
    graph.links.map(({ user, account }) => {
      const link = {
        user: graph.segmentId(canonical.get(user)!),
        account: graph.segmentId(canonical.get(account)!)
      }
      return [`${link.user} ${link.account}`, link]
    })
  )
  return {
    profiles: nos.map((no) => ({
      segmentId: graph.segmentId(no),
      collection: no % 2 === 0 ? "users" : "accounts",
      canonical: graph.segmentId(canonical.get(no)!)
    })),
    identifiers: [...graph.mappings.entries()]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, { collection, type, value, profile, addedAt }]) => ({
        collection,
        type,
        value,
        profile: graph.segmentId(canonical.get(profile)!),
        origin: graph.segmentId(profile),
        addedAt
      })),
    merges: graph.merges.map(({ from, into }) => ({ from: graph.segmentId(from), into: graph.segmentId(into) })),
    links: [...links.keys()].sort().map((key) => links.get(key)!),
    traits,
    events
  }
}

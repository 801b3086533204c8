/** Explains the next event of a run in the pure core, over the graph, rules, ledger and traits that the run has left. */
import type { Message } from "../../../src/event/message.ts"
import { examine, explain } from "../../../src/identity/explain/explain.ts"
import type { Explanation } from "../../../src/identity/explain/steps.ts"
import type { MemberDocs } from "../../../src/identity/explain/writes.ts"
import { segmentIdsOf } from "../../../src/identity/ids.ts"
import type { ProfileNo } from "../../../src/identity/model.ts"
import { type TraitDoc, writeTraits } from "../../../src/identity/traits.ts"
import type { EventFilter } from "../../../src/workspace/workspace.ts"
import type { Rules } from "../../../src/identity/rules.ts"
import type { MemoryGraph } from "./memory-graph.ts"
import { runPure, type PureResult } from "./pure.ts"
import { eventsOf, type Run } from "./run.ts"

/** The traits that the events of a run wrote, by the profile that received them. */
const docsOf = (run: Run, { state, graph }: PureResult): ReadonlyMap<ProfileNo, TraitDoc> => {
  const nos = new Map([...graph.profiles.values()].map(({ no, segmentId }) => [segmentId, no]))
  const docs = new Map<ProfileNo, TraitDoc>()
  const messages = eventsOf(run)
  state.events.forEach(({ resolution }, i) => {
    const message = messages[i]!
    if (resolution === undefined || message.traits === undefined) return
    const { facts, users, accounts } = resolution
    const side = message.type === "group" ? accounts : users
    if (side === null) return
    const no = nos.get(side.segmentId)!
    if (!docs.has(no)) docs.set(no, new Map())
    writeTraits(docs.get(no)!, message.traits, facts.t, facts.source, facts.seq, 5000)
  })
  return docs
}

const membersOf = (graph: MemoryGraph, docs: ReadonlyMap<ProfileNo, TraitDoc>) => {
  const members = new Map<ProfileNo, Map<ProfileNo, TraitDoc>>()
  for (const [no, doc] of docs) {
    const root = graph.canonical(no)
    members.set(root, (members.get(root) ?? new Map<ProfileNo, TraitDoc>()).set(no, doc))
  }
  return members satisfies ReadonlyMap<ProfileNo, MemberDocs>
}

export interface Asked {
  readonly rules?: Rules
  readonly filters?: ReadonlyArray<EventFilter>
}

/** What the event would do after the run; nothing of `before` is changed. */
export const explainAfter = (run: Run, before: PureResult, message: Message, asked: Asked = {}): Explanation => {
  const { graph, state } = before
  const resolved = state.events.filter(({ outcome }) => outcome === "resolved" || outcome === "unresolved")
  const examined = examine({
    spaceId: run.spaceId,
    message,
    source: { no: 1, id: "src_web", enabled: true },
    hash: message.messageId,
    known: resolved.some(({ messageId }) => messageId === message.messageId),
    position: state.events.length + 1,
    lastSeq: state.events.length,
    rules: asked.rules ?? before.rules,
    filters: asked.filters ?? [],
    options: run,
    maxTraits: 5000,
    assumptions: []
  })
  const issued = new Set([...graph.profiles.values()].map(({ segmentId }) => segmentId))
  const { facts, extraction } = examined.prepared
  const wanted = segmentIdsOf(run.spaceId, facts, extraction, () => false)
  return explain(examined, {
    loaded: graph.load(examined.request),
    issued: wanted.filter((id) => issued.has(id)),
    docs: membersOf(graph, docsOf(run, before))
  })
}

export const explainNext = (run: Run, at: number, asked: Asked = {}) => {
  const before = runPure({ ...run, steps: run.steps.slice(0, at) })
  const step = run.steps[at]!
  if (step.kind !== "event") throw new Error("there is no event at this step")
  return { before, message: step.message, explanation: explainAfter(run, before, step.message, asked) }
}

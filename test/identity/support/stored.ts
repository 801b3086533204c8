/** The real service as an executor: log, actor and graph of a rig; the final state is read through the stores' own doors. */
import { Effect } from "effect"
import { IdentityGraph, type ProfileRef } from "../../../src/identity/graph.ts"
import { LiveGraphs } from "../../../src/identity/live-graphs.ts"
import { spaceSchema } from "../../../src/identity/schema.ts"
import { decodeTraits, mergeTraits } from "../../../src/identity/traits.ts"
import { Database } from "../../../src/platform/database.ts"
import { Rig, type ShortMessage } from "../../support/space.ts"
import type { Run, State } from "./run.ts"

/** Sends the steps in requests of `requestSize` messages into a new space; answers its id. */
export const play = Effect.fnUntraced(function* (run: Omit<Run, "spaceId">, requestSize: number) {
  const rig = yield* Rig
  const space = yield* rig.enter(run.rules)
  let waiting: Array<ShortMessage> = []
  const flush = Effect.suspend(() => {
    const messages = waiting
    waiting = []
    return messages.length === 0 ? Effect.void : rig.send(messages)
  })
  for (const step of run.steps) {
    if (step.kind === "event") {
      waiting.push(step.message as ShortMessage)
      if (waiting.length >= requestSize) yield* flush
    } else {
      yield* flush
      yield* rig.settled
      rig.setRules(step.document)
    }
  }
  yield* flush
  yield* rig.settled
  return space.id
})

/** What the stores say of everything that `expected` names, and how many profiles they have in all. */
export const stateOf = Effect.fnUntraced(function* (spaceId: string, expected: State) {
  const graph = yield* IdentityGraph
  const { write: sql } = yield* Database
  const graphId = (yield* LiveGraphs).graphOf(spaceId)
  const state = {
    profiles: [] as Array<State["profiles"][number]>,
    identifiers: [] as Array<State["identifiers"][number]>,
    merges: [] as Array<State["merges"][number] & { readonly position: number }>,
    links: [] as Array<State["links"][number]>,
    traits: {} as Record<string, Record<string, unknown>>,
    counts: {} as Record<string, number>
  }
  for (const collection of ["users", "accounts"] as const) {
    state.counts[collection] = yield* graph.count(graphId, collection)
    const ids = expected.profiles.filter((profile) => profile.collection === collection)
    const found = yield* graph.find(
      graphId,
      collection,
      ids.map((profile): ProfileRef => ({ segmentId: profile.segmentId }))
    )
    ids.forEach(({ segmentId }, i) =>
      state.profiles.push({ segmentId, collection, canonical: found[i]?.segmentId ?? "not found" })
    )
    const canonical = [...new Map(found.flatMap((one) => (one === null ? [] : [[one.no, one] as const]))).values()]
    const nos = canonical.map(({ no }) => no)
    const segmentIdOf = new Map(
      canonical.flatMap(({ members }) => members.map((member) => [member.no, member.segmentId]))
    )
    const externalIds = yield* graph.externalIds(graphId, nos)
    const merges = yield* graph.merges(graphId, nos)
    const links = yield* graph.links(
      graphId,
      nos.map((profile) => ({ profile, after: null, limit: 1000 }))
    )
    for (const [i, { segmentId, members }] of canonical.entries()) {
      for (const { type, value, originSegmentId, addedAt } of externalIds[i]!)
        state.identifiers.push({ collection, type, value, profile: segmentId, origin: originSegmentId, addedAt })
      for (const { from, into, position } of merges[i]!)
        state.merges.push({ from: segmentIdOf.get(from)!, into: segmentIdOf.get(into)!, position })
      if (collection === "users")
        for (const link of links[i]!.links) state.links.push({ user: segmentId, account: link.segmentId })
      const docs = yield* sql.unsafe<{ doc: string }>(
        `select doc from ${spaceSchema(spaceId)}.traits where profile = any($1::float8[]::bigint[])`,
        [members.map((member) => member.no)]
      )
      const traits = mergeTraits(docs.map(({ doc }) => decodeTraits(doc)))
      if (traits.size > 0)
        state.traits[segmentId] = Object.fromEntries([...traits].map(([key, { value }]) => [key, value]))
    }
  }
  return state
})

const text = (value: unknown) => JSON.stringify(value)
const sorted = <A>(list: ReadonlyArray<A>): ReadonlyArray<A> => list.toSorted((a, b) => (text(a) < text(b) ? -1 : 1))

/** The comparable part of a state: everything but what only the pure core knows, in one order. */
export const comparable = (state: Pick<State, "profiles" | "identifiers" | "merges" | "links" | "traits">) => ({
  profiles: sorted(state.profiles),
  identifiers: sorted(state.identifiers),
  merges: sorted(state.merges.map(({ from, into }) => ({ from, into }))),
  links: sorted(state.links),
  traits: state.traits
})

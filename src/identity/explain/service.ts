/**
 * Explaining events of a space from any process (IDR-180 to IDR-183): reads rules, ledger, graph and traits, and hands them
 * to the pure functions. Writes nothing; the pool it uses cannot (INV-18).
 *
 * What it sees is what the stores have: decisions that are on their way to a graph outside Postgres come a moment later.
 */
import { Clock, Data, Effect } from "effect"
import type { SqlError } from "effect/sql"
import { Settings } from "../../config.ts"
import type { JsonObject } from "../../event/message.ts"
import { namesSuppressed } from "../../event/user-ids.ts"
import type { History, HistoryFailed } from "../../archive/history.ts"
import { Database } from "../../platform/database.ts"
import { hash128 } from "../../platform/hash.ts"
import { decodeRules } from "../../workspace/rules-document.ts"
import { Suppressions } from "../../workspace/suppressions.ts"
import { type Source, type Space, Workspace } from "../../workspace/workspace.ts"
import { suppressedUser } from "../drops.ts"
import { type FoundProfile, type GraphError, type GraphId, IdentityGraph, type Loaded } from "../graph.ts"
import { segmentIdsOf } from "../ids.ts"
import { LiveGraphs } from "../live-graphs.ts"
import { collectionOf, type ProfileNo } from "../model.ts"
import { compileRules } from "../rules.ts"
import { makeSpaceStore, readerName } from "../space-store.ts"
import { decodeTraits } from "../traits.ts"
import { type Examined, examine, explain, explainDrop, type Known } from "./explain.ts"
import { isPlaceholder, readEvent } from "./incoming.ts"
import { makePast } from "./past-reader.ts"
import { type Explanation, Steps } from "./steps.ts"
import { makeWhyNotMerged } from "./why-not-merged.ts"
import type { MemberDocs } from "./writes.ts"

/** The question cannot be answered; the message says what to change. */
export class ExplainRefused extends Data.TaggedError("ExplainRefused")<{
  readonly code: "VALIDATION_FAILED" | "NOT_FOUND"
  readonly message: string
}> {}

export type ExplainError = ExplainRefused | GraphError | SqlError.SqlError | HistoryFailed

/** Segment ids are asked for until one is free; more than one taken is next to impossible. */
const issuedRounds = 10

export const makeExplain = (bodies: Pick<History["Service"], "at">) =>
  Effect.gen(function* () {
    const settings = yield* Settings
    const workspace = yield* Workspace
    const graph = yield* IdentityGraph
    const graphs = yield* LiveGraphs
    const suppressions = yield* Suppressions
    const stores = yield* Database
    const database = { ...stores, write: stores.read }
    const options = { maxMerges: settings.maxMerges, maxMappings: settings.maxMappings }

    const spaceOf = (spaceId: string): Effect.Effect<Space, ExplainRefused> => {
      const space = workspace.current().spaceById.get(spaceId)
      return space === undefined
        ? Effect.fail(new ExplainRefused({ code: "NOT_FOUND", message: `There is no space ${spaceId}.` }))
        : Effect.succeed(space)
    }

    /** Rules and sequence as they are stored: the owner of the space may be another process. */
    const standing = Effect.fnUntraced(function* (space: Space) {
      const store = makeSpaceStore(database, space.id)
      const [started] = yield* database.read<{ seq: number }>`
        select greatest(pos, seq)::float8 as seq from cursors where reader = ${readerName(space.id)}`
      const latest = started === undefined ? undefined : yield* store.latestRules()
      if (started === undefined || latest === undefined)
        return yield* new ExplainRefused({
          code: "NOT_FOUND",
          message: `The space ${space.slug} has no rules in force yet. They come with the first start of the service (braid serve).`
        })
      return { store, seq: started.seq, latest, autoAdded: yield* store.autoAdded() }
    })

    /** By write key; a call without one counts as one of the first connected source. */
    const senderOf = (
      space: Space,
      event: JsonObject
    ): { source: Source | undefined; connected: boolean; said: boolean } => {
      const { writeKey } = event
      const named = typeof writeKey === "string" ? workspace.current().sourceByWriteKey.get(writeKey) : undefined
      if (named === undefined) return { source: space.sources[0], connected: space.sources.length > 0, said: false }
      return { source: named, connected: space.sources.some(({ no }) => no === named.no), said: true }
    }

    const docsOf = Effect.fnUntraced(function* (graphId: GraphId, spaceId: string, { profiles }: Loaded) {
      const docs = new Map<ProfileNo, MemberDocs>()
      const nos = { users: [] as Array<ProfileNo>, accounts: [] as Array<ProfileNo> }
      for (const { no } of profiles) nos[collectionOf(no)].push(no)
      const found: Array<FoundProfile> = []
      for (const collection of ["users", "accounts"] as const) {
        if (nos[collection].length === 0) continue
        const each = yield* graph.find(
          graphId,
          collection,
          nos[collection].map((no) => ({ no }))
        )
        for (const profile of each) if (profile !== null) found.push(profile)
      }
      const members = found.flatMap((profile) => profile.members.map(({ no }) => no))
      if (members.length === 0) return docs
      const rows = yield* makeSpaceStore(database, spaceId).traitDocs(members)
      const texts = new Map(rows.map(({ profile, doc }) => [profile, doc]))
      for (const { no, members } of found)
        docs.set(
          no,
          new Map(
            members.flatMap((member) => {
              const text = texts.get(member.no)
              return text === undefined ? [] : [[member.no, decodeTraits(text)] as const]
            })
          )
        )
      return docs
    })

    const issuedOf = Effect.fnUntraced(function* (graphId: GraphId, { question, prepared }: Examined) {
      const issued = new Set<string>()
      for (let round = 0; round < issuedRounds; round++) {
        const wanted = segmentIdsOf(question.spaceId, prepared.facts, prepared.extraction, (id) => issued.has(id))
        const found = yield* graph.issued(graphId, wanted)
        if (found.size === 0) break
        for (const id of found) issued.add(id)
      }
      return issued
    })

    const knownOf = Effect.fnUntraced(function* (
      graphId: GraphId,
      examined: Examined
    ): Effect.fn.Return<Known, GraphError | SqlError.SqlError> {
      const { prepared, request, question } = examined
      if (prepared.drop !== null || request.identifiers.length === 0)
        return { loaded: { owners: [], profiles: [] }, issued: [], docs: new Map() }
      const loaded = yield* graph.load(graphId, request)
      const issued = yield* issuedOf(graphId, examined)
      const { traits = {} } = question.message
      const docs = Object.keys(traits).length === 0 ? new Map() : yield* docsOf(graphId, question.spaceId, loaded)
      return { loaded, issued, docs }
    })

    const past = yield* makePast({ database, bodies })
    const whyNotMerged = makeWhyNotMerged({ database, graph, options })

    /** What would happen to the event, a Segment call or a stored message; `rules`: a document to try instead (IDR-183). */
    const dryRun = Effect.fnUntraced(function* (
      spaceId: string,
      event: unknown,
      rules?: unknown
    ): Effect.fn.Return<Explanation, ExplainError> {
      const space = yield* spaceOf(spaceId)
      const read = readEvent(event, yield* Clock.currentTimeMillis)
      if ("problem" in read) return yield* new ExplainRefused({ code: "VALIDATION_FAILED", message: read.problem })
      const { message, discarded } = read
      const decoded = rules === undefined ? undefined : decodeRules(rules)
      if (decoded?.problems !== undefined) {
        const problems = decoded.problems.map(({ path, expected }) => `${path === "" ? "rules" : path}: ${expected}`)
        return yield* new ExplainRefused({
          code: "VALIDATION_FAILED",
          message: `The rules were refused. ${problems.join("; ")}`
        })
      }
      const { store, seq, latest, autoAdded } = yield* standing(space)
      const document = decoded?.document ?? JSON.parse(latest.doc)
      const compiled = compileRules(document, latest.version, autoAdded)
      const { source, connected, said } = senderOf(space, event as JsonObject)
      const assumptions = [
        ...read.assumptions,
        ...(said || space.sources.length < 2
          ? []
          : [`Sent by the source ${source!.slug}, because the event has no writeKey.`]),
        ...(decoded === undefined
          ? []
          : [
              `Under the given rules instead of version ${latest.version}; whether it was resolved before is not asked.`
            ])
      ]
      const dropped = (check: "door" | "source", reason: string) =>
        explainDrop(new Steps(), {
          messageId: message.messageId,
          rulesVersion: latest.version,
          dryRun: true,
          assumptions,
          check,
          reason
        })
      if (discarded !== undefined) return dropped("door", discarded)
      if (source?.enabled === true && namesSuppressed(message, source.no, suppressions.current()))
        return dropped("door", suppressedUser)
      if (source === undefined || !connected) return dropped("source", "source_not_connected")
      if (!source.enabled) return dropped("source", "source_disabled")
      const hash = hash128(settings.dedupScope === "source" ? `${source.id}\n${message.messageId}` : message.messageId)
      const asksLedger = decoded === undefined && !isPlaceholder(message.messageId)
      const examined = examine({
        spaceId,
        message,
        source,
        hash,
        known: asksLedger && (yield* store.known([hash])).has(hash),
        position: seq + 1,
        lastSeq: seq,
        rules: compiled,
        filters: space.filters ?? [],
        options,
        maxTraits: settings.maxTraits,
        assumptions
      })
      return explain(examined, yield* knownOf(graphs.graphOf(spaceId), examined))
    })

    const keysOf = (space: Space, messageId: string): ReadonlyArray<string> =>
      settings.dedupScope === "source"
        ? space.sources.map(({ id }) => hash128(`${id}\n${messageId}`))
        : [hash128(messageId)]

    const inSpace = (spaceId: string) => ({ spaceId, graphId: graphs.graphOf(spaceId), workspace: workspace.current() })

    return {
      dryRun,
      /** How a message was resolved, from its record; null when the space has not resolved it (or has forgotten its drop). */
      ofMessage: Effect.fnUntraced(function* (spaceId: string, messageId: string) {
        const space = yield* spaceOf(spaceId)
        return yield* past.byLedgerKeys(inSpace(spaceId), keysOf(space, messageId), messageId)
      }),
      /** The same for events by their positions in the log, in input order. */
      ofPositions: (spaceId: string, positions: ReadonlyArray<number>) => past.byPositions(inSpace(spaceId), positions),
      /** Why two identifiers are not on one profile; `type` and `value` as stored. */
      whyNotMerged: Effect.fnUntraced(function* (spaceId: string, a: Named, b: Named) {
        const space = yield* spaceOf(spaceId)
        const { seq, latest, autoAdded } = yield* standing(space)
        const rules = compileRules(JSON.parse(latest.doc), latest.version, autoAdded)
        const at = yield* Clock.currentTimeMillis
        return yield* whyNotMerged({ spaceId, graphId: graphs.graphOf(spaceId), rules, a, b, at, seq })
      })
    }
  })

interface Named {
  readonly type: string
  readonly value: string
}

/**
 * Why two identifiers are not on one profile: they are after all, somebody separated the profiles, an event that carried
 * both was refused by a limit, or they never came together. Then it says what an event with both would do now.
 */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { Database } from "../../platform/database.ts"
import type { Collection } from "../../workspace/rules.ts"
import { defaultTypes } from "../../workspace/default-types.ts"
import type { GraphError, GraphId, IdentityGraph } from "../graph.ts"
import { decodeEntry } from "../journal.ts"
import type { Extraction, ExtractedIdentifier, Resolution, Seq } from "../model.ts"
import { resolve, type ResolveOptions } from "../resolve.ts"
import type { Rules } from "../rules.ts"
import { spaceSchema } from "../schema.ts"
import { WorkingSet } from "../working-set.ts"
import { errorInsights, type Insight } from "./insights.ts"
import { limitOf, nameOf } from "./words.ts"

export type VerdictReason =
  | "SAME_PROFILE"
  | "DIFFERENT_COLLECTIONS"
  | "KEPT_APART"
  | "LIMIT"
  | "PROTECTION_LIMIT"
  | "NOT_PROMOTED"
  | "UNKNOWN_IDENTIFIER"
  | "NEVER_TOGETHER"

export interface Verdict {
  readonly sameProfile: boolean
  readonly reason: VerdictReason
  readonly text: string
  /** Violations of events that carried both, the newest first. */
  readonly records: ReadonlyArray<Insight>
}

interface Named {
  readonly type: string
  readonly value: string
}

/** Records that are read, and that are shown. */
const considered = 200
const shown = 20

/** The newest of each of the two: an identifier may have lost a million times. */
const newestOf = (s: string, type: string, value: string): string =>
  `(select v.pos, v.n from ${s}.violations v
    where v.type = ${type} and v.value = ${value} and v.type is not null and v.kind <> 'ID value blocked'
    order by v.pos desc limit ${considered})`

export const recordsText = (s: string): string =>
  `select v.pos::float8 as pos, v.n::int4 as n, j.rec
   from (${newestOf(s, "$1", "$2")} union ${newestOf(s, "$3", "$4")} order by pos desc limit ${considered}) v
   join ${s}.journal j on j.pos = v.pos order by v.pos desc`

const collectionOf = ({ type }: Named, rules: Rules): Collection =>
  rules.byType.get(type)?.collection ?? defaultTypes.get(type)?.collection ?? "users"

/** Why the rules would not use this identifier now. */
const notUsed = ({ type, value }: Named, rules: Rules): string | undefined => {
  const rule = rules.byType.get(type)
  if (rule === undefined) return `${type} is not in the identity rules`
  if (!rule.enabled) return `${type} is switched off in the identity rules`
  return rule.blocks(value) ? `${nameOf({ type, value })} is a blocked value` : undefined
}

const reasonOf = (records: ReadonlyArray<Insight>): VerdictReason => {
  const { kind } = records[0]!
  if (kind === "Profiles kept apart") return "KEPT_APART"
  return kind === "Profile merge limit exceeded" || kind === "Identifier mapping limit exceeded"
    ? "PROTECTION_LIMIT"
    : "LIMIT"
}

const because = ({ kind, breach }: Pick<Insight, "kind" | "breach">): string => {
  if (breach?.kind === "limit")
    return `the profile would have had ${breach.count} ${breach.type}, and the limit is ${limitOf(breach)}`
  if (kind === "Profiles kept apart") return "a person has separated the profiles"
  return kind === "Profile merge limit exceeded"
    ? "the profile has been merged as often as is allowed"
    : "the profile has as many identifiers as is allowed"
}

interface Held {
  readonly no: number
  readonly segmentId: string
}

/** Entries of the journal that tell of both; the one that created a profile is named by its number. */
const betweenText = (s: string): string => `
select j.pos::float8 as pos, j.rec from (
  (select p.pos from ${s}.journal_profiles p where p.profile = $1::float8::bigint
   union select floor($1::float8 / 2)::bigint)
  intersect
  (select p.pos from ${s}.journal_profiles p where p.profile = $2::float8::bigint
   union select floor($2::float8 / 2)::bigint)) x join ${s}.journal j on j.pos = x.pos
order by j.pos desc limit 100`

export interface WhyNotMerged {
  readonly spaceId: string
  readonly graphId: GraphId
  readonly rules: Rules
  readonly a: Named
  readonly b: Named
  /** ms; when an event with both would come. */
  readonly at: number
  readonly seq: Seq
}

export const makeWhyNotMerged = (deps: {
  readonly database: Database["Service"]
  readonly graph: IdentityGraph["Service"]
  readonly options: ResolveOptions
}) => {
  const { database, graph, options } = deps

  const recordsOf = Effect.fnUntraced(function* (spaceId: string, a: Named, b: Named) {
    const rows = yield* database.read.unsafe<{ pos: Seq; n: number; rec: string }>(recordsText(spaceSchema(spaceId)), [
      a.type,
      a.value,
      b.type,
      b.value
    ])
    const records: Array<Insight> = []
    for (const { pos, n, rec } of rows) {
      const entry = decodeEntry(pos, rec)
      const carries = (id: Named) => entry.ids.some(([, type, value]) => type === id.type && value === id.value)
      const record = carries(a) && carries(b) ? errorInsights(entry)[n] : undefined
      if (record !== undefined && records.length < shown) records.push(record)
    }
    return records
  })

  /** Violations of events of one profile that kept it from the other: an identifier that both claim was demoted (AC3-29). */
  const betweenThem = Effect.fnUntraced(function* (spaceId: string, one: Held, other: Held) {
    const rows = yield* database.read.unsafe<{ pos: Seq; rec: string }>(betweenText(spaceSchema(spaceId)), [
      one.no,
      other.no
    ])
    return rows
      .flatMap(({ pos, rec }) => (rec.startsWith(`{"operation":`) ? [] : errorInsights(decodeEntry(pos, rec))))
      .filter(
        ({ segmentId, candidates }) =>
          (segmentId === one.segmentId && candidates.includes(other.segmentId)) ||
          (segmentId === other.segmentId && candidates.includes(one.segmentId))
      )
      .slice(0, shown)
  })

  /** What resolution does with an event that carries exactly these two. */
  const together = (asked: WhyNotMerged, set: WorkingSet, collection: Collection): Resolution => {
    const { spaceId, rules, a, b, at, seq } = asked
    const ids = [a, b].map(({ type, value }, index): ExtractedIdentifier => ({
      collection,
      type,
      value,
      from: `context.externalIds[${index}]`,
      index,
      rank: rules.byType.get(type)?.rank ?? Number.MAX_SAFE_INTEGER
    }))
    const extraction: Extraction = { users: [], accounts: [], blocked: [], ignored: [], [collection]: ids }
    const facts = {
      position: seq + 1,
      seq: seq + 1,
      messageId: "why-not-merged",
      type: "track",
      name: null,
      sourceId: "",
      source: 0,
      t: at,
      timestamp: at,
      receivedAt: at
    } as const
    return resolve(options, spaceId, rules, set, facts, extraction, [])
  }

  return Effect.fnUntraced(function* (asked: WhyNotMerged): Effect.fn.Return<Verdict, GraphError | SqlError.SqlError> {
    const { spaceId, graphId, rules, a, b } = asked
    const collection = collectionOf(a, rules)
    if (collection !== collectionOf(b, rules)) {
      const text = "One identifies a person, the other an account; these are never merged, a group call links them."
      return { sameProfile: false, reason: "DIFFERENT_COLLECTIONS", text, records: [] }
    }
    const [first, second] = [
      { collection, ...a },
      { collection, ...b }
    ]
    const set = new WorkingSet(Number.POSITIVE_INFINITY)
    const request = set.request([
      { users: [], accounts: [], blocked: [], ignored: [], [collection]: [extracted(first), extracted(second)] }
    ])
    set.absorb(request, yield* graph.load(graphId, request))
    const [one, other] = [set.owner(first), set.owner(second)]
    if (one !== undefined && one.no === other?.no) {
      const text = `${nameOf(a)} and ${nameOf(b)} are on the same profile, ${one.segmentId}.`
      return { sameProfile: true, reason: "SAME_PROFILE", text, records: [] }
    }
    const records = yield* recordsOf(spaceId, a, b)
    const says = (reason: VerdictReason, text: string): Verdict => ({ sameProfile: false, reason, text, records })
    if (one !== undefined && other !== undefined && set.keptApart(one.no, other.no))
      return says(
        "KEPT_APART",
        `A person has separated ${one.segmentId} and ${other.segmentId}; no event may merge them until that is lifted.`
      )
    const unused = [notUsed(a, rules), notUsed(b, rules)].filter((why) => why !== undefined)
    if (records.length > 0) {
      const { kind, breach, identifier, messageId } = records[0]!
      const lost = identifier === null ? "" : ` ${nameOf(identifier)} gave way.`
      const last = `The last event that carried both, ${messageId}, did not join them: ${because({ kind, breach })}.${lost}`
      return says(
        reasonOf(records),
        `${last} ${unused.length > 0 ? `Now ${unused.join(", and ")}.` : nowOf(together(asked, set, collection))}`
      )
    }
    if (unused.length > 0) return says("NOT_PROMOTED", `They cannot come together, because ${unused.join(", and ")}.`)
    const now = nowOf(together(asked, set, collection))
    const unknown = [...(one === undefined ? [a] : []), ...(other === undefined ? [b] : [])].map(nameOf)
    if (unknown.length > 0)
      return says(
        "UNKNOWN_IDENTIFIER",
        `${unknown.join(" and ")} ${unknown.length === 1 ? "is" : "are"} on no profile. ${now}`
      )
    const [between, ...older] = yield* betweenThem(spaceId, one!, other!)
    if (between !== undefined) {
      const { identifier, messageId } = between
      const lost = identifier === null ? "an identifier" : nameOf(identifier)
      const text = `${one!.segmentId} has ${nameOf(a)}, ${other!.segmentId} has ${nameOf(b)}. ${lost} would have joined them on message ${messageId}, and was demoted: ${because(between)}. ${now}`
      return { sameProfile: false, reason: reasonOf([between]), text, records: [between, ...older] }
    }
    return says(
      "NEVER_TOGETHER",
      `${one!.segmentId} has ${nameOf(a)}, ${other!.segmentId} has ${nameOf(b)}, and no event of the last 30 days is known to have carried both. ${now}`
    )
  })
}

const extracted = (
  identifier: ExtractedIdentifier | (Named & { readonly collection: Collection })
): ExtractedIdentifier => ({
  from: "",
  index: 0,
  rank: 0,
  ...identifier
})

const nowOf = ({ violations }: Resolution): string => {
  const [violation] = violations
  if (violation === undefined) return "An event that carries both would join them now."
  return `An event that carries both would not join them now either: ${because(violation).replace("would have had", "would have")}.`
}

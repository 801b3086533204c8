/**
 * What a pasted text leads to (the console's search): classified by shape, looked up exactly in the space of the request and
 * then in the other spaces that the token opens, and only then by the beginning of names.
 */
import { Effect } from "effect"
import type { FoundProfile, IdentityGraph, ProfileRef } from "../identity/graph.ts"
import type { Identifier } from "../identity/model.ts"
import { findRun } from "../identity/what-if/runs.ts"
import type { History, HistoryFailed } from "../archive/history.ts"
import { listedName, type Message } from "../event/message.ts"
import type { Database } from "../platform/database.ts"
import { findAudit } from "../workspace/audit.ts"
import type { Collection } from "../workspace/rules.ts"
import type { Source, Space } from "../workspace/workspace.ts"
import type { makeOutcomes } from "./outcomes.ts"
import { plainTraits, type ProfileSearch, type SearchError } from "./profile-search.ts"
import type { ReadModel } from "./read-model.ts"
import { classify, type KnownTypes, type SearchClass } from "./search-class.ts"
import { displayName, searchable } from "./search-words.ts"
import { readRulesDocument } from "./rules-view.ts"
import { defaultTypes } from "../workspace/default-types.ts"

export interface SearchHit {
  readonly kind: "PROFILE" | "EVENT" | "SOURCE" | "SPACE" | "AUDIT_ENTRY" | "MERGE" | "WHAT_IF_RUN"
  readonly match: "ID" | "MERGED_ID" | "HOLDS_IDENTIFIER" | "HAS_TRAIT" | "WRITE_KEY" | "NAME"
  readonly id: string
  readonly title: string
  readonly text: string
  readonly spaceId: string | null
  readonly found: FoundProfile | null
}

export interface SearchAnswer {
  readonly text: string
  readonly class: SearchClass
  readonly identifier: Identifier | null
  readonly hits: ReadonlyArray<SearchHit>
}

export interface SearchRequest {
  readonly text: string
  /** The space of the request first. */
  readonly spaces: ReadonlyArray<Space>
  /** Whose write keys and names may be told. */
  readonly sources: ReadonlyArray<Source>
  /** The text may be looked for by the beginning of names. */
  readonly words: boolean
}

const mostHits = 20
const mostSpaces = 10
const longestText = 1_000

const plain = { traitKey: null, from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY, anonymousOnly: false }

const decoder = new TextDecoder()
const at = (ms: number): string => new Date(ms).toISOString()

const byName = ({ spaces, sources }: SearchRequest, text: string): ReadonlyArray<SearchHit> => {
  const wanted = searchable(text)
  const matches = (name: string, slug: string) => searchable(name).startsWith(wanted) || slug.startsWith(wanted)
  return [
    ...spaces
      .filter(({ name, slug }) => matches(name, slug))
      .map(({ id, name, slug }): SearchHit => ({
        kind: "SPACE",
        match: "NAME",
        id,
        title: name,
        text: `the space ${slug}`,
        spaceId: id,
        found: null
      })),
    ...sources
      .filter(({ name, slug }) => matches(name, slug))
      .map(({ id, name, slug }): SearchHit => ({
        kind: "SOURCE",
        match: "NAME",
        id,
        title: name,
        text: `the source ${slug}`,
        spaceId: null,
        found: null
      }))
  ]
}

export const makeSearch = (services: {
  readonly database: Database["Service"]
  readonly graph: IdentityGraph["Service"]
  readonly history: History["Service"]
  readonly model: ReadModel
  readonly profileSearch: ProfileSearch
  readonly outcomes: ReturnType<typeof makeOutcomes>
}) => {
  const { database, graph, history, model, profileSearch, outcomes } = services

  const typesOf = Effect.fnUntraced(function* (space: Space) {
    const document = (yield* readRulesDocument(database, space.id)) ?? space.rules
    const known = [
      ...document.identifiers.map(({ type, collection }) => ({ type, collection })),
      ...Array.from(defaultTypes, ([type, { collection }]) => ({ type, collection }))
    ]
    const of = (collection: Collection) => [
      ...new Set(known.filter((each) => each.collection === collection).map(({ type }) => type))
    ]
    return { users: of("users"), accounts: of("accounts") } satisfies KnownTypes
  })

  const namesOf = Effect.fnUntraced(function* (space: Space, profiles: ReadonlyArray<FoundProfile>) {
    if (profiles.length === 0) return []
    const traits = yield* model.traits(model.spaceOf(space.id), profiles)
    return traits.map((each, i) => {
      const all = plainTraits(each)
      const email = typeof all["email"] === "string" ? all["email"] : null
      return displayName(all) ?? email ?? (profiles[i]!.collection === "users" ? "Anonymous User" : "Unnamed account")
    })
  })

  const profileHits = Effect.fnUntraced(function* (
    space: Space,
    found: ReadonlyArray<{ readonly profile: FoundProfile; readonly match: SearchHit["match"]; readonly text: string }>
  ) {
    const names = yield* namesOf(
      space,
      found.map(({ profile }) => profile)
    )
    return found.map(({ profile, match, text }, i): SearchHit => ({
      kind: "PROFILE",
      match,
      id: profile.segmentId,
      title: names[i]!,
      text,
      spaceId: space.id,
      found: profile
    }))
  })

  const bySegmentId = Effect.fnUntraced(function* (space: Space, segmentId: string) {
    const collection = segmentId.startsWith("grp_") ? "accounts" : "users"
    const [profile] = yield* model.find(model.spaceOf(space.id), collection, [{ segmentId }])
    if (profile === null || profile === undefined) return []
    const own = profile.segmentId === segmentId
    const text = own ? "has this id" : `${segmentId} was merged into it`
    return yield* profileHits(space, [{ profile, match: own ? "ID" : "MERGED_ID", text }])
  })

  /** Each profile once, with the first identifier that led to it. */
  const byIdentifier = Effect.fnUntraced(function* (space: Space, identifiers: ReadonlyArray<Identifier>) {
    const hits: Array<{ profile: FoundProfile; match: SearchHit["match"]; text: string; identifier: Identifier }> = []
    for (const collection of ["users", "accounts"] as const) {
      const own = identifiers.filter((id) => id.collection === collection)
      if (own.length === 0) continue
      const refs = own.map((identifier): ProfileRef => ({ identifier }))
      const found = yield* model.find(model.spaceOf(space.id), collection, refs)
      found.forEach((profile, i) => {
        if (profile === null || hits.some((hit) => hit.profile.no === profile.no)) return
        const identifier = own[i]!
        hits.push({ profile, match: "HOLDS_IDENTIFIER", text: `holds this ${identifier.type}`, identifier })
      })
    }
    return hits
  })

  const byWords = Effect.fnUntraced(function* (space: Space, text: string, match: "NAME" | "HAS_TRAIT", limit: number) {
    const hits: Array<{ profile: FoundProfile; match: SearchHit["match"]; text: string }> = []
    for (const collection of ["users", "accounts"] as const) {
      const page = yield* profileSearch.byWord(model.spaceOf(space.id), collection, { ...plain, text }, null, limit)
      const told = match === "NAME" ? "a name or e-mail begins so" : "has it as a trait, not as an identifier"
      for (const { profile } of page.profiles) hits.push({ profile, match, text: told })
    }
    return hits
  })

  const byMessage = Effect.fnUntraced(function* (
    space: Space,
    messageId: string
  ): Effect.fn.Return<ReadonlyArray<SearchHit>, SearchError | HistoryFailed> {
    const [outcome] = yield* outcomes(space, [messageId])
    if (outcome === null || outcome === undefined) return []
    const [event] = yield* history.at([outcome.position])
    const message = event === undefined ? undefined : (JSON.parse(decoder.decode(event.body)) as Message)
    const title = message === undefined ? messageId : (listedName(message) ?? message.type)
    const when = message === undefined ? "" : `, received ${message.receivedAt}`
    const text = `${message?.type ?? "event"} with this message id${when}`
    return [{ kind: "EVENT", match: "ID", id: messageId, title, text, spaceId: space.id, found: null }]
  })

  const byObjectId = Effect.fnUntraced(function* (
    { spaces, sources }: SearchRequest,
    id: string
  ): Effect.fn.Return<ReadonlyArray<SearchHit>, SearchError> {
    const hit = (
      kind: SearchHit["kind"],
      title: string,
      text: string,
      spaceId: string | null,
      found: FoundProfile | null = null
    ): ReadonlyArray<SearchHit> => [{ kind, match: "ID", id, title, text, spaceId, found }]
    const asked = spaces.find((space) => space.id === id)
    if (asked !== undefined) return hit("SPACE", asked.name, `the space ${asked.slug}`, asked.id)
    const source = sources.find((each) => each.id === id)
    if (source !== undefined) return hit("SOURCE", source.name, `the source ${source.slug}`, null)
    if (id.startsWith("wif_")) {
      const run = yield* findRun(database, id)
      if (run !== undefined && spaces.some((space) => space.id === run.spaceId))
        return hit("WHAT_IF_RUN", `What-if run (${run.state})`, `asked for by ${run.actor}`, run.spaceId)
    }
    for (const space of spaces) {
      if (id.startsWith("aud_")) {
        const entry = yield* findAudit(database.read, space.id, id)
        if (entry !== undefined)
          return hit("AUDIT_ENTRY", entry.action, `${entry.target}, by ${entry.actor}, ${at(entry.at)}`, space.id)
      }
      if (id.startsWith("mrg_")) {
        const merge = yield* graph.findMerge(model.spaceOf(space.id).graph, id)
        if (merge !== null) {
          const collection = merge.into % 2 === 0 ? "users" : "accounts"
          const [profile] = yield* model.find(model.spaceOf(space.id), collection, [{ no: merge.into }])
          const text = `merged by message ${merge.messageId}, ${at(merge.at)}`
          return hit("MERGE", profile?.segmentId ?? id, text, space.id, profile ?? null)
        }
      }
    }
    return []
  })

  return Effect.fnUntraced(function* (
    request: SearchRequest
  ): Effect.fn.Return<SearchAnswer, SearchError | HistoryFailed> {
    const text = request.text.trim().slice(0, longestText)
    const spaces = request.spaces.slice(0, mostSpaces)
    const bounded = { ...request, spaces }
    const answer = (name: SearchClass, hits: ReadonlyArray<SearchHit>, identifier: Identifier | null = null) => ({
      text,
      class: name,
      identifier,
      hits: hits.slice(0, mostHits)
    })
    if (text === "" || spaces.length === 0) return answer("WORDS", [])
    const owner = request.sources.find(({ writeKeys }) => writeKeys.includes(text))
    const types = yield* typesOf(spaces[0]!)
    const { class: name, identifiers } = classify(text, types, owner !== undefined)

    if (name === "WRITE_KEY") {
      const { id, name: title, slug } = owner!
      const told = `this is a write key of the source ${slug}`
      return answer(name, [{ kind: "SOURCE", match: "WRITE_KEY", id, title, text: told, spaceId: null, found: null }])
    }
    if (name === "REQUEST_ID") return answer(name, [])
    if (name === "OBJECT_ID") return answer(name, yield* byObjectId(bounded, text))
    const inSpaces = <E>(look: (space: Space) => Effect.Effect<ReadonlyArray<SearchHit>, E>) =>
      Effect.map(Effect.forEach(spaces, look, { concurrency: 2 }), (hits) => hits.flat())
    if (name === "SEGMENT_ID") return answer(name, yield* inSpaces((space) => bySegmentId(space, text)))
    if (name === "IDENTIFIER") {
      const hits = yield* inSpaces((space) =>
        Effect.gen(function* () {
          const holding = yield* byIdentifier(space, identifiers)
          const having = request.words ? yield* byWords(space, identifiers[0]!.value, "HAS_TRAIT", 5) : []
          const others = having.filter(({ profile }) => !holding.some((hit) => hit.profile.no === profile.no))
          return yield* profileHits(space, [...holding, ...others])
        })
      )
      return answer(name, hits, identifiers[0])
    }
    const messages = yield* inSpaces((space) => byMessage(space, text))
    if (messages.length > 0) return answer("MESSAGE_ID", messages)
    let identifier: Identifier | null = null
    const held = yield* inSpaces((space) =>
      Effect.flatMap(byIdentifier(space, identifiers), (found) => {
        identifier ??= found[0]?.identifier ?? null
        return profileHits(space, found)
      })
    )
    if (held.length > 0) return answer("IDENTIFIER", held, identifier)
    const named = request.words
      ? yield* inSpaces((space) => Effect.flatMap(byWords(space, text, "NAME", 8), (hits) => profileHits(space, hits)))
      : []
    return answer("WORDS", [...named, ...byName(bounded, text)])
  })
}

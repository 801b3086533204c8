/**
 * A second implementation of identity resolution, written from spec 02 alone: one event after another over plain lists, no
 * working set, no batches, no journal. It exists to disagree with `src/identity` when that is wrong. Traits and links are
 * not kept but found by looking at all events. What people do to the graph is in `reference-operations.ts`.
 */
import type { RulesDocument } from "../../src/workspace/rules.ts"
import type { EventState, Run, State } from "../identity/support/run.ts"
import { outcomeOf } from "./reference-outcome.ts"
import {
  type Candidate,
  candidatesOf,
  defaultLocations,
  defaults,
  isBlocked,
  isDropped,
  type RefIdentifier,
  type RefType
} from "./reference-extract.ts"
import {
  type Collection,
  type Facts,
  ksuid,
  type Mapping,
  type Merge,
  type RefEvent,
  type RefProfile,
  same,
  windows
} from "./reference-words.ts"

export class Reference {
  readonly profiles: Array<RefProfile> = []
  mappings: Array<Mapping> = []
  /** Active ones. */
  merges: Array<Merge> = []
  /** IDR-205: pairs of profiles as they were named, and the audit entry that separated them. */
  separations: Array<{ readonly a: RefProfile; readonly b: RefProfile; readonly audit: string }> = []
  readonly resolved: Array<RefEvent> = []
  readonly events: Array<EventState> = []
  private readonly ledger = new Set<string>()
  private readonly added: Array<{ readonly type: string; readonly collection: Collection }> = []
  protected document: RulesDocument
  protected readonly run: Pick<Run, "spaceId" | "maxMerges" | "maxMappings">

  constructor(run: Pick<Run, "spaceId" | "rules" | "maxMerges" | "maxMappings">) {
    this.run = run
    this.document = run.rules
  }

  save(document: RulesDocument): void {
    this.document = document
  }

  /** The table by rank, switched-off types included (IDR-71, IDR-72). */
  protected rows(): ReadonlyArray<RefType> {
    const rows: Array<RefType> = this.document.identifiers.map((row) => ({ ...row }))
    for (const { type, collection } of this.added)
      if (!rows.some((row) => row.type === type))
        rows.push({
          type,
          collection,
          rank: null,
          limit: type === "user_id" ? 1 : 5,
          window: "ever",
          enabled: true,
          locations: type in defaults ? defaultLocations(type) : ["externalIds"],
          matchKeys: [type],
          blocked: [
            { kind: "pattern", value: "^[0-]*$" },
            { kind: "exact", value: "-1" },
            { kind: "exact", value: "null" },
            { kind: "exact", value: "anonymous" }
          ]
        })
    return rows.sort((a, b) => (a.rank ?? 1e9) - (b.rank ?? 1e9) || (a.type < b.type ? -1 : 1))
  }

  readonly canonical = (profile: RefProfile): RefProfile =>
    profile.into === undefined ? profile : this.canonical(profile.into)

  protected ownerOf(id: RefIdentifier): RefProfile | undefined {
    const mapping = this.mappings.find((mapping) => same(mapping, id))
    return mapping === undefined ? undefined : this.canonical(mapping.origin)
  }

  protected mappingsOf(profile: RefProfile): ReadonlyArray<Mapping> {
    return this.mappings.filter((mapping) => this.canonical(mapping.origin) === profile)
  }

  protected mergesOf(profile: RefProfile): number {
    return this.profiles.filter((other) => other !== profile && this.canonical(other) === profile).length
  }

  /** Answers what became of it. */
  event(message: Readonly<Record<string, unknown>>): EventState["outcome"] {
    this.take(message)
    return this.events.at(-1)!.outcome
  }

  private take(message: Readonly<Record<string, unknown>>): void {
    const messageId = String(message["messageId"])
    if (isDropped(message)) return void this.note(messageId, "dropped", undefined, undefined)
    if (this.ledger.has(messageId)) return void this.note(messageId, "duplicate", undefined, undefined)
    this.ledger.add(messageId)
    const received = Date.parse(String(message["receivedAt"]))
    const t = Math.min(received, Date.parse(String(message["timestamp"])))
    const violations: Array<string> = []
    const facts = { messageId, receivedAt: received, t, violations }
    const rows = this.grow(candidatesOf(message, this.rows()))
    const live = this.live(candidatesOf(message, rows), rows, violations)
    const users = this.resolve(live.users, "users", facts, rows)
    const accounts = this.resolve(live.accounts, "accounts", facts, rows)
    const nobody = users === undefined && accounts === undefined
    if (nobody) violations.push("No matching identifiers on event")
    const on = (ids: ReadonlyArray<RefIdentifier>, profile: RefProfile | undefined) =>
      ids.filter((id) => profile !== undefined && this.ownerOf(id) === profile)
    const promoted = { users: on(live.users, users), accounts: on(live.accounts, accounts) }
    const isGroup = message["type"] === "group"
    const writes = new Map(Object.entries((message["traits"] ?? {}) as object))
    this.resolved.push({
      messageId,
      message,
      isGroup,
      t,
      users,
      accounts,
      promoted,
      writes,
      violations,
      gone: undefined
    })
    this.note(messageId, nobody ? "unresolved" : "resolved", users, accounts)
  }

  private note(messageId: string, outcome: EventState["outcome"], user?: RefProfile, account?: RefProfile): void {
    this.events.push({ messageId, outcome, users: user?.segmentId ?? null, accounts: account?.segmentId ?? null })
  }

  /** IDR-37. */
  private grow(candidates: ReadonlyArray<Candidate>): ReadonlyArray<RefType> {
    const rows = this.rows()
    for (const { type, collection, value } of candidates) {
      if (value === undefined || !this.document.autoAddIdentifiers) continue
      if (type === "braze_id" || type === "cross_domain_id") continue
      if (!rows.some((row) => row.type === type) && !this.added.some((added) => added.type === type))
        this.added.push({ type, collection })
    }
    return this.rows()
  }

  /** Enabled, not blocked, each once, by (rank, extraction index). */
  private live(candidates: ReadonlyArray<Candidate>, rows: ReadonlyArray<RefType>, violations: Array<string>) {
    const live: Record<Collection, Array<RefIdentifier>> = { users: [], accounts: [] }
    const blocked: Array<RefIdentifier> = []
    for (const { type, collection, value } of candidates) {
      const row = rows.find((row) => row.type === type)
      if (row === undefined || !row.enabled || value === undefined || row.collection !== collection) continue
      const id = { collection, type, value }
      if (isBlocked(this.document, row, value)) {
        if (!blocked.some((other) => same(other, id))) violations.push(`ID value blocked ${type}:${value}`)
        blocked.push(id)
        continue
      }
      if (!live[collection].some((other) => same(other, id))) live[collection].push(id)
    }
    const rank = (id: RefIdentifier) => rows.findIndex((row) => row.type === id.type)
    for (const list of Object.values(live)) list.sort((a, b) => rank(a) - rank(b))
    return live
  }

  keptApart(a: RefProfile, b: RefProfile): boolean {
    return (
      a !== b &&
      this.separations.some(
        (pair) =>
          [pair.a, pair.b].every((it) => [a, b].includes(this.canonical(it))) &&
          this.canonical(pair.a) !== this.canonical(pair.b)
      )
    )
  }

  /** FIND_BREACH: the kind of the violation that it would be, or undefined. */
  private breach(
    matched: ReadonlyArray<RefProfile>,
    unseen: ReadonlyArray<RefIdentifier>,
    t: number,
    rows: ReadonlyArray<RefType>
  ): string | undefined {
    if (matched.some((a) => matched.some((b) => this.keptApart(a, b)))) return "Profiles kept apart"
    const row = rows.find(({ type, limit, window, enabled }) => {
      if (!enabled) return false
      const counts = matched.map(
        (profile) =>
          this.mappingsOf(profile).filter((it) => it.type === type && Math.abs(it.addedAt - t) < windows[window]!)
            .length
      )
      const n = counts.reduce((a, b) => a + b, 0) + unseen.filter((id) => id.type === type).length
      return n > limit && n > Math.max(0, ...counts)
    })
    if (row === undefined) return undefined
    return row.window === "ever" ? "Identifier value limit exceeded" : "Identifier value time limit exceeded"
  }

  /** Section 7. */
  private resolve(
    sorted: ReadonlyArray<RefIdentifier>,
    collection: Collection,
    facts: Facts,
    rows: ReadonlyArray<RefType>
  ): RefProfile | undefined {
    if (sorted.length === 0) return undefined
    const live = [...sorted]
    let demoted: Array<{ readonly id: RefIdentifier; readonly kind: string }> = []
    let matched: Array<RefProfile>
    let unseen: Array<RefIdentifier>
    for (;;) {
      matched = [...new Set(live.map((id) => this.ownerOf(id)).filter((profile) => profile !== undefined))]
      unseen = live.filter((id) => this.ownerOf(id) === undefined)
      const kind = live.length === 1 ? undefined : this.breach(matched, unseen, facts.t, rows)
      if (kind === undefined) break
      demoted.unshift({ id: live.pop()!, kind })
    }
    if (this.document.readmitDemoted)
      for (const { id } of demoted)
        if (this.ownerOf(id) === undefined && this.breach(matched, [...unseen, id], facts.t, rows) === undefined)
          unseen.push(id)
    demoted = demoted.filter(({ id }) => !unseen.includes(id))
    unseen.sort((a, b) => sorted.indexOf(a) - sorted.indexOf(b))
    const owners = live.map((id) => ({ id, owner: this.ownerOf(id) }))
    const violated = (kind: string, id: RefIdentifier) => facts.violations.push(`${kind} ${id.type}:${id.value}`)
    const skip = (profile: RefProfile, kind: string) => {
      for (const { id, owner } of owners) if (owner === profile) violated(kind, id)
    }
    const target = matched.length === 0 ? this.create(collection, facts) : this.join(matched, facts, skip)
    for (const id of unseen)
      if (this.mappingsOf(target).length < this.run.maxMappings)
        this.mappings.push({ ...id, origin: target, addedAt: facts.t })
      else violated("Identifier mapping limit exceeded", id)
    for (const { id, kind } of demoted) if (this.ownerOf(id) !== target) violated(kind, id)
    return target
  }

  private create(collection: Collection, { messageId, receivedAt }: Facts): RefProfile {
    const prefix = collection === "users" ? "use_" : "grp_"
    const text = `${this.run.spaceId}\n${collection}\n${messageId}`
    let segmentId = prefix + ksuid(receivedAt, text)
    for (let n = 2; this.profiles.some((it) => it.segmentId === segmentId); n++)
      segmentId = prefix + ksuid(receivedAt, `${text}\n${n}`)
    const profile: RefProfile = { segmentId, collection, into: undefined }
    this.profiles.push(profile)
    return profile
  }

  /** Greedy up to the protection limits, into the oldest (IDR-87, IDR-100). */
  private join(
    [anchor, ...others]: ReadonlyArray<RefProfile>,
    { messageId }: Facts,
    skip: (profile: RefProfile, kind: string) => void
  ): RefProfile {
    const group = [anchor!]
    for (const profile of others) {
      const merges = group.reduce((sum, it) => sum + this.mergesOf(it), 0) + group.length - 1
      const mappings = group.reduce((sum, it) => sum + this.mappingsOf(it).length, 0)
      if (merges + this.mergesOf(profile) + 1 > this.run.maxMerges) skip(profile, "Profile merge limit exceeded")
      else if (mappings + this.mappingsOf(profile).length > this.run.maxMappings)
        skip(profile, "Identifier mapping limit exceeded")
      else group.push(profile)
    }
    group.sort((a, b) => this.profiles.indexOf(a) - this.profiles.indexOf(b))
    const [target, ...gone] = group
    for (const profile of gone) {
      this.merges.push({ from: profile, into: target!, messageId })
      profile.into = target
    }
    return target!
  }

  state(): State {
    return outcomeOf(this)
  }
}

export const playReference = (run: Run): Reference => {
  const reference = new Reference(run)
  for (const step of run.steps)
    if (step.kind === "rules") reference.save(step.document)
    else reference.event({ ...step.message })
  return reference
}

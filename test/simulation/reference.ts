/**
 * A second implementation of identity resolution, written from spec 02 alone: one event after another over plain lists, no
 * working set, no batches, no journal. It exists to disagree with `src/identity` when that is wrong.
 */
import { createHash } from "node:crypto"
import type { RulesDocument } from "../../src/workspace/rules.ts"
import type { EventState, Run, State } from "../identity/support/run.ts"
import {
  type Candidate,
  candidatesOf,
  defaults,
  isBlocked,
  isDropped,
  type RefIdentifier,
  type RefType
} from "./reference-extract.ts"

type Collection = RefIdentifier["collection"]

interface RefProfile {
  readonly segmentId: string
  readonly collection: Collection
  /** The merge that leads away, if any. */
  into: RefProfile | undefined
}
interface Mapping extends RefIdentifier {
  readonly origin: RefProfile
  readonly addedAt: number
}
interface Write {
  readonly profile: RefProfile
  readonly key: string
  readonly value: unknown
  readonly t: number
  readonly seq: number
}

const windows: Readonly<Record<string, number>> = {
  ever: Number.POSITIVE_INFINITY,
  annually: 365 * 86_400_000,
  monthly: 30 * 86_400_000,
  weekly: 7 * 86_400_000,
  daily: 86_400_000
}

/** IDR-110. */
const ksuid = (ms: number, text: string): string => {
  const seconds = BigInt(Math.max(0, Math.floor(ms / 1000) - 1_400_000_000))
  const digest = createHash("sha256").update(text).digest("hex").slice(0, 32)
  let n = (seconds << 128n) + BigInt(`0x${digest}`)
  let id = ""
  for (let i = 0; i < 27; i++) {
    id = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".charAt(Number(n % 62n)) + id
    n /= 62n
  }
  return id
}

const same = (a: RefIdentifier, b: RefIdentifier) =>
  a.collection === b.collection && a.type === b.type && a.value === b.value

interface Facts {
  readonly messageId: string
  readonly t: number
  readonly receivedAt: number
}

export class Reference {
  readonly profiles: Array<RefProfile> = []
  mappings: Array<Mapping> = []
  readonly merges: Array<{ readonly from: RefProfile; readonly into: RefProfile }> = []
  readonly links: Array<{ readonly user: RefProfile; readonly account: RefProfile }> = []
  readonly writes: Array<Write> = []
  readonly events: Array<EventState> = []
  private readonly ledger = new Set<string>()
  private readonly added: Array<{ readonly type: string; readonly collection: Collection }> = []
  private document: RulesDocument
  private readonly run: Pick<Run, "spaceId" | "maxMerges" | "maxMappings">

  constructor(run: Pick<Run, "spaceId" | "rules" | "maxMerges" | "maxMappings">) {
    this.run = run
    this.document = run.rules
  }

  save(document: RulesDocument): void {
    this.document = document
  }

  /** The table by rank, switched-off types included (IDR-71, IDR-72). */
  private rows(): ReadonlyArray<RefType> {
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

  canonical(profile: RefProfile): RefProfile {
    return profile.into === undefined ? profile : this.canonical(profile.into)
  }

  private ownerOf(id: RefIdentifier): RefProfile | undefined {
    const mapping = this.mappings.find((mapping) => same(mapping, id))
    return mapping === undefined ? undefined : this.canonical(mapping.origin)
  }

  private mappingsOf(profile: RefProfile): ReadonlyArray<Mapping> {
    return this.mappings.filter((mapping) => this.canonical(mapping.origin) === profile)
  }

  private mergesOf(profile: RefProfile): number {
    return this.profiles.filter((other) => other !== profile && this.canonical(other) === profile).length
  }

  event(message: Readonly<Record<string, unknown>>): void {
    const messageId = String(message["messageId"])
    if (isDropped(message)) return void this.note(messageId, "dropped", undefined, undefined)
    if (this.ledger.has(messageId)) return void this.note(messageId, "duplicate", undefined, undefined)
    this.ledger.add(messageId)
    const received = Date.parse(String(message["receivedAt"]))
    const facts = { messageId, receivedAt: received, t: Math.min(received, Date.parse(String(message["timestamp"]))) }
    const rows = this.grow(candidatesOf(message, this.rows()))
    const byCollection = this.live(candidatesOf(message, rows), rows)
    const user = this.resolve(byCollection.users, "users", facts, rows)
    const account = this.resolve(byCollection.accounts, "accounts", facts, rows)
    const owner = message["type"] === "group" ? account : user
    const traits = message["traits"]
    if (owner !== undefined && typeof traits === "object" && traits !== null)
      for (const [key, value] of Object.entries(traits))
        this.writes.push({ profile: owner, key, value, t: facts.t, seq: this.writes.length })
    if (message["type"] === "group" && user !== undefined && account !== undefined) this.links.push({ user, account })
    this.note(messageId, user === undefined && account === undefined ? "unresolved" : "resolved", user, account)
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
  private live(candidates: ReadonlyArray<Candidate>, rows: ReadonlyArray<RefType>) {
    const live: Record<Collection, Array<RefIdentifier>> = { users: [], accounts: [] }
    for (const { type, collection, value } of candidates) {
      const row = rows.find((row) => row.type === type)
      if (row === undefined || !row.enabled || value === undefined || row.collection !== collection) continue
      if (isBlocked(this.document, row, value)) continue
      const id = { collection, type, value }
      if (!live[collection].some((other) => same(other, id))) live[collection].push(id)
    }
    const rank = (id: RefIdentifier) => rows.findIndex((row) => row.type === id.type)
    for (const list of Object.values(live)) list.sort((a, b) => rank(a) - rank(b))
    return live
  }

  private breaches(
    matched: ReadonlyArray<RefProfile>,
    unseen: ReadonlyArray<RefIdentifier>,
    t: number,
    rows: ReadonlyArray<RefType>
  ): boolean {
    return rows.some(({ type, limit, window, enabled }) => {
      if (!enabled) return false
      const counts = matched.map(
        (profile) =>
          this.mappingsOf(profile).filter((it) => it.type === type && Math.abs(it.addedAt - t) < windows[window]!)
            .length
      )
      const n = counts.reduce((a, b) => a + b, 0) + unseen.filter((id) => id.type === type).length
      return n > limit && n > Math.max(0, ...counts)
    })
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
    const demoted: Array<RefIdentifier> = []
    let matched: Array<RefProfile>
    let unseen: Array<RefIdentifier>
    for (;;) {
      matched = [...new Set(live.map((id) => this.ownerOf(id)).filter((profile) => profile !== undefined))]
      unseen = live.filter((id) => this.ownerOf(id) === undefined)
      if (live.length === 1 || !this.breaches(matched, unseen, facts.t, rows)) break
      demoted.unshift(live.pop()!)
    }
    if (this.document.readmitDemoted)
      for (const id of demoted)
        if (this.ownerOf(id) === undefined && !this.breaches(matched, [...unseen, id], facts.t, rows)) unseen.push(id)
    unseen.sort((a, b) => sorted.indexOf(a) - sorted.indexOf(b))
    const target = matched.length === 0 ? this.create(collection, facts) : this.join(matched)
    for (const id of unseen)
      if (this.mappingsOf(target).length < this.run.maxMappings)
        this.mappings.push({ ...id, origin: target, addedAt: facts.t })
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
  private join([anchor, ...others]: ReadonlyArray<RefProfile>): RefProfile {
    const group = [anchor!]
    for (const profile of others) {
      const merges = group.reduce((sum, it) => sum + this.mergesOf(it), 0) + group.length - 1
      const mappings = group.reduce((sum, it) => sum + this.mappingsOf(it).length, 0)
      if (merges + this.mergesOf(profile) + 1 > this.run.maxMerges) continue
      if (mappings + this.mappingsOf(profile).length > this.run.maxMappings) continue
      group.push(profile)
    }
    group.sort((a, b) => this.profiles.indexOf(a) - this.profiles.indexOf(b))
    const [target, ...gone] = group
    for (const profile of gone) {
      this.merges.push({ from: profile, into: target! })
      profile.into = target
    }
    return target!
  }

  /** Newest write per key over all that became one profile; a removal is a write (IDR-102). */
  private traitsOf(profile: RefProfile): Record<string, unknown> {
    const newest = new Map<string, Write>()
    for (const write of this.writes)
      if (this.canonical(write.profile) === profile) {
        const known = newest.get(write.key)
        if (known === undefined || write.t > known.t || (write.t === known.t && write.seq > known.seq))
          newest.set(write.key, write)
      }
    return Object.fromEntries(
      [...newest].filter(([, { value }]) => value !== null).map(([key, { value }]) => [key, value])
    )
  }

  state(): State {
    const ids = (profile: RefProfile) => this.canonical(profile).segmentId
    const canonical = this.profiles.filter((profile) => profile.into === undefined)
    const links = new Map(
      this.links.map(({ user, account }) => [
        `${ids(user)} ${ids(account)}`,
        { user: ids(user), account: ids(account) }
      ])
    )
    return {
      profiles: this.profiles.map((profile) => ({
        segmentId: profile.segmentId,
        collection: profile.collection,
        canonical: ids(profile)
      })),
      identifiers: this.mappings.map(({ collection, type, value, origin, addedAt }) => ({
        collection,
        type,
        value,
        profile: ids(origin),
        origin: origin.segmentId,
        addedAt
      })),
      merges: this.merges.map(({ from, into }) => ({ from: from.segmentId, into: into.segmentId })),
      links: [...links.values()],
      traits: Object.fromEntries(
        canonical
          .map((profile) => [profile.segmentId, this.traitsOf(profile)] as const)
          .filter(([, traits]) => Object.keys(traits).length > 0)
      ),
      events: this.events
    }
  }
}

const defaultLocations = (type: string): ReadonlyArray<string> => {
  if (type === "user_id") return ["userId", "externalIds"]
  if (type === "anonymous_id") return ["anonymousId", "externalIds"]
  if (type === "email") return ["traits", "context.traits", "properties", "externalIds"]
  if (type === "group_id") return ["groupId", "context.groupId", "externalIds"]
  if (type === "ga_client_id") return ["context.integrations", "integrations", "externalIds"]
  return ["context.device", "externalIds"]
}

export const runReference = (run: Run): State => {
  const reference = new Reference(run)
  for (const step of run.steps)
    if (step.kind === "rules") reference.save(step.document)
    else reference.event({ ...step.message })
  return reference.state()
}

/**
 * What people do to the identity graph, on the second implementation: written from spec 02 (sections 13, 14 and 16.3) and
 * docs/unmerge.md alone. Each operation answers what its caller is told, or the code that it is refused with.
 */
import type { RulesDocument } from "../../src/workspace/rules.ts"
import { erase, forgetOverwritten } from "./reference-erasure.ts"
import type { RefIdentifier } from "./reference-extract.ts"
import { Reference } from "./reference.ts"
import { type RefProfile, same } from "./reference-words.ts"

interface ExternalId {
  readonly type: string
  readonly id: string
}

/** Ids that only the service can know are part of the request: of the audit entry, of the profile that a split makes. */
export type RefOperation =
  | { readonly kind: "delete_identifier"; readonly userId: string; readonly identifier: ExternalId }
  | {
      readonly kind: "undo_merge"
      readonly merge: { readonly from: string; readonly into: string; readonly messageId: string }
      readonly also: ReadonlyArray<ExternalId>
      readonly keepApart: boolean
      readonly audit: string
    }
  | {
      readonly kind: "split"
      readonly profile: string
      readonly identifiers: ReadonlyArray<ExternalId>
      readonly keepApart: boolean
      readonly audit: string
      readonly segmentId: string
    }
  | { readonly kind: "revert_split"; readonly of: string; readonly audit: string }
  | { readonly kind: "lift_separation"; readonly a: string; readonly b: string }
  | { readonly kind: "save_rules"; readonly document: RulesDocument; readonly expectedVersion: number }
  | {
      readonly kind: "erase_user"
      readonly userIds: ReadonlyArray<string>
      /** Whether log or archive had the message, and the search for it came across it. */
      readonly isNamed: (messageId: string) => boolean
    }

export type RefAnswer = Readonly<Record<string, string | number | boolean | ReadonlyArray<string>>>

interface Separated {
  readonly separated: RefProfile
  readonly remaining: RefProfile
  readonly moved: ReadonlyArray<{ readonly id: RefIdentifier; readonly origin: RefProfile }>
}

const refusal = (code: string): RefAnswer => ({ code })

export class OperatedReference extends Reference {
  version = 1
  private readonly audits = new Map<string, Separated>()
  private readonly undone: Array<{ readonly from: RefProfile; readonly into: RefProfile; readonly messageId: string }> =
    []

  override event(message: Readonly<Record<string, unknown>>) {
    const outcome = super.event(message)
    forgetOverwritten(this.resolved)
    return outcome
  }

  /** The configuration says so. */
  declare(document: RulesDocument): void {
    this.save(document)
    this.version += 1
  }

  operate(operation: RefOperation): RefAnswer {
    const answer = this.perform(operation)
    forgetOverwritten(this.resolved)
    return answer
  }

  private perform(operation: RefOperation): RefAnswer {
    switch (operation.kind) {
      case "delete_identifier":
        return this.deleteIdentifier(operation)
      case "undo_merge":
        return this.undoMerge(operation)
      case "split":
        return this.split(operation)
      case "revert_split":
        return this.revertSplit(operation)
      case "lift_separation":
        return this.liftSeparation(operation)
      case "save_rules":
        return this.saveRules(operation)
      case "erase_user":
        return this.eraseUser(operation)
    }
  }

  private find(segmentId: string): RefProfile | undefined {
    const profile = this.profiles.find((it) => it.segmentId === segmentId && it.erased !== true)
    return profile === undefined ? undefined : this.canonical(profile)
  }

  /** IDR-150 to IDR-152. */
  private deleteIdentifier({ userId, identifier: { type, id } }: Extract<RefOperation, { kind: "delete_identifier" }>) {
    const row = this.rows().find((it) => it.type === type)
    if (row === undefined || row.collection !== "users") return refusal("UNSUPPORTED_IDENTIFIER")
    if (!row.enabled) return refusal("IDENTIFIER_SWITCHED_OFF")
    if (type === "user_id" && id === userId) return refusal("VALIDATION_FAILED")
    const owner = this.ownerOf({ collection: "users", type: "user_id", value: userId })
    if (owner === undefined) return refusal("NOT_FOUND")
    const identifier: RefIdentifier = { collection: "users", type, value: id }
    if (this.ownerOf(identifier) !== owner) return refusal("IDENTIFIER_NOT_FOUND")
    this.mappings = this.mappings.filter((mapping) => !same(mapping, identifier))
    return { segmentId: owner.segmentId }
  }

  /** IDR-200, IDR-203. */
  private undoMerge({ merge, also, keepApart, audit }: Extract<RefOperation, { kind: "undo_merge" }>) {
    const is = ({ from, into, messageId }: (typeof this.merges)[number]) =>
      from.segmentId === merge.from && into.segmentId === merge.into && messageId === merge.messageId
    const found = this.merges.find(is)
    if (found === undefined) return refusal(this.undone.some(is) ? "CONFLICT" : "NOT_FOUND")
    const { from } = found
    const remaining = this.canonical(from)
    const leaves = (profile: RefProfile): boolean =>
      profile === from || (profile.into !== undefined && leaves(profile.into))
    const refused = this.cannotSeparate(remaining, also, leaves)
    if (refused !== undefined) return refused
    this.merges = this.merges.filter((it) => it !== found)
    this.undone.push(found)
    from.into = undefined
    return this.separate(remaining, from, also, keepApart, audit)
  }

  /** IDR-201, IDR-203. */
  private split(operation: Extract<RefOperation, { kind: "split" }>) {
    const { identifiers, keepApart, audit, segmentId } = operation
    const remaining = this.find(operation.profile)
    if (remaining === undefined) return refusal("NOT_FOUND")
    const refused = this.cannotSeparate(remaining, identifiers, () => false)
    if (refused !== undefined) return refused
    const made: RefProfile = { segmentId, collection: remaining.collection, into: undefined }
    this.profiles.push(made)
    return this.separate(remaining, made, identifiers, keepApart, audit)
  }

  private cannotSeparate(
    profile: RefProfile,
    also: ReadonlyArray<ExternalId>,
    leaves: (origin: RefProfile) => boolean
  ): RefAnswer | undefined {
    const all = this.mappingsOf(profile)
    const named = ({ type, value }: RefIdentifier) => also.some((it) => it.type === type && it.id === value)
    if (!also.every(({ type, id }) => all.some((it) => it.type === type && it.value === id)))
      return refusal("IDENTIFIER_NOT_FOUND")
    const leaving = all.filter((mapping) => leaves(mapping.origin) || named(mapping)).length
    return leaving === 0 || leaving === all.length ? refusal("EMPTY_SPLIT") : undefined
  }

  /** Both are canonical; `also` and the events that follow go from the one to the other (IDR-202, IDR-204, IDR-205). */
  private separate(
    remaining: RefProfile,
    separated: RefProfile,
    also: ReadonlyArray<ExternalId>,
    keepApart: boolean,
    audit: string
  ): RefAnswer {
    const { collection } = remaining
    const moved: Array<Separated["moved"][number]> = []
    this.mappings = this.mappings.map((mapping) => {
      const named = also.some(({ type, id }) => same({ collection, type, value: id }, mapping))
      if (!named || this.canonical(mapping.origin) === separated) return mapping
      moved.push({ id: mapping, origin: mapping.origin })
      return { ...mapping, origin: separated }
    })
    let movedEvents = 0
    for (const event of this.resolved) {
      const stamped = event[collection]
      if (stamped === undefined || this.canonical(stamped) !== remaining) continue
      const promoted = event.promoted[collection]
      if (promoted.length === 0 || !promoted.every((id) => this.ownerOf(id) === separated)) continue
      event[collection] = separated
      movedEvents += 1
    }
    if (keepApart) this.separations.push({ a: remaining, b: separated, audit })
    this.audits.set(audit, { separated, remaining, moved })
    return { remaining: remaining.segmentId, separated: separated.segmentId, movedEvents }
  }

  /** IDR-204; docs/unmerge.md says when there is no way back. */
  private revertSplit({ of, audit }: Extract<RefOperation, { kind: "revert_split" }>) {
    const found = this.audits.get(of)
    if (found === undefined) return refusal("NOT_FOUND")
    const { separated, remaining, moved } = found
    if (separated.erased === true || remaining.erased === true) return refusal("NOT_FOUND")
    if (this.canonical(separated) !== separated || this.canonical(remaining) !== remaining) return refusal("CONFLICT")
    const between = this.separations.filter((pair) => this.isBetween(pair, separated, remaining))
    if (between.some((pair) => pair.audit !== of)) return refusal("CONFLICT")
    if (this.mergesOf(separated) + this.mergesOf(remaining) + 1 > this.run.maxMerges) return refusal("CONFLICT")
    const mappings = this.mappingsOf(separated).length + this.mappingsOf(remaining).length
    if (mappings > this.run.maxMappings) return refusal("CONFLICT")
    this.separations = this.separations.filter((pair) => !between.includes(pair))
    this.mappings = this.mappings.map((mapping) => {
      const home = moved.find(({ id }) => same(id, mapping))?.origin
      if (home === undefined || mapping.origin !== separated || this.canonical(home) !== remaining) return mapping
      return { ...mapping, origin: home }
    })
    separated.into = remaining
    this.merges.push({ from: separated, into: remaining, messageId: audit })
    return { segmentId: remaining.segmentId }
  }

  private isBetween(pair: { readonly a: RefProfile; readonly b: RefProfile }, x: RefProfile, y: RefProfile): boolean {
    const [a, b] = [this.canonical(pair.a), this.canonical(pair.b)]
    return a !== b && ((a === x && b === y) || (a === y && b === x))
  }

  /** IDR-205. */
  private liftSeparation({ a, b }: Extract<RefOperation, { kind: "lift_separation" }>) {
    const [x, y] = [this.find(a), this.find(b)]
    if (x === undefined || y === undefined) return refusal("NOT_FOUND")
    const before = this.separations.length
    this.separations = this.separations.filter((pair) => !this.isBetween(pair, x, y))
    return { lifted: this.separations.length < before }
  }

  /** IDR-38, IDR-156, IDR-158. */
  private saveRules({ document, expectedVersion }: Extract<RefOperation, { kind: "save_rules" }>) {
    if (expectedVersion !== this.version) return refusal("CONFLICT")
    const kept = document.identifiers.map(({ type }) => type)
    if (this.document.identifiers.some(({ type, origin }) => origin === "custom" && !kept.includes(type)))
      return refusal("VALIDATION_FAILED")
    const moves = this.rows().some(({ type, collection }) =>
      document.identifiers.some((row) => row.type === type && row.collection !== collection)
    )
    if (moves) return refusal("VALIDATION_FAILED")
    this.declare(document)
    return { version: this.version }
  }

  /** IDR-162. */
  private eraseUser({ userIds, isNamed }: Extract<RefOperation, { kind: "erase_user" }>): RefAnswer {
    const segmentIds = erase(this, userIds, isNamed)
    return segmentIds.length === 0 ? refusal("NOT_FOUND") : { segmentIds }
  }

  /** Separations in force, each as two canonical segment ids. */
  apart(): ReadonlyArray<string> {
    const pairs = this.separations.map(({ a, b }) => [this.canonical(a), this.canonical(b)].map((it) => it.segmentId))
    return [...new Set(pairs.filter(([a, b]) => a !== b).map((pair) => pair.sort().join(" ")))].sort()
  }

  /** Whose each resolved event is now, by message id; without those that were erased. */
  owners(): ReadonlyMap<string, readonly [users: string | null, accounts: string | null]> {
    const id = (profile: RefProfile | undefined) => (profile === undefined ? null : this.canonical(profile).segmentId)
    return new Map(
      this.resolved.flatMap(({ messageId, users, accounts, gone }) =>
        gone === undefined ? [[messageId, [id(users), id(accounts)]] as const] : []
      )
    )
  }
}

/** Which records of Profiles Insights a person asks for (PRO-81): one predicate, for lists and for subscriptions. Pure. */
import type { MessageType } from "../event/message.ts"
import { limitOf, nameOf } from "../identity/explain/words.ts"
import type { Breach, Identifier, Seq } from "../identity/model.ts"

export type RecordClass = "error" | "violation" | "success"

/** A record of an event, or of an operation of a person (then without event). */
export interface InsightRow {
  readonly id: string
  readonly seq: Seq
  readonly n: number
  /** ms */
  readonly at: number
  readonly kind: string
  readonly class: RecordClass
  readonly identifier: Identifier | null
  readonly breach: Breach | null
  readonly candidates: ReadonlyArray<string>
  readonly segmentId: string | null
  readonly mergeId: string | null
  readonly iteration: number | null
  readonly nextStep: string | null
  readonly messageId: string | null
  readonly eventType: MessageType | null
  readonly eventName: string | null
  readonly sourceId: string | null
  readonly rulesVersion: number | null
}

export interface InsightFilter {
  readonly from: number
  readonly to: number
  readonly externalId: { readonly type: string; readonly value: string } | null
  /** Of the profile that holds `externalId`: any of its segment ids. */
  readonly holder: ReadonlySet<string>
  /** Any id of the profile that was asked for; null: of any. */
  readonly segmentIds: ReadonlySet<string> | null
  readonly idType: string | null
  /** Null: all kinds of the class. */
  readonly kinds: Readonly<Record<RecordClass, ReadonlySet<string> | null>>
  readonly classes: ReadonlySet<RecordClass>
  readonly eventTypes: ReadonlySet<string> | null
  readonly eventName: string | null
  readonly sourceIds: ReadonlySet<string> | null
}

const names = ({ identifier }: InsightRow, { type, value }: { type: string; value: string }): boolean =>
  identifier !== null && identifier.type === type && identifier.value === value

export const matches = (filter: InsightFilter, row: InsightRow): boolean => {
  const { externalId, segmentIds } = filter
  if (row.at < filter.from || row.at >= filter.to || !filter.classes.has(row.class)) return false
  if (filter.kinds[row.class]?.has(row.kind) === false) return false
  if (filter.idType !== null && row.identifier?.type !== filter.idType) return false
  if (filter.eventTypes !== null && !filter.eventTypes.has(row.eventType ?? "")) return false
  if (filter.eventName !== null && row.eventName !== filter.eventName) return false
  if (filter.sourceIds !== null && !filter.sourceIds.has(row.sourceId ?? "")) return false
  if (segmentIds !== null && !segmentIds.has(row.segmentId ?? "") && !row.candidates.some((id) => segmentIds.has(id)))
    return false
  return externalId === null || names(row, externalId) || filter.holder.has(row.segmentId ?? "")
}

/** What happened, in one sentence (PRO-82). */
export const textOf = ({
  kind,
  identifier,
  breach,
  candidates,
  segmentId
}: Pick<InsightRow, "kind" | "identifier" | "breach" | "candidates" | "segmentId">): string => {
  const id = identifier === null ? "An identifier" : nameOf(identifier)
  const profile = segmentId ?? "no profile"
  switch (kind) {
    case "Identifier value limit exceeded":
    case "Identifier value time limit exceeded":
      return breach?.kind === "limit"
        ? `${id} was not used: with it the profile would have ${breach.count} ${breach.type}, the limit is ${limitOf(breach)}.`
        : `${id} was not used: the profile would have too many values.`
    case "ID value blocked":
      return `${id} was not used: the value is blocked.`
    case "Profile merge limit exceeded":
      return `${candidates.join(", ")} was not merged into ${profile}: it has as many merges as a profile may have.`
    case "Identifier mapping limit exceeded":
      return `${id} was not mapped to ${profile}: it has as many identifiers as a profile may have.`
    case "Profiles kept apart":
      return `${id} was not used: it leads to a profile that is kept apart from ${profile}.`
    case "No matching identifiers on event":
      return "No identifier of the event could be used, so it belongs to no profile."
    case "Internal resolution failure":
      return "The event could not be resolved because of a fault of Braid."
    case "Profile created":
      return `${profile} was created.`
    case "Identifier mapped":
      return `${id} was mapped to ${profile}.`
    case "Profiles merged":
      return candidates.length === 0
        ? `A profile was merged back into ${profile}.`
        : `${candidates.join(", ")} was merged into ${profile}.`
    case "Link created":
      return `${profile} was linked to ${candidates.join(", ")}.`
    case "Profile split":
      return `${profile} was separated.`
    case "Identifier removed":
      return `${id} was removed from ${profile}.`
    default:
      return kind
  }
}

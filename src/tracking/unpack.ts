/**
 * From a parsed body to events for the log: batches unpacked and merged (ING-40 to ING-44), each message judged on
 * its own, the faultless ones normalised and written as JSON.
 *
 * This is the per-event cost of ingestion: one walk (size, depth, numbers), one shape of message, one
 * `JSON.stringify`. No Effect, no closure and no schema per event. `bench/ingest-core.ts` measures it.
 */
import { type DiscardCode, Warning } from "../event/codes.ts"
import { inspect, type Inspection, isLargerThan, isObject } from "../event/json.ts"
import { mergeContext, mergeIntegrations } from "../event/merge.ts"
import { type Json, type JsonObject, type Message, type MessageType, messageTypes } from "../event/message.ts"
import { type Arrival, normalise } from "../event/normalise.ts"
import { maxProperties, truncateProperties } from "../event/truncate.ts"
import { validate } from "../event/validate.ts"
import { namesSuppressed } from "../event/user-ids.ts"
import type { Cell, SourceTally } from "../delivery/source-tally.ts"
import type { NewEvent } from "../log/event-log.ts"
import type { Name, SchemaNames } from "../source-schema/names.ts"
import { blocksMessage, removeTrait, type SourceBlocks, type TraitPath } from "../workspace/source-blocks.ts"
import type { IsSuppressed } from "../workspace/suppressions.ts"
import type { IsBot } from "./bots.ts"

/** Bytes; equal is accepted (ING-30). */
export const maxSingleBytes = 32_768
export const maxBatchBytes = 512_000
const maxItemBytes = 32_768
/** Batch-wide `context` and `integrations` together (ING-41). */
const maxSharedBytes = 32_768
const maxBatchItems = 2_500

/** Recorded for the request as a whole (ING-43). */
export type BatchReason = "empty_batch" | "empty_batch_result" | "multi_user_error"

export class Intake {
  readonly events: Array<NewEvent> = []
  /** The names that each of `events` has, for the schema of the source. */
  readonly names: Array<ReadonlyArray<Name>> = []
  /** Where each of `events` is counted. */
  readonly cells: Array<Cell> = []
  readonly discarded: Array<DiscardCode> = []
  /** The messages that were discarded, in the same order. */
  readonly refused: Array<unknown> = []
  /** The warning bits of each message that had any. */
  readonly warnings: Array<number> = []
  reason: BatchReason | undefined = undefined
  /** Messages of suppressed users: nothing is kept of them (PRV-7). */
  suppressed = 0
  /** Messages that the source blocks as a whole (ING-134): counted, and never stored. */
  readonly blocked: Array<Message> = []
  /** Traits that were taken out of messages. */
  readonly blockedTraits: Array<{ readonly type: "identify" | "group"; readonly trait: TraitPath }> = []
}

/** What the source adds to each event. */
export interface Origin {
  readonly source: number
  /** Prefix of the dedup key: empty, or the source when duplicates are recognised inside one (ING-64). */
  readonly dedupPrefix: string
  /** Undefined: nobody is. */
  readonly isSuppressed?: IsSuppressed | undefined
  /** Undefined: nobody keeps a schema. */
  readonly names?: Pick<SchemaNames, "of"> | undefined
  /** Undefined: nobody counts. */
  readonly counts?: Pick<SourceTally, "of"> | undefined
  /** Undefined: nothing is. */
  readonly blocks?: SourceBlocks | undefined
  /** Undefined: they are taken like anybody (ING-180). */
  readonly isBot?: IsBot | undefined
}

const types: ReadonlySet<unknown> = new Set(messageTypes)
const isMessageType = (value: unknown): value is MessageType => types.has(value)

const discard = (intake: Intake, code: DiscardCode, item: unknown): void => {
  intake.discarded.push(code)
  intake.refused.push(item)
}

/** Whether the message is kept out; if not, blocked traits have been taken out of it. */
const isBlocked = (blocks: SourceBlocks, message: Message, intake: Intake): boolean => {
  const { type, traits } = message
  if (blocksMessage(blocks, type, message.event)) {
    intake.blocked.push(message)
    return true
  }
  if ((type === "identify" || type === "group") && traits !== undefined) {
    for (const trait of blocks[type]) if (removeTrait(traits, trait)) intake.blockedTraits.push({ type, trait })
  }
  return false
}

/** Judges one message and adds it, or the reason against it. */
const take = (
  item: JsonObject,
  type: MessageType,
  found: Inspection,
  origin: Origin,
  arrival: Arrival,
  intake: Intake
): void => {
  const code = validate(item, type)
  if (code !== undefined) {
    discard(intake, code, item)
    return
  }
  let kept = item
  if (found.infinite) arrival.warnings |= Warning.numberOutOfRange
  if (found.keys > maxProperties) {
    kept = truncateProperties(item)
    if (kept !== item) arrival.warnings |= Warning.propertiesTruncated
  }
  const message = normalise(kept, type, arrival)
  if (namesSuppressed(message, origin.source, origin.isSuppressed)) {
    intake.suppressed++
    return
  }
  if (origin.isBot?.(message.context.userAgent) === true) {
    discard(intake, "bot_ignored", item)
    return
  }
  if (origin.blocks !== undefined && isBlocked(origin.blocks, message, intake)) return
  intake.events.push({
    source: origin.source,
    dedupKey: origin.dedupPrefix + message.messageId,
    body: Buffer.from(JSON.stringify(message))
  })
  if (origin.names !== undefined) intake.names.push(origin.names.of(origin.source, message, arrival.receivedAt))
  if (origin.counts !== undefined) intake.cells.push(origin.counts.of(origin.source, message))
  if (arrival.warnings !== 0) intake.warnings.push(arrival.warnings)
}

/** A single call: the route says the type (ING-42). */
export const unpackSingle = (body: JsonObject, type: MessageType, origin: Origin, arrival: Arrival): Intake => {
  const intake = new Intake()
  const found = inspect(body, 1)
  if (found.deep) {
    discard(intake, "nesting_too_deep", body)
    return intake
  }
  const sent = body.type
  arrival.warnings = sent !== undefined && sent !== null && sent !== type ? Warning.typeMismatch : 0
  take(body, type, found, origin, arrival, intake)
  return intake
}

/** A batch; `payload_too_large` when what its items share is too large (ING-41). `arrival.sentAt` is already the batch's. */
export const unpackBatch = (
  body: JsonObject,
  items: ReadonlyArray<unknown>,
  origin: Origin,
  arrival: Arrival
): Intake | "payload_too_large" => {
  const context = isObject(body.context) ? body.context : undefined
  const integrations = isObject(body.integrations) ? body.integrations : undefined
  const shared = [context ?? {}, integrations ?? {}]
  const sharedFound = inspect(shared, 1)
  // The brackets and the comma of the pair are three bytes.
  if (isLargerThan(shared, sharedFound, maxSharedBytes + 3)) return "payload_too_large"
  const sharedWarnings =
    (sharedFound.infinite ? Warning.numberOutOfRange : 0) |
    (isWrong(body.context) ? Warning.contextNotObject : 0) |
    (isWrong(body.integrations) ? Warning.integrationsNotObject : 0)

  const intake = new Intake()
  for (let index = 0; index < items.length; index++) {
    const item = items[index]
    if (index >= maxBatchItems) {
      discard(intake, "batch_limit_exceeded", item)
    } else if (!isObject(item) || !isMessageType(item.type)) {
      discard(intake, "invalid_type", item)
    } else {
      const found = inspect(item, 1)
      if (isLargerThan(item, found, maxItemBytes)) {
        discard(intake, "payload_too_large", item)
      } else if (found.deep || sharedFound.deep) {
        discard(intake, "nesting_too_deep", item)
      } else {
        arrival.warnings = sharedWarnings
        take(merge(item, context, integrations), item.type, found, origin, arrival, intake)
      }
    }
  }
  if (items.length === 0) intake.reason = "empty_batch"
  else if (intake.events.length === 0 && intake.suppressed === 0 && intake.blocked.length === 0)
    intake.reason = "empty_batch_result"
  else if (intake.discarded.length > 0) intake.reason = "multi_user_error"
  return intake
}

/** Sent, but of a type that counts as absent. */
const isWrong = (value: unknown): boolean => value !== undefined && value !== null && !isObject(value)

const merge = (item: JsonObject, context: JsonObject | undefined, integrations: JsonObject | undefined): JsonObject => {
  if (context === undefined && integrations === undefined) return item
  return {
    ...item,
    context: under(context, item.context, mergeContext),
    integrations: under(integrations, item.integrations, mergeIntegrations)
  }
}

const under = (
  shared: JsonObject | undefined,
  own: Json | undefined,
  both: (shared: JsonObject, own: JsonObject) => JsonObject
): Json => {
  if (shared === undefined) return own ?? null
  if (own === undefined || own === null) return shared
  return isObject(own) ? both(shared, own) : own
}

/** Bodies of the REST resources (spec 03 section 1.6), member by member. */
import type { Json } from "../event/message.ts"
import type { Identifier } from "../identity/model.ts"
import { isoTime } from "./order.ts"
import type { EventView, ExternalIdView, MetadataView, TraitView } from "./views.ts"

export interface SourceNames {
  readonly id: (no: number) => string
  readonly name: (no: number) => string
}

export interface Cursor {
  readonly url: string
  readonly has_more: boolean
  readonly next: string
  readonly limit: number
}

/** Built from entries, so that a trait named `__proto__` stays a member. */
export const traitsBody = (traits: ReadonlyArray<TraitView>, verbose: boolean, sources: SourceNames) =>
  Object.fromEntries(
    traits.map(({ key, value, at, source }): [string, Json] => [
      key,
      verbose ? { value, source_id: sources.id(source), updated_at: isoTime(at) } : value
    ])
  )

export const externalIdBody = (id: ExternalIdView, verbose: boolean, sources: SourceNames) => ({
  source_id: sources.id(id.source),
  collection: id.collection,
  id: id.value,
  type: id.type,
  created_at: isoTime(id.createdAt),
  encoding: "none",
  first_message_id: id.messageId,
  ...(verbose
    ? {
        origin_segment_id: id.originSegmentId,
        added_at: isoTime(id.createdAt),
        source_name: sources.name(id.source)
      }
    : undefined)
})

export const linkBody = (to: string, ids: ReadonlyArray<ExternalIdView>, sources: SourceNames) => ({
  to_collection: to,
  external_ids: ids.map((id) => ({
    id: id.value,
    type: id.type,
    source_id: sources.id(id.source),
    collection: id.collection,
    created_at: isoTime(id.createdAt),
    encoding: "none"
  }))
})

const identifierBody = ({ collection, type, value }: Identifier) => ({ collection, type, id: value, encoding: "none" })

export interface Related {
  readonly users?: string
  readonly accounts?: string
}

export const eventBody = (event: EventView, related: Related, sources: SourceNames) => ({
  external_ids: event.externalIds.map(identifierBody),
  context: event.context,
  type: event.type,
  message_id: event.messageId,
  source_id: sources.id(event.source),
  timestamp: event.timestamp,
  properties: event.properties ?? {},
  event: event.event,
  related
})

export const metadataBody = (metadata: MetadataView, sources: SourceNames) => ({
  created_at: isoTime(metadata.createdAt),
  updated_at: isoTime(metadata.updatedAt),
  expires_at: null,
  first_message_id: metadata.firstMessageId,
  first_source_id: sources.id(metadata.firstSource),
  last_message_id: metadata.lastMessageId,
  last_source_id: metadata.lastSource === null ? null : sources.id(metadata.lastSource)
})

/**
 * The read model as a viewer without PII access sees it. REST reads through `maskedModel`, so its bodies hold masked values only;
 * GraphQL masks its fields (`personal-fields.ts`) and reads through `withoutMappingIds`.
 *
 * The id of a mapping is made of its value and of what everybody can see (IDR-111): whoever guesses a value could tell from the id that
 * it is right. So such a viewer gets another one, made of the place of the mapping among those of its type and message.
 */
import { Effect } from "effect"
import type { JsonObject } from "../../event/message.ts"
import { mappingId } from "../../identity/ids.ts"
import type { Identifier } from "../../identity/model.ts"
import type { ReadModel } from "../read-model.ts"
import type { EventView, ExternalIdView, TraitView } from "../views.ts"
import { maskText, maskValue } from "./mask.ts"
import { maskContext, maskMessage } from "./mask-message.ts"

const byCreation = (a: ExternalIdView, b: ExternalIdView): number =>
  a.createdAt - b.createdAt || (a.mappingId < b.mappingId ? -1 : 1)

/** The mappings of one profile, in their order, with the ids that such a viewer knows them by. */
export const withOtherIds = <Row extends ExternalIdView>(spaceId: string, rows: ReadonlyArray<Row>): Array<Row> => {
  const places = new Map<string, number>()
  const ids = new Map<string, string>()
  for (const row of [...rows].sort(byCreation)) {
    const of = `${row.messageId}\n${row.type}`
    const place = (places.get(of) ?? 0) + 1
    places.set(of, place)
    ids.set(row.mappingId, mappingId(spaceId, { ...row, value: `#${place}` }, row.messageId, row.createdAt))
  }
  return rows.map((row) => ({ ...row, mappingId: ids.get(row.mappingId)! }))
}

export const withoutMappingIds = (model: ReadModel): ReadModel => ({
  ...model,
  externalIds: (space, profiles) =>
    Effect.map(model.externalIds(space, profiles), (lists) =>
      lists.map((rows) => withOtherIds(space.id, rows).sort(byCreation))
    )
})

const maskIdentifiers = <I extends Identifier>(identifiers: ReadonlyArray<I>): Array<I> =>
  identifiers.map((identifier) => ({ ...identifier, value: maskText(identifier.value) }))

const maskTraits = (traits: ReadonlyArray<TraitView>): Array<TraitView> =>
  traits.map((trait) => ({ ...trait, value: maskValue(trait.value) as TraitView["value"] }))

const maskEvent = (event: EventView): EventView => ({
  ...event,
  externalIds: maskIdentifiers(event.externalIds),
  context: maskContext(event.context) as JsonObject,
  properties: maskValue(event.properties) as JsonObject | null,
  raw: maskMessage(event.raw) as JsonObject
})

/** Every member is named: a new one has to be thought about. */
export const maskedModel = (model: ReadModel): ReadModel => {
  const { externalIds } = withoutMappingIds(model)
  return {
    spaceOf: model.spaceOf,
    find: model.find,
    links: model.links,
    separations: model.separations,
    count: model.count,
    metadata: model.metadata,
    messageIds: model.messageIds,
    messageIdsOfSeq: model.messageIdsOfSeq,
    list: model.list,
    merges: (space, profiles) =>
      Effect.map(model.merges(space, profiles), (lists) =>
        lists.map((merges) =>
          merges.map((merge) => ({
            ...merge,
            matchedFrom: maskIdentifiers(merge.matchedFrom),
            matchedInto: maskIdentifiers(merge.matchedInto)
          }))
        )
      ),
    traits: (space, profiles) => Effect.map(model.traits(space, profiles), (lists) => lists.map(maskTraits)),
    externalIds: (space, profiles) =>
      Effect.map(externalIds(space, profiles), (lists) => lists.map((rows) => maskIdentifiers(rows))),
    events: (space, requests) =>
      Effect.map(model.events(space, requests), (pages) =>
        pages.map(({ events, next }) => ({ events: events.map(maskEvent), next }))
      )
  }
}

/**
 * The read model for one GraphQL request: fields of sibling profiles ask one by one, each loader reads once for all
 * of them and leaves Effect once a batch (PRO-63).
 */
import DataLoader from "dataloader"
import { type Context, Effect } from "effect"
import type { FoundProfile, LinkedProfile, MergeRow, ProfileRef, SeparatedProfile } from "../identity/graph.ts"
import type { ProfileNo, Seq } from "../identity/model.ts"
import type { Collection } from "../workspace/rules.ts"
import type { LinkCursor } from "./cursors.ts"
import type { EventsRequest } from "./event-pages.ts"
import type { ReadError, ReadModel } from "./read-model.ts"
import type { EventPage, ExternalIdView, MetadataView, ReadSpace, TraitView } from "./views.ts"

export interface LinksRequest {
  readonly profile: ProfileNo
  readonly after: LinkCursor | null
  readonly limit: number
}

export interface LinksPage {
  readonly total: number
  readonly links: ReadonlyArray<LinkedProfile>
}

export interface Loaders {
  readonly find: Readonly<Record<Collection, DataLoader<ProfileRef, FoundProfile | null, string>>>
  readonly metadata: Readonly<Record<Collection, DataLoader<FoundProfile, MetadataView, ProfileNo>>>
  readonly traits: DataLoader<FoundProfile, ReadonlyArray<TraitView>, ProfileNo>
  readonly externalIds: DataLoader<ProfileNo, ReadonlyArray<ExternalIdView>>
  readonly events: DataLoader<EventsRequest, EventPage>
  readonly links: DataLoader<LinksRequest, LinksPage, string>
  readonly merges: DataLoader<ProfileNo, ReadonlyArray<MergeRow>>
  /** Of the events with these numbers of resolution. */
  readonly messageIds: DataLoader<Seq, string | null>
  readonly separations: DataLoader<ProfileNo, ReadonlyArray<SeparatedProfile>>
  readonly count: DataLoader<Collection, number>
}

const no = (profile: FoundProfile) => profile.no

export const makeLoaders = (model: ReadModel, space: ReadSpace, context: Context.Context<never>): Loaders => {
  const run = Effect.runPromiseWith(context)
  const loader = <K, V, C = K>(
    read: (keys: ReadonlyArray<K>) => Effect.Effect<ReadonlyArray<V>, ReadError>,
    cacheKeyFn?: (key: K) => C
  ) => new DataLoader<K, V, C>((keys) => run(read(keys)), cacheKeyFn === undefined ? {} : { cacheKeyFn })
  const find = (collection: Collection) =>
    loader(
      (refs: ReadonlyArray<ProfileRef>) => model.find(space, collection, refs),
      JSON.stringify as (ref: ProfileRef) => string
    )
  const metadata = (collection: Collection) =>
    loader((profiles: ReadonlyArray<FoundProfile>) => model.metadata(space, collection, profiles), no)
  return {
    find: { users: find("users"), accounts: find("accounts") },
    metadata: { users: metadata("users"), accounts: metadata("accounts") },
    traits: loader((profiles: ReadonlyArray<FoundProfile>) => model.traits(space, profiles), no),
    externalIds: loader((profiles: ReadonlyArray<ProfileNo>) => model.externalIds(space, profiles)),
    events: loader((requests: ReadonlyArray<EventsRequest>) => model.events(space, requests)),
    links: loader(
      (requests: ReadonlyArray<LinksRequest>) => model.links(space, requests),
      JSON.stringify as (request: LinksRequest) => string
    ),
    merges: loader((profiles: ReadonlyArray<ProfileNo>) => model.merges(space, profiles)),
    messageIds: loader((seqs: ReadonlyArray<Seq>) => model.messageIdsOfSeq(space, seqs)),
    separations: loader((profiles: ReadonlyArray<ProfileNo>) => model.separations(space, profiles)),
    count: loader((collections: ReadonlyArray<Collection>) =>
      Effect.forEach(collections, (collection) => model.count(space, collection), { concurrency: 2 })
    )
  }
}

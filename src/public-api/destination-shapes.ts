/** A destination as it is answered (ADM-22): Segment's members, and ours beside them. */
import { Effect, Schema } from "effect"
import { Catalog } from "../catalog/runner.ts"
import { type Mode, readModes } from "../destinations/actors/retry-modes.ts"
import type { DestinationView } from "../destinations/manage/views.ts"
import { Database } from "../platform/database.ts"
import { warmText } from "./json-text.ts"
import { destinationMetadata, metadataOf, summaryOf } from "./metadata.ts"
import { timeText } from "./shapes.ts"

export const destination = Schema.Struct({
  id: Schema.String,
  name: Schema.String,
  enabled: Schema.Boolean,
  sourceId: Schema.String,
  settings: Schema.Record(Schema.String, Schema.Unknown),
  metadata: destinationMetadata,
  connectionMode: Schema.Literals(["cloud", "device"]),
  maxEventsPerSecond: Schema.NullOr(Schema.Number),
  credentialsStatus: Schema.Literals(["ok", "failed", "untested"]),
  credentialsMessage: Schema.NullOr(Schema.String),
  connected: Schema.Boolean,
  /** Reduced: what is behind it is down for everybody (DEL-8). */
  retryMode: Schema.Literals(["normal", "reduced"]),
  createdAt: Schema.String,
  updatedAt: Schema.String
})

type Shown = typeof destination.Type

/** Shows destinations; those whose entry has left the catalog cannot be. */
export const makeShowDestinations = Effect.gen(function* () {
  const catalog = yield* Catalog
  const { read: sql } = yield* Database
  const show = (
    view: DestinationView,
    modes: ReadonlyMap<string, Mode>,
    form: "full" | "summary"
  ): Effect.Effect<ReadonlyArray<Shown>> =>
    Effect.map(catalog.find(view.metadataId), (entry) =>
      entry === undefined
        ? []
        : [
            {
              id: view.id,
              name: view.name,
              enabled: view.enabled,
              sourceId: view.sourceId,
              settings: view.settings,
              metadata: form === "full" ? metadataOf(entry) : summaryOf(entry),
              connectionMode: view.connectionMode,
              maxEventsPerSecond: view.maxEventsPerSecond,
              credentialsStatus: view.credentialsStatus,
              credentialsMessage: view.credentialsMessage,
              connected: view.connected,
              retryMode: (modes.get(view.metadataId)?.reducedSince ?? null) === null ? "normal" : "reduced",
              createdAt: timeText(view.createdAt),
              updatedAt: timeText(view.updatedAt)
            }
          ]
    )
  const showAll = (views: ReadonlyArray<DestinationView>, form: "full" | "summary" = "full") =>
    Effect.gen(function* () {
      const modes = yield* readModes(sql)
      const shown = (yield* Effect.forEach(views, (view) => show(view, modes, form))).flat()
      yield* warmText(shown.map(({ metadata }) => metadata))
      return shown
    })
  const showOne = (view: DestinationView) =>
    Effect.flatMap(showAll([view]), ([shown]) =>
      shown === undefined
        ? Effect.die(new Error(`Destination ${view.id} is of ${view.metadataId}, which is not in the catalog.`))
        : Effect.succeed(shown)
    )
  return { showAll, showOne }
})

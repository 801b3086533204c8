/** A source as it is answered (ADM-22): Segment's members, and ours beside them. */
import { Effect, Schema } from "effect"
import type { SourceView } from "../workspace/manage-sources.ts"
import { makeManagement } from "../workspace/management.ts"
import { sourceResource } from "./access.ts"
import { type Caller, edits } from "./caller.ts"
import { sourceMetadata, sourceMetadataOf } from "./metadata.ts"
import { label, labelOf, timeText } from "./shapes.ts"

const writeKey = Schema.Struct({
  key: Schema.String,
  createdAt: Schema.NullOr(Schema.String),
  createdBy: Schema.NullOr(Schema.String),
  lastUsedAt: Schema.NullOr(Schema.String),
  lastLibrary: Schema.NullOr(Schema.String)
})

export const source = Schema.Struct({
  id: Schema.String,
  slug: Schema.String,
  name: Schema.String,
  metadata: sourceMetadata,
  workspaceId: Schema.String,
  enabled: Schema.Boolean,
  writeKeys: Schema.Array(Schema.String),
  writeKeyDetails: Schema.Array(writeKey),
  settings: Schema.Record(Schema.String, Schema.Unknown),
  labels: Schema.Array(label),
  origin: Schema.Literals(["file", "api"]),
  oauth: Schema.NullOr(Schema.Struct({ applicationId: Schema.String, enabled: Schema.Boolean })),
  createdAt: Schema.NullOr(Schema.String),
  createdBy: Schema.NullOr(Schema.String)
})

const time = (ms: number | null) => (ms === null ? null : timeText(ms))

/** Write keys are for those who may edit the source (ADM-72). `schema` is in `/settings`. */
export const shownSource = (view: SourceView, caller: Caller, workspaceId: string): typeof source.Type => {
  const { schema: _schema, ...settings } = view.settings
  const keys = edits(caller, "source", sourceResource(view)) ? view.writeKeys : []
  return {
    id: view.id,
    slug: view.slug,
    name: view.name,
    metadata: sourceMetadataOf(view.kind),
    workspaceId,
    enabled: view.enabled,
    writeKeys: keys.map(({ key }) => key),
    writeKeyDetails: keys.map((each) => ({
      ...each,
      createdAt: time(each.createdAt),
      lastUsedAt: time(each.lastUsedAt)
    })),
    settings,
    labels: view.labels.map(labelOf),
    origin: view.origin,
    oauth: view.oauth === null ? null : { applicationId: view.oauth.application, enabled: view.oauth.enabled },
    createdAt: time(view.createdAt),
    createdBy: view.createdBy
  }
}

/** One source as it is now; what was not there a moment ago is a defect, as the caller has looked. */
export const makeShowSource = (workspaceId: string) =>
  Effect.gen(function* () {
    const management = yield* makeManagement
    return (caller: Caller, id: string) =>
      Effect.map(management.sources(id), ([view]) => shownSource(view!, caller, workspaceId))
  })

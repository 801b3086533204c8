/** The schema of a source as a download (ING-137): `/v1/spaces/{space_id}/sources/{source_id}/schema.csv?type=track&days=7`. */
import { Clock, Effect } from "effect"
import type { SqlError } from "effect/sql"
import { exportSchema, exportTypes, isPeriod, type SchemaFile } from "../source-schema/export.ts"
import type { SchemaReader } from "../source-schema/reader.ts"
import type { AccessToken, Workspace } from "../workspace/workspace.ts"
import { isMasked } from "./access.ts"
import { visibleSource } from "./live-filter.ts"
import { ApiProblem, invalid, noSuchResource } from "./problem.ts"
import type { Query } from "./rest-request.ts"

/** PRO-75 */
const noDownload = new ApiProblem({
  status: 403,
  code: "forbidden",
  message: "A download needs access to personal values, which a token with `pii:masked` has not."
})

/** `segments` are those behind the space. */
export const isSchemaFile = (segments: ReadonlyArray<string>): boolean =>
  segments.length === 3 && segments[0] === "sources" && segments[2] === "schema.csv"

export const makeSchemaFile =
  (reader: SchemaReader, workspace: Workspace["Service"]) =>
  (
    access: AccessToken,
    spaceId: string,
    sourceId: string,
    query: Query
  ): Effect.Effect<SchemaFile, ApiProblem | SqlError.SqlError> => {
    if (isMasked(access)) return Effect.fail(noDownload)
    const snapshot = workspace.current
    const space = snapshot().spaceById.get(spaceId)!
    const source = visibleSource({ access, snapshot, space }, sourceId)
    if (source === undefined) return Effect.fail(noSuchResource)
    const type = query.oneOf("type", exportTypes) ?? "track"
    const days = Number(query.value("days") ?? 7)
    if (!isPeriod(days)) throw invalid("The parameter `days` must be 7 or 30.")
    return Effect.flatMap(Clock.currentTimeMillis, (now) => exportSchema(reader, source, type, days, now))
  }

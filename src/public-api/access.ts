/** Which sources and destinations a caller may use: a destination belongs to its source (ADM-41). */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import { DestinationManagement } from "../destinations/manage/destination-management.ts"
import type { DestinationRefused } from "../destinations/manage/refused.ts"
import type { DestinationView } from "../destinations/manage/views.ts"
import { type Source, Workspace } from "../workspace/workspace.ts"
import { type Caller, mustOn, reads } from "./caller.ts"
import { notFound, type PublicApiProblem } from "./problem.ts"
import type { Level, Resource } from "./roles.ts"

export const sourceResource = ({ id, labels = [] }: Pick<Source, "id" | "labels">): Resource => ({ id, labels })

export const makeSourceAccess = Effect.gen(function* () {
  const workspace = yield* Workspace
  const find = (id: string) => workspace.current().sources.find((each) => each.id === id)
  return {
    /** Fails unless the caller may. */
    source: (caller: Caller, id: string, level: Level): Effect.Effect<Source, PublicApiProblem> => {
      const found = find(id)
      const resource = found === undefined ? undefined : sourceResource(found)
      return Effect.map(mustOn(caller, "source", level, resource, `source ${id}`), () => found!)
    },
    seesSource: (caller: Caller, id: string): boolean => {
      const found = find(id)
      return found !== undefined && reads(caller, "source", sourceResource(found))
    }
  }
})

/** The same for destinations. */
export const makeDestinationAccess = Effect.gen(function* () {
  const sources = yield* makeSourceAccess
  const management = yield* DestinationManagement
  return {
    ...sources,
    destination: (
      caller: Caller,
      id: string,
      level: Level
    ): Effect.Effect<DestinationView, PublicApiProblem | DestinationRefused | SqlError.SqlError> =>
      Effect.gen(function* () {
        const found = yield* management.destination(id)
        if (!sources.seesSource(caller, found.sourceId)) return yield* notFound(`destination ${id}`)
        yield* sources.source(caller, found.sourceId, level)
        return found
      })
  }
})

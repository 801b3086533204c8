/** What alerts are about, for their room, which knows neither destinations nor the name of the workspace. */
import { Effect, Layer } from "effect"
import { AlertResources } from "../delivery/alerts/resources.ts"
import { Destinations } from "../destinations/destination.ts"
import { Database } from "../platform/database.ts"
import { Workspace } from "../workspace/workspace.ts"
import { readIdentity } from "./identity.ts"

export const alertResourcesLive = Layer.effect(
  AlertResources,
  Effect.gen(function* () {
    const { write: sql } = yield* Database
    const workspace = yield* Workspace
    const destinations = yield* Destinations
    return {
      find: (id) => {
        const source = workspace.current().sources.find((each) => each.id === id)
        if (source !== undefined)
          return {
            type: "source",
            name: source.name,
            owner: { destination: 0, source: source.no },
            path: `/sources/${id}/alerts`
          }
        const destination = destinations.current().byId.get(id)
        return destination === undefined
          ? undefined
          : {
              type: "destination",
              name: destination.name,
              owner: { destination: destination.no, source: destination.source },
              path: `/destinations/${id}/alerts`
            }
      },
      workspaceName: Effect.map(readIdentity(sql), ({ name }) => name)
    }
  })
)

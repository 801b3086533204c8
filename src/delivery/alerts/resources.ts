/** What alerts are about, as their room cannot know: destinations are to the right of it. */
import { Context, type Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { Owner } from "../facts.ts"

export interface AlertResource {
  readonly type: "source" | "destination"
  readonly name: string
  /** Numbers in the counts; `destination` 0: the source itself. */
  readonly owner: Owner
  /** Page of the console, inside of a space: `/destinations/d1/alerts`. */
  readonly path: string
}

export class AlertResources extends Context.Service<
  AlertResources,
  {
    /** By id, in the configuration of now. */
    readonly find: (id: string) => AlertResource | undefined
    readonly workspaceName: Effect.Effect<string, SqlError.SqlError>
  }
>()("braid/delivery/AlertResources") {}

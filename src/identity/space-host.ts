/** Runs this process's share of the spaces (`platform/host.ts`): which there are, ready to be opened, and their numbers. */
import { Effect } from "effect"
import { Settings } from "../config.ts"
import { Database } from "../platform/database.ts"
import { type Host, hostItems } from "../platform/host.ts"
import { type Space, Workspace } from "../workspace/workspace.ts"
import { numberSpaces, spaceKind } from "./space-owners.ts"

const itemOf = (space: Space, no: number) => ({ id: space.id, no, fiber: `space:${space.slug}`, space })

/**
 * Runs `actorOf(space)` for every space that belongs to this process, restarted when it fails, for as long as the scope
 * lives. `serving`: takes its share beside others; otherwise it runs spaces only while no process serves.
 */
export const hostSpaces = Effect.fnUntraced(function* <E1, E2, R1, R2>(options: {
  readonly serving: boolean
  /** Called before a space may be opened, and again after each change of the configuration. */
  readonly prepare: (spaces: ReadonlyArray<Space>) => Effect.Effect<void, E1, R1>
  readonly actorOf: (space: Space) => Effect.Effect<void, E2, R2>
}) {
  const { actorOf, prepare, serving } = options
  const { write: sql } = yield* Database
  const workspace = yield* Workspace
  const { spaceLeaseSeconds: leaseSeconds } = yield* Settings
  let prepared: unknown
  let items: ReadonlyArray<ReturnType<typeof itemOf>> = []

  const current = Effect.gen(function* () {
    const snapshot = workspace.current()
    if (snapshot !== prepared) {
      yield* prepare(snapshot.spaces)
      const numbers = yield* numberSpaces(
        sql,
        snapshot.spaces.map(({ id }) => id)
      )
      items = snapshot.spaces.map((space) => itemOf(space, numbers.get(space.id)!))
      prepared = snapshot
    }
    return items
  })

  // First thing: who reads finds the tables of every space.
  yield* current
  const host: Host = yield* hostItems({
    kind: spaceKind,
    name: "identity",
    serving,
    leaseSeconds,
    items: current,
    exists: (id) => workspace.current().spaceById.has(id),
    onChange: workspace.onChange,
    actorOf: ({ space }) => actorOf(space)
  })
  return host
})

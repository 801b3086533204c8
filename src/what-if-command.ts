/**
 * `braid what-if`: asks for a run, shows how far it is on standard error, and the result on standard output. A service on the
 * same database does the work when there is one; otherwise this process does. Ends with 1 when the run failed.
 */
import { Console, Effect, References } from "effect"
import { userInfo } from "node:os"
import { whatIfBeside } from "./app.ts"
import { chosenSpace, CommandFailed, readRules } from "./command-input.ts"
import { makeSpaceStore } from "./identity/space-store.ts"
import type { WhatIfSummary } from "./identity/what-if/runner.ts"
import { cancelRun, findRun, mostOpen, readClusters, startRun, type WhatIfRun } from "./identity/what-if/runs.ts"
import type { ExternalId } from "./identity/operations/operation.ts"
import { mostNamed } from "./identity/what-if/scope.ts"
import { showWhatIf } from "./identity/what-if/terminal.ts"
import { Database } from "./platform/database.ts"
import { decodeRules } from "./workspace/rules-document.ts"

export interface WhatIfArguments {
  /** `-` reads standard input. */
  readonly file: string
  /** Slug; may be left out when there is one space. */
  readonly space: string | undefined
  /** `type:id`; only the people who are connected with one of them. */
  readonly identifiers: ReadonlyArray<string>
  /** How many are shown. */
  readonly clusters: number
  readonly json: boolean
}

const mostClusters = 1_000

const rulesIn = Effect.fnUntraced(function* (file: string) {
  const decoded = decodeRules(yield* readRules(file))
  if (decoded.problems === undefined) return decoded.document
  const problems = decoded.problems.map(({ path, expected }) => `${path === "" ? "rules" : path}: ${expected}`)
  return yield* new CommandFailed({ message: `The rules in ${file} were refused. ${problems.join("; ")}` })
})

/** Completes when the run has ended; tells every tenth of it. */
const follow = Effect.fnUntraced(function* (database: Database["Service"], id: string) {
  let tenth = -1
  while (true) {
    const run = yield* findRun(database, id)
    if (run === undefined) return yield* new CommandFailed({ message: `The run ${id} is gone.` })
    if (run.state !== "queued" && run.state !== "running") {
      yield* Console.error(progress(run))
      return run
    }
    const now = run.total === null || run.total === 0 ? 0 : Math.floor((run.processed / run.total) * 10)
    if (now !== tenth) yield* Console.error(progress(run))
    tenth = now
    yield* Effect.sleep("200 millis")
  }
})

const progress = ({ state, processed, total }: WhatIfRun): string =>
  state === "queued" || total === null ? "Waiting for the run to begin" : `${processed} of ${total} events`

const identifierIn = (text: string): Effect.Effect<ExternalId, CommandFailed> => {
  const colon = text.indexOf(":")
  return colon > 0 && colon < text.length - 1
    ? Effect.succeed({ type: text.slice(0, colon), id: text.slice(colon + 1) })
    : Effect.fail(
        new CommandFailed({
          message: `--only takes an identifier as type:value, e.g. email:jane@example.com, not "${text}".`
        })
      )
}

const scopeIn = Effect.fnUntraced(function* (identifiers: ReadonlyArray<string>) {
  if (identifiers.length === 0) return null
  if (identifiers.length > mostNamed)
    return yield* new CommandFailed({ message: `--only can be given ${mostNamed} times.` })
  return { from: null, to: null, sources: null, identifiers: yield* Effect.forEach(identifiers, identifierIn) }
})

export const whatIf = ({ file, space: slug, identifiers, clusters: limit, json }: WhatIfArguments) =>
  Effect.gen(function* () {
    if (limit < 0 || limit > mostClusters)
      return yield* new CommandFailed({ message: `--clusters takes a number from 0 to ${mostClusters}.` })
    const rules = yield* rulesIn(file)
    const scope = yield* scopeIn(identifiers)
    yield* Effect.gen(function* () {
      const database = yield* Database
      const space = yield* chosenSpace(slug)
      const latest = yield* makeSpaceStore(database, space.id).latestRules()
      const id = yield* startRun(database, {
        spaceId: space.id,
        rules,
        baseVersion: latest?.version ?? 0,
        reapplyOperations: true,
        scope,
        actor: `command line (${userInfo().username})`
      })
      if (id === undefined)
        return yield* new CommandFailed({
          message: `${mostOpen} runs of the space ${space.slug} are waiting already. Cancel one, or wait for it.`
        })
      const run = yield* follow(database, id).pipe(Effect.onInterrupt(() => Effect.ignore(cancelRun(database, id))))
      if (run.state === "failed" || run.state === "cancelled")
        return yield* new CommandFailed({ message: `The run ${id} ${run.state}. ${run.error ?? ""}`.trim() })
      const clusters = yield* readClusters(database, { run: run.n, changes: null, minSize: 0, after: null, limit })
      const summary = run.summary as WhatIfSummary
      yield* Console.log(
        json
          ? JSON.stringify({ id, space: space.slug, summary, clusters }, null, 2)
          : `${showWhatIf({ heading: `Space ${space.slug}`, summary, clusters })}\n\nNothing has been changed. The run is ${id}: ${scope === null ? `look at it in the console, apply it with applyWhatIf(id: "${id}", ...).` : "it is of these people only; without --only it can be applied as a rebuild."}`
      )
    }).pipe(Effect.provide(whatIfBeside), Effect.provideService(References.MinimumLogLevel, "Warn"))
  })

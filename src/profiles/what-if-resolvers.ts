/** Resolvers of `graphql/what-if.graphql`: start, look, cancel, apply. The run itself is in `identity/what-if/`. */
import { type ClusterChange } from "../identity/what-if/partition-diff.ts"
import {
  cancelRun,
  findRun,
  mostOpen,
  readClusters,
  startRun,
  type StoredCluster,
  type WhatIfRun
} from "../identity/what-if/runs.ts"
import { actorOf } from "./access.ts"
import { connectionOf, type PageArguments, windowOf } from "./connection.ts"
import { decodeKey, encodeKey } from "./cursors.ts"
import { graphqlError } from "./graphql-errors.ts"
import { checkSpace, type RequestContext } from "./resolvers.ts"
import { rulesDocumentOf, type RulesInput } from "./rules-input.ts"
import { spaceFor } from "./space-access.ts"

const runOf = async (context: RequestContext, id: string): Promise<WhatIfRun | null> => {
  const { services, space } = context
  const run = await services.run(findRun(services.database, id))
  return run === undefined || run.spaceId !== space.id ? null : run
}

const existingRun = async (context: RequestContext, id: string): Promise<WhatIfRun> => {
  const run = await runOf(context, id)
  if (run === null) throw graphqlError("NOT_FOUND", `There is no what-if run ${id} in this space.`)
  return run
}

const startWhatIf = async (
  _: unknown,
  args: { spaceId: string; input: { rules: RulesInput; reapplyOperations?: boolean | null } },
  context: RequestContext
) => {
  spaceFor(context, args.spaceId, "admin")
  checkSpace(context, args.spaceId)
  const { services, space, access } = context
  const rules = rulesDocumentOf(args.input.rules)
  const current = await services.run(services.rules(space.id))
  const id = await services.run(
    startRun(services.database, {
      spaceId: space.id,
      rules,
      baseVersion: current?.version ?? 0,
      reapplyOperations: args.input.reapplyOperations ?? true,
      actor: actorOf(access)
    })
  )
  if (id === undefined)
    throw graphqlError("CONFLICT", `${mostOpen} runs of this space are waiting already. Cancel one, or wait for it.`)
  return existingRun(context, id)
}

const cancelWhatIf = async (_: unknown, { id }: { id: string }, context: RequestContext) => {
  spaceFor(context, context.space.id, "admin")
  await existingRun(context, id)
  await context.services.run(cancelRun(context.services.database, id))
  return existingRun(context, id)
}

const applyWhatIf = async (_: unknown, { id, reason }: { id: string; reason: string }, context: RequestContext) => {
  spaceFor(context, context.space.id, "admin")
  const { services, space, access } = context
  const run = await existingRun(context, id)
  if (reason.trim() === "") throw graphqlError("VALIDATION_FAILED", "Say why: it goes into the audit trail.")
  if (run.state !== "done")
    throw graphqlError("CONFLICT", `The run is ${run.state}; only one that is done can be applied.`)
  const input = { rules: run.rules, expectedVersion: run.baseVersion }
  await services
    .run(services.operations.operate({ spaceId: space.id, kind: "save_rules", input, actor: actorOf(access), reason }))
    .catch((error: { extensions?: { code?: unknown } }) => {
      throw error.extensions?.code === "CONFLICT"
        ? graphqlError("RULES_CHANGED", "The rules were changed since the run was started. Start it again.")
        : error
    })
  const { write: sql } = services.database
  await services.run(sql`update what_if_runs set state = 'applied', applied_as = 'rules_only' where id = ${id}`)
  return existingRun(context, id)
}

const decodePlace = (cursor: string) => {
  const match = /^([0-9]{1,9}):([0-9]{1,9})$/.exec(decodeKey(cursor) ?? "")
  return match === null ? undefined : { identifiers: Number(match[1]), n: Number(match[2]) }
}

const clusters = async (
  run: WhatIfRun,
  args: PageArguments & { change?: ReadonlyArray<ClusterChange> | null; minSize?: number | null },
  { services }: RequestContext
) => {
  const window = windowOf(args, decodePlace)
  const rows = await services.run(
    readClusters(services.database, {
      run: run.n,
      changes: args.change ?? null,
      minSize: args.minSize ?? 0,
      after: window.after,
      limit: window.limit + 1
    })
  )
  const page = rows.slice(0, window.limit)
  return connectionOf(
    page,
    ({ identifiers, n }) => encodeKey(`${identifiers}:${n}`),
    window.after !== null,
    rows.length > page.length
  )
}

const upper = (words: ReadonlyArray<string>) => Object.fromEntries(words.map((word) => [word.toUpperCase(), word]))

export const whatIfResolvers = {
  RunState: upper(["queued", "running", "done", "failed", "cancelled", "applied", "expired"]),
  ApplyMode: upper(["rules_only"]),
  ClusterChange: upper(["unchanged", "merged", "split", "regrouped", "appeared", "vanished"]),
  Query: { whatIf: (_: unknown, { id }: { id: string }, context: RequestContext) => runOf(context, id) },
  Mutation: { startWhatIf, cancelWhatIf, applyWhatIf },
  WhatIfRun: {
    progress: ({ state, processed, total }: WhatIfRun) =>
      state === "done" || state === "applied" ? 1 : total === null || total === 0 ? 0 : Math.min(1, processed / total),
    clusters
  },
  Cluster: {
    identifierCount: ({ identifiers }: StoredCluster) => identifiers,
    identifiers: ({ sample, collection }: StoredCluster) =>
      sample.map(({ type, id }) => ({ type, value: id, collection })),
    firstDivergence: ({ divergence }: StoredCluster) => divergence
  }
}

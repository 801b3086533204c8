/** Resolvers of `graphql/what-if.graphql`: start, look, cancel, apply. The run itself is in `identity/what-if/`. */
import { type ClusterChange } from "../identity/what-if/partition-diff.ts"
import type { Strand } from "../identity/what-if/strands.ts"
import type { Collection } from "../workspace/rules.ts"
import {
  cancelRun,
  findRun,
  mostOpen,
  readClusters,
  startRun,
  type StoredCluster,
  type WhatIfRun
} from "../identity/what-if/runs.ts"
import { mostNamed, peopleOf, type Scope } from "../identity/what-if/scope.ts"
import type { ExternalId } from "../identity/operations/operation.ts"
import { explainCandidate, explainRecord } from "../identity/explain/past.ts"
import { toRecord } from "../identity/resolution-record.ts"
import { askRebuild } from "../identity/generations/rebuilds.ts"
import { actorOf } from "./access.ts"
import { connectionOf, type PageArguments, windowOf } from "./connection.ts"
import { decodeKey, encodeKey } from "./cursors.ts"
import { graphqlError } from "./graphql-errors.ts"
import { underWay } from "./rebuild-resolvers.ts"
import { checkSpace, type RequestContext } from "./resolvers.ts"
import { rulesDocumentOf, type RulesInput } from "./rules-input.ts"
import { identifiersOf, type RulesView } from "./rules-view.ts"
import { spaceFor } from "./space-access.ts"

export const runOf = async (context: RequestContext, id: string): Promise<WhatIfRun | null> => {
  const { services, space } = context
  const run = await services.run(findRun(services.database, id))
  return run === undefined || run.spaceId !== space.id ? null : run
}

const existingRun = async (context: RequestContext, id: string): Promise<WhatIfRun> => {
  const run = await runOf(context, id)
  if (run === null) throw graphqlError("NOT_FOUND", `There is no what-if run ${id} in this space.`)
  return run
}

interface ScopeInput {
  /** ms */
  readonly from: number | null
  readonly to: number | null
  readonly sources: ReadonlyArray<string> | null
  readonly identifiers: ReadonlyArray<ExternalId> | null
  readonly profiles: ReadonlyArray<string> | null
}

const scopeOf = (input: Partial<ScopeInput> | null | undefined): Scope | null => {
  const { from = null, to = null, sources = null, identifiers = null, profiles = null } = input ?? {}
  const scope = { from, to, sources, identifiers, profiles }
  if (Object.values(scope).every((member) => member === null)) return null
  const named = [...(identifiers ?? []), ...(profiles ?? [])].length
  if (peopleOf(scope) !== undefined && (named === 0 || named > mostNamed))
    throw graphqlError(
      "VALIDATION_FAILED",
      `Name from 1 to ${mostNamed} identifiers and profiles in the scope, or none.`
    )
  if (from !== null && to !== null && from >= to)
    throw graphqlError("VALIDATION_FAILED", "`from` of the scope must be before `to`.")
  return scope
}

const startWhatIf = async (
  _: unknown,
  args: {
    spaceId: string
    input: { rules: RulesInput; reapplyOperations?: boolean | null; scope?: Partial<ScopeInput> | null }
  },
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
      scope: scopeOf(args.input.scope),
      actor: actorOf(access)
    })
  )
  if (id === undefined)
    throw graphqlError("CONFLICT", `${mostOpen} runs of this space are waiting already. Cancel one, or wait for it.`)
  return existingRun(context, id)
}

const rulesChanged = () =>
  graphqlError("RULES_CHANGED", "The rules were changed since the run was started. Start it again.")

const cancelWhatIf = async (_: unknown, { id }: { id: string }, context: RequestContext) => {
  spaceFor(context, context.space.id, "admin")
  await existingRun(context, id)
  await context.services.run(cancelRun(context.services.database, id))
  return existingRun(context, id)
}

interface ApplyArguments {
  readonly id: string
  readonly mode: string
  readonly reason: string
}

/** Also of a run whose rules are in force by now (RULES_ONLY). */
const applyAsRebuild = async (run: WhatIfRun, reason: string, context: RequestContext) => {
  const { services, space, access } = context
  if (run.scope !== null)
    throw graphqlError(
      "VALIDATION_FAILED",
      "A run over a part of the history cannot be applied as a rebuild: it does not say what becomes of the rest. Run it without a scope."
    )
  const current = await services.run(services.rules(space.id))
  const expected = run.state === "applied" ? run.appliedVersion : run.baseVersion
  if (current?.version !== expected) throw rulesChanged()
  const input = { runId: run.id }
  const actor = actorOf(access)
  const asked = await services.run(
    askRebuild(services.database, { spaceId: space.id, kind: "apply_rebuild", input, actor, reason })
  )
  if (asked === undefined) throw underWay()
}

const applyWhatIf = async (_: unknown, { id, mode, reason }: ApplyArguments, context: RequestContext) => {
  spaceFor(context, context.space.id, "admin")
  const { services, space, access } = context
  const run = await existingRun(context, id)
  if (reason.trim() === "") throw graphqlError("VALIDATION_FAILED", "Say why: it goes into the audit trail.")
  const inForce = mode === "rebuild" && run.state === "applied" && run.appliedAs === "rules_only"
  if (run.state !== "done" && !inForce)
    throw graphqlError("CONFLICT", `The run is ${run.state}; only one that is done can be applied.`)
  if (mode === "rebuild") {
    await applyAsRebuild(run, reason, context)
    return existingRun(context, id)
  }
  const input = { rules: run.rules, expectedVersion: run.baseVersion }
  const { version } = await services
    .run(services.operations.operate({ spaceId: space.id, kind: "save_rules", input, actor: actorOf(access), reason }))
    .catch((error: { extensions?: { code?: unknown } }) => {
      throw error.extensions?.code === "CONFLICT" ? rulesChanged() : error
    })
  const { write: sql } = services.database
  await services.run(
    sql`update what_if_runs set state = 'applied', applied_as = 'rules_only', applied_version = ${version} where id = ${id}`
  )
  return existingRun(context, id)
}

const baseRules = ({ spaceId, baseVersion }: WhatIfRun, _: unknown, { services }: RequestContext) =>
  services.run(services.rules(spaceId, baseVersion))

/** With the types that events brought, as the rules of a space are shown: what is different from those is what was changed. */
const candidateRules = async (run: WhatIfRun, _: unknown, context: RequestContext): Promise<RulesView> => {
  const { rules, baseVersion, createdAt } = run
  const brought = ((await baseRules(run, _, context))?.identifiers ?? []).filter(({ origin }) => origin === "auto")
  return { ...rules, version: baseVersion + 1, savedAt: createdAt, identifiers: identifiersOf(rules, brought) }
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

const identifiersIn =
  (collection: Collection) =>
  ({ type, ids }: Strand) =>
    ids.map((value) => ({ collection, type, value }))

const upper = (words: ReadonlyArray<string>) => Object.fromEntries(words.map((word) => [word.toUpperCase(), word]))

export const whatIfResolvers = {
  RunState: upper(["queued", "running", "done", "failed", "cancelled", "applied", "expired"]),
  ApplyMode: upper(["rules_only", "rebuild"]),
  ClusterChange: upper(["unchanged", "merged", "split", "regrouped", "appeared", "vanished"]),
  Query: { whatIf: (_: unknown, { id }: { id: string }, context: RequestContext) => runOf(context, id) },
  Mutation: { startWhatIf, cancelWhatIf, applyWhatIf },
  WhatIfRun: {
    progress: ({ state, processed, total }: WhatIfRun) =>
      state === "done" || state === "applied" ? 1 : total === null || total === 0 ? 0 : Math.min(1, processed / total),
    rebuild: ({ id, spaceId }: WhatIfRun, _: unknown, { services }: RequestContext) =>
      services.run(services.operations.rebuildOfRun(spaceId, id)),
    rules: candidateRules,
    baseRules,
    clusters
  },
  Cluster: {
    identifierCount: ({ identifiers }: StoredCluster) => identifiers,
    identifiers: ({ strands, collection }: StoredCluster) => strands.flatMap(identifiersIn(collection)).slice(0, 10),
    strands: ({ strands, collection }: StoredCluster) =>
      strands.map((strand) => ({ ...strand, identifiers: identifiersIn(collection)(strand) })),
    firstDivergence: ({ divergence }: StoredCluster) => divergence,
    recordBefore: ({ entryBefore }: StoredCluster) => (entryBefore === null ? null : toRecord(entryBefore)),
    recordAfter: ({ entryAfter }: StoredCluster) => (entryAfter === null ? null : toRecord(entryAfter)),
    explanationBefore: ({ entryBefore }: StoredCluster) => (entryBefore === null ? null : explainRecord(entryBefore)),
    explanationAfter: ({ entryAfter }: StoredCluster) => (entryAfter === null ? null : explainCandidate(entryAfter))
  }
}

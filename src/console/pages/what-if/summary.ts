/** What a run found, in figures and words. Pure; see test/console/what-if.test.ts. */
import { count, moment, plural, shortId } from "../../words.ts"
import type { RulesDocument } from "../rules/rules.gql.ts"
import { changesBetween } from "../rules/rules-draft.ts"
import type { RunFacts } from "./what-if.gql.ts"

export interface Pair {
  readonly before: number
  readonly after: number
}

interface OfCollection {
  readonly profiles: Pair
  readonly clusters: Readonly<Record<string, number>>
  /** Absent in runs of older versions. */
  readonly unmapped?: Pair
}

/** `WhatIfRun.summary`; see src/identity/what-if/runner.ts. */
interface Summary {
  readonly events: number
  readonly users: OfCollection
  readonly accounts: OfCollection
  readonly merges: Pair
  readonly violations: {
    readonly before: Readonly<Record<string, number>>
    readonly after: Readonly<Record<string, number>>
  }
  readonly divergentMessages: number
  readonly operationsSkipped: number
}

export interface Figures {
  readonly events: number
  readonly divergent: number
  readonly operationsSkipped: number
  readonly profiles: Pair
  readonly accounts: Pair
  readonly merges: Pair
  readonly violations: Pair
  readonly unmapped: Pair
  /** Clusters of both collections by kind of change, in lower case. */
  readonly clusters: Readonly<Record<string, number>>
}

const none: Pair = { before: 0, after: 0 }
const plus = (a: Pair, b: Pair): Pair => ({ before: a.before + b.before, after: a.after + b.after })
const total = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((sum, n) => sum + n, 0)

export const figuresOf = ({ summary }: Pick<RunFacts, "summary">): Figures | undefined => {
  if (summary === null || summary === undefined) return undefined
  const { events, users, accounts, merges, violations, divergentMessages, operationsSkipped } = summary as Summary
  const clusters: Record<string, number> = { ...users.clusters }
  for (const [change, n] of Object.entries(accounts.clusters)) clusters[change] = (clusters[change] ?? 0) + n
  return {
    events,
    divergent: divergentMessages,
    operationsSkipped,
    profiles: users.profiles,
    accounts: accounts.profiles,
    merges,
    violations: { before: total(violations.before), after: total(violations.after) },
    unmapped: plus(users.unmapped ?? none, accounts.unmapped ?? none),
    clusters
  }
}

/** Clusters that are others. */
export const changedClusters = ({ clusters }: Figures): number => total(clusters) - (clusters["unchanged"] ?? 0)

/** The title of a run that is done. */
export const runFinding = (figures: Figures): string => {
  const by = figures.profiles.after - figures.profiles.before
  if (by !== 0) return `${plural(Math.abs(by), "profile")} ${by > 0 ? "more" : "less"}`
  if (changedClusters(figures) > 0) return "As many profiles, some of them others"
  return figures.divergent === 0 ? "Nothing would change" : "The same profiles, decided otherwise"
}

export const signed = ({ before, after }: Pair): string =>
  after === before ? "same" : `${after > before ? "+" : "−"}${count(Math.abs(after - before))}`

/** What became of a run in two words, for lists; `good`, `bad`: how it is marked. */
export const stateOf = ({ state, appliedAs, appliedVersion, rebuild }: RunFacts) => {
  if (rebuild?.state === "RUNNING" || rebuild?.state === "QUEUED") return { title: "Rebuilding", tone: "warn" } as const
  if (state === "APPLIED")
    return {
      title: `${appliedAs === "REBUILD" ? "Rebuilt" : "Rules saved"}${appliedVersion === null ? "" : ` as v${appliedVersion}`}`,
      tone: "good"
    } as const
  const titles = {
    QUEUED: "Waiting",
    RUNNING: "Running",
    DONE: "Done",
    FAILED: "Failed",
    CANCELLED: "Cancelled",
    EXPIRED: "Over 30 days old"
  } as const
  return { title: titles[state], tone: state === "FAILED" ? ("bad" as const) : ("plain" as const) }
}

export const isMoving = ({ state }: Pick<RunFacts, "state">): boolean => state === "QUEUED" || state === "RUNNING"

const andMore = (names: ReadonlyArray<string>): string =>
  names.length > 1 ? `${names[0]} and ${names.length - 1} more` : (names[0] ?? "")

/** Which part of the history was replayed; undefined: all of it. */
export const scopeText = ({ scope }: Pick<RunFacts, "scope">): string | undefined => {
  if (scope === null) return undefined
  const people = [
    ...(scope.identifiers ?? []).map(({ type, id }) => `${type} ${id}`),
    ...(scope.profiles ?? []).map(shortId)
  ]
  return [
    ...(people.length === 0 ? [] : [`whoever is connected with ${andMore(people)}`]),
    ...(scope.sources == null || scope.sources.length === 0 ? [] : [plural(scope.sources.length, "source")]),
    ...(scope.from === null ? [] : [`from ${moment(scope.from)}`]),
    ...(scope.to === null ? [] : [`until ${moment(scope.to)}`])
  ].join(", ")
}

/** What is tried, e.g. `email` `limit 5 ever to 1 ever`; undefined when the rules of then are gone. */
export const changesOf = (of: { readonly rules: RulesDocument; readonly baseRules: RulesDocument | null }) =>
  of.baseRules === null ? undefined : changesBetween(of.baseRules, of.rules)

/** The result of a what-if run as people read it in a terminal: figures before and after, then the largest clusters. */
import { printable } from "../explain/terminal.ts"
import type { JournalEntry } from "../journal.ts"
import { toRecord } from "../resolution-record.ts"
import type { WhatIfSummary } from "./runner.ts"
import type { StoredCluster } from "./runs.ts"

const numberWidth = 12
const nameWidth = 36

const row = (name: string, before: number, after: number): string => {
  const change = after - before
  const sign = change === 0 ? "" : `   ${change > 0 ? "+" : ""}${change}`
  return `  ${name.padEnd(nameWidth)}${String(before).padStart(numberWidth)}${String(after).padStart(numberWidth)}${sign}`
}

const figures = ({ users, accounts, merges, violations }: WhatIfSummary): ReadonlyArray<string> => {
  const kinds = [...new Set([...Object.keys(violations.before), ...Object.keys(violations.after)])].sort()
  return [
    `  ${"".padEnd(nameWidth)}${"now".padStart(numberWidth)}${"then".padStart(numberWidth)}`,
    row("people", users.profiles.before, users.profiles.after),
    row("accounts", accounts.profiles.before, accounts.profiles.after),
    row("identifiers on no profile", users.unmapped.before, users.unmapped.after),
    row("merges", merges.before, merges.after),
    ...kinds.map((kind) => row(kind, violations.before[kind] ?? 0, violations.after[kind] ?? 0))
  ]
}

/** What became of an event, from its record: the action, and the limit that decided it. */
const decision = (entry: JournalEntry | null, collection: StoredCluster["collection"]): string => {
  const side = entry === null ? null : toRecord(entry)[collection]
  if (side === null) return "decided nothing new"
  const action = `${side.action ?? "unresolved"}${side.segment_id === null ? "" : ` ${side.segment_id}`}`
  const demoted = side.iterations.flatMap(({ demoted, breach }) =>
    demoted === undefined || breach === null ? [] : [`without ${demoted} (${breach.kind})`]
  )
  return [action, ...demoted].join(", ")
}

const mostIdentifiers = 4
const mostOperations = 10

const cluster = (it: StoredCluster): ReadonlyArray<string> => {
  const named = it.strands.flatMap(({ type, ids }) => ids.map((id) => `${type} ${id}`))
  const shown = named.slice(0, mostIdentifiers)
  const rest = it.identifiers - shown.length
  const shape = `${it.change} ${it.before.length} → ${it.after.length}`
  const lines = [`  ${shape.padEnd(18)} ${shown.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`]
  if (it.divergence !== null)
    lines.push(
      `      first decided otherwise: message ${it.divergence}`,
      `        now   ${decision(it.entryBefore, it.collection)}`,
      `        then  ${decision(it.entryAfter, it.collection)}`
    )
  return lines
}

export const showWhatIf = (options: {
  readonly heading: string
  readonly summary: WhatIfSummary
  /** The largest of those that changed. */
  readonly clusters: ReadonlyArray<StoredCluster>
}): string => {
  const { heading, summary, clusters } = options
  const changes: Record<string, number> = {}
  for (const side of [summary.users, summary.accounts])
    for (const [change, n] of Object.entries(side.clusters))
      if (change !== "unchanged") changes[change] = (changes[change] ?? 0) + n
  const changed = Object.values(changes).reduce((sum, n) => sum + n, 0)
  const kinds = Object.entries(changes).map(([change, n]) => `${n} ${change}`)
  const lines = [
    `${heading}: ${summary.events} events, ${summary.divergentMessages} of them decided otherwise`,
    "",
    ...figures(summary),
    "",
    changed === 0 ? "No profile would be another." : `Groups of profiles that would be others: ${kinds.join(", ")}`
  ]
  if (clusters.length < changed) lines.push(`The ${clusters.length} largest:`)
  lines.push(...clusters.flatMap(cluster))
  if (summary.operationsSkipped > 0)
    lines.push(
      "",
      `Splits, un-merges and the like that could not be repeated: ${summary.operationsSkipped}`,
      ...summary.operations.slice(0, mostOperations).map(({ auditId, reason }) => `  ${auditId}  ${reason}`)
    )
  return lines.map(printable).join("\n")
}

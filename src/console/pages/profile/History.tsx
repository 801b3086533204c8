/** What made the profile what it is, the newest first; and the identifiers that were not used. */
import { useState } from "react"
import { nodes, useData } from "../../api/hooks.ts"
import { ExplainLink } from "../../parts/Identity.tsx"
import { Empty } from "../../parts/States.tsx"
import { QueryPanel, Table } from "../../parts/Table.tsx"
import { rangeMs } from "../../url-state.ts"
import { exact, moment } from "../../words.ts"
import { InsightTable } from "../insights/InsightTable.tsx"
import { profileHistory, profileViolations } from "./profile.gql.ts"
import type { ProfileRef } from "./ref.ts"
import { happenedOf } from "./timeline.ts"

const kindTitles: Readonly<Record<string, string>> = {
  CREATED: "Created",
  IDENTIFIER_MAPPED: "Identifier mapped",
  DEMOTED: "Demoted",
  VIOLATION: "Not used",
  MERGED: "Merged",
  SPLIT: "Split",
  UNMERGED: "Merge undone",
  IDENTIFIER_REMOVED: "Identifier removed",
  SEPARATED: "Kept apart",
  LIFTED: "May merge again"
}

export const HistoryTab = ({ of }: { readonly of: ProfileRef }) => (
  <QueryPanel label="History" query={useData(profileHistory, of)}>
    {({ profile }) => (
      <Table className="history" columns={[["When", 130], ["What", 140], ["How it came"], ["By", 120]]}>
        {(profile === null ? [] : nodes(profile.history)).toReversed().map((entry) => (
          <tr key={entry.id}>
            <td className="m q" title={`${exact(happenedOf(entry))}, received ${exact(entry.at)}`}>
              {moment(happenedOf(entry))}
            </td>
            <td className={entry.kind === "DEMOTED" || entry.kind === "VIOLATION" ? "warn b" : "b"}>
              {kindTitles[entry.kind] ?? entry.kind}
            </td>
            <td className="text">{entry.text}</td>
            <td className="q2">
              {entry.messageId === null ? entry.actor : <ExplainLink messageId={entry.messageId} />}
            </td>
          </tr>
        ))}
      </Table>
    )}
  </QueryPanel>
)

export const ViolationsTab = ({ of }: { readonly of: ProfileRef }) => {
  // Once: the range would otherwise be another one with every rendering.
  const [range] = useState(() => ({ from: new Date(Date.now() - rangeMs["30d"]).toISOString() }))
  return (
    <QueryPanel label="Violations" query={useData(profileViolations, { ...of, range })} rows={6}>
      {({ profile }) => {
        const records = profile === null ? [] : nodes(profile.violations)
        return records.length === 0 ? (
          <Empty title="Every identifier was used">
            None was demoted or blocked on an event of this profile in 30 days.
          </Empty>
        ) : (
          <InsightTable records={records} />
        )
      }}
    </QueryPanel>
  )
}

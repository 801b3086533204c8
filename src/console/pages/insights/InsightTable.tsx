/** Errors, violations and successes as rows; used by Insights, by a profile and by "why not merged". */
import { ExplainLink, Identifier, ProfileId } from "../../parts/Identity.tsx"
import { Table } from "../../parts/Table.tsx"
import { callName, exact, moment, windowText } from "../../words.ts"
import { kindOf } from "./insight-words.ts"
import type { Insight } from "./insights.gql.ts"

interface InsightTableProps {
  readonly records: ReadonlyArray<Insight>
  readonly selected?: Insight | undefined
  readonly onSelect?: (record: Insight) => void
}

const Because = ({ of }: { readonly of: Insight }) =>
  of.breachedType === null ? undefined : (
    <span className="q2">
      {of.breachedType} {of.count} of {of.limit} {of.window === null ? "" : windowText(of.window)}
    </span>
  )

const columns = [["When", 88], ["What", 160], ["Identifier"], ["Against", 132], ["Event", 92]] as const
export const WentTo = ({ record }: { readonly record: Insight }) =>
  record.profile === null ? <span className="q">no profile</span> : <ProfileId id={record.profile.segmentId} />

/** Where a pane beside the list tells of the chosen record, it says where the event went. */
const withProfile = [...columns, ["Went to", 138]] as const

export const InsightTable = ({ records, selected, onSelect }: InsightTableProps) => (
  <Table columns={onSelect === undefined ? withProfile : columns}>
    {records.map((record) => {
      const event = callName(record.eventType, record.eventName)
      return (
        <tr
          key={record.id}
          {...(onSelect === undefined
            ? {}
            : { className: "link", "aria-selected": record === selected, onClick: () => onSelect(record) })}
        >
          <td className="m q" title={exact(record.at)}>
            {moment(record.at)}
          </td>
          <td className={record.success === null ? "warn b" : "b"}>{kindOf(record).title}</td>
          <td>
            {record.identifier === null ? (
              ""
            ) : (
              <Identifier of={record.identifier} how={record.success === null ? "out" : "new"} />
            )}
          </td>
          <td>
            <Because of={record} />
          </td>
          <td>{record.messageId === null ? event : <ExplainLink messageId={record.messageId}>{event}</ExplainLink>}</td>
          {onSelect === undefined ? (
            <td>
              <WentTo record={record} />
            </td>
          ) : undefined}
        </tr>
      )
    })}
  </Table>
)

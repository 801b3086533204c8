/** Errors, violations and successes as rows; used by Insights, by a profile and by "why not merged". */
import { Link } from "@tanstack/react-router"
import { useSpace } from "../../api/hooks.ts"
import { Identifier, ProfileId } from "../../parts/Identity.tsx"
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

export const InsightTable = ({ records, selected, onSelect }: InsightTableProps) => {
  const { slug } = useSpace()
  return (
    <table>
      <thead>
        <tr>
          <th style={{ width: 122 }}>When</th>
          <th style={{ width: 168 }}>What</th>
          <th>Identifier</th>
          <th style={{ width: 150 }}>Against</th>
          <th style={{ width: 120 }}>Event</th>
          <th style={{ width: 138 }}>Went to</th>
        </tr>
      </thead>
      <tbody>
        {records.map((record) => {
          const { title } = kindOf(record)
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
              <td className={record.success === null ? "warn b" : "b"}>{title}</td>
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
              <td>
                {record.messageId === null ? (
                  event
                ) : (
                  <Link
                    className="acc"
                    to="/s/$space/explain/$messageId"
                    params={{ space: slug, messageId: record.messageId }}
                    title="Explain"
                  >
                    {event}
                  </Link>
                )}
              </td>
              <td>
                {record.profile === null ? (
                  <span className="q">no profile</span>
                ) : (
                  <ProfileId id={record.profile.segmentId} />
                )}
              </td>
            </tr>
          )
        })}
      </tbody>
    </table>
  )
}

/** The graph without a picture: merges as a tree, and every event as a row. What a screen reader is offered. */
import type { ReactNode } from "react"
import { ProfileId } from "../../parts/Identity.tsx"
import { Table } from "../../parts/Table.tsx"
import type { Column, Threads } from "../../threads/ThreadsPicture.tsx"
import { callName, day, exact, moment, plural } from "../../words.ts"

type Region = Threads["regions"][number]

const Branch = ({
  region,
  threads,
  onSelect
}: {
  readonly region: Region
  readonly threads: Threads
  readonly onSelect: (key: string) => void
}): ReactNode => {
  const merged = threads.regions.filter(({ into, until }) => into === region.segmentId && until !== null)
  const end = region.until === null ? undefined : threads.columns[region.until]
  const size = region.lastRow - region.firstRow + 1
  return (
    <li>
      <div className="row branch">
        <ProfileId id={region.segmentId} other={region.until !== null} />
        <span className="q2">
          since {day(region.createdAt)}
          {size > 0 ? `, ${plural(size, "identifier")}` : ""}
        </span>
        {end === undefined ? undefined : (
          <button className="acc" type="button" onClick={() => onSelect(end.messageId ?? end.auditId ?? "")}>
            merged by {callName(end.eventType, end.eventName)} on {day(end.at)}
          </button>
        )}
      </div>
      {merged.length === 0 ? undefined : (
        <ul>
          {merged.map((each) => (
            <Branch key={each.segmentId} region={each} threads={threads} onSelect={onSelect} />
          ))}
        </ul>
      )}
    </li>
  )
}

export const MergeTree = ({
  threads,
  onSelect
}: {
  readonly threads: Threads
  readonly onSelect: (key: string) => void
}) => {
  const [own] = threads.regions
  return (
    <div className="scroll pad" tabIndex={0}>
      {own === undefined ? undefined : (
        <ul className="tree">
          <Branch region={own} threads={threads} onSelect={onSelect} />
        </ul>
      )}
      {threads.mergeCount === 0 ? <p className="q2">Nothing was merged into it.</p> : undefined}
    </div>
  )
}

interface ThreadTableProps {
  readonly threads: Threads
  readonly selected: Column | undefined
  readonly keyOf: (column: Column) => string
  readonly onSelect: (key: string) => void
}

export const ThreadTable = ({ threads, selected, keyOf, onSelect }: ThreadTableProps) => (
  <div className="scroll" tabIndex={0}>
    <Table columns={[["When", 130], ["Event", 150], ["Effect", 90], ["Identifiers"]]}>
      {threads.columns.map((column) => (
        <tr
          key={keyOf(column)}
          className="link"
          aria-selected={column === selected}
          onClick={() => onSelect(keyOf(column))}
        >
          <td className="m q" title={exact(column.at)}>
            {moment(column.at)}
          </td>
          <td className="b">
            {column.operation?.replaceAll("_", " ") ?? callName(column.eventType, column.eventName)}
          </td>
          <td className={column.kind === "MERGE" ? "acc" : "q2"}>{column.effect}</td>
          <td className="m">
            {column.on
              .map(({ row, mode }) => {
                const thread = threads.threads[row]
                return thread === undefined ? "" : `${mode === "NEW" ? "+" : ""}${thread.type}:${thread.id}`
              })
              .join("  ")}
          </td>
        </tr>
      ))}
    </Table>
  </div>
)

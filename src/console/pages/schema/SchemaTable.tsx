/** Names that a source sends, with when each was seen last and how often: events, properties of one, traits. */
import type { RefObject } from "react"
import type { TableColumn } from "../../parts/Table.tsx"
import { VirtualTable } from "../../parts/VirtualRows.tsx"
import { ago, count, exact } from "../../words.ts"

export interface SchemaRow {
  readonly name: string
  readonly lastSeenAt: string | null
  readonly allowed: number
  readonly blocked: number
}

interface SchemaTableProps {
  readonly what: string
  readonly label: string
  readonly rows: ReadonlyArray<SchemaRow>
  readonly scroller: RefObject<HTMLDivElement | null>
  readonly selected?: number
  readonly onSelect?: (row: SchemaRow) => void
}

export const SchemaTable = ({ what, label, rows, scroller, selected = -1, onSelect }: SchemaTableProps) => {
  const columns: ReadonlyArray<TableColumn> = [
    [what],
    ["Last seen", 96],
    ["Allowed", 84, "num"],
    ["Blocked", 84, "num"]
  ]
  return (
    <VirtualTable
      label={label}
      columns={columns}
      scroller={scroller}
      count={rows.length}
      rowHeight={33}
      keyOf={(row) => rows[row]!.name}
      selected={selected}
    >
      {(index) => {
        const row = rows[index]!
        const { name, lastSeenAt, allowed, blocked } = row
        return (
          <tr
            key={name}
            aria-rowindex={index + 2}
            {...(onSelect === undefined
              ? {}
              : { className: "link", "aria-selected": index === selected, onClick: () => onSelect(row) })}
          >
            <td className={onSelect === undefined ? "m" : "b"} title={name}>
              {name}
            </td>
            <td className="q" title={lastSeenAt === null ? "" : exact(lastSeenAt)}>
              {lastSeenAt === null ? "never" : ago(lastSeenAt)}
            </td>
            <td className={`num ${allowed === 0 ? "q" : ""}`}>{count(allowed)}</td>
            <td className={`num ${blocked === 0 ? "q" : "bad"}`}>{count(blocked)}</td>
          </tr>
        )
      }}
    </VirtualTable>
  )
}

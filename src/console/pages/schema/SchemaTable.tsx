/** Names that a source sends, with when each was seen last and how often: events, properties of one, traits. */
import type { RefObject } from "react"
import { useMayConnect } from "../../api/hooks.ts"
import { Switch } from "../../parts/Switch.tsx"
import type { TableColumn } from "../../parts/Table.tsx"
import { VirtualTable } from "../../parts/VirtualRows.tsx"
import { ago, count, exact } from "../../words.ts"
import type { Blocks } from "./use-blocks.ts"

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
  /** Adds the switches of ING-134; `destinations`: and how many get each (ING-130). */
  readonly blocks?: Blocks | undefined
  readonly destinations?: boolean
}

const getText = ({ destinations, gets, canKeep }: Blocks, name: string): string => {
  const n = canKeep(name) ? destinations.filter(({ id }) => gets(id, name)).length : destinations.length
  return n === destinations.length ? (n === 0 ? "" : "all") : `${n} of ${destinations.length}`
}

export const SchemaTable = (props: SchemaTableProps) => {
  const { what, label, rows, scroller, selected = -1, onSelect, blocks, destinations = false } = props
  const may = useMayConnect()
  const columns: ReadonlyArray<TableColumn> = [
    ...(blocks === undefined ? [] : ([["Allow", 56]] as const)),
    [what],
    ...(blocks === undefined || !destinations ? [] : ([["Destinations", 88]] as const)),
    ["Last seen", 84],
    ["Allowed", 72, "num"],
    ["Blocked", 72, "num"]
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
            {blocks === undefined ? undefined : (
              <td onClick={(event) => event.stopPropagation()}>
                <Switch
                  label={`${name} is allowed`}
                  on={!blocks.isBlocked(name)}
                  disabled={!may || blocks.busy}
                  onChange={(on) => blocks.block(name, !on)}
                />
              </td>
            )}
            <td className={onSelect === undefined ? "m" : "b"} title={name}>
              {name}
            </td>
            {blocks === undefined || !destinations ? undefined : <td className="q2">{getText(blocks, name)}</td>}
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

/** Rows of a long table: only those in sight are in the document. Readers are told of all by `aria-rowcount`. */
import { useVirtualizer } from "@tanstack/react-virtual"
import { type ReactNode, type RefObject, useEffect, useEffectEvent, useLayoutEffect, useRef } from "react"
import { TableHead, type TableColumn } from "./Table.tsx"

interface VirtualTableProps {
  readonly label: string
  readonly columns: ReadonlyArray<TableColumn>
  readonly scroller: RefObject<HTMLDivElement | null>
  readonly count: number
  readonly rowHeight: number
  readonly keyOf: (row: number) => string
  /** The chosen row is brought into sight when another one is chosen, not when others push it away. */
  readonly selected: number
  readonly className?: string
  readonly children: (row: number) => ReactNode
}

const Spacer = ({ height, columns }: { readonly height: number; readonly columns: number }) =>
  height <= 0 ? undefined : (
    <tr aria-hidden="true" className="spacer">
      <td colSpan={columns} style={{ height }} />
    </tr>
  )

export const VirtualTable = (props: VirtualTableProps) => {
  const { label, columns, scroller, count, rowHeight, keyOf, selected, className, children } = props
  const virtual = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    getItemKey: keyOf,
    overscan: 12,
    // Where the head of the table sticks.
    scrollPaddingStart: rowHeight
  })
  const chosen = selected >= 0 && selected < count ? keyOf(selected) : undefined
  const show = useEffectEvent(() => {
    if (selected >= 0) virtual.scrollToIndex(selected, { align: "auto" })
  })
  useEffect(() => show(), [chosen])
  const first = count > 0 ? keyOf(0) : undefined
  const before = useRef(first)
  const hold = useEffectEvent((old: string | undefined) => {
    const box = scroller.current
    if (box === null || old === undefined || box.scrollTop < rowHeight) return
    // Rows came above: what is looked at stays where it is.
    for (let row = 1; row < count; row++) if (keyOf(row) === old) return void (box.scrollTop += row * rowHeight)
  })
  useLayoutEffect(() => {
    if (before.current !== first) hold(before.current)
    before.current = first
  }, [first])
  const items = virtual.getVirtualItems()
  return (
    <table
      aria-label={label}
      aria-rowcount={count + 1}
      {...(className === undefined ? {} : { className })}
      data-selected={chosen}
    >
      <TableHead columns={columns} />
      <tbody>
        <Spacer height={items[0]?.start ?? 0} columns={columns.length} />
        {items.map(({ index }) => children(index))}
        <Spacer height={virtual.getTotalSize() - (items.at(-1)?.end ?? 0)} columns={columns.length} />
      </tbody>
    </table>
  )
}

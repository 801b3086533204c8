/** The messages, the newest first. Names and values are text, whatever they contain. */
import { memo, type RefObject } from "react"
import { familyClass } from "../../parts/Identity.tsx"
import { useRowKeys } from "../../parts/row-keys.ts"
import type { TableColumn } from "../../parts/Table.tsx"
import { VirtualTable } from "../../parts/VirtualRows.tsx"
import { clockMs, exact } from "../../words.ts"
import type { Message } from "./feed.ts"
import { OutcomeOf } from "./Outcome.tsx"

const columns: ReadonlyArray<TableColumn> = [
  ["Received", 114],
  ["Call", 68],
  ["Event"],
  ["First identifier", "20%"],
  ["Outcome", 176]
]
const rowHeight = 31

const First = ({ identifier }: { readonly identifier: string | null }) => {
  if (identifier === null) return undefined
  const colon = identifier.indexOf(":")
  return (
    <span className={`knot m el ${familyClass({ type: identifier.slice(0, colon) })}`} title={identifier}>
      <span className="el">{identifier.slice(colon + 1)}</span>
    </span>
  )
}

/** The names of its traits, where a call has no name of its own. */
const traitNames = (raw: unknown): string => {
  const traits = typeof raw === "object" && raw !== null && "traits" in raw ? raw.traits : undefined
  return typeof traits === "object" && traits !== null ? Object.keys(traits).slice(0, 6).join(", ") : ""
}

const eventText = (message: Message): readonly [text: string, tone: string] => {
  const { status, event, code, raw } = message
  if (status === "DISCARDED") return [event ?? code ?? "", "bad"]
  if (event !== null) return [event, status === "ACCEPTED" ? "b" : "q"]
  return [traitNames(raw), "q"]
}

interface RowProps {
  readonly message: Message
  readonly row: number
  readonly selected: boolean
  readonly onSelect: (message: Message) => void
}

const Row = memo(({ message, row, selected, onSelect }: RowProps) => {
  const [event, tone] = eventText(message)
  return (
    <tr className="link" aria-rowindex={row + 2} aria-selected={selected} onClick={() => onSelect(message)}>
      <td className="m q" title={exact(message.receivedAt)}>
        {clockMs(message.receivedAt)}
      </td>
      <td className="q2">{message.type?.toLowerCase() ?? ""}</td>
      <td className={tone} title={message.status === "DISCARDED" ? (message.message ?? "") : event}>
        {event}
      </td>
      <td>
        <First identifier={message.identifier} />
      </td>
      <td>
        <OutcomeOf message={message} />
      </td>
    </tr>
  )
})

interface MessageListProps {
  readonly messages: ReadonlyArray<Message>
  readonly selected: Message | undefined
  readonly scroller: RefObject<HTMLDivElement | null>
  readonly onSelect: (message: Message) => void
}

export const MessageList = ({ messages, selected, scroller, onSelect }: MessageListProps) => {
  const at = selected === undefined ? -1 : messages.findIndex(({ id }) => id === selected.id)
  useRowKeys(messages.length, () => undefined, {
    at,
    move: (row) => {
      const message = messages[row]
      if (message !== undefined) onSelect(message)
    }
  })
  return (
    <VirtualTable
      label="Messages"
      className="live"
      columns={columns}
      scroller={scroller}
      count={messages.length}
      rowHeight={rowHeight}
      keyOf={(row) => messages[row]!.id}
      selected={at}
    >
      {(row) => {
        const message = messages[row]!
        return <Row key={message.id} message={message} row={row} selected={row === at} onSelect={onSelect} />
      }}
    </VirtualTable>
  )
}

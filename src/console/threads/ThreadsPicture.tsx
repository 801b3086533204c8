/** Draws placed threads as SVG. Rows: names and threads; columns: heads and stitches; behind them the regions of profiles. */
import { memo } from "react"
import { callName, day, family, minute, shortId } from "../words.ts"
import type { ProfileThreadsData } from "../pages/graph/graph.gql.ts"
import type { Placed } from "./layout.ts"

export type Threads = NonNullable<ProfileThreadsData["profile"]>["threads"]
export type Column = Threads["columns"][number]

interface PictureProps {
  readonly threads: Pick<Threads, "threads" | "columns">
  readonly placed: Placed
  readonly collection: string
  /** Place in `columns`. */
  readonly selected: number | undefined
  /** Row that was picked: the others are dimmed. */
  readonly picked: number | undefined
  readonly found: ReadonlySet<number>
  readonly onSelect: (column: number) => void
  readonly onPick: (row: number | undefined) => void
  readonly label: string
}

const colour = (type: string, collection: string) => `var(--${family(type, collection)})`

const strokeOf: Readonly<Record<Column["kind"], string>> = {
  CREATE: "var(--ink)",
  ADD: "var(--ink)",
  MERGE: "var(--ink)",
  NONE: "var(--edge)",
  OPERATION: "var(--warn)"
}

const Hatch = () => (
  <defs>
    <pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
      <rect width="5" height="5" fill="var(--sunken)" />
      <line x1="0" y1="0" x2="0" y2="5" stroke="var(--line-2)" strokeWidth="1.5" />
    </pattern>
  </defs>
)

const Regions = ({ placed }: { readonly placed: Placed }) =>
  placed.regions.map(({ segmentId, path, merged, nameAt }) => (
    <g key={segmentId}>
      <path
        d={path}
        fill={merged ? "url(#hatch)" : "var(--hover)"}
        stroke={merged ? "var(--edge)" : "var(--line-2)"}
        {...(merged ? { strokeDasharray: "3 3" } : {})}
        strokeLinejoin="round"
      />
      {placed.geometry.density === "words" ? (
        <text x={nameAt.x} y={nameAt.y} fontSize="11" fill="var(--ink-2)" fontFamily="var(--mono)">
          {shortId(segmentId)}
        </text>
      ) : undefined}
    </g>
  ))

const cut = (text: string, length: number) => (text.length > length ? `${text.slice(0, length - 1)}…` : text)

const Names = ({
  threads,
  placed,
  collection,
  picked,
  found,
  onPick
}: Pick<PictureProps, "threads" | "placed" | "collection" | "picked" | "found" | "onPick">) => {
  const { density, rowHeight } = placed.geometry
  return threads.threads.map((thread, i) => {
    const y = placed.y[i]!
    const fill = colour(thread.type, collection)
    const marked = found.has(i)
    return (
      <g
        key={thread.mappingId}
        className="name"
        onClick={() => onPick(picked === i ? undefined : i)}
        opacity={picked === undefined || picked === i ? 1 : 0.35}
      >
        <title>{`${thread.type}:${thread.id}`}</title>
        {marked ? (
          <rect
            x={6}
            y={y - rowHeight / 2 + 0.5}
            width={placed.geometry.left - 14}
            height={rowHeight - 1}
            rx={4}
            fill="var(--warn-tint)"
          />
        ) : undefined}
        {density === "words" ? (
          <>
            <text x={14} y={y - 5} fontSize="12" fontWeight="500" fill={fill}>
              {cut(thread.type, 24)}
            </text>
            <text x={14} y={y + 12} fontSize="12" fontFamily="var(--mono)" letterSpacing="-.2" fill="var(--ink)">
              {cut(thread.id, 21)}
            </text>
          </>
        ) : (
          <>
            <circle cx={18} cy={y} r={3} fill={fill} />
            <text x={27} y={y + 3.8} fontSize="11" fontFamily="var(--mono)" letterSpacing="-.2" fill="var(--ink)">
              {cut(thread.id, 23)}
            </text>
          </>
        )}
      </g>
    )
  })
}

const Lines = ({
  threads,
  placed,
  collection,
  picked
}: Pick<PictureProps, "threads" | "placed" | "collection" | "picked">) => {
  const { geometry } = placed
  const words = geometry.density === "words"
  const end = geometry.width - geometry.right
  return threads.threads.map((thread, i) => {
    const y = placed.y[i]!
    const from = placed.begins[i]!
    return (
      <g key={thread.mappingId} opacity={picked === undefined || picked === i ? 1 : 0.2}>
        <line
          x1={geometry.left}
          x2={from - geometry.knot - 2}
          y1={y}
          y2={y}
          stroke="var(--line-2)"
          strokeDasharray="1 3"
        />
        <line x1={from} x2={end} y1={y} y2={y} stroke="var(--surface)" strokeWidth={words ? 6.5 : 3} opacity=".9" />
        <line
          x1={from}
          x2={end}
          y1={y}
          y2={y}
          stroke={colour(thread.type, collection)}
          strokeWidth={words ? 2.5 : 1.4}
          strokeLinecap="round"
        />
      </g>
    )
  })
}

const Stitches = ({ threads, placed }: Pick<PictureProps, "threads" | "placed">) =>
  threads.columns.map(({ on, kind }, i) => {
    if (on.length === 0) return undefined
    const rows = on.map(({ row }) => placed.y[row]!)
    const words = placed.geometry.density === "words"
    const width = kind === "MERGE" ? (words ? 4 : 2.4) : kind === "NONE" ? 1 : words ? 1.5 : 1.1
    return (
      <line
        key={i}
        x1={placed.x[i]}
        x2={placed.x[i]}
        y1={Math.min(...rows)}
        y2={Math.max(...rows)}
        stroke={strokeOf[kind]}
        strokeWidth={width}
      />
    )
  })

const Knots = ({
  threads,
  placed,
  collection,
  picked
}: Pick<PictureProps, "threads" | "placed" | "collection" | "picked">) => {
  const r = placed.geometry.knot
  return threads.columns.flatMap(({ on }, i) =>
    on.map(({ row, mode }) => {
      const thread = threads.threads[row]
      if (thread === undefined) return undefined
      const x = placed.x[i]!
      const y = placed.y[row]!
      const fill = colour(thread.type, collection)
      const opacity = picked === undefined || picked === row ? 1 : 0.2
      if (mode === "OUT")
        return (
          <g key={`${i}:${row}`} opacity={opacity}>
            <circle cx={x} cy={y} r={r} fill="var(--surface)" stroke="var(--warn)" strokeWidth="1.5" />
            <path
              d={`M${x - r * 0.45} ${y - r * 0.45}l${r * 0.9} ${r * 0.9}m0 ${-r * 0.9}l${-r * 0.9} ${r * 0.9}`}
              stroke="var(--warn)"
              strokeWidth="1.5"
            />
          </g>
        )
      return mode === "NEW" ? (
        <circle
          key={`${i}:${row}`}
          cx={x}
          cy={y}
          r={r}
          fill="var(--surface)"
          stroke={fill}
          strokeWidth={Math.max(1.3, r * 0.4)}
          opacity={opacity}
        />
      ) : (
        <circle
          key={`${i}:${row}`}
          cx={x}
          cy={y}
          r={r + 0.5}
          fill={fill}
          stroke="var(--surface)"
          strokeWidth="1"
          opacity={opacity}
        />
      )
    })
  )
}

/** `22 Mar, 20:01`, only the time when the day is that of the column before. */
const headTime = (column: Column, before: Column | undefined) =>
  before !== undefined && day(before.at) === day(column.at)
    ? minute(column.at)
    : `${day(column.at)}, ${minute(column.at)}`

/** Numbers of merges that would cover each other are marks instead. */
const numberWidth = 17

const Heads = ({ threads, placed, selected }: Pick<PictureProps, "threads" | "placed" | "selected">) => {
  const { density, columnWidth } = placed.geometry
  let merges = 0
  let lastNumber = Number.NEGATIVE_INFINITY
  return threads.columns.map((column, i) => {
    const x = placed.x[i]!
    if (density !== "words") {
      if (column.kind !== "MERGE") return undefined
      merges += 1
      const room = x - lastNumber >= numberWidth
      if (!room)
        return (
          <rect key={i} x={x - 1} y={18} width={2} height={8} fill={i === selected ? "var(--accent)" : "var(--ink)"} />
        )
      lastNumber = x
      return (
        <g key={i}>
          <circle cx={x} cy={22} r={8} fill={i === selected ? "var(--accent)" : "var(--ink)"} />
          <text x={x} y={25.5} textAnchor="middle" fontSize="10" fontWeight="600" fill="var(--surface)">
            {merges}
          </text>
        </g>
      )
    }
    const name = column.operation?.replaceAll("_", " ") ?? callName(column.eventType, column.eventName)
    const quiet = column.kind === "NONE"
    return (
      <g key={i} textAnchor="middle">
        <text x={x} y={26} fontSize="11" fill="var(--ink-3)">
          {headTime(column, threads.columns[i - 1])}
        </text>
        <text x={x} y={43} fontSize="12.5" fontWeight={quiet ? 450 : 600} fill={quiet ? "var(--ink-2)" : "var(--ink)"}>
          {cut(name, Math.floor(columnWidth / 7.2))}
        </text>
        <text
          x={x}
          y={59}
          fontSize="11"
          fontWeight="500"
          fill={
            column.kind === "MERGE" ? "var(--accent)" : column.kind === "OPERATION" ? "var(--warn)" : "var(--ink-3)"
          }
        >
          {cut(column.effect, Math.floor(columnWidth / 6))}
        </text>
      </g>
    )
  })
}

export const ThreadsPicture = memo((props: PictureProps) => {
  const { threads, placed, selected, onSelect, label } = props
  const { width, height, columnWidth, left, top } = placed.geometry
  return (
    <svg
      className="threads"
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={label}
    >
      <Hatch />
      {selected === undefined || placed.x[selected] === undefined ? undefined : (
        <rect
          x={placed.x[selected] - columnWidth / 2 + 1}
          y={8}
          width={Math.max(6, columnWidth - 2)}
          height={height - 12}
          rx={6}
          fill="var(--selected)"
        />
      )}
      <Regions placed={placed} />
      <Stitches {...props} />
      <Lines {...props} />
      <Knots {...props} />
      <g className="heads">
        <rect x={0} y={0} width={width} height={top} fill="var(--surface)" />
        {selected === undefined || placed.x[selected] === undefined ? undefined : (
          <rect
            x={placed.x[selected] - columnWidth / 2 + 1}
            y={8}
            width={Math.max(6, columnWidth - 2)}
            height={top - 8}
            fill="var(--selected)"
          />
        )}
        <Heads {...props} />
      </g>
      {threads.columns.map((column, i) => (
        <rect
          key={column.column}
          className="hit"
          x={left + columnWidth * i}
          y={0}
          width={columnWidth}
          height={height}
          fill="transparent"
          onClick={() => onSelect(i)}
        >
          <title>{column.text}</title>
        </rect>
      ))}
      <g className="names">
        <rect x={0} y={0} width={left - 6} height={height} fill="var(--surface)" />
        <Names {...props} />
      </g>
      <rect className="corner" x={0} y={0} width={left - 6} height={top} fill="var(--surface)" />
    </svg>
  )
})

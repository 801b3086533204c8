/** How a profile came together: threads, the same as a tree of merges and as a table, and the evidence of the chosen event. */
import { useNavigate, useSearch } from "@tanstack/react-router"
import { type LucideIcon, Maximize, ZoomIn, ZoomOut } from "lucide-react"
import { useMemo, useState } from "react"
import { useData } from "../../api/hooks.ts"
import { SearchInput, Segments } from "../../parts/Choice.tsx"
import { Failed, Loading } from "../../parts/States.tsx"
import { useKeys } from "../../shell/keys.ts"
import { reduce } from "../../threads/layout.ts"
import type { Threads } from "../../threads/ThreadsPicture.tsx"
import { bandsOf, partOf, type WeekBands } from "../../threads/weeks.ts"
import { WeeksPicture } from "../../threads/WeeksPicture.tsx"
import { changed, fieldText } from "../../url-state.ts"
import { count, plural } from "../../words.ts"
import type { ProfileRef } from "../profile/ref.ts"
import { EventEvidence, MergeList } from "./Evidence.tsx"
import { profileThreads } from "./graph.gql.ts"
import { keyOf, Plot, useRoom } from "./Plot.tsx"
import { StandsOut } from "./StandsOut.tsx"
import { MergeTree, ThreadTable } from "./Tables.tsx"
import "./graph.css"

/** More rows than this are not drawn at once: the weeks are, and rows of a part of them (design, section 4). */
const mostRows = 300

const finding = (threads: Threads, name: string): string =>
  `${name}: ${plural(threads.identifierCount, "identifier")}, ${plural(threads.columnCount, "linking event")}, ${plural(threads.mergeCount, "merge")}`

interface WeeksPlotProps {
  readonly of: ProfileRef
  readonly bands: WeekBands
  readonly label: string
  readonly onPart: (part: string) => void
}

const WeeksPlot = ({ of, bands, label, onPart }: WeeksPlotProps) => {
  const { ref, room } = useRoom()
  return (
    <div className="plot" ref={ref} tabIndex={0} aria-label="Weeks of the profile; the table has every event">
      {room === undefined ? undefined : (
        <WeeksPicture
          bands={bands}
          collection={of.collection}
          width={Math.max(560, room.width)}
          label={label}
          onPart={onPart}
        />
      )}
    </div>
  )
}

/** What part of a large profile has rows, and the way back to its weeks. */
const PartBar = ({
  part,
  shown,
  count: all,
  onPart
}: {
  readonly part: string | undefined
  readonly shown: number
  readonly count: number
  readonly onPart: (part: string | undefined) => void
}) => (
  <div className="bands">
    {part === undefined ? undefined : <span className="val">{part.replace(":", " ")}</span>}
    <span className="q2">
      {all > shown
        ? `The first ${count(shown)} of ${plural(all, "identifier")}, with the events that link them.`
        : `${plural(all, "identifier")}, with the events that link them.`}
    </span>
    <button className="acc ml" type="button" onClick={() => onPart(undefined)}>
      Back to the weeks
    </button>
  </div>
)

const Legend = () => (
  <div className="leg">
    <span>
      <i className="k" />
      matched: the evidence
    </span>
    <span>
      <i className="k n" />
      mapped here first
    </span>
    <span>
      <svg width="22" height="12" aria-hidden="true">
        <rect x=".5" y=".5" width="21" height="11" rx="2" fill="var(--hover)" stroke="var(--line-2)" />
      </svg>
      this profile
    </span>
    <span>
      <svg width="22" height="12" aria-hidden="true">
        <rect x=".5" y=".5" width="21" height="11" rx="2" fill="none" stroke="var(--edge)" strokeDasharray="3 3" />
      </svg>
      merged away
    </span>
    <span className="ml">
      <kbd>←</kbd>
      <kbd>→</kbd>
      next event
    </span>
  </div>
)

const Zoom = ({ zoom, onZoom }: { readonly zoom: number; readonly onZoom: (zoom: number) => void }) => {
  const steps: ReadonlyArray<readonly [name: string, icon: LucideIcon, to: number]> = [
    ["Zoom out", ZoomOut, zoom / 1.25],
    ["Zoom in", ZoomIn, zoom * 1.25],
    ["Fit", Maximize, 1]
  ]
  return steps.map(([name, Icon, to]) => (
    <button className="btn g ic" type="button" key={name} aria-label={name} title={name} onClick={() => onZoom(to)}>
      <Icon size={16} />
    </button>
  ))
}

const views = [
  [undefined, "Threads"],
  ["tree", "Merge tree"],
  ["table", "Table"]
] as const

const Loaded = ({
  of,
  name,
  threads
}: {
  readonly of: ProfileRef
  readonly name: string
  readonly threads: Threads
}) => {
  const { e, view, q, part } = useSearch({ from: "/app/s/$space/profiles/$id/$tab" })
  const navigate = useNavigate({ from: "/s/$space/profiles/$id/$tab" })
  const [zoom, setZoom] = useState(1)
  const { columns } = threads
  const start = columns.findLast(({ kind }) => kind === "MERGE") ?? columns.at(-1)
  const selected = columns.find((column) => keyOf(column) === e) ?? start
  const select = (key: string) => void navigate({ search: (old) => ({ ...old, e: key }), replace: true })
  const step = (by: number) => {
    const next = columns[(selected === undefined ? -1 : columns.indexOf(selected)) + by]
    if (next !== undefined) select(keyOf(next))
  }
  useKeys({ ArrowLeft: () => step(-1), ArrowRight: () => step(1) })
  const many = threads.identifierCount > 12 && threads.mergeCount > 1
  const large = threads.threads.length > mostRows
  const bands = useMemo(() => (large ? bandsOf(threads) : undefined), [large, threads])
  const wanted = (q ?? "").trim().toLowerCase()
  const rows = useMemo(() => {
    if (!large) return { drawn: threads, count: threads.threads.length }
    const matches = ({ type, id }: { readonly type: string; readonly id: string }) =>
      `${type}:${id}`.toLowerCase().includes(wanted)
    const inPart = partOf(part) ?? (wanted === "" ? undefined : matches)
    if (inPart === undefined) return undefined
    const kept = threads.threads.filter((thread) => inPart(thread) || (wanted !== "" && matches(thread)))
    const drawn = new Set(kept.slice(0, mostRows).map(({ row }) => row))
    return { drawn: reduce(threads, ({ row }) => drawn.has(row)), count: kept.length }
  }, [large, threads, part, wanted])
  const setPart = (next: string | undefined) =>
    void navigate({ search: (old) => changed(old, { part: next, q: next === undefined ? undefined : old.q }) })
  const weeksShown = view !== "tree" && view !== "table" && rows === undefined && bands !== undefined
  return (
    <div className="gg">
      <section className="card" aria-label="Identity graph">
        <div className="filters">
          <Segments
            label="View"
            value={view === "raw" ? undefined : view}
            options={views}
            onChange={(chosen) => void navigate({ search: (old) => changed(old, { view: chosen }), replace: true })}
          />
          <SearchInput
            label="Find an identifier"
            placeholder="Find an identifier"
            value={q ?? ""}
            onChange={(text) => void navigate({ search: (old) => changed(old, { q: fieldText(text) }), replace: true })}
          />
          <span className="sub q2 el">
            {plural(threads.identifierCount, "identifier")}, {threads.complete ? "" : "at least "}
            {plural(threads.columnCount, "event")}, {plural(threads.mergeCount, "merge")}
          </span>
          {weeksShown ? undefined : <Zoom zoom={zoom} onZoom={setZoom} />}
        </div>
        {view === "tree" ? (
          <MergeTree threads={threads} onSelect={select} />
        ) : view === "table" ? (
          <ThreadTable threads={threads} selected={selected} keyOf={keyOf} onSelect={select} />
        ) : (
          <>
            {large && rows !== undefined ? (
              <PartBar part={part} shown={rows.drawn.threads.length} count={rows.count} onPart={setPart} />
            ) : undefined}
            {rows === undefined && bands !== undefined ? (
              <WeeksPlot of={of} bands={bands} label={`How ${finding(threads, name)}`} onPart={setPart} />
            ) : rows === undefined ? undefined : (
              <Plot
                threads={rows.drawn}
                collection={of.collection}
                text={q ?? ""}
                selected={selected === undefined ? undefined : keyOf(selected)}
                follow={e !== undefined || !large}
                zoom={Math.max(0.4, Math.min(4, zoom))}
                label={`How ${finding(threads, name)}`}
                onSelect={select}
              />
            )}
            {weeksShown ? undefined : <Legend />}
          </>
        )}
      </section>
      {weeksShown ? <StandsOut of={of} threads={threads} bands={bands} onPart={setPart} /> : undefined}
      <div className="col g12" hidden={weeksShown}>
        {selected === undefined ? undefined : (
          <EventEvidence of={of} threads={threads} column={selected} compact={many} />
        )}
        {many ? <MergeList threads={threads} selected={selected} keyOf={keyOf} onSelect={select} /> : undefined}
      </div>
    </div>
  )
}

const Graph = ({ of, name }: { readonly of: ProfileRef; readonly name: string }) => {
  const { data, error, refetch } = useData(profileThreads, of)
  if (data === undefined)
    return error === null ? <Loading rows={6} /> : <Failed error={error} retry={() => void refetch()} />
  return data.profile === null ? undefined : <Loaded of={of} name={name} threads={data.profile.threads} />
}

export default Graph

/** How a profile came together: threads, the same as a tree of merges and as a table, and the evidence of the chosen event. */
import { useNavigate, useSearch } from "@tanstack/react-router"
import { Maximize, Search, ZoomIn, ZoomOut } from "lucide-react"
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "react"
import { useData } from "../../api/hooks.ts"
import { Failed, Loading } from "../../parts/States.tsx"
import { useKeys } from "../../shell/keys.ts"
import { geometryOf, place, reduce } from "../../threads/layout.ts"
import { type Column, type Threads, ThreadsPicture } from "../../threads/ThreadsPicture.tsx"
import { changed, fieldText } from "../../url-state.ts"
import { count, plural } from "../../words.ts"
import { profileThreads } from "./graph.gql.ts"
import { EventEvidence, MergeList } from "./Evidence.tsx"
import { MergeTree, ThreadTable } from "./Tables.tsx"
import type { ProfileRef } from "../profile/ref.ts"
import "./graph.css"

/** More rows than this are not drawn: those that carried merges are (design, section 4). */
const mostRows = 300

const keyOf = ({ messageId, auditId, column }: Column): string => messageId ?? auditId ?? String(column)

const useRoom = () => {
  const ref = useRef<HTMLDivElement>(null)
  const [room, setRoom] = useState<{ width: number; height: number } | undefined>()
  useLayoutEffect(() => {
    const element = ref.current
    if (element === null) return
    const measure = () => setRoom({ width: element.clientWidth, height: element.clientHeight })
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  return { ref, room }
}

const finding = (threads: Threads, name: string): string =>
  `${name}: ${plural(threads.identifierCount, "identifier")}, ${plural(threads.columnCount, "linking event")}, ${plural(threads.mergeCount, "merge")}`

const Weeks = ({ threads }: { readonly threads: Threads }) => {
  const byType = new Map<string, number>()
  for (const { type } of threads.threads) byType.set(type, (byType.get(type) ?? 0) + 1)
  return (
    <div className="bands">
      {[...byType]
        .sort((a, b) => b[1] - a[1])
        .map(([type, number]) => (
          <span key={type} className="val">
            {type} {count(number)}
          </span>
        ))}
      <span className="q">Only identifiers that carried merges, or that you look for, are drawn.</span>
    </div>
  )
}

interface PlotProps {
  readonly of: ProfileRef
  readonly threads: Threads
  readonly text: string
  readonly selected: string | undefined
  readonly zoom: number
  readonly name: string
  readonly onSelect: (key: string) => void
}

const Plot = ({ of, threads, text, selected, zoom, name, onSelect }: PlotProps) => {
  const { ref, room } = useRoom()
  const [picked, setPicked] = useState<number | undefined>()
  const wanted = text.trim().toLowerCase()
  const shown = useMemo(() => {
    if (threads.threads.length <= mostRows) return threads
    const matches = (id: string) => wanted !== "" && id.toLowerCase().includes(wanted)
    return { ...threads, ...reduce(threads, ({ merges, id }) => merges > 0 || matches(id)) }
  }, [threads, wanted])
  const found = useMemo(
    () =>
      new Set(
        wanted === ""
          ? []
          : shown.threads.flatMap(({ type, id }, i) => (`${type}:${id}`.toLowerCase().includes(wanted) ? [i] : []))
      ),
    [shown, wanted]
  )
  const placed = useMemo(
    () =>
      room === undefined ? undefined : place(shown, geometryOf(shown.threads.length, shown.columns.length, room, zoom)),
    [shown, room, zoom]
  )
  const at = shown.columns.findIndex((column) => keyOf(column) === selected)
  useEffect(() => {
    const box = ref.current
    const x = placed?.x[at]
    if (box === null || x === undefined) return
    // The chosen event stays in sight.
    if (x < box.scrollLeft + 200 || x > box.scrollLeft + box.clientWidth - 40) box.scrollLeft = x - box.clientWidth / 2
  }, [at, placed, ref])
  return (
    <>
      {threads.threads.length > mostRows ? <Weeks threads={threads} /> : undefined}
      <div
        className="plot"
        ref={ref}
        tabIndex={0}
        aria-label="Threads; arrow keys go from event to event, the table has the same facts"
      >
        {placed === undefined ? undefined : (
          <ThreadsPicture
            threads={shown}
            placed={placed}
            collection={of.collection}
            selected={at === -1 ? undefined : at}
            picked={picked}
            found={found}
            onSelect={(column) => onSelect(keyOf(shown.columns[column]!))}
            onPick={setPicked}
            label={`How ${finding(threads, name)}`}
          />
        )}
      </div>
    </>
  )
}

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
  const { e, view, q } = useSearch({ from: "/app/s/$space/profiles/$id/$tab" })
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
  return (
    <div className="gg">
      <section className="card" aria-label="Identity graph">
        <div className="filters">
          <div className="seg" role="group" aria-label="View">
            {views.map(([key, title]) => (
              <button
                key={title}
                type="button"
                aria-pressed={key === undefined ? view !== "tree" && view !== "table" : view === key}
                onClick={() =>
                  void navigate({
                    search: (old) => changed(old, { view: key }),
                    replace: true
                  })
                }
              >
                {title}
              </button>
            ))}
          </div>
          <label className="input grow find-id">
            <Search size={14} aria-hidden="true" />
            <span className="sr">Find an identifier</span>
            <input
              data-filter
              value={q ?? ""}
              placeholder="Find an identifier"
              onChange={(event) =>
                void navigate({
                  search: (old) => changed(old, { q: fieldText(event.target.value) }),
                  replace: true
                })
              }
            />
          </label>
          <span className="sub q2 el">
            {plural(threads.identifierCount, "identifier")}, {threads.complete ? "" : "at least "}
            {plural(threads.columnCount, "linking event")}, {plural(threads.mergeCount, "merge")}
          </span>
          <button
            className="btn g ic"
            type="button"
            aria-label="Zoom out"
            title="Zoom out"
            onClick={() => setZoom(zoom / 1.25)}
          >
            <ZoomOut size={16} />
          </button>
          <button
            className="btn g ic"
            type="button"
            aria-label="Zoom in"
            title="Zoom in"
            onClick={() => setZoom(zoom * 1.25)}
          >
            <ZoomIn size={16} />
          </button>
          <button className="btn g ic" type="button" aria-label="Fit" title="Fit" onClick={() => setZoom(1)}>
            <Maximize size={16} />
          </button>
        </div>
        {view === "tree" ? (
          <MergeTree threads={threads} onSelect={select} />
        ) : view === "table" ? (
          <ThreadTable threads={threads} selected={selected} keyOf={keyOf} onSelect={select} />
        ) : (
          <>
            <Plot
              of={of}
              threads={threads}
              text={q ?? ""}
              selected={selected === undefined ? undefined : keyOf(selected)}
              zoom={Math.max(0.4, Math.min(4, zoom))}
              name={name}
              onSelect={select}
            />
            <Legend />
          </>
        )}
      </section>
      <div className="col g12">
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

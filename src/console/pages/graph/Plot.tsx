/** The picture in its box: names and heads stay in sight when it scrolls, and one that is larger than the box has a small copy. */
import {
  type PointerEvent,
  type RefObject,
  useEffect,
  useEffectEvent,
  useLayoutEffect,
  useMemo,
  useRef,
  useState
} from "react"
import { geometryOf, type Placed, place } from "../../threads/layout.ts"
import { type Column, type Threads, ThreadsPicture } from "../../threads/ThreadsPicture.tsx"

export const keyOf = ({ messageId, auditId, column }: Column): string => messageId ?? auditId ?? String(column)

export const useRoom = () => {
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

const mapWidth = 132
const mapHeight = 96

/** Regions of the whole picture, and which part of it is in sight. For the pointer: keys go from event to event. */
const GraphMap = ({ placed, box }: { readonly placed: Placed; readonly box: RefObject<HTMLDivElement | null> }) => {
  const { width, height } = placed.geometry
  const [view, setView] = useState({ x: 0, y: 0, width: 0, height: 0 })
  const measure = useEffectEvent(() => {
    const element = box.current
    if (element === null) return
    const { scrollLeft, scrollTop, clientWidth, clientHeight } = element
    setView({ x: scrollLeft, y: scrollTop, width: clientWidth, height: clientHeight })
  })
  useEffect(() => {
    const element = box.current
    measure()
    const listener = () => measure()
    element?.addEventListener("scroll", listener, { passive: true })
    return () => element?.removeEventListener("scroll", listener)
  }, [box, width, height])
  const go = (event: PointerEvent<SVGSVGElement>) => {
    const element = box.current
    if (element === null || event.buttons === 0) return
    const strip = event.currentTarget.getBoundingClientRect()
    element.scrollTo({
      left: ((event.clientX - strip.left) / strip.width) * width - view.width / 2,
      top: ((event.clientY - strip.top) / strip.height) * height - view.height / 2
    })
  }
  if (width <= view.width + 1 && height <= view.height * 1.5) return undefined
  return (
    <svg
      className="map"
      width={mapWidth}
      height={mapHeight}
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      aria-hidden="true"
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId)
        go(event)
      }}
      onPointerMove={go}
    >
      {placed.regions.map(({ segmentId, path, merged }) => (
        <path key={segmentId} d={path} className={merged ? "merged" : ""} vectorEffect="non-scaling-stroke" />
      ))}
      <rect className="in-sight" {...view} vectorEffect="non-scaling-stroke" />
    </svg>
  )
}

interface PlotProps {
  readonly threads: Pick<Threads, "threads" | "columns" | "regions">
  readonly collection: string
  readonly text: string
  readonly selected: string | undefined
  /** The chosen event is kept in sight. */
  readonly follow: boolean
  readonly zoom: number
  readonly label: string
  readonly onSelect: (key: string) => void
}

export const Plot = ({ threads, collection, text, selected, follow, zoom, label, onSelect }: PlotProps) => {
  const { ref, room } = useRoom()
  const [picked, setPicked] = useState<number | undefined>()
  const wanted = text.trim().toLowerCase()
  const found = useMemo(
    () =>
      new Set(
        wanted === ""
          ? []
          : threads.threads.flatMap(({ type, id }, i) => (`${type}:${id}`.toLowerCase().includes(wanted) ? [i] : []))
      ),
    [threads, wanted]
  )
  const placed = useMemo(
    () =>
      room === undefined
        ? undefined
        : place(threads, geometryOf(threads.threads.length, threads.columns.length, room, zoom)),
    [threads, room, zoom]
  )
  const at = threads.columns.findIndex((column) => keyOf(column) === selected)
  useEffect(() => {
    const box = ref.current
    const x = placed?.x[at]
    if (box === null || x === undefined || !follow) return
    if (x < box.scrollLeft + 200 || x > box.scrollLeft + box.clientWidth - 40) box.scrollLeft = x - box.clientWidth / 2
  }, [at, follow, placed, ref])
  const [first] = found
  useEffect(() => {
    const y = first === undefined ? undefined : placed?.y[first]
    if (y !== undefined) ref.current?.scrollTo({ top: y - ref.current.clientHeight / 2 })
  }, [first, placed, ref])
  return (
    <div className="plot-box">
      <div
        className="plot"
        ref={ref}
        tabIndex={0}
        aria-label="Threads; arrow keys go from event to event, the table has the same facts"
        onScroll={({ currentTarget: box }) => {
          box.style.setProperty("--x", `${box.scrollLeft}px`)
          box.style.setProperty("--y", `${box.scrollTop}px`)
        }}
      >
        {placed === undefined ? undefined : (
          <ThreadsPicture
            threads={threads}
            placed={placed}
            collection={collection}
            selected={at === -1 ? undefined : at}
            picked={picked}
            found={found}
            onSelect={(column) => onSelect(keyOf(threads.columns[column]!))}
            onPick={setPicked}
            label={label}
          />
        )}
      </div>
      {placed === undefined ? undefined : <GraphMap placed={placed} box={ref} />}
    </div>
  )
}

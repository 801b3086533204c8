/**
 * A long list as a strip: where something stands out, and which part is in sight. A click or a drag goes there. For the pointer;
 * keys move in the list itself.
 */
import { type PointerEvent, type RefObject, useEffect, useRef, useState } from "react"

export interface MinimapMark {
  /** 0 to 1, from the top. */
  readonly at: number
  readonly tone: "plain" | "soft" | "strong" | "warn"
}

interface MinimapProps {
  readonly marks: ReadonlyArray<MinimapMark>
  readonly scroller: RefObject<HTMLElement | null>
}

const looks = {
  plain: { fill: "var(--line-2)", inset: 9, height: 1 },
  soft: { fill: "var(--edge)", inset: 7, height: 0.6 },
  strong: { fill: "var(--ink)", inset: 3, height: 2 },
  warn: { fill: "var(--warn)", inset: 3, height: 2 }
} as const
const width = 22

export const Minimap = ({ marks, scroller }: MinimapProps) => {
  const ref = useRef<SVGSVGElement>(null)
  const [view, setView] = useState({ top: 0, part: 1, height: 0 })
  useEffect(() => {
    const box = scroller.current
    if (box === null) return
    const measure = () => {
      const total = Math.max(1, box.scrollHeight)
      setView({ top: box.scrollTop / total, part: box.clientHeight / total, height: box.clientHeight })
    }
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(box)
    if (box.firstElementChild !== null) observer.observe(box.firstElementChild)
    box.addEventListener("scroll", measure, { passive: true })
    return () => {
      observer.disconnect()
      box.removeEventListener("scroll", measure)
    }
  }, [scroller, marks.length])
  const go = (event: PointerEvent) => {
    const box = scroller.current
    const strip = ref.current?.getBoundingClientRect()
    if (box === null || strip === undefined || event.buttons === 0) return
    const at = (event.clientY - strip.top) / strip.height
    box.scrollTop = at * box.scrollHeight - box.clientHeight / 2
  }
  const { height } = view
  return (
    <svg
      ref={ref}
      className="minimap"
      width={width}
      height="100%"
      aria-hidden="true"
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId)
        go(event)
      }}
      onPointerMove={go}
    >
      {marks.map(({ at, tone }, i) => {
        const { fill, inset, height: thick } = looks[tone]
        return <rect key={i} x={inset} y={at * height} width={width - 2 * inset} height={thick} fill={fill} />
      })}
      <rect
        className="in-sight"
        x={1}
        y={view.top * height}
        width={width - 2}
        height={Math.max(12, view.part * height)}
        rx={3}
      />
    </svg>
  )
}

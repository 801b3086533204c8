/** The story with threads running down it: each identifier starts where it was found and ends in the decision, or is cut. */
import { useLayoutEffect, useRef, useState } from "react"
import { Identifier, ProfileId } from "../../parts/Identity.tsx"
import { family } from "../../words.ts"
import "./explain.css"
import type { KnotKind, Lane, Story, StoryItem, WouldBe } from "./story.ts"

const firstLane = 24
const laneWidth = 18
/** More threads than these would be a mat; the chips tell of the others. */
const mostLanes = 6

const laneX = (lane: number) => firstLane + lane * laneWidth

const Knot = ({
  kind,
  x,
  y,
  colour
}: {
  readonly kind: KnotKind
  readonly x: number
  readonly y: number
  readonly colour: string
}) => {
  switch (kind) {
    case "start":
    case "fresh":
      return (
        <circle cx={x} cy={y} r={kind === "start" ? 5.5 : 5} fill="var(--surface)" stroke={colour} strokeWidth="2.2" />
      )
    case "match":
      return <circle cx={x} cy={y} r={5.5} fill={colour} />
    case "caught":
      return <circle cx={x} cy={y} r={4} fill={colour} />
    case "pass":
      return <circle cx={x} cy={y} r={3} fill={colour} />
    default:
      return undefined
  }
}

const colourOf = ({ of }: Lane) => `var(--${family(of.type, of.collection)})`

interface GutterProps {
  readonly lanes: ReadonlyArray<Lane>
  readonly items: ReadonlyArray<StoryItem>
  readonly ys: ReadonlyArray<number>
}

const Gutter = ({ lanes, items, ys }: GutterProps) => {
  const right = laneX(lanes.length)
  return (
    <svg className="gut" width={right + 12} height={(ys.at(-1) ?? 0) + 20} aria-hidden="true">
      {lanes.map((lane, i) => {
        const colour = colourOf(lane)
        const x = laneX(i)
        const places = items.flatMap((item, row) => (item.knots.has(lane.key) ? [row] : []))
        const first = places[0]
        const last = places.at(-1)
        if (first === undefined || last === undefined) return undefined
        const end = ys[last]!
        const cut = items[last]!.knots.get(lane.key) === "cut"
        const path = cut
          ? `M${x} ${ys[first]!}V${end - 10}C${x} ${end - 3} ${x + 4} ${end} ${x + 11} ${end}`
          : `M${x} ${ys[first]!}V${end}`
        return (
          <g key={lane.key}>
            <path d={path} stroke={colour} strokeWidth="2.5" fill="none" strokeLinecap="round" />
            {cut ? (
              <path
                d={`M${x + 13} ${end - 4}l8 8m0-8l-8 8`}
                stroke="var(--warn)"
                strokeWidth="2"
                strokeLinecap="round"
              />
            ) : undefined}
          </g>
        )
      })}
      {items.map((item, row) => {
        const caught = lanes.flatMap((lane, i) => (item.knots.get(lane.key) === "caught" ? [i] : []))
        if (caught.length === 0) return undefined
        const from = laneX(caught[0]!)
        const to = laneX(caught.at(-1)!)
        return (
          <rect
            key={row}
            x={from - 9}
            y={ys[row]! - 9}
            width={to - from + 18}
            height={18}
            rx={9}
            fill="var(--warn-tint)"
            stroke="var(--warn)"
            strokeWidth="1.5"
          />
        )
      })}
      {items.flatMap((item, row) =>
        lanes.map((lane, i) => {
          const kind = item.knots.get(lane.key)
          return kind === undefined ? undefined : (
            <Knot key={`${row}:${lane.key}`} kind={kind} x={laneX(i)} y={ys[row]!} colour={colourOf(lane)} />
          )
        })
      )}
      {items.map((item, row) => {
        const ending = lanes.flatMap((lane, i) => (item.knots.get(lane.key) === "end" ? [i] : []))
        if (ending.length === 0) return undefined
        const from = laneX(ending[0]!)
        const to = laneX(ending.at(-1)!)
        return (
          <rect key={row} x={from - 7} y={ys[row]! - 7} width={to - from + 14} height={14} rx={3.5} fill="var(--ink)" />
        )
      })}
    </svg>
  )
}

const Would = ({ counts }: { readonly counts: ReadonlyArray<WouldBe> }) => (
  <div className="would">
    {counts.map(({ type, count, limit, window, breached }) => (
      <div className="row" key={type}>
        <span className={`knot fam f-${family(type)}`}>{type}</span>
        <span className={breached ? "br ml" : "q2 ml"}>
          {count} of {limit} {window}
        </span>
      </div>
    ))}
  </div>
)

const Item = ({ item, n }: { readonly item: StoryItem; readonly n: number }) => (
  <li className={`step ${item.tone}`}>
    <div className="t">
      <b className={item.tone === "warn" ? "warn" : item.tone === "bad" ? "bad" : ""}>{item.title}</b>
      {item.profile === undefined ? undefined : <ProfileId id={item.profile} />}
      {item.detail === undefined ? undefined : <span className="q2">{item.detail}</span>}
      <span className="lbl">{n}</span>
    </div>
    {item.chips.map((chip, i) => (
      <div className="x" key={`${i} ${chip.of.type}:${chip.of.id}`}>
        <Identifier of={chip.of} how={chip.how} />
        {chip.note === undefined ? undefined : <span className="q2">{chip.note}</span>}
        {chip.profile === undefined ? undefined : <ProfileId id={chip.profile} />}
      </div>
    ))}
    {item.wouldBe.length === 0 ? undefined : <Would counts={item.wouldBe} />}
  </li>
)

export const StoryView = ({ story }: { readonly story: Story }) => {
  const ref = useRef<HTMLOListElement>(null)
  const [ys, setYs] = useState<ReadonlyArray<number>>([])
  const lanes = story.lanes.slice(0, mostLanes)
  useLayoutEffect(() => {
    const list = ref.current
    if (list === null) return
    const measure = () => {
      const top = list.getBoundingClientRect().top
      setYs(
        [...list.querySelectorAll(".step .t")].map((title) => {
          const box = title.getBoundingClientRect()
          return box.top - top + Math.min(10, box.height / 2)
        })
      )
    }
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(list)
    return () => observer.disconnect()
  }, [story])
  return (
    <ol className="story" ref={ref} style={{ paddingLeft: laneX(lanes.length) + 14 }}>
      {ys.length === story.items.length ? <Gutter lanes={lanes} items={story.items} ys={ys} /> : undefined}
      {story.items.map((item, i) => (
        <Item item={item} n={i + 1} key={i} />
      ))}
    </ol>
  )
}

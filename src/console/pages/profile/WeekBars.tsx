/** Events of a profile by week, over the last year; the weeks in which its identity changed are marked. A click goes to a week. */
import { useData } from "../../api/hooks.ts"
import { count, day, plural } from "../../words.ts"
import { profileWeeks } from "./profile.gql.ts"
import type { ProfileRef } from "./ref.ts"

const weekMs = 7 * 86_400_000
/** 1970-01-05 was a Monday. */
const mondayMs = 4 * 86_400_000
export const weekOf = (at: number): number => Math.floor((at - mondayMs) / weekMs) * weekMs + mondayMs

const most = 53
const fewest = 12
const width = 640
const height = 34

interface WeekBarsProps {
  readonly of: ProfileRef
  /** Times of changes of the identity, ms. */
  readonly changes: ReadonlyArray<number>
  /** Start of the week that the list stands at. */
  readonly selected: number | undefined
  readonly onWeek: (from: number) => void
}

export const WeekBars = ({ of, changes, selected, onWeek }: WeekBarsProps) => {
  const { data } = useData(profileWeeks, of, { every: 60_000 })
  const weeks = data?.profile?.eventWeeks ?? []
  // A profile of this week has no history that a picture would tell more of than the list.
  if (weeks.length < 2) return undefined
  const events = new Map(weeks.map(({ from, events }) => [Date.parse(from), events]))
  const changed = new Set(changes.map(weekOf))
  const last = weekOf(Date.now())
  const first = Math.min(last - (fewest - 1) * weekMs, Math.max(last - (most - 1) * weekMs, Date.parse(weeks[0]!.from)))
  const bars = Array.from({ length: (last - first) / weekMs + 1 }, (_, i) => first + i * weekMs)
  const top = Math.max(...weeks.map(({ events }) => events))
  const step = width / bars.length
  const total = weeks.reduce((sum, { events }) => sum + events, 0)
  return (
    <div className="weeks">
      <svg
        width="100%"
        height={height}
        viewBox={`0 0 ${width} ${height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${plural(total, "event")} in ${plural(weeks.length, "week")} since ${day(first)}, at most ${count(top)} a week`}
      >
        {bars.map((from, i) => {
          const value = events.get(from) ?? 0
          const tall = value === 0 ? 0 : Math.max(2, (26 * value) / top)
          return (
            <g key={from} onClick={() => onWeek(from)}>
              <rect
                className={from === selected ? "week at" : "week"}
                x={i * step}
                width={step}
                y={0}
                height={height}
              />
              <rect x={i * step + 1} y={27 - tall} width={Math.max(1, step - 2)} height={tall} fill="var(--ink-3)" />
              {changed.has(from) ? (
                <rect x={i * step + 1} y={30} width={Math.max(1, step - 2)} height={3} fill="var(--ink)" />
              ) : undefined}
              <title>{`Week of ${day(from)}: ${plural(value, "event")}${changed.has(from) ? ", identity changed" : ""}`}</title>
            </g>
          )
        })}
        <line x1="0" x2={width} y1="27.5" y2="27.5" stroke="var(--line-2)" />
      </svg>
      <div className="axis lbl" aria-hidden="true">
        <span>{day(first)}</span>
        <span>
          by week, <i className="changed" /> identity changed
        </span>
        <span>this week</span>
      </div>
    </div>
  )
}

/** Draws the weeks of a large profile: merges, identifiers by type, and below them the threads that carried merges. */
import { memo } from "react"
import { count, day, family, plural } from "../words.ts"
import type { TypeBand, WeekBands } from "./weeks.ts"

interface WeeksPictureProps {
  readonly bands: WeekBands
  readonly collection: string
  readonly width: number
  readonly label: string
  /** `type:` or `week:`, as addresses have it. */
  readonly onPart: (part: string) => void
}

const left = 188
const right = 14
const mergeHeight = 52
/** So few values are knots, more are bars. */
const fewValues = 9
/** So many have a band of twice the height. */
const manyValues = 150

const colour = (type: string, collection: string) => `var(--${family(type, collection)})`
const heightOf = ({ count: values }: TypeBand) => (values > manyValues ? 58 : 26)
const cut = (text: string, length: number) => (text.length > length ? `${text.slice(0, length - 1)}…` : text)

interface BandProps {
  readonly band: TypeBand
  readonly y: number
  readonly x: (week: number) => number
  readonly step: number
  readonly end: number
  readonly fill: string
}

const Band = ({ band, y, x, step, end, fill }: BandProps) => {
  const height = heightOf(band)
  const most = Math.max(...band.weeks)
  const first = band.weeks.findIndex((value) => value > 0)
  const middle = y + height / 2
  return (
    <>
      <text x={14} y={middle + 4} fontSize="12" fontWeight="500" fill={fill}>
        {cut(band.type, 18)}
      </text>
      <text x={left - 12} y={middle + 4} textAnchor="end" fontSize="12" fill="var(--ink)">
        {count(band.count)}
      </text>
      <rect x={left} y={y} width={end - left} height={height} rx={4} fill="var(--hover)" />
      {band.count <= fewValues ? (
        <>
          <line x1={x(first) + step / 2} x2={end} y1={middle} y2={middle} stroke={fill} strokeWidth="2" />
          {band.weeks.map((value, i) =>
            value === 0 ? undefined : (
              <circle
                key={i}
                cx={x(i) + step / 2}
                cy={middle}
                r={4.5}
                fill="var(--surface)"
                stroke={fill}
                strokeWidth="2"
              />
            )
          )}
        </>
      ) : (
        band.weeks.map((value, i) =>
          value === 0 ? undefined : (
            <rect
              key={i}
              x={x(i) + 0.5}
              y={y + height - 2 - ((height - 4) * value) / most}
              width={Math.max(1, step - 1)}
              height={((height - 4) * value) / most}
              rx={1}
              fill={fill}
              opacity={0.55 + (0.45 * value) / most}
            />
          )
        )
      )}
    </>
  )
}

/** About six names of months, at their first week. */
const ticksOf = (weeks: ReadonlyArray<number>): ReadonlyArray<number> => {
  const every = Math.max(1, Math.ceil(weeks.length / 6))
  return weeks.flatMap((_, i) => (i % every === 0 ? [i] : []))
}

export const WeeksPicture = memo(({ bands, collection, width, label, onPart }: WeeksPictureProps) => {
  const { weeks, merges, types, carriers } = bands
  const end = width - right
  const step = (end - left) / weeks.length
  const x = (week: number) => left + step * week
  const mostMerges = Math.max(1, ...merges)
  const total = merges.reduce((a, b) => a + b, 0)
  let y = 112
  const tops = types.map((band) => {
    const top = y
    y += heightOf(band) + 8
    return top
  })
  const carriersAt = y + 18
  const axisAt = carriersAt + 18 + 25 * carriers.length + 8
  const height = axisAt + 16
  return (
    <svg className="threads" width={width} height={height} role="img" aria-label={label}>
      <text x={14} y={38} fontSize="13" fontWeight="550" fill="var(--ink)">
        Merges per week
      </text>
      <text x={14} y={54} fontSize="11" fill="var(--ink-3)">
        {plural(total, "merge")}
      </text>
      {merges.map((value, i) =>
        value === 0 ? undefined : (
          <rect
            key={i}
            x={x(i) + 1}
            y={20 + mergeHeight - (mergeHeight * value) / mostMerges}
            width={Math.max(1, step - 2)}
            height={(mergeHeight * value) / mostMerges}
            rx={1}
            fill="var(--ink)"
          />
        )
      )}
      <line x1={left} x2={end} y1={20.5 + mergeHeight} y2={20.5 + mergeHeight} stroke="var(--line-2)" />
      <text x={14} y={102} fontSize="11" fill="var(--ink-3)">
        Identifiers first seen, by type
      </text>
      {types.map((band, i) => (
        <Band
          key={band.type}
          band={band}
          y={tops[i]!}
          x={x}
          step={step}
          end={end}
          fill={colour(band.type, collection)}
        />
      ))}
      {carriers.length === 0 ? undefined : (
        <text x={14} y={carriersAt} fontSize="11" fill="var(--ink-3)">
          Threads that carried merges
        </text>
      )}
      {carriers.map((carrier, i) => {
        const middle = carriersAt + 24 + 25 * i
        const fill = colour(carrier.type, collection)
        return (
          <g key={carrier.row}>
            <title>{`${carrier.type}:${carrier.id}`}</title>
            <circle cx={18} cy={middle} r={3.5} fill={fill} />
            <text x={28} y={middle + 4} fontSize="12" fontFamily="var(--mono)" letterSpacing="-.2" fill="var(--ink)">
              {cut(carrier.id, 20)}
            </text>
            <line x1={x(carrier.from) + step / 2} x2={end} y1={middle} y2={middle} stroke={fill} strokeWidth="1.5" />
            {carrier.weeks.map((value, week) =>
              value === 0 ? undefined : (
                <circle
                  key={week}
                  cx={x(week) + step / 2}
                  cy={middle}
                  r={Math.min(8, 2.5 + value * 0.9)}
                  fill={fill}
                  stroke="var(--surface)"
                />
              )
            )}
          </g>
        )
      })}
      {ticksOf(weeks).map((week) => (
        <text key={week} x={x(week)} y={axisAt} fontSize="11" fill="var(--ink-3)">
          {day(weeks[week]!)}
        </text>
      ))}
      {weeks.map((from, i) => (
        <rect
          key={from}
          className="hit"
          x={x(i)}
          y={12}
          width={step}
          height={axisAt - 24}
          fill="transparent"
          onClick={() => onPart(`week:${new Date(from).toISOString().slice(0, 10)}`)}
        >
          <title>{`Week of ${day(from)}: ${plural(merges[i]!, "merge")}. Click for its identifiers`}</title>
        </rect>
      ))}
      {types.map((band, i) => (
        <rect
          key={band.type}
          className="hit"
          x={0}
          y={tops[i]!}
          width={left - 4}
          height={heightOf(band)}
          fill="transparent"
          onClick={() => onPart(`type:${band.type}`)}
        >
          <title>{`${plural(band.count, band.type)}. Click for its rows`}</title>
        </rect>
      ))}
    </svg>
  )
})

/** Where one is, and whether data is arriving: the pulse is on every page. */
import { Link } from "@tanstack/react-router"
import { ChevronRight, Lock } from "lucide-react"
import { Fragment, lazy, Suspense } from "react"
import { useData, useMasked, useSpace } from "../api/hooks.ts"
import { count } from "../words.ts"
import { shellPulse } from "./shell.gql.ts"

const Bell = lazy(async () => ({ default: (await import("./Bell.tsx")).Bell }))
const Help = lazy(async () => ({ default: (await import("./Help.tsx")).Help }))

export interface Crumb {
  readonly title: string
  readonly to?: string
}

const Spark = ({ values }: { readonly values: ReadonlyArray<number> }) => {
  const most = Math.max(1, ...values)
  const step = 90 / Math.max(1, values.length)
  return (
    <svg width="90" height="16" aria-hidden="true">
      {values.map((value, i) => {
        const height = Math.max(1, (value / most) * 16)
        return (
          <rect
            key={i}
            x={i * step}
            y={16 - height}
            width={Math.max(1, step - 1)}
            height={height}
            rx=".5"
            fill="var(--ink-3)"
          />
        )
      })}
    </svg>
  )
}

/** Sums of pairs: sixty bars would be hairlines. */
const halved = (values: ReadonlyArray<number>) =>
  Array.from({ length: Math.ceil(values.length / 2) }, (_, i) => values[2 * i]! + (values[2 * i + 1] ?? 0))

const Pulse = () => {
  const { id, slug } = useSpace()
  const { data, error } = useData(shellPulse, { space: id }, { every: 2000 })
  const stale = error !== null
  const pulse = data?.pulse
  const rate = pulse === undefined ? 0 : pulse.perSecond
  return (
    <Link
      className="pulse"
      to="/s/$space/live"
      params={{ space: slug }}
      title="Events accepted per second, last minute"
    >
      <i className={stale || pulse === undefined ? "livedot off" : "livedot"} />
      {stale ? (
        "reconnecting"
      ) : (
        <span>
          <b>{count(rate)}</b> events/s
        </span>
      )}
      {pulse === undefined ? undefined : <Spark values={halved(pulse.lastMinute)} />}
    </Link>
  )
}

const Masked = () =>
  useMasked() ? (
    <span className="tag" title="Your token has no access to personal values (pii:masked)">
      <Lock size={12} aria-hidden="true" /> values masked
    </span>
  ) : undefined

interface TopBarProps {
  readonly crumbs: ReadonlyArray<Crumb>
  readonly onKeys: () => void
}

export const TopBar = ({ crumbs, onKeys }: TopBarProps) => (
  <header className="top">
    <nav className="cr" aria-label="Breadcrumb">
      {crumbs.map(({ title, to }, i) => (
        <Fragment key={`${i}${title}`}>
          {i > 0 ? <ChevronRight size={14} aria-hidden="true" /> : undefined}
          {i === crumbs.length - 1 ? (
            <b className="el" aria-current="page">
              {title}
            </b>
          ) : to === undefined ? (
            <span>{title}</span>
          ) : (
            <Link to={to}>{title}</Link>
          )}
        </Fragment>
      ))}
    </nav>
    <div className="r">
      <Masked />
      <Pulse />
      <Suspense fallback={<span className="tools" />}>
        <span className="tools">
          <Bell />
          <Help onKeys={onKeys} />
        </span>
      </Suspense>
    </div>
  </header>
)

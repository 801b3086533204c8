/**
 * What happened, the newest first: changes of the identity are as visible as events. Only rows in sight are in the document, more
 * is read when one comes to the end; a long list has a strip beside it.
 */
import { useNavigate } from "@tanstack/react-router"
import { useVirtualizer } from "@tanstack/react-virtual"
import { useEffect, useEffectEvent, useMemo, useRef, useState } from "react"
import { useSpace } from "../../api/hooks.ts"
import { ExplainLink, Identifier, ProfileId } from "../../parts/Identity.tsx"
import { Minimap, type MinimapMark } from "../../parts/Minimap.tsx"
import { useRowKeys } from "../../parts/row-keys.ts"
import { Empty, Failed, Loading } from "../../parts/States.tsx"
import { useKeys } from "../../shell/keys.ts"
import { clock, exact, plural } from "../../words.ts"
import { useSources } from "../sources.ts"
import type { ProfileRef } from "./ref.ts"
import type { TimelineEntry, TimelineRow } from "./timeline.ts"
import { type Shown, useTimeline } from "./use-timeline.ts"
import { WeekBars, weekOf } from "./WeekBars.tsx"

interface EntryProps {
  readonly entry: TimelineEntry
  readonly sourceName: (id: string) => string
  readonly selected: boolean
}

const Entry = ({ entry, sourceName, selected }: EntryProps) => {
  const title = <span className="b">{entry.title}</span>
  return (
    <div
      className={`ev ${entry.identity ? "hi" : ""} ${entry.warning ? "wa" : ""}`}
      {...(selected ? { "aria-current": "true" as const } : {})}
    >
      <span className="m s q" title={exact(entry.at)}>
        {clock(entry.at)}
      </span>
      <i className="k" />
      <span className="el">
        {entry.messageId === null ? (
          title
        ) : (
          <ExplainLink className="" messageId={entry.messageId}>
            {title}
          </ExplainLink>
        )}{" "}
        {entry.other === undefined ? undefined : <ProfileId id={entry.other} other />}
        {entry.detail === undefined ? undefined : <span className="q">{entry.detail}</span>}
      </span>
      <span className="src el">
        {entry.by === undefined ? (entry.sourceId === undefined ? "" : sourceName(entry.sourceId)) : `by ${entry.by}`}
      </span>
      {entry.identifiers.length === 0 ? undefined : (
        <div className="hx">
          {entry.identifiers.map((each, i) => (
            <Identifier key={`${i} ${each.type}:${each.id}`} of={each} how={each.how} />
          ))}
        </div>
      )}
    </div>
  )
}

/** Rows from which on a strip helps. */
const manyRows = 300

const heightOf = ({ entry }: TimelineRow): number =>
  entry === undefined ? 34 : entry.identifiers.length === 0 ? 30 : 58

interface ListProps {
  readonly of: ProfileRef
  readonly rows: ReadonlyArray<TimelineRow>
  readonly more: boolean
  readonly reading: boolean
  readonly readOn: () => void
}

/** What has to do with another profile stands out most. */
const toneOf = ({ warning, identity, other }: TimelineEntry): MinimapMark["tone"] =>
  warning ? "warn" : other !== undefined ? "strong" : identity ? "soft" : "plain"

const marksOf = (rows: ReadonlyArray<TimelineRow>): ReadonlyArray<MinimapMark> =>
  rows.flatMap(({ entry }, i) => (entry === undefined ? [] : [{ at: i / rows.length, tone: toneOf(entry) }]))

/** The first row that is not newer than a time; the last one when all are. */
const rowBefore = (rows: ReadonlyArray<TimelineRow>, at: number): number => {
  const found = rows.findIndex(({ entry }) => entry !== undefined && Date.parse(entry.at) < at)
  return found === -1 ? rows.length - 1 : found
}

const weekMs = 7 * 86_400_000

const List = ({ of, rows, more, reading, readOn }: ListProps) => {
  const { slug } = useSpace()
  const navigate = useNavigate()
  const sourceName = useSources()
  const scroller = useRef<HTMLDivElement>(null)
  const [chosen, setChosen] = useState<string | undefined>()
  const [goal, setGoal] = useState<number | undefined>()
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: (row) => heightOf(rows[row]!),
    getItemKey: (row) => rows[row]!.key,
    overscan: 16
  })
  const items = virtual.getVirtualItems()
  const lastShown = items.at(-1)?.index ?? 0
  const firstSeen = virtual.range?.startIndex
  const entries = useMemo(() => rows.flatMap(({ entry }, row) => (entry === undefined ? [] : [{ entry, row }])), [rows])
  const at = entries.findIndex(({ entry }) => entry.key === chosen)

  const choose = (index: number) => {
    const picked = entries[index]
    if (picked === undefined) return
    setChosen(picked.entry.key)
    virtual.scrollToIndex(picked.row, { align: "auto" })
  }
  useRowKeys(
    entries.length,
    (index) => {
      const messageId = at === -1 ? null : (entries[index]?.entry.messageId ?? null)
      if (messageId !== null) void navigate({ to: "/s/$space/explain/$messageId", params: { space: slug, messageId } })
    },
    // Without a chosen one, from where one looks.
    { at: at === -1 ? entries.findIndex(({ row }) => row >= (firstSeen ?? 0)) - 1 : at, move: choose }
  )

  const readMore = useEffectEvent(() => readOn())
  useEffect(() => {
    if (more && !reading && lastShown >= rows.length - 20) readMore()
  }, [more, reading, lastShown, rows.length])

  const goTo = (time: number) => {
    const index = entries.findIndex(({ row }) => row >= rowBefore(rows, time))
    choose(index === -1 ? entries.length - 1 : index)
  }
  const oldest = entries.at(-1)?.entry.at
  const reach = useEffectEvent(() => {
    if (goal === undefined || oldest === undefined) return
    if (more && Date.parse(oldest) >= goal) return void readOn()
    goTo(goal)
    setGoal(undefined)
  })
  useEffect(() => reach(), [goal, oldest, reading])

  const inSight = rows[items[0]?.index ?? 0]
  const stands = entries[at]?.entry ?? inSight?.entry ?? inSight?.day?.entries[0]
  const week = stands === undefined ? undefined : weekOf(Date.parse(stands.at))
  const toWeek = (from: number) => setGoal(from + weekMs)
  useKeys({
    "[": () => week !== undefined && setGoal(week),
    "]": () => week !== undefined && setGoal(week + 2 * weekMs)
  })
  const changes = useMemo(
    () => entries.flatMap(({ entry }) => (entry.identity ? [Date.parse(entry.at)] : [])),
    [entries]
  )
  return (
    <>
      <WeekBars of={of} changes={changes} selected={week} onWeek={toWeek} />
      <div className="tl-box">
        <div className="scroll tl" ref={scroller} tabIndex={0} aria-label="Timeline, the newest first">
          <ol style={{ height: virtual.getTotalSize() }}>
            {items.map(({ index, key, start }) => {
              const row = rows[index]!
              return (
                <li
                  key={key}
                  ref={virtual.measureElement}
                  data-index={index}
                  aria-setsize={more ? -1 : rows.length}
                  aria-posinset={index + 1}
                  style={{ transform: `translateY(${start}px)` }}
                >
                  {row.entry === undefined ? (
                    <h3 className="day">
                      {row.day.title} <span className="lbl">{plural(row.day.entries.length, "entry", "entries")}</span>
                    </h3>
                  ) : (
                    <Entry entry={row.entry} sourceName={sourceName} selected={row.entry.key === chosen} />
                  )}
                </li>
              )
            })}
          </ol>
        </div>
        {rows.length > manyRows ? <Minimap marks={marksOf(rows)} scroller={scroller} /> : undefined}
      </div>
    </>
  )
}

const toggles = [
  ["all", "All"],
  ["events", "Events"],
  ["identity", "Identity"]
] as const

export const TimelinePanel = ({ of }: { readonly of: ProfileRef }) => {
  const [shown, setShown] = useState<Shown>("all")
  const { rows, ready, error, readAt, retry, more, reading, readOn } = useTimeline(of, shown)
  return (
    <section className="card" aria-labelledby="timeline-h">
      <h2 className="h" id="timeline-h">
        Timeline
        <span className="r">
          {toggles.map(([key, title]) => (
            <button className="tok" type="button" key={key} aria-pressed={shown === key} onClick={() => setShown(key)}>
              {title}
            </button>
          ))}
        </span>
      </h2>
      {error === null ? undefined : <Failed error={error} retry={retry} since={ready ? readAt : undefined} />}
      {ready ? (
        rows.length > 0 ? (
          <List of={of} rows={rows} more={more} reading={reading} readOn={readOn} />
        ) : (
          <Empty title="Nothing in the last 14 days">
            {shown === "events" ? "Events are listed for 14 days." : "Nothing was changed since it was made."}
          </Empty>
        )
      ) : error === null ? (
        <Loading />
      ) : undefined}
    </section>
  )
}

/** Beside the graph: on which evidence the chosen event linked what it linked, and what can be done about it. */
import { Link } from "@tanstack/react-router"
import { ArrowRight, Route, Undo2 } from "lucide-react"
import { useState } from "react"
import { useData, useMasked, useMay, useSpace } from "../../api/hooks.ts"
import { familyClass, Identifier, Meter } from "../../parts/Identity.tsx"
import { countsAfter } from "../../threads/layout.ts"
import type { Column, Threads } from "../../threads/ThreadsPicture.tsx"
import { callName, day, exact, moment, plural, shortId, tailId } from "../../words.ts"
import type { ProfileRef } from "../profile/ref.ts"
import { currentRules } from "../rules/rules.gql.ts"
import { useSources } from "../sources.ts"
import { UndoMerge } from "../profile/UndoMerge.tsx"

const nameOf = (column: Column) =>
  column.operation?.replaceAll("_", " ") ?? callName(column.eventType, column.eventName)

/** The finding in words. */
const sentence = (column: Column): string => {
  switch (column.kind) {
    case "MERGE":
      return "Two profiles held identifiers of this event, so they became one."
    case "CREATE":
      return "No profile held these identifiers, so a new one was made."
    case "ADD":
      return "One profile held some of these identifiers, so it got the others."
    case "OPERATION":
      return column.text
    default:
      return column.demoted.length > 0
        ? "The event belongs to this profile; one of its identifiers did not count."
        : "The event belongs to this profile and changed nothing."
  }
}

interface EvidenceProps {
  readonly of: ProfileRef
  readonly threads: Threads
  readonly column: Column
  /** Others need room below. */
  readonly compact: boolean
}

const Limits = ({ of, threads, column }: Omit<EvidenceProps, "compact">) => {
  const { id: space } = useSpace()
  const { data } = useData(currentRules, { space })
  const rules = data?.space?.rules
  const counts = countsAfter(threads, column.column)
  if (rules === undefined || rules === null || counts.size === 0) return undefined
  const lines = rules.identifiers.filter(
    ({ type, collection, enabled }) => enabled && collection === of.collection && counts.has(type)
  )
  return (
    <div className="sec2">
      <div className="lbl" style={{ marginBottom: 4 }}>
        The profile then, against the limits of today (v{rules.version})
      </div>
      {lines.map(({ type, limit, collection }) => (
        <div className={`lim ${familyClass({ type, collection })}`} key={type}>
          <span className="fam el">{type}</span>
          <Meter value={counts.get(type)!} of={limit} label={`${counts.get(type)!} of ${limit} ${type}`} />
          <span>
            {counts.get(type)} of {limit}
          </span>
        </div>
      ))}
    </div>
  )
}

export const EventEvidence = ({ of, threads, column, compact }: EvidenceProps) => {
  const { slug } = useSpace()
  const may = useMay("admin")
  const masked = useMasked()
  const sourceName = useSources()
  const [undoing, setUndoing] = useState<string | undefined>()
  const ended = threads.regions.filter(({ mergeId }) => mergeId !== null && column.mergeIds.includes(mergeId))
  const [own] = threads.regions
  return (
    <aside className={`card ${compact ? "" : "grow"}`} aria-label="Chosen event" aria-live="polite">
      <h2 className="h">
        <span className="el">{nameOf(column)}</span>
        <span className="m q el" style={{ fontWeight: 400 }}>
          {column.messageId ?? column.auditId}
        </span>
      </h2>
      <div className="scroll">
        <div className="sec2">
          <div className="q2" title={exact(column.at)}>
            {column.eventType === null
              ? `by ${column.actor ?? "a person"}`
              : `${column.eventType.toLowerCase()} from ${column.sourceId === null ? "a source" : sourceName(column.sourceId)}`}
            , {moment(column.at)}
          </div>
          <div className="finding">{sentence(column)}</div>
          {ended.map((region) => (
            <div className="row" key={region.segmentId} style={{ marginTop: 8 }}>
              <span className="pid p2" title={region.segmentId}>
                {shortId(region.segmentId)}
              </span>
              <ArrowRight size={14} aria-label="into" />
              <span className="pid" title={region.into ?? ""}>
                {shortId(region.into ?? own?.segmentId ?? "")}
              </span>
            </div>
          ))}
          {ended.length > 0 ? (
            <div className="lbl" style={{ marginTop: 4 }}>
              The older profile survives, both ids keep working.
            </div>
          ) : undefined}
        </div>
        {column.on.length + column.demoted.length > 0 ? (
          <div className="sec2">
            <div className="lbl">{column.kind === "MERGE" ? "Evidence on the event" : "Identifiers on the event"}</div>
            <div className="evd">
              {column.on.map(({ row, mode, segmentId }) => {
                const thread = threads.threads[row]
                return thread === undefined ? undefined : (
                  <EvidenceRow
                    key={row}
                    type={thread.type}
                    id={thread.id}
                    collection={of.collection}
                    mode={mode}
                    segmentId={segmentId}
                    own={own?.segmentId}
                  />
                )
              })}
              {column.demoted.map((each, i) => (
                <EvidenceRow
                  key={`${i} ${each.type}:${each.id}`}
                  {...each}
                  mode="OUT"
                  segmentId={null}
                  own={undefined}
                />
              ))}
            </div>
          </div>
        ) : undefined}
        <Limits of={of} threads={threads} column={column} />
        {column.repeats > 0 ? (
          <div className="sec2">
            <div className="lbl">Since then</div>
            <div>
              <b className="b">{plural(column.repeats, "event")}</b> only repeated what was known, until the next one
              here.
            </div>
          </div>
        ) : undefined}
      </div>
      <div className="f">
        {column.messageId === null ? undefined : (
          <Link
            className="btn p"
            to="/s/$space/explain/$messageId"
            params={{ space: slug, messageId: column.messageId }}
          >
            <Route size={14} aria-hidden="true" />
            Explain
          </Link>
        )}
        {may
          ? column.mergeIds.slice(0, 1).map((merge) => (
              <button className="btn" type="button" key={merge} onClick={() => setUndoing(merge)}>
                <Undo2 size={14} aria-hidden="true" />
                Undo merge…
              </button>
            ))
          : undefined}
        {column.kind === "MERGE" || masked ? undefined : (
          <Link
            className="btn g"
            to="/s/$space/insights/$tab"
            params={{ space: slug, tab: "not-merged" }}
            search={firstOf(threads, column)}
          >
            Why not merged?
          </Link>
        )}
      </div>
      {undoing === undefined ? undefined : <UndoMerge merge={undoing} onClose={() => setUndoing(undefined)} />}
    </aside>
  )
}

const firstOf = (threads: Threads, column: Column) => {
  const thread = threads.threads[column.on[0]?.row ?? -1]
  return thread === undefined ? {} : { a: `${thread.type}:${thread.id}` }
}

interface EvidenceRowProps {
  readonly type: string
  readonly id: string
  readonly collection: string
  readonly mode: "NEW" | "MATCHED" | "OUT"
  readonly segmentId: string | null
  readonly own: string | undefined
}

const EvidenceRow = ({ type, id, collection, mode, segmentId, own }: EvidenceRowProps) => (
  <>
    <span>
      <Identifier of={{ type, id, collection }} how={mode === "NEW" ? "new" : mode === "OUT" ? "out" : undefined} />
    </span>
    {segmentId === null ? (
      <span className="lbl">{mode === "NEW" ? "new" : mode === "OUT" ? "did not count" : ""}</span>
    ) : (
      <span className={`pid m s ${segmentId === own ? "" : "p2"}`} title={segmentId}>
        {tailId(segmentId)}
      </span>
    )}
  </>
)

interface MergeListProps {
  readonly threads: Threads
  readonly selected: Column | undefined
  readonly keyOf: (column: Column) => string
  readonly onSelect: (key: string) => void
}

export const MergeList = ({ threads, selected, keyOf, onSelect }: MergeListProps) => {
  const merges = threads.columns.filter(({ kind }) => kind === "MERGE")
  return (
    <section className="card grow" aria-label="Merges">
      <h2 className="h">
        {plural(threads.mergeCount, "merge")}
        <span className="r">oldest first</span>
      </h2>
      <ol className="scroll">
        {merges.map((column, i) => {
          const from = threads.regions.find(({ mergeId }) => mergeId !== null && column.mergeIds.includes(mergeId))
          const size = from === undefined ? 0 : from.lastRow - from.firstRow + 1
          return (
            <li key={keyOf(column)}>
              <button
                className="mr"
                type="button"
                {...(column === selected ? { "aria-current": "true" as const } : {})}
                onClick={() => onSelect(keyOf(column))}
              >
                <span className="n">{i + 1}</span>
                <span className="col">
                  <span className="b el">{nameOf(column)}</span>
                  <span className="row g4 q2">
                    {from === undefined ? undefined : <span className="pid p2 m s">{shortId(from.segmentId)}</span>}
                    {size > 0 ? plural(size, "identifier") : ""}
                  </span>
                </span>
                <span className="lbl">{day(column.at)}</span>
              </button>
            </li>
          )
        })}
      </ol>
    </section>
  )
}

/** Profiles Insights (PRO-80..85): what went wrong and well, who changed what, what is contended, why two did not merge. */
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router"
import { useState } from "react"
import { nodes, useData, useMasked, useSpace } from "../../api/hooks.ts"
import type { InsightFilter } from "../../api/schema.gql.ts"
import { ProfileId } from "../../parts/Identity.tsx"
import { Json } from "../../parts/Json.tsx"
import { Choice } from "../../parts/Choice.tsx"
import { Page } from "../../parts/Page.tsx"
import { Empty, QueryView } from "../../parts/States.tsx"
import { useCrumbs } from "../../shell/crumbs.ts"
import {
  changed,
  eventTypes,
  fieldText,
  type insightsSearch,
  insightsTabs,
  type InsightsTab,
  type Range,
  rangeMs,
  ranges
} from "../../url-state.ts"
import { count, exact, moment } from "../../words.ts"
import { errorTitles, kindOf, successTitles, violationTitles } from "./insight-words.ts"
import { auditTrail, type Insight, successes, violations } from "./insights.gql.ts"
import { Contended } from "./Contended.tsx"
import { InsightTable } from "./InsightTable.tsx"
import { NotMerged } from "./NotMerged.tsx"
import { useSourceList } from "../sources.ts"
import "./insights.css"

export type Filters = ReturnType<typeof insightsSearch>
export type Change = (change: { readonly [K in keyof Filters]?: Filters[K] | undefined }) => void

const titles: Readonly<Record<InsightsTab, string>> = {
  violations: "Errors and violations",
  success: "Success logs",
  audit: "Audit trail",
  contended: "Contended",
  "not-merged": "Why not merged?"
}

/** Begins again with the page, not with every rendering: the range is part of the question. */
const useFrom = (range: Range): string => {
  const [now] = useState(() => Date.now())
  return new Date(now - rangeMs[range]).toISOString()
}

const keyIn = <T extends string>(record: Readonly<Record<T, string>>, value: string | undefined): T | undefined =>
  value !== undefined && value in record ? (value as T) : undefined

const filterOf = (filters: Filters, from: string, success: boolean): InsightFilter => {
  const { kind, type, id, event, source, segment } = filters
  const violation = keyIn(violationTitles, kind)
  const error = keyIn(errorTitles, kind)
  const done = keyIn(successTitles, kind)
  return {
    range: { from },
    ...(type !== undefined && id !== undefined
      ? { externalId: { type, id } }
      : type === undefined
        ? {}
        : { idType: type }),
    ...(success
      ? done === undefined
        ? {}
        : { successes: [done as NonNullable<InsightFilter["successes"]>[number]] }
      : violation !== undefined
        ? { violations: [violation as NonNullable<InsightFilter["violations"]>[number]] }
        : error === undefined
          ? {}
          : { errors: [error as NonNullable<InsightFilter["errors"]>[number]] }),
    ...(event === undefined ? {} : { eventTypes: [event] }),
    ...(source === undefined ? {} : { sourceIds: [source] }),
    ...(segment === undefined ? {} : { segmentId: segment })
  }
}

const Filters = ({
  filters,
  set,
  success
}: {
  readonly filters: Filters
  readonly set: Change
  readonly success: boolean
}) => {
  const sources = useSourceList()
  const kinds = success ? successTitles : { ...violationTitles, ...errorTitles }
  return (
    <div className="filters wrap">
      <div className="seg" role="group" aria-label="Time">
        {ranges.map((range) => (
          <button
            key={range}
            type="button"
            aria-pressed={(filters.range ?? "24h") === range}
            onClick={() => set({ range: range === "24h" ? undefined : range })}
          >
            {range}
          </button>
        ))}
      </div>
      <Choice
        label="Kind"
        any="Every kind"
        value={filters.kind}
        options={Object.entries(kinds)}
        onChange={(chosen) => set({ kind: fieldText(chosen) })}
      />
      <input
        className="input"
        data-filter
        aria-label="Identifier type"
        placeholder="type"
        value={filters.type ?? ""}
        onChange={(event) => set({ type: fieldText(event.target.value) })}
      />
      <input
        className="input"
        aria-label="Identifier value"
        placeholder="value"
        disabled={filters.type === undefined}
        value={filters.id ?? ""}
        onChange={(event) => set({ id: fieldText(event.target.value) })}
      />
      <Choice
        label="Call"
        any="Every call"
        value={filters.event}
        options={eventTypes.map((each) => [each, each.toLowerCase()] as const)}
        onChange={(chosen) => set({ event: eventTypes.find((each) => each === chosen) })}
      />
      <Choice
        label="Source"
        any="Every source"
        value={filters.source}
        options={sources.map(({ id, name }) => [id, name] as const)}
        onChange={(chosen) => set({ source: fieldText(chosen) })}
      />
    </div>
  )
}

const Detail = ({ record }: { readonly record: Insight }) => {
  const { slug } = useSpace()
  const masked = useMasked()
  const { title, name } = kindOf(record)
  return (
    <aside className="card" aria-label="Record">
      <h2 className="h">
        {title}
        <span className="m s q">{name}</span>
      </h2>
      <div className="scroll" tabIndex={0}>
        <div className="sec2">
          <div className="q2">{moment(record.at)}</div>
          <p className="finding">{record.text}</p>
        </div>
        {record.candidates.length > 0 ? (
          <div className="sec2">
            <div className="lbl">Profiles that it leads to</div>
            <div className="col g4">
              {record.candidates.map((id) => (
                <ProfileId key={id} id={id} other />
              ))}
            </div>
          </div>
        ) : undefined}
        {record.nextStep === null ? undefined : (
          <div className="sec2">
            <div className="lbl">What to do</div>
            <p>{record.nextStep}</p>
          </div>
        )}
      </div>
      <div className="f">
        {record.messageId === null ? undefined : (
          <Link
            className="btn p"
            to="/s/$space/explain/$messageId"
            params={{ space: slug, messageId: record.messageId }}
          >
            Explain
          </Link>
        )}
        {record.identifier === null || masked ? undefined : (
          <Link
            className="btn"
            to="/s/$space/insights/$tab"
            params={{ space: slug, tab: "not-merged" }}
            search={{ a: `${record.identifier.type}:${record.identifier.id}` }}
          >
            Why not merged?
          </Link>
        )}
      </div>
    </aside>
  )
}

const Records = ({
  filters,
  set,
  success
}: {
  readonly filters: Filters
  readonly set: Change
  readonly success: boolean
}) => {
  const { id: space } = useSpace()
  const range = filters.range ?? "24h"
  const filter = filterOf(filters, useFrom(range), success)
  const failed = useData(violations, { space, filter }, { enabled: !success, keep: true })
  const done = useData(successes, { space, filter }, { enabled: success, keep: true })
  const connection = success ? done.data?.insights.successes : failed.data?.insights.errorsAndViolations
  const records = connection === undefined ? [] : nodes(connection)
  const selected = records.find(({ id }) => id === filters.e) ?? records[0]
  const table = () =>
    records.length === 0 ? (
      <Empty
        title={success ? "Nothing was created, mapped or merged" : "Every event resolved cleanly"}
        actions={
          range === "30d" ? undefined : (
            <button className="btn" type="button" onClick={() => set({ range: "30d" })}>
              Show 30 days
            </button>
          )
        }
      >
        {success
          ? "With these filters, in this time."
          : "No identifier was demoted or blocked, with these filters, in this time."}
      </Empty>
    ) : (
      <>
        <InsightTable records={records} selected={selected} onSelect={(record) => set({ e: record.id })} />
        {connection?.more === true ? (
          <p className="pad q2">The newest {count(connection.totalCount)}; there are more. Filter to see them.</p>
        ) : undefined}
      </>
    )
  return (
    <>
      <section className="card bar">
        <Filters filters={filters} set={set} success={success} />
      </section>
      <div className="side2">
        <section className="card" aria-label={success ? titles.success : titles.violations}>
          <div className="scroll" tabIndex={0}>
            {success ? (
              <QueryView query={done} rows={12}>
                {table}
              </QueryView>
            ) : (
              <QueryView query={failed} rows={12}>
                {table}
              </QueryView>
            )}
          </div>
        </section>
        {selected === undefined ? undefined : <Detail record={selected} />}
      </div>
    </>
  )
}

const Audit = ({ filters, set }: { readonly filters: Filters; readonly set: Change }) => {
  const { id: space } = useSpace()
  const query = useData(auditTrail, { space })
  return (
    <div className="side2">
      <section className="card" aria-label="Audit trail">
        <div className="scroll" tabIndex={0}>
          <QueryView query={query} rows={10}>
            {({ insights }) => {
              const entries = nodes(insights.auditTrail)
              if (entries.length === 0)
                return (
                  <Empty title="Nobody has changed anything yet">
                    Rules, tokens, merges and sources are told here.
                  </Empty>
                )
              return (
                <table>
                  <thead>
                    <tr>
                      <th style={{ width: 130 }}>When</th>
                      <th style={{ width: 150 }}>Who</th>
                      <th>What</th>
                      <th>Reason</th>
                    </tr>
                  </thead>
                  <tbody>
                    {entries.map((entry, i) => (
                      <tr
                        key={entry.id}
                        className="link"
                        aria-selected={entry.id === filters.e || (filters.e === undefined && i === 0)}
                        onClick={() => set({ e: entry.id })}
                      >
                        <td className="m q" title={exact(entry.at)}>
                          {moment(entry.at)}
                        </td>
                        <td className="q2">{entry.actor}</td>
                        <td>
                          <span className="b">{entry.action}</span> <span className="q m s">{entry.target}</span>
                        </td>
                        <td className="q2">{entry.reason ?? ""}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              )
            }}
          </QueryView>
        </div>
      </section>
      <aside className="card" aria-label="Before and after">
        <h2 className="h">Before and after</h2>
        <div className="scroll pad" tabIndex={0}>
          {query.data === undefined
            ? undefined
            : [
                nodes(query.data.insights.auditTrail).find(({ id }) => id === filters.e) ??
                  nodes(query.data.insights.auditTrail)[0]
              ]
                .flatMap((entry) => (entry === undefined ? [] : [entry]))
                .map(({ id, before, after }) => (
                  <div key={id} className="col g8">
                    <span className="lbl">Before</span>
                    <Json value={before} />
                    <span className="lbl">After</span>
                    <Json value={after} />
                  </div>
                ))}
        </div>
      </aside>
    </div>
  )
}

export const Insights = () => {
  const { tab, space } = useParams({ from: "/app/s/$space/insights/$tab" })
  const filters = useSearch({ from: "/app/s/$space/insights/$tab" })
  const navigate = useNavigate({ from: "/s/$space/insights/$tab" })
  useCrumbs(`Insights|/s/${space}/insights/violations`, titles[tab])
  const set: Change = (change) => void navigate({ search: (old) => changed(old, change), replace: true })
  return (
    <Page title={tab === "not-merged" ? "Why were these two not merged?" : titles[tab]}>
      <nav className="tabs" aria-label="Insights">
        {insightsTabs.map((each) => (
          <Link
            key={each}
            to="/s/$space/insights/$tab"
            params={{ space, tab: each }}
            {...(each === tab ? { "aria-current": "page" as const } : {})}
          >
            {titles[each]}
          </Link>
        ))}
      </nav>
      {tab === "violations" || tab === "success" ? (
        <Records filters={filters} set={set} success={tab === "success"} />
      ) : tab === "audit" ? (
        <Audit filters={filters} set={set} />
      ) : tab === "contended" ? (
        <Contended />
      ) : (
        <NotMerged filters={filters} set={set} />
      )}
    </Page>
  )
}

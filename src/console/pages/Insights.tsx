/** Profiles Insights (PRO-80..85): what went wrong and well, who changed what, what is contended, why two did not merge. */
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router"
import { useState } from "react"
import { nodes, useData, useSpace } from "../api/hooks.ts"
import type { InsightFilter } from "../api/schema.gql.ts"
import { Identifier, ProfileId } from "../parts/Identity.tsx"
import { Json } from "../parts/Json.tsx"
import { Page } from "../parts/Page.tsx"
import { Empty, QueryView } from "../parts/States.tsx"
import { useCrumbs } from "../shell/crumbs.ts"
import {
  changed,
  eventTypes,
  fieldText,
  identifierIn,
  type insightsSearch,
  insightsTabs,
  type InsightsTab,
  type Range,
  rangeMs,
  ranges
} from "../url-state.ts"
import { ago, count, exact, moment, nameOf, plural, windowText } from "../words.ts"
import { errorTitles, kindOf, successTitles, violationTitles } from "./insight-words.ts"
import { auditTrail, contended, type Insight, successes, violations, whyNotMerged } from "./insights.gql.ts"
import { InsightTable } from "./InsightTable.tsx"
import { useSourceList } from "./sources.ts"
import "./insights.css"

type Filters = ReturnType<typeof insightsSearch>
type Change = (change: { readonly [K in keyof Filters]?: Filters[K] | undefined }) => void

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
      <select
        className="input"
        aria-label="Kind"
        value={filters.kind ?? ""}
        onChange={(event) => set({ kind: fieldText(event.target.value) })}
      >
        <option value="">Every kind</option>
        {Object.entries(kinds).map(([kind, title]) => (
          <option key={kind} value={kind}>
            {title}
          </option>
        ))}
      </select>
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
      <select
        className="input"
        aria-label="Call"
        value={filters.event ?? ""}
        onChange={(event) => set({ event: eventTypes.find((each) => each === event.target.value) })}
      >
        <option value="">Every call</option>
        {eventTypes.map((each) => (
          <option key={each} value={each}>
            {each.toLowerCase()}
          </option>
        ))}
      </select>
      <select
        className="input"
        aria-label="Source"
        value={filters.source ?? ""}
        onChange={(event) => set({ source: fieldText(event.target.value) })}
      >
        <option value="">Every source</option>
        {sources.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
    </div>
  )
}

const Detail = ({ record }: { readonly record: Insight }) => {
  const { slug } = useSpace()
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
        {record.identifier === null ? undefined : (
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

const Contended = () => {
  const { id: space } = useSpace()
  const query = useData(contended, { space })
  return (
    <QueryView query={query} rows={8}>
      {({ space: found }) => (
        <div className="halves">
          <section className="card" aria-label="Contended identifiers">
            <h2 className="h">
              Contended identifiers<span className="r">carried by events of several profiles</span>
            </h2>
            <div className="scroll" tabIndex={0}>
              {(found?.contendedIdentifiers ?? []).length === 0 ? (
                <Empty title="No identifier is contended">None was demoted again and again.</Empty>
              ) : (
                <table>
                  <thead>
                    <tr>
                      <th>Identifier</th>
                      <th className="num" style={{ width: 90 }}>
                        Demotions
                      </th>
                      <th className="num" style={{ width: 80 }}>
                        Profiles
                      </th>
                      <th className="num" style={{ width: 100 }}>
                        Last
                      </th>
                    </tr>
                  </thead>
                  <tbody>
                    {found?.contendedIdentifiers.map((each) => (
                      <tr key={`${each.externalId.type}:${each.externalId.id}`}>
                        <td>
                          <Identifier of={each.externalId} />
                        </td>
                        <td className="num">{count(each.demotions)}</td>
                        <td className="num">{count(each.profiles.length)}</td>
                        <td className="num q" title={exact(each.lastAt)}>
                          {ago(each.lastAt)}
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              )}
            </div>
          </section>
          <section className="card" aria-label="Near their limits">
            <h2 className="h">
              Near their limits<span className="r">perhaps several people</span>
            </h2>
            <div className="scroll" tabIndex={0}>
              {(found?.profilesNearLimits ?? []).length === 0 ? (
                <Empty title="No profile is near a limit">All have room for more identifiers.</Empty>
              ) : (
                <table>
                  <thead>
                    <tr>
                      <th>Profile</th>
                      <th>Type</th>
                      <th className="num">Values</th>
                    </tr>
                  </thead>
                  <tbody>
                    {found?.profilesNearLimits.map((each) => (
                      <tr key={`${each.profile}${each.type}`}>
                        <td>
                          <ProfileId id={each.profile} />
                        </td>
                        <td>{each.type}</td>
                        <td className="num">
                          {each.count} of {each.limit} {windowText(each.window)}
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              )}
            </div>
          </section>
        </div>
      )}
    </QueryView>
  )
}

const Answer = ({
  a,
  b
}: {
  readonly a: { readonly type: string; readonly id: string }
  readonly b: { readonly type: string; readonly id: string }
}) => {
  const { id: space } = useSpace()
  const query = useData(whyNotMerged, { space, a, b })
  return (
    <section className="card grow" aria-label="Answer">
      <div className="scroll" tabIndex={0}>
        <QueryView query={query} rows={4}>
          {({ whyNotMerged: verdict, first, second }) => (
            <>
              <div className="sec2" role="status">
                <p className="finding">{verdict.text}</p>
                <p className="m s q">{verdict.reason}</p>
                <div className="row wrap" style={{ marginTop: 8 }}>
                  {[first, second].map((profile, i) =>
                    profile === null ? undefined : (
                      <span className="row" key={`${i}${profile.segmentId}`}>
                        <Identifier of={i === 0 ? a : b} />
                        <span className="q2">is on {nameOf(nodes(profile.traits))}</span>
                        <ProfileId id={profile.segmentId} />
                      </span>
                    )
                  )}
                </div>
              </div>
              {verdict.records.length === 0 ? undefined : (
                <>
                  <div className="lbl pad">{plural(verdict.records.length, "event")} that carried both</div>
                  <InsightTable records={verdict.records} />
                </>
              )}
            </>
          )}
        </QueryView>
      </div>
    </section>
  )
}

const NotMerged = ({ filters, set }: { readonly filters: Filters; readonly set: Change }) => {
  const a = identifierIn(filters.a ?? "")
  const b = identifierIn(filters.b ?? "")
  return (
    <>
      <section className="card bar">
        <form
          className="filters"
          onSubmit={(event) => {
            event.preventDefault()
            const data = new FormData(event.currentTarget)
            set({ a: fieldText(String(data.get("a"))), b: fieldText(String(data.get("b"))) })
          }}
        >
          <input
            className="input grow"
            name="a"
            data-filter
            key={`a${filters.a}`}
            defaultValue={filters.a ?? ""}
            aria-label="First identifier"
            placeholder="type:value, or an e-mail address"
          />
          <span className="q2">and</span>
          <input
            className="input grow"
            name="b"
            key={`b${filters.b}`}
            defaultValue={filters.b ?? ""}
            aria-label="Second identifier"
            placeholder="type:value, or an e-mail address"
          />
          <button className="btn p" type="submit">
            Why?
          </button>
        </form>
      </section>
      {a === undefined || b === undefined ? (
        <section className="card grow">
          <Empty title="Name two identifiers">
            You see the event on which they would have met and the limit in the way, that a person keeps them apart, or
            that no event ever carried both.
          </Empty>
        </section>
      ) : (
        <Answer a={a} b={b} />
      )}
    </>
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

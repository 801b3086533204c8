/** Errors and violations, or successes, with the record that is chosen beside them. */
import { Link } from "@tanstack/react-router"
import { nodes, useData, useMasked, useSpace } from "../../api/hooks.ts"
import { ExplainLink, ProfileId } from "../../parts/Identity.tsx"
import { useRowKeys } from "../../parts/row-keys.ts"
import { Sentence } from "../../parts/Sentence.tsx"
import { Empty, QueryView } from "../../parts/States.tsx"
import { count, moment } from "../../words.ts"
import { FilterBar, type RecordProps } from "./FilterBar.tsx"
import { insightFilter, useFrom } from "./filters.ts"
import { kindOf } from "./insight-words.ts"
import { type Insight, successes, violations } from "./insights.gql.ts"
import { InsightTable, WentTo } from "./InsightTable.tsx"

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
          <p className="finding">
            <Sentence text={record.text} />
          </p>
        </div>
        <div className="sec2">
          <div className="lbl">Went to</div>
          <WentTo record={record} />
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
        {record.messageId === null ? undefined : <ExplainLink className="btn p" messageId={record.messageId} />}
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

export const Records = ({ filters, set, success }: RecordProps) => {
  const { id: space } = useSpace()
  const range = filters.range ?? "24h"
  const filter = insightFilter(filters, useFrom(range), success)
  const failed = useData(violations, { space, filter }, { enabled: !success, keep: true })
  const done = useData(successes, { space, filter }, { enabled: success, keep: true })
  const connection = success ? done.data?.insights.successes : failed.data?.insights.errorsAndViolations
  const records = connection === undefined ? [] : nodes(connection)
  const selected = records.find(({ id }) => id === filters.e) ?? records[0]
  const select = (row: number) => set({ e: records[row]!.id })
  useRowKeys(records.length, select, { at: selected === undefined ? -1 : records.indexOf(selected), move: select })
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
        <FilterBar filters={filters} set={set} success={success} />
      </section>
      <div className="side2">
        <section className="card" aria-label={success ? "Success logs" : "Errors and violations"}>
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

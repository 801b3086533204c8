/** The audit trail: who did what to which object, why, and what was there before and after. */
import { useInfiniteQuery } from "@tanstack/react-query"
import { ask } from "../../api/client.ts"
import { nodes, useSpace } from "../../api/hooks.ts"
import { Json } from "../../parts/Json.tsx"
import { useRowKeys } from "../../parts/row-keys.ts"
import { Empty, Failed, Loading } from "../../parts/States.tsx"
import { More, Table } from "../../parts/Table.tsx"
import { fieldText } from "../../url-state.ts"
import { exact, moment } from "../../words.ts"
import { auditFilter, type FilterProps, type Filters } from "./filters.ts"
import { auditTrail } from "./insights.gql.ts"

const useTrail = (filters: Filters) => {
  const { id: space } = useSpace()
  const filter = auditFilter(filters)
  return useInfiniteQuery({
    queryKey: [space, auditTrail.name, filter],
    queryFn: ({ pageParam, signal }) => ask(auditTrail, { space, filter, after: pageParam }, space, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ insights: { auditTrail: page } }) =>
      page.pageInfo.hasNextPage ? (page.pageInfo.endCursor ?? undefined) : undefined,
    maxPages: 40,
    placeholderData: (previous) => previous
  })
}

const fields = [
  ["action", "What", "e.g. Rules Saved"],
  ["actor", "Who", "anybody"],
  ["object", "Object", "id of a profile, token, run"]
] as const

export const Audit = ({ filters, set }: FilterProps) => {
  const query = useTrail(filters)
  const entries = query.data?.pages.flatMap(({ insights }) => nodes(insights.auditTrail)) ?? []
  const at = Math.max(
    0,
    entries.findIndex(({ id }) => id === filters.e)
  )
  const selected = entries[at]
  const select = (row: number) => set({ e: entries[row]!.id })
  useRowKeys(entries.length, select, { at, move: select })
  return (
    <>
      <section className="card bar">
        <form
          className="filters wrap"
          key={`${filters.action} ${filters.actor} ${filters.object}`}
          onSubmit={(event) => {
            event.preventDefault()
            const data = new FormData(event.currentTarget)
            const text = (name: string) => fieldText(String(data.get(name)).trim())
            set({ action: text("action"), actor: text("actor"), object: text("object"), e: undefined })
          }}
        >
          {fields.map(([name, label, placeholder], i) => (
            <label className="row g4" key={name}>
              <span className="lbl">{label}</span>
              <input
                className="input wide"
                name={name}
                defaultValue={filters[name] ?? ""}
                placeholder={placeholder}
                {...(i === 0 ? { "data-filter": true } : {})}
              />
            </label>
          ))}
          <button className="btn" type="submit">
            Filter
          </button>
          {auditFilter(filters) === undefined ? undefined : (
            <button
              className="btn g"
              type="button"
              onClick={() => set({ action: undefined, actor: undefined, object: undefined })}
            >
              Show everything
            </button>
          )}
        </form>
      </section>
      <div className="side2">
        <section className="card" aria-label="Audit trail">
          <div className="scroll" tabIndex={0}>
            {query.error === null ? undefined : <Failed error={query.error} retry={() => void query.refetch()} />}
            {query.data === undefined ? (
              query.error === null ? (
                <Loading rows={10} />
              ) : undefined
            ) : entries.length === 0 ? (
              <Empty title="Nobody has changed anything yet">
                {auditFilter(filters) === undefined
                  ? "Rules, tokens, merges and sources are told here."
                  : "Nothing that these filters let through. Names are whole: Rules Saved, Merge Undone, Profile Split."}
              </Empty>
            ) : (
              <Table columns={[["When", 106], ["Who", 130], ["What"], ["Reason", 150]]}>
                {entries.map((entry, i) => (
                  <tr key={entry.id} className="link" aria-selected={i === at} onClick={() => select(i)}>
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
              </Table>
            )}
            <More query={query} />
          </div>
        </section>
        <aside className="card" aria-label="Before and after">
          <h2 className="h">Before and after</h2>
          <div className="scroll pad" tabIndex={0}>
            {selected === undefined ? undefined : (
              <div className="col g8">
                <span className="lbl">Before</span>
                <Json value={selected.before} />
                <span className="lbl">After</span>
                <Json value={selected.after} />
              </div>
            )}
          </div>
        </aside>
      </div>
    </>
  )
}

/** Clusters of a run by size, with filters in the address, and the chosen one as a picture with its first divergence. */
import { useInfiniteQuery } from "@tanstack/react-query"
import { useNavigate, useSearch } from "@tanstack/react-router"
import { useState } from "react"
import { ask } from "../../api/client.ts"
import { nodes, useData, useSpace } from "../../api/hooks.ts"
import { Segments } from "../../parts/Choice.tsx"
import { useRowKeys } from "../../parts/row-keys.ts"
import { Empty, Failed, Loading, QueryView } from "../../parts/States.tsx"
import { More } from "../../parts/Table.tsx"
import { changed, clusterChanges, type runSearch } from "../../url-state.ts"
import { count, plural, shortId } from "../../words.ts"
import { Divergence } from "./Divergence.tsx"
import { Glyph } from "./Glyph.tsx"
import { StrandsPicture, StrandsTable } from "./Strands.tsx"
import { changedClusters, type Figures } from "./summary.ts"
import { whatIfCluster, whatIfClusters, type WhatIfClustersData } from "./what-if.gql.ts"

type Edge = NonNullable<WhatIfClustersData["whatIf"]>["clusters"]["edges"][number]
type Filters = ReturnType<typeof runSearch>
type Change = (change: { readonly [K in keyof Filters]?: Filters[K] | undefined }) => void

const kinds = {
  SPLIT: "Split",
  MERGED: "Merged",
  REGROUPED: "Regrouped",
  APPEARED: "New",
  VANISHED: "Gone"
} as const satisfies Record<(typeof clusterChanges)[number], string>

/** Stays the same when others are filtered away: the first profile before, or `+` and the first after. */
const keyOf = ({ node: { before, after } }: Edge): string => before[0] ?? `+${after[0] ?? ""}`

/** Profiles stay, but not each identifier stays on its profile. */
const lostText = ({ unmapped: { before, after } }: Figures): string => {
  const by = after - before
  return by === 0
    ? "Identifiers stay together as they are now."
    : `But ${plural(Math.abs(by), "identifier")} ${by > 0 ? "would be on no profile any more" : "more would be on a profile"}.`
}

const useClusters = (run: string, { change, minSize }: Filters) => {
  const { id: space } = useSpace()
  const variables = { id: run, change: change === undefined ? [...clusterChanges] : [change], minSize: minSize ?? null }
  const query = useInfiniteQuery({
    queryKey: [space, whatIfClusters.name, variables],
    queryFn: ({ pageParam, signal }) => ask(whatIfClusters, { ...variables, after: pageParam }, space, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ whatIf }) =>
      whatIf?.clusters.pageInfo.hasNextPage === true ? (whatIf.clusters.pageInfo.endCursor ?? undefined) : undefined,
    maxPages: 40,
    placeholderData: (previous) => previous
  })
  return { variables, query, edges: query.data?.pages.flatMap(({ whatIf }) => whatIf?.clusters.edges ?? []) ?? [] }
}

interface ChosenProps {
  readonly of: Edge
  /** Of the cluster before it in the list. */
  readonly after: string | undefined
  readonly variables: ReturnType<typeof useClusters>["variables"]
  readonly filters: Filters
  readonly set: Change
}

const Chosen = ({ of: { node }, after, variables, filters, set }: ChosenProps) => {
  const query = useData(whatIfCluster, { ...variables, after })
  const title = `${kinds[node.change as keyof typeof kinds] ?? "Changed"}, ${node.before.length} to ${node.after.length}`
  const live = new Set(node.before)
  return (
    <section className="card" aria-label="Chosen cluster">
      <h2 className="h">
        <span className="el">{title}</span>
        <span className="lbl">{plural(node.identifierCount, "identifier")}</span>
        <span className="r">
          <Segments
            label="View"
            value={filters.view}
            options={[
              [undefined, "Picture"],
              ["table", "Table"]
            ]}
            onChange={(view) => set({ view, why: undefined })}
          />
        </span>
      </h2>
      <div className="scroll wcol" tabIndex={0}>
        <QueryView query={query}>
          {({ whatIf }) => {
            const [cluster] = whatIf === null ? [] : nodes(whatIf.clusters)
            if (cluster === undefined) return <Empty title="This cluster is gone" />
            const { firstDivergence } = cluster
            return (
              <>
                {filters.why === true ? undefined : filters.view === "table" ? (
                  <StrandsTable cluster={cluster} live={live} />
                ) : (
                  <StrandsPicture cluster={cluster} live={live} />
                )}
                {firstDivergence === null ? undefined : (
                  <Divergence
                    messageId={firstDivergence}
                    before={cluster.explanationBefore}
                    after={cluster.explanationAfter}
                    open={filters.why === true}
                    onOpen={(open) => set({ why: open ? true : undefined })}
                  />
                )}
              </>
            )
          }}
        </QueryView>
      </div>
    </section>
  )
}

interface FilterBarProps {
  readonly figures: Figures
  readonly filters: Filters
  readonly set: Change
}

const FilterBar = ({ figures, filters, set }: FilterBarProps) => {
  const [size, setSize] = useState(filters.minSize === undefined ? "" : String(filters.minSize))
  const chosen = (change: Filters["change"]) => set({ change, cluster: undefined })
  return (
    <div className="filters wrap">
      <button
        className="tok"
        type="button"
        aria-pressed={filters.change === undefined}
        onClick={() => chosen(undefined)}
      >
        Changed {count(changedClusters(figures))}
      </button>
      {clusterChanges.map((each) => {
        const n = figures.clusters[each.toLowerCase()] ?? 0
        return n === 0 && filters.change !== each ? undefined : (
          <button
            className="tok"
            type="button"
            key={each}
            aria-pressed={filters.change === each}
            onClick={() => chosen(each)}
          >
            {kinds[each]} {count(n)}
          </button>
        )
      })}
      <label className="row g4">
        <span className="lbl">At least</span>
        <input
          className="input size"
          data-filter
          inputMode="numeric"
          aria-label="Identifiers at least"
          placeholder="ids"
          value={size}
          onChange={(event) => {
            const text = event.target.value.replaceAll(/\D/g, "").slice(0, 7)
            setSize(text)
            set({ minSize: text === "" ? undefined : Number(text), cluster: undefined })
          }}
        />
      </label>
    </div>
  )
}

export const Clusters = ({ run, figures }: { readonly run: string; readonly figures: Figures }) => {
  const filters = useSearch({ from: "/app/s/$space/what-if/$id" })
  const navigate = useNavigate({ from: "/s/$space/what-if/$id" })
  const set: Change = (change) => void navigate({ search: (old) => changed(old, change), replace: true })
  const { query, edges, variables } = useClusters(run, filters)
  const found = edges.findIndex((edge) => keyOf(edge) === filters.cluster)
  const index = Math.max(0, found)
  const selected = edges[index]
  const select = (i: number) => set({ cluster: i === 0 ? undefined : keyOf(edges[i]!) })
  useRowKeys(edges.length, () => set({ why: true }), { at: index, move: select })
  return (
    <div className={selected === undefined && query.data !== undefined ? "w2 alone" : "w2"}>
      <section className="card" aria-label="Clusters">
        <FilterBar figures={figures} filters={filters} set={set} />
        <div className="scroll" tabIndex={0}>
          {query.error === null ? undefined : <Failed error={query.error} retry={() => void query.refetch()} />}
          {query.data === undefined ? (
            query.error === null ? (
              <Loading />
            ) : undefined
          ) : edges.length === 0 ? (
            changedClusters(figures) === 0 ? (
              <Empty title="No profile would be another">{lostText(figures)}</Empty>
            ) : (
              <Empty title="No cluster is like this" />
            )
          ) : (
            edges.map((edge, i) => (
              <button
                className="cl"
                type="button"
                key={keyOf(edge)}
                {...(i === index ? { "aria-current": "true" as const } : {})}
                onClick={() => select(i)}
              >
                <Glyph before={edge.node.before.length} after={edge.node.after.length} />
                <span className="col">
                  <span className="m el">{shortId(edge.node.before[0] ?? edge.node.after[0] ?? "")}</span>
                  <span className="q2 el">{edge.node.identifiers.map(({ id }) => id).join(", ")}</span>
                </span>
                <span className="lbl">{plural(edge.node.identifierCount, "id")}</span>
              </button>
            ))
          )}
          <More query={query} />
        </div>
      </section>
      {selected === undefined ? undefined : (
        <Chosen
          key={keyOf(selected)}
          of={selected}
          after={edges[index - 1]?.cursor}
          variables={variables}
          filters={filters}
          set={set}
        />
      )}
    </div>
  )
}

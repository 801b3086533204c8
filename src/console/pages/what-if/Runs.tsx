/** What-if runs of the space, running and past, and the rebuilds that came of them. */
import { useInfiniteQuery } from "@tanstack/react-query"
import { Link, useNavigate } from "@tanstack/react-router"
import { FlaskConical } from "lucide-react"
import { ask } from "../../api/client.ts"
import { nodes, useMay, useSpace } from "../../api/hooks.ts"
import { Page } from "../../parts/Page.tsx"
import { Meter } from "../../parts/Identity.tsx"
import { useRowKeys } from "../../parts/row-keys.ts"
import { Empty, Failed, Loading } from "../../parts/States.tsx"
import { More, Table } from "../../parts/Table.tsx"
import { useCrumbs } from "../../shell/crumbs.ts"
import { actorText, count, exact, moment, plural } from "../../words.ts"
import { Changes } from "./Changes.tsx"
import { RebuildPanel } from "./RebuildPanel.tsx"
import { changedClusters, changesOf, figuresOf, isMoving, scopeText, signed, stateOf } from "./summary.ts"
import { whatIfRuns, type WhatIfRunsData } from "./what-if.gql.ts"
import "./what-if.css"

type ListedRun = WhatIfRunsData["whatIfRuns"]["edges"][number]["node"]

const useRuns = (enabled: boolean) => {
  const { id: space } = useSpace()
  return useInfiniteQuery({
    queryKey: [space, whatIfRuns.name],
    queryFn: ({ pageParam, signal }) => ask(whatIfRuns, { space, after: pageParam }, space, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ whatIfRuns: { pageInfo } }) =>
      pageInfo.hasNextPage ? (pageInfo.endCursor ?? undefined) : undefined,
    refetchInterval: ({ state }) =>
      state.data?.pages.some((page) => nodes(page.whatIfRuns).some(isMoving)) === true ? 700 : 10_000,
    maxPages: 20,
    enabled
  })
}

const State = ({ run }: { readonly run: ListedRun }) => {
  const { title, tone } = stateOf(run)
  return run.state === "RUNNING" ? (
    <span className="row">
      <Meter value={run.processed} of={run.total ?? 1} label={`${Math.round(run.progress * 100)} %`} />
      <span className="lbl">{Math.round(run.progress * 100)} %</span>
    </span>
  ) : (
    <span className={`tag ${tone}`}>{title}</span>
  )
}

const Row = ({ run, selected }: { readonly run: ListedRun; readonly selected: boolean }) => {
  const { slug } = useSpace()
  const figures = figuresOf(run)
  const changes = changesOf(run)
  return (
    <tr className="link" aria-selected={selected}>
      <td className="q" title={exact(run.createdAt)}>
        {moment(run.createdAt)}
      </td>
      <td>
        <Link className="b" to="/s/$space/what-if/$id" params={{ space: slug, id: run.id }}>
          {changes === undefined || changes.length === 0 ? "The same rules" : <Changes changes={changes} most={2} />}
        </Link>
        {run.scope === null ? undefined : <span className="lbl"> only {scopeText(run)}</span>}
      </td>
      <td className="num">{figures === undefined ? "" : signed(figures.profiles)}</td>
      <td className="num">{figures === undefined ? "" : count(changedClusters(figures))}</td>
      <td className="q2" title={run.actor}>
        {actorText(run.actor)}
      </td>
      <td>
        <State run={run} />
      </td>
    </tr>
  )
}

export const Runs = () => {
  const { slug } = useSpace()
  const may = useMay("admin")
  const navigate = useNavigate()
  const query = useRuns(may)
  const runs = query.data?.pages.flatMap(({ whatIfRuns: page }) => nodes(page)) ?? []
  const open = (row: number) =>
    void navigate({ to: "/s/$space/what-if/$id", params: { space: slug, id: runs[row]!.id } })
  const { selected } = useRowKeys(runs.length, open)
  useCrumbs("What-if")
  const change = (
    <Link className="btn p" to="/s/$space/rules" params={{ space: slug }}>
      <FlaskConical size={14} aria-hidden="true" />
      Try other rules
    </Link>
  )
  const moving = runs.filter(isMoving).length
  return (
    <Page
      title="What-if"
      sub={moving === 0 ? "The history replayed under other rules" : `${plural(moving, "run")} under way`}
      actions={may ? change : undefined}
      ready={!may || query.data !== undefined || query.error !== null}
    >
      <div className="side2 narrow">
        <section className="card" aria-label="Runs">
          <div className="scroll" tabIndex={0}>
            {query.error === null ? undefined : <Failed error={query.error} retry={() => void query.refetch()} />}
            {!may ? (
              <Empty title="What-if runs need a token with the scope admin">
                Whoever runs Braid can make one. A run that somebody shows you by its address needs it, too.
              </Empty>
            ) : query.data === undefined ? (
              query.error === null ? (
                <Loading />
              ) : undefined
            ) : runs.length === 0 ? (
              <Empty title="Try rules on everything that has happened" actions={change}>
                Change identity rules and choose "Try in What-if": the whole history is replayed under them beside the
                live profiles, and you see which profiles would be others.
              </Empty>
            ) : (
              <Table
                columns={[
                  ["When", 104],
                  ["What was tried"],
                  ["Profiles", 70, "num"],
                  ["Clusters", 72, "num"],
                  ["By", 92],
                  ["State", 124]
                ]}
              >
                {runs.map((run, i) => (
                  <Row key={run.id} run={run} selected={i === selected} />
                ))}
              </Table>
            )}
            <More query={query} />
          </div>
        </section>
        {may ? <RebuildPanel /> : undefined}
      </div>
    </Page>
  )
}

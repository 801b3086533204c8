/** One what-if run: progress while it moves, then the change in words, five figures, the clusters, and the two ways to apply it. */
import { useParams, useSearch } from "@tanstack/react-router"
import { useState } from "react"
import { useChange, useData, useMay } from "../../api/hooks.ts"
import { Page } from "../../parts/Page.tsx"
import { Progress } from "../../parts/Progress.tsx"
import { Empty, Failed, Loading } from "../../parts/States.tsx"
import { useCrumbs } from "../../shell/crumbs.ts"
import { actorText, count, moment, plural, shortId } from "../../words.ts"
import { Apply, type ApplyMode } from "./Apply.tsx"
import { Changes } from "./Changes.tsx"
import { Clusters } from "./Clusters.tsx"
import { Export } from "./Export.tsx"
import { RebuildProgress } from "./RebuildPanel.tsx"
import {
  changedClusters,
  changesOf,
  type Figures,
  figuresOf,
  isMoving,
  type Pair,
  runFinding,
  scopeText,
  signed,
  stateOf
} from "./summary.ts"
import { cancelWhatIf, type RunFacts, whatIfRules, whatIfRun } from "./what-if.gql.ts"
import "./what-if.css"

const Change = ({ title, of }: { readonly title: string; readonly of: Pair }) => (
  <div>
    <div className="lbl">{title}</div>
    <div className="ba">
      <span className="q">{count(of.before)}</span>
      <span className="z">{count(of.after)}</span>
      <span className="d">{signed(of)}</span>
    </div>
  </div>
)

const useRules = (id: string) => useData(whatIfRules, { id }).data?.whatIf ?? undefined

const FiguresBar = ({ run, figures }: { readonly run: RunFacts; readonly figures: Figures }) => {
  const rules = useRules(run.id)
  const changes = rules === undefined ? undefined : changesOf(rules)
  const scope = scopeText(run)
  return (
    <section className="card sum" aria-label="Before and after">
      <div>
        <div className="lbl">Change against v{run.baseVersion}</div>
        <div className="changes">
          {changes === undefined ? "" : changes.length === 0 ? "the same rules" : <Changes changes={changes} />}
        </div>
        {scope === undefined ? undefined : (
          <div className="lbl el" title={`only ${scope}`}>
            only {scope}
          </div>
        )}
      </div>
      <Change title="Profiles" of={figures.profiles} />
      <Change title="Merges" of={figures.merges} />
      <Change title="Violations" of={figures.violations} />
      <Change title="Identifiers on no profile" of={figures.unmapped} />
    </section>
  )
}

/** A run that has no result: it waits, moves, or has ended without one. */
const Pending = ({ run }: { readonly run: RunFacts }) => {
  const may = useMay("admin")
  const cancel = useChange(cancelWhatIf)
  const title = {
    QUEUED: "Waits to begin",
    RUNNING: "Replaying the history",
    FAILED: "The run failed",
    CANCELLED: "The run was cancelled",
    EXPIRED: "The result is over 30 days old"
  }[run.state as "QUEUED"]
  return (
    <Page title={title ?? "What-if"} sub={`asked for by ${actorText(run.actor)}, ${moment(run.createdAt)}`}>
      <section className="card grow">
        {isMoving(run) ? (
          <div className="empty wide">
            <Progress
              value={run.progress}
              label={`${count(run.processed)} of ${run.total === null ? "all" : count(run.total)} events`}
              detail="Nothing that is live is touched. You can leave: the run has this address."
            >
              {may ? (
                <button
                  className="btn"
                  type="button"
                  disabled={cancel.isPending}
                  onClick={() => cancel.mutate({ id: run.id })}
                >
                  Cancel
                </button>
              ) : undefined}
            </Progress>
            {cancel.error === null ? undefined : <Failed error={cancel.error} />}
          </div>
        ) : (
          <Empty title={run.error ?? "There is no result"}>Start it again from the identity rules.</Empty>
        )}
      </section>
    </Page>
  )
}

const Result = ({ run, figures }: { readonly run: RunFacts; readonly figures: Figures }) => {
  const may = useMay("admin")
  const [mode, setMode] = useState<ApplyMode | undefined>()
  const rules = useRules(run.id)?.rules
  const { rebuild } = run
  const state = stateOf(run)
  const moving =
    rebuild !== null && (rebuild.state === "QUEUED" || rebuild.state === "RUNNING" || rebuild.state === "CANCELLING")
  const applicable = may && run.appliedAs !== "REBUILD" && !moving
  const filters = useSearch({ from: "/app/s/$space/what-if/$id" })
  return (
    <Page
      title={runFinding(figures)}
      sub={
        <>
          {run.state === "DONE" ? undefined : <span className={`tag ${state.tone}`}>{state.title}</span>}{" "}
          {plural(figures.events, "event")} replayed, {count(figures.divergent)} decided otherwise
        </>
      }
      actions={
        <>
          {changedClusters(figures) === 0 ? undefined : <Export run={run.id} filters={filters} />}
          {applicable && run.state === "DONE" ? (
            <button className="btn" type="button" onClick={() => setMode("RULES_ONLY")}>
              Apply to new events…
            </button>
          ) : undefined}
          {applicable && run.scope === null ? (
            <button className="btn p" type="button" onClick={() => setMode("REBUILD")}>
              Rebuild profiles…
            </button>
          ) : undefined}
        </>
      }
    >
      {moving ? (
        <section className="card pad fixed" aria-label="Rebuild">
          <RebuildProgress rebuild={rebuild} />
        </section>
      ) : rebuild?.state === "FAILED" ? (
        <div className="note bad" role="alert">
          The rebuild did not happen, profiles are as they were. {rebuild.error ?? ""}
        </div>
      ) : undefined}
      <FiguresBar run={run} figures={figures} />
      <Clusters run={run.id} figures={figures} />
      <Apply run={run} figures={figures} rules={rules} mode={mode} onClose={() => setMode(undefined)} />
    </Page>
  )
}

/** How often the run is looked at: while it moves, or its rebuild does. */
const paceOf = (run: RunFacts | null | undefined): number => {
  if (run == null || isMoving(run)) return 500
  const { rebuild } = run
  return rebuild !== null && rebuild.finishedAt === null ? 700 : 10_000
}

export const Run = () => {
  const { id, space: slug } = useParams({ from: "/app/s/$space/what-if/$id" })
  const [every, setEvery] = useState(500)
  const query = useData(whatIfRun, { id }, { every })
  const run = query.data?.whatIf
  const pace = paceOf(run)
  if (run !== undefined && pace !== every) setEvery(pace)
  useCrumbs(`What-if|/s/${slug}/what-if`, shortId(id))
  if (query.error !== null && run === undefined)
    return (
      <Page title="What-if">
        <Failed error={query.error} retry={() => void query.refetch()} />
      </Page>
    )
  if (run === undefined)
    return (
      <Page title="What-if" ready={false}>
        <section className="card grow">
          <Loading />
        </section>
      </Page>
    )
  if (run === null)
    return (
      <Page title="There is no such run">
        <section className="card grow">
          <Empty title="It is of another space, or the address is incomplete">
            All runs of this space are listed under What-if.
          </Empty>
        </section>
      </Page>
    )
  const figures = figuresOf(run)
  return figures === undefined ? <Pending run={run} /> : <Result run={run} figures={figures} />
}

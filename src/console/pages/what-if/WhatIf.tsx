/** What other rules would have made of the whole history: before and after, cluster by cluster, every identifier a thread. */
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router"
import { useMemo, useState } from "react"
import { nodes, useChange, useData, useMay, useSpace } from "../../api/hooks.ts"
import { Confirm } from "../../parts/Dialog.tsx"
import { Page } from "../../parts/Page.tsx"
import { useRowKeys } from "../../parts/row-keys.ts"
import { Empty, Failed, Loading, QueryView } from "../../parts/States.tsx"
import { useCrumbs } from "../../shell/crumbs.ts"
import { changed, clusterChanges } from "../../url-state.ts"
import { count, family, plural, shortId } from "../../words.ts"
import { applyWhatIf, whatIfClusters, type WhatIfClustersData, whatIfRun, type WhatIfRunData } from "./what-if.gql.ts"
import "./what-if.css"

type Run = NonNullable<WhatIfRunData["whatIf"]>
type Cluster = NonNullable<WhatIfClustersData["whatIf"]>["clusters"]["edges"][number]["node"]

interface Pair {
  readonly before: number
  readonly after: number
}

interface Summary {
  readonly events: number
  readonly users: { readonly profiles: Pair; readonly clusters: Readonly<Record<string, number>> }
  readonly merges: Pair
  readonly violations: Pair
  readonly divergentMessages: number
}

export const Runs = () => {
  const { slug } = useSpace()
  useCrumbs("What-if")
  return (
    <Page title="What-if">
      <section className="card grow">
        <Empty
          title="Try rules on everything that has happened"
          actions={
            <Link className="btn p" to="/s/$space/rules" params={{ space: slug }}>
              Change rules
            </Link>
          }
        >
          Change identity rules and choose "Try in What-if": the whole history is replayed under them beside the live
          profiles, and you see which profiles would be others. A run has an address of its own and stays for 30 days.
        </Empty>
      </section>
    </Page>
  )
}

const Change = ({ title, of }: { readonly title: string; readonly of: Pair }) => {
  const by = of.after - of.before
  return (
    <div>
      <div className="lbl">{title}</div>
      <div className="ba">
        <span className="q">{count(of.before)}</span>
        <span className="z">{count(of.after)}</span>
        <span className="d">
          {by > 0 ? "+" : by < 0 ? "−" : ""}
          {by === 0 ? "same" : count(Math.abs(by))}
        </span>
      </div>
    </div>
  )
}

const most = 9

/** Middle of the i-th of n in a glyph. */
const place = (i: number, n: number) => (28 * (i + 0.5)) / Math.max(1, n)

const Glyph = ({ before, after }: { readonly before: number; readonly after: number }) => {
  const a = Math.min(before, most)
  const b = Math.min(after, most)
  return (
    <svg width="40" height="28" role="img" aria-label={`${before} to ${after}`}>
      {Array.from({ length: a === 0 || b === 0 ? 0 : Math.max(a, b) }, (_, i) => {
        const from = place(Math.min(i, a - 1), a)
        const to = place(Math.min(i, b - 1), b)
        return (
          <path
            key={i}
            d={`M5 ${from}C20 ${from} 20 ${to} 35 ${to}`}
            stroke="var(--ink-3)"
            strokeWidth="1.3"
            fill="none"
          />
        )
      })}
      {Array.from({ length: a }, (_, i) => (
        <circle key={i} cx="5" cy={place(i, a)} r="2.8" fill="var(--ink)" />
      ))}
      {Array.from({ length: b }, (_, i) => (
        <circle key={i} cx="35" cy={place(i, b)} r="2.6" fill="var(--ink)" />
      ))}
    </svg>
  )
}

const box = (id: string, x: number, at: number) => (
  <g key={id}>
    <rect x={x} y={at - 17} width={190} height={34} rx={7} fill="var(--hover)" stroke="var(--line-2)" />
    <text x={x + 12} y={at + 4} fontSize="12" fontFamily="var(--mono)" fill="var(--ink)">
      {shortId(id)}
    </text>
  </g>
)

/** Both sides as boxes. The threads say how many become how many; which identifier goes where, the events tell. */
const Picture = ({ cluster }: { readonly cluster: Cluster }) => {
  const left = cluster.before.slice(0, most)
  const right = cluster.after.slice(0, most)
  const rows = Math.max(left.length, right.length, 1)
  const height = rows * 46 + 24
  const y = (i: number, n: number) => 24 + ((height - 24) * (i + 0.5)) / Math.max(1, n)
  const strands = Math.max(left.length, right.length)
  return (
    <svg
      width="100%"
      height={height}
      viewBox={`0 0 620 ${height}`}
      preserveAspectRatio="xMinYMin meet"
      role="img"
      aria-label={`${plural(left.length, "profile")} before, ${plural(right.length, "profile")} after`}
    >
      <text x="1" y="12" fontSize="11" fill="var(--ink-3)">
        Now
      </text>
      <text x="421" y="12" fontSize="11" fill="var(--ink-3)">
        With these rules
      </text>
      {left.length === 0 || right.length === 0
        ? undefined
        : Array.from({ length: strands }, (_, i) => {
            const from = y(Math.min(i, left.length - 1), left.length)
            const to = y(Math.min(i, right.length - 1), right.length)
            return (
              <path
                key={i}
                d={`M191 ${from}C300 ${from} 312 ${to} 421 ${to}`}
                fill="none"
                stroke="var(--ink-3)"
                strokeWidth="2.5"
              />
            )
          })}
      {left.map((id, i) => box(id, 1, y(i, left.length)))}
      {right.map((id, i) => box(id, 421, y(i, right.length)))}
    </svg>
  )
}

const Clusters = ({ run }: { readonly run: Run }) => {
  const { slug } = useSpace()
  const { change, cluster: at } = useSearch({ from: "/app/s/$space/what-if/$id" })
  const navigate = useNavigate({ from: "/s/$space/what-if/$id" })
  const filter = useMemo(() => (change === undefined ? [...clusterChanges] : [change]), [change])
  const query = useData(whatIfClusters, { id: run.id, change: filter }, { keep: true })
  const clusters = query.data?.whatIf == null ? [] : nodes(query.data.whatIf.clusters)
  const index = Math.min(at ?? 0, clusters.length - 1)
  const selected = clusters[index]
  const select = (cluster: number) => void navigate({ search: (old) => changed(old, { cluster }), replace: true })
  useRowKeys(clusters.length, () => undefined, { at: index, move: select })
  const counts = (run.summary as Summary).users.clusters
  return (
    <div className="w2">
      <section className="card" aria-label="Clusters">
        <div className="filters wrap">
          <button
            className="tok"
            type="button"
            aria-pressed={change === undefined}
            onClick={() => void navigate({ search: {}, replace: true })}
          >
            Changed
          </button>
          {clusterChanges.map((each) => (
            <button
              className="tok"
              type="button"
              key={each}
              aria-pressed={change === each}
              onClick={() => void navigate({ search: { change: each }, replace: true })}
            >
              {each.toLowerCase()} {count(counts[each.toLowerCase()] ?? counts[each] ?? 0)}
            </button>
          ))}
        </div>
        <div className="scroll" tabIndex={0}>
          <QueryView query={query}>
            {() =>
              clusters.length === 0 ? (
                <Empty title="No profile would be another">
                  These rules decide every event as the rules in force do.
                </Empty>
              ) : (
                clusters.map((cluster, i) => (
                  <button
                    className="cl"
                    type="button"
                    key={`${cluster.before[0] ?? ""}${cluster.after[0] ?? ""}`}
                    {...(i === index ? { "aria-current": "true" as const } : {})}
                    onClick={() => select(i)}
                  >
                    <Glyph before={cluster.before.length} after={cluster.after.length} />
                    <span className="col">
                      <span className="m el">{shortId(cluster.before[0] ?? cluster.after[0] ?? "")}</span>
                      <span className="q2 el">{cluster.identifiers.map(({ id }) => id).join(", ")}</span>
                    </span>
                    <span className="lbl">{plural(cluster.identifierCount, "id")}</span>
                  </button>
                ))
              )
            }
          </QueryView>
        </div>
      </section>
      {selected === undefined ? undefined : (
        <section className="card" aria-label="Chosen cluster">
          <h2 className="h">
            {selected.change.toLowerCase()}, {selected.before.length} to {selected.after.length}
          </h2>
          <div className="scroll pad" tabIndex={0}>
            <Picture cluster={selected} />
            <div className="row wrap ids">
              {selected.identifiers.map((each) => (
                <span key={`${each.type}:${each.id}`} className={`id f-${family(each.type, each.collection)}`}>
                  <i>{each.type}</i>
                  <u>{each.id}</u>
                </span>
              ))}
            </div>
          </div>
          {selected.firstDivergence === null ? undefined : (
            <div className="f">
              <span className="b">First event decided differently</span>
              <Link
                className="acc m"
                to="/s/$space/explain/$messageId"
                params={{ space: slug, messageId: selected.firstDivergence }}
              >
                {selected.firstDivergence}
              </Link>
            </div>
          )}
        </section>
      )}
    </div>
  )
}

export const Run = () => {
  const { id, space: slug } = useParams({ from: "/app/s/$space/what-if/$id" })
  const may = useMay("admin")
  const [applying, setApplying] = useState(false)
  const [done, setDone] = useState(false)
  const query = useData(whatIfRun, { id }, done ? {} : { every: 700 })
  const apply = useChange(applyWhatIf)
  const run = query.data?.whatIf
  const moving = run?.state === "QUEUED" || run?.state === "RUNNING"
  if (run !== undefined && run !== null && !moving && !done) setDone(true)
  useCrumbs(`What-if|/s/${slug}/what-if`, shortId(id))
  if (query.error !== null && run === undefined)
    return (
      <Page title="What-if">
        <Failed error={query.error} />
      </Page>
    )
  if (run === null)
    return (
      <Page title="There is no such run">
        <section className="card grow">
          <Empty title="It is over, or of another space">Results stay for 30 days.</Empty>
        </section>
      </Page>
    )
  if (run === undefined || run.summary === null)
    return (
      <Page
        title={run === undefined ? "What-if" : moving ? "Replaying the history" : `The run ${run.state.toLowerCase()}`}
        ready={run !== undefined}
      >
        <section className="card grow">
          {run === undefined ? (
            <Loading />
          ) : (
            <Empty
              title={run.error ?? `${count(run.processed)} of ${run.total === null ? "all" : count(run.total)} events`}
            >
              Nothing that is live is touched.
            </Empty>
          )}
        </section>
      </Page>
    )
  const summary = run.summary as Summary
  const { profiles } = summary.users
  const by = Math.abs(profiles.after - profiles.before)
  const title =
    by === 0 && summary.divergentMessages === 0
      ? "Nothing would change"
      : by === 0
        ? "As many profiles, some of them others"
        : `${plural(by, "profile")} ${profiles.after > profiles.before ? "more" : "less"}`
  return (
    <Page
      title={title}
      sub={`${plural(summary.events, "event")} replayed, ${count(summary.divergentMessages)} decided differently`}
      actions={
        may && run.state === "DONE" ? (
          <button className="btn p" type="button" onClick={() => setApplying(true)}>
            Apply to new events…
          </button>
        ) : run.state === "APPLIED" ? (
          <span className="tag good">Applied</span>
        ) : undefined
      }
    >
      <section className="card sum" aria-label="Before and after">
        <Change title="Profiles" of={profiles} />
        <Change title="Merges" of={summary.merges} />
        <Change title="Violations" of={summary.violations} />
      </section>
      <Clusters run={run} />
      <Confirm
        open={applying}
        title="Save these rules?"
        verb="Apply"
        keep="Leave as it is"
        reasonHint="One e-mail address per person"
        error={apply.error}
        busy={apply.isPending}
        onClose={() => setApplying(false)}
        onConfirm={(reason) => apply.mutate({ id, reason }, { onSuccess: () => setApplying(false) })}
      >
        <p className="q2">They apply to events from here on. Profiles stay as they are.</p>
      </Confirm>
    </Page>
  )
}

/** Replays to a destination (DEL-70 to DEL-75): archived events sent again, each with its progress; paused, resumed, cancelled. */
import { useNavigate, useSearch } from "@tanstack/react-router"
import { Repeat2 } from "lucide-react"
import { useMayConnect } from "../../../api/hooks.ts"
import { useApi, useApiChange } from "../../../api/public-api.ts"
import type { CodeCount, Replay, ReplayState } from "../../../api/delivery-types.ts"
import { replays as allReplays, steerReplay } from "../../../api/requests.ts"
import { Progress } from "../../../parts/Progress.tsx"
import { Empty, Failed, QueryView } from "../../../parts/States.tsx"
import { changed } from "../../../url-state.ts"
import { actorText, count, exact, moment, plural } from "../../../words.ts"
import type { TabProps } from "../Destination.tsx"
import { StartReplay } from "./StartReplay.tsx"

const stateWords: Readonly<Record<ReplayState, readonly [title: string, tone: string]>> = {
  queued: ["queued", ""],
  running: ["running", "good"],
  paused: ["paused", "warn"],
  done: ["done", "good"],
  failed: ["failed", "bad"],
  canceled: ["cancelled", ""]
}

const leftText = (seconds: number): string =>
  seconds < 60 ? `${Math.round(seconds)} s left` : `${Math.round(seconds / 60)} min left`

const sum = (counts: ReadonlyArray<CodeCount>): number => counts.reduce((all, { count: n }) => all + n, 0)

/** `3 failed (400: 2, 429: 1)`. */
const byCode = (counts: ReadonlyArray<CodeCount>, what: string): ReadonlyArray<string> =>
  counts.length === 0
    ? []
    : [`${count(sum(counts))} ${what} (${counts.map(({ code, count: n }) => `${code}: ${count(n)}`).join(", ")})`]

const detailOf = ({ sent, filtered, failed, pending, ratePerSecond, etaSeconds, state }: Replay): string =>
  [
    `${count(sent)} sent`,
    ...byCode(filtered, "filtered"),
    ...byCode(failed, "failed"),
    ...(pending > 0 ? [`${count(pending)} waiting for a retry`] : []),
    ...(state !== "running" || ratePerSecond === null ? [] : [`${count(Math.round(ratePerSecond))} events/s`]),
    ...(state !== "running" || etaSeconds === null ? [] : [leftText(etaSeconds)])
  ].join(", ")

const labelOf = ({ total, mode }: Replay): string =>
  total === null ? "Looking for the events" : `${plural(total, "event")}${mode === "failed" ? " that failed" : ""}`

const Row = ({ replay }: { readonly replay: Replay }) => {
  const may = useMayConnect()
  const steer = useApiChange()
  const { id, state, held, total, sent, filtered, failed, from, to, createdAt, createdBy, error } = replay
  const [title, tone] = stateWords[state]
  const done = sent + sum(filtered) + sum(failed)
  const button = (how: "pause" | "resume" | "cancel", words: string) => (
    <button
      className="btn s"
      type="button"
      disabled={!may || steer.isPending}
      onClick={() => steer.mutate(steerReplay(id, how))}
    >
      {words}
    </button>
  )
  return (
    <li className="sec2">
      <div className="row">
        <span className={`tag ${tone}`}>{held ? `${title}, waits for a deletion` : title}</span>
        <span className="b">
          {moment(from)} to {moment(to)}
        </span>
        <span className="q" title={exact(createdAt)}>
          started {moment(createdAt)} by {actorText(createdBy)}
        </span>
        <span className="ml row g4">
          {state === "running" || state === "queued" ? button("pause", "Pause") : undefined}
          {state === "paused" ? button("resume", "Resume") : undefined}
          {state === "running" || state === "queued" || state === "paused" ? button("cancel", "Cancel") : undefined}
        </span>
      </div>
      <Progress
        value={state === "done" ? 1 : total === null || total === 0 ? 0 : done / total}
        label={labelOf(replay)}
        detail={detailOf(replay)}
      />
      {error === null ? undefined : <p className="bad">{error}</p>}
      {steer.error === null ? undefined : <Failed error={steer.error} />}
    </li>
  )
}

const Replays = ({ destination }: TabProps) => {
  const may = useMayConnect()
  const { edit } = useSearch({ from: "/app/s/$space/destinations/$id/$tab" })
  const navigate = useNavigate({ from: "/s/$space/destinations/$id/$tab" })
  const query = useApi(allReplays, { every: 2000 })
  const open = (what: string | undefined) =>
    void navigate({ search: (old) => changed(old, { edit: what }), replace: true })
  const start = may ? (
    <button className="btn p" type="button" onClick={() => open("new")}>
      <Repeat2 size={14} aria-hidden="true" />
      Replay events…
    </button>
  ) : undefined
  return (
    <>
      <div className="row">
        <span className="q2">Events of the archive, sent again. Filters and mappings apply as they are now.</span>
        <span className="ml">{start}</span>
      </div>
      <section className="card grow" aria-label="Replays">
        <div className="scroll" tabIndex={0}>
          <QueryView query={query} rows={4}>
            {(all) => {
              const own = all.filter(({ destinationIds }) => destinationIds.includes(destination.id))
              return own.length === 0 ? (
                <Empty title="Nothing has been replayed here" actions={start}>
                  A replay sends what came before this destination was added, or what failed before it was repaired.
                </Empty>
              ) : (
                <ul>
                  {own.map((replay) => (
                    <Row key={replay.id} replay={replay} />
                  ))}
                </ul>
              )
            }}
          </QueryView>
        </div>
      </section>
      {edit === undefined ? undefined : (
        <StartReplay destination={destination} failedOnly={edit === "failed"} onClose={() => open(undefined)} />
      )}
    </>
  )
}

export default Replays

/** Replays to a destination (DEL-70 to DEL-75): archived events sent again, each with its progress; paused, resumed, cancelled. */
import { useNavigate, useSearch } from "@tanstack/react-router"
import { Repeat2 } from "lucide-react"
import { useMayConnect } from "../../../api/hooks.ts"
import { useApi, useApiChange } from "../../../api/public-api.ts"
import type { Replay, ReplayState } from "../../../api/public-types.ts"
import { replays as allReplays, steerReplay } from "../../../api/requests.ts"
import { Progress } from "../../../parts/Progress.tsx"
import { Empty, Failed, QueryView } from "../../../parts/States.tsx"
import { changed } from "../../../url-state.ts"
import { count, exact, moment, plural } from "../../../words.ts"
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

const leftText = ({ total, sent, filtered, failed, rate }: Replay): string => {
  if (total === null || rate === null || rate <= 0) return ""
  const seconds = Math.round(Math.max(0, total - sent - filtered - failed) / rate)
  return seconds < 60 ? `, ${seconds} s left` : `, ${Math.round(seconds / 60)} min left`
}

const detailOf = (replay: Replay): string => {
  const { sent, filtered, failed, pending, rate } = replay
  const parts = [
    `${count(sent)} sent`,
    ...(filtered > 0 ? [`${count(filtered)} filtered`] : []),
    ...(failed > 0 ? [`${count(failed)} failed`] : []),
    ...(pending > 0 ? [`${count(pending)} pending`] : []),
    ...(rate === null || replay.state !== "running" ? [] : [`${count(Math.round(rate))} events/s${leftText(replay)}`])
  ]
  return parts.join(", ")
}

const labelOf = ({ total, mode }: Replay): string =>
  total === null ? "Looking for the events" : `${plural(total, "event")}${mode === "failed" ? " that failed" : ""}`

const Row = ({ replay }: { readonly replay: Replay }) => {
  const may = useMayConnect()
  const steer = useApiChange()
  const { id, state, total, sent, filtered, failed, from, to, createdAt, error } = replay
  const [title, tone] = stateWords[state]
  const done = sent + filtered + failed
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
        <span className={`tag ${tone}`}>{title}</span>
        <span className="b">
          {moment(from)} to {moment(to)}
        </span>
        <span className="q" title={exact(createdAt)}>
          started {moment(createdAt)}
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
      {error == null ? undefined : <p className="bad">{error}</p>}
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

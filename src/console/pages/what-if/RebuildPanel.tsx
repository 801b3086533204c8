/** Rebuilds of a space (IDR-193, IDR-194): how far the one under way is, how they ended, and the way back for 7 days. */
import { useState } from "react"
import { useChange, useData, useMay, useSpace } from "../../api/hooks.ts"
import { Confirm } from "../../parts/Dialog.tsx"
import { Progress } from "../../parts/Progress.tsx"
import { Empty, QueryView } from "../../parts/States.tsx"
import { actorText, count, exact, moment } from "../../words.ts"
import { cancelRebuild, type RebuildFacts, rebuilds, rollbackRebuild } from "./what-if.gql.ts"

const underWay = (rebuild: Pick<RebuildFacts, "state">): boolean =>
  rebuild.state === "QUEUED" || rebuild.state === "RUNNING" || rebuild.state === "CANCELLING"

const whatOf = ({ kind }: Pick<RebuildFacts, "kind">) => (kind === "ROLLBACK" ? "Going back" : "Rebuild")

/** In one sentence. */
const wordsOf = (rebuild: RebuildFacts): string => {
  const { state, kind, rulesVersion, error } = rebuild
  const as = rulesVersion === null ? "" : `; rules v${rulesVersion} are in force since`
  switch (state) {
    case "QUEUED":
      return "waits to begin"
    case "RUNNING":
      return "is under way"
    case "CANCELLING":
      return "ends in a moment"
    case "CANCELLED":
      return "was cancelled: profiles stayed as they were"
    case "FAILED":
      return `failed: profiles stayed as they were. ${error ?? ""}`.trim()
    default:
      return `${kind === "ROLLBACK" ? "done: the profiles of before are back" : "done: profiles are replaced"}${as}`
  }
}

/** One that is under way, with the way to end it. */
export const RebuildProgress = ({ rebuild }: { readonly rebuild: RebuildFacts }) => {
  const { id: space } = useSpace()
  const may = useMay("admin")
  const [asking, setAsking] = useState(false)
  const cancel = useChange(cancelRebuild)
  const { id, processed, total } = rebuild
  return (
    <>
      <Progress
        value={rebuild.progress}
        label={`${whatOf(rebuild)} ${wordsOf(rebuild)}`}
        detail={`${count(processed)} of ${total === 0 ? "all" : count(total)} events. Events are accepted and profiles answer meanwhile.`}
      >
        {may && rebuild.state !== "CANCELLING" ? (
          <button className="btn" type="button" onClick={() => setAsking(true)}>
            Cancel…
          </button>
        ) : undefined}
      </Progress>
      <Confirm
        open={asking}
        title={rebuild.kind === "ROLLBACK" ? "Stop going back?" : "Cancel the rebuild?"}
        verb="Cancel it"
        keep="Go on"
        reasonHint="Started by mistake"
        error={cancel.error}
        busy={cancel.isPending}
        onClose={() => setAsking(false)}
        onConfirm={(reason) => cancel.mutate({ space, id, reason }, { onSuccess: () => setAsking(false) })}
      >
        <p className="q2">Profiles stay as they are. What was made beside them is removed.</p>
      </Confirm>
    </>
  )
}

const Past = ({ rebuild }: { readonly rebuild: RebuildFacts }) => (
  <li className="sec2">
    <div className="row">
      <span className="b">{whatOf(rebuild)}</span>
      <span className="lbl ml" title={exact(rebuild.requestedAt)}>
        {moment(rebuild.finishedAt ?? rebuild.requestedAt)}
      </span>
    </div>
    <p className={rebuild.state === "FAILED" ? "bad" : "q2"}>{wordsOf(rebuild)}</p>
    <p className="lbl">
      {actorText(rebuild.actor)}: {rebuild.reason}
    </p>
  </li>
)

export const RebuildPanel = () => {
  const { id: space } = useSpace()
  const may = useMay("admin")
  const [asking, setAsking] = useState(false)
  const [every, setEvery] = useState(5000)
  const query = useData(rebuilds, { space }, { every })
  const back = useChange(rollbackRebuild)
  const moving = query.data?.rebuilds.find(underWay)
  const wanted = moving === undefined ? 5000 : 700
  if (wanted !== every) setEvery(wanted)
  const previous = query.data?.previousProfiles
  return (
    <aside className="card" aria-label="Rebuilds">
      <h2 className="h">Rebuilds</h2>
      <div className="scroll" tabIndex={0}>
        <QueryView query={query} rows={3}>
          {({ rebuilds: all }) => (
            <>
              {moving === undefined ? undefined : (
                <div className="sec2">
                  <RebuildProgress rebuild={moving} />
                </div>
              )}
              {all.every(underWay) && moving === undefined ? (
                <Empty title="Profiles were never rebuilt">
                  A run that is done can replace all profiles by its own, beside the live ones and then at once. For 7
                  days there is a way back.
                </Empty>
              ) : (
                <ul>
                  {all
                    .filter((each) => !underWay(each))
                    .map((each) => (
                      <Past key={each.id} rebuild={each} />
                    ))}
                </ul>
              )}
            </>
          )}
        </QueryView>
      </div>
      {previous == null ? undefined : (
        <div className="f">
          <span className="q2">
            Profiles from before {moment(previous.replacedAt)} are kept until {moment(previous.keptUntil)}.
          </span>
          <button
            className="btn ml"
            type="button"
            disabled={!may || moving !== undefined}
            onClick={() => setAsking(true)}
          >
            Go back…
          </button>
        </div>
      )}
      <Confirm
        open={asking}
        title="Go back to the profiles from before the rebuild?"
        verb="Go back"
        keep="Keep the rebuilt ones"
        reasonHint="Too many families were split"
        error={back.error}
        busy={back.isPending}
        onClose={() => setAsking(false)}
        onConfirm={(reason) => back.mutate({ space, reason }, { onSuccess: () => setAsking(false) })}
      >
        <p className="q2">
          What came since is resolved under their rules first, so nothing is lost; these rules are saved as a new
          version. It runs beside the live profiles, and can itself be taken back.
        </p>
      </Confirm>
    </aside>
  )
}

/** Two ways to make the rules of a run real (IDR-193): for new events only, or for all profiles. Both say what follows first. */
import { useChange, useData, useSpace } from "../../api/hooks.ts"
import { Confirm } from "../../parts/Dialog.tsx"
import { count, plural } from "../../words.ts"
import { rulesImpact } from "../rules/rules.gql.ts"
import { inputOf } from "../rules/rules-draft.ts"
import { type Figures, type Pair, signed } from "./summary.ts"
import { applyWhatIf, type RunFacts, type WhatIfRulesData } from "./what-if.gql.ts"

export type ApplyMode = "RULES_ONLY" | "REBUILD"

interface ApplyProps {
  readonly run: RunFacts
  readonly figures: Figures
  readonly rules: NonNullable<WhatIfRulesData["whatIf"]>["rules"] | undefined
  readonly mode: ApplyMode | undefined
  readonly onClose: () => void
}

/** Which profiles keep more than the rules allow, when nothing is rebuilt. */
const Outside = ({ rules }: Pick<ApplyProps, "rules">) => {
  const { id: space } = useSpace()
  const input = rules === undefined ? undefined : inputOf(rules)
  const { data } = useData(
    rulesImpact,
    { space, rules: input ?? { identifiers: [] } },
    { enabled: input !== undefined }
  )
  const impact = data?.rulesImpact
  if (impact === undefined) return <li>Counting the profiles that hold more …</li>
  const some = `${impact.complete ? "" : "At least "}${plural(impact.profiles, "profile")}`
  return (
    <li>
      {impact.profiles === 0
        ? "No profile holds more than they allow."
        : `${some} ${impact.profiles === 1 ? "holds" : "hold"} more than they allow, and ${impact.profiles === 1 ? "keeps" : "keep"} it.`}
    </li>
  )
}

const became = ({ before, after }: Pair, one: string) =>
  `${plural(before, one)} become ${count(after)} (${signed({ before, after })})`

const kinds = [
  ["split", "split"],
  ["regrouped", "regrouped"],
  ["merged", "merged"],
  ["appeared", "new"],
  ["vanished", "gone"]
] as const

const Consequences = ({ figures }: Pick<ApplyProps, "figures">) => {
  const parts = kinds.flatMap(([kind, word]) => {
    const n = figures.clusters[kind] ?? 0
    return n === 0 ? [] : [`${count(n)} ${word}`]
  })
  return (
    <>
      <li>
        {became(figures.profiles, "profile")}
        {parts.length === 0 ? "" : `: ${parts.join(", ")}`}.
      </li>
      <li>Everything is resolved again beside the live profiles; events are accepted and profiles answer meanwhile.</li>
      <li>Then all change at once. Every id that was ever given out goes on leading to a profile.</li>
      {figures.operationsSkipped === 0 ? undefined : (
        <li className="warn">
          {plural(figures.operationsSkipped, "split, un-merge or the like", "splits, un-merges and the like")} by people{" "}
          {figures.operationsSkipped === 1 ? "is" : "are"} not repeated.
        </li>
      )}
      <li>For 7 days you can go back.</li>
    </>
  )
}

export const Apply = ({ run, figures, rules, mode, onClose }: ApplyProps) => {
  const apply = useChange(applyWhatIf)
  const next = run.baseVersion + 1
  const rebuild = mode === "REBUILD"
  const inForce = run.state === "APPLIED"
  return (
    <Confirm
      open={mode !== undefined}
      title={rebuild ? "Rebuild all profiles under these rules?" : `Save these rules as v${next}?`}
      verb={rebuild ? "Rebuild profiles" : `Save as v${next}`}
      keep="Leave as it is"
      reasonHint="One e-mail address per person"
      error={apply.error}
      busy={apply.isPending}
      onClose={() => {
        apply.reset()
        onClose()
      }}
      onConfirm={(reason) => apply.mutate({ id: run.id, mode: mode ?? "RULES_ONLY", reason }, { onSuccess: onClose })}
    >
      <ul className="dots">
        {rebuild ? (
          <>
            {inForce ? undefined : <li>The rules are saved as v{next}, for everything that comes and has come.</li>}
            <Consequences figures={figures} />
          </>
        ) : (
          <>
            <li>They apply to events from here on. Profiles stay as they are.</li>
            <Outside rules={rules} />
          </>
        )}
      </ul>
    </Confirm>
  )
}

/** What a draft of the rules would do to the profiles there are, and what the service refuses of it (IDR-157, IDR-158). */
import { useMemo } from "react"
import { ApiError } from "../../api/client.ts"
import { useData, useSpace } from "../../api/hooks.ts"
import { useSettled } from "../../parts/settled.ts"
import { plural } from "../../words.ts"
import { rulesImpact, type RulesDocument } from "./rules.gql.ts"
import { inputOf, placeProblems } from "./rules-draft.ts"

export const useImpact = (draft: RulesDocument, enabled: boolean) => {
  const { id: space } = useSpace()
  const input = useMemo(() => inputOf(draft), [draft])
  const rules = useSettled(input)
  const { data, error, isPlaceholderData } = useData(rulesImpact, { space, rules }, { enabled, keep: true })
  /** The answer is about what the draft is now. */
  const current = rules === input && !isPlaceholderData
  const problems = error instanceof ApiError && current ? placeProblems(error.problems, rules) : []
  const impact = data?.rulesImpact
  const outside = new Map(impact?.types.map(({ type, collection, profiles }) => [`${collection}:${type}`, profiles]))
  const some = impact === undefined ? "" : `${impact.complete ? "" : "At least "}${plural(impact.profiles, "profile")}`
  const sentence =
    error !== null && current
      ? problems.length > 0
        ? `${plural(problems.length, "value")} of it ${problems.length === 1 ? "is" : "are"} refused: see above.`
        : error.message
      : impact === undefined || !current
        ? "Counting the profiles that hold more …"
        : impact.profiles === 0
          ? "No profile holds more than these rules allow."
          : `${some} ${impact.profiles === 1 ? "holds more. It keeps what it has." : "hold more. They keep what they have."}`
  return {
    input,
    problems,
    outside,
    sentence,
    refused: error !== null && current,
    /** The input, once the service has taken it. */
    accepted: error === null && current && impact !== undefined ? input : undefined
  }
}

/** The history of two people under a limit that would have let them be one: a what-if run of whoever is connected with them. */
import { useNavigate } from "@tanstack/react-router"
import { FlaskConical } from "lucide-react"
import { useChange, useData, useSpace } from "../../api/hooks.ts"
import { Failed } from "../../parts/States.tsx"
import { currentRules, startWhatIf } from "../rules/rules.gql.ts"
import { inputOf, limits } from "../rules/rules-draft.ts"
import type { Named } from "./use-identifier.ts"

interface TryLimitProps {
  readonly type: string
  /** That was in the way. */
  readonly limit: number
  readonly people: ReadonlyArray<Named>
}

export const TryLimit = ({ type, limit, people }: TryLimitProps) => {
  const { id: space, slug } = useSpace()
  const navigate = useNavigate()
  const rules = useData(currentRules, { space }).data?.space?.rules
  const start = useChange(startWhatIf)
  const next = Math.min(limits.max, limit + 1)
  const run = () => {
    if (rules == null) return
    const identifiers = rules.identifiers.map((rule) => (rule.type === type ? { ...rule, limit: next } : rule))
    start.mutate(
      { space, rules: inputOf({ ...rules, identifiers }), scope: { identifiers: people } },
      {
        onSuccess: ({ startWhatIf: { id } }) =>
          void navigate({ to: "/s/$space/what-if/$id", params: { space: slug, id } })
      }
    )
  }
  return (
    <>
      <button className="btn" type="button" disabled={rules == null || start.isPending} onClick={run}>
        <FlaskConical size={14} aria-hidden="true" />
        Try {next} {type} on these two
      </button>
      {start.error === null ? undefined : <Failed error={start.error} />}
    </>
  )
}

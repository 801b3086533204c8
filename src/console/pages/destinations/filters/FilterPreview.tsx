/** What a filter does to an event, saved or not, as one edits it: sent, dropped, or sent in another way (DST-63). */
import { useQuery } from "@tanstack/react-query"
import { useMemo } from "react"
import { runChange } from "../../../api/public-api.ts"
import type { Filter } from "../../../api/public-types.ts"
import { previewFilter } from "../../../api/requests.ts"
import { Json } from "../../../parts/Json.tsx"
import { useSettled } from "../../../parts/settled.ts"
import { Failed } from "../../../parts/States.tsx"
import type { TabProps } from "../Destination.tsx"
import { EventBox } from "../EventBox.tsx"
import { useEvent } from "../use-event.ts"

type Said = Pick<Filter, "if" | "actions">

const verdictOf = (input: unknown, result: unknown, error: string | undefined): readonly [string, string] => {
  if (error !== undefined) return ["It cannot be decided, so the event is not sent", "bad"]
  if (result === null) return ["The event is not sent", "warn"]
  return JSON.stringify(input) === JSON.stringify(result)
    ? ["The event is sent as it is", "good"]
    : ["The event is sent, changed", "good"]
}

export const FilterPreview = ({ destination, filter }: TabProps & { readonly filter: Said }) => {
  const { text, setText, problem, event } = useEvent(destination.sourceId, filter.if)
  const key = JSON.stringify({ filter: { if: filter.if, actions: filter.actions }, event })
  const asked = useSettled(useMemo(() => key, [key]))
  const query = useQuery({
    queryKey: ["filter-preview", asked],
    queryFn: () => {
      const { filter: said, event: payload } = JSON.parse(asked) as { readonly filter: Said; readonly event: unknown }
      return runChange(previewFilter(said, payload))
    },
    enabled: problem === undefined,
    retry: false
  })
  const answer = query.data
  const [verdict, tone] = answer === undefined ? ["", ""] : verdictOf(answer.inputPayload, answer.result, answer.error)
  return (
    <section className="card" aria-label="Try it">
      <h2 className="h">On this event</h2>
      <EventBox source={destination.sourceId} text={text} problem={problem} onChange={setText} />
      <div className="sec2" role="status">
        {query.error === null ? (
          <>
            <span className={`finding ${tone}`}>{verdict}</span>
            {answer?.error === undefined ? undefined : <p className="q2">{answer.error}</p>}
          </>
        ) : (
          <Failed error={query.error} />
        )}
      </div>
      {answer?.result == null || JSON.stringify(answer.inputPayload) === JSON.stringify(answer.result) ? undefined : (
        <div className="scroll pad" tabIndex={0}>
          <Json value={answer.result} />
        </div>
      )}
    </section>
  )
}

/** Tries a mapping as it stands in the editor, saved or not: one real event, one real request (DEL-63). */
import { Send } from "lucide-react"
import { useMayConnect } from "../../../api/hooks.ts"
import { useApiTry } from "../../../api/public-api.ts"
import type { TestResult } from "../../../api/public-types.ts"
import { testEvent } from "../../../api/requests.ts"
import { Failed } from "../../../parts/States.tsx"
import type { TabProps } from "../Destination.tsx"
import { EventBox } from "../EventBox.tsx"
import { TestedCalls } from "../TestedCalls.tsx"
import type { useEvent } from "../use-event.ts"

interface MappingTesterProps extends TabProps {
  readonly subscription: object
  readonly subscriptionId: string | undefined
  readonly trial: ReturnType<typeof useEvent>
}

export const MappingTester = ({ destination, subscription, subscriptionId, trial }: MappingTesterProps) => {
  const may = useMayConnect()
  const test = useApiTry<TestResult>()
  const { text, setText, problem, event } = trial
  const send = () =>
    test.mutate(
      testEvent(destination.id, {
        event,
        subscription,
        ...(subscriptionId === undefined ? {} : { subscriptionId })
      })
    )
  return (
    <section className="card" aria-label="Try it">
      <h2 className="h">Try it with an event</h2>
      <div className="scroll col" tabIndex={0}>
        <EventBox source={destination.sourceId} text={text} problem={problem} onChange={setText} />
        {test.error === null ? undefined : <Failed error={test.error} />}
        {test.data === undefined ? undefined : <TestedCalls result={test.data} sent={event} stack />}
      </div>
      <div className="f">
        <button className="btn" type="button" disabled={!may || problem !== undefined || test.isPending} onClick={send}>
          <Send size={14} aria-hidden="true" />
          {test.isPending ? "Sending ..." : "Send this event"}
        </button>
        <span className="q2 el">It is real: it arrives at the destination.</span>
      </div>
    </section>
  )
}

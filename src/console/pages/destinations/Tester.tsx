/** The event tester (DEL-60 to DEL-62): sends one real event past filters, to the enabled mappings, and tells what was asked and answered. */
import { useSearch } from "@tanstack/react-router"
import { Send } from "lucide-react"
import { useState } from "react"
import { useMayConnect } from "../../api/hooks.ts"
import { useApiTry } from "../../api/public-api.ts"
import type { TestResult } from "../../api/public-types.ts"
import { testEvent } from "../../api/requests.ts"
import { Check } from "../../parts/Check.tsx"
import { Empty, Failed, Loading } from "../../parts/States.tsx"
import type { TabProps } from "./Destination.tsx"
import { EventBox } from "./EventBox.tsx"
import { TestedCalls } from "./TestedCalls.tsx"
import { useEvent } from "./use-event.ts"

const Tester = ({ destination }: TabProps) => {
  const may = useMayConnect()
  const { message } = useSearch({ from: "/app/s/$space/destinations/$id/$tab" })
  const { text, setText, problem, event } = useEvent(destination.sourceId, "", message)
  const [sure, setSure] = useState(false)
  const test = useApiTry<TestResult>()
  const name = destination.name ?? destination.metadata.name
  return (
    <div className="side2 tester">
      <section className="card" aria-label="Event">
        <h2 className="h">Event</h2>
        <EventBox source={destination.sourceId} text={text} problem={problem} onChange={setText} />
        <div className="sec2 col g8">
          <Check on={sure} onChange={setSure}>
            It is a real event: it arrives at {name}
          </Check>
          <button
            className="btn p"
            type="button"
            disabled={!may || !sure || problem !== undefined || test.isPending}
            onClick={() => test.mutate(testEvent(destination.id, { event }))}
          >
            <Send size={14} aria-hidden="true" />
            {test.isPending ? "Sending ..." : "Send event"}
          </button>
          <p className="q2">
            Filters and other rules are not applied, only enabled mappings are. Nothing is counted or sent again.
          </p>
        </div>
      </section>
      <section className="card" aria-label="Result">
        <div className="scroll col" tabIndex={0}>
          {test.isPending ? (
            <Loading rows={6} />
          ) : test.error !== null ? (
            <Failed error={test.error} />
          ) : test.data === undefined ? (
            <Empty title="Nothing has been sent">
              You see here which mappings match, what each asks of {name}, and what it answers.
            </Empty>
          ) : (
            <TestedCalls result={test.data} sent={test.variables} />
          )}
        </div>
      </section>
    </div>
  )
}

export default Tester

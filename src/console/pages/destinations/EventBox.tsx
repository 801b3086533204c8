/** An event to try things on: one that has come from the source, a made-up one, or one's own (DEL-60, DEL-65). */
import { useId } from "react"
import { useData, useSpace } from "../../api/hooks.ts"
import { type JsonProblem, problemText } from "../../json-problem.ts"
import { JsonEditor } from "../../parts/JsonEditor.tsx"
import { callName, clock } from "../../words.ts"
import { sourceEvents } from "./destinations.gql.ts"
import { eventText, sampleOf, sampleTypes } from "./event-sample.ts"

interface EventBoxProps {
  readonly source: string
  readonly text: string
  readonly problem: JsonProblem | undefined
  readonly onChange: (text: string) => void
}

export const useSourceEvents = (source: string) => {
  const { id: space } = useSpace()
  return useData(sourceEvents, { space, source })
}

export const EventBox = ({ source, text, problem, onChange }: EventBoxProps) => {
  const said = useId()
  const { data } = useSourceEvents(source)
  const recent = data?.liveEvents ?? []
  const choose = (key: string) => {
    const [kind, which = ""] = key.split(":")
    if (kind === "made") onChange(eventText(sampleOf(sampleTypes.find((type) => type === which)!)))
    const found = recent.find(({ id }) => kind === "live" && id === which)
    if (found !== undefined) onChange(eventText(found.raw))
  }
  return (
    <>
      <div className="filters">
        <select
          className="input grow"
          aria-label="Take an event"
          value=""
          onChange={(event) => choose(event.target.value)}
        >
          <option value="">Take an event ...</option>
          <optgroup label={recent.length === 0 ? "Nothing has come of late" : "Came of late"}>
            {recent.map(({ id, type, event, receivedAt, identifier }) => (
              <option key={id} value={`live:${id}`}>
                {clock(receivedAt)} {callName(type, event)} {identifier ?? ""}
              </option>
            ))}
          </optgroup>
          <optgroup label="Made up">
            {sampleTypes.map((type) => (
              <option key={type} value={`made:${type}`}>
                {type}
              </option>
            ))}
          </optgroup>
        </select>
      </div>
      <JsonEditor label="Event as JSON" value={text} problem={problem} describedBy={said} onChange={onChange} />
      <p id={said} className={problem === undefined ? "sr" : "bad pad"} role="status">
        {problem === undefined ? "" : problemText(problem)}
      </p>
    </>
  )
}

/** The event of a tester: what is typed, else the one that was asked for, the newest of the source that fits, or a made-up one. */
import { useState } from "react"
import { useData, useSpace } from "../../api/hooks.ts"
import { jsonProblem } from "../../json-problem.ts"
import { storedEvent } from "../explain/explain.gql.ts"
import { useSourceEvents } from "./EventBox.tsx"
import { eventText, sampleOf, typeIn } from "./event-sample.ts"

interface Raw {
  readonly type?: unknown
}

export const useEvent = (source: string, trigger: string, messageId?: string) => {
  const [typed, setTyped] = useState<string | undefined>()
  const { data } = useSourceEvents(source)
  const type = typeIn(trigger)
  const { id: space } = useSpace()
  const asked = useData(storedEvent, { space, message: messageId ?? "" }, { enabled: messageId !== undefined })
  const newest = data?.liveEvents.find(({ raw }) => (raw as Raw).type === type)
  const text = typed ?? eventText(asked.data?.event?.raw ?? newest?.raw ?? sampleOf(type))
  const problem = jsonProblem(text)
  return { text, setText: setTyped, problem, event: problem === undefined ? (JSON.parse(text) as unknown) : undefined }
}

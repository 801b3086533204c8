/** The event of a tester: what is typed, else the newest of the source that fits, else a made-up one. */
import { useState } from "react"
import { jsonProblem } from "../../json-problem.ts"
import { useSourceEvents } from "./EventBox.tsx"
import { eventText, sampleOf, typeIn } from "./event-sample.ts"

interface Raw {
  readonly type?: unknown
}

export const useEvent = (source: string, trigger: string, messageId?: string) => {
  const [typed, setTyped] = useState<string | undefined>()
  const { data } = useSourceEvents(source)
  const type = typeIn(trigger)
  const recent = data?.liveEvents ?? []
  const found =
    recent.find((event) => messageId !== undefined && event.messageId === messageId) ??
    recent.find(({ raw }) => (raw as Raw).type === type)
  const text = typed ?? eventText(found?.raw ?? sampleOf(type))
  const problem = jsonProblem(text)
  return { text, setText: setTyped, problem, event: problem === undefined ? (JSON.parse(text) as unknown) : undefined }
}

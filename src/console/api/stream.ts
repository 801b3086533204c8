/**
 * Subscriptions over server-sent events. Ends as the service ends it; every failure is an `ApiError`, also a connection that has
 * gone silent: the service says something every few seconds, if only that it is there.
 *
 * Not here: going on where one was, which only the subscriber knows how to ask for.
 */
import { type Answer, answerIn, dataIn, post, unreachable } from "./client.ts"
import type { Operation } from "./operation.ts"

const silentMs = 40_000

interface Received {
  readonly event: string
  readonly data: string
}

/** Takes pieces of a stream, which may end anywhere, and gives the events that they complete. Comments are no events. */
export const makeEventParser = (): ((piece: string) => ReadonlyArray<Received>) => {
  let rest = ""
  return (piece) => {
    const blocks = (rest + piece.replaceAll("\r", "")).split("\n\n")
    rest = blocks.pop() ?? ""
    return blocks.flatMap((block) => {
      const lines = block.split("\n")
      const valuesOf = (field: string) =>
        lines.flatMap((line) => (line.startsWith(`${field}:`) ? [line.slice(field.length + 1).replace(/^ /, "")] : []))
      const [event] = valuesOf("event")
      return event === undefined ? [] : [{ event, data: valuesOf("data").join("\n") }]
    })
  }
}

interface Subscriber<Data> {
  /** The service has taken the subscription: what happens from now on is told. */
  readonly onOpen?: () => void
  readonly onData: (data: Data) => void
}

export const subscribe = async <Data, Variables>(
  operation: Operation<Data, Variables>,
  variables: Variables,
  spaceId: string,
  signal: AbortSignal,
  { onOpen, onData }: Subscriber<Data>
): Promise<void> => {
  const silence = new AbortController()
  const either = AbortSignal.any([signal, silence.signal])
  let timer = setTimeout(() => silence.abort(), silentMs)
  try {
    const response = await post(operation, variables, { accept: "text/event-stream", spaceId, signal: either })
    const isStream = response.headers.get("content-type")?.startsWith("text/event-stream") === true
    if (!isStream || response.body === null) {
      await answerIn<Data>(response)
      return
    }
    onOpen?.()
    const parse = makeEventParser()
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      clearTimeout(timer)
      timer = setTimeout(() => silence.abort(), silentMs)
      for (const { event, data } of parse(value)) {
        if (event === "complete") return
        if (event === "next") onData(dataIn(JSON.parse(data) as Answer<Data>, response.status))
      }
    }
  } catch (error) {
    if (signal.aborted || !(error instanceof TypeError || silence.signal.aborted)) throw error
    unreachable()
  } finally {
    clearTimeout(timer)
    silence.abort()
  }
}

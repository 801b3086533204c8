/** Subscriptions as clients have them: SSE by `fetch`, WebSocket by the official client of the protocol. Both read alike. */
import { type Client, type ClientOptions, createClient } from "graphql-ws"
import { WebSocket } from "ws"

// oxlint-disable-next-line typescript/no-explicit-any -- bodies are compared, not computed with
type Item = any

export interface Stream {
  /** The next result; fails when there is none any more. */
  readonly next: () => Promise<Item>
  /** Waits for the end: `complete` or `broken off`; of a socket, the code with which it was closed. */
  readonly end: () => Promise<unknown>
  readonly close: () => void
}

interface Where {
  readonly url: string
  readonly path?: string
  readonly secret?: string
  /** Sent with the request, or with the upgrade. */
  readonly headers?: Readonly<Record<string, string>>
}

const failed = (what: unknown) => new Error(`the stream ended: ${JSON.stringify(what)}`)

export const overSse = async (where: Where, query: string, variables: object): Promise<Stream> => {
  const { url, path = "/graphql", secret, headers } = where
  const abort = new AbortController()
  const response = await fetch(`${url}${path}`, {
    method: "POST",
    signal: abort.signal,
    headers: {
      ...(secret === undefined ? undefined : { authorization: `Bearer ${secret}` }),
      "content-type": "application/json",
      accept: "text/event-stream",
      ...headers
    },
    body: JSON.stringify({ query, variables })
  })
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  let text = ""
  const next = async (): Promise<Item> => {
    for (;;) {
      const match = /event: next\ndata: (.*)\n\n/.exec(text)
      if (match !== null) {
        text = text.slice(match.index + match[0].length)
        return JSON.parse(match[1]!)
      }
      const { done, value } = await reader.read()
      if (done) throw failed(text)
      text += value
    }
  }
  const end = async (): Promise<unknown> => {
    for (;;) {
      if (/event: complete\n/.test(text)) return "complete"
      const read = await reader.read().catch(() => "broken off" as const)
      if (read === "broken off") return read
      if (read.done) return "broken off"
      text += read.value
    }
  }
  return { next, end, close: () => abort.abort() }
}

/** Never comes again by itself: a test sees how a connection ends. */
export const socketClient = (
  { url, path = "/graphql", secret, headers = {} }: Where,
  options: Partial<ClientOptions> = {}
): Client =>
  createClient({
    url: `${url.replace("http", "ws")}${path}`,
    webSocketImpl: class extends WebSocket {
      constructor(address: string, protocols: string) {
        super(address, protocols, { headers })
      }
    },
    retryAttempts: 0,
    ...options,
    ...(secret === undefined ? undefined : { connectionParams: { authorization: `Bearer ${secret}` } })
  })

/** The code with which the server closed the socket, or the status with which it refused to open one. */
export const closing = (error: unknown): unknown => {
  if (typeof error !== "object" || error === null) return error
  if ("code" in error) return error.code
  const refused = "message" in error ? /^Unexpected server response: (\d+)$/.exec(String(error.message)) : null
  return refused === null ? error : Number(refused[1])
}

/** Says nothing when it stands: behind a `resume` token nothing is missed. */
export const overSocket = async (where: Where, query: string, variables: object): Promise<Stream> => {
  const closed = Promise.withResolvers<unknown>()
  // Not lazy: it would leave by itself behind the last result.
  const client = socketClient(where, {
    lazy: false,
    onNonLazyError: () => {},
    on: { closed: (event) => closed.resolve(closing(event)) }
  })
  const results = client.iterate({ query, variables: variables as Record<string, unknown> })
  return {
    next: async () => {
      const { done, value } = await results.next()
      if (done === true) throw failed("complete")
      return value
    },
    end: () => closed.promise,
    close: () => void client.dispose()
  }
}

export const transports = { SSE: overSse, WebSocket: overSocket } as const

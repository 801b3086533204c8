/** Requests that wait for their commit, and the batch that one statement stores. Plain data, no I/O. */
import { hash } from "node:crypto"
import type { AppendRequest, LogUnavailable } from "./event-log.ts"
import type { SeenSet } from "./seen-set.ts"

/** A request in front of the commit. */
export class Waiting {
  readonly request: AppendRequest
  readonly bytes: number
  /** `performance.now()` of its arrival. */
  readonly since: number
  settled = false
  #hashes: { readonly texts: ReadonlyArray<string>; readonly words: Uint32Array } | undefined

  constructor(request: AppendRequest, bytes: number, since: number) {
    this.request = request
    this.bytes = bytes
    this.since = since
  }

  /** The hashes of its events: as uuid texts, and as four words each (in the byte order of this machine). */
  get hashes() {
    return (this.#hashes ??= hashesOf(this.request))
  }

  /** Answers the request; later answers are ignored. */
  settle(error: LogUnavailable | undefined, duplicates: ReadonlyArray<number>): void {
    if (this.settled) return
    this.settled = true
    try {
      this.request.done(error, duplicates.length, duplicates)
    } catch {
      // The caller's problem must not become that of the other requests of the batch.
    }
  }
}

const hashesOf = ({ events }: AppendRequest) => {
  const words = new Uint32Array(events.length * 4)
  const bytes = Buffer.from(words.buffer)
  const texts = events.map((event, i) => {
    const hex = hash("sha256", event.dedupKey, "hex")
    bytes.write(hex.slice(0, 32), i * 16, "hex")
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`
  })
  return { texts, words }
}

/** Bytes that a request holds in memory, roughly. */
export const bytesOf = ({ events }: AppendRequest): number => {
  let bytes = 0
  for (const event of events) bytes += event.body.length + 100
  return bytes
}

/** What one statement stores: the events of some requests without those that were seen before. */
export interface Batch {
  readonly count: number
  readonly receivedAt: number
  readonly sources: ReadonlyArray<number>
  readonly bodies: ReadonlyArray<Uint8Array>
  readonly hashes: ReadonlyArray<string>
  /** The same hashes, 16 bytes each. */
  readonly packed: Uint8Array
  readonly words: Uint32Array
  /** Per request: which of its events were stored before. */
  readonly duplicates: ReadonlyArray<ReadonlyArray<number>>
}

export const none: ReadonlyArray<number> = []

/** First accepted wins, also within a batch (ING-65). */
export const assemble = (waiting: ReadonlyArray<Waiting>, seen: SeenSet): Batch => {
  let most = 0
  for (const { request } of waiting) most += request.events.length
  const sources: Array<number> = []
  const bodies: Array<Uint8Array> = []
  const hashes: Array<string> = []
  const words = new Uint32Array(most * 4)
  const inBatch = new Set<string>()
  let receivedAt = 0
  const duplicates = waiting.map(({ request, hashes: own }) => {
    let repeated: Array<number> | undefined
    receivedAt = Math.max(receivedAt, request.receivedAt)
    for (let i = 0; i < request.events.length; i++) {
      const text = own.texts[i]!
      if (inBatch.has(text) || seen.has(own.words, i * 4)) {
        ;(repeated ??= []).push(i)
        continue
      }
      inBatch.add(text)
      const event = request.events[i]!
      for (let w = 0; w < 4; w++) words[hashes.length * 4 + w] = own.words[i * 4 + w]!
      sources.push(event.source)
      bodies.push(event.body)
      hashes.push(text)
    }
    return repeated ?? none
  })
  const count = hashes.length
  const packed = new Uint8Array(words.buffer, 0, count * 16)
  return { count, receivedAt, sources, bodies, hashes, packed, words, duplicates }
}

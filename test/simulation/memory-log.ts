/**
 * The event log and its history as a list: what the ports promise and no more. Their calls pass the gate of the stage, too.
 * What is replayed is read whole before its first page, as from the archive, so a page may be older than a deletion.
 */
import { Effect, Layer, Stream } from "effect"
import { byReplayOrder, type ReceivedRange, type ReplayEvent, History } from "../../src/archive/history.ts"
import { EventLog, type LogEvent, LogUnavailable, type Position } from "../../src/log/event-log.ts"
import { hash128 } from "../../src/platform/hash.ts"
import { Injected, type Stage } from "./stage.ts"

const encoder = new TextEncoder()
const failure = () => new LogUnavailable({ cause: new Injected("the log is away") })

/** An event as it was accepted; also when it was removed later. */
export interface Accepted extends LogEvent {
  readonly message: Readonly<Record<string, unknown>>
  readonly timestamp: number
  readonly receivedAt: number
  readonly messageId: string
}

interface Range {
  readonly after: Position
  readonly upTo: Position
  readonly sources?: ReadonlyArray<number> | undefined
}

export class MemoryLog {
  readonly accepted: Array<Accepted> = []
  /** What people who were deleted had sent. */
  readonly erased = new Set<Position>()
  private readonly listeners = new Set<() => void>()
  private readonly stage: Stage
  private readonly pageSize: number
  private position: Position = 0

  constructor(stage: Stage, pageSize: number) {
    this.stage = stage
    this.pageSize = pageSize
  }

  /** `gap`: positions that events of other spaces take in between. A message id that comes again is a redelivery. */
  append(message: Readonly<Record<string, unknown>>, source: number, gap: number): void {
    this.position += 1 + gap
    const messageId = String(message["messageId"])
    const body = JSON.stringify(message)
    this.accepted.push({
      position: this.position,
      source,
      hash: hash128(messageId),
      body: encoder.encode(body),
      message: JSON.parse(body) as Accepted["message"],
      timestamp: Date.parse(String(message["timestamp"])),
      receivedAt: Date.parse(String(message["receivedAt"])),
      messageId
    })
  }

  /** What was appended can be read from here on. */
  release(): void {
    for (const listener of this.listeners) listener()
  }

  get head(): Position {
    return this.position
  }

  private get events(): ReadonlyArray<Accepted> {
    return this.accepted.filter(({ position }) => !this.erased.has(position))
  }

  private call<A>(label: string, f: () => A): Effect.Effect<A, LogUnavailable> {
    return this.stage.call({ label, failure }, Effect.sync(f))
  }

  private within({ after, upTo, sources }: Range): ReadonlyArray<LogEvent> {
    return this.events.filter(
      ({ position, source }) => position > after && position <= upTo && sources?.includes(source) !== false
    )
  }

  private received({ receivedFrom, receivedTo, sources, upTo = this.position }: ReceivedRange): Array<ReplayEvent> {
    return this.events
      .filter(({ position, receivedAt, source }) => {
        const inTime = receivedAt >= receivedFrom && receivedAt < receivedTo
        return inTime && position <= upTo && sources.includes(source)
      })
      .toSorted(byReplayOrder)
  }

  readonly layer = Layer.sync(EventLog, () =>
    EventLog.of({
      offer: () => false,
      queued: () => ({ requests: 0, bytes: 0 }),
      held: () => 0,
      head: () => this.position,
      released: () => this.position,
      read: (options) => this.call("log read", () => this.within(options).slice(0, options.limit)),
      at: (positions) => this.call("log at", () => this.events.filter(({ position }) => positions.includes(position))),
      count: () => Effect.succeed(0),
      onReleased: (listener) =>
        Effect.asVoid(
          Effect.acquireRelease(
            Effect.sync(() => this.listeners.add(listener)),
            () => Effect.sync(() => this.listeners.delete(listener))
          )
        ),
      dropOldPartitions: () => Effect.succeed([])
    })
  )

  readonly history = Layer.sync(History, () =>
    History.of({
      read: (options) => this.call("history read", () => this.within(options).slice(0, options.limit)),
      at: (positions) =>
        this.call("history at", () => this.events.filter(({ position }) => positions.includes(position))),
      count: (options) => this.call("history count", () => this.within(options).length),
      firstPosition: this.call("history first", () => this.events[0]?.position),
      countByTime: (range) => this.call("history count", () => this.received(range).length),
      readByTime: ({ after, ...range }) =>
        Stream.unwrap(
          this.call("history by time", () => {
            const rest = this.received(range).filter((event) => after === undefined || byReplayOrder(event, after) > 0)
            const pages: Array<ReadonlyArray<ReplayEvent>> = []
            for (let i = 0; i < rest.length; i += this.pageSize) pages.push(rest.slice(i, i + this.pageSize))
            return Stream.fromIterable(pages)
          })
        ).pipe(Stream.mapEffect((page) => this.call("history page", () => page))),
      erase: (positions) =>
        this.call("history erase", () => {
          for (const position of positions) this.erased.add(position)
        })
    })
  )
}

/** The event log as a list: what the port promises and no more. Its calls pass the gate of the stage, too. */
import { Effect, Layer } from "effect"
import { EventLog, type LogEvent, LogUnavailable, type Position } from "../../src/log/event-log.ts"
import { hash128 } from "../../src/platform/hash.ts"
import { Injected, type Stage } from "./stage.ts"

const encoder = new TextEncoder()
const failure = () => new LogUnavailable({ cause: new Injected("the log is away") })

export class MemoryLog {
  readonly events: Array<LogEvent> = []
  private readonly listeners = new Set<() => void>()
  private readonly stage: Stage
  private position: Position = 0

  constructor(stage: Stage) {
    this.stage = stage
  }

  /** `gap`: positions that events of other spaces take in between. A message id that comes again is a redelivery. */
  append(message: Readonly<Record<string, unknown>>, source: number, gap: number): void {
    this.position += 1 + gap
    this.events.push({
      position: this.position,
      source,
      hash: hash128(String(message["messageId"])),
      body: encoder.encode(JSON.stringify(message))
    })
  }

  /** What was appended can be read from here on. */
  release(): void {
    for (const listener of this.listeners) listener()
  }

  get head(): Position {
    return this.position
  }

  readonly at: EventLog["Service"]["at"] = (positions) =>
    this.stage.call(
      { label: "log at", failure },
      Effect.sync(() => this.events.filter(({ position }) => positions.includes(position)))
    )

  readonly layer = Layer.sync(EventLog, () =>
    EventLog.of({
      offer: () => false,
      queued: () => ({ requests: 0, bytes: 0 }),
      held: () => 0,
      head: () => this.position,
      released: () => this.position,
      read: ({ after, upTo, limit, sources }) =>
        this.stage.call(
          { label: "log read", failure },
          Effect.sync(() =>
            this.events
              .filter(
                ({ position, source }) => position > after && position <= upTo && sources?.includes(source) !== false
              )
              .slice(0, limit)
          )
        ),
      at: this.at,
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
}

/**
 * The stage that a simulation is played on: nothing happens unless the seed says so.
 *
 * - Every call of a store waits at a gate until it is chosen; one runs at a time, and the next is chosen only when every fiber
 *   has come to rest. So which call comes when is a matter of the seed alone, although the stores are real.
 * - A call may be made to fail, before it took effect or after (the answer is lost), or to be the last of its process.
 * - Inside a transaction its own statements come next: others would wait in the database for its locks.
 * - Time stands still while there is anything to do.
 */
import { Clock, Context, Duration, Effect, Exit } from "effect"

/** A process: what it has in memory is lost when it ends. */
export interface Life {
  readonly no: number
  /** Killed: none of its calls takes effect any more. */
  dead: boolean
  /** Paused (SIGSTOP) until the stage has made so many steps. */
  pausedUntil: number
}

/** The process that a fiber belongs to; calls outside any pass through. */
export const CurrentLife = Context.Reference<Life | undefined>("braid/simulation/Life", {
  defaultValue: () => undefined
})

export class Killed extends Error {
  override readonly name = "Killed"
}
/** What every failure that the simulation makes up has as its cause. */
export class Injected extends Error {
  override readonly name = "Injected"
}

export type Verdict = "run" | "fail" | "lose answer" | "kill" | "kill afterwards"

export interface Call<E> {
  readonly label: string
  /** The transaction that it belongs to, if any. */
  readonly transaction?: object | undefined
  /** Begins or ends that transaction. */
  readonly bounds?: "begin" | "end" | undefined
  readonly failure: () => E
  /** What happens by itself when it does not take effect. */
  readonly otherwise?: Effect.Effect<unknown, E> | undefined
  /** The end of what the database ends by itself when the process is gone. */
  readonly frees?: boolean
}

interface Waiting {
  readonly life: Life
  readonly label: string
  readonly transaction: object | undefined
  readonly go: (verdict: Verdict) => void
}

interface Sleeper {
  readonly at: number
  readonly wake: () => void
}

/** Turns of the event loop without a sign of life after which every fiber rests. */
const quietTurns = 12
/** Longer than any call takes: it waits in the database for what another one holds. */
const patienceMs = 15_000

export class Stage {
  now: number
  steps = 0
  /** What happened, in order. */
  readonly trace: Array<string> = []
  private waiting: Array<Waiting> = []
  private sleepers: Array<Sleeper> = []
  private running = 0
  private signs = 0
  private transaction: object | undefined
  /** The process that it is of. */
  private within: Life | undefined

  constructor(now: number) {
    this.now = now
  }

  /** Passes the call through the gate of its process. */
  call<A, E, R>(
    { label, transaction, bounds, failure, otherwise = Effect.void, frees = false }: Call<E>,
    run: Effect.Effect<A, E, R>
  ): Effect.Effect<A, E, R> {
    return Effect.flatMap(CurrentLife, (life) => {
      if (life === undefined) return run
      const calm = inSystemTime(run)
      if (life.dead) return frees ? this.busy(run) : Effect.die(new Killed())
      let chosen = false
      // A transaction that nobody knows to be open is closed by the server: as if it had not begun.
      const begins = bounds === "begin"
      const turn = Effect.callback<Verdict>((resume) => {
        const one: Waiting = {
          life,
          label,
          transaction,
          go: (verdict) => {
            // The end of another one may have ended it.
            if (!this.waiting.includes(one)) return
            chosen = true
            this.waiting = this.waiting.filter((other) => other !== one)
            this.running += 1
            resume(Effect.succeed(verdict))
          }
        }
        this.waiting.push(one)
        this.signs += 1
        return Effect.sync(() => {
          this.waiting = this.waiting.filter((other) => other !== one)
        })
      })
      const die = Effect.suspend(() => {
        life.dead = true
        return Effect.die(new Killed())
      })
      const perform = (verdict: Verdict): Effect.Effect<A, E, R> => {
        switch (verdict) {
          case "run":
            return calm
          case "fail":
            return Effect.andThen(inSystemTime(otherwise), Effect.fail(failure()))
          case "lose answer":
            return Effect.andThen(begins ? Effect.void : calm, Effect.fail(failure()))
          case "kill":
            return Effect.andThen(inSystemTime(otherwise), die)
          case "kill afterwards":
            return Effect.andThen(begins ? Effect.void : calm, die)
        }
      }
      return turn.pipe(
        Effect.flatMap(perform),
        Effect.onExit((exit) =>
          Effect.sync(() => {
            if (!chosen) return
            if (bounds === "begin" && Exit.isSuccess(exit)) {
              this.transaction = transaction
              this.within = life
            }
            if (bounds === "end" || life.dead) this.transaction = undefined
            this.ended()
          })
        )
      )
    })
  }

  /** Runs at once, and the stage waits for it. */
  busy<A, E, R>(run: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.suspend(() => {
      this.running += 1
      return Effect.ensuring(
        inSystemTime(run),
        Effect.sync(() => this.ended())
      )
    })
  }

  private ended(): void {
    this.running -= 1
    this.signs += 1
  }

  /** Completes when every fiber waits for the stage. */
  async quiet(): Promise<void> {
    const since = performance.now()
    for (let turns = 0, seen = this.signs; turns < quietTurns || this.running > 0; turns++) {
      await new Promise((resolve) => setImmediate(resolve))
      if (performance.now() - since > patienceMs)
        throw new Error(`The call that was made last does not come to an end: ${this.trace.at(-1)}`)
      if (seen === this.signs && this.running === 0) continue
      seen = this.signs
      turns = 0
    }
  }

  /** Calls that may come next. */
  ready(): ReadonlyArray<Waiting> {
    const inside = this.waiting.filter(
      ({ transaction }) => transaction !== undefined && transaction === this.transaction
    )
    if (inside.length > 0) return inside
    // What its process reads beside it comes before what others would wait for its locks with.
    const beside = this.waiting.filter(({ life }) => life === this.within)
    if (this.inTransaction && beside.length > 0) return beside
    return this.waiting.filter(({ life }) => life.pausedUntil <= this.steps)
  }

  get inTransaction(): boolean {
    return this.transaction !== undefined
  }

  /** Whether nothing waits but for time, or for the end of a pause. */
  get idle(): boolean {
    return this.ready().length === 0
  }

  make(one: Waiting, verdict: Verdict): void {
    this.steps += 1
    this.trace.push(`${one.life.no} ${one.label}${verdict === "run" ? "" : ` [${verdict}]`}`)
    one.go(verdict)
  }

  /** A process is gone: what waits does not take effect. */
  bury(life: Life): void {
    life.dead = true
    for (const one of this.waiting) if (one.life === life) one.go("kill")
  }

  /** The next one who sleeps wakes up; false when nobody does. */
  passTime(): boolean {
    const next = this.sleepers.toSorted((a, b) => a.at - b.at)[0]
    if (next === undefined) return false
    this.steps += 1
    this.now = Math.max(this.now, next.at)
    this.sleepers = this.sleepers.filter((other) => other !== next)
    this.trace.push("time")
    this.signs += 1
    next.wake()
    return true
  }

  /** The time of the stage. */
  readonly clock: Clock.Clock = {
    currentTimeMillisUnsafe: () => this.now,
    currentTimeMillis: Effect.sync(() => this.now),
    currentTimeNanosUnsafe: () => BigInt(this.now) * 1_000_000n,
    currentTimeNanos: Effect.sync(() => BigInt(this.now) * 1_000_000n),
    monotonicTimeNanosUnsafe: () => BigInt(this.now) * 1_000_000n,
    monotonicTimeNanos: Effect.sync(() => BigInt(this.now) * 1_000_000n),
    sleep: (duration) =>
      Effect.callback<void>((resume) => {
        const one: Sleeper = {
          at: this.now + Math.ceil(Duration.toMillis(duration)),
          wake: () => resume(Effect.void)
        }
        this.sleepers.push(one)
        this.signs += 1
        return Effect.sync(() => {
          this.sleepers = this.sleepers.filter((other) => other !== one)
        })
      })
  }
}

const systemClock: Clock.Clock = Effect.runSync(Clock.Clock)
const inSystemTime = <A, E, R>(run: Effect.Effect<A, E, R>) => Effect.provideService(run, Clock.Clock, systemClock)

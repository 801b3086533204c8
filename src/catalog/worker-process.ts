/**
 * The worker as the service holds it: started when it is first needed, ended when it has been idle for long, started again with backoff
 * when it ends by itself (`supervise`). Questions that were with it when it ended are answered `RunnerUnavailable`; those that come
 * while it starts wait for it.
 *
 * What the worker does not say is noticed here: no sign of life while it has work, or no answer well after the time of the question.
 */
import { Effect, Latch, Semaphore } from "effect"
import { type ChildProcess, fork } from "node:child_process"
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import type { OAuthTokens } from "./runner.ts"
import { RunnerUnavailable } from "./runner.ts"
import { type Answers, deadlineMs, type FromWorker, type Question, type ToWorker } from "./worker/protocol.ts"

/** Set by the bundler (scripts/build.mjs). */
declare const BRAID_BUNDLED: boolean | undefined

const script = typeof BRAID_BUNDLED === "undefined" ? "./worker/main.ts" : "../../dist/destination-worker.mjs"

export interface WorkerOptions {
  readonly allowPrivate: ReadonlyArray<string>
  /** Questions that may be with the worker at a time; more wait. */
  readonly inFlight?: number
  readonly idleMs?: number
  /** For tests. */
  readonly deadlineMs?: (question: Question) => number
  readonly silenceMs?: number
}

const readyWithinMs = 60_000
/** The worker answers by itself at the deadline; this is for one that cannot. */
const graceMs = 10_000
const maxKept = 5_000
const shownOfStderr = 2_000

type Values = Readonly<Record<string, unknown>>

/** Of an uncaught error its message; Node says its own version last. */
const lastWords = (stderr: string): string => {
  const lines = stderr.trim().split("\n")
  const error = lines.findLast((line) => /^\w*(?:Error|Refused)\b.*:/.test(line))
  return (error ?? lines.at(-1) ?? "").slice(0, 300)
}

interface Waiting {
  readonly resume: (answer: Effect.Effect<Answers[keyof Answers], RunnerUnavailable>) => void
  readonly store: ((tokens: OAuthTokens) => Effect.Effect<void>) | undefined
  /** Ms until the worker is ended because of it. */
  left: number
}

/** One life of the worker. */
export class WorkerLife {
  readonly child: ChildProcess
  readonly ready: Promise<void>
  readonly ended: Promise<string>
  private readonly waiting = new Map<number, Waiting>()
  private numbers = new WeakMap<object, number>()
  private kept = 0
  private outbox: Array<ToWorker> = []
  private lastId = 0
  /** Ms without a sign of life, and without work. */
  private quiet = 0
  private idle = 0
  private stderr = ""
  private reason: string | undefined
  private readonly watch: NodeJS.Timeout
  private readonly options: WorkerOptions
  private isReady = false

  constructor(options: WorkerOptions) {
    this.options = options
    const file = fileURLToPath(new URL(script, import.meta.url))
    if (!existsSync(file)) throw new Error(`${file} is missing: build Braid again (npm run build)`)
    const env: NodeJS.ProcessEnv = {}
    // The worker runs other people's code: nothing of ours is its business. Secrets of vendors are (CAT-14).
    for (const [name, value] of Object.entries(process.env)) if (!/^BRAID_|^NODE_OPTIONS$/.test(name)) env[name] = value
    // Hundreds of files: with what V8 made of them before, it starts sooner.
    env["NODE_COMPILE_CACHE"] = fileURLToPath(new URL("../../dist/compiled", import.meta.url))
    const child = fork(file, [], {
      serialization: "advanced",
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      execArgv: ["--max-old-space-size=768"],
      env
    })
    this.child = child
    child.stderr?.on("data", (chunk: Buffer) => {
      this.stderr = (this.stderr + chunk.toString()).slice(-shownOfStderr)
    })
    const started = Promise.withResolvers<void>()
    this.ready = started.promise
    this.ended = new Promise((resolve) => {
      child.on("error", (error) => this.end(`it could not be started: ${error.message}`))
      child.on("exit", (code, signal) => {
        clearInterval(this.watch)
        const lastLine = code === null ? "" : lastWords(this.stderr)
        const how = signal === null ? `it ended with code ${code}` : `it was ended by ${signal}`
        const reason = this.reason ?? (lastLine === "" ? how : `${how}: ${lastLine}`)
        this.reason = reason
        for (const { resume } of this.waiting.values()) resume(Effect.fail(new RunnerUnavailable({ reason })))
        this.waiting.clear()
        resolve(reason)
      })
    })
    child.on("message", (messages) => {
      this.quiet = 0
      for (const message of messages as ReadonlyArray<FromWorker>) {
        if (message.say === "ready") {
          this.isReady = true
          started.resolve()
        } else this.hear(message)
      }
    })
    const silence = options.silenceMs ?? 20_000
    const tick = Math.min(1_000, silence / 10)
    this.watch = setInterval(() => this.look(tick, silence), tick)
    this.say({ say: "begin", allow: options.allowPrivate, aliveMs: silence / 10 })
  }

  /** Counts turns of our own loop, not the clock: a machine that slept, or this process, is no reason to end the worker. */
  private look(tick: number, silence: number): void {
    this.quiet += tick
    if (!this.isReady) {
      if (this.quiet > readyWithinMs) this.end("it did not start in time")
      return
    }
    if (this.waiting.size === 0) {
      this.idle += tick
      if (this.idle > (this.options.idleMs ?? 600_000)) this.end("")
      return
    }
    if (this.quiet > silence) return this.end(`an action blocked it for ${silence / 1000} s`)
    for (const waiting of this.waiting.values()) {
      waiting.left -= tick
      if (waiting.left < 0) return this.end("it did not answer in time")
    }
  }

  /** Empty `reason`: nothing is wrong. */
  end(reason: string): void {
    this.reason ??= reason
    this.child.kill("SIGKILL")
  }

  get isUsable(): boolean {
    return this.reason === undefined && this.child.connected
  }

  private say(message: ToWorker): void {
    if (this.outbox.push(message) === 1) setImmediate(() => this.flush())
  }

  private flush(): void {
    const messages = this.outbox
    this.outbox = []
    if (this.child.connected) this.child.send(messages, () => {})
  }

  private hear(message: FromWorker): void {
    if (message.say === "answer") {
      const waiting = this.waiting.get(message.id)
      this.waiting.delete(message.id)
      this.idle = 0
      waiting?.resume(Effect.succeed(message.answer))
    } else if (message.say === "store") {
      const { id, tokens } = message
      const done = () => this.say({ say: "stored", id })
      const store = this.waiting.get(id)?.store
      if (store === undefined) done()
      else Effect.runPromise(store(tokens)).then(done, done)
    }
  }

  /** The number by which the worker knows a value; sent when it does not know it yet. */
  keep(value: Values): number {
    let no = this.numbers.get(value)
    if (no === undefined) {
      no = this.kept++
      this.numbers.set(value, no)
      this.say({ say: "keep", no, value })
    }
    return no
  }

  /** Not between the `keep`s of one question and the question. */
  makeRoom(): void {
    if (this.kept < maxKept) return
    this.kept = 0
    this.numbers = new WeakMap()
    this.say({ say: "forget" })
  }

  ask<K extends Question["kind"]>(
    question: Extract<Question, { readonly kind: K }>,
    store: ((tokens: OAuthTokens) => Effect.Effect<void>) | undefined
  ): Effect.Effect<Answers[K], RunnerUnavailable> {
    return Effect.callback((resume) => {
      if (!this.isUsable) return resume(Effect.fail(new RunnerUnavailable({ reason: this.reason || "it is ending" })))
      const id = ++this.lastId
      const ms = (this.options.deadlineMs ?? deadlineMs)(question)
      if (this.waiting.size === 0) this.quiet = this.idle = 0
      this.waiting.set(id, {
        resume: resume as Waiting["resume"],
        store,
        left: ms + graceMs
      })
      this.say({ say: "ask", id, question, ms })
      return Effect.sync(() => {
        if (this.waiting.delete(id)) this.say({ say: "cancel", id })
      })
    })
  }
}

/** How long a question waits for a worker that is being started. */
const waitForWorker = "30 seconds"

/**
 * `run`: the body of the supervised fiber. `use`: the worker that is there, started if need be; fails when none comes up in time.
 */
export const makeWorker = (options: WorkerOptions) => {
  const needed = Latch.makeUnsafe(false)
  const there = Latch.makeUnsafe(false)
  const permits = Semaphore.makeUnsafe(options.inFlight ?? 4_000)
  let current: WorkerLife | undefined

  const left = () => {
    current = undefined
    there.closeUnsafe()
  }

  const life = Effect.acquireUseRelease(
    Effect.sync(() => new WorkerLife(options)),
    (worker) =>
      Effect.gen(function* () {
        const early = yield* Effect.raceFirst(
          Effect.as(
            Effect.promise(() => worker.ready),
            undefined
          ),
          Effect.promise(() => worker.ended)
        )
        if (early !== undefined) return early
        current = worker
        yield* needed.close
        yield* there.open
        return yield* Effect.promise(() => worker.ended)
      }),
    (worker) =>
      Effect.sync(() => {
        if (current === worker) left()
        worker.end("Braid is stopping")
      })
  )

  const run = Effect.gen(function* () {
    while (true) {
      yield* needed.await
      const reason = yield* life
      if (reason !== "") return yield* Effect.fail(new RunnerUnavailable({ reason }))
    }
  })

  const worker = Effect.gen(function* () {
    while (true) {
      const found = current
      if (found?.isUsable === true) return found
      yield* needed.open
      if (found === undefined) yield* there.await
      else {
        yield* Effect.promise(() => found.ended)
        if (current === found) left()
      }
    }
  }).pipe(
    Effect.timeoutOrElse({
      duration: waitForWorker,
      orElse: () => Effect.fail(new RunnerUnavailable({ reason: "its worker does not start" }))
    })
  )

  /** Nearly always the worker is there: then nothing is waited for, and no clock is set. */
  const present = Effect.suspend(() => (current?.isUsable === true ? Effect.succeed(current) : worker))

  const use = <A>(body: (worker: WorkerLife) => Effect.Effect<A, RunnerUnavailable>) =>
    permits.withPermits(1)(Effect.flatMap(present, body))

  /** For tests: the process of the worker that is there. */
  return { run, use, process: () => current?.child }
}

/**
 * The worker process: loads Segment's package, answers questions, ends with the service. Started by `worker-process.ts`.
 *
 * A question that is not done within its time is answered as timed out and its requests are cut; what an action does afterwards is
 * nobody's. An action that blocks the event loop is noticed by the service, which hears nothing any more and ends this process.
 */
import { flushCompileCache } from "node:module"
import { makeEgress, guardSockets, type Egress } from "../../platform/egress.ts"
import { failed } from "../outcome.ts"
import type { OAuthTokens } from "../runner.ts"
import { Executor } from "./executor.ts"
import { loadPackage, type Package } from "./package.ts"
import type { Answers, FromWorker, Question, ToWorker } from "./protocol.ts"
import { makeSeam } from "./seam.ts"

let egress: Egress | undefined
let kit: Package | undefined
let executor: Executor | undefined
const kept = new Map<number, Readonly<Record<string, unknown>>>()
const stops = new Map<number, AbortController>()
const storing = new Map<number, () => void>()

const there = <A>(value: A | undefined): A => {
  if (value === undefined) throw new Error("The worker has not begun")
  return value
}

let outbox: Array<FromWorker> = []
const flush = () => {
  const messages = outbox
  outbox = []
  process.send?.(messages)
}
const tell = (message: FromWorker) => {
  if (outbox.push(message) === 1) setImmediate(flush)
}

const timedOut = (question: Question, ms: number): Answers[keyof Answers] => {
  const message = `The action was not done within ${ms / 1000} s`
  switch (question.kind) {
    case "call":
      return { outcomes: question.events.map(() => failed("ETIMEDOUT", message, true)), exchanges: [] }
    case "test":
      return { ok: false, message }
    case "choices":
      return { choices: [], error: message }
    case "hook":
      return { error: message }
    case "delete":
      return failed("ETIMEDOUT", message, true)
  }
}

const broken = (question: Question, error: unknown): Answers[keyof Answers] => {
  const message = error instanceof Error ? error.message : String(error)
  const outcome = failed("INTERNAL", message, true)
  if (question.kind === "call") return { outcomes: question.events.map(() => outcome), exchanges: [] }
  if (question.kind === "delete") return outcome
  if (question.kind === "test") return { ok: false, message }
  return question.kind === "choices" ? { choices: [], error: message } : { error: message }
}

/** Asks the service to store tokens and waits until it has. */
const store = (id: number, tokens: OAuthTokens) =>
  new Promise<void>((resolve) => {
    storing.set(id, resolve)
    tell({ say: "store", id, tokens })
  })

const ask = (id: number, question: Question, ms: number) => {
  const stop = new AbortController()
  stops.set(id, stop)
  const answer = (result: Answers[keyof Answers]) => {
    if (!stops.delete(id)) return
    clearTimeout(timer)
    storing.delete(id)
    tell({ say: "answer", id, answer: result })
  }
  const timer = setTimeout(() => {
    answer(timedOut(question, ms))
    stop.abort()
  }, ms)
  const settings = kept.get(question.target.settings) ?? {}
  const mapping = question.kind === "call" ? (kept.get(question.mapping) ?? {}) : {}
  const save = (tokens: OAuthTokens) => (question.target.stores ? store(id, tokens) : Promise.resolve())
  there(executor)
    .execute(question, settings, mapping, save, stop)
    .then(answer, (error: unknown) => answer(broken(question, error)))
}

const hear = (message: ToWorker) => {
  switch (message.say) {
    case "begin":
      egress = makeEgress(message.allow)
      guardSockets(egress)
      kit = loadPackage(
        makeSeam(
          () => there(egress),
          () => there(kit)
        )
      )
      executor = new Executor(kit)
      setImmediate(flushCompileCache)
      setInterval(() => {
        if (stops.size > 0) tell({ say: "alive" })
      }, message.aliveMs).unref()
      return tell({ say: "ready" })
    case "keep":
      kept.set(message.no, message.value)
      return
    case "forget":
      kept.clear()
      return
    case "ask":
      return ask(message.id, message.question, message.ms)
    case "cancel":
      stops.get(message.id)?.abort()
      return
    case "stored":
      storing.get(message.id)?.()
      storing.delete(message.id)
  }
}

process.on("message", (messages: ReadonlyArray<ToWorker>) => messages.forEach(hear))
process.on("disconnect", () => process.exit(0))
// The service decides when this process ends, also when both are interrupted at a terminal.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {})
// An action that forgot to await: its call has been answered or will time out, and the others are unharmed.
process.on("unhandledRejection", () => {})

/** What a seed decides before anything happens: the space, its events, what people do in between, how much goes wrong. */
import * as fc from "fast-check"
import { createHash } from "node:crypto"
import type { Message } from "../../src/event/message.ts"
import type { OperationKind } from "../../src/identity/operations/operation.ts"
import { base62 } from "../../src/platform/hash.ts"
import { type RulesDocument, windows } from "../../src/workspace/rules.ts"
import { messagesOf, rulesOf, type RulesShape } from "../identity/support/generators.ts"
import { Dice } from "./dice.ts"

/** A message, and the number of the source that sends it. */
export interface Sent {
  readonly source: number
  readonly message: Message
}

export type PlanStep =
  | { readonly kind: "events"; readonly sent: ReadonlyArray<Sent> }
  /** Events that each carry identifiers of two profiles that are there by then: they merge, or must not. */
  | { readonly kind: "bridges"; readonly many: number; readonly source: number }
  | { readonly kind: "ask"; readonly operation: AskedKind }
  | ConnectStep
  | DisconnectStep
  /** The configuration declares other rules. */
  | { readonly kind: "declare"; readonly rules: RulesDocument }
  /** Somebody asks to be deleted. */
  | { readonly kind: "delete" }

export interface ConnectStep {
  readonly kind: "connect"
  readonly sources: ReadonlyArray<number>
  readonly days: number
  /** What was received from here on is replayed, ms. */
  readonly receivedFrom: number
  /** The processes of the space get to know of it with the next step. */
  readonly late: boolean
}

export interface DisconnectStep {
  readonly kind: "disconnect"
  readonly source: number
  /** Not only when the space has come as far as the log. */
  readonly atOnce: boolean
}

export type AskedKind = Extract<
  OperationKind,
  "delete_identifier" | "undo_merge" | "split" | "revert_split" | "lift_separation" | "save_rules" | "rebuild"
>

export interface Plan {
  readonly seed: number
  readonly spaceId: string
  readonly rules: RulesDocument
  /** What rules are changed to. */
  readonly later: ReadonlyArray<RulesDocument>
  readonly maxMerges: number
  readonly maxMappings: number
  readonly identityBatch: number
  readonly warmIdentifiers: number
  /** Events with this value of the trait `age` never reach the space; with the next one the filter has no answer (IDR-14). */
  readonly filteredAge: number | undefined
  /** Suppressed from the beginning, for one source (IDR-161). */
  readonly suppressed: { readonly userId: string; readonly source: number } | undefined
  /** The first sources of the space, and what they sent before it was made. */
  readonly connected: ConnectStep
  readonly before: ReadonlyArray<Sent>
  readonly steps: ReadonlyArray<PlanStep>
  /** Faults at most, and how probable one is at each call of a store. */
  readonly faults: number
  readonly faultRate: number
}

export const sourceNos = [1, 2, 3] as const

const anything: RulesShape = { windows, binding: true }
const shapes: ReadonlyArray<readonly [number, RulesShape]> = [
  [4, anything],
  [2, { windows: ["ever"], binding: true }],
  [5, { windows: ["ever"], binding: false }]
]

const asked: ReadonlyArray<readonly [number, AskedKind]> = [
  [3, "delete_identifier"],
  [5, "undo_merge"],
  [5, "split"],
  [4, "revert_split"],
  [1, "lift_separation"],
  [2, "save_rules"],
  [1, "rebuild"]
]

/** When the first generated message is received; the others follow second by second. */
const firstReceived = Date.parse("2024-06-20T00:00:00.000Z")

/** Many events of one time, and exactly one window apart. */
const atWeekStart = (message: Message): Message => {
  const weekMs = 7 * 86_400_000
  const timestamp = new Date(Math.floor(Date.parse(message.timestamp) / weekMs) * weekMs).toISOString()
  return { ...message, timestamp, originalTimestamp: timestamp }
}

export const planOf = (seed: number): Plan => {
  const dice = new Dice(seed)
  const one = <A>(arbitrary: fc.Arbitrary<A>): A => fc.sample(arbitrary, { seed: dice.below(2 ** 31), numRuns: 1 })[0]!
  const shape = dice.choose(shapes)
  const otherShape = () => (dice.chance(0.5) ? shape : anything)
  const week = dice.chance(0.3)
  const messages = one(messagesOf([10, 36])).map((message) => (week ? atWeekStart(message) : message))
  const several = dice.chance(0.6)
  const known: Array<Sent> = []
  const send = (many: number): ReadonlyArray<Sent> => {
    const sent = messages.splice(0, many).map((message): Sent => {
      const source = dice.choose<number>([
        [4, 1],
        [3, 2],
        [1, 3]
      ])
      return { source: several ? source : 1, message }
    })
    // Somebody sends again what the log does not know any more.
    if (dice.chance(0.25)) for (let n = dice.between(1, 4); n > 0 && known.length > 0; n--) sent.push(dice.pick(known)!)
    known.push(...sent)
    return sent
  }
  const connect = (sources: ReadonlyArray<number>): ConnectStep => ({
    kind: "connect",
    sources,
    days: dice.choose([
      [1, 0],
      [3, 1],
      [2, 30]
    ]),
    receivedFrom: firstReceived + 1000 * (dice.chance(0.5) ? -1 : dice.between(0, 30)),
    late: dice.chance(0.3)
  })
  const connected = connect(several && dice.chance(0.2) ? [1, 2] : [1])
  const before = dice.chance(0.4) ? send(dice.between(1, 6)) : []
  const steps: Array<PlanStep> = []
  while (messages.length > 0) {
    steps.push({ kind: "events", sent: send(dice.between(1, 6)) })
    if (dice.chance(0.3)) steps.push({ kind: "bridges", many: dice.between(1, 3), source: dice.between(1, 2) })
    while (dice.chance(0.45)) steps.push({ kind: "ask", operation: dice.choose(asked) })
    if (several && dice.chance(0.3)) steps.push(connect(dice.chance(0.3) ? [2, 3] : [dice.between(1, 3)]))
    if (several && dice.chance(0.1))
      steps.push({ kind: "disconnect", source: dice.between(1, 2), atOnce: dice.chance(0.3) })
    if (dice.chance(0.05)) steps.push({ kind: "declare", rules: one(rulesOf(otherShape())) })
    if (dice.chance(0.12)) steps.push({ kind: "delete" })
  }
  return {
    seed,
    spaceId: `spa_${base62(createHash("sha256").update(`simulation ${seed}`).digest().subarray(0, 16), 22)}`,
    rules: one(rulesOf(shape)),
    later: [one(rulesOf(otherShape())), one(rulesOf(otherShape()))],
    maxMerges: dice.choose([
      [1, 2],
      [4, 100]
    ]),
    maxMappings: dice.choose([
      [1, 6],
      [4, 1000]
    ]),
    identityBatch: dice.between(1, 7),
    warmIdentifiers: dice.choose([
      [1, 4],
      [1, 20],
      [2, 1000]
    ]),
    filteredAge: dice.chance(0.2) ? dice.between(1, 2) : undefined,
    suppressed: dice.chance(0.2) ? { userId: `u${dice.between(1, 5)}`, source: dice.between(1, 2) } : undefined,
    connected,
    before,
    steps,
    faults: dice.between(0, 6),
    faultRate: 0.04
  }
}

/** What a seed decides before anything happens: the space, its events, what people do in between, how much goes wrong. */
import * as fc from "fast-check"
import { createHash } from "node:crypto"
import type { Message } from "../../src/event/message.ts"
import type { OperationKind } from "../../src/identity/operations/operation.ts"
import { base62 } from "../../src/platform/hash.ts"
import { type RulesDocument, windows } from "../../src/workspace/rules.ts"
import { messagesOf, rulesOf, type RulesShape } from "../identity/support/generators.ts"
import { Dice } from "./dice.ts"

export type PlanStep =
  | { readonly kind: "events"; readonly messages: ReadonlyArray<Message> }
  /** Events that each carry identifiers of two profiles that are there by then: they merge, or must not. */
  | { readonly kind: "bridges"; readonly many: number }
  | { readonly kind: "ask"; readonly operation: AskedKind }

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
  readonly steps: ReadonlyArray<PlanStep>
  /** Faults at most, and how probable one is at each call of a store. */
  readonly faults: number
  readonly faultRate: number
}

const shapes: ReadonlyArray<readonly [number, RulesShape]> = [
  [4, { windows, binding: true }],
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

export const planOf = (seed: number): Plan => {
  const dice = new Dice(seed)
  const one = <A>(arbitrary: fc.Arbitrary<A>): A => fc.sample(arbitrary, { seed: dice.below(2 ** 31), numRuns: 1 })[0]!
  const shape = dice.choose(shapes)
  const messages = [...one(messagesOf([10, 36]))]
  const steps: Array<PlanStep> = []
  while (messages.length > 0) {
    steps.push({ kind: "events", messages: messages.splice(0, dice.between(1, 6)) })
    if (dice.chance(0.3)) steps.push({ kind: "bridges", many: dice.between(1, 3) })
    while (dice.chance(0.45)) steps.push({ kind: "ask", operation: dice.choose(asked) })
  }
  return {
    seed,
    spaceId: `spa_${base62(createHash("sha256").update(`simulation ${seed}`).digest().subarray(0, 16), 22)}`,
    rules: one(rulesOf(shape)),
    later: [one(rulesOf(shape)), one(rulesOf(shape))],
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
    steps,
    faults: dice.between(0, 6),
    faultRate: 0.04
  }
}

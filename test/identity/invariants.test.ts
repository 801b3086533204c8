/**
 * The invariants of spec 02 section 17 over random runs of the pure core.
 * `BRAID_PROPERTY_RUNS` sets the runs per property; 5000 make a soak of some minutes.
 */
import * as fc from "fast-check"
import { assert, describe, it } from "vitest"
import type { Message } from "../../src/event/message.ts"
import type { ExtractedIdentifier, ProfileView, Resolution } from "../../src/identity/model.ts"
import type { Rules } from "../../src/identity/rules.ts"
import { anyRun, everRun, steadyRun, unboundRun } from "./support/generators.ts"
import { coarsened, componentsOf, everyState, identifiersOn, partition, refines } from "./support/invariants.ts"
import type { MemoryGraph } from "./support/memory-graph.ts"
import { inMemory, type PureOptions, runPure } from "./support/pure.ts"
import { eventsOf, type Run, type State } from "./support/run.ts"

/** Default: some ten seconds. */
const numRuns = Number(process.env["BRAID_PROPERTY_RUNS"] ?? 150)
const timeout = 600_000

const holds =
  (runs: fc.Arbitrary<Run>, check: (run: Run) => void, share = 1) =>
  () =>
    fc.assert(fc.property(runs, check), { numRuns: Math.max(1, Math.round(numRuns * share)) })

const withEvents = (run: Run, messages: ReadonlyArray<Message>): Run => ({
  ...run,
  steps: messages.map((message) => ({ kind: "event", message }))
})

describe("any run", () => {
  it(
    "INV-1 INV-2 INV-3 INV-6 INV-14 INV-20: the final state is sound",
    { timeout },
    holds(anyRun(60), (run) => {
      everyState(run, runPure(run).state)
    })
  )

  it(
    "INV-7: the same events in the same order give the same graph, ids included",
    { timeout },
    holds(anyRun(), (run) => {
      const [one, other] = [runPure(run), runPure(run)]
      assert.deepStrictEqual(one.state, other.state)
      assert.deepStrictEqual(one.entries, other.entries)
      assert.deepStrictEqual(one.rules.autoAdded, other.rules.autoAdded)
    })
  )

  it(
    "INV-8: redelivery of any message changes nothing",
    { timeout },
    holds(anyRun(), (run) => {
      const once = runPure(run)
      const again = run.steps.filter((step) => step.kind === "event")
      const twice = runPure({ ...run, steps: [...run.steps, ...again] })
      assert.deepStrictEqual({ ...twice.state, events: [] }, { ...once.state, events: [] })
      assert.deepStrictEqual(twice.entries, once.entries)
      assert.deepStrictEqual(
        twice.state.events.slice(once.state.events.length).filter(({ outcome }) => outcome !== "dropped"),
        again.flatMap(({ message: { messageId } }, i) =>
          once.state.events[i]!.outcome === "dropped"
            ? []
            : [{ messageId, outcome: "duplicate" as const, users: null, accounts: null }]
        )
      )
    })
  )

  it(
    "INV-4 INV-12: events only coarsen, and lose no identifier",
    { timeout },
    holds(anyRun(), (run) => {
      for (let n = 0; n < run.steps.length; n += 7)
        coarsened(runPure({ ...run, steps: run.steps.slice(0, n) }).state, runPure(run).state)
    })
  )

  it(
    "INV-5: no type on the target grows beyond its limit",
    { timeout },
    holds(anyRun(), (run) => {
      runPure(run, { ...inMemory, observe: limitsHold })
    })
  )

  it(
    "INV-13: each identifier is promoted or has exactly one violation",
    { timeout },
    holds(anyRun(), (run) => {
      for (const { resolution } of runPure(run).state.events) if (resolution !== undefined) accountable(resolution)
    })
  )

  it(
    "INV-21: batches, a small working set and late commits end as one event after another",
    { timeout },
    holds(anyRun(60), (run) => {
      const serial = runPure(run).state
      for (const options of hurried) assert.deepStrictEqual(runPure(run, options).state, serial)
    })
  )

  it(
    "INV-17: account identifiers do not touch users",
    { timeout },
    holds(steadyRun(), (run) => {
      const all = runPure(run)
      const dropped = new Set(
        all.state.events.filter(({ outcome }) => outcome === "dropped").map(({ messageId }) => messageId)
      )
      const kept = eventsOf(run).filter(({ messageId }) => !dropped.has(messageId))
      const some = runPure(withEvents(run, kept))
      const less = runPure(withEvents(run, kept.map(withoutAccounts)))
      assert.deepStrictEqual(usersOf(less.state), usersOf(some.state))
    })
  )

  it(
    "INV-17: spaces do not touch each other, though they share the process",
    { timeout },
    holds(anyRun(), (run) => {
      const other = { ...run, spaceId: "spa_other000000000000000a" }
      const alone = runPure(run).state
      const elsewhere = runPure(other).state
      assert.deepStrictEqual(partition(elsewhere), partition(alone))
      const ids = new Set(alone.profiles.map(({ segmentId }) => segmentId))
      assert.isFalse(elsewhere.profiles.some(({ segmentId }) => ids.has(segmentId)))
    })
  )
})

describe("with limits that never expire", () => {
  // Value limits alone: at a protection limit an event stays with its anchor for want of room (IDR-87), and another
  // anchor may exist when it is resolved again.
  it(
    "INV-9: resolving everything again changes neither partition nor ids",
    { timeout },
    holds(everRun(), (run) => {
      const once = runPure(run, { ...inMemory, ignoreLedger: true })
      const twice = runPure({ ...run, steps: [...run.steps, ...run.steps] }, { ...inMemory, ignoreLedger: true })
      assert.deepStrictEqual(partition(twice.state), partition(once.state))
      assert.deepStrictEqual(twice.state.profiles, once.state.profiles)
    })
  )

  it(
    "INV-11: with any limits no strangers are linked",
    { timeout },
    holds(steadyRun(), (run) => {
      const { state } = runPure(run)
      refines(run, eventsOf(run), state)
    })
  )
})

describe("without binding limits", () => {
  it(
    "INV-10: the partition is the connected components, in every order",
    { timeout },
    holds(unboundRun(), (run) => {
      const messages = distinct(eventsOf(run))
      const expected = componentsOf(identifiersOn(run, messages)).groups
      for (const order of [messages, messages.toReversed(), rotated(messages)])
        assert.deepStrictEqual(partition(runPure(withEvents(run, order)).state), expected)
    })
  )

  it(
    "AC2-12: 500 events by 1 worker or by 16 give the same partition",
    { timeout },
    holds(
      unboundRun(500, 500),
      (run) => {
        const messages = distinct(eventsOf(run))
        const one = runPure(withEvents(run, messages)).state
        // 16 workers take turns of different length, so that their events interleave.
        const lanes = Array.from({ length: 16 }, (_, lane) => messages.filter((_, i) => i % 16 === lane))
        const many: Array<Message> = []
        for (let turn = 1; many.length < messages.length; turn++)
          for (const [n, lane] of lanes.entries()) many.push(...lane.splice(0, ((turn + n) % 3) + 1))
        assert.deepStrictEqual(partition(runPure(withEvents(run, many)).state), partition(one))
      },
      1 / 30
    )
  )
})

const usersOf = (state: State) => ({
  profiles: state.profiles.filter(({ collection }) => collection === "users"),
  identifiers: state.identifiers.filter(({ collection }) => collection === "users")
})

const hurried: ReadonlyArray<PureOptions> = [
  { ...inMemory, batch: 1, capacity: 1, late: 0 },
  { ...inMemory, batch: 3, capacity: 1, late: 2 },
  { ...inMemory, batch: 7, capacity: 8, late: 1 },
  { ...inMemory, batch: 2, capacity: 40, late: 2 },
  { ...inMemory, batch: 5, capacity: 1_000_000, late: 3 }
]

const rotated = <A>(list: ReadonlyArray<A>): ReadonlyArray<A> => {
  const half = list.length >> 1
  return [...list.slice(half), ...list.slice(0, half)]
}

/** One message per id and none that is dropped, so that order decides nothing but order. */
const distinct = (messages: ReadonlyArray<Message>): ReadonlyArray<Message> => {
  const seen = new Set<string>()
  return messages.filter((message) => {
    if (seen.has(message.messageId) || message.groupId === "") return false
    seen.add(message.messageId)
    return true
  })
}

const withoutAccounts = (message: Message): Message => {
  const { groupId: _, ...context } = message.context
  const externalIds = context["externalIds"]
  const kept = Array.isArray(externalIds)
    ? { externalIds: externalIds.filter((entry) => entry.type !== "crm_account_id") }
    : {}
  // A group call without its group is not dropped only because it is no group call.
  const { groupId: __, traits: ___, ...rest } = message
  const without = message.type === "group" ? rest : message
  return { ...without, type: message.type === "group" ? "alias" : message.type, context: { ...context, ...kept } }
}

const limitsHold = (
  { users, accounts, facts, extraction }: Resolution,
  rules: Rules,
  graph: MemoryGraph,
  apply: () => void
) => {
  const before = new Map<number, ReadonlyArray<ProfileView>>()
  for (const side of [users, accounts]) {
    if (side === null) continue
    const parts = side.action === "create" ? [] : [side.target, ...side.merged.map(({ from }) => from)]
    before.set(
      side.target,
      parts.map((no) => graph.view(no))
    )
  }
  apply()
  assert.isAtMost(before.size, 2)
  for (const [target, parts] of before) {
    const after = graph.view(target)
    for (const [type, added] of after.added) {
      const rule = rules.byType.get(type)
      if (rule === undefined || !rule.enabled) continue
      const count = (times: ReadonlyArray<number>) =>
        times.filter((at) => Math.abs(at - facts.t) < rule.windowMs).length
      const most = Math.max(0, ...parts.map((part) => count(part.added.get(type) ?? [])))
      const grown = `INV-5: ${type} on ${after.segmentId} after ${facts.messageId} (${extraction.users.length} ids)`
      assert.isAtMost(count(added), Math.max(rule.limit, most), grown)
    }
  }
}

const accountable = ({ users, accounts, violations, extraction, facts }: Resolution) => {
  const promoted = new Set<ExtractedIdentifier>([...(users?.promoted ?? []), ...(accounts?.promoted ?? [])])
  for (const identifier of [...extraction.users, ...extraction.accounts, ...extraction.blocked]) {
    const own = violations.filter((violation) => violation.identifier === identifier).length
    assert.strictEqual(
      own,
      promoted.has(identifier) ? 0 : 1,
      `INV-13: ${identifier.type}:${identifier.value} of ${facts.messageId}`
    )
  }
}

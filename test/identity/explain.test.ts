/**
 * Explain on the pure core: the steps of the worked cases, and agreement with resolution over random runs (IDR-180, IDR-181).
 */
import * as fc from "fast-check"
import { stripVTControlCharacters } from "node:util"
import { assert, describe, expect, it } from "vitest"
import { entryOf } from "../../src/identity/journal.ts"
import { toRecord } from "../../src/identity/resolution-record.ts"
import { compileRules } from "../../src/identity/rules.ts"
import type { Explanation, Step, StepData, StepKind } from "../../src/identity/explain/steps.ts"
import { stepKinds } from "../../src/identity/explain/steps.ts"
import { showExplanation } from "../../src/identity/explain/terminal.ts"
import { explainAfter, explainNext } from "./support/explained.ts"
import { anyRun } from "./support/generators.ts"
import { message, parseGraph } from "./support/notation.ts"
import { runPure } from "./support/pure.ts"
import { r0, type Run, type Step as RunStep } from "./support/run.ts"
import { rulesWith } from "./support/rules.ts"
import { type Case, cases } from "./worked-cases.ts"

const runOf = (row: Case): { readonly run: Run; readonly first: number } => {
  const given = parseGraph(row.given ?? "").map(({ ids }) => `track ${ids.join(" ")}`)
  const lines = [...given, ...(row.before ?? []), ...row.events.map(({ event }) => event)]
  const before = lines.length - row.events.length
  const steps = lines.map((line, n): RunStep => ({ kind: "event", message: message(line, n) }))
  const change: ReadonlyArray<RunStep> =
    row.givenRules === undefined ? [] : [{ kind: "rules", document: rulesWith(row.rules ?? {}) }]
  return {
    run: {
      ...r0,
      rules: rulesWith(row.givenRules ?? row.rules ?? {}),
      steps: [...steps.slice(0, before), ...change, ...steps.slice(before)]
    },
    first: before + change.length
  }
}

/** `EXTRACT 2, RANK, LOOKUP 2, …` */
const kindsOf = (steps: ReadonlyArray<Step>): string => {
  const runs: Array<[kind: string, n: number]> = []
  for (const { kind } of steps) {
    const last = runs.at(-1)
    if (last?.[0] === kind) last[1]++
    else runs.push([kind, 1])
  }
  return runs.map(([kind, n]) => (n === 1 ? kind : `${kind} ${n}`)).join(", ")
}

const dataOf = <K extends StepKind>({ steps }: Explanation, kind: K): ReadonlyArray<StepData[K]> =>
  steps.flatMap((step) => (step.kind === kind ? [step.data as StepData[K]] : []))

const writesOf = <W extends StepData["WOULD_WRITE"]["write"]>(explanation: Explanation, write: W) =>
  dataOf(explanation, "WOULD_WRITE").filter(
    (data): data is Extract<StepData["WOULD_WRITE"], { readonly write: W }> => data.write === write
  )

/** Segment ids are long and no news: the number of their first mention in the case stands for them. */
const namer = () => {
  const names = new Map<string, string>()
  return (text: string): string =>
    text.replaceAll(/\b(use|grp)_[0-9A-Za-z]{27}\b/g, (id, kind: string) => {
      if (!names.has(id)) names.set(id, `${kind === "use" ? "P" : "G"}#${names.size + 1}`)
      return names.get(id)!
    })
}

describe("worked cases", () => {
  it("W-1 to W-49: kinds and texts of the steps, in order", async () => {
    const lines: Array<string> = []
    for (const row of cases) {
      const { run, first } = runOf(row)
      const withoutIds = namer()
      row.events.forEach(({ event }, i) => {
        const { explanation } = explainNext(run, first + i)
        lines.push(`${row.id} ${event.slice(0, 120)}`, `    ${kindsOf(explanation.steps)}`)
        if (i === row.events.length - 1)
          lines.push(withoutIds(explanation.steps.map(({ kind, text }) => `        ${kind} ${text}`).join("\n")))
        lines.push(`    = ${withoutIds(explanation.summary)}`)
      })
    }
    await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot("./explain-worked-cases.txt")
  })

  it.each(cases.map((row) => [`${row.id} ${row.note ?? ""}`, row] as const))("%s: explained as tabulated", (_, row) => {
    const { run, first } = runOf(row)
    row.events.forEach((expected, i) => {
      const { explanation } = explainNext(run, first + i)
      const { action, violations } = explanation
      const word = expected.result.split(" ")[0]!
      assert.strictEqual(action, word === "duplicate" ? "dropped" : word, expected.event)
      assert.strictEqual(violations.length, expected.violations?.length ?? 0)
      const stayed = dataOf(explanation, "DEMOTE").filter(
        ({ identifier }) => !dataOf(explanation, "READMIT").some((back) => back.identifier.id === identifier.id)
      )
      assert.strictEqual(
        stayed.map(({ identifier: { type, id } }) => `${type}:${id}`).join(", "),
        expected.demoted ?? ""
      )
      const promoted = writesOf(explanation, "event").flatMap(({ external_ids }) => external_ids)
      if (expected.externalIds !== undefined)
        assert.strictEqual(promoted.map(({ type, id }) => `${type}:${id}`).join(", "), expected.externalIds)
    })
  })
})

const jane = ["user_id:abc123 email:jane@example1.com", "identify user_id:abc456 email:jane@example1.com"]
const janes: Run = {
  ...r0,
  rules: rulesWith({}),
  steps: jane.map((line, n) => ({ kind: "event", message: message(line, n) }))
}

describe("W-3", () => {
  it("AC2-13: says the breach, the demotion and the predicted profile; resolution then agrees", () => {
    const { explanation } = explainNext(janes, 1)
    expect(dataOf(explanation, "BREACH")[0]).toMatchObject({ breach: { type: "user_id", count: 2, limit: 1 } })
    expect(dataOf(explanation, "DEMOTE")[0]!.identifier).toMatchObject({ type: "email", id: "jane@example1.com" })
    expect(dataOf(explanation, "DECIDE")[0]).toMatchObject({ action: "create", mapped: ["user_id:abc456"] })
    const { users } = runPure(janes).state.events[1]!
    expect(explanation.profile).toEqual({ segmentId: users, created: true })
    expect(writesOf(explanation, "counts")[0]).toMatchObject({
      segment_id: users,
      counts: [{ type: "user_id", count: 1, limit: 1, window: "ever" }]
    })
  })

  it("AC2-14: under other rules it is added to the first profile, and the graph stays", () => {
    const rules = compileRules(rulesWith({ types: { user_id: { limit: 2 } } }), 1, [])
    const { before, explanation } = explainNext(janes, 1, { rules })
    const first = before.state.profiles[0]!.segmentId
    expect(dataOf(explanation, "DECIDE")[0]).toMatchObject({
      action: "add",
      segment_id: first,
      mapped: ["user_id:abc456"]
    })
    expect(dataOf(explanation, "LIMIT_CHECK")).toMatchObject([
      {
        passed: true,
        counts: [
          { type: "user_id", count: 2, most: 1, limit: 2 },
          { type: "email", count: 1 }
        ]
      }
    ])
  })
})

const filter = (name: string, answer: boolean | undefined, enabled = true) => ({
  id: `flt_${name}`,
  name,
  enabled,
  matches: () => answer
})

describe("what is asked before resolution", () => {
  it("filters are asked in order, up to the first that matches", () => {
    const filters = [
      filter("off", true, false),
      filter("broken", undefined),
      filter("bots", true),
      filter("never", false)
    ]
    const { explanation } = explainNext(janes, 1, { filters })
    expect(explanation.action).toBe("dropped")
    expect(explanation.steps.map(({ kind, data }) => [kind, "name" in data ? data.name : ""])).toEqual([
      ["FILTER", "broken"],
      ["FILTER", "bots"]
    ])
  })

  it("filters that do not match change nothing", () => {
    const { explanation } = explainNext(janes, 1, { filters: [filter("bots", false)] })
    expect(explanation.action).toBe("create")
    expect(kindsOf(explanation.steps)).toMatch(/^FILTER, DROP_CHECK 2, EXTRACT 2, /)
  })

  it("a redelivery is dropped by the ledger", () => {
    const before = runPure(janes)
    const explanation = explainAfter(janes, before, message(jane[1]!, 1))
    expect(explanation).toMatchObject({ action: "dropped", profile: null, record: { dropped: "ledger_duplicate" } })
    expect(dataOf(explanation, "DROP_CHECK")).toEqual([{ check: "ledger", dropped: true, reason: "ledger_duplicate" }])
  })
})

describe("in a terminal", () => {
  const { explanation } = explainNext(janes, 1)
  const show = (colours: boolean, summary = explanation.summary) =>
    showExplanation({ ...explanation, summary }, { colours, width: 80, heading: "Space demo" })

  it("kinds are named once in a row, lines are wrapped, the outcome is last; colours only where asked for", () => {
    const plain = show(false)
    expect(plain.split("\n").every((line) => line.length <= 80)).toBe(true)
    expect(plain.match(/lookup/g)).toHaveLength(1)
    expect(plain.replaceAll("\n", " ").endsWith(explanation.summary)).toBe(true)
    expect(plain).not.toContain("\u001B")
    expect(show(true)).toContain("\u001B[33mbreach\u001B[0m")
    expect(stripVTControlCharacters(show(true))).toBe(plain)
  })

  it("values of events cannot steer the terminal", () => {
    expect(show(false, "a\u001B[2Jb\nc")).toMatch(/a\uFFFD\[2Jb\uFFFDc$/)
  })
})

/** Step kinds come in their order; RANK to DECIDE once for each collection, the loop from LIMIT_CHECK to DEMOTE in turns. */
const inOrder = (steps: ReadonlyArray<Step>): void => {
  let at = 0
  for (const { kind, n } of steps) {
    assert.strictEqual(n, steps.findIndex((step) => step.n === n) + 1)
    const next = stepKinds.indexOf(kind)
    const again = kind === "LIMIT_CHECK" || kind === "RANK"
    assert.isTrue(next >= at || again, `${kind} after ${stepKinds[at]}`)
    at = next
  }
}

const seed = Number(process.env["BRAID_TEST_SEED"] ?? Date.now() % 1_000_000)
const numRuns = Number(process.env["BRAID_EXPLAIN_RUNS"] ?? 150)

describe(`random runs, seed ${seed}`, () => {
  it("IDR-181: explain foretells the record, the profile, the counts and the traits of every event", () => {
    fc.assert(
      fc.property(anyRun(12), (run) => {
        run.steps.forEach((step, at) => {
          if (step.kind !== "event") return
          const { before, message, explanation } = explainNext(run, at)
          const after = runPure({ ...run, steps: run.steps.slice(0, at + 1) })
          const { outcome, resolution, users, accounts } = after.state.events.at(-1)!
          inOrder(explanation.steps)
          if (resolution === undefined) {
            assert.strictEqual(explanation.action, "dropped", outcome)
            assert.deepStrictEqual(after.state.identifiers, before.state.identifiers)
            return
          }
          assert.deepStrictEqual(explanation.record, toRecord(entryOf(resolution)))
          assert.strictEqual(explanation.profile?.segmentId ?? null, users)
          assert.strictEqual(explanation.account?.segmentId ?? null, accounts)
          for (const { segment_id, identifiers, counts } of writesOf(explanation, "counts")) {
            const own = after.state.identifiers.filter(({ profile }) => profile === segment_id)
            assert.strictEqual(own.length, identifiers)
            const limited = new Set(own.map(({ type }) => type).filter((type) => after.rules.byType.get(type)?.enabled))
            assert.sameMembers(
              counts.map(({ type }) => type),
              [...limited]
            )
            for (const { type, count, window } of counts)
              if (window === "ever") assert.strictEqual(count, own.filter((id) => id.type === type).length)
          }
          const known = new Set(before.state.identifiers.map(({ type, value }) => `${type}:${value}`))
          assert.sameMembers(
            writesOf(explanation, "mapping").map(({ identifier: { type, id } }) => `${type}:${id}`),
            after.state.identifiers.map(({ type, value }) => `${type}:${value}`).filter((key) => !known.has(key))
          )
          for (const { segment_id, set, removed, kept } of writesOf(explanation, "traits")) {
            const traits = after.state.traits[segment_id] ?? {}
            for (const key of set) assert.deepStrictEqual(traits[key], message.traits![key])
            for (const key of removed) assert.notProperty(traits, key)
            assert.strictEqual(set.length + removed.length + kept.length, Object.keys(message.traits!).length)
          }
        })
      }),
      { numRuns, seed }
    )
  }, 120_000)
})

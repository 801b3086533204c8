/** AC2-8: every worked case of the specification, as one suite over the pure core. */
import { readFileSync } from "node:fs"
import { assert, describe, it } from "vitest"
import { successes } from "../../src/identity/records.ts"
import { errorRows } from "../../src/identity/records.ts"
import { entryOf } from "../../src/identity/journal.ts"
import type { CollectionResolution, ExtractedIdentifier, Resolution } from "../../src/identity/model.ts"
import { message, parseGraph, showGraph } from "./support/notation.ts"
import { runPure } from "./support/pure.ts"
import { r0, type Run, type State, type Step } from "./support/run.ts"
import { rulesWith } from "./support/rules.ts"
import { type Case, cases, outOfScope } from "./worked-cases.ts"

const stepsOf = (row: Case): { readonly steps: ReadonlyArray<Step>; readonly first: number } => {
  const given = parseGraph(row.given ?? "").map(({ ids }) => `track ${ids.join(" ")}`)
  const lines = [...given, ...(row.before ?? []), ...row.events.map(({ event }) => event)]
  const first = lines.length - row.events.length
  const steps = lines.map((line, n): Step => ({ kind: "event", message: message(line, n) }))
  if (row.givenRules === undefined) return { steps, first }
  const change: Step = { kind: "rules", document: rulesWith(row.rules ?? {}) }
  return { steps: [...steps.slice(0, first), change, ...steps.slice(first)], first }
}

const runOf = (row: Case, steps: ReadonlyArray<Step>): Run => ({
  ...r0,
  rules: rulesWith(row.givenRules ?? row.rules ?? {}),
  steps
})

/** P1, P2, G1 by order of creation. */
const namesOf = (state: State): ReadonlyMap<string, string> => {
  const counts = { users: 0, accounts: 0 }
  return new Map(
    state.profiles.map(({ segmentId, collection }) => [
      segmentId,
      `${collection === "users" ? "P" : "G"}${++counts[collection]}`
    ])
  )
}

const graphOf = (state: State): string => {
  const names = namesOf(state)
  return showGraph(
    state.profiles
      .filter(({ segmentId, canonical }) => segmentId === canonical)
      .map(({ segmentId }) => ({
        name: names.get(segmentId)!,
        ids: state.identifiers
          .filter(({ profile }) => profile === segmentId)
          .map(({ type, value }) => `${type}:${value}`)
          .sort()
      }))
  )
}

const short = ({ type, value }: { type: string; value: string }): string => `${type}:${value}`

const kinds: Readonly<Record<string, string>> = {
  "Identifier value limit exceeded": "value limit",
  "Identifier value time limit exceeded": "time limit",
  "ID value blocked": "blocked",
  "Profile merge limit exceeded": "merge limit",
  "Identifier mapping limit exceeded": "mapping limit",
  "Profiles kept apart": "kept apart"
}

const violationsOf = (resolution: Resolution): ReadonlyArray<string> =>
  errorRows(resolution).map(({ kind, identifier, data: { breach } }) => {
    if (identifier === null) return `error: ${kind}`
    const limit =
      breach?.kind === "limit"
        ? ` (${breach.type} ${breach.count}/${breach.limit}${breach.window === "ever" ? "" : ` ${breach.window}`})`
        : ""
    return `${kinds[kind]}: ${short(identifier)}${limit}`
  })

const successOf = (resolution: Resolution, names: ReadonlyMap<string, string>): string =>
  successes(entryOf(resolution))
    .map((success) => {
      const name = names.get(success.segmentId)!
      switch (success.kind) {
        case "Profile created":
          return `C ${name}`
        case "Identifier mapped":
          return `M ${short(success.identifier)}`
        case "Profiles merged":
          return `G ${names.get(success.from)}>${name}`
        case "Link created":
          return `L ${name}-${names.get(success.account)}`
      }
    })
    .join(", ")

const outcomeOf = ({ outcome, resolution }: State["events"][number], names: ReadonlyMap<string, string>): string => {
  if (resolution === undefined || outcome === "unresolved") return outcome
  const side = (collection: CollectionResolution | null) =>
    collection === null ? [] : [`${collection.action} ${names.get(collection.segmentId)}`]
  return [...side(resolution.users), ...side(resolution.accounts)].join(" + ")
}

const demotedOf = ({ users, accounts }: Resolution): string =>
  [...(users?.demoted ?? []), ...(accounts?.demoted ?? [])].map(({ identifier }) => short(identifier)).join(", ")

const promotedOf = ({ users, accounts }: Resolution): string =>
  [...(users?.promoted ?? []), ...(accounts?.promoted ?? [])]
    .sort((a: ExtractedIdentifier, b: ExtractedIdentifier) => a.index - b.index)
    .map(short)
    .join(", ")

describe("worked cases (AC2-8)", () => {
  it.each(cases.map((row) => [`${row.id}${row.note === undefined ? "" : ` (${row.note})`}`, row] as const))(
    "%s",
    (_, row) => {
      const { steps, first } = stepsOf(row)
      const { state } = runPure(runOf(row, steps))
      const names = namesOf(state)
      row.events.forEach((expected, i) => {
        const event = state.events[first + i]!
        assert.strictEqual(outcomeOf(event, names), expected.result, expected.event)
        const { resolution } = event
        assert.deepStrictEqual(
          resolution === undefined ? [] : violationsOf(resolution),
          expected.violations ?? [],
          `violations of ${expected.event}`
        )
        if (resolution === undefined) return
        assert.strictEqual(demotedOf(resolution), expected.demoted ?? "", `demoted of ${expected.event}`)
        assert.strictEqual(successOf(resolution, names), expected.success ?? "", `success of ${expected.event}`)
        if (expected.externalIds !== undefined) assert.strictEqual(promotedOf(resolution), expected.externalIds)
      })
      const before = runPure(runOf(row, steps.slice(0, first))).state
      const graph = row.graph === undefined ? graphOf(before) : showGraph(parseGraph(row.graph))
      assert.strictEqual(sorted(graphOf(state)), sorted(graph))
      if (row.traits !== undefined)
        assert.deepStrictEqual(
          Object.fromEntries(Object.entries(state.traits).map(([id, traits]) => [names.get(id), traits])),
          row.traits
        )
      if (row.links !== undefined)
        assert.strictEqual(
          state.links
            .map(({ user, account }) => `${names.get(user)}-${names.get(account)}`)
            .sort()
            .join(" "),
          row.links
        )
    }
  )

  it.each([
    ["identify", "traits", 299, "resolved"],
    ["identify", "traits", 300, "dropped"],
    ["track", "properties", 300, "resolved"],
    ["track", "properties", 301, "dropped"]
  ] as const)("W-48: %s with its %s at %i keys is %s", (type, member, count, outcome) => {
    const keys = Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, i]))
    const steps: ReadonlyArray<Step> = [
      { kind: "event", message: message(`${type} user_id:u1 ${JSON.stringify({ [member]: keys })}`, 0) }
    ]
    assert.strictEqual(runPure({ ...r0, rules: rulesWith({}), steps }).state.events[0]!.outcome, outcome)
  })

  it("has a row for every case of the specification, or says why not", () => {
    const spec = readFileSync(new URL("../../docs/spec/02-identity.md", import.meta.url), "utf8")
    const all = new Set([...spec.matchAll(/^\| \*\*(W-\d+)\*\*/gm)].map(([, id]) => id!))
    const tested = new Set([...cases.map(({ id }) => id), "W-48", ...Object.keys(outOfScope)])
    assert.strictEqual(all.size, 50)
    assert.deepStrictEqual(
      [...all].filter((id) => !tested.has(id)),
      []
    )
  })
})

/** Profiles in any order: G1 may stand between P1 and P2. */
const sorted = (graph: string): string =>
  graph
    .split(/(?<=\}) /)
    .sort()
    .join(" ")

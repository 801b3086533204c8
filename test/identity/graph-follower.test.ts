import { assert, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { type GraphMutations, GraphUnavailable } from "../../src/identity/graph.ts"
import { makeFollower } from "../../src/identity/graph-follower.ts"

const change = (position: number): GraphMutations => ({
  position,
  profiles: [{ no: position * 2, segmentId: `use_${position}`, createdAt: 0, source: 1, messageId: `m-${position}` }],
  mappings: [],
  merges: [],
  links: []
})

it.effect("follows in order through an outage, and says when the graph is away and when it is back", () =>
  Effect.gen(function* () {
    const said: Array<string> = []
    let away = true
    const follower = makeFollower({
      graph: {
        apply: (_, from, { position }) =>
          Effect.suspend(() => {
            if (away)
              return Effect.fail(new GraphUnavailable({ adapter: "neo4j", code: "ServiceUnavailable", cause: null }))
            said.push(`${from} to ${position}`)
            return Effect.void
          })
      },
      graphId: "g",
      graphPosition: 0,
      settled: 0,
      onUnavailable: () => void (said.at(-1) === "away" || said.push("away")),
      onApplied: () => void said.push("there")
    })
    const fiber = yield* Effect.forkChild(follower.run)
    follower.push(change(1), 10)
    follower.push(change(2), 20)
    yield* TestClock.adjust("1 minute")
    assert.strictEqual(follower.settled(), 0)
    away = false
    yield* TestClock.adjust("1 minute")
    yield* follower.drained
    assert.strictEqual(follower.settled(), 20)
    assert.deepStrictEqual(said, ["away", "0 to 1", "there", "1 to 2", "there"])
    yield* Fiber.interrupt(fiber)
  })
)

import { Context, Deferred, Effect } from "effect"
import { expect, it } from "vitest"
import { coalesce } from "../../src/profiles/coalesce.ts"

const setUp = () => {
  const batches: Array<{ readonly keys: ReadonlyArray<number>; readonly done: Deferred.Deferred<void, string> }> = []
  const read = coalesce(Context.empty(), (keys: ReadonlyArray<number>) => {
    const done = Deferred.makeUnsafe<void, string>()
    batches.push({ keys, done })
    return Effect.as(Deferred.await(done), keys.map(String))
  })
  const ask = (...keys: ReadonlyArray<number>) => Effect.runPromise(Effect.result(read(keys)))
  const finish = (n: number, error?: string) =>
    Effect.runSync(
      error === undefined ? Deferred.succeed(batches[n]!.done, undefined) : Deferred.fail(batches[n]!.done, error)
    )
  return { batches, ask, finish }
}

const many = (n: number, from: number) => Array.from({ length: n }, (_, i) => from + i)

const keysOf = (batches: ReturnType<typeof setUp>["batches"]) => batches.map(({ keys }) => keys)

it("PRO-63: an idle store is asked at once, a busy one gets one larger batch; each caller gets its own values", async () => {
  const { batches, ask, finish } = setUp()
  const asked = [ask(1), ask(2, 3), ask(4), ask(5, 6), ask(7)]
  expect(keysOf(batches)).toEqual([[1], [2, 3]])
  finish(1)
  expect(await asked[1]).toMatchObject({ success: ["2", "3"] })
  expect(keysOf(batches)).toEqual([[1], [2, 3], [4, 5, 6, 7]])
  finish(0)
  finish(2)
  const answers = await Promise.all(asked)
  expect(answers.map((answer) => (answer as { success?: unknown }).success)).toEqual([
    ["1"],
    ["2", "3"],
    ["4"],
    ["5", "6"],
    ["7"]
  ])
})

it("a failed batch fails those in it and nobody else", async () => {
  const { batches, ask, finish } = setUp()
  const asked = [ask(1), ask(2), ask(3), ask(4)]
  finish(0, "down")
  expect(await asked[0]).toMatchObject({ failure: "down" })
  expect(keysOf(batches)).toEqual([[1], [2], [3, 4]])
  finish(1)
  finish(2, "down")
  const answers = await Promise.all(asked)
  expect(answers.map(({ _tag }) => _tag)).toEqual(["Failure", "Success", "Failure", "Failure"])
})

it("batches stay below 100 keys unless one caller alone asks for more", async () => {
  const { batches, ask, finish } = setUp()
  const asked = [ask(1), ask(2), ask(...many(60, 100)), ask(...many(60, 200)), ask(...many(150, 300)), ask()]
  finish(0)
  finish(1)
  await asked[1]
  await asked[5]
  expect(keysOf(batches).map(({ length }) => length)).toEqual([1, 1, 60, 60])
  finish(2)
  await asked[2]
  expect(keysOf(batches).map(({ length }) => length)).toEqual([1, 1, 60, 60, 150])
  finish(3)
  finish(4)
  await Promise.all(asked)
  expect(batches.length).toBe(5)
})

import { Cause, Effect } from "effect"
import { afterEach, expect, it, vi } from "vitest"
import { logging } from "../../src/platform/logging.ts"

afterEach(() => vi.restoreAllMocks())

/** What `program` writes to standard error, line by line. */
const written = async (terminal: boolean, program: Effect.Effect<unknown>) => {
  const lines: Array<string> = []
  vi.spyOn(process.stderr, "write").mockImplementation((text) => lines.push(String(text)) > 0)
  await Effect.runPromise(Effect.provide(program, logging({ level: "Info", terminal })))
  return lines
}

it("one JSON object per record, annotations as members, nothing below the level", async () => {
  const program = Effect.logInfo("hello\nthere", { events: 3 }).pipe(
    Effect.andThen(Effect.logDebug("not shown")),
    Effect.andThen(Effect.logWarning("it failed", Cause.fail(new Error("why")))),
    Effect.annotateLogs({ fiber: "space:demo" })
  )
  const lines = await written(false, program)
  expect(lines.every((line) => line.indexOf("\n") === line.length - 1)).toBe(true)
  const [first, second] = lines.map((line) => JSON.parse(line))
  expect(lines).toHaveLength(2)
  expect(first).toMatchObject({ level: "INFO", message: 'hello\nthere {"events":3}', fiber: "space:demo" })
  expect(first.timestamp).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
  expect(second).toMatchObject({ level: "WARN", message: "it failed", cause: expect.stringContaining("why") })
})

it("a line for people on a terminal", async () => {
  const [line] = await written(true, Effect.annotateLogs(Effect.logError("it failed"), { fiber: "prune" }))
  // oxlint-disable-next-line no-control-regex
  expect(line!.replaceAll(/\u001B\[\d+m/g, "")).toMatch(/^\d\d:\d\d:\d\d ERROR it failed fiber=prune\n$/)
})

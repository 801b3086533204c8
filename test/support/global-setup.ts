import type { TestProject } from "vitest/node"
import { services } from "./services.ts"

export default async (project: TestProject): Promise<() => Promise<void>> => {
  const running: Array<() => Promise<void>> = []
  const stop = async () => {
    for (const each of running.toReversed()) await each()
  }
  try {
    const started = performance.now()
    const results = await Promise.all(
      services.map(async (service) => {
        const result = await service.start(project.provide.bind(project))
        if ("stop" in result) running.push(result.stop)
        return { name: service.name, ...result }
      })
    )
    const lines = results.map((it) => `  ${it.name}: ${"found" in it ? it.found : `skipped, ${it.skipped}`}`)
    console.log(`Services of this run (${Math.round(performance.now() - started)} ms):\n${lines.join("\n")}`)
    const skipped = results.filter((it) => "skipped" in it)
    if (process.env.CI === "true" && skipped.length > 0) {
      throw new Error(`With CI=true every service must be there; skipped: ${skipped.map((it) => it.name).join(", ")}`)
    }
  } catch (error) {
    await stop()
    throw error
  }
  return stop
}

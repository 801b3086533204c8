/** `braid doctor`: looks at everything that the service needs, says what is wrong and what to do. Changes nothing. */
import { Config, Console, Data, Effect } from "effect"
import { fileURLToPath } from "node:url"
import { settingProblem, Settings, settingsConfig } from "../config.ts"
import { checkArchive } from "./archive.ts"
import { fail, type Finding, print } from "./finding.ts"
import { checkDataDir, checkDisk, checkInstallScripts, checkNode, checkPort } from "./machine.ts"
import { checkConfigFile, checkNeo4j, checkPostgres } from "./stores.ts"

export class NotHealthy extends Data.TaggedError("NotHealthy")<{ readonly failures: number }> {
  override get message() {
    return `${this.failures} of the checks failed; what to do stands behind the arrows.`
  }
}

const projectFolder = fileURLToPath(new URL("../..", import.meta.url))

/** Every setting on its own, so that all wrong ones are shown at once. */
const wrongSettings: Effect.Effect<ReadonlyArray<Finding>> = Effect.map(
  Effect.forEach(Object.values(settingsConfig) as ReadonlyArray<Config.Config<unknown>>, (setting) =>
    Effect.result(setting)
  ),
  (results) =>
    results.flatMap((result) =>
      result._tag === "Failure"
        ? [
            fail(
              "settings",
              settingProblem(result.failure),
              "correct the environment variable; docs/configuration.md explains it"
            )
          ]
        : []
    )
)

export const doctor = Effect.gen(function* () {
  const findings: Array<Finding> = []
  const show = (finding: Finding) => {
    findings.push(finding)
    return Console.log(print(finding))
  }
  yield* show(checkNode())
  yield* show(checkInstallScripts(projectFolder))
  const wrong = yield* wrongSettings
  yield* Effect.forEach(wrong, show)
  if (wrong.length === 0) {
    const settings = yield* Effect.provide(Settings, Settings.layer)
    yield* show(checkDataDir(settings))
    yield* show(checkDisk(settings))
    yield* show(yield* checkPort(settings))
    yield* show(yield* checkPostgres(settings))
    yield* show(yield* checkNeo4j(settings))
    yield* show(yield* checkArchive(settings))
    yield* Effect.forEach(yield* checkConfigFile(settings), show)
  }
  const failures = findings.filter((finding) => finding.state === "fail").length
  if (failures > 0) return yield* new NotHealthy({ failures })
  yield* Console.log("\nEverything that Braid needs is there.")
})

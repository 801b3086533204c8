/**
 * What the executor of destinations is asked of raw logs: whether they could be written (RAW-5). Everything else - sending, deleting - is
 * done by their reader, never by an executor.
 */
import { Effect, Layer } from "effect"
import { ObjectStore } from "../../archive/object-store.ts"
import { awsS3Id } from "../../catalog/builtin/aws-s3.ts"
import { DestinationRunner, RunnerUnavailable } from "../../catalog/runner.ts"
import type { Settings } from "../../config.ts"
import { sqlErrorText } from "../../platform/database-layer.ts"
import type { Database } from "../../platform/database.ts"
import { rawLogStore, type Surroundings } from "./location.ts"
import { surroundingsOf } from "./surroundings.ts"

const proof = "segment-logs/dummy-object.txt"

export const checkRawLog = (settings: Readonly<Record<string, unknown>>, surroundings: Surroundings) =>
  Effect.gen(function* () {
    const objects = yield* ObjectStore
    yield* objects.put(proof, Buffer.from("Raw logs can be written here.\n"))
    return { ok: true, message: `A test object was written: ${proof} in ${objects.place}.` }
  }).pipe(
    Effect.provide(rawLogStore(settings, surroundings)),
    Effect.catchTag("ObjectStoreFailed", ({ message }) => Effect.succeed({ ok: false, message }))
  )

/** The executor, with raw logs. */
export const withRawLogs = Layer.effect(
  DestinationRunner,
  Effect.gen(function* () {
    const runner = yield* DestinationRunner
    const context = yield* Effect.context<Database | Settings>()
    const surroundings = surroundingsOf.pipe(
      Effect.mapError((error) => new RunnerUnavailable({ reason: sqlErrorText(error) })),
      Effect.provideContext(context)
    )
    return DestinationRunner.of({
      ...runner,
      testAuthentication: (target) =>
        target.metadataId === awsS3Id
          ? Effect.flatMap(surroundings, (found) => checkRawLog(target.settings, found))
          : runner.testAuthentication(target),
      // Its messages are noted one by one (`erase.ts`).
      deleteUser: (target, user) =>
        target.metadataId === awsS3Id ? Effect.succeed({ kind: "delivered" }) : runner.deleteUser(target, user)
    })
  })
)

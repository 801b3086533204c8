/** A process that owns an embedded server until it is killed: `node serve-postgres.ts <data folder>`. */
import { Effect } from "effect"
import { embeddedPostgres } from "../../src/platform/embedded-postgres.ts"
import { Health } from "../../src/platform/health.ts"

// Nothing else keeps this process alive.
setInterval(() => {}, 60_000)

await embeddedPostgres({ dataDir: process.argv[2]! }).pipe(
  Effect.tap(() => Effect.sync(() => console.log("ready"))),
  Effect.andThen(Effect.never),
  Effect.scoped,
  Effect.provide(Health.layer),
  Effect.runPromise
)

/** An archive in a folder of its own, removed with the layer; `forgetLog` is what retention does in the course of days. */
import { Effect, Layer } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { makeExporter } from "../../src/archive/exporter.ts"
import { historyLayer } from "../../src/archive/history-live.ts"
import { folderObjectStore } from "../../src/archive/object-folder.ts"
import { EventLog } from "../../src/log/event-log.ts"

export const testArchive = Layer.unwrap(
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "braid-archive-"))),
      (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
    ),
    (folder) =>
      historyLayer({ sortFolder: join(folder, "tmp") }).pipe(
        Layer.provideMerge(folderObjectStore(join(folder, "archive")))
      )
  )
)

/** Exports everything, then drops it from the log; every reader must be at its end, and its clock days further. */
export const forgetLog = Effect.gen(function* () {
  const exporter = yield* makeExporter()
  yield* exporter.register
  yield* exporter.takeOver
  yield* exporter.round(true)
  return yield* (yield* EventLog).dropOldPartitions(1)
})

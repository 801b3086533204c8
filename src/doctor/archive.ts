/** Is the object store of the archive there, and may Braid write to it? A bucket is asked by storing and removing a few bytes. */
import { Effect } from "effect"
import { randomBytes } from "node:crypto"
import { objectStoreOf } from "../archive/object-store-live.ts"
import { ObjectStore } from "../archive/object-store.ts"
import type { SettingsValue } from "../config.ts"
import { fail, type Finding, ok } from "./finding.ts"
import { folderProblem } from "./machine.ts"

export const checkArchive = (settings: SettingsValue): Effect.Effect<Finding> => {
  if (settings.archive === "folder") {
    const { archiveDir } = settings
    const problem = folderProblem(archiveDir)
    return Effect.succeed(
      problem === undefined
        ? ok("archive", `folder ${archiveDir}`)
        : fail("archive", problem, "make it writable for this user, or choose another folder with BRAID_ARCHIVE_DIR")
    )
  }
  const key = `doctor-${randomBytes(6).toString("hex")}`
  return Effect.gen(function* () {
    const store = yield* ObjectStore
    yield* store.put(key, Buffer.from("Braid's doctor looks whether it may write here."))
    yield* store.get(key)
    yield* store.list({ prefix: key })
    yield* store.delete(key)
    return ok("archive", `${store.place} can be written and read`)
  }).pipe(
    Effect.provide(objectStoreOf(settings)),
    Effect.catch((error) =>
      Effect.succeed(
        error._tag === "ObjectStoreFailed"
          ? fail("archive", `${error.place}: ${error.reason}`, error.advice)
          : fail("archive", error.message, "check the server at BRAID_S3_ENDPOINT: it forgot what was just stored")
      )
    )
  )
}

/** Who runs the raw logs, and where they go: one fiber each, by the snapshot of destinations. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted, Schedule } from "effect"
import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { History } from "../../src/archive/history.ts"
import { awsS3 } from "../../src/catalog/builtin/aws-s3.ts"
import { type Destination, Destinations, type DestinationsSnapshot } from "../../src/destinations/destination.ts"
import { checkRawLog } from "../../src/destinations/raw-logs/check.ts"
import { makeRawLogs } from "../../src/destinations/raw-logs/live.ts"
import { EventLog } from "../../src/log/event-log.ts"
import { Database } from "../../src/platform/database.ts"
import { makeEgress } from "../../src/platform/egress.ts"
import { Health } from "../../src/platform/health.ts"
import { room } from "../support/archive-room.ts"
import { freshBucket, s3IsThere } from "../support/s3.ts"
import { destination } from "./given.ts"

const folder = mkdtempSync(join(tmpdir(), "braid-raw-logs-"))
const surroundings = { egress: makeEgress([]), workspaceId: "wrk_1", rawLogsDir: join(folder, "logs") }
const files = (place: string): ReadonlyArray<string> => {
  try {
    return readdirSync(join(folder, "logs", place), { recursive: true, encoding: "utf8" }).filter((file) =>
      file.endsWith(".gz")
    )
  } catch {
    return []
  }
}

const storage = (no: number, settings: Destination["settings"], changes: Partial<Destination> = {}): Destination =>
  destination(
    { triggers: [] },
    { entry: awsS3, id: `dst_${no}`, no, source: no, sourceId: `src_${no}`, settings, ...changes }
  )

const snapshot = (...all: ReadonlyArray<Destination>): DestinationsSnapshot => ({
  version: 1,
  all,
  byId: new Map(all.map((each) => [each.id, each])),
  bySource: new Map()
})

const until = (what: string, is: Effect.Effect<boolean, unknown>) =>
  Effect.repeat(is, { until: (answer) => answer, schedule: Schedule.spaced("20 millis") }).pipe(
    Effect.timeoutOrElse({ duration: "20 seconds", orElse: () => Effect.die(new Error(`never: ${what}`)) })
  )

describe("raw logs of a service", () => {
  it.live("each waits alone, starts over with new settings, and is forgotten with its destination", () =>
    Effect.gen(function* () {
      yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(folder, { recursive: true, force: true })))
      const at = yield* room()
      const wrong = storage(1, { s3Bucket: "file:///elsewhere" })
      const right = storage(2, { s3Bucket: `file://${join(folder, "logs", "b")}` })
      let current = snapshot(wrong, right)
      yield* at.sql`insert into destinations (id, source, metadata_id, name, enabled, settings, connection_mode, revision, created_at, created_by, updated_at)
        select 'dst_' || n, 'src', 'm', 'd' || n, true, '{}', 'cloud', n, now(), 'me', now() from generate_series(1, 2) n`

      const health = yield* Layer.build(Health.layer)
      const services = Layer.mergeAll(
        Layer.succeedContext(health),
        Layer.succeed(Database, { write: at.sql, read: at.sql, url: Redacted.make(""), embedded: true }),
        Layer.succeed(EventLog, at.log),
        Layer.succeed(History, at.history),
        Layer.succeed(Destinations, {
          current: () => current,
          refresh: Effect.void,
          onChange: () => Effect.void,
          storeTokens: () => Effect.void
        })
      )
      const work = makeRawLogs(surroundings, join(folder, "open"), { pollMs: 20, closeAfterMs: 1 })
      yield* Effect.forkScoped(Effect.provide(Effect.flatten(work), services))
      const fibers = () => Effect.map(Effect.provide(Health, Layer.succeedContext(health)), (found) => found.fibers())
      const reads = (no: number) =>
        Effect.map(
          at.sql`select 1 from raw_logs where destination = ${no}::int4 and active`,
          (rows) => rows.length === 1
        )

      yield* until("the right one reads", reads(2))
      yield* at.send([
        { id: "a", source: 1 },
        { id: "b", source: 2 }
      ])
      yield* until(
        "the right one has written",
        Effect.sync(() => files("b").length === 1)
      )
      const waiting = (yield* fibers()).find(({ name }) => name === "raw log dst_1")
      assert.deepInclude(waiting, { status: "waiting", restarts: 0 })
      assert.match(waiting!.lastError!, /does not lie below .*BRAID_RAW_LOGS_DIR/)

      // Corrected: begins now, since it never had begun.
      current = snapshot({ ...wrong, settings: { s3Bucket: `file://${join(folder, "logs", "a")}` } }, right)
      yield* until("the other reads", reads(1))
      yield* at.send([{ id: "c", source: 1 }])
      yield* until(
        "the other has written",
        Effect.sync(() => files("a").length === 1)
      )
      assert.match(files("a")[0]!, /^segment-logs\/src_1\/\d{13}\//)

      yield* at.sql`update destinations set deleted_at = now() where no = 1`
      current = snapshot({ ...right, enabled: false })
      yield* until(
        "nothing is left of the deleted one, and the other has stopped",
        Effect.map(
          at.sql<{ destination: number; active: boolean }>`select destination, active from raw_logs`,
          (rows) => rows.length === 1 && rows[0]!.destination === 2 && !rows[0]!.active
        )
      )
      yield* until(
        "their fibers are gone",
        Effect.map(fibers(), (found) => found.every(({ name }) => !name.startsWith("raw log dst")))
      )
    }).pipe(Effect.scoped)
  )
})

const outcome = (settings: Destination["settings"], egress = surroundings.egress) =>
  checkRawLog(settings, { ...surroundings, egress })

describe("RAW-5: validating", () => {
  it.live.skipIf(!s3IsThere)("writes a test object, or says what is wrong", () =>
    Effect.gen(function* () {
      const { bucket, credentials, endpoint } = yield* freshBucket
      const egress = makeEgress(["127.0.0.1/32"])
      const settings = {
        s3Bucket: `${bucket}/pre/fix`,
        endpoint,
        accessKeyId: credentials!.accessKeyId,
        secretAccessKey: Redacted.value(credentials!.secretAccessKey)
      }
      const right = yield* outcome(settings, egress)
      assert.deepStrictEqual([right.ok, right.message.includes("pre/fix")], [true, true])
      const problem = (changes: Record<string, unknown>, allowed = egress) =>
        Effect.map(outcome({ ...settings, ...changes }, allowed), ({ message, ok }) => (ok ? "ok" : message))
      assert.match(
        yield* problem({ secretAccessKey: "wrong" }),
        /access was refused.*the role or the keys of the destination/
      )
      assert.match(yield* problem({ s3Bucket: "not-there" }), /no bucket "not-there".*"Bucket"/)
      assert.match(yield* problem({ secretAccessKey: "" }), /only one half of the access key/)
      assert.match(yield* problem({}, surroundings.egress), /127\.0\.0\.1 is a private.*BRAID_EGRESS_ALLOW_PRIVATE/)
      // A name is judged when it is resolved.
      const named = endpoint!.replace("127.0.0.1", "localhost")
      assert.match(
        yield* problem({ endpoint: named }, surroundings.egress),
        /localhost is at .*127\.0\.0\.1.*destinations may not reach/
      )
      assert.match(yield* problem({ endpoint: "ftp://x" }), /is no address/)
      assert.match(yield* problem({ s3Bucket: "b/../c" }), /cannot be a prefix/)
      assert.match(yield* problem({ s3Bucket: "" }), /no bucket is set/)
    }).pipe(Effect.scoped)
  )

  it.live("folders lie where the operator keeps raw logs", () =>
    Effect.gen(function* () {
      const inside = yield* outcome({ s3Bucket: `file://${join(surroundings.rawLogsDir, "x")}` })
      assert.isTrue(inside.ok)
      for (const place of [`file://${surroundings.rawLogsDir}/../y`, "file:///etc", "file:relative/%2e%2e"]) {
        const { ok } = yield* outcome({ s3Bucket: place })
        assert.isFalse(ok, place)
      }
      rmSync(folder, { recursive: true, force: true })
    })
  )
})

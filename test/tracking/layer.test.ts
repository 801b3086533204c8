import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Metric } from "effect"
import { PrometheusMetrics } from "effect/observability"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { Settings, type SettingsValue } from "../../src/config.ts"
import { LiveRecorder } from "../../src/debugger/recorder.ts"
import { SourceCounts } from "../../src/delivery/source-tally.ts"
import { Destinations } from "../../src/destinations/destination.ts"
import { emptySnapshot } from "../../src/destinations/stored.ts"
import { SourceSchemaNames } from "../../src/source-schema/names.ts"
import { EventLog } from "../../src/log/event-log.ts"
import { Tracking } from "../../src/tracking/tracking.ts"
import { Workspace } from "../../src/workspace/workspace.ts"
import { basic, makeSnapshot, MemoryLog, testSettings } from "./harness.ts"

const withSettings = (settings: Partial<SettingsValue>, log = new MemoryLog()) =>
  Tracking.layer.pipe(
    Layer.provide([
      LiveRecorder.layer,
      SourceSchemaNames.layer,
      SourceCounts.layer,
      Layer.succeed(Settings, { ...testSettings, ...settings } as SettingsValue),
      Layer.succeed(EventLog, log as unknown as EventLog["Service"]),
      Layer.succeed(Destinations, {
        current: () => emptySnapshot,
        refresh: Effect.void,
        onChange: () => Effect.void,
        storeTokens: () => Effect.void
      }),
      Layer.succeed(Workspace, {
        current: () => makeSnapshot(),
        reload: Effect.void,
        refresh: Effect.void,
        onChange: () => Effect.void
      })
    ])
  )

const listening = (tracking: Tracking["Service"]) =>
  Effect.acquireRelease(
    Effect.callback<ReturnType<typeof createServer>>((resume) => {
      const server = createServer((req, res) => tracking.handle(req, res))
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) =>
      Effect.sync(() => {
        server.closeAllConnections()
        server.close()
      })
  )

describe("the layer", () => {
  it.live("counts are read by a metrics scrape, and vanish with the layer", () =>
    Effect.gen(function* () {
      yield* Effect.gen(function* () {
        const tracking = yield* Tracking
        const server = yield* listening(tracking)
        const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/batch`
        for (const item of [{ type: "track", userId: "u", event: "E" }, 5]) {
          const init = {
            method: "POST",
            headers: { authorization: basic("S") },
            body: JSON.stringify({ batch: [item] })
          }
          yield* Effect.promise(() => fetch(url, init).then((reply) => reply.text()))
        }
        const text = yield* PrometheusMetrics.format()
        assert.include(text, 'braid_tracking_requests_total{status="200"} 2')
        assert.include(text, 'braid_messages_accepted_total{source="srv"} 1')
        assert.include(text, 'braid_messages_discarded_total{source="srv",code="invalid_type"} 1')
      }).pipe(Effect.scoped, Effect.provide(withSettings({})))
      assert.notInclude(yield* PrometheusMetrics.format(), "braid_")
    }).pipe(Effect.provideService(Metric.MetricRegistry, new Map()))
  )

  it.effect("a wrong setting is an error that says what to do", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Effect.scoped(Layer.build(withSettings({ publicUrl: "nope" }))))
      assert.strictEqual(
        error.message,
        'BRAID_PUBLIC_URL is "nope", but must be a URL such as https://cdp.example.com. Correct it and start again.'
      )
    })
  )
})

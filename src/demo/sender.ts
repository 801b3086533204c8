/**
 * Sends calls as a shop would: one Segment Node library per source, to the real HTTP endpoint. Batches go out one
 * after the other, so that the events of a run always arrive in the same order.
 */
import { Analytics } from "@segment/analytics-node"
import { Data, Effect } from "effect"
import { type DemoCall, type DemoSource, demoSources } from "./call.ts"

export class NotAccepted extends Data.TaggedError("NotAccepted")<{ readonly reason: string }> {
  override get message() {
    return `The events of the demo were not accepted: ${this.reason}. Is another program using the same port?`
  }
}

/** Events of one source in one request; 480 kB is the library's limit for a batch. */
const batchSize = 400

export interface Sender {
  /** Resolves when the service has answered 200 for all of them. */
  readonly send: (calls: ReadonlyArray<DemoCall>) => Effect.Effect<void, NotAccepted>
}

export const makeSender = (host: string, writeKeys: Readonly<Record<DemoSource, string>>) =>
  Effect.gen(function* () {
    let reason: string | undefined
    let sent = 0
    let busy = false
    const library = (source: DemoSource) => {
      const analytics = new Analytics({
        host,
        writeKey: writeKeys[source],
        flushAt: batchSize,
        flushInterval: 60_000,
        maxRetries: 3
      })
      analytics.on("error", (error) => (reason = `${error.code}`))
      return analytics
    }
    const libraries = yield* Effect.acquireRelease(
      Effect.sync(() => new Map(demoSources.map((source) => [source, library(source)]))),
      // Interrupted in the middle of a batch: the library would complain about a second flush.
      (all) =>
        busy
          ? Effect.void
          : Effect.promise(() => Promise.all([...all.values()].map((each) => each.closeAndFlush({ timeout: 1000 }))))
    )
    const call = (analytics: Analytics, { params, type }: DemoCall) => {
      const messageId = `demo-${String(++sent).padStart(6, "0")}`
      // The type of the call and its parameters belong together, which a union cannot tell the compiler here.
      ;(analytics[type] as (params: object) => void).call(analytics, { ...params, messageId })
    }
    const send = (calls: ReadonlyArray<DemoCall>) =>
      Effect.gen(function* () {
        for (const source of demoSources) {
          const own = calls.filter((each) => each.source === source)
          for (let i = 0; i < own.length; i += batchSize) {
            const analytics = libraries.get(source)!
            for (const each of own.slice(i, i + batchSize)) call(analytics, each)
            busy = true
            yield* Effect.promise(() => analytics.flush({ timeout: 30_000 }))
            busy = false
            if (reason !== undefined) return yield* new NotAccepted({ reason })
          }
        }
      })
    return { send } satisfies Sender
  })

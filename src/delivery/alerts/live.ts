/** Judges alerts and delivers their notices for as long as the process runs; beside others that do the same. */
import { Clock, Effect, Layer, Schedule } from "effect"
import { Settings } from "../../config.ts"
import { Database } from "../../platform/database.ts"
import { supervise } from "../../platform/supervise.ts"
import { Vault } from "../../platform/vault.ts"
import { hourMs } from "../grains.ts"
import { evaluateAlerts } from "./evaluate.ts"
import { deliverNotices, sweepNotices } from "./notices.ts"
import { AlertResources } from "./resources.ts"
import { AlertSenders } from "./senders.ts"

const evaluateEvery = "30 seconds"
const deliverEvery = "5 seconds"

export const alertsLive = Layer.effectDiscard(
  Effect.gen(function* () {
    const database = yield* Database
    const { publicUrl } = yield* Settings
    const evaluation = {
      database,
      resources: yield* AlertResources,
      consoleUrl: publicUrl === "" ? "" : `${publicUrl.replace(/\/+$/, "")}/console`
    }
    const delivery = { database, vault: yield* Vault, senders: yield* AlertSenders }
    const evaluate = Effect.flatMap(Clock.currentTimeMillis, (now) => evaluateAlerts(evaluation, now))
    let sweptAt = 0
    const deliver = Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      yield* deliverNotices(delivery, now)
      if (now - sweptAt < hourMs) return
      sweptAt = now
      yield* sweepNotices(database, now)
    })
    yield* Effect.forkScoped(
      supervise("alerts", Effect.asVoid(Effect.repeat(evaluate, Schedule.spaced(evaluateEvery))))
    )
    yield* Effect.forkScoped(
      supervise("alert notices", Effect.asVoid(Effect.repeat(deliver, Schedule.spaced(deliverEvery))))
    )
  })
)

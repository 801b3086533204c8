/** Who executes what: our own entries here, everything else in the worker with Segment's package, which starts when it is first needed. */
import { Effect, Layer } from "effect"
import { Settings } from "../config.ts"
import { makeEgress } from "../platform/egress.ts"
import { supervise } from "../platform/supervise.ts"
import { builtins } from "./builtin/entries.ts"
import { callBuiltin, deleteByBuiltin, testBuiltin } from "./builtin/run.ts"
import { catalogLive } from "./catalog-live.ts"
import { type OAuthClient, parseOAuthClients } from "./oauth-clients.ts"
import { DestinationRunner, type Target } from "./runner.ts"
import { makeWorker, type WorkerLife, type WorkerOptions } from "./worker-process.ts"
import type { SentTarget } from "./worker/protocol.ts"

type Clients = ReadonlyMap<string, OAuthClient>

const sentWith =
  (clients: Clients) =>
  (worker: WorkerLife, target: Target): SentTarget => ({
    metadataId: target.metadataId,
    settings: worker.keep(target.settings),
    tokens: target.tokens,
    instance: target.instance,
    application: target.application ?? clients.get(target.metadataId),
    stores: target.onRefresh !== undefined
  })

const nothing = {}

/** For tests, with other limits. */
export const makeRunner = (options: WorkerOptions, clients: Clients = new Map()) => {
  const sent = sentWith(clients)
  const egress = makeEgress(options.allowPrivate)
  const worker = makeWorker(options)
  const runner: DestinationRunner["Service"] = {
    call: (call) => {
      const builtin = builtins.get(call.metadataId)
      if (builtin !== undefined) return Effect.promise((signal) => callBuiltin(egress, builtin, call, signal))
      return worker.use((life) => {
        life.makeRoom()
        const target = sent(life, call)
        const mapping = life.keep(call.mapping ?? nothing)
        return life.ask<"call">(
          {
            kind: "call",
            target,
            actionSlug: call.actionSlug ?? "",
            mapping,
            events: call.events,
            batch: call.batch,
            recordAll: call.recordAll === true
          },
          call.onRefresh
        )
      })
    },
    testAuthentication: (target) => {
      const builtin = builtins.get(target.metadataId)
      if (builtin !== undefined) return Effect.promise((signal) => testBuiltin(egress, builtin, target, signal))
      return worker.use((life) => life.ask<"test">({ kind: "test", target: sent(life, target) }, target.onRefresh))
    },
    choices: (target, field) =>
      worker.use((life) =>
        life.ask<"choices">({ kind: "choices", target: sent(life, target), field }, target.onRefresh)
      ),
    hook: (target, hook) =>
      worker.use((life) => life.ask<"hook">({ kind: "hook", target: sent(life, target), hook }, target.onRefresh)),
    deleteUser: (target, user) => {
      const builtin = builtins.get(target.metadataId)
      if (builtin !== undefined)
        return Effect.promise((signal) => deleteByBuiltin(egress, builtin, target, user, signal))
      return worker.use((life) =>
        life.ask<"delete">({ kind: "delete", target: sent(life, target), user }, target.onRefresh)
      )
    }
  }
  return { runner, run: worker.run, process: worker.process }
}

const runnerLive = Layer.effect(
  DestinationRunner,
  Effect.gen(function* () {
    const { egressAllowPrivate, oauthClients } = yield* Settings
    const { run, runner } = makeRunner({ allowPrivate: egressAllowPrivate }, yield* parseOAuthClients(oauthClients))
    yield* Effect.forkScoped(supervise("destination worker", run))
    return runner
  })
)

/** What can be added, and who executes it. */
export const catalogAndRunnerLive = Layer.merge(catalogLive, runnerLive)

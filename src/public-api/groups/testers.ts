/** Event Tester and Mapping Tester (DEL-60 to DEL-65): a real event reaches the tool, so who sends it is in the audit trail. */
import { Clock, Effect, Schema } from "effect"
import { HttpApiEndpoint } from "effect/http-api"
import { DestinationRunner } from "../../catalog/runner.ts"
import { compileMapping } from "../../destinations/compiled.ts"
import { Destinations, type Mapping } from "../../destinations/destination.ts"
import { testEvent } from "../../destinations/testing/test-event.ts"
import { Database } from "../../platform/database.ts"
import { addAudit, auditId } from "../../workspace/audit.ts"
import { newSeed } from "../../workspace/secrets.ts"
import { makeDestinationAccess } from "../access.ts"
import { exchange } from "../delivery-shapes.ts"
import { data, group, handled } from "../group.ts"
import { invalid, notFound, problem } from "../problem.ts"

const settings = Schema.Record(Schema.String, Schema.Unknown)

const declared = group("Testers").add(
  HttpApiEndpoint.post("testEvent", "/destinations/:destinationId/test-event", {
    params: { destinationId: Schema.String },
    payload: Schema.Struct({
      event: settings,
      /** Mapping Tester: a saved one, or one that is not. */
      subscriptionId: Schema.optionalKey(Schema.String),
      subscription: Schema.optionalKey(
        Schema.Struct({
          name: Schema.optionalKey(Schema.String),
          actionId: Schema.String,
          trigger: Schema.optionalKey(Schema.String),
          settings
        })
      )
    }),
    success: data({
      matched: Schema.Number,
      message: Schema.optionalKey(Schema.String),
      results: Schema.Array(
        Schema.Struct({
          subscriptionId: Schema.NullOr(Schema.String),
          name: Schema.String,
          status: Schema.Literals(["delivered", "failed"]),
          code: Schema.optionalKey(Schema.String),
          message: Schema.optionalKey(Schema.String),
          exchanges: Schema.Array(exchange)
        })
      ),
      calls: Schema.Number,
      event: settings
    })
  })
)

interface UnsavedMapping {
  readonly name?: string
  readonly actionId: string
  readonly trigger?: string
  readonly settings: Readonly<Record<string, unknown>>
}

export const testers = Effect.gen(function* () {
  const { write: sql } = yield* Database
  const access = yield* makeDestinationAccess
  const destinations = yield* Destinations
  const runner = yield* DestinationRunner

  const found = (id: string) =>
    Effect.gen(function* () {
      yield* destinations.refresh
      return destinations.current().byId.get(id) ?? (yield* notFound(`destination ${id} in force`))
    })

  const audited = (actor: string, id: string, mapping: Mapping | undefined) =>
    Effect.gen(function* () {
      const at = yield* Clock.currentTimeMillis
      const entry = { id: auditId(at, newSeed()), at, actor, space: null, action: "Event Tested", reason: null }
      const after = mapping === undefined ? {} : { subscription: mapping.id, name: mapping.name }
      yield* addAudit(sql, [{ ...entry, target: `destination ${id}`, before: null, after }])
    })

  return handled(declared, {
    testEvent: ({ caller, params, payload }) =>
      Effect.gen(function* () {
        const { event, subscription, subscriptionId } = payload
        yield* access.destination(caller, params.destinationId, "edit")
        const destination = yield* found(params.destinationId)

        const unsaved = ({ name = "Test", actionId, trigger, settings }: UnsavedMapping) => {
          const action = destination.entry.actions.find(({ id, slug }) => id === actionId || slug === actionId)
          if (action === undefined)
            throw invalid([
              { field: "subscription.actionId", message: `"${actionId}" is no action of this destination` }
            ])
          const all = trigger ?? action.defaultTrigger ?? 'type != ""'
          const mapping = {
            id: subscriptionId ?? "",
            name,
            actionSlug: action.slug,
            enabled: true,
            trigger: all,
            settings
          }
          return compileMapping(destination.entry, mapping)
        }
        const saved = destination.mappings.find(({ id }) => id === subscriptionId)
        if (subscription === undefined && subscriptionId !== undefined && saved === undefined)
          return yield* notFound(`subscription ${subscriptionId} of this destination`)
        const mapping = subscription === undefined ? saved : unsaved(subscription)

        yield* audited(caller.actor, destination.id, mapping)
        return yield* testEvent({
          destination,
          event,
          mapping,
          saved: subscription === undefined || saved !== undefined
        }).pipe(
          Effect.provideService(DestinationRunner, runner),
          Effect.provideService(Destinations, destinations),
          Effect.catchTag("TestRefused", ({ code, message }) =>
            Effect.fail(problem(422, "input-validation", message, { data: { code } }))
          )
        )
      })
  })
})

/** Event Tester and Mapping Tester (DEL-60 to DEL-65): a real event reaches the tool, so who sends it is in the audit trail. */
import { Clock, Effect, Schema } from "effect"
import { HttpApiEndpoint } from "effect/http-api"
import { DestinationRunner } from "../../catalog/runner.ts"
import { makeDebuggerReader } from "../../debugger/reader.ts"
import { Destinations, type Mapping } from "../../destinations/destination.ts"
import { isObject } from "../../destinations/pipeline/stopped.ts"
import { sampleEvent } from "../../destinations/testing/sample.ts"
import { testEvent } from "../../destinations/testing/test-event.ts"
import { Database } from "../../platform/database.ts"
import { maskedObject, maskValue } from "../../profiles/masking/mask.ts"
import { addAudit, auditId } from "../../workspace/audit.ts"
import { newSeed } from "../../workspace/secrets.ts"
import { makeDestinationAccess } from "../access.ts"
import { exchange } from "../delivery-shapes.ts"
import { data, group, handled } from "../group.ts"
import { notFound, problem } from "../problem.ts"
import { actionOf, compileUnsaved, unsavedMapping } from "../unsaved-mapping.ts"

const settings = Schema.Record(Schema.String, Schema.Unknown)

const declared = group("Testers").add(
  HttpApiEndpoint.post("getSampleEvent", "/destinations/:destinationId/sample-event", {
    params: { destinationId: Schema.String },
    payload: Schema.Struct({
      subscriptionId: Schema.optionalKey(Schema.String),
      subscription: Schema.optionalKey(unsavedMapping)
    }),
    success: data({ event: settings, generated: Schema.Boolean })
  }),
  HttpApiEndpoint.post("testEvent", "/destinations/:destinationId/test-event", {
    params: { destinationId: Schema.String },
    payload: Schema.Struct({
      event: settings,
      /** Mapping Tester: a saved one, or one that is not. */
      subscriptionId: Schema.optionalKey(Schema.String),
      subscription: Schema.optionalKey(unsavedMapping)
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

const maskedEvent = (event: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => ({
  ...maskedObject(Object.entries(event), (value) => maskValue(value)),
  ...(event["type"] === undefined ? undefined : { type: event["type"] })
})

/** Looked at for one that the trigger takes (DEL-65). */
const recentEvents = 100

export const testers = Effect.gen(function* () {
  const { write: sql } = yield* Database
  const access = yield* makeDestinationAccess
  const destinations = yield* Destinations
  const runner = yield* DestinationRunner
  const debuggerReader = makeDebuggerReader(yield* Database)

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

  const recent = (source: number) =>
    Effect.map(
      debuggerReader.newest(
        { sources: [source], statuses: ["accepted"], types: null, events: null, messageId: null, text: null },
        recentEvents
      ),
      (entries) =>
        entries.flatMap(({ body }) => {
          const event: unknown = JSON.parse(body)
          return isObject(event) ? [event] : []
        })
    )

  return handled(declared, {
    getSampleEvent: ({ caller, params, payload: { subscription, subscriptionId } }) =>
      Effect.gen(function* () {
        yield* access.destination(caller, params.destinationId, "edit")
        const destination = yield* found(params.destinationId)
        const mapping =
          subscription === undefined
            ? destination.mappings.find(({ id }) => id === subscriptionId)
            : compileUnsaved(destination, subscription, subscriptionId ?? "")
        const { event, generated } = sampleEvent({
          recent: yield* recent(destination.source),
          fires: mapping?.fires ?? (() => true),
          trigger: mapping?.trigger ?? "",
          fields: mapping === undefined ? [] : actionOf(destination, mapping.actionSlug).fields,
          settings: mapping?.settings,
          now: yield* Clock.currentTimeMillis
        })
        return { event: caller.masked ? maskedEvent(event) : event, generated }
      }),
    testEvent: ({ caller, params, payload }) =>
      Effect.gen(function* () {
        const { event, subscription, subscriptionId } = payload
        yield* access.destination(caller, params.destinationId, "edit")
        const destination = yield* found(params.destinationId)

        const saved = destination.mappings.find(({ id }) => id === subscriptionId)
        if (subscription === undefined && subscriptionId !== undefined && saved === undefined)
          return yield* notFound(`subscription ${subscriptionId} of this destination`)
        const mapping =
          subscription === undefined ? saved : compileUnsaved(destination, subscription, subscriptionId ?? "")

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

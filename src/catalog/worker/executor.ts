/**
 * Executing one question by Segment's package (CAT-5, CAT-11, CAT-14). Never throws for what a destination did.
 *
 * The trigger was judged before; the package gets one that holds for every event (DST-88).
 */
import type { Hop } from "../../platform/outbound.ts"
import { exchangeOf, maskFor } from "../masking.ts"
import { delivered, failed, ofError, ofMember, SettingsInvalid } from "../outcome.ts"
import type { CallResult, FieldChoices, OAuthTokens, Outcome } from "../runner.ts"
import { reverseEtlOnly } from "../overlay.ts"
import { extensibleWebhook, mayRefresh, signature256, withAuthentication } from "./webhooks.ts"
import { Destinations } from "./destinations.ts"
import {
  choicesOf,
  isOAuth,
  lastRetryAfter,
  logger,
  messageOf,
  notExecuted,
  oauthOf,
  parsed,
  property,
  retryAfterOf,
  statsClient,
  unauthorised,
  withoutOAuth
} from "./kit-values.ts"
import type { Definition, KitOptions, Package } from "./package.ts"
import type { Answers, Question, SentTarget } from "./protocol.ts"
import { Refreshes } from "./refreshes.ts"
import { release, running, type Running } from "./seam.ts"

type Values = Readonly<Record<string, unknown>>

interface Resolved {
  readonly target: SentTarget
  readonly settings: Values
}

export class Executor {
  private readonly kit: Package
  private readonly destinations: Destinations
  private readonly refreshes = new Refreshes()
  private calls = 0

  constructor(kit: Package) {
    this.kit = kit
    this.destinations = new Destinations(kit)
  }

  /** `store`: asked to keep refreshed tokens. */
  async execute(
    question: Question,
    settings: Values,
    mapping: Values,
    store: (tokens: OAuthTokens) => Promise<void>,
    stop: AbortController
  ): Promise<Answers[keyof Answers]> {
    const { target } = question
    const definition = this.kit.definition(target.metadataId)
    const hops: Array<Hop> = []
    let refreshed: OAuthTokens | undefined
    let current = target.tokens ?? { accessToken: "", refreshToken: "" }
    const instance = target.instance ?? `call ${this.calls++}`
    let refused = false
    const call: Running = {
      hops,
      stop,
      held: 0,
      signature256: question.kind === "call" ? signature256(target.metadataId, settings) : undefined,
      refreshing: async (refresh) => {
        if (target.metadataId === extensibleWebhook && !mayRefresh(settings)) throw unauthorised(hops)
        // Once because of a 401: the package would do so after its second attempt, too.
        const answered = hops.at(-1)?.answer?.status === 401
        if (refused && refreshed !== undefined) return refreshed
        refused ||= answered
        current = refreshed = await this.refreshes.run(instance, current, refresh, store)
        return refreshed
      }
    }
    const resolved = { target, settings: this.settingsFor(target, definition, settings) }
    return running
      .run(call, async () => {
        switch (question.kind) {
          case "call": {
            const outcomes = await this.call(question, resolved, definition, mapping, hops)
            const show = question.recordAll || outcomes.some((outcome) => outcome.kind === "failed")
            const exchanges = show ? this.exchanges(hops, resolved, definition, refreshed) : []
            const result: CallResult = { outcomes, exchanges, ...(refreshed === undefined ? {} : { refreshed }) }
            return result
          }
          case "test":
            return definition === undefined ? undefined : this.test(definition, resolved)
          case "choices":
            return definition === undefined
              ? { choices: [], error: "This destination is not in the catalog" }
              : this.choices(question.field, definition, resolved)
          case "hook":
            return definition === undefined
              ? { error: "This destination is not in the catalog" }
              : this.hook(question.hook, definition, resolved)
          case "delete":
            return this.delete(question.user, definition, resolved, hops)
        }
      })
      .finally(() => release(call))
  }

  private settingsFor(target: SentTarget, definition: Definition | undefined, settings: Values): Values {
    const own = target.metadataId === extensibleWebhook ? withAuthentication(settings) : { ...settings }
    if (definition === undefined || !isOAuth(definition)) return own
    const { application, tokens } = target
    return {
      ...own,
      oauth: {
        access_token: tokens?.accessToken,
        refresh_token: tokens?.refreshToken,
        clientId: application?.clientId,
        clientSecret: application?.clientSecret
      }
    }
  }

  private exchanges(
    hops: ReadonlyArray<Hop>,
    { settings, target }: Resolved,
    definition: Definition | undefined,
    refreshed: OAuthTokens | undefined
  ) {
    const fields = Object.entries(definition?.authentication?.fields ?? {})
    const secret = fields.filter(([, field]) => field.type === "password" || field.format === "password")
    const hide = maskFor([
      ...secret.map(([key]) => settings[key]),
      ...(target.metadataId === extensibleWebhook ? [settings["bearerToken"], settings["clientSecret"]] : []),
      target.application?.clientSecret,
      ...[target.tokens, refreshed].flatMap((tokens) => [tokens?.accessToken, tokens?.refreshToken])
    ])
    return hops.map((hop) => exchangeOf(hop, hide))
  }

  private options(): KitOptions {
    return { onTokenRefresh: async () => {}, statsContext: { statsClient, tags: [] } }
  }

  private async call(
    question: Extract<Question, { readonly kind: "call" }>,
    { settings, target }: Resolved,
    definition: Definition | undefined,
    mapping: Values,
    hops: ReadonlyArray<Hop>
  ): Promise<ReadonlyArray<Outcome>> {
    const { actionSlug, batch, events } = question
    const all = (outcome: Outcome) => events.map(() => outcome)
    if (definition === undefined)
      return all(failed("UNKNOWN_INTEGRATION", "The catalog has no destination with this id", false))
    if (!Object.hasOwn(definition.actions, actionSlug))
      return all(
        failed(
          "INVALID_SETTINGS",
          `The mapping names the action "${actionSlug}", which ${definition.name} does not have`,
          false
        )
      )
    if (reverseEtlOnly.has(target.metadataId))
      return all(
        failed("UNSUPPORTED_EVENT_TYPE", `${definition.name} takes rows of models, no events of sources`, false)
      )
    try {
      const destination = this.destinations.of(target.metadataId, definition, actionSlug)
      const withSubscription: Values = {
        ...settings,
        subscription: { partnerAction: actionSlug, subscribe: 'type != ""', mapping }
      }
      const options = { ...this.options(), logger }
      if (target.metadataId === extensibleWebhook && mayRefresh(settings) && !target.tokens?.accessToken) {
        const tokens = await destination.refreshAccessToken(settings, oauthOf(settings))
        Reflect.set(Object(settings["oauth"]), "access_token", property(tokens, "accessToken"))
      }
      if (batch) {
        const results = await destination.onBatch(events.map(parsed), withSubscription, options)
        const members = property(Array.isArray(results) ? results[0] : undefined, "multistatus")
        if (!Array.isArray(members)) return all(notExecuted(results))
        const wait = lastRetryAfter(hops)
        return events.map((_, i) => ofMember(members[i], wait))
      }
      const results = await destination.onEvent(parsed(events[0] ?? "{}"), withSubscription, options)
      const done = Array.isArray(results) && results.some((result) => property(result, "output") === "Action Executed")
      return all(done ? delivered : notExecuted(results))
    } catch (error) {
      return all(ofError(error, retryAfterOf(error) ?? lastRetryAfter(hops)))
    }
  }

  private async test(definition: Definition, { settings, target }: Resolved): Promise<Answers["test"]> {
    const { authentication } = definition
    if (authentication?.testAuthentication === undefined) return undefined
    const destination = this.destinations.of(target.metadataId, definition, undefined)
    try {
      await destination.testAuthentication(settings)
      return { ok: true, message: "" }
    } catch (error) {
      const message = messageOf(error)
      if (!isOAuth(definition) || !message.startsWith("Credentials are invalid: 401") || !target.stores)
        return { ok: false, message: error instanceof SettingsInvalid ? `Settings are invalid: ${message}` : message }
    }
    try {
      const tokens = await destination.refreshAccessToken(settings, oauthOf(settings))
      await destination.testAuthentication({
        ...settings,
        oauth: { ...(settings["oauth"] as Values), access_token: property(tokens, "accessToken") }
      })
      return { ok: true, message: "" }
    } catch (error) {
      return { ok: false, message: messageOf(error) }
    }
  }

  private async choices(
    field: Extract<Question, { readonly kind: "choices" }>["field"],
    definition: Definition,
    { settings, target }: Resolved
  ): Promise<FieldChoices> {
    try {
      const destination = this.destinations.of(target.metadataId, definition, field.actionSlug)
      const found = await destination.executeDynamicField(field.actionSlug, field.key, {
        settings: withoutOAuth(settings),
        auth: oauthOf(settings),
        payload: field.payload ?? {},
        page: field.page,
        ...this.options(),
        logger
      })
      return choicesOf(found)
    } catch (error) {
      return { choices: [], error: messageOf(error) }
    }
  }

  private async hook(
    hook: Extract<Question, { readonly kind: "hook" }>["hook"],
    definition: Definition,
    { settings, target }: Resolved
  ): Promise<Answers["hook"]> {
    try {
      const destination = this.destinations.of(target.metadataId, definition, hook.actionSlug)
      const action = destination.actions[hook.actionSlug]
      if (action === undefined) return { error: `There is no action "${hook.actionSlug}"` }
      const answer = await action.executeHook(hook.name, {
        settings: withoutOAuth(settings),
        auth: oauthOf(settings),
        payload: hook.payload ?? {},
        hookInputs: { ...hook.inputs },
        ...this.options(),
        logger
      })
      const problem = property(answer, "error")
      if (problem !== undefined && problem !== null) return { error: String(property(problem, "message") ?? problem) }
      const saved = property(answer, "savedData")
      return { outputs: typeof saved === "object" && saved !== null ? (saved as Values) : {} }
    } catch (error) {
      return { error: messageOf(error) }
    }
  }

  private async delete(
    user: Extract<Question, { readonly kind: "delete" }>["user"],
    definition: Definition | undefined,
    { settings, target }: Resolved,
    hops: ReadonlyArray<Hop>
  ): Promise<Outcome> {
    if (definition === undefined)
      return failed("UNKNOWN_INTEGRATION", "The catalog has no destination with this id", false)
    try {
      const destination = this.destinations.of(target.metadataId, definition, undefined)
      if (destination.onDelete === undefined)
        return failed("UNSUPPORTED_EVENT_TYPE", `${definition.name} does not take requests to delete a user`, false)
      await destination.onDelete({ type: "track", ...user }, settings, this.options())
      return delivered
    } catch (error) {
      return ofError(error, retryAfterOf(error) ?? lastRetryAfter(hops))
    }
  }
}

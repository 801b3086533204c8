/**
 * What an action does when its mapping is saved (DST-96), e.g. making the list at the vendor that the mapping writes to. It runs before the
 * change, because it talks to the vendor; what it answers is stored beside its inputs, and an error refuses the save.
 */
import { Effect } from "effect"
import type { CatalogAction } from "../../catalog/entry.ts"
import type { DestinationRunner, Target } from "../../catalog/runner.ts"
import { isObject } from "../../event/json.ts"
import { type DestinationRefused, invalid, refused } from "./refused.ts"
import type { Values } from "./rows.ts"

export const unavailable = (error: { readonly message: string }): DestinationRefused =>
  refused("unavailable", "RUNNER_UNAVAILABLE", error.message)

const hookName = (fromModel: boolean): string => (fromModel ? "retlOnMappingSave" : "onMappingSave")

const memberOf = (settings: Values | undefined, name: string): Values | undefined => {
  const value = settings?.[name]
  return isObject(value) ? value : undefined
}

/** The settings with the outputs. Unchanged inputs keep theirs, so that saving again does not make a second list. */
export const withHook = Effect.fnUntraced(function* (
  runner: DestinationRunner["Service"],
  target: Target,
  action: CatalogAction,
  asked: { readonly before: Values | undefined; readonly settings: Values; readonly fromModel: boolean }
): Effect.fn.Return<Values, DestinationRefused> {
  const { before, fromModel, settings } = asked
  const name = hookName(fromModel)
  const inputs = memberOf(settings, name)?.["inputs"]
  if (!action.hooks.includes(name) || !isObject(inputs)) return settings
  const former = memberOf(before, name)
  if (former?.["outputs"] !== undefined && JSON.stringify(former["inputs"]) === JSON.stringify(inputs))
    return { ...settings, [name]: former }
  const answer = yield* Effect.mapError(
    runner.hook(target, { actionSlug: action.slug, name, payload: {}, inputs }),
    unavailable
  )
  if ("error" in answer)
    return yield* invalid("MAPPING_HOOK", `The destination refused the mapping: ${answer.error}`, `settings.${name}`)
  return { ...settings, [name]: { inputs, outputs: answer.outputs } }
})

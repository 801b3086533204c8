/** Ready-made mappings that a new destination can begin with (DST-85), and what of them still has to be said. Pure. */
import type { Action, Entry, MappingSettings } from "../../../api/public-types.ts"
import { eventTypeNames } from "../conditions.ts"
import { type Field, fieldsOfAction, initialsOf, isEmpty, isRequired, isShown } from "../fields.ts"

export interface Ready {
  readonly key: string
  readonly name: string
  readonly action: Action
  readonly trigger: string
  readonly settings: MappingSettings
  /** Required fields that nothing is mapped to yet. */
  readonly missing: ReadonlyArray<Field>
}

/** Fields of a mapping that it cannot be enabled without (DST-82). */
export const missingFields = (fields: ReadonlyArray<Field>, settings: MappingSettings): ReadonlyArray<Field> =>
  fields.filter((field) => isShown(field, settings) && isRequired(field, settings) && isEmpty(settings[field.key]))

export const everyEvent = eventTypeNames.map((type) => `type = "${type}"`).join(" or ")

/** A new mapping of an action without preset. */
export const newSettings = (action: Action): MappingSettings => initialsOf(fieldsOfAction(action))

const ready = (action: Action, name: string, trigger: string, settings: MappingSettings): Ready => ({
  key: `${action.slug} ${name} ${trigger}`,
  name,
  action,
  trigger,
  settings,
  missing: missingFields(fieldsOfAction(action), settings)
})

/** The automatic presets; entries without any, but with one action, offer it for all events (DST-110). */
export const readyOf = ({ actions, presets }: Entry): ReadonlyArray<Ready> => {
  const automatic = presets.flatMap(({ actionId, name, trigger, fields, type = "automatic" }) => {
    const action = actions.find(({ id }) => id === actionId)
    return action === undefined || type !== "automatic" ? [] : [ready(action, name, trigger, fields)]
  })
  const [only, ...more] = actions.filter(({ hidden }) => !hidden)
  return automatic.length > 0 || only === undefined || more.length > 0
    ? automatic
    : [ready(only, `${only.name} all events`, everyEvent, newSettings(only))]
}

/**
 * Definitions made into the kit's `Destination` once for each of their actions, under names that its schema validator can take (CAT-11):
 * building all schemas of an entry for every event would be the larger part of the work. What such an object gathers from its calls -
 * the responses - is dropped; our record of them is that of the seam (CAT-14).
 */
import { SettingsInvalid } from "../outcome.ts"
import { messageOf, nothing } from "./kit-values.ts"
import type { Definition, KitDestination, Package } from "./package.ts"
import { running } from "./seam.ts"

export class Destinations {
  private readonly kit: Package
  private readonly made = new Map<string, KitDestination>()

  constructor(kit: Package) {
    this.kit = kit
  }

  /** With one action, or with none for what concerns the whole entry. */
  of(metadataId: string, definition: Definition, actionSlug: string | undefined): KitDestination {
    const key = `${metadataId}/${actionSlug ?? ""}`
    const known = this.made.get(key)
    if (known !== undefined) return known
    const action = actionSlug === undefined ? undefined : definition.actions[actionSlug]
    const { authentication } = definition
    const refresh = authentication?.refreshAccessToken
    const destination = this.kit.make({
      ...definition,
      name: definition.slug,
      actions: action === undefined ? {} : { [actionSlug!]: { ...action, title: actionSlug! } },
      ...(authentication === undefined || refresh === undefined
        ? {}
        : {
            authentication: {
              ...authentication,
              refreshAccessToken: (request: unknown, input: unknown) => {
                const original = async () => refresh(request, input)
                return running.getStore()?.refreshing(original) ?? original()
              }
            }
          })
    })
    destination.responses = { push: nothing }
    const validate = destination.validateSettings.bind(destination)
    destination.validateSettings = (settings) => {
      try {
        validate(settings)
      } catch (error) {
        throw new SettingsInvalid(messageOf(error), { cause: error })
      }
    }
    this.made.set(key, destination)
    return destination
  }
}

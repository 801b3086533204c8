/**
 * Where each type may be read, worked out once per table of rules so that an event costs a few property reads:
 * per place of a message the readers that look there, with every spelling of their keys (IDR-30 to IDR-32).
 */
import { defaultTypes } from "../workspace/default-types.ts"
import type { Collection, Location } from "../workspace/rules.ts"
import type { Rules, TypeRule } from "./rules.ts"

/** snake_case of a key: `appId` -> `app_id`, `shopifyID` -> `shopify_id` (IDR-32). */
export const snakeCase = (key: string): string =>
  key
    .replace(/([\p{Ll}\p{N}])(?=\p{Lu})/gu, "$1_")
    .replace(/(\p{Lu})(?=\p{Lu}\p{Ll})/gu, "$1_")
    .replace(/[\s-]+/g, "_")
    .toLowerCase()

/** camelCase of a key: `app_id` -> `appId`. */
export const camelCase = (key: string): string => {
  const [first = "", ...rest] = snakeCase(key).split("_")
  return first + rest.map((part) => part.charAt(0).toUpperCase() + part.slice(1)).join("")
}

/** As configured, then snake, then camel, for each key in turn. */
const spellings = (keys: ReadonlyArray<string>): ReadonlyArray<string> => [
  ...new Set(keys.flatMap((key) => [key, snakeCase(key), camelCase(key)]))
]

export interface Key {
  readonly key: string
  /** E.g. `traits.appId`. */
  readonly from: string
  /** Present on every object, so only an own property counts. */
  readonly inherited: boolean
}

export interface Reader {
  readonly type: string
  readonly collection: Collection
  /** Undefined: a default type that is not in the table. */
  readonly rule: TypeRule | undefined
  /** Number of the type in this plan. */
  readonly no: number
  /** For readers of `traits`, `context.traits`, `properties`. */
  readonly keys: ReadonlyArray<Key>
}

interface DeviceReaders {
  readonly id: Reader | undefined
  readonly idfa: Reader | undefined
  readonly token: Reader | undefined
}

export interface Plan {
  readonly userId: Reader | undefined
  readonly anonymousId: Reader | undefined
  readonly groupId: Reader | undefined
  readonly contextGroupId: Reader | undefined
  /** `traits` of an identify belongs to the person, of a group to the account. */
  readonly userTraits: ReadonlyArray<Reader>
  readonly accountTraits: ReadonlyArray<Reader>
  readonly contextTraits: ReadonlyArray<Reader>
  readonly properties: ReadonlyArray<Reader>
  readonly android: DeviceReaders
  readonly ios: DeviceReaders
  readonly contextIntegrations: Reader | undefined
  readonly integrations: Reader | undefined
  readonly braze: Reader | undefined
  /**
   * Types that have won or lost their place on the event of turn `turn` hold that number here (IDR-34).
   * Scratch memory, so that no event allocates it.
   */
  readonly taken: Float64Array
  turn: number
}

/** The key of the type comes first, unless the admin spelled it otherwise among the match keys. */
const keysOf = (type: string, matchKeys: ReadonlyArray<string>): ReadonlyArray<string> => {
  const own = defaultTypes.get(type)?.key
  if (own !== undefined) return [own, ...matchKeys]
  return matchKeys.some((key) => snakeCase(key) === type) ? matchKeys : [type, ...matchKeys]
}

export const compilePlan = (rules: Rules): Plan => {
  const absent = [...defaultTypes].filter(([type, { legacy }]) => legacy !== true && !rules.byType.has(type))
  const types: ReadonlyArray<{ type: string; collection: Collection; rule: TypeRule | undefined }> = [
    ...[...rules.byType.values()].map((rule) => ({ type: rule.type, collection: rule.collection, rule })),
    ...absent.map(([type, { collection }]) => ({ type, collection, rule: undefined }))
  ]
  const readersAt = (location: Location): ReadonlyArray<Reader> =>
    types.flatMap(({ type, collection, rule }, no) => {
      const locations = rule?.locations ?? defaultTypes.get(type)!.locations
      if (!locations.includes(location)) return []
      const keys = spellings(keysOf(type, rule?.matchKeys ?? [])).map((key): Key => ({
        key,
        from: `${location}.${key}`,
        inherited: key in Object.prototype
      }))
      return [{ type, collection, rule, no, keys }]
    })
  const readerAt = (location: Location, type: string) => readersAt(location).find((reader) => reader.type === type)
  const device = (system: string): DeviceReaders => ({
    id: readerAt("context.device", `${system}.id`),
    idfa: readerAt("context.device", `${system}.idfa`),
    token: readerAt("context.device", `${system}.push_token`)
  })
  const traits = readersAt("traits")
  return {
    userId: readerAt("userId", "user_id"),
    anonymousId: readerAt("anonymousId", "anonymous_id"),
    groupId: readerAt("groupId", "group_id"),
    contextGroupId: readerAt("context.groupId", "group_id"),
    userTraits: traits.filter(({ collection }) => collection === "users"),
    accountTraits: traits.filter(({ collection }) => collection === "accounts"),
    contextTraits: readersAt("context.traits"),
    properties: readersAt("properties"),
    android: device("android"),
    ios: device("ios"),
    contextIntegrations: readerAt("context.integrations", "ga_client_id"),
    integrations: readerAt("integrations", "ga_client_id"),
    braze: readerAt("context.Braze", "braze_id"),
    taken: new Float64Array(types.length),
    turn: 0
  }
}

/**
 * Which identifiers an event carries (spec 02 section 3): one value per type from the payload, where the first
 * non-empty place wins even if its value cannot be used, then everything in `context.externalIds` (IDR-34).
 *
 * The order of reading is the extraction order of IDR-36. Blocked values are found but set apart. Values are
 * compared as normalised by IDR-35.
 *
 * Not here: where each type is read (`extraction-plan.ts`), events that are dropped before (`drops.ts`).
 */
import { identifierValue } from "../event/identifier-value.ts"
import type { Json, JsonObject, Message } from "../event/message.ts"
import { defaultTypes } from "../workspace/default-types.ts"
import type { Collection } from "../workspace/rules.ts"
import { maxTypes } from "../workspace/rules-document.ts"
import { compilePlan, type Key, type Plan, type Reader } from "./extraction-plan.ts"
import type { ExtractedIdentifier, Extraction, Ignored, IgnoreReason } from "./model.ts"
import { type AutoAdded, type Rules, type TypeRule, withAutoAdded } from "./rules.ts"

export { factsOf } from "./facts.ts"

export interface Extracted {
  readonly extraction: Extraction
  /** Types that this event adds to the table (IDR-37). */
  readonly autoAdded: ReadonlyArray<AutoAdded>
  /** The table with them: what this event and those after it are resolved by. */
  readonly rules: Rules
}

const plans = new WeakMap<Rules, Plan>()
const planOf = (rules: Rules): Plan => {
  let plan = plans.get(rules)
  if (plan === undefined) plans.set(rules, (plan = compilePlan(rules)))
  return plan
}

/** Present, not null and not blank (IDR-34). */
const isPresent = (value: unknown): boolean =>
  value !== undefined && value !== null && (typeof value !== "string" || value.trim() !== "")

const asObject = (value: unknown): JsonObject | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined

const none: ReadonlyArray<never> = []

/** Collects what one event carries. */
class Pass {
  readonly rules: Rules
  readonly plan: Plan
  readonly turn: number
  users: Array<ExtractedIdentifier> = []
  accounts: Array<ExtractedIdentifier> = []
  blocked: Array<ExtractedIdentifier> | undefined
  ignored: Array<Ignored> | undefined
  added: Array<AutoAdded> | undefined
  index = 0

  constructor(rules: Rules) {
    this.rules = rules
    this.plan = planOf(rules)
    this.turn = ++this.plan.turn
  }

  ignore(collection: Collection | null, type: string | null, from: string, reason: IgnoreReason): void {
    this.ignored ??= []
    this.ignored.push({ collection, type, from, reason })
  }

  /** One value of a payload location; the first that is present takes the place of its type. */
  read(reader: Reader | undefined, value: unknown, from: string): void {
    if (reader === undefined || !isPresent(value)) return
    if (this.plan.taken[reader.no] === this.turn) return
    this.plan.taken[reader.no] = this.turn
    this.promote(reader.type, reader.collection, reader.rule, value, from)
  }

  /** The values of one object, by the keys of each reader. */
  readKeys(readers: ReadonlyArray<Reader>, object: JsonObject): void {
    for (const reader of readers) {
      if (this.plan.taken[reader.no] === this.turn) continue
      for (const key of reader.keys) {
        const value = valueAt(object, key)
        if (!isPresent(value)) continue
        this.read(reader, value, key.from)
        break
      }
    }
  }

  promote(type: string, collection: Collection, rule: TypeRule | undefined, raw: unknown, from: string): void {
    const value = identifierValue(raw, type === "email")
    if (typeof value !== "string") return this.ignore(collection, type, from, value.reason)
    if (rule === undefined) return this.unseen(type, collection, from)
    if (!rule.enabled) return this.ignore(collection, type, from, "type_switched_off")
    const blocked = rule.blocks(value)
    const list = blocked ? (this.blocked ??= []) : collection === "users" ? this.users : this.accounts
    for (const other of list) if (other.value === value && other.type === type) return
    list.push({ collection, type, value, from, index: this.index++, rank: rule.rank })
  }

  /** A type that is not in the table, with a usable value (IDR-37). */
  unseen(type: string, collection: Collection, from: string): void {
    const known = defaultTypes.get(type)
    if (!this.rules.autoAdd || known?.legacy === true) return this.ignore(collection, type, from, "type_not_configured")
    const before = this.added?.find((added) => added.type === type)
    if (before !== undefined) {
      if (before.collection !== collection) this.ignore(collection, type, from, "wrong_collection")
      return
    }
    if (this.rules.byType.size + (this.added?.length ?? 0) >= maxTypes)
      return this.ignore(collection, type, from, "too_many_types")
    this.added ??= []
    this.added.push({ type, collection })
  }
}

const valueAt = (object: JsonObject, { key, inherited }: Key): Json | undefined =>
  inherited && !Object.hasOwn(object, key) ? undefined : object[key]

const readDevice = (pass: Pass, device: JsonObject): void => {
  const system = typeof device["type"] === "string" ? device["type"].toLowerCase() : ""
  if (system !== "android" && system !== "ios") return
  const readers = pass.plan[system]
  pass.read(readers.id, device["id"], "context.device.id")
  if (device["adTrackingEnabled"] === true)
    pass.read(readers.idfa, device["advertisingId"], "context.device.advertisingId")
  pass.read(readers.token, device["token"], "context.device.token")
}

const googleClientId = (integrations: unknown): unknown =>
  asObject(asObject(integrations)?.["Google Analytics"])?.["clientId"]

const typePattern = /^[a-z0-9][a-z0-9_.]{0,63}$/

/** Why an entry of `context.externalIds` does not count, before its type is looked at (IDR-33). */
const entryProblem = (entry: JsonObject): IgnoreReason | undefined => {
  for (const field of ["id", "type", "collection", "encoding"]) {
    const value = entry[field]
    if (value === undefined || value === null || value === "") return "missing_field"
    if (typeof value !== "string") return "not_a_string"
  }
  if ((entry["id"] as string).trim() === "") return "missing_field"
  if (!typePattern.test(entry["type"] as string)) return "malformed_type"
  if (entry["collection"] !== "users" && entry["collection"] !== "accounts") return "unknown_collection"
  return entry["encoding"] === "none" ? undefined : "unknown_encoding"
}

const readExternalId = (pass: Pass, raw: Json, from: string): void => {
  const entry = asObject(raw)
  if (entry === undefined) return pass.ignore(null, null, from, "not_an_object")
  const problem = entryProblem(entry)
  const type = typeof entry["type"] === "string" ? entry["type"] : null
  const collection = entry["collection"] === "users" || entry["collection"] === "accounts" ? entry["collection"] : null
  if (problem !== undefined || type === null || collection === null)
    return pass.ignore(collection, type, from, problem ?? "missing_field")
  const rule = pass.rules.byType.get(type)
  if (collection !== (rule?.collection ?? defaultTypes.get(type)?.collection ?? collection))
    return pass.ignore(collection, type, from, "wrong_collection")
  if (rule !== undefined && rule.enabled && !rule.locations.includes("externalIds"))
    return pass.ignore(collection, type, from, "location_switched_off")
  pass.promote(type, collection, rule, entry["id"], from)
}

/** The identifiers of an accepted message under these rules. Pure; the message is any JSON of a known type. */
export const extract = (message: Message, rules: Rules): Extracted => {
  const pass = new Pass(rules)
  const { plan } = pass
  const { type } = message
  const context = asObject(message.context)
  pass.read(plan.userId, message.userId, "userId")
  pass.read(plan.anonymousId, message.anonymousId, "anonymousId")
  if (type === "group") pass.read(plan.groupId, message.groupId, "groupId")
  else if (context !== undefined) pass.read(plan.contextGroupId, context["groupId"], "context.groupId")
  if (type === "identify" || type === "group") {
    const traits = asObject(message.traits)
    if (traits !== undefined) pass.readKeys(type === "identify" ? plan.userTraits : plan.accountTraits, traits)
  }
  const contextTraits = asObject(context?.["traits"])
  if (contextTraits !== undefined) pass.readKeys(plan.contextTraits, contextTraits)
  if (type === "track" || type === "page" || type === "screen") {
    const properties = asObject(message.properties)
    if (properties !== undefined) pass.readKeys(plan.properties, properties)
  }
  if (context !== undefined) {
    const device = asObject(context["device"])
    if (device !== undefined) readDevice(pass, device)
    if (context["integrations"] !== undefined)
      pass.read(
        plan.contextIntegrations,
        googleClientId(context["integrations"]),
        "context.integrations.Google Analytics.clientId"
      )
  }
  pass.read(plan.integrations, googleClientId(message.integrations), "integrations.Google Analytics.clientId")
  if (context !== undefined) {
    if (plan.braze !== undefined)
      pass.read(plan.braze, asObject(context["Braze"])?.["braze_id"], "context.Braze.braze_id")
    const externalIds = context["externalIds"]
    if (Array.isArray(externalIds)) {
      for (let i = 0; i < externalIds.length; i++) readExternalId(pass, externalIds[i], `context.externalIds[${i}]`)
    } else if (externalIds !== undefined && externalIds !== null) {
      pass.ignore(null, null, "context.externalIds", "not_an_array")
    }
  }
  if (pass.added !== undefined) {
    // With the new types in the table, the ranks of all identifiers are others.
    const grown = withAutoAdded(rules, pass.added)
    return { extraction: extract(message, grown).extraction, autoAdded: pass.added, rules: grown }
  }
  const { users, accounts, blocked = none, ignored = none } = pass
  return { extraction: { users, accounts, blocked, ignored }, autoAdded: none, rules }
}

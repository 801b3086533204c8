/**
 * Random runs. Pools are small on purpose: collisions are where identity resolution goes wrong. Everything that
 * the extractor, the limits and the ledger distinguish has some chance to occur.
 */
import * as fc from "fast-check"
import type { JsonObject, Message, MessageType } from "../../../src/event/message.ts"
import { messageTypes } from "../../../src/event/message.ts"
import type { BlockedValue, IdentifierRule, RulesDocument } from "../../../src/workspace/rules.ts"
import { windows } from "../../../src/workspace/rules.ts"
import { defaultRules } from "../../../src/workspace/rules-document.ts"
import { r0, type Run, type Step } from "./run.ts"
import { rulesWith } from "./rules.ts"

const day = 86_400_000
const start = Date.parse("2024-05-01T00:00:00.000Z")

const pool = (prefix: string, size: number) => fc.integer({ min: 1, max: size }).map((n) => `${prefix}${n}`)
const junk = fc.constantFrom("null", "anonymous", "undefined", "'none'", "00000000-0000", "-1", "void")
/** There in half of the cases, or in `weight` of `weight + 1`. */
const maybe = <A>(value: fc.Arbitrary<A>, weight = 1) => fc.option(value, { nil: undefined, freq: weight + 1 })
const rarely = <A>(value: fc.Arbitrary<A>) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value })
const idOf = (prefix: string, size: number) =>
  fc.oneof({ weight: 12, arbitrary: pool(prefix, size) }, { weight: 1, arbitrary: junk })

const email = fc
  .tuple(pool("e", 5), fc.constantFrom("@x.io", "@X.io", " @x.io"))
  .map(([name, host]) => (host.startsWith(" ") ? ` ${name}${host.trim()} ` : `${name}${host}`))
const odd = fc.constantFrom<unknown>(true, {}, [], 1e21, "", "  ", null, "cut\uFFFD", "x".repeat(501), 4711)
const oddly = <A>(value: fc.Arbitrary<A>) =>
  fc.oneof({ weight: 15, arbitrary: value as fc.Arbitrary<unknown> }, { weight: 1, arbitrary: odd })

/** Without members that are undefined. */
const compact = (value: object): JsonObject =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as JsonObject

const sparse = (members: Readonly<Record<string, fc.Arbitrary<unknown>>>, some: typeof rarely = maybe) =>
  fc.record(Object.fromEntries(Object.entries(members).map(([key, value]) => [key, some(value)]))).map(compact)

const device = fc
  .record({
    type: fc.constantFrom("ios", "iOS", "android", "web"),
    id: maybe(pool("d", 4)),
    advertisingId: maybe(pool("ad", 3)),
    token: rarely(pool("t", 3)),
    adTrackingEnabled: fc.constantFrom<unknown>(true, false, "true")
  })
  .map(compact)

const externalId = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.oneof(
      fc.record({
        type: fc.constantFrom("phone", "cookie", "email"),
        id: pool("p", 5),
        collection: fc.constant("users")
      }),
      fc.record({ type: fc.constant("crm_account_id"), id: pool("c", 3), collection: fc.constant("accounts") }),
      fc.record({ type: fc.constant("user_id"), id: pool("u", 5), collection: fc.constantFrom("users", "accounts") })
    )
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant("Phone"), id: pool("p", 2), collection: fc.constant("users") })
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("phone"), id: fc.constant("p1") }) }
)

const keyed = { email: oddly(email), appId: oddly(pool("app", 3)), app_id: pool("app", 3) }

const traits = sparse({
  ...keyed,
  plan: fc.constantFrom("free", "pro", null),
  age: fc.integer({ min: 1, max: 3 })
})

interface Parts {
  readonly type: MessageType
  readonly offset: number
  readonly again: number | undefined
  readonly [key: string]: unknown
}

const parts: fc.Arbitrary<Parts> = fc.record({
  type: fc.constantFrom(...messageTypes),
  /** Hours from the start of the run; the log order is another, and the last are later than their arrival (IDR-22). */
  offset: fc.integer({ min: 0, max: 60 * 24 }),
  /** Redelivery of the message so many events ago. */
  again: rarely(fc.integer({ min: 1, max: 5 })),
  userId: maybe(idOf("u", 5)),
  anonymousId: maybe(idOf("a", 7), 3),
  groupId: fc.oneof({ weight: 8, arbitrary: pool("g", 3) }, { weight: 1, arbitrary: fc.constant("") }),
  contextGroupId: rarely(pool("g", 3)),
  traits,
  contextTraits: sparse(keyed, rarely),
  properties: sparse(keyed, rarely),
  device: rarely(device),
  google: rarely(pool("ga", 4)),
  externalIds: rarely(fc.array(externalId, { maxLength: 4 }))
})

const toMessage = (part: Parts, n: number): Message => {
  const { type, contextGroupId, contextTraits, device, google, externalIds } = part
  const time = new Date(start + part.offset * 3_600_000).toISOString()
  const again = part.again !== undefined && part.again <= n && n % 4 === 0 ? part.again : 0
  return {
    ...compact({
      type,
      messageId: `m-${n - again}`,
      userId: part["userId"],
      anonymousId: part["anonymousId"],
      groupId: type === "group" ? part["groupId"] : undefined,
      previousId: type === "alias" ? "a1" : undefined,
      event: type === "track" ? "Shoe Clicked" : undefined,
      traits: type === "identify" || type === "group" ? part["traits"] : undefined,
      properties: type === "track" || type === "page" || type === "screen" ? part["properties"] : undefined
    }),
    context: compact({
      groupId: contextGroupId,
      traits: contextTraits,
      device,
      integrations: google === undefined ? undefined : { "Google Analytics": { clientId: google } },
      externalIds: (externalIds as Array<object> | undefined)?.map((entry) => ({ ...entry, encoding: "none" }))
    }),
    integrations: {},
    timestamp: time,
    originalTimestamp: time,
    receivedAt: new Date(start + 50 * day + n * 1000).toISOString(),
    version: 2,
    channel: "server"
  } as unknown as Message
}

export const messagesOf = ([minLength, maxLength]: readonly [number, number]): fc.Arbitrary<ReadonlyArray<Message>> =>
  fc.array(parts, { minLength, maxLength, size: "max" }).map((list) => list.map(toMessage))

const row = (rule: IdentifierRule, changes: fc.Arbitrary<Partial<IdentifierRule>>): fc.Arbitrary<IdentifierRule> =>
  changes.map((change) => ({ ...rule, ...change }))

const blockedList = fc.array(
  fc.constantFrom<BlockedValue>(
    { kind: "exact", value: "u1" },
    { kind: "exact", value: "void" },
    { kind: "pattern", value: "^a[12]$" },
    { kind: "pattern", value: "^[0-]*$" }
  ),
  { maxLength: 2 }
)

export interface RulesShape {
  /** Windows that may occur. */
  readonly windows: ReadonlyArray<(typeof windows)[number]>
  /** Limits high enough never to bind, nothing blocked, nothing switched off. */
  readonly binding: boolean
}

const base = rulesWith({ types: { app_id: {}, phone: {} } })

export const rulesOf = (shape: RulesShape): fc.Arbitrary<RulesDocument> =>
  shape.binding
    ? fc.record({
        autoAddIdentifiers: fc.boolean(),
        readmitDemoted: fc.boolean(),
        blockJunk: fc.boolean(),
        spaceBlocked: blockedList,
        identifiers: fc
          .tuple(
            ...base.identifiers.map((rule) =>
              fc.option(
                row(
                  rule,
                  fc.record({
                    limit: fc.constantFrom(1, 1, 2, 3, 5),
                    window: fc.constantFrom(...shape.windows),
                    rank: fc.constantFrom(rule.rank, rule.rank, null, 1, 2, 3),
                    enabled: fc.constantFrom(true, true, true, true, true, false),
                    blocked: fc.oneof(fc.constant(rule.blocked), blockedList)
                  })
                ),
                { nil: undefined, freq: 8 }
              )
            )
          )
          .map((rows) => rows.filter((row) => row !== undefined))
      })
    : fc.constant({
        ...defaultRules,
        blockJunk: false,
        identifiers: [
          ...base.identifiers,
          ...rulesWith({ types: { cookie: {}, crm_account_id: { collection: "accounts" } } }).identifiers.slice(-2)
        ].map((rule) => ({ ...rule, limit: 1000, window: "ever" as const, blocked: [] }))
      })

export interface RunShape extends RulesShape {
  readonly length: readonly [least: number, most: number]
  /** Whether protection limits (IDR-87) may be met. */
  readonly protection: boolean
  /** Whether rules may change in the middle. */
  readonly changes: boolean
}

/** A run; protection limits are low enough to be met, or out of reach. */
export const runsOf = (shape: RunShape): fc.Arbitrary<Run> =>
  fc
    .record({
      rules: rulesOf(shape),
      later: shape.changes
        ? fc.option(fc.tuple(rulesOf(shape), fc.nat({ max: shape.length[1] })), { nil: undefined })
        : fc.constant(undefined),
      messages: messagesOf(shape.length),
      maxMerges: shape.protection ? fc.constantFrom(1, 2, 100) : fc.constant(100_000),
      maxMappings: shape.protection ? fc.constantFrom(3, 6, 1000) : fc.constant(100_000)
    })
    .map(({ rules, later, messages, maxMerges, maxMappings }) => {
      const steps: Array<Step> = messages.map((message) => ({ kind: "event", message }))
      if (later !== undefined) steps.splice(later[1], 0, { kind: "rules", document: later[0] })
      return { spaceId: r0.spaceId, rules, maxMerges, maxMappings, steps }
    })

/** The usual shapes: everything; rules that stay; limits that never expire; nothing that binds. */
export const anyRun = (most = 40) =>
  runsOf({ windows, binding: true, protection: true, length: [1, most], changes: true })
export const steadyRun = (most = 40) =>
  runsOf({ windows, binding: true, protection: true, length: [1, most], changes: false })
export const everRun = (most = 40) =>
  runsOf({ windows: ["ever"], binding: true, protection: false, length: [1, most], changes: false })
export const unboundRun = (most = 40, least = 1) =>
  runsOf({ windows: ["ever"], binding: false, protection: false, length: [least, most], changes: false })

/**
 * A person whose every value is unmistakable, for tests that look for what is shown of people: what is sent, what is asked, and how a
 * value is found again in an answer.
 */
import type { Arguments } from "./ask-everything.ts"
import { spaceId } from "./service.ts"

export const mark = "zqxmark"
export const number = 7_391_827_364
export const [user, second, third] = [`${mark}-user-1`, `${mark}-user-2`, `${mark}-user-3`]
export const email = `${mark}.jane@${mark}mail.example`
export const otherEmail = `${mark}.john@${mark}mail.example`
export const [phone, laptop, tablet] = [`${mark}-phone-1`, `${mark}-laptop-1`, `${mark}-tablet-1`]
export const [group, card] = [`${mark}-group-1`, `${mark}-card-1`]
export const reason = `${mark} asked for it`

const decodings = /[A-Za-z0-9+/_-]{8,}={0,2}/g
const shows = (plain: string) => plain.toLowerCase().includes(mark) || plain.includes(String(number))
/** As it stands, or inside what only looks opaque. */
export const leaks = (text: string): boolean =>
  shows(text) || (text.match(decodings) ?? []).some((word) => shows(Buffer.from(word, "base64").toString()))

export const externalId = { id: `${mark}-late`, type: "anonymous_id", collection: "users", encoding: "none" }
export const by = (type: string, id: string) => `by: { externalId: { type: "${type}", id: "${id}" } }`
export const space = `spaceId: "${spaceId}"`
export const identifier = (name: string, type: string, id: string) => `${name}: { type: "${type}", id: "${id}" }`

export const story = () => [
  {
    type: "identify",
    messageId: "m-1",
    userId: user,
    anonymousId: phone,
    traits: {
      email,
      name: `${mark} Jane`,
      phone: number,
      ssn: `${mark}-078-05-1120`,
      address: { city: `${mark}ville`, lines: [`${mark} street 1`] }
    }
  },
  { type: "page", messageId: "m-2", anonymousId: laptop, name: "Pricing", properties: { title: `${mark} pricing` } },
  { type: "identify", messageId: "m-3", anonymousId: laptop, traits: { email, plan: `${mark}-plan` } },
  {
    type: "track",
    event: "Order Completed",
    messageId: "m-4",
    userId: user,
    properties: { note: `for ${mark}`, total: number, items: [{ name: `${mark} hat` }] },
    context: {
      ip: `${mark}::1`,
      traits: { nick: `${mark}y` },
      externalIds: [{ id: card, type: "loyalty_card", collection: "users", encoding: "none" }]
    }
  },
  { type: "group", messageId: "m-5", userId: user, groupId: group, traits: { name: `${mark} Corp`, size: number } },
  { type: "identify", messageId: "m-6", userId: second, traits: { email } },
  { type: "track", messageId: "m-7", userId: user, properties: { note: mark }, [`${mark}@${mark}.example`]: mark },
  { type: "identify", messageId: "m-8", userId: third, anonymousId: tablet },
  { type: "identify", messageId: "m-9", anonymousId: `${tablet}-2`, traits: { email: otherEmail } },
  { type: "track", event: "Signed In", messageId: "m-10", userId: third, context: { traits: { email: otherEmail } } },
  { type: "identify", messageId: "m-11", userId: "null", traits: { note: `${mark} blocked` } }
]

export const rules = `{ identifiers: [{ type: "user_id", limit: 5, window: EVER, rank: 1 }, { type: "email", limit: 5, window: EVER, rank: 2 },
  { type: "anonymous_id", limit: 5, window: EVER }, { type: "group_id", collection: ACCOUNTS, limit: 5, window: EVER }] }`

/** What questions name besides values; found out when the story has happened. */
export interface Known {
  readonly segmentId: string
  readonly runId: string
  readonly mergeId: string
  readonly auditId: string
}

/** Arguments of everything that can be asked. */
export const questions = (known: Known): Arguments => ({
  "Query.node": `id: "${known.segmentId}"`,
  "Query.space": `id: "${spaceId}"`,
  "Query.profile": [
    `${space}, ${by("user_id", user)}`,
    `${space}, ${by("user_id", third)}`,
    `${space}, collection: ACCOUNTS, ${by("group_id", group)}`
  ],
  "Query.profiles": `${space}, refs: [{ externalId: { type: "email", id: "${email}" } }]`,
  "Query.explain": `${space}, event: { type: "identify", userId: "${second}", traits: { email: "${email}" } }`,
  "Query.resolution": ["m-6", "m-3", "m-4"].map((id) => `${space}, messageId: "${id}"`),
  "Query.whyNotMerged": `${space}, ${identifier("a", "user_id", user)}, ${identifier("b", "user_id", second)}`,
  "Query.liveEvents": space,
  "Query.event": ["m-6", "m-7", "m-4"].map((id) => `${space}, messageId: "${id}"`),
  "Query.outcomes": `${space}, messageIds: ["m-4", "m-6"]`,
  "Query.pulse": space,
  "Query.sourceSeries": space,
  "Query.insights": space,
  "Query.search": [email, user, known.segmentId, known.mergeId, known.auditId, "m-4", mark].map(
    (text) => `${space}, text: "${text}"`
  ),
  "Query.searchProfiles": [`${space}`, `${space}, filter: { externalId: { type: "user_id", id: "${user}" } }`],
  "Query.sourceSchema": `${space}, sourceId: "src_web"`,
  "Query.previewSplit": `${space}, input: { profile: "${known.segmentId}", identifiers: [{ type: "anonymous_id", id: "${laptop}" }] }`,
  "Query.previewUndoMerge": `${space}, mergeId: "${known.mergeId}"`,
  "Query.previewEventFilter": `fql: "type = 'track'", event: { userId: "${user}" }`,
  "Query.erasurePreview": `userIds: ["${user}"]`,
  "Query.rebuilds": space,
  "Query.previousProfiles": space,
  "Query.rulesImpact": `${space}, rules: ${rules}`,
  "Query.whatIf": `id: "${known.runId}"`,
  "Query.whatIfRuns": space,
  "Query.outOfTheBoxRules": `answers: { industry: RETAIL, mobileApp: true, canonicalUserId: true, otherUniqueId: false }`,
  "Profile.trait": `key: "name"`,
  "Profile.events": `types: [IDENTIFY, TRACK, PAGE, SCREEN, GROUP, ALIAS]`,
  // Refused to a viewer without PII access, and without values: asked elsewhere.
  "SourceSchema.export": [],
  "SourceSchema.properties": `event: "Order Completed"`,
  "SourceSchema.traits": `type: IDENTIFY`
})

/** Arguments of everything that can be changed; whatever comes of it, an answer or an error. */
export const changes = (known: Known): Readonly<Record<string, string>> => ({
  createSpace: `name: "${mark}", kind: DEV, rules: { importFrom: "${mark}" }`,
  updateSpace: `${space}, slug: "${mark}"`,
  setConnectionPolicy: `${space}, labels: ["${mark}"]`,
  connectSources: `${space}, sourceIds: ["${mark}"]`,
  replaySources: `${space}, sourceIds: ["${mark}"], days: 1`,
  resumeReplay: `${space}, sourceId: "${mark}"`,
  disconnectSource: `${space}, sourceId: "${mark}"`,
  createAccessToken: `${space}, name: "masked", scopes: ["profiles:read", "${mark}", "pii:masked"]`,
  revokeAccessToken: `id: "${mark}"`,
  createLabel: `label: "${mark}"`,
  deleteLabel: `label: "${mark}"`,
  createEventFilter: `${space}, name: "f", fql: "userId = ("`,
  setEventFilterEnabled: `${space}, id: "${mark}", enabled: true`,
  deleteEventFilter: `${space}, id: "${mark}"`,
  deleteExternalId: `${space}, userId: "${user}", ${identifier("externalId", "email", `${mark}@nowhere.example`)}`,
  undoMerge: `${space}, mergeId: "${known.mergeId}", also: [{ type: "email", id: "${mark} nobody" }], reason: "${reason}"`,
  splitProfile: `${space}, input: { profile: "${known.segmentId}", identifiers: [{ type: "anonymous_id", id: "${phone}" }] }, reason: "${reason}"`,
  revertSplit: `${space}, auditId: "${known.auditId}", reason: "${reason}"`,
  liftSeparation: `${space}, a: "${mark} a", b: "${mark} b", reason: "${reason}"`,
  saveRules: `${space}, rules: ${rules}, expectedVersion: 99, reason: "${reason}"`,
  importRules: `${space}, fromSpaceId: "${mark}", reason: "${reason}"`,
  addSchemaEvent: `${space}, sourceId: "src_web", event: "In Advance"`,
  archiveSchemaEvent: `${space}, sourceId: "src_web", event: "${mark}"`,
  unarchiveSchemaEvent: `${space}, sourceId: "src_web", event: "${mark}"`,
  clearSchemaHistory: `${space}, sourceId: "src_web", type: GROUP`,
  startWhatIf: `${space}, input: { rules: ${rules} }`,
  cancelWhatIf: `id: "${mark}"`,
  applyWhatIf: `id: "${known.runId}", mode: RULES_ONLY, reason: "${reason}"`,
  rollbackRebuild: `${space}, reason: "${reason}"`,
  cancelRebuild: `${space}, id: "${mark}", reason: "${reason}"`
})

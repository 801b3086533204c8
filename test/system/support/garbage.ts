/**
 * Requests that no client should send, to every door of the service. Deterministic: the same `next` gives the same
 * requests. What is accepted of them reaches the spaces, which have to digest it, too.
 */
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib"
import { spaceId, token, writeKey } from "./service.ts"

export interface RawRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

export interface Dice {
  readonly below: (n: number) => number
  readonly pick: <A>(from: ReadonlyArray<A>) => A
}

export const dice = (next: () => number): Dice => {
  const below = (n: number) => Math.floor(next() * n)
  return { below, pick: (from) => from[below(from.length)]! }
}

const basic = (user: string) => `Basic ${Buffer.from(`${user}:`).toString("base64")}`
const nested = (levels: number, open: string, close: string) => `${open.repeat(levels)}1${close.repeat(levels)}`

/** JSON texts, most of them of the wrong type wherever they are put. */
const values = [
  "null",
  "true",
  "-1",
  "1e400",
  "-1e-400",
  "1.7976931348623157e308",
  "9007199254740993",
  `1${"0".repeat(400)}`,
  '""',
  '"x"',
  '"\\u0000"',
  '"a\\u0000b"',
  '"\\ud800"',
  '"\\udc00\\ud800"',
  "[]",
  "{}",
  "[null,[],{}]",
  '{"a":{"b":[1,{"c":null}]}}',
  '{"__proto__":{"x":1}}',
  '{"toString":1,"constructor":{},"":2}',
  '"2024-02-30"',
  '"9999-12-31T23:59:59Z"',
  '"-000001-01-01"',
  '"0001-01-01T00:00:00Z"',
  `"${"x".repeat(3_000)}"`,
  `"${"💥".repeat(600)}"`,
  '"%00"',
  '"\'; drop table events; --"',
  '"\\\\x00"',
  '[{"id":"a","type":"user_id","collection":"users","encoding":"none"},{"id":7},null]'
]
const fields = [
  ..."type messageId anonymousId userId previousId groupId event name category traits properties context".split(" "),
  ..."integrations timestamp originalTimestamp receivedAt sentAt version channel _metadata writeKey batch".split(" "),
  ..."__proto__ constructor hasOwnProperty x".split(" ")
]
const types = ["identify", "track", "page", "screen", "group", "alias", "TRACK", ""]

const message = ({ below, pick }: Dice): string => {
  const parts = [`"type":${below(8) === 0 ? pick(values) : JSON.stringify(pick(types))}`]
  if (below(2) === 0) parts.push(`"userId":${pick(['"u"', '"v"', ...values])}`)
  if (below(3) === 0) parts.push(`"anonymousId":${pick(values)}`)
  if (below(3) === 0) parts.push(`"traits":{"email":${pick(values)},"x":${pick(values)}}`)
  if (below(3) === 0)
    parts.push(`"context":{"externalIds":${pick(values)},"device":${pick(values)},"ip":${pick(values)}}`)
  if (below(2) === 0) parts.push('"event":"E"')
  for (let n = below(5); n > 0; n--) parts.push(`${JSON.stringify(pick(fields))}:${pick(values)}`)
  return `{${parts.join(",")}}`
}

const trackingText = (random: Dice): string => {
  const { below, pick } = random
  switch (below(7)) {
    case 0:
      return message(random)
    case 1:
      return `{"batch":[${Array.from({ length: below(6) }, () => message(random)).join(",")}],"sentAt":${pick(values)}}`
    case 2:
      return `{"batch":${pick(values)},"context":${pick(values)},"integrations":${pick(values)}}`
    case 3:
      return message(random).slice(0, below(80))
    case 4:
      return `{"userId":"u","event":"E","type":"track","properties":${nested(below(5_000), '{"a":', "}")}}`
    case 5:
      return `{"batch":[${nested(below(30_000), "[", "]")}],"context":${nested(below(300), '{"a":', "}")}}`
    default:
      return message(random).replaceAll(pick(['"', ":", "{", "}", ","]), pick(["", "'", "\\", "\u0000", "]"]))
  }
}

/** Some bytes changed, some bodies far too long. */
const spoil = ({ below }: Dice, text: string): Buffer => {
  const bytes = Buffer.from(text)
  for (let n = below(10) === 0 ? 1 + below(4) : 0; n > 0 && bytes.length > 0; n--)
    bytes[below(bytes.length)] = 128 + below(128)
  return below(100) === 0 ? Buffer.concat([bytes, Buffer.alloc(below(700_000), 32)]) : bytes
}

const packers: Record<string, (bytes: Buffer) => Buffer> = {
  gzip: (bytes) => gzipSync(bytes),
  deflate: (bytes) => deflateSync(bytes),
  br: (bytes) => brotliCompressSync(bytes)
}

const authorization = ({ below, pick }: Dice, right: string): Record<string, string> =>
  below(5) === 0
    ? {}
    : { authorization: below(4) > 0 ? right : pick([basic(""), "Basic ???", "Bearer", "x", "Bearer \u00ff"]) }

const tracking = (random: Dice): RawRequest => {
  const { below, pick } = random
  const bytes = spoil(random, trackingText(random))
  const encoding = pick(["", "", "", "gzip", "deflate", "br", "zstd", "gzip, gzip"])
  const packed = packers[encoding]?.(bytes) ?? bytes
  const sent = below(3) > 0 ? packed : pick([bytes, packed.subarray(0, packed.length >> 1)])
  return {
    method: below(30) === 0 ? pick(["PUT", "DELETE", "PATCH", "OPTIONS"]) : "POST",
    path: pick([
      ..."/v1/track /v1/identify /v1/page /v1/screen /v1/group /v1/alias /v1/t /v1/i /v1/batch /v1/b".split(" "),
      ..."/v1/batch //v1//batch/ /v1/import/ /v1/m /v1/nothing /v1 /v1/projects/x/settings /v1/%00".split(" ")
    ]),
    headers: {
      ...(encoding === "" ? {} : { "content-encoding": encoding }),
      ...authorization(random, basic(pick([writeKey, writeKey, "wk_srv", "unknown"])))
    },
    body: sent
  }
}

const pixel = (random: Dice): RawRequest => {
  const { below, pick } = random
  const text = trackingText(random).slice(0, 6_000)
  const query = pick([
    `data=${Buffer.from(text).toString(pick(["base64", "base64url", "hex"]))}`,
    `data=${encodeURIComponent(text.toWellFormed())}`,
    `writeKey=${writeKey}&userId=u&event=E&${pick(fields)}.${pick(fields)}=${encodeURIComponent(pick(values))}`,
    `writeKey=${writeKey}&${"a.".repeat(below(3_000))}b=1`,
    "%ff=%zz&data=%"
  ])
  const path = `/v1/pixel/${pick(["track", "identify", "alias", "x", ""])}?${query}`
  return { method: "GET", path, headers: {}, body: Buffer.alloc(0) }
}

/** What stands in paths and queries of the Profile API, raw. */
const pieces = [
  ..."user_id:u user_id:v email:x%40y.z user_id%3Au : :: a: :b user_id:%00 user_id:a%00b %ff user_id:%ff %zz".split(
    " "
  ),
  ..."use_ use_000000000000000000000000000 grp_zzzzzzzzzzzzzzzzzzzzzzzzzzz user_id:%ED%A0%80 %E2%80%AE:1 __proto__:x".split(
    " "
  ),
  ..."constructor user_id:%27%3Bselect%201 null undefined NaN -1 0 1e9 99999999999999999999 1.5 true [] {} %7B%7D".split(
    " "
  ),
  `user_id:${"x".repeat(4_000)}`,
  `${"y".repeat(2_000)}:z`,
  "user_id:%F0%9F%92%A5"
]
const parameters = "limit next start end sort include exclude verbose class filter x limit[]".split(" ")

const rest = (random: Dice): RawRequest => {
  const { below, pick } = random
  const cursor = () => {
    const text = Buffer.from(pick(values)).toString(pick(["base64", "base64url", "utf8"]))
    return encodeURIComponent(text.slice(0, 900).toWellFormed())
  }
  const query = Array.from(
    { length: below(4) },
    () => `${pick(parameters)}=${pick([pick(pieces), cursor(), "2024-13-45", "2025-01-01T00:00:00Z", "10", "asc", ""])}`
  )
  const path = [
    below(10) === 0 ? pick(["spa_nope", "%00", "", spaceId.toUpperCase(), pick(pieces)]) : spaceId,
    below(10) === 0 ? pick(["collection", "%2e%2e", ""]) : "collections",
    below(8) === 0 ? pick(["user", "USERS", "%00", pick(pieces)]) : pick(["users", "accounts"]),
    below(10) === 0 ? pick(["profile", ""]) : "profiles",
    pick(pieces),
    below(8) === 0
      ? pick(["", "trait", "%00", "events/1", pick(pieces)])
      : pick(["traits", "external_ids", "events", "metadata", "links"])
  ]
  return {
    method: below(30) === 0 ? pick(["POST", "PUT", "DELETE", "HEAD", "OPTIONS"]) : "GET",
    path: `/v1/spaces/${path.join("/")}${query.length === 0 ? "" : `?${query.join("&")}`}`,
    headers: authorization(random, pick([basic(token), `Bearer ${token}`])),
    body: Buffer.alloc(0)
  }
}

const words = [
  ..."{ } ( ) [ ] : ! $ @ ... fragment on query mutation subscription profile profiles node spaces by spaceId".split(
    " "
  ),
  ...'segmentId externalIds traits events edges node first last after before -1 1e999 "x" """ null __schema __typename # \u0000 é 💥'.split(
    " "
  )
]

const queries = [
  "query ($s: ID!, $id: ID!) { profile(spaceId: $s, by: { segmentId: $id }) { segmentId traits { edges { node { key value } } } } }",
  `query ($s: ID!, $id: String!) { profile(spaceId: $s, by: { externalId: { type: "user_id", id: $id } }) {
     segmentId events(first: 3) { edges { cursor node { event properties context } } } links { edges { node { to { segmentId } } } }
     merges { edges { node { from into } } } externalIds { edges { node { type id } } } metadata { mergeCount } } }`,
  "query ($id: ID!) { node(id: $id) { id __typename } }",
  `query ($s: ID!, $id: String, $n: Int) { profile(spaceId: $s, by: { externalId: { type: "user_id", id: "u" } }) {
     events(first: $n, after: $id) { edges { node { event } } } traits(first: $n, before: $id) { totalCount } } }`,
  "query ($s: ID!, $refs: [ProfileRef!]!) { profiles(spaceId: $s, refs: $refs) { segmentId } }"
]

const graphqlText = (random: Dice): string => {
  const { below, pick } = random
  switch (below(8)) {
    case 0:
      return Array.from({ length: 1 + below(40) }, () => pick(words)).join(" ")
    case 1:
      return pick(queries).slice(0, below(150))
    case 2:
      return nested(below(4_000), "{ a ", "}")
    case 3:
      return `{ ${Array.from({ length: below(60) }, (_, i) => `a${i}: spaces { id }`).join(" ")} }`
    case 4:
      return "fragment A on Space { ...B } fragment B on Space { ...A } { spaces { ...A } }"
    case 5:
      return `{ spaces @include(if: ${pick(values)}) { id @skip(if: ${pick(values)}) } }`
    case 6:
      return `{ node(id: ${pick(values)}) { id } spaces { ${"profileCount ".repeat(below(3_000))} } }`
    default:
      return pick(queries)
  }
}

const graphql = (random: Dice): RawRequest => {
  const { below, pick } = random
  const ids = ["use_000000000000000000000000000", "", "x", "U3BhY2U6eA", `${"=".repeat(50)}`]
  const variable = () => pick([...values, ...ids.map((id) => JSON.stringify(id))])
  const variables = pick([
    `{"s":"${spaceId}","id":${variable()},"n":${pick(["3", "-1", "101", "1e10", "null", '"3"'])},"refs":[${variable()}]}`,
    `{"s":"${spaceId}","id":"u","refs":[{"externalId":{"type":${variable()},"id":${variable()}}}]}`,
    pick(values)
  ])
  const query = below(20) === 0 ? pick(values) : JSON.stringify(graphqlText(random))
  const whole = `{"query":${query},"variables":${variables}${below(4) === 0 ? `,"operationName":${pick(values)}` : ""}}`
  return {
    method: below(30) === 0 ? pick(["GET", "PUT", "DELETE", "OPTIONS"]) : "POST",
    path: `/graphql${below(20) === 0 ? pick(["/", "?query=%7B", "/x", "%00"]) : ""}`,
    headers: {
      "content-type":
        below(10) === 0 ? pick(["text/plain", "application/graphql", "multipart/form-data"]) : "application/json",
      accept:
        below(10) === 0
          ? pick(["text/event-stream", "multipart/mixed", "x", "application/graphql-response+json"])
          : "*/*",
      ...authorization(random, `Bearer ${token}`)
    },
    body: spoil(random, pick([whole, whole, whole, whole.slice(0, below(whole.length)), pick(values)]))
  }
}

const elsewhere = ({ below, pick }: Dice): RawRequest => ({
  method: pick(["GET", "POST", "PUT", "HEAD", "OPTIONS"]),
  path: pick([
    ..."/ /health/x /healthz /metrics/ /v2/track /%2e%2e/etc/passwd /analytics.js/v1/unknown/analytics.min.js".split(
      " "
    ),
    ..."/analytics-next/bundles/../../package.json /analytics-next/bundles/%2e%2e%2fpackage.json /favicon.ico //".split(
      " "
    ),
    `/${"a/".repeat(below(4_000))}`,
    `/v1/projects/${"k".repeat(below(4_000))}/settings`,
    `/health?${"x".repeat(below(10_000))}`
  ]),
  headers: {},
  body: Buffer.from(pick(values))
})

/** One of all doors. */
export const garbage = (random: Dice): RawRequest => {
  const door = random.below(100)
  if (door < 50) return tracking(random)
  if (door < 58) return pixel(random)
  if (door < 76) return rest(random)
  if (door < 94) return graphql(random)
  return elsewhere(random)
}

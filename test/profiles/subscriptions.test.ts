/** Subscriptions over SSE: what happens to a profile, what is logged, what arrives (PRO-66). */
import { Effect } from "effect"
import { afterAll, beforeAll, expect, it } from "vitest"
import { flush } from "../../src/debugger/flush.ts"
import { Recorder } from "../../src/debugger/recorder.ts"
import { postgresGraph } from "../../src/identity/graph-postgres.ts"
import { Database } from "../../src/platform/database.ts"
import { message, rig } from "../support/space.ts"
import { startApi, type TestApi } from "./support/api.ts"
import { external, readProfile } from "./support/people.ts"

let api: TestApi
beforeAll(async () => {
  api = await startApi(rig(postgresGraph, { settings: { dedupScope: "source" } }))
})
afterAll(() => api.close())

/** Events as they come; `next` waits for one. */
const subscribe = async (query: string, variables: object, secret = "pt_admin") => {
  const abort = new AbortController()
  const response = await fetch(`${api.url}/graphql`, {
    method: "POST",
    signal: abort.signal,
    headers: { authorization: `Bearer ${secret}`, "content-type": "application/json", accept: "text/event-stream" },
    body: JSON.stringify({ query, variables: { s: api.space.id, ...variables } })
  })
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  let text = ""
  return {
    // oxlint-disable-next-line typescript/no-explicit-any -- bodies are compared, not computed with
    next: async (): Promise<any> => {
      for (;;) {
        const match = /event: next\ndata: (.*)\n\n/.exec(text)
        if (match !== null) {
          text = text.slice(match.index + match[0].length)
          return JSON.parse(match[1]!)
        }
        const { done, value } = await reader.read()
        if (done) throw new Error(`the stream ended: ${text}`)
        text += value
      }
    },
    close: () => abort.abort()
  }
}

const changed = `subscription ($s: ID!, $by: ProfileRef!, $r: String) { profileChanged(spaceId: $s, by: $by, resume: $r) {
  kind previousId messageId resume profile { segmentId } traits { key value } externalIds { type id } } }`

it("AC3-24: who subscribed to a profile that is merged away is told, and goes on with the survivor", async () => {
  await api.send({ type: "identify", messageId: "w-1", userId: "p1", traits: { email: "jane.kim@segment.com" } })
  await api.send({ type: "page", messageId: "w-2", anonymousId: "b50e18a5" })
  const [p1, p2] = await Promise.all([
    readProfile(api, external("user_id", "p1"), "segmentId"),
    readProfile(api, external("anonymous_id", "b50e18a5"), "segmentId")
  ])
  const stream = await subscribe(changed, { by: { segmentId: p2.segmentId } })
  await api.send({
    type: "identify",
    messageId: "w-3",
    anonymousId: "b50e18a5",
    traits: { email: "jane.kim@segment.com" }
  })
  const merged = (await stream.next()).data.profileChanged
  expect(merged).toMatchObject({ kind: "MERGED", previousId: p2.segmentId, profile: p1, messageId: "w-3" })
  await stream.next()
  await api.send({ type: "identify", messageId: "w-4", userId: "p1", traits: { plan: "pro" } })
  const later = (await stream.next()).data.profileChanged
  expect(later).toMatchObject({ kind: "TRAITS", profile: p1, traits: [{ key: "plan", value: "pro" }] })
  stream.close()
  // Behind the token, each change once.
  const again = await subscribe(changed, { by: { segmentId: p1.segmentId }, r: merged.resume })
  const kinds = [(await again.next()).data.profileChanged, (await again.next()).data.profileChanged]
  expect(kinds.map(({ kind, messageId }) => [kind, messageId])).toEqual([
    ["TRAITS", "w-3"],
    ["TRAITS", "w-4"]
  ])
  again.close()
})

it("violations as they are logged, messages as they arrive, the pulse", async () => {
  const insights = await subscribe(
    `subscription ($s: ID!) { insightLogged(spaceId: $s) { violation messageId identifier { id } } }`,
    {}
  )
  const live = await subscribe(
    `subscription ($s: ID!) { liveEvents(spaceId: $s, filter: {events: ["Seen"]}) { messageId event } }`,
    {}
  )
  const pulse = await subscribe(`subscription ($s: ID!) { pulse(spaceId: $s) { perSecond lastMinute } }`, {})
  await api.send({ type: "identify", messageId: "v-1", userId: "p9", traits: { email: "jane.kim@segment.com" } })
  expect((await insights.next()).data.insightLogged).toMatchObject({ violation: "IDENTIFIER_LIMIT", messageId: "v-1" })
  const recorder = new Recorder()
  const body = Buffer.from(JSON.stringify(message({ event: "Seen", messageId: "v-2", userId: "p9" })))
  recorder.accepted(api.source.no, [{ body }], Date.now())
  await api.run(Effect.flatMap(Database, (database) => flush(database, recorder)))
  expect((await live.next()).data.liveEvents).toEqual({ messageId: "v-2", event: "Seen" })
  expect((await pulse.next()).data.pulse.lastMinute).toHaveLength(60)
  for (const stream of [insights, live, pulse]) stream.close()
})

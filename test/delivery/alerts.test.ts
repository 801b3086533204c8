/** Alerts: who may do what, when they fire, and how notices get out (spec 04 section 10, spec 08 section 5). */
import { Effect, Layer, ManagedRuntime } from "effect"
import { createServer, type IncomingMessage } from "node:http"
import { type AddressInfo, createServer as createTcp } from "node:net"
import { randomBytes } from "node:crypto"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { AlertRefused } from "../../src/delivery/alerts/alert.ts"
import { evaluateAlerts } from "../../src/delivery/alerts/evaluate.ts"
import { type Asker, makeAlertManagement } from "../../src/delivery/alerts/manage.ts"
import { deliverNotices, sweepNotices } from "../../src/delivery/alerts/notices.ts"
import { makeNotifications } from "../../src/delivery/alerts/notifications.ts"
import { AlertResources } from "../../src/delivery/alerts/resources.ts"
import { AlertSenders, makeSenders, signatureOf } from "../../src/delivery/alerts/senders.ts"
import { dayMs, hourMs, minuteMs } from "../../src/delivery/grains.ts"
import { Database } from "../../src/platform/database.ts"
import { Vault, vaultLayer } from "../../src/platform/vault.ts"
import { testDatabase } from "../support/database.ts"
import { atDoor, delivered, failed, filtered, given, happened } from "./given.ts"

interface Got {
  readonly path: string
  readonly body: string
  readonly signature: string
}

const got: Array<Got> = []
/** What the stub answers, in order; the last for ever. */
let answers: ReadonlyArray<number> = [200]
let asked = 0

const bodyOf = async (req: IncomingMessage) => {
  const chunks: Array<Buffer> = []
  for await (const chunk of req) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
const stub = createServer((req, res) => {
  void bodyOf(req).then((body) => {
    got.push({ path: req.url ?? "", body, signature: String(req.headers["x-signature-256"]) })
    if (req.url === "/inside") return res.writeHead(302, { location: "http://169.254.169.254/" }).end()
    return res.writeHead(answers[Math.min(asked++, answers.length - 1)]!).end()
  })
})

/** As much of SMTP as one e-mail needs. */
const mails: Array<string> = []
const smtp = createTcp((socket) => {
  let data: string | undefined
  let rest = ""
  socket.write("220 stub\r\n")
  socket.on("data", (chunk) => {
    rest += chunk.toString()
    for (let end = rest.indexOf("\r\n"); end !== -1; end = rest.indexOf("\r\n")) {
      const line = rest.slice(0, end)
      rest = rest.slice(end + 2)
      if (data !== undefined) {
        if (line !== ".") data += `${line}\n`
        else {
          mails.push(data)
          data = undefined
          socket.write("250 taken\r\n")
        }
      } else if (line === "DATA") {
        data = ""
        socket.write("354 go on\r\n")
      } else if (line === "QUIT") socket.end("221 bye\r\n")
      else socket.write("250 ok\r\n")
    }
  })
  socket.on("error", () => {})
})

const listening = (server: {
  listen: (port: number, host: string, done: () => void) => unknown
  address: () => unknown
}) =>
  new Promise<number>((resolve) => server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port)))

const now = Date.UTC(2026, 0, 15, 12, 5)
const end = Date.UTC(2026, 0, 15, 12)
const owner: Asker = { actor: "token:owner", isOwner: true }
const ann: Asker = { actor: "token:ann", isOwner: false }
const bob: Asker = { actor: "token:bob", isOwner: false }

const resources = AlertResources.of({
  find: (id) => {
    const [kind, number] = id.split("_")
    if (number === undefined) return undefined
    return kind === "src"
      ? {
          type: "source",
          name: `Source ${number}`,
          owner: { destination: 0, source: Number(number) },
          path: `/sources/${id}/alerts`
        }
      : {
          type: "destination",
          name: `Destination ${number}`,
          owner: { destination: Number(number), source: Number(number) },
          path: `/destinations/${id}/alerts`
        }
  },
  workspaceName: Effect.succeed("Acme")
})

const make = (smtpPort: number) =>
  ManagedRuntime.make(
    Layer.mergeAll(
      Layer.succeed(AlertResources, resources),
      Layer.succeed(
        AlertSenders,
        makeSenders({
          allowPrivate: ["127.0.0.1/32"],
          smtpUrl: `smtp://127.0.0.1:${smtpPort}/?ignoreTLS=true`,
          smtpFrom: "Braid <braid@acme.test>"
        })
      ),
      vaultLayer(Effect.succeed({ current: randomBytes(32), previous: undefined }))
    ).pipe(Layer.provideMerge(testDatabase))
  )

let runtime: ReturnType<typeof make>
let base = ""
beforeAll(async () => {
  base = `http://127.0.0.1:${await listening(stub)}`
  runtime = make(await listening(smtp))
})
afterAll(async () => {
  await runtime.dispose()
  stub.close()
  smtp.close()
})

const run = <A, E>(body: Effect.Effect<A, E, Database | Vault | AlertResources | AlertSenders>) =>
  runtime.runPromise(body)
const manage = <A, E>(use: (alerts: Effect.Success<typeof makeAlertManagement>) => Effect.Effect<A, E>) =>
  run(Effect.flatMap(makeAlertManagement, use))
const refusal = (use: (alerts: Effect.Success<typeof makeAlertManagement>) => Effect.Effect<unknown, unknown>) =>
  run(Effect.flip(Effect.flatMap(makeAlertManagement, use))) as Promise<AlertRefused>
const evaluate = (at: number) =>
  run(
    Effect.gen(function* () {
      const database = yield* Database
      yield* evaluateAlerts({ database, resources: yield* AlertResources, consoleUrl: "https://cdp.test/console" }, at)
    })
  )
const deliver = (at: number) =>
  run(
    Effect.gen(function* () {
      const deps = { database: yield* Database, vault: yield* Vault, senders: yield* AlertSenders }
      return yield* deliverNotices(deps, at)
    })
  )
const bell = (asker: Asker) => run(Effect.flatMap(makeNotifications, ({ list }) => list(asker.actor, 50)))
const of = async (id: string) => (await manage(({ list }) => list(id)))[0]!

const inApp = [{ type: "IN_APP" }]
const rate = (resourceId: string, channels: unknown = inApp, threshold = 99) => ({
  type: "DELIVERY_RATE",
  resourceId,
  threshold,
  channels
})

const sorted = (text: string) =>
  Object.values(JSON.parse(text) as object)
    .map((each) => JSON.stringify(each))
    .sort()

describe("DEL-55: making alerts", () => {
  it.each([
    ["another type", { ...rate("dst_1"), type: "WEATHER" }],
    ["a volume of a destination", { ...rate("dst_1"), type: "SOURCE_VOLUME" }],
    ["nothing that is there", rate("dst")],
    ["a rate above 100 %", rate("dst_1", inApp, 100.1)],
    ["no threshold", rate("dst_1", inApp, Number.NaN)],
    ["no channel", rate("dst_1", [])],
    ["a channel that does not exist", rate("dst_1", [{ type: "PIGEON" }])],
    ["several addresses", rate("dst_1", [{ type: "EMAIL", address: "a@b.test, c@d.test" }])],
    ["no URL", rate("dst_1", [{ type: "SLACK", url: "ftp://x.test", channel: "#c" }])],
    ["no secret", rate("dst_1", [{ type: "WEBHOOK", url: "https://x.test/" }])]
  ])("refuses %s", async (_, alert) => {
    expect((await refusal(({ create }) => create(ann, alert))).code).toBe("VALIDATION_FAILED")
  })

  it("shows no secret, and keeps it when it comes back as it was shown", async () => {
    const secret = [
      { type: "SLACK", url: "https://hooks.slack.test/services/T0/B0/token", channel: "#alerts" },
      { type: "WEBHOOK", url: "https://x.test/hook?key=k", secret: "s3cret" }
    ]
    const made = await manage(({ create }) => create(ann, rate("dst_2", secret)))
    const shown = made.channels.map(({ status, ...channel }) => (status.lastError === null ? channel : status))
    expect(shown).toEqual([
      { type: "SLACK", url: "https://hooks.slack.test/••••••••", channel: "#alerts" },
      { type: "WEBHOOK", url: "https://x.test/••••••••", secret: "••••••••" }
    ])
    const [row] = await run(
      Effect.flatMap(
        Database,
        ({ write: sql }) =>
          sql<{
            text: string
          }>`select a::text || coalesce((select string_agg(u::text, '') from audit u), '') as text from alerts a where id = ${made.id}`
      )
    )
    expect(row!.text).not.toMatch(/token"|s3cret|key=k/)
    const kept = () =>
      run(
        Effect.gen(function* () {
          const { write: sql } = yield* Database
          const vault = yield* Vault
          const [alert] = yield* sql<{ secrets: string }>`select secrets from alerts where id = ${made.id}`
          return vault.open(alert!.secrets, `channels of the alert ${made.id}`)
        })
      )
    const before = await kept()
    expect(before).toContain("s3cret")
    await manage(({ update }) => update(ann, made.id, { channels: shown.toReversed() }))
    expect(sorted(await kept())).toEqual(sorted(before))
  })

  it("AC4-57, AC8-23: a member neither changes nor deletes the alert of somebody else; an owner deletes it, and may not change it", async () => {
    const { id } = await manage(({ create }) => create(ann, rate("dst_3")))
    expect((await refusal(({ update }) => update(bob, id, { threshold: 50 }))).code).toBe("ALERT_NOT_OWNER")
    expect((await refusal(({ remove }) => remove(bob, id))).code).toBe("ALERT_NOT_OWNER")
    expect((await refusal(({ update }) => update(owner, id, { threshold: 50 }))).code).toBe("ALERT_NOT_OWNER")
    expect((await manage(({ update }) => update(ann, id, { threshold: 50 }))).threshold).toBe(50)
    await manage(({ remove }) => remove(owner, id))
    expect((await refusal(({ find }) => find(id))).code).toBe("NOT_FOUND")
    const actions = await run(
      Effect.flatMap(
        Database,
        ({ write: sql }) =>
          sql<{
            action: string
            actor: string
          }>`select action, actor from audit where target = ${`alert ${id}`} order by n`
      )
    )
    expect(actions).toEqual([
      { action: "Alert Created", actor: "token:ann" },
      { action: "Alert Modified", actor: "token:ann" },
      { action: "Alert Deleted", actor: "token:owner" }
    ])
  })
})

const events = (counts: Readonly<Record<"good" | "bad" | "out", number>>, at: number) => [
  ...Array.from({ length: counts.good }, () => given(delivered(), at)),
  ...Array.from({ length: counts.bad }, () => given(failed("400"), at)),
  ...Array.from({ length: counts.out }, () => given(filtered("FILTERED_BY_RULES"), at))
]

const count = (destination: number, counts: Parameters<typeof events>[0], at: number) =>
  run(
    Effect.flatMap(Database, ({ write: sql }) =>
      happened(sql, { destination, source: destination }, events(counts, at))
    )
  )

const told = async () => (await bell(bob)).filter(({ resourceId }) => resourceId === "dst_11").map(({ kind }) => kind)

describe("DEL-52, DEL-54: when they fire", () => {
  it("AC4-56: 98 delivered, 2 failed and 500 filtered fire at 99 %; 99 and 1 do not; once, after a day again, and when it is over", async () => {
    await manage(({ create }) => create(ann, rate("dst_11")))
    await manage(({ create }) => create(ann, rate("dst_12")))
    await count(11, { good: 98, bad: 2, out: 500 }, end - hourMs)
    await count(12, { good: 99, bad: 1, out: 0 }, end - hourMs)
    await evaluate(now)
    expect(await of("dst_11")).toMatchObject({ state: "firing", value: 98, lastFiredAt: now, evaluatedAt: end })
    expect(await of("dst_12")).toMatchObject({ state: "ok", value: 99, lastFiredAt: null })
    expect(await told()).toEqual(["firing"])
    // The same hour is judged once; the next ones change nothing until a day has gone.
    await evaluate(now + 10 * minuteMs)
    await evaluate(now + 3 * hourMs)
    expect(await told()).toEqual(["firing"])
    await count(11, { good: 1, bad: 1, out: 0 }, end + 23 * hourMs)
    await evaluate(now + 24 * hourMs)
    expect(await told()).toEqual(["reminder", "firing"])
    await count(11, { good: 1_000, bad: 0, out: 0 }, end + 30 * hourMs)
    await evaluate(now + 31 * hourMs)
    expect(await told()).toEqual(["recovered", "reminder", "firing"])
    expect(await of("dst_11")).toMatchObject({ state: "ok", lastFiredAt: now })
    // Nothing was attempted in the last 24 hours: nothing is said.
    await evaluate(now + 60 * hourMs)
    expect(await of("dst_11")).toMatchObject({ state: "ok" })
  })

  it("the bell is everybody's, and each has read up to a place of their own", async () => {
    const { see, unseen } = await run(makeNotifications)
    const [newest] = await bell(ann)
    expect(newest).toMatchObject({
      title: "Recovered: Successful delivery rate of Destination 11",
      path: "/destinations/dst_11/alerts",
      seen: false
    })
    await run(see(ann.actor, newest!.n))
    await run(see(ann.actor, 0))
    expect([await run(unseen(ann.actor)), await run(unseen(bob.actor))]).toEqual([0, 3])
  })

  it("AC4-55: a source that is younger than 48 hours is not evaluated", async () => {
    const young = { type: "SOURCE_VOLUME", threshold: 4, channels: inApp }
    await manage(({ create }) => create(ann, { ...young, resourceId: "src_21" }))
    await manage(({ create }) => create(ann, { ...young, resourceId: "src_22" }))
    await run(
      Effect.flatMap(Database, ({ write: sql }) =>
        Effect.gen(function* () {
          for (const [source, since] of [
            [21, 47],
            [22, 49]
          ] as const) {
            yield* sql`insert into sources (no, id, created_at) overriding system value values (${source}, ${`src_${source}`}, ${new Date(end - since * hourMs)})`
            yield* atDoor(sql, source, "successfully_received", "", end - 30 * hourMs, 100)
            yield* atDoor(sql, source, "filtered_at_source", "event_setting", end - 2 * hourMs, 5)
            yield* atDoor(sql, source, "successfully_received", "", end - 2 * hourMs, 100)
            yield* atDoor(sql, source, "duplicate", "", end - 2 * hourMs, 50)
          }
        })
      )
    )
    await evaluate(now)
    expect(await of("src_21")).toMatchObject({ state: "ok", value: null, evaluatedAt: end })
    expect(await of("src_22")).toMatchObject({ state: "firing", value: 5 })
  })
})

const fire = async (destination: number, channels: unknown) => {
  got.length = 0
  asked = 0
  const { id } = await manage(({ create }) => create(ann, rate(`dst_${destination}`, channels)))
  await run(
    Effect.flatMap(Database, ({ write: sql }) =>
      happened(sql, { destination, source: destination }, events({ good: 0, bad: 1, out: 0 }, end - hourMs))
    )
  )
  await evaluate(now)
  return id
}
/** The clock goes from one attempt to the next, as the worker's does; answers when they were. */
const attempts = async () => {
  const times: Array<number> = []
  for (let at = Date.now(); ;) {
    if ((await deliver(at)) > 0) times.push(at)
    const [next] = await run(
      Effect.flatMap(
        Database,
        ({ write: sql }) =>
          sql<{
            at: number
          }>`select (extract(epoch from min(next_at)) * 1000)::float8 as at from alert_notices where next_at is not null having count(*) > 0`
      )
    )
    if (next === undefined) return times
    at = Math.max(at, next.at)
  }
}

const bodyAt = (path: string) => JSON.parse(got.find((each) => each.path.startsWith(path))!.body) as object

describe("ADM-64: how notices get out", () => {
  it("AC8-54: 500 twice, then 200: the signature verifies, and the third attempt delivers", async () => {
    answers = [500, 500, 200]
    const id = await fire(31, [{ type: "WEBHOOK", url: `${base}/hook`, secret: "s" }])
    expect((await attempts()).length).toBe(3)
    expect(got.length).toBe(3)
    const { body, signature } = got[2]!
    expect(signature).toBe(signatureOf("s", body))
    expect(JSON.parse(body)).toEqual({
      alertType: "DELIVERY_RATE",
      workspace: "Acme",
      resource: "Destination 31",
      value: 0,
      threshold: 99,
      window: "24 hours",
      url: "https://cdp.test/console/w/-/destinations/dst_31/alerts",
      state: "firing"
    })
    const { channels } = await manage(({ find }) => find(id))
    expect(channels[0]!.status).toMatchObject({ lastError: null, lastDeliveredAt: expect.any(Number) as number })
  })

  it("AC8-54: always 500: eleven attempts within an hour, and the failure is on the alert", async () => {
    answers = [500]
    const id = await fire(32, [{ type: "WEBHOOK", url: `${base}/hook`, secret: "s" }])
    await attempts()
    expect(got.length).toBe(11)
    const { channels } = await manage(({ find }) => find(id))
    expect(channels[0]!.status).toEqual({
      lastDeliveredAt: null,
      lastError: { message: "It answered 500", at: expect.any(Number) as number, final: true }
    })
    await run(Effect.flatMap(Database, (database) => sweepNotices(database, Date.now() + 2 * dayMs)))
    expect((await manage(({ find }) => find(id))).channels[0]!.status.lastError?.final).toBe(true)
  })

  it("AC8-28: an address inside is refused, also behind a redirect", async () => {
    const id = await fire(33, [
      { type: "WEBHOOK", url: "http://169.254.169.254/", secret: "s" },
      { type: "WEBHOOK", url: `${base}/inside`, secret: "s" }
    ])
    await deliver(Date.now() + dayMs)
    const { channels } = await manage(({ find }) => find(id))
    for (const { status } of channels)
      expect(status.lastError?.message).toContain(
        "169.254.169.254 is a private, loopback, link-local or metadata address"
      )
    await manage(({ remove }) => remove(ann, id))
  })

  it("DEL-53: Slack gets a text, a workflow flat facts; e-mail says it in words", async () => {
    answers = [200]
    const id = await fire(34, [
      { type: "SLACK", url: `${base}/services/T/B/x`, channel: "#alerts" },
      { type: "SLACK", url: `${base}/workflows/T/A/x`, channel: "" },
      { type: "EMAIL", address: "team@acme.test" }
    ])
    await deliver(Date.now() + dayMs)
    expect(bodyAt("/services")).toEqual({
      text: "Alert: Successful delivery rate of Destination 34\n0 % of the deliveries of the last 24 hours were successful (the alert is set to 99 %).\nhttps://cdp.test/console/w/-/destinations/dst_34/alerts",
      channel: "#alerts"
    })
    expect(bodyAt("/workflows")).toMatchObject({ alertType: "DELIVERY_RATE", resource: "Destination 34", value: 0 })
    expect(mails.length).toBe(1)
    expect(mails[0]).toContain("To: team@acme.test")
    expect(mails[0]).toContain("From: Braid <braid@acme.test>")
    expect(mails[0]).toContain("Subject: Alert: Successful delivery rate of Destination 34")
    expect((await manage(({ find }) => find(id))).channels.every(({ status }) => status.lastError === null)).toBe(true)
  })

  it("a channel that its alert has no more gets nothing", async () => {
    answers = [200]
    const id = await fire(35, [{ type: "WEBHOOK", url: `${base}/hook`, secret: "s" }])
    await manage(({ update }) => update(ann, id, { channels: inApp }))
    await deliver(Date.now() + dayMs)
    expect(got).toEqual([])
  })

  it("without SMTP there is no e-mail to choose", () => {
    expect(makeSenders({ allowPrivate: [], smtpUrl: undefined, smtpFrom: "" }).available).toEqual([
      "IN_APP",
      "SLACK",
      "WEBHOOK"
    ])
  })
})

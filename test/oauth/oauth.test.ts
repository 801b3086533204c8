/** OAuth for sources with everything that it needs: two processes on one database, Segment's Node client, and requests as other clients send them. */
import { Analytics } from "@segment/analytics-node"
import { Context, Effect, Exit, Layer, Logger, type Redacted, Scope } from "effect"
import { createPublicKey, generateKeyPairSync, type KeyObject, randomUUID, sign, verify } from "node:crypto"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { Settings, type SettingsValue } from "../../src/config.ts"
import { signerAt, signingKeysLive } from "../../src/oauth/signing-keys.ts"
import { TokenServer } from "../../src/oauth/token-server.ts"
import { Database } from "../../src/platform/database.ts"
import { connectDatabase } from "../../src/platform/database-layer.ts"
import { Health } from "../../src/platform/health.ts"
import { vaultLayer } from "../../src/platform/vault.ts"
import { makeTracking } from "../../src/tracking/tracking.ts"
import { makeManagement, type Management } from "../../src/workspace/management.ts"
import { Workspace, type WorkspaceSnapshot } from "../../src/workspace/workspace.ts"
import { workspaceAlone } from "../../src/workspace/workspace-live.ts"
import { freshDatabase } from "../support/database.ts"
import { basic, MemoryLog, testSettings } from "../tracking/harness.ts"

const day = 86_400
const pair = () =>
  generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" }
  })
const [keys, others] = [pair(), pair()]

const masterKey = Buffer.alloc(32, 7)

interface Process {
  readonly url: string
  readonly log: MemoryLog
  readonly management: Management
  readonly snapshot: () => WorkspaceSnapshot
  readonly sql: Database["Service"]["write"]
}

const start = Effect.fnUntraced(function* (database: Redacted.Redacted) {
  const layer = TokenServer.layer.pipe(
    Layer.provide(signingKeysLive),
    Layer.provide(vaultLayer(Effect.succeed({ current: masterKey, previous: undefined }))),
    Layer.provideMerge(workspaceAlone),
    Layer.provideMerge(Layer.effect(Database, Effect.orDie(connectDatabase(database, { embedded: true })))),
    Layer.provideMerge(Health.layer),
    Layer.provideMerge(
      Layer.effect(
        Settings,
        Effect.map(Settings, (all): SettingsValue => ({ ...all, publicUrl: "" }))
      ).pipe(Layer.provide(Settings.layer))
    ),
    Layer.fresh
  )
  const context = yield* Layer.build(layer)
  const tokens = Context.get(context, TokenServer)
  const workspace = Context.get(context, Workspace)
  const management = yield* Effect.provide(makeManagement, context)
  const log = new MemoryLog()
  const tracking = makeTracking({
    snapshot: workspace.current,
    log,
    settings: { ...testSettings, oauthInvalidTokenStatus: 401 },
    now: () => Date.now(),
    onDefect: (error) => {
      throw error
    }
  })
  const server = createServer((req, res) =>
    tokens.matches(req.url ?? "/") ? tokens.handle(req, res) : tracking.handle(req, res)
  )
  yield* Effect.acquireRelease(
    Effect.promise(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))),
    () =>
      Effect.promise(() => {
        server.closeAllConnections()
        return new Promise((resolve) => server.close(resolve))
      })
  )
  const { port } = server.address() as AddressInfo
  const sql = Context.get(context, Database).write
  return { url: `http://127.0.0.1:${port}`, log, management, snapshot: workspace.current, sql } satisfies Process
})

const scope = Effect.runSync(Scope.make())
let database: Redacted.Redacted
let one: Process
let two: Process
/** Ids of the sources `sec` (connected, enforced) and `open` (an application of its own, not enforced). */
let [sec, open, application, keyId, other, otherKey] = ["", "", "", "", "", ""]

const run = <A, E>(effect: Effect.Effect<A, E>) => Effect.runPromise(effect)
const refusal = <A, E>(effect: Effect.Effect<A, E>) =>
  run(Effect.map(Effect.flip(effect), (error) => (error as { readonly code?: string }).code))

/** What the other process sees, too: told by a notification, at the latest after five seconds. */
const until = async (what: () => boolean | Promise<boolean>): Promise<void> => {
  const end = Date.now() + 5_000
  while (!(await what())) {
    if (Date.now() > end) throw new Error("not within five seconds")
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const ready = ({ snapshot }: Process): boolean =>
  snapshot().oauth!.signingKeys.size > 0 && snapshot().sourceByWriteKey.get("wk_secured")?.oauth?.enabled === true

beforeAll(async () => {
  const started = Effect.gen(function* () {
    database = yield* freshDatabase
    return [yield* start(database), yield* start(database)] as const
  }).pipe(Effect.provideService(Scope.Scope, scope), Effect.provide(Logger.layer([])))
  ;[one, two] = await run(started)
  const { management } = one
  const scopes = ["tracking_api:write"]
  const made = (name: string, key: string, granted = scopes) =>
    run(
      management.createApplication("kim", {
        name,
        tokenSeconds: day,
        scopes: granted,
        key: { name: "first", publicKey: key }
      })
    )
  ;({ id: application, keyId } = await made("Shop", keys.publicKey))
  ;({ id: other, keyId: otherKey } = await made("Other", others.publicKey, [...scopes, "public_api:read_write"]))
  sec = (await run(management.createSource("kim", { slug: "sec", kind: "server", writeKey: "wk_secured" }))).id
  open = (await run(management.createSource("kim", { slug: "open", kind: "http", writeKey: "wk_opened_" }))).id
  await run(management.connectApplication("kim", sec, application))
  await run(management.connectApplication("kim", open, other))
  await run(management.enforceOAuth("kim", sec, true))
  await until(() => ready(one) && ready(two))
}, 60_000)

afterAll(() => run(Scope.close(scope, Exit.void)))

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url")

interface Assertion {
  readonly header?: object
  readonly claims?: object
  readonly key?: string | KeyObject
}

/** As the Node client makes it, with what is changed. */
const assertion = ({ url }: Process, { header = {}, claims = {}, key = keys.privateKey }: Assertion = {}) => {
  const now = Date.now() / 1000
  const first = part({ alg: "RS256", kid: keyId, typ: "JWT", ...header })
  const second = part({
    iss: application,
    sub: application,
    aud: `${url}/oauth2`,
    iat: now - 5,
    exp: now + 55,
    jti: randomUUID(),
    ...claims
  })
  const signature = sign("RSA-SHA256", Buffer.from(`${first}.${second}`), key).toString("base64url")
  return `${first}.${second}.${signature}`
}

const form = (client_assertion: string, more: Readonly<Record<string, string>> = {}) => ({
  grant_type: "client_credentials",
  client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
  client_assertion,
  scope: "tracking_api:write",
  ...more
})

interface TokenAnswer {
  readonly access_token: string
  readonly token_type: string
  readonly expires_in: number
  readonly scope: string
  readonly error: string
  readonly error_description: string
}

const ask = async ({ url }: Process, body: Readonly<Record<string, string>>, path = "/oauth2/token") => {
  const answer = await fetch(`${url}${path}`, { method: "POST", body: new URLSearchParams(body) })
  return { status: answer.status, headers: answer.headers, ...((await answer.json()) as TokenAnswer) }
}

/** Waits while the application may not ask for more. */
const tokenOf = async (process: Process, made?: Assertion): Promise<string> => {
  let token: string | undefined
  await until(async () => {
    const { status, access_token } = await ask(process, form(assertion(process, made)))
    token = access_token
    return status !== 429
  })
  return token!
}
const ofOther = () => ({ header: { kid: otherKey }, claims: { iss: other, sub: other }, key: others.privateKey })

const track = async ({ url }: Process, writeKey: string, authorization: string) => {
  const answer = await fetch(`${url}/v1/batch`, {
    method: "POST",
    headers: { authorization, "content-type": "application/json" },
    body: JSON.stringify({ writeKey, batch: [{ type: "track", event: "E", userId: "u" }] })
  })
  return {
    status: answer.status,
    challenge: answer.headers.get("www-authenticate"),
    ...((await answer.json()) as { code?: string })
  }
}

const slightlyWrong = (jwt: string) => `${jwt.slice(0, -4)}${jwt.endsWith("AAAA") ? "BBBB" : "AAAA"}`

const now = () => Date.now() / 1000

describe("a token request", () => {
  it("AC1-37 AC8-25 ING-147: as Node sends it, with `//token`, answers a token that others can verify", async () => {
    const answer = await ask(one, form(assertion(one)), "/oauth2//token")
    expect(answer).toMatchObject({ status: 200, token_type: "Bearer", expires_in: day, scope: "tracking_api:write" })
    expect(answer.headers.get("date")).not.toBeNull()
    expect(answer.headers.get("cache-control")).toBe("no-store")
    const jwks = (await (await fetch(`${two.url}/oauth2/.well-known/jwks.json`)).json()) as {
      readonly keys: ReadonlyArray<{ readonly kid: string; readonly alg: string; readonly d?: string }>
    }
    const [header, claims, signature] = answer.access_token.split(".") as [string, string, string]
    const { kid } = JSON.parse(Buffer.from(header, "base64url").toString()) as { kid: string }
    const published = jwks.keys.find((key) => key.kid === kid)!
    expect(published.d).toBeUndefined()
    const key = createPublicKey({ key: { ...published }, format: "jwk" })
    expect(verify("RSA-SHA256", Buffer.from(`${header}.${claims}`), key, Buffer.from(signature, "base64url"))).toBe(
      true
    )
    expect(JSON.parse(Buffer.from(claims, "base64url").toString())).toMatchObject({
      iss: `${one.url}/oauth2`,
      sub: application,
      scope: "tracking_api:write"
    })
  })

  const late = { iat: now() - 305, exp: now() - 245 }
  const early = { iat: now() + 60, exp: now() + 110 }
  const cases: ReadonlyArray<readonly [string, () => Promise<Assertion>, number, string, RegExp]> = [
    ["AC1-37: a clock 5 minutes behind", async () => ({ claims: late }), 400, "invalid_request", /^Token is expired$/],
    [
      "ING-148: a clock a minute ahead",
      async () => ({ claims: early }),
      400,
      "invalid_request",
      /^Token used before issued$/
    ],
    ["AC1-37: alg none", async () => ({ header: { alg: "none" } }), 401, "invalid_client", /RS256/],
    ["ING-148: alg HS256", async () => ({ header: { alg: "HS256" } }), 401, "invalid_client", /RS256/],
    ["AC8-25: a wrong key", async () => ({ key: others.privateKey }), 401, "invalid_client", /signed/],
    [
      "AC8-25: a life of 61 s",
      async () => ({ claims: { iat: now(), exp: now() + 61 } }),
      401,
      "invalid_client",
      /60 seconds/
    ],
    ["ING-148: an unknown application", async () => ({ claims: { sub: "app_x" } }), 401, "invalid_client", /signed/],
    ["ING-148: an unknown kid", async () => ({ header: { kid: "key_x" } }), 401, "invalid_client", /signed/],
    [
      "ING-148: another server as aud",
      async () => ({ claims: { aud: "https://x.test/oauth2" } }),
      401,
      "invalid_client",
      /aud/
    ],
    ["ING-148: another iss", async () => ({ claims: { iss: "https://x.test" } }), 401, "invalid_client", /iss/],
    ["ING-148: no jti", async () => ({ claims: { jti: "" } }), 401, "invalid_client", /jti/]
  ]
  it.each(cases)("%s", async (_, made, status, error, description) => {
    const answer = await ask(one, form(assertion(one, await made())))
    expect(answer).toMatchObject({ status, error, error_description: expect.stringMatching(description) })
  })

  it("ING-146: what clients really send: iss absent or the server, aud with a slash, no typ, whole seconds", async () => {
    const server = `${one.url}/oauth2`
    const sent: ReadonlyArray<Assertion> = [
      { claims: { iss: undefined } },
      { claims: { iss: server, aud: `${server}/` } },
      { header: { typ: undefined } },
      { claims: { iat: Math.floor(now()), exp: Math.floor(now()) + 60 } }
    ]
    for (const made of sent) expect((await ask(two, form(assertion(one, made)))).status).toBe(401)
    for (const made of sent) expect((await ask(one, form(assertion(one, made)))).status).toBe(200)
  })

  it("AC1-37 AC8-25 ADM-76: the same jti is taken once, in both processes together", async () => {
    const once = assertion(one, { claims: { aud: [`${one.url}/oauth2`, `${two.url}/oauth2`] } })
    const answers = await Promise.all([one, two, one, two].map((process) => ask(process, form(once))))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401, 401])
    expect(answers.find(({ status }) => status === 401)).toMatchObject({ error: "invalid_client" })
  })

  it("AC8-25: a scope that was not granted, none at all, another grant, another type, no form", async () => {
    const refused = async (more: Readonly<Record<string, string>>) => {
      const { status, error, error_description: text } = await ask(two, form(assertion(two), more))
      expect(typeof text).toBe("string")
      return `${status} ${error}`
    }
    expect(await refused({ scope: "tracking_api:write public_api:read_write" })).toBe("400 invalid_scope")
    expect(await refused({ scope: " " })).toBe("400 invalid_request")
    expect(await refused({ grant_type: "password" })).toBe("400 unsupported_grant_type")
    expect(await refused({ client_assertion_type: "x" })).toBe("400 invalid_request")
    const json = await fetch(`${two.url}/oauth2/token`, {
      method: "POST",
      body: "{}",
      headers: { "content-type": "application/json" }
    })
    expect([json.status, ((await json.json()) as TokenAnswer).error]).toEqual([415, "invalid_request"])
    expect((await fetch(`${two.url}/oauth2/token`)).status).toBe(405)
  })

  it("ING-148: more than ten a second of one application are told to wait, with both headers", async () => {
    const answers = await Promise.all(
      Array.from({ length: 40 }, () => ask(two, form(assertion(two, { ...ofOther() }))))
    )
    const limited = answers.filter(({ status }) => status === 429)
    expect(limited.length).toBeGreaterThan(0)
    expect(limited[0]).toMatchObject({ error: "temporarily_unavailable" })
    expect(limited[0]!.headers.get("retry-after")).toBe("1")
    expect(limited[0]!.headers.get("x-ratelimit-reset")).toBe("1")
  })
})

describe("a source with OAuth", () => {
  it("AC1-36 AC8-26: wants a token of its application with the scope, in every process", async () => {
    const token = await tokenOf(one)
    for (const process of [one, two]) {
      const stored = process.log.events.length
      expect(await track(process, "wk_secured", basic("wk_secured"))).toMatchObject({
        status: 401,
        code: "invalid_token",
        challenge: 'Bearer error="invalid_token"'
      })
      expect(await track(process, "wk_secured", `Bearer ${slightlyWrong(token)}`)).toMatchObject({ status: 401 })
      expect(process.log.events.length).toBe(stored)
      expect(await track(process, "wk_secured", `bearer ${token}`)).toMatchObject({ status: 200 })
      expect(process.log.events.length).toBe(stored + 1)
    }
    const foreign = await tokenOf(one, ofOther())
    expect(await track(two, "wk_secured", `Bearer ${foreign}`)).toMatchObject({
      status: 403,
      code: "source_not_connected"
    })
  })

  it("ING-150: connected but not enabled: the write key suffices, and a token is not looked at", async () => {
    expect(await track(one, "wk_opened_", basic("wk_opened_"))).toMatchObject({ status: 200 })
    expect(await track(one, "wk_opened_", "Bearer nonsense")).toMatchObject({ status: 200 })
  })

  it("AC1-36 ING-142: a scope that is taken away stops counting at once, also in tokens that have it", async () => {
    const token = await tokenOf(one)
    const scoped = (scopes: ReadonlyArray<string>) =>
      run(one.management.updateApplication("kim", application, { scopes }))
    await scoped(["functions:write"])
    expect(await track(one, "wk_secured", `Bearer ${token}`)).toMatchObject({ status: 403, code: "insufficient_scope" })
    await scoped(["tracking_api:write"])
    expect(await track(one, "wk_secured", `Bearer ${token}`)).toMatchObject({ status: 200 })
    await until(() => two.snapshot().oauth!.applications.get(application)!.scopes.has("tracking_api:write"))
  })

  it("AC1-36 AC8-26 ING-151: a revoked token is refused everywhere within 5 s, others go on", async () => {
    const [revoked, kept] = [await tokenOf(one), await tokenOf(one)]
    expect(await track(two, "wk_secured", `Bearer ${revoked}`)).toMatchObject({ status: 200 })
    await run(one.management.revokeAccessToken("kim", ` ${revoked}\n`))
    expect(await track(one, "wk_secured", `Bearer ${revoked}`)).toMatchObject({ status: 401 })
    await until(async () => (await track(two, "wk_secured", `Bearer ${revoked}`)).status === 401)
    expect(await track(two, "wk_secured", `Bearer ${kept}`)).toMatchObject({ status: 200 })
    expect(await refusal(one.management.revokeAccessToken("kim", slightlyWrong(kept)))).toBe("VALIDATION_FAILED")
  })

  it("AC1-36 ING-160: Segment's Node client gets its token and delivers", async () => {
    const analytics = new Analytics({
      writeKey: "wk_secured",
      host: one.url,
      flushAt: 2,
      oauthSettings: {
        clientId: application,
        clientKey: keys.privateKey,
        keyId,
        authServer: `${one.url}/oauth2`,
        scope: "tracking_api:write"
      }
    })
    const errors: Array<unknown> = []
    analytics.on("error", (error) => errors.push(error))
    const before = one.log.events.length
    analytics.track({ userId: "u", event: "Order Paid" })
    analytics.identify({ userId: "u", traits: { plan: "pro" } })
    await analytics.closeAndFlush({ timeout: 10_000 })
    expect(errors).toEqual([])
    expect(one.log.stored.slice(before).map(({ type }) => type)).toEqual(["track", "identify"])
  })
})

describe("managing applications", () => {
  it("AC8-27 ADM-78: one that is connected cannot be deleted, nor without its name; disconnected and named it can", async () => {
    const { management } = one
    expect(await refusal(management.deleteApplication("kim", other, "Other"))).toBe("CONFLICT")
    expect(await refusal(management.deleteApplication("kim", other, "other"))).toBe("VALIDATION_FAILED")
    const token = await tokenOf(one, ofOther())
    await run(management.disconnectApplication("kim", open))
    await run(management.deleteApplication("kim", other, "Other"))
    expect(await track(one, "wk_secured", `Bearer ${token}`)).toMatchObject({ status: 401 })
  })

  it("ING-149: a key that is 30 days old is replaced; the new one signs when every process knows it, the old one still verifies", async () => {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 })
    const at = (kid: string, createdAt: number) => ({ kid, privateKey, createdAt })
    expect(signerAt([], 0)).toBeUndefined()
    expect(signerAt([at("only", 90_000)], 90_001)!.kid).toBe("only")
    expect(signerAt([at("old", 0), at("new", 90_000)], 149_999)!.kid).toBe("old")
    expect(signerAt([at("old", 0), at("new", 90_000)], 150_000)!.kid).toBe("new")
    const token = await tokenOf(one)
    await run(one.sql`update oauth_signing_keys set created_at = now() - interval '31 days'`)
    await run(start(database).pipe(Effect.provideService(Scope.Scope, scope), Effect.provide(Logger.layer([]))))
    await until(() => one.snapshot().oauth!.signingKeys.size === 2)
    expect(await track(one, "wk_secured", `Bearer ${token}`)).toMatchObject({ status: 200 })
  })

  it("ING-140 ING-142: refuses private, short and foreign keys, a third key, other lifetimes, other kinds of sources", async () => {
    const { management } = one
    const short = generateKeyPairSync("rsa", { modulusLength: 1024 })
      .publicKey.export({ type: "spki", format: "pem" })
      .toString()
    const curve = generateKeyPairSync("ec", { namedCurve: "P-256" })
      .publicKey.export({ type: "spki", format: "pem" })
      .toString()
    for (const publicKey of [keys.privateKey, short, curve, "x"])
      expect(await refusal(management.addApplicationKey("kim", application, { name: "k", publicKey }))).toBe(
        "VALIDATION_FAILED"
      )
    const second = await run(
      management.addApplicationKey("kim", application, { name: "second", publicKey: others.publicKey })
    )
    expect(
      await refusal(management.addApplicationKey("kim", application, { name: "3", publicKey: others.publicKey }))
    ).toBe("CONFLICT")
    expect((await ask(one, form(assertion(one, { header: { kid: second }, key: others.privateKey })))).status).toBe(200)
    const token = await tokenOf(one)
    await run(management.removeApplicationKey("kim", application, keyId))
    // Tokens of a removed key stay valid; assertions with it do not.
    expect(await track(one, "wk_secured", `Bearer ${token}`)).toMatchObject({ status: 200 })
    expect((await ask(one, form(assertion(one)))).status).toBe(401)
    expect(await refusal(management.removeApplicationKey("kim", application, second))).toBe("CONFLICT")
    expect(await refusal(management.updateApplication("kim", application, { tokenSeconds: 60 }))).toBe(
      "VALIDATION_FAILED"
    )
    const web = (await run(management.createSource("kim", { slug: "web", kind: "website" }))).id
    expect(await refusal(management.connectApplication("kim", web, application))).toBe("SOURCE_TYPE_UNSUPPORTED")
    expect(await refusal(management.enforceOAuth("kim", web, true))).toBe("CONFLICT")
  })

  it("ADM-84: the private half of our own key is nowhere in the database", async () => {
    const rows = await run(one.sql<{ sealed: string }>`select private_key as sealed from oauth_signing_keys`)
    expect(rows.length).toBeGreaterThan(0)
    expect(rows[0]!.sealed).not.toContain("PRIVATE KEY")
    expect(rows[0]!.sealed).toMatch(/^v1\./)
  })
})

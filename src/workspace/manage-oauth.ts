/**
 * OAuth applications (ING-142, ING-144, ING-151): their keys, which sources they are connected to, whether a source wants their tokens, and
 * tokens that are taken back. Each function is the body of one change; see `changes.ts`.
 */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import { createPublicKey } from "node:crypto"
import { texts } from "../platform/sql-arrays.ts"
import type { Change } from "./changes.ts"
import { type OAuthKey, type OAuthScope, oauthScopes, readSignedToken, tokenLifetimes } from "./oauth-token.ts"
import { checkName, type ChangeRefused, refuse } from "./refused.ts"
import { newApplicationId, newKeyId } from "./secrets.ts"
import { findSource, sourceRows, writeOAuth } from "./source-rows.ts"

type Changed<A> = Effect.Effect<A, ChangeRefused | SqlError.SqlError>

const mostKeys = 2
const leastBits = 2_048
const longestPem = 8_192
/** Sources that could hold an application's token (ING-140): what runs in a browser or on a phone cannot keep a private key. */
export const connectableKinds: ReadonlySet<string> = new Set(["server", "http", "function"])

export interface NewKey {
  readonly name: string
  readonly publicKey: string
}

export interface ApplicationView {
  readonly id: string
  readonly name: string
  readonly tokenSeconds: number
  readonly scopes: ReadonlyArray<OAuthScope>
  readonly keys: ReadonlyArray<OAuthKey & { readonly createdAt: number }>
  /** Ids of the connected sources. */
  readonly sources: ReadonlyArray<string>
  readonly origin: "file" | "api"
  readonly createdAt: number
  readonly createdBy: string
}

/** In the order in which they were made, or the one with this id. */
export const readApplications = Effect.fnUntraced(function* (
  sql: PgClient.PgClient,
  id?: string
): Effect.fn.Return<ReadonlyArray<ApplicationView>, SqlError.SqlError> {
  const applications = yield* sql<Omit<ApplicationView, "keys" | "sources">>`
    select id, name, token_seconds as "tokenSeconds", scopes::text[] as scopes, origin, created_by as "createdBy",
      (extract(epoch from created_at) * 1000)::float8 as "createdAt"
    from oauth_applications where ${id ?? null}::text is null or id = ${id ?? null} order by n`
  const keys = yield* sql<OAuthKey & { readonly application: string; readonly createdAt: number }>`
    select id, application, name, public_key as "publicKey", (extract(epoch from created_at) * 1000)::float8 as "createdAt"
    from oauth_keys order by n`
  const sources = yield* sourceRows(sql)
  return applications.map((each) => ({
    ...each,
    keys: keys
      .filter(({ application }) => application === each.id)
      .map(({ id, name, publicKey, createdAt }) => ({ id, name, publicKey, createdAt })),
    sources: sources.filter(({ oauth }) => oauth?.application === each.id).map(({ id }) => id)
  }))
})

const find = (sql: PgClient.PgClient, id: string): Changed<ApplicationView> =>
  Effect.gen(function* () {
    const [application] = yield* readApplications(sql, id)
    return application ?? (yield* refuse("NOT_FOUND", `There is no OAuth application ${id}.`))
  })

/** The key as we keep it, or what is wrong with it. */
export const readPublicKey = (pem: string): { readonly pem: string } | { readonly problem: string } => {
  if (pem.includes("PRIVATE KEY"))
    return {
      problem:
        "This is a private key, which only the application may know. Nothing of it was stored; make a new pair and send its public key."
    }
  const expected = "Expected an RSA public key in PEM, `-----BEGIN PUBLIC KEY-----` first."
  if (pem.length > longestPem || !/^\s*-----BEGIN PUBLIC KEY-----\s/.test(pem)) return { problem: expected }
  try {
    const key = createPublicKey(pem)
    if (key.asymmetricKeyType !== "rsa") return { problem: expected }
    const bits = key.asymmetricKeyDetails?.modulusLength ?? 0
    return bits < leastBits
      ? { problem: `The key has ${bits} bits; at least ${leastBits} are needed.` }
      : { pem: key.export({ type: "spki", format: "pem" }).toString() }
  } catch {
    return { problem: expected }
  }
}

const checkKey = ({ name, publicKey }: NewKey): Effect.Effect<NewKey, ChangeRefused> =>
  Effect.gen(function* () {
    const read = readPublicKey(publicKey)
    if ("problem" in read) return yield* refuse("VALIDATION_FAILED", read.problem)
    return { name: yield* checkName(name, "the key"), publicKey: read.pem }
  })

const checkLifetime = (seconds: number): Effect.Effect<number, ChangeRefused> =>
  tokenLifetimes.includes(seconds)
    ? Effect.succeed(seconds)
    : Effect.fail(
        refuse(
          "VALIDATION_FAILED",
          `Tokens last 1, 2 or 3 days, 1, 2 or 3 weeks, or 30 days: one of ${tokenLifetimes.join(", ")} seconds.`
        )
      )

const checkScopes = (scopes: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<OAuthScope>, ChangeRefused> => {
  const known = oauthScopes.filter((scope) => scopes.includes(scope))
  return known.length > 0 && known.length === new Set(scopes).size
    ? Effect.succeed(known)
    : Effect.fail(
        refuse("VALIDATION_FAILED", `An application has one or more of the scopes ${oauthScopes.join(", ")}.`)
      )
}

const insertKey = ({ sql, at, actor }: Change, application: string, { name, publicKey }: NewKey, id = newKeyId()) =>
  Effect.as(
    sql`insert into oauth_keys (id, application, name, public_key, created_at, created_by)
      values (${id}, ${application}, ${name}, ${publicKey}, ${new Date(at)}, ${actor})`,
    id
  )

export interface NewApplication {
  readonly name: string
  readonly tokenSeconds: number
  readonly scopes: ReadonlyArray<string>
  readonly key: NewKey
}

/** Answers the ids that assertions name: of the application and of its key. */
export const createApplication = (
  change: Change,
  { name, tokenSeconds, scopes, key }: NewApplication
): Changed<{ readonly id: string; readonly keyId: string }> =>
  Effect.gen(function* () {
    const { sql, at, actor, audit } = change
    const named = yield* checkName(name, "the application")
    const seconds = yield* checkLifetime(tokenSeconds)
    const granted = yield* checkScopes(scopes)
    const checked = yield* checkKey(key)
    const id = newApplicationId()
    yield* sql`insert into oauth_applications (id, name, token_seconds, scopes, origin, created_at, created_by)
      values (${id}, ${named}, ${seconds}, ${texts(granted)}, 'api', ${new Date(at)}, ${actor})`
    const keyId = yield* insertKey(change, id, checked)
    const after = { name: named, tokenSeconds: seconds, scopes: granted, keys: [{ id: keyId, name: checked.name }] }
    audit({ space: null, action: "OAuth Application Created", target: `oauth application ${id}`, after })
    return { id, keyId }
  })

export interface ApplicationPatch {
  readonly name?: string
  /** Concerns tokens that are given out from now on. */
  readonly tokenSeconds?: number
  /** One that is taken away stops counting at once, also in tokens that have it. */
  readonly scopes?: ReadonlyArray<string>
}

export const updateApplication = (change: Change, id: string, patch: ApplicationPatch): Changed<void> =>
  Effect.gen(function* () {
    const { name, tokenSeconds, scopes } = yield* find(change.sql, id)
    const before = { name, tokenSeconds, scopes }
    const after = {
      name: patch.name === undefined ? name : yield* checkName(patch.name, "the application"),
      tokenSeconds: patch.tokenSeconds === undefined ? tokenSeconds : yield* checkLifetime(patch.tokenSeconds),
      scopes: patch.scopes === undefined ? scopes : yield* checkScopes(patch.scopes)
    }
    if (JSON.stringify(before) === JSON.stringify(after)) return
    yield* change.sql`update oauth_applications set name = ${after.name}, token_seconds = ${after.tokenSeconds}, scopes = ${texts(after.scopes)}
      where id = ${id}`
    change.audit({
      space: null,
      action: "OAuth Application Modified",
      target: `oauth application ${id}`,
      before,
      after
    })
  })

/** Answers the id of the key. */
export const addApplicationKey = (change: Change, id: string, key: NewKey): Changed<string> =>
  Effect.gen(function* () {
    const { keys } = yield* find(change.sql, id)
    if (keys.length >= mostKeys)
      return yield* refuse("CONFLICT", `An application has at most ${mostKeys} keys. Remove the old one first.`)
    const checked = yield* checkKey(key)
    const keyId = yield* insertKey(change, id, checked)
    const after = { id: keyId, name: checked.name }
    change.audit({ space: null, action: "OAuth Key Added", target: `oauth application ${id}`, after })
    return keyId
  })

/** Tokens that were given out for it stay valid (ING-151). */
export const removeApplicationKey = (change: Change, id: string, keyId: string): Changed<void> =>
  Effect.gen(function* () {
    const { keys } = yield* find(change.sql, id)
    const key = keys.find((each) => each.id === keyId)
    if (key === undefined) return yield* refuse("NOT_FOUND", `The application has no key ${keyId}.`)
    if (keys.length === 1)
      return yield* refuse("CONFLICT", "The last key of an application cannot be removed. Add another one first.")
    yield* change.sql`delete from oauth_keys where id = ${keyId}`
    const before = { id: keyId, name: key.name }
    change.audit({ space: null, action: "OAuth Key Removed", target: `oauth application ${id}`, before })
  })

/** `typedName`: what the person typed to confirm. Its tokens end with it. */
export const deleteApplication = (change: Change, id: string, typedName: string): Changed<void> =>
  Effect.gen(function* () {
    const { name, sources } = yield* find(change.sql, id)
    if (typedName !== name)
      return yield* refuse("VALIDATION_FAILED", `Type the name of the application, "${name}", to delete it.`)
    if (sources.length > 0)
      return yield* refuse(
        "CONFLICT",
        `The application is connected to ${sources.length} source(s): ${sources.join(", ")}. Disconnect them first.`
      )
    yield* change.sql`delete from oauth_applications where id = ${id}`
    change.audit({
      space: null,
      action: "OAuth Application Deleted",
      target: `oauth application ${id}`,
      before: { name }
    })
  })

/** One application a source; requests need no token until that is switched on (ING-144). */
export const connectApplication = (change: Change, sourceId: string, applicationId: string): Changed<void> =>
  Effect.gen(function* () {
    const { doc, oauth } = yield* findSource(change.sql, sourceId)
    yield* find(change.sql, applicationId)
    if (!connectableKinds.has(doc.kind))
      return yield* refuse(
        "SOURCE_TYPE_UNSUPPORTED",
        `Sources of the kind ${doc.kind} cannot use OAuth: a page or an app cannot keep a private key. Kinds that can: ${[...connectableKinds].join(", ")}.`
      )
    if (oauth?.application === applicationId) return
    if (oauth !== null)
      return yield* refuse(
        "CONFLICT",
        `The source is connected to the application ${oauth.application}. Disconnect it first.`
      )
    yield* writeOAuth(change, sourceId, null, { application: applicationId, enabled: false })
  })

/** Requests need no token from now on. */
export const disconnectApplication = (change: Change, sourceId: string): Changed<void> =>
  Effect.gen(function* () {
    const { oauth } = yield* findSource(change.sql, sourceId)
    if (oauth === null) return yield* refuse("NOT_FOUND", `Source ${sourceId} is connected to no OAuth application.`)
    yield* writeOAuth(change, sourceId, oauth, null)
  })

/** Whether requests to the source need a token of its application (ING-150). */
export const enforceOAuth = (change: Change, sourceId: string, enabled: boolean): Changed<void> =>
  Effect.gen(function* () {
    const { oauth } = yield* findSource(change.sql, sourceId)
    if (oauth === null)
      return yield* refuse(
        "CONFLICT",
        `Source ${sourceId} is connected to no OAuth application. Connect it to one first, then enable OAuth.`
      )
    yield* writeOAuth(change, sourceId, oauth, { ...oauth, enabled })
  })

/** `token`: the whole of it. In force everywhere within five seconds; other tokens stay valid. */
export const revokeAccessToken = (change: Change, token: string): Changed<void> =>
  Effect.gen(function* () {
    const { sql, at, audit } = change
    const keys = yield* sql<{ kid: string; pem: string }>`select kid, public_key as pem from oauth_signing_keys`
    const pems = new Map(keys.map(({ kid, pem }) => [kid, pem]))
    const claims = readSignedToken(token.trim(), (kid) => {
      const pem = pems.get(kid)
      return pem === undefined ? undefined : createPublicKey(pem)
    })
    if (claims === undefined)
      return yield* refuse(
        "VALIDATION_FAILED",
        "This is no access token of this installation. Paste the complete token."
      )
    if (claims.exp * 1000 <= at) return yield* refuse("VALIDATION_FAILED", "This token has expired: nobody can use it.")
    const made = yield* sql`insert into oauth_revoked (jti, application, expires_at, revoked_at)
      values (${claims.jti}, ${claims.sub}, ${new Date(claims.exp * 1000)}, ${new Date(at)}) on conflict do nothing returning 1`
    if (made.length === 0) return
    const after = { token: claims.jti, expiresAt: new Date(claims.exp * 1000).toISOString() }
    audit({ space: null, action: "OAuth Token Revoked", target: `oauth application ${claims.sub}`, after })
  })

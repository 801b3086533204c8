/**
 * The keys that Braid signs access tokens with (ING-149): made when the first application is, replaced every 30 days, kept until the last
 * token of each has expired. All processes share them; the private halves are sealed in the database (ADM-84).
 *
 * A new key is published a minute before it signs, so that every process knows it by then. What has expired - assertions, revoked tokens -
 * is swept here as well.
 */
import type { PgClient } from "@effect/sql-pg"
import { Clock, Context, Effect, Latch, Layer } from "effect"
import type { SqlError } from "effect/sql"
import { createPrivateKey, generateKeyPair, type KeyObject } from "node:crypto"
import { promisify } from "node:util"
import { Database } from "../platform/database.ts"
import { supervise } from "../platform/supervise.ts"
import { Vault, type VaultLocked } from "../platform/vault.ts"
import { workspaceChanged } from "../workspace/changes.ts"
import { newKeyId } from "../workspace/secrets.ts"
import { Workspace } from "../workspace/workspace.ts"

const dayMs = 86_400_000
const signsForMs = 30 * dayMs
/** The longest life of a token, and a day for clocks. */
const verifiesForMs = 31 * dayMs
const publishedAheadMs = 60_000
const bits = 2_048
/** "brao": one process at a time makes a key. */
const lock = 0x62_72_61_6f
const lookEvery = "1 hour"

export interface SigningKey {
  readonly kid: string
  readonly privateKey: KeyObject
  /** ms */
  readonly createdAt: number
}

export class SigningKeys extends Context.Service<
  SigningKeys,
  {
    /** The one to sign with at this time (ms); undefined: there is none yet, or no master key to read it with. */
    readonly at: (now: number) => SigningKey | undefined
    /** Why there can be none. */
    readonly locked: VaultLocked | undefined
  }
>()("braid/oauth/SigningKeys") {}

const placeOf = (kid: string) => `oauth signing key ${kid}`
const generate = promisify(generateKeyPair)

interface KeyRow {
  readonly kid: string
  readonly sealed: string
  readonly at: number
}

const readKeys = (sql: PgClient.PgClient) =>
  sql<KeyRow>`select kid, private_key as sealed, (extract(epoch from created_at) * 1000)::float8 as at from oauth_signing_keys order by created_at`

/** Newest published first; the oldest signs while none is published for long enough. */
export const signerAt = (keys: ReadonlyArray<SigningKey>, now: number): SigningKey | undefined =>
  keys.findLast(({ createdAt }) => createdAt <= now - publishedAheadMs) ?? keys[0]

/** Makes a key when there is none that is young enough, and drops those that nothing needs any more. */
const renew = (sql: PgClient.PgClient, vault: Vault["Service"], now: number): Effect.Effect<void, SqlError.SqlError> =>
  sql.withTransaction(
    Effect.gen(function* () {
      yield* sql`select pg_advisory_xact_lock(${lock})`
      const keys = yield* readKeys(sql)
      if ((keys.at(-1)?.at ?? 0) > now - signsForMs) return
      const pair = yield* Effect.promise(() => generate("rsa", { modulusLength: bits }))
      const kid = newKeyId()
      const sealed = vault.seal(pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString(), placeOf(kid))
      const publicKey = pair.publicKey.export({ type: "spki", format: "pem" }).toString()
      yield* sql`insert into oauth_signing_keys (kid, public_key, private_key, created_at) values (${kid}, ${publicKey}, ${sealed}, ${new Date(now)})`
      yield* sql`delete from oauth_signing_keys where created_at < ${new Date(now - signsForMs - verifiesForMs)}`
      yield* workspaceChanged(sql)
    })
  )

const sweep = (sql: PgClient.PgClient, now: number) =>
  Effect.gen(function* () {
    yield* sql`delete from oauth_assertions where expires_at < ${new Date(now)}`
    yield* sql`delete from oauth_revoked where expires_at < ${new Date(now)}`
  })

const make = Effect.gen(function* () {
  const { write: sql } = yield* Database
  const workspace = yield* Workspace
  const vault = yield* Vault
  let keys: ReadonlyArray<SigningKey> = []

  const isKnown = (kid: string) => keys.some((key) => key.kid === kid)
  const load = Effect.gen(function* () {
    const published = workspace.current().oauth?.signingKeys ?? new Map<string, string>()
    if (published.size === keys.length && [...published.keys()].every(isKnown)) return
    const rows = yield* readKeys(sql)
    keys = rows.map(({ kid, sealed, at }) => ({
      kid,
      createdAt: at,
      privateKey: createPrivateKey(vault.open(sealed, placeOf(kid)))
    }))
  })

  const changed = yield* Latch.make()
  yield* workspace.onChange(() => void changed.openUnsafe())
  const look = Effect.gen(function* () {
    if (vault.locked !== undefined) return
    const now = yield* Clock.currentTimeMillis
    yield* sweep(sql, now)
    if ((workspace.current().oauth?.applications.size ?? 0) === 0) return
    if ((keys.at(-1)?.createdAt ?? 0) <= now - signsForMs) {
      yield* renew(sql, vault, now)
      yield* workspace.refresh
    }
    yield* load
  })
  const round = Effect.gen(function* () {
    // Before looking: a change meanwhile is looked at again.
    yield* changed.close
    yield* look
    yield* Effect.timeoutOption(changed.await, lookEvery)
  })
  yield* Effect.forkScoped(supervise("oauth", Effect.forever(round)))

  return SigningKeys.of({ at: (now) => signerAt(keys, now), locked: vault.locked })
})

export const signingKeysLive = Layer.effect(SigningKeys, make)

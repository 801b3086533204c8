/**
 * Secrets at rest (ADM-84): AES-256-GCM under a data key, which lies in the database wrapped by a master key that does not.
 *
 *     secret --data key--> `v1.<key id>.<base64>` in its table          data key --master key--> `vault_keys`
 *
 * - What is sealed is bound to its place: it does not open anywhere else, so a row that is copied by hand is noticed.
 * - Another master key: start with it in BRAID_MASTER_KEY and the former one in BRAID_MASTER_KEY_PREVIOUS; the data key is wrapped anew,
 *   secrets stay as they are, and processes that run go on.
 * - Without a master key everything works but keeping secrets; when there are some already, the start fails (`master-key.ts`).
 */
import type { PgClient } from "@effect/sql-pg"
import { Clock, Context, Data, Effect, Layer } from "effect"
import type { SqlError } from "effect/sql"
import { createCipheriv, createDecipheriv, hash, randomBytes } from "node:crypto"
import type { MasterKeys } from "./master-key.ts"
import { Database } from "./database.ts"

/** Ids 800 to 809. */
export const vaultMigrations = [
  {
    id: 800,
    name: "vault",
    statements: [
      // `master`: tells master keys apart, see `fingerprint`.
      `create table vault_keys (
         n bigint generated always as identity, id text primary key, wrapped text not null, master text not null, created_at timestamptz not null)`
    ]
  }
] as const

/** The secrets of this database cannot be read or kept. */
export class VaultLocked extends Data.TaggedError("VaultLocked")<{ readonly reason: string }> {
  override get message() {
    return `Secrets cannot be kept: ${this.reason}`
  }
}

export class Vault extends Context.Service<
  Vault,
  {
    /** Why nothing can be sealed; undefined: it can. */
    readonly locked: VaultLocked | undefined
    /** `place` says what it is the secret of; it opens for the same place only. Throws `VaultLocked`. */
    readonly seal: (secret: string, place: string) => string
    /** Throws `VaultLocked` for what was sealed for another place, by another key, or changed since. */
    readonly open: (sealed: string, place: string) => string
  }
>()("braid/platform/Vault") {}

const nonceBytes = 12
const tagBytes = 16

export const encrypt = (key: Uint8Array, text: Uint8Array, place: string): string => {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(place))
  return Buffer.concat([nonce, cipher.update(text), cipher.final(), cipher.getAuthTag()]).toString("base64")
}

/** Throws when key, place or text are not the same. */
export const decrypt = (key: Uint8Array, sealed: string, place: string): Buffer => {
  const bytes = Buffer.from(sealed, "base64")
  if (bytes.length < nonceBytes + tagBytes) throw new Error("too short")
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, nonceBytes)).setAAD(Buffer.from(place))
  decipher.setAuthTag(bytes.subarray(bytes.length - tagBytes))
  return Buffer.concat([decipher.update(bytes.subarray(nonceBytes, bytes.length - tagBytes)), decipher.final()])
}

/** Says which master key it is without telling anything of it: a key has 256 random bits. */
const fingerprint = (master: Uint8Array): string =>
  hash("sha256", Buffer.concat([Buffer.from("braid master key "), master]), "hex").slice(0, 16)

const wrapPlace = (id: string) => `vault key ${id}`

interface KeyRow {
  readonly id: string
  readonly wrapped: string
  readonly master: string
}

const advice = "Set BRAID_MASTER_KEY to the key that they were made with"

/** The data keys, unwrapped; those of the former master key are wrapped anew. */
const loadKeys = Effect.fnUntraced(function* (
  sql: PgClient.PgClient,
  { current, previous }: MasterKeys
): Effect.fn.Return<ReadonlyMap<string, Buffer>, VaultLocked | SqlError.SqlError> {
  const rows = yield* sql<KeyRow>`select id, wrapped, master from vault_keys order by n for update`
  const keys = new Map<string, Buffer>()
  if (current === undefined) {
    if (rows.length === 0) return keys
    return yield* new VaultLocked({
      reason: `there are some already, and no master key is set. ${advice} (it has the fingerprint ${rows[0]!.master}), or BRAID_MASTER_KEY_FILE to a file that holds it.`
    })
  }
  const masters = new Map(
    [current, ...(previous === undefined ? [] : [previous])].map((key) => [fingerprint(key), key])
  )
  for (const { id, master, wrapped } of rows) {
    const by = masters.get(master)
    if (by === undefined)
      return yield* new VaultLocked({
        reason: `they were made with another master key (fingerprint ${master}, not ${[...masters.keys()].join(" or ")}). ${advice}; to change it, set the new one there and the old one in BRAID_MASTER_KEY_PREVIOUS.`
      })
    const key = yield* Effect.try({
      try: () => decrypt(by, wrapped, wrapPlace(id)),
      catch: () => new VaultLocked({ reason: `the data key ${id} in the table vault_keys was changed by hand.` })
    })
    keys.set(id, key)
    if (by !== current)
      yield* sql`update vault_keys set wrapped = ${encrypt(current, key, wrapPlace(id))}, master = ${fingerprint(current)} where id = ${id}`
  }
  if (keys.size === 0) {
    const id = randomBytes(6).toString("hex")
    const key = randomBytes(32)
    const at = new Date(yield* Clock.currentTimeMillis)
    yield* sql`insert into vault_keys (id, wrapped, master, created_at)
      values (${id}, ${encrypt(current, key, wrapPlace(id))}, ${fingerprint(current)}, ${at})`
    keys.set(id, key)
  }
  return keys
})

/** "brav" in ASCII: one process at a time makes or wraps keys. */
const lock = 0x62_72_61_76

const makeVault = Effect.fnUntraced(function* (masters: MasterKeys) {
  const { write: sql } = yield* Database
  const keys = yield* sql.withTransaction(
    Effect.andThen(sql`select pg_advisory_xact_lock(${lock})`, loadKeys(sql, masters))
  )
  const newest = [...keys].at(-1)
  const locked =
    newest === undefined
      ? new VaultLocked({
          reason:
            "no master key is set. Set BRAID_MASTER_KEY to 32 random bytes as base64 or hex (openssl rand -base64 32), keep it apart from the database and start Braid again."
        })
      : undefined
  return Vault.of({
    locked,
    seal: (secret, place) => {
      if (newest === undefined) throw locked!
      const [id, key] = newest
      return `v1.${id}.${encrypt(key, Buffer.from(secret), place)}`
    },
    open: (sealed, place) => {
      const [version, id, text] = sealed.split(".")
      const key = keys.get(id ?? "")
      if (version !== "v1" || key === undefined || text === undefined)
        throw new VaultLocked({ reason: `the secret of the ${place} was made with a data key that is not there.` })
      try {
        return decrypt(key, text, place).toString()
      } catch {
        throw new VaultLocked({ reason: `the secret of the ${place} was changed or copied by hand.` })
      }
    }
  })
})

export const vaultLayer = <E, R>(masters: Effect.Effect<MasterKeys, E, R>) =>
  Layer.effect(Vault, Effect.flatMap(masters, makeVault))

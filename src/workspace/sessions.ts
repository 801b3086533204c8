/**
 * Sessions of people who signed in to the console with an access token (until there are accounts). The cookie is a random
 * secret; its hash is kept in Postgres with the hash of the token, so a session ends with its token, and every process knows it.
 *
 * A session lives twelve hours. At most `maxSessions` are kept: the oldest go. What another process ended is seen here within
 * four seconds, so that what is open ends within five, as with a revoked token.
 */
import { Clock, Context, Effect, Layer, type Scope } from "effect"
import type { SqlError } from "effect/sql"
import { randomBytes } from "node:crypto"
import { Database } from "../platform/database.ts"
import { sha256Hex } from "../platform/hash.ts"
import { type AccessToken, Workspace } from "./workspace.ts"

/** Ids 300 to 399 belong to the workspace. */
export const sessionMigrations = [
  {
    id: 305,
    name: "console sessions",
    statements: [
      `create table console_sessions (
         n bigint generated always as identity, hash text primary key, token_hash text not null, created_at timestamptz not null,
         expires_at timestamptz not null)`
    ]
  }
] as const

export const sessionSeconds = 12 * 60 * 60
const maxSessions = 1_000
const recheckMs = 4_000

export interface Session {
  /** Names the session in meters; no secret. */
  readonly key: string
  readonly access: AccessToken
}

interface Known {
  readonly tokenHash: string
  readonly expiresAt: number
  readonly checkedAt: number
}

export class Sessions extends Context.Service<
  Sessions,
  {
    /** The secret of a new session; undefined when there is no such access token. */
    readonly open: (token: string) => Effect.Effect<string | undefined, SqlError.SqlError>
    /** Undefined: unknown, over, or its token was revoked. */
    readonly find: (secret: string) => Effect.Effect<Session | undefined, SqlError.SqlError>
    readonly close: (secret: string) => Effect.Effect<void, SqlError.SqlError>
    /** Called behind each `close` of this process; removed with the scope. */
    readonly onClose: (listener: () => void) => Effect.Effect<void, never, Scope.Scope>
  }
>()("braid/workspace/Sessions") {
  static readonly layer = Layer.effect(
    this,
    Effect.gen(function* () {
      const { write: sql } = yield* Database
      const workspace = yield* Workspace
      const clock = yield* Clock.Clock
      const known = new Map<string, Known>()
      const listeners = new Set<() => void>()

      const remember = (hash: string, session: Known): void => {
        known.delete(hash)
        known.set(hash, session)
        if (known.size > maxSessions) known.delete(known.keys().next().value!)
      }

      const load = Effect.fnUntraced(function* (hash: string, now: number) {
        const [row] = yield* sql<{ token_hash: string; expires_at: Date }>`
          select token_hash, expires_at from console_sessions where hash = ${hash} and expires_at > ${new Date(now)}`
        if (row === undefined) known.delete(hash)
        else remember(hash, { tokenHash: row.token_hash, expiresAt: row.expires_at.getTime(), checkedAt: now })
        return known.get(hash)
      })

      const open = Effect.fnUntraced(function* (token: string) {
        const tokenHash = sha256Hex(token)
        if (!workspace.current().tokenByHash.has(tokenHash)) return undefined
        const secret = randomBytes(32).toString("base64url")
        const now = clock.currentTimeMillisUnsafe()
        const expires = new Date(now + sessionSeconds * 1000)
        yield* sql.withTransaction(
          Effect.gen(function* () {
            yield* sql`insert into console_sessions (hash, token_hash, created_at, expires_at)
              values (${sha256Hex(secret)}, ${tokenHash}, ${new Date(now)}, ${expires})`
            yield* sql`delete from console_sessions where expires_at <= ${new Date(now)}
              or n <= (select n from console_sessions order by n desc offset ${maxSessions} limit 1)`
          })
        )
        return secret
      })

      const find = Effect.fnUntraced(function* (
        secret: string
      ): Effect.fn.Return<Session | undefined, SqlError.SqlError> {
        const hash = sha256Hex(secret)
        const now = clock.currentTimeMillisUnsafe()
        let session = known.get(hash)
        if (session === undefined || now - session.checkedAt > recheckMs) session = yield* load(hash, now)
        if (session === undefined || session.expiresAt <= now) return undefined
        const { tokenByHash, spaceById } = workspace.current()
        const access = tokenByHash.get(session.tokenHash)
        if (access === undefined || (access.spaceId !== null && !spaceById.has(access.spaceId))) return undefined
        return { key: hash, access }
      })

      const close = Effect.fnUntraced(function* (secret: string) {
        const hash = sha256Hex(secret)
        known.delete(hash)
        yield* sql`delete from console_sessions where hash = ${hash}`
        for (const listener of listeners) listener()
      })
      const onClose = (listener: () => void) =>
        Effect.acquireRelease(
          Effect.sync(() => void listeners.add(listener)),
          () => Effect.sync(() => void listeners.delete(listener))
        )
      return { open, find, close, onClose }
    })
  )
}

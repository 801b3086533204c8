/**
 * Public API tokens (ADM-70). Every process keeps them in memory, by hash, and reads them again when the workspace changes, so a
 * revoked one ends within five seconds everywhere. A text whose checksum is wrong is refused without a look-up.
 */
import type { PgClient } from "@effect/sql-pg"
import { Clock, Context, Effect, Layer, Schedule } from "effect"
import type { SqlError } from "effect/sql"
import { Database } from "../platform/database.ts"
import { sha256Hex } from "../platform/hash.ts"
import { type Change, changeWorkspace } from "../workspace/changes.ts"
import { type ChangeRefused, refuse } from "../workspace/refused.ts"
import { newTokenId } from "../workspace/secrets.ts"
import { makeTokenUse } from "../workspace/token-use.ts"
import { Workspace } from "../workspace/workspace.ts"
import type { Caller } from "./caller.ts"
import type { Permission } from "./roles.ts"
import { isApiToken, newApiToken, shownPrefix } from "./token-text.ts"

export interface ApiToken {
  /** Grows with each token. */
  readonly n: number
  readonly id: string
  readonly description: string
  readonly prefix: string
  readonly permissions: ReadonlyArray<Permission>
  /** Without PII access (ADM-45). */
  readonly masked: boolean
  readonly createdAt: number
  readonly createdBy: string
  readonly expiresAt: number | null
  readonly lastUsedAt: number | null
}

interface Row extends Omit<ApiToken, "permissions"> {
  readonly permissions: string
  readonly hash: string
}

const ms = (column: string) => `(extract(epoch from ${column}) * 1000)::float8`

const readTokens = (sql: PgClient.PgClient) =>
  sql.unsafe<Row>(
    `select n::float8 as n, id, description, hash, prefix, permissions, masked, ${ms("created_at")} as "createdAt",
       created_by as "createdBy", ${ms("expires_at")} as "expiresAt", ${ms("last_used_at")} as "lastUsedAt"
     from public_api_tokens where revoked_at is null order by n`
  )

const tokenOf = (row: Row): ApiToken => ({
  ...row,
  permissions: JSON.parse(row.permissions) as ReadonlyArray<Permission>
})

export interface NewApiToken {
  readonly description: string
  readonly permissions: ReadonlyArray<Permission>
  readonly masked: boolean
  /** ms */
  readonly expiresAt: number | null
}

const create = ({ sql, at, actor, audit }: Change, wanted: NewApiToken) =>
  Effect.gen(function* () {
    const [id, secret] = [newTokenId(), newApiToken()]
    const { description, permissions, masked, expiresAt } = wanted
    const expires = expiresAt === null ? null : new Date(expiresAt)
    yield* sql`insert into public_api_tokens (id, description, hash, prefix, permissions, masked, created_at, created_by, expires_at)
      values (${id}, ${description}, ${sha256Hex(secret)}, ${shownPrefix(secret)}, ${JSON.stringify(permissions)}, ${masked},
        ${new Date(at)}, ${actor}, ${expires})`
    const after = { name: description, permissions, masked, expiresAt: expires?.toISOString() ?? null }
    audit({ space: null, action: "Token Created", target: `token ${id}`, after })
    return { id, secret }
  })

const revoke = ({ sql, at, audit }: Change, id: string) =>
  Effect.gen(function* () {
    const [row] = yield* sql<{ description: string; permissions: string }>`
      update public_api_tokens set revoked_at = ${new Date(at)} where id = ${id} and revoked_at is null
      returning description, permissions`
    if (row === undefined) return yield* refuse("NOT_FOUND", `There is no token ${id}.`)
    const before = { name: row.description, permissions: JSON.parse(row.permissions) as unknown }
    audit({ space: null, action: "Token Revoked", target: `token ${id}`, before })
  })

export class ApiTokens extends Context.Service<
  ApiTokens,
  {
    /** Who shows this secret; undefined: nobody may. */
    readonly callerOf: (secret: string) => Caller | undefined
    readonly list: Effect.Effect<ReadonlyArray<ApiToken>, SqlError.SqlError>
    /** The secret is told here and nowhere else. */
    readonly create: (
      actor: string,
      token: NewApiToken
    ) => Effect.Effect<{ readonly id: string; readonly secret: string }, SqlError.SqlError>
    readonly revoke: (actor: string, id: string) => Effect.Effect<void, ChangeRefused | SqlError.SqlError>
  }
>()("braid/public-api/ApiTokens") {
  static readonly layer = Layer.effect(
    this,
    Effect.gen(function* () {
      const { write: sql } = yield* Database
      const workspace = yield* Workspace
      const clock = yield* Clock.Clock
      const use = yield* makeTokenUse(sql, "public_api_tokens")
      let byHash: ReadonlyMap<string, ApiToken> = new Map()

      const refresh = Effect.map(readTokens(sql), (rows) => {
        byHash = new Map(rows.map((row) => [row.hash, tokenOf(row)]))
      })
      yield* refresh
      const run = Effect.runForkWith(yield* Effect.context<never>())
      // What could not be read is read with the next change, or a second later.
      yield* workspace.onChange(
        () => void run(Effect.retry(refresh, { times: 60, schedule: Schedule.spaced("1 second") }).pipe(Effect.ignore))
      )

      const changed = <A, E>(change: Effect.Effect<A, E>) =>
        Effect.tap(change, Effect.andThen(workspace.refresh, refresh))
      return {
        callerOf: (secret) => {
          const token = isApiToken(secret) ? byHash.get(sha256Hex(secret)) : undefined
          if (token === undefined) return undefined
          const { id, description, permissions, masked, expiresAt } = token
          if (expiresAt !== null && expiresAt <= clock.currentTimeMillisUnsafe()) return undefined
          use.note(id)
          return { key: `token ${id}`, secret, actor: `token:${description}`, permissions, masked }
        },
        list: Effect.map(Effect.andThen(use.flush, readTokens(sql)), (rows) => rows.map(tokenOf)),
        create: (actor, token) => changed(changeWorkspace(sql, actor, (change) => create(change, token))),
        revoke: (actor, id) => changed(changeWorkspace(sql, actor, (change) => revoke(change, id)))
      }
    })
  )
}

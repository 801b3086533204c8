/** Access tokens (PRO-4): the secret is shown once, when the token is made; only its hash is stored. */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import { sha256Hex } from "../platform/hash.ts"
import { texts } from "../platform/sql-arrays.ts"
import type { Change } from "./changes.ts"
import { findSpace } from "./manage-spaces.ts"
import { checkName, type ChangeRefused, refuse } from "./refused.ts"
import { newTokenId, newTokenSecret } from "./secrets.ts"
import { type TokenScope, tokenScopes } from "./workspace.ts"

export interface TokenView {
  readonly id: string
  readonly spaceId: string | null
  readonly name: string
  readonly scopes: ReadonlyArray<TokenScope>
  readonly createdAt: number
  readonly createdBy: string
  readonly lastUsedAt: number | null
}

type Changed<A> = Effect.Effect<A, ChangeRefused | SqlError.SqlError>

const columns = `id, space as "spaceId", name, scopes::text[] as scopes, created_by as "createdBy",
  (extract(epoch from created_at) * 1000)::float8 as "createdAt", (extract(epoch from last_used_at) * 1000)::float8 as "lastUsedAt"`

/** The tokens of a space, the oldest first. */
export const readTokens = (sql: PgClient.PgClient, spaceId: string) =>
  sql.unsafe<TokenView>(`select ${columns} from access_tokens where space = $1 order by n`, [spaceId])

export const findToken = (sql: PgClient.PgClient, id: string) =>
  Effect.map(
    sql.unsafe<TokenView>(`select ${columns} from access_tokens where id = $1`, [id]),
    ([row]): TokenView | undefined => row
  )

export interface NewToken {
  /** Null: of the whole workspace, which needs the scope `workspace:admin`. */
  readonly spaceId: string | null
  readonly name: string
  readonly scopes: ReadonlyArray<string>
}

/** Answers id and secret. */
export const createToken = (
  change: Change,
  { spaceId, name, scopes }: NewToken
): Changed<{ readonly id: string; readonly secret: string }> =>
  Effect.gen(function* () {
    const { sql, at, actor, audit } = change
    if (spaceId !== null) yield* findSpace(change, spaceId)
    const named = yield* checkName(name, "the token")
    const wanted = [...new Set(scopes)]
    const unknown = wanted.filter((scope) => !(tokenScopes as ReadonlyArray<string>).includes(scope))
    if (wanted.length === 0 || unknown.length > 0)
      return yield* refuse(
        "VALIDATION_FAILED",
        `${unknown.length === 0 ? "Give the token a scope" : `There is no scope ${unknown.join(", ")}`}; known are ${tokenScopes.join(", ")}.`
      )
    if (spaceId === null && !wanted.includes("workspace:admin"))
      return yield* refuse(
        "VALIDATION_FAILED",
        "A token without a space needs the scope workspace:admin. Name a space, or add it."
      )
    const [id, secret] = [newTokenId(), newTokenSecret()]
    yield* sql`insert into access_tokens (id, space, name, hash, scopes, origin, created_at, created_by)
      values (${id}, ${spaceId}, ${named}, ${sha256Hex(secret)}, ${texts(wanted)}, 'api', ${new Date(at)}, ${actor})`
    const after = { id, name: named, scopes: wanted }
    audit({ space: spaceId, action: "Token Created", target: `token ${id}`, after })
    return { id, secret }
  })

export const revokeToken = ({ sql, audit }: Change, id: string): Changed<void> =>
  Effect.gen(function* () {
    const [row] = yield* sql<{ space: string | null; name: string; scopes: ReadonlyArray<string> }>`
      delete from access_tokens where id = ${id} returning space, name, scopes::text[] as scopes`
    if (row === undefined) return yield* refuse("NOT_FOUND", `There is no token ${id}.`)
    const { space, name, scopes } = row
    audit({ space, action: "Token Revoked", target: `token ${id}`, before: { id, name, scopes } })
  })

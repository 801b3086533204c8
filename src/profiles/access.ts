/** Who may read: access tokens of one space (PRO-3, PRO-4). The tokens themselves are never stored, only their hashes. */
import { sha256Hex } from "../platform/hash.ts"
import type { AccessToken, TokenScope, WorkspaceSnapshot } from "../workspace/workspace.ts"

/** The token in an `Authorization` header: Bearer, or the user name of Basic (its password is ignored). */
const tokenIn = (authorization: string | undefined): string | undefined => {
  if (authorization === undefined) return undefined
  const match = /^(basic|bearer) +(\S+) *$/i.exec(authorization)
  if (match === null) return undefined
  if (match[1]!.toLowerCase() === "bearer") return match[2]
  const credentials = Buffer.from(match[2]!, "base64").toString()
  const colon = credentials.indexOf(":")
  return colon <= 0 ? undefined : credentials.slice(0, colon)
}

/** The token of a request; undefined for everything that is answered 401. */
export const accessOf = (snapshot: WorkspaceSnapshot, authorization: string | undefined): AccessToken | undefined => {
  const token = tokenIn(authorization)
  if (token === undefined) return undefined
  const access = snapshot.tokenByHash.get(sha256Hex(token))
  return access !== undefined && snapshot.spaceById.has(access.spaceId) ? access : undefined
}

export const allows = ({ scopes }: AccessToken, scope: TokenScope): boolean => scopes.has(scope) || scopes.has("admin")

/**
 * Who may read: access tokens of one space, or of the whole workspace with the scope `workspace:admin` (PRO-3, PRO-4). The
 * tokens themselves are never stored, only their hashes.
 */
import { sha256Hex } from "../platform/hash.ts"
import { defaultRules } from "../workspace/rules-document.ts"
import type { AccessToken, Space, TokenScope, WorkspaceSnapshot } from "../workspace/workspace.ts"

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
  if (access === undefined) return undefined
  return access.spaceId === null || snapshot.spaceById.has(access.spaceId) ? access : undefined
}

/** Scopes that allow something. */
export type Permission = Exclude<TokenScope, "pii:masked">

export const allows = ({ scopes }: AccessToken, scope: Permission): boolean =>
  scopes.has(scope) || scopes.has("workspace:admin") || (scope !== "workspace:admin" && scopes.has("admin"))

/** Without PII access (ADM-45): personal values are masked, and nothing can be downloaded. */
export const isMasked = ({ scopes }: AccessToken): boolean => scopes.has("pii:masked")

/** Under this name a token's changes are in the audit trail. */
export const actorOf = ({ name }: AccessToken): string => `token:${name}`

/** Whether the token may be used for the space at all. */
export const belongsTo = (access: AccessToken, spaceId: string): boolean =>
  access.spaceId === spaceId || access.scopes.has("workspace:admin")

/** The spaces that a token can read. */
export const spacesOf = ({ spaces }: WorkspaceSnapshot, access: AccessToken): ReadonlyArray<Space> =>
  spaces.filter(({ id }) => belongsTo(access, id))

/** Stands for no space at all: has no id that anything could be asked for by. */
const noSpace: Space = { id: "", slug: "", name: "", kind: "dev", sources: [], rules: defaultRules }

/**
 * The space that a request is about: the one that it names by id or slug, which its token must belong to, or the token's own.
 * Undefined: it names one that there is not for this token.
 */
export const spaceOf = (
  { spaces, spaceById }: WorkspaceSnapshot,
  access: AccessToken,
  named: string | undefined
): Space | undefined => {
  if (named === undefined) return access.spaceId === null ? noSpace : spaceById.get(access.spaceId)
  const space = spaceById.get(named) ?? spaces.find(({ slug }) => slug === named)
  return space !== undefined && belongsTo(access, space.id) ? space : undefined
}
